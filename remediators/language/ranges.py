"""Host names as inventories write them: ``exch[01:20].contoso.com``, ``db-[a:f]``, ``host:2222``."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

MOST = 100_000  # hosts that one name may stand for

_PORT = re.compile(r"(?:\[(?P<bracketed>[^\[\]]+)\]|(?P<name>(?:[^:\[\]]|\[[^\]]*\])+)):(?P<port>\d{1,5})\Z")
_IPV6 = re.compile(r"[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.%\w]*\Z")
_RANGE = re.compile(r"\[([^\[\]]*)\]")


class BadName(ValueError):
    """Why a host's name is none."""


def host_names(written: str) -> tuple[list[str], int | None]:
    """The hosts that a name with ranges stands for, and the port behind it. Raises `BadName`."""
    if not written.isprintable():
        raise BadName(f"{written!r} is no host name: there is a character in it that cannot be printed")
    if ":" not in written and "[" not in written and "]" not in written and written.strip():
        return [written], None
    found = _PORT.match(written)
    if found and not (found["bracketed"] and ":" not in found["bracketed"]):
        return _expanded(found["bracketed"] or found["name"]), _port(found["port"])
    if _IPV6.match(written):
        return [written], None
    if ":" in _RANGE.sub("", written) and written.count("[") == written.count("]"):
        raise BadName(f"{written!r} is no host name: a colon stands before a port")
    return _expanded(written), None


def _port(digits: str) -> int:
    if not 0 < int(digits) < 65536:
        raise BadName(f"{digits} is no port")
    return int(digits)


def _expanded(written: str) -> list[str]:
    if not written.strip():
        raise BadName("a host has no name")
    if "[" not in written or _IPV6.match(written):
        if "]" in written:
            raise BadName(f"{written!r}: there is no '[' before ']'")
        return [written]
    names = [""]
    position = 0
    for found in _RANGE.finditer(written):
        members = list(_members(found[1]))
        if len(names) * len(members) > MOST:
            raise BadName(f"{written!r} stands for more than {MOST} hosts")
        head = written[position : found.start()]
        names = [name + head + member for name in names for member in members]
        position = found.end()
    tail = written[position:]
    if "[" in tail or "]" in tail:
        raise BadName(f"{written!r}: there is no ']' behind '['")
    return [name + tail for name in names]


def _members(inside: str) -> Iterator[str]:
    """``01:20``, ``a:f``, ``1:9:2``: both ends belong to the range."""
    parts = inside.split(":")
    if len(parts) not in (2, 3):
        raise BadName(f"[{inside}] is no range: write [begin:end] or [begin:end:step]")
    begin, end = parts[0] or "0", parts[1]
    step = _number(parts[2], inside) if len(parts) == 3 else 1
    if not end:
        raise BadName(f"[{inside}] has no end")
    if step < 1:
        raise BadName(f"[{inside}] has a step below 1")
    if begin in string.ascii_letters and end in string.ascii_letters:
        return _letters(begin, end, step, inside)
    return _numbers(begin, end, step, inside)


def _letters(begin: str, end: str, step: int, inside: str) -> Iterator[str]:
    first, last = string.ascii_letters.index(begin), string.ascii_letters.index(end)
    if first > last:
        raise BadName(f"[{inside}] begins behind its end")
    return iter(string.ascii_letters[first : last + 1 : step])


def _numbers(begin: str, end: str, step: int, inside: str) -> Iterator[str]:
    first, last = _number(begin, inside), _number(end, inside)
    if first > last:
        raise BadName(f"[{inside}] begins behind its end")
    if (last - first) // step >= MOST:
        raise BadName(f"[{inside}] stands for more than {MOST} hosts")
    padded = len(begin) > 1 and begin.startswith("0")
    if padded and len(begin) != len(end):
        raise BadName(f"[{inside}] begins with zeros, so both ends must be equally long")
    width = len(begin) if padded else 0
    return (str(number).zfill(width) for number in range(first, last + 1, step))


def _number(text: str, inside: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadName(f"[{inside}] is no range: {text!r} is neither a number nor one letter")
    return int(text)
