"""What a ``.reg`` file says, as ``reg export`` writes it: Windows Registry Editor Version 5.00."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from remediators.model import Answer, ReadFailed
from remediators.resources.registry_addresses import short_path
from remediators.resources.registry_text import LOSS, Seen, doubt_of
from remediators.resources.registry_values import DWORD, SZ, from_bytes

_HEAD = re.compile(r"\ufeff?\s*Windows Registry Editor Version 5\.00[^\S\n]*\r?\n")
_KEY = re.compile(r"\[([^\r\n]*)\][^\S\n]*(?:\r?\n|$)")
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_VALUE = re.compile(
    rf"(?:@|{_TEXT})=(?:{_TEXT}|dword:([0-9a-f]{{1,8}})|hex(?:\(([0-9a-f]+)\))?:((?:[0-9a-f]{{2}}|[,\\\s])*?))"
    r"[^\S\n]*(?:\r?\n(?!\s+[0-9a-f]{2})|$)",
    re.IGNORECASE | re.DOTALL,
)
_BLANK = re.compile(r"\s*")
_ESCAPES = {"n": "\n", "r": "\r", "0": "\0"}  # Wine writes line ends so; Windows escapes only \ and "


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a file: its name (empty for the unnamed one), its type, its bytes, and its text where it was text."""

    name: str
    number: int
    data: bytes
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A key of a file with its values; the path has a short hive."""

    path: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """
    A whole file, and the encoding that its text came in.

    ``expanded`` says that it was shown by Wine's ``for /f``, which expands variables in the text that it shows.
    """

    sections: tuple[Section, ...]
    encoding: str
    expanded: bool = False

    def section(self, path: str) -> Section | None:
        return next((each for each in self.sections if each.path.upper() == path.upper()), None)

    def seen(self, entry: Entry) -> Seen:
        """The entry's value, as exactly as the file's text could carry it."""
        if entry.text is None:
            return Seen(from_bytes(entry.number, entry.data))
        if LOSS in entry.text:
            return Seen(unread="its text cannot be decoded in the code page of this host")
        doubt = doubt_of(entry.text, self.encoding)
        if self.expanded and entry.text:
            doubt = "a variable in it may have been expanded when it was shown"
        return Seen(from_bytes(entry.number, entry.data), doubt=doubt)


def exported(wide: Answer, shown: Answer, lines: Answer) -> Exported:
    """
    The file, from the answers of ``type`` with ``/u``, of ``type`` and of ``for /f``: the first that is whole.

    The first gives the file's UTF-16; Windows' plain ``type`` turns it into the code page, where what that does not
    hold becomes a question mark or, worse, a letter that looks like it; Wine's shows its first bytes only, and there
    ``for /f`` shows the lines. Raises `ReadFailed` where neither is whole.
    """
    encoding = "utf-16-le" if shown.output[:2] == b"\xff\xfe" else shown.encoding
    with contextlib.suppress(ValueError):
        return Exported(tuple(parse(wide.output.decode("utf-16-le", "surrogatepass"))), "utf-16-le")
    try:
        return Exported(tuple(parse(shown.text)), encoding)
    except ValueError as error:
        reason = str(error)
    try:
        return Exported(tuple(parse(lines.text)), lines.encoding, expanded=True)
    except ValueError:
        raise ReadFailed(f"what reg export wrote could not be read: {reason}") from None


def parse(text: str) -> Iterator[Section]:
    """The keys of a file in order. Raises ValueError for anything that is not wholly understood."""
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("it does not begin as a registry file")
    position = _skip(text, head.end())
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None:
            raise ValueError(f"no key at {text[position : position + 40]!r}")
        path = short_path(key[1])
        if path is None:
            raise ValueError(f"unknown hive in {key[1]!r}")
        entries = []
        position = _skip(text, key.end())
        while position < len(text) and not text.startswith("[", position):
            match = _VALUE.match(text, position)
            if match is None:
                raise ValueError(f"no value at {text[position : position + 40]!r}")
            entries.append(_entry(match))
            position = _skip(text, match.end())
        yield Section(path, tuple(entries))


def _skip(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _entry(match: re.Match[str]) -> Entry:
    name, text, dword, number, digits = match.groups()
    name = _unescaped(name or "")
    if text is not None:
        plain = _unescaped(text)
        return Entry(name, SZ, f"{plain}\0".encode("utf-16-le", "surrogatepass"), plain)
    if dword is not None:
        return Entry(name, DWORD, int(dword, 16).to_bytes(4, "little"))
    data = bytes.fromhex(re.sub(r"[,\\\s]", "", digits))
    return Entry(name, 3 if number is None else int(number, 16), data)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)
