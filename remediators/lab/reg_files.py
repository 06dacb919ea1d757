"""Registry files as regedit and ``reg export`` write them and ``reg import`` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from remediators.lab.registry import (
    REG_BINARY,
    REG_DWORD,
    REG_EXPAND_SZ,
    REG_MULTI_SZ,
    REG_SZ,
    Key,
    Typed,
    text_bytes,
)

_HEAD_5: Final = "Windows Registry Editor Version 5.00"
_HEAD_4: Final = "REGEDIT4"
_LAST_COLUMN: Final = 76
_ANSI: Final = "cp1252"
_NAME: Final = re.compile(r'(@|"(?:[^"\\]|\\.)*")\s*=\s*(.*)', re.DOTALL)
_HEX: Final = re.compile(r"hex(?:\(([0-9a-f]+)\))?:(.*)", re.IGNORECASE | re.DOTALL)


class NotARegistryFileError(Exception):
    """The file does not begin as registry files do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One instruction of a file: a key to create (or delete), or a value to set (``None``: to delete) in it."""

    path: str
    name: str | None = None
    value: Typed | None = None
    delete: bool = False


def write_file(keys: Iterable[tuple[str, Key]]) -> bytes:
    """Write keys and their values: UTF-16 with a byte order mark, CR LF, long hex data wrapped with a backslash."""
    lines = [_HEAD_5, ""]
    for path, key in keys:
        lines += [f"[{path}]", *(_value_line(value) for value in key.values.values()), ""]
    return b"\xff\xfe" + "\r\n".join([*lines, ""]).encode("utf-16-le", "surrogatepass")


def _value_line(value: Typed) -> str:
    name = f'"{_escape(value.name)}"=' if value.name else "@="
    if value.type == REG_SZ and _plain_text(value.raw):
        return f'{name}"{_escape(value.raw[:-2].decode("utf-16-le", "surrogatepass"))}"'
    if value.type == REG_DWORD and len(value.raw) == 4:
        return f"{name}dword:{int.from_bytes(value.raw, 'little'):08x}"
    tag = "hex:" if value.type == REG_BINARY else f"hex({value.type:x}):"
    return _wrapped(name + tag, value.raw)


def _plain_text(raw: bytes) -> bool:
    text = raw.decode("utf-16-le", "replace")
    return len(raw) % 2 == 0 and text.endswith("\0") and "\0" not in text[:-1]


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _wrapped(head: str, raw: bytes) -> str:
    out, column = [head], len(head)
    for index, byte in enumerate(raw):
        piece = f"{byte:02x}" + ("," if index + 1 < len(raw) else "")
        out.append(piece)
        column += len(piece)
        if column > _LAST_COLUMN and index + 1 < len(raw):
            out.append("\\\r\n  ")
            column = 2
    return "".join(out)


def read_file(raw: bytes) -> Iterator[Entry]:
    """The instructions of a file, UTF-16 or ANSI, of either version. Raises `NotARegistryFileError`."""
    text = raw[2:].decode("utf-16-le", "surrogatepass") if raw[:2] == b"\xff\xfe" else raw.decode(_ANSI, "replace")
    head, _, body = text.partition("\n")
    if head.strip() not in (_HEAD_5, _HEAD_4):
        raise NotARegistryFileError
    return _entries(body, ansi=head.strip() == _HEAD_4)


def _entries(body: str, *, ansi: bool) -> Iterator[Entry]:
    path: str | None = None
    for line in _logical_lines(body):
        if line.startswith("[-") and line.endswith("]"):
            path = None
            yield Entry(line[2:-1], delete=True)
        elif line.startswith("[") and line.endswith("]"):
            path = line[1:-1]
            yield Entry(path)
        elif path is not None and (found := _NAME.fullmatch(line)):
            yield from _value_entries(path, found[1], found[2].strip(), ansi=ansi)


def _logical_lines(body: str) -> Iterator[str]:
    """Join continued hex lines and strings with line ends inside them; drop comments and blank lines."""
    waiting = ""
    for line in body.split("\n"):
        joined = waiting + (line.lstrip() if waiting and not _open_string(waiting) else line)
        if re.search(r'=\s*hex[^"]*\\\s*$', joined, re.IGNORECASE) and not _open_string(joined):
            waiting = joined.rstrip().removesuffix("\\")
        elif _open_string(joined):
            waiting = joined + "\n"
        else:
            waiting = ""
            if joined.strip() and not joined.lstrip().startswith(";"):
                yield joined.strip()


def _open_string(line: str) -> bool:
    stripped = re.sub(r"\\.", "", line, flags=re.DOTALL)
    return line.startswith(('"', "@")) and stripped.count('"') % 2 == 1


def _value_entries(path: str, name: str, text: str, *, ansi: bool) -> Iterator[Entry]:
    name = "" if name == "@" else _unescape(name[1:-1])
    if text == "-":
        yield Entry(path, name, delete=True)
        return
    value = _value(name, text, ansi=ansi)
    if value is not None:
        yield Entry(path, name, value)


def _value(name: str, text: str, *, ansi: bool) -> Typed | None:
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return Typed(name, REG_SZ, text_bytes(_unescape(text[1:-1])))
    if text.lower().startswith("dword:"):
        return Typed(name, REG_DWORD, int(text[6:], 16).to_bytes(4, "little"))
    found = _HEX.fullmatch(text)
    if found is None:
        return None
    type_ = REG_BINARY if found[1] is None else int(found[1], 16)
    raw = bytes(int(pair, 16) for pair in re.findall(r"[0-9a-fA-F]{1,2}", found[2]))
    if ansi and type_ in (REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ):
        raw = raw.decode(_ANSI, "replace").encode("utf-16-le")
    return Typed(name, type_, raw)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
