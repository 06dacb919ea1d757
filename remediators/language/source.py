"""
Read a text file into plain values, and find the line and column of any of them again.

Marks are not kept beside the values: where a message needs one, the text is composed once more. A fleet of ten
thousand hosts loads without an object for every value.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import yaml

from remediators.language import hidden
from remediators.language.problems import Problem, Problems
from remediators.language.vault import VaultFault
from remediators.language.yaml_nodes import Spot, YamlMistake, compose, find, in_words, plain_text, plain_value
from remediators.language.yaml_values import Unusual, find_in_events, read_values
from remediators.model.secrecy import Secret

LARGEST = 10_000_000  # bytes of a playbook or a file of variables
LARGEST_INVENTORY = 50_000_000
LARGEST_TREE = 8_000_000  # characters of a text of which a tree of nodes is made, at about 300 bytes each

_SURROGATES = re.compile(r"((?<!\\)(?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")

Path_ = tuple[str | int, ...]


class Document(Protocol):
    """A text and the places in it; ``vaulted`` where its file is encrypted, so that nothing of it may be shown."""

    file: str
    vaulted: bool

    def spot(self, path: Path_, *, on_key: bool = False) -> Spot:
        """Where a value (or its key) stands; the nearest thing around it where it is not itself in the text."""

    def source_line(self, line: int) -> str:
        """A line of the text, counted from 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a document, or its key."""

    document: Document
    path: Path_ = ()
    on_key: bool = False

    def at(self, *path: str | int, on_key: bool = False) -> Place:
        """A place further inside."""
        return Place(self.document, self.path + path, on_key)

    @property
    def key(self) -> Place:
        return Place(self.document, self.path, on_key=True)

    def problem(self, where: str, what: str, hint: str = "", word: str = "") -> Problem:
        """A mistake at this place, with the caret under ``word`` where that stands on its line."""
        spot = self.document.spot(self.path, on_key=self.on_key)
        if word:
            spot = self._narrowed(spot, word)
        source = self.document.source_line(spot.line)
        return Problem(self.document.file, spot.line, spot.column, where, what, hint, source, spot.width)

    def _narrowed(self, spot: Spot, word: str) -> Spot:
        """The first place of a word between the beginning and the end of a value."""
        for line in range(spot.line, spot.last_line + 1):
            text = self.document.source_line(line)
            start = spot.column - 1 if line == spot.line else 0
            column = text.find(word, start)
            if column >= 0:
                return Spot(line, column + 1, len(word), line)
        return spot

    def __str__(self) -> str:
        spot = self.document.spot(self.path, on_key=self.on_key)
        return f"{self.document.file}:{spot.line}:{spot.column}"


@dataclass
class YamlDocument:
    """A YAML file: its values, and the text to find them in. ``sha256`` is of the bytes that were read."""

    file: str
    text: str = field(repr=False)
    value: Any = field(default=None, repr=False)
    sha256: str = ""
    otherwise: Sequence[tuple[str, Spot]] = field(default=(), repr=False)  # plain scalars that Ansible reads otherwise
    vaulted: bool = False

    def misread(self) -> Iterator[Problem]:
        """A warning where Ansible, which reads YAML 1.1, takes a word for a truth or a number and we do not."""
        if self.otherwise and not self.vaulted:
            (text, spot), more = self.otherwise[0], len(self.otherwise) - 1
            told = f" (and {more} more such words)" if more else ""
            what = f"{text!r} is {_kind(text)} here, and Ansible reads it otherwise{told}"
            hint = "write true or false, or quote it" if text[0] in "yYnNoO" else "quote it, or write it out"
            yield Problem(self.file, spot.line, spot.column, "", what, hint, self.source_line(spot.line), spot.width)

    @cached_property
    def _node(self) -> Any:
        return compose(self.text)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def spot(self, path: Path_, *, on_key: bool = False) -> Spot:
        if len(self.text) > LARGEST_TREE:
            return find_in_events(self.text, path, on_key=on_key)
        return find(self._node, path, on_key=on_key)

    def source_line(self, line: int) -> str:
        return self._lines[line - 1] if 0 < line <= len(self._lines) and not self.vaulted else ""


@dataclass
class LineDocument:
    """A text of lines, such as an INI inventory or an argument: a path is ``(line, word)``, or words to look for."""

    file: str
    text: str = field(repr=False)
    vaulted: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.text, Secret):
            self.text, self.vaulted = str(self.text), True

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    def spot(self, path: Path_, *, on_key: bool = False) -> Spot:
        if path and isinstance(path[0], str):
            return self._search(path[0])
        line = path[0] if path and isinstance(path[0], int) else 1
        word = str(path[1]) if len(path) > 1 else ""
        text = self.source_line(line)
        column = text.find(word) if word else len(text) - len(text.lstrip())
        return Spot(line, max(column, 0) + 1, len(word) or len(text.strip()) or 1, line)

    def _search(self, word: str) -> Spot:
        for number, text in enumerate(self._lines, 1):
            found = re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text)
            if found:
                return Spot(number, found.start() + 1, len(word), number)
        return Spot(1, 1)

    def source_line(self, line: int) -> str:
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""


def read_text(path: str | os.PathLike[str], problems: Problems, *, largest: int = LARGEST) -> tuple[str, str] | None:
    """
    The text of a file and the SHA-256 of its bytes, or ``None`` with a problem that says what stands against it.

    The text of a vault file is a `Secret`.
    """
    file = os.fspath(path)
    try:
        raw = _read_bytes(Path(path), largest)
    except (OSError, ValueError) as error:
        problems.add(Problem(file, 0, 0, "", _why_unreadable(error)))
        return None
    text = _decoded(file, raw, problems)
    return None if text is None else (text, hashlib.sha256(raw).hexdigest())


def _read_bytes(path: Path, largest: int) -> bytes:
    if path.is_dir():
        raise IsADirectoryError
    with path.open("rb") as stream:
        raw = stream.read(largest + 1)
    if len(raw) > largest:
        raise ValueError(f"is larger than {largest // 1_000_000} MB, which is more than this kind of file may have")
    return raw


def _why_unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "is a directory, and a file is wanted"
    if isinstance(error, PermissionError):
        return "may not be read by this user"
    return f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)


def _decoded(file: str, raw: bytes, problems: Problems) -> str | None:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.add(Problem(file, 0, 0, "", "is UTF-16 text", "save it as UTF-8"))
        return None
    if raw.startswith(b"$ANSIBLE_VAULT;"):
        return _unlocked(file, raw, problems)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        before = raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start]
        column = len(before.decode("utf-8-sig", "replace")) + 1
        what = f"is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}"
        problems.add(Problem(file, line, column, "", what, "save it as UTF-8"))
        return None


def _unlocked(file: str, raw: bytes, problems: Problems) -> str | None:
    try:
        return Secret(hidden.current().unlocked(raw.decode("ascii", "replace")).removeprefix("\ufeff"))
    except VaultFault as fault:
        problems.add(Problem(file, 1, 1, "", fault.what, fault.hint, "", 1))
        return None


def parse_yaml(
    file: str, text: str, problems: Problems, sha256: str = "", *, templates: bool = True
) -> YamlDocument | None:
    """
    Values of a YAML text, or ``None`` with problems. An empty text is a document with the value ``None``.

    ``templates`` says whether its texts are filled in later.
    """
    if text.lstrip()[:1] in ("{", "["):
        text = _SURROGATES.sub(_joined_surrogates, text)
    vaulted, text = isinstance(text, Secret), str(text)
    document = YamlDocument(file, text, None, sha256, vaulted=vaulted)
    mistakes: list[YamlMistake] = []
    try:
        document.value, document.otherwise = _values(text, mistakes, templates=templates)
    except YamlMistake as mistake:
        problems.add(_mistaken(document, mistake))
        return None
    for found in mistakes:
        problems.add(_mistaken(document, found))
    return document if all(found.alone for found in mistakes) else None


def _values(text: str, mistakes: list[YamlMistake], *, templates: bool) -> tuple[Any, Sequence[tuple[str, Spot]]]:
    """Values by the quick way, or by way of a tree where the text is unusual. Raises `YamlMistake`."""
    try:
        read = read_values(text, mistakes, templates=templates)
    except Unusual as unusual:
        if len(text) > LARGEST_TREE:
            raise YamlMistake(unusual.spot, unusual.what) from unusual
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise in_words(text, error) from error
    else:
        return read.value, read.otherwise
    mistakes.clear()
    return plain_value(compose(text), mistakes, has_anchors="&" in text, templates=templates), ()


def _joined_surrogates(found: re.Match[str]) -> str:
    """JSON writes letters beyond U+FFFF as two escapes, which YAML does not know."""
    both = bytes.fromhex(found[2] + found[3]).decode("utf-16-be")
    return f"{found[1]}{both}"


def read_yaml(
    path: str | os.PathLike[str], problems: Problems, *, largest: int = LARGEST, templates: bool = True
) -> YamlDocument | None:
    """A YAML file with its values, or ``None`` with problems."""
    found = read_text(path, problems, largest=largest)
    return None if found is None else parse_yaml(os.fspath(path), found[0], problems, found[1], templates=templates)


def mapping_of(document: YamlDocument | None, problems: Problems, where: str) -> Mapping[str, Any]:
    """The mapping that a file of variables is; an empty file is an empty one."""
    if document is None or document.value is None:
        return {}
    if not isinstance(document.value, dict):
        problems.add(Place(document).problem(where, "must be a mapping of names to values"))
        return {}
    return document.value


def _kind(text: str) -> str:
    return "text" if isinstance(plain_text(text), str) else "a number"


def _mistaken(document: YamlDocument, mistake: YamlMistake) -> Problem:
    spot = mistake.spot
    source = document.source_line(spot.line)
    return Problem(document.file, spot.line, spot.column, "", mistake.what, mistake.hint, source, spot.width)
