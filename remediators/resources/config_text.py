"""
The text of a running configuration: proven whole, then read line by line with its indentation.

Every line keeps its exact words: hier-config's own reader is not used for this, because it drops lines (remarks,
``version``, ``no ip address``), numbers access lists anew and folds blanks, and what is sent to a device must be what
the device showed. What has several lines of its own (banners, certificates, keys) is *opaque*: known to be there, and
never read further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from remediators.model import ReadFailed

Path = tuple[str, ...]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PAGER = re.compile(r"^\s*(?:--More--|<--- More --->)")
_NOISE = re.compile(
    r"Building configuration|Current configuration|Using \d+ out of|Last configuration change|NVRAM config last|"
    r"No configuration change since|Cryptochecksum|ntp clock-period |Written by|Uncompressed configuration"
)
_IOS_VERSION = re.compile(r"^version (\S+)$", re.MULTILINE)
_ASA_VERSION = re.compile(r"^(?:ASA|PIX) Version (\d+)\S*", re.MULTILINE)
_CLOSING = frozenset({"exit-address-family", "exit-peer-policy", "exit-peer-session", "exit-vrf", "end"})
_CERTIFICATE = re.compile(r"certificate (?!chain\b)|key-string\b")
KEPT = 64  # texts that are remembered: some for each of the hosts that are in flight
_DELIMITER = "^C"  # how IOS shows the character around a text of several lines, whatever it was


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its parents; ``body`` is what an opaque line has besides, and is never empty for one."""

    path: Path
    body: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration. ``platform`` is ``ios``, ``asa`` or ``pix`` (from 7 on a PIX speaks ASA's language)."""

    platform: str
    version: str
    lines: tuple[Line, ...]


@lru_cache(maxsize=KEPT)
def read(text: str) -> Config:
    """
    Read a configuration. Raises `ReadFailed` where it is not proven to be whole.

    A run looks at the same text several times: for its lines, for what is unsaved, and again for its proof.
    """
    rows = [row.rstrip() for row in text.replace("\r\n", "\n").split("\n")]
    _refuse_debris(rows)
    last = next((row for row in reversed(rows) if row), "")
    if last == ": end":
        platform, version = _asa(rows, text)
        return Config(platform, version, tuple(_lines(rows, platform)))
    if last != "end":
        raise ReadFailed(f"the running config is not whole: it ends with {last[:60]!r} and not with its end mark")
    found = _IOS_VERSION.search(text.replace("\r", ""))
    if not found:
        raise ReadFailed(
            "the running config is not whole: it has no line `version`; either its beginning was lost, or this user's "
            "privilege is too low to see all of it"
        )
    return Config("ios", found[1], tuple(_lines(rows, "ios")))


def same(running: str, startup: str) -> list[str]:
    """
    The lines in which two configurations differ, but for times, sizes, checksums, clock periods and certificates.

    ``+`` is only in the running one, ``-`` only in the startup one; a line is shown with its parents. Raises
    `ReadFailed` where one of them is not whole.
    """
    now, saved = _comparable(running), _comparable(startup)
    if now == saved:
        return []
    found: list[str] = []
    for tag, first, last, start, stop in SequenceMatcher(None, saved, now, autojunk=False).get_opcodes():
        if tag != "equal":
            found += [f"- {line}" for line in saved[first:last]] + [f"+ {line}" for line in now[start:stop]]
    return found


def _comparable(text: str) -> list[str]:
    """Lines with their parents and the bodies of banners; a certificate is its name without where it is kept."""
    found: list[str] = []
    for line in read(text).lines:
        certificate = _CERTIFICATE.match(line.text)
        path = (*line.path[:-1], re.sub(r" nvram:\S+$", "", line.text)) if certificate else line.path
        found += [" > ".join(path), *(() if certificate else line.body)]
    return found


def _refuse_debris(rows: Sequence[str]) -> None:
    for number, row in enumerate(rows, 1):
        if _PAGER.match(row):
            raise ReadFailed(f"the running config is not whole: the pager stopped it in line {number}")
        if _CONTROL.search(row.replace("\x03", "")):
            raise ReadFailed(f"the running config is not whole: line {number} has control characters in it")


def _asa(rows: Sequence[str], text: str) -> tuple[str, str]:
    filled = [row for row in rows if row]
    if len(filled) < 2 or not filled[-2].startswith("Cryptochecksum:"):
        raise ReadFailed("the running config is not whole: there is no Cryptochecksum before its end mark")
    found = _ASA_VERSION.search(text)
    if not found:
        raise ReadFailed("the running config is not whole: it has no line `ASA Version` or `PIX Version`")
    old = found[0].startswith("PIX") and int(found[1]) < 7
    return "pix" if old else "asa", found[0].split()[-1]


def _lines(rows: Sequence[str], platform: str) -> Iterator[Line]:
    """Every line that says something, with its parents by indentation. Raises `ReadFailed` inside an opaque text."""
    parents: list[tuple[int, str]] = []
    position = 0
    while position < len(rows):
        row = rows[position]
        position += 1
        indent, text = len(row) - len(row.lstrip()), row.strip()
        if _says_nothing(text, platform):
            _see_end(text, indent, rows[position:])
            continue
        while parents and parents[-1][0] >= indent:
            parents.pop()
        body = _opaque(text, rows, position, platform)
        position += len(body)
        yield Line((*(parent for _, parent in parents), text), body)
        parents.append((indent, text))


def _says_nothing(text: str, platform: str) -> bool:
    if not text or text in _CLOSING or text.startswith("!") or _NOISE.match(text):
        return True
    if platform == "ios":
        return bool(_IOS_VERSION.match(text))
    return text.startswith(":") or bool(_ASA_VERSION.match(text))


def _see_end(text: str, indent: int, rest: Sequence[str]) -> None:
    if text == "end" and not indent and any(row and row != "end" for row in rest):
        raise ReadFailed("the running config is not whole: it goes on after its end mark")


def _opaque(text: str, rows: Sequence[str], start: int, platform: str) -> tuple[str, ...]:
    """The rows after ``text`` that belong to it as they are: up to its delimiter, or up to ``quit``."""
    if platform == "ios" and text.replace("\x03", _DELIMITER).count(_DELIMITER) % 2:
        return _until(rows, start, lambda row: _DELIMITER in row.replace("\x03", _DELIMITER), text)
    if platform == "ios" and text.startswith("macro name "):
        return _until(rows, start, lambda row: row == "@", text)
    if _CERTIFICATE.match(text) and start < len(rows) and _is_hex(rows[start]):
        return _until(rows, start, lambda row: row.strip() == "quit", text)
    return ()


def _is_hex(row: str) -> bool:
    return bool(re.fullmatch(r"\s*(?:[0-9A-Fa-f]{2,}\s*)+", row))


def _until(rows: Sequence[str], start: int, ends: Callable[[str], bool], text: str) -> tuple[str, ...]:
    for stop in range(start, len(rows)):
        if ends(rows[stop]):
            return tuple(rows[start : stop + 1])
    raise ReadFailed(f"the running config is not whole: `{text[:40]}` has no end")
