r"""
The door to ``.reg`` files: the one place that turns names and bytes into their text.

Only ASCII goes into them, so that the code page in which the host writes a file does not matter. Two forms are used:
version 5.00, whose hexadecimal data are the bytes as they are kept, and REGEDIT4, whose hexadecimal *text* is in the
host's ANSI code page. For ASCII text both say the same on Windows; Wine takes the text of every ASCII file as ANSI, so
REGEDIT4 is the form for it that holds on both.
"""

from __future__ import annotations

from collections.abc import Iterator

from remediators.model import Refused
from remediators.quoting.cmd import Line, Masked

UNICODE = "Windows Registry Editor Version 5.00"
ANSI = "REGEDIT4"

_BYTES_A_LINE = 200


def key_line(path: str) -> str:
    """The header of a key, whose path begins with a long hive. Creates the key. Raises `Refused`."""
    return f"[{_ascii(path)}]"


def text_line(name: str, text: str, *, masked: bool = False) -> Line:
    """A REG_SZ of printable ASCII text. Raises `Refused`."""
    quoted = _quoted(_ascii(text))
    return (f"{_name(name)}=", Masked(quoted)) if masked else f"{_name(name)}={quoted}"


def hex_lines(name: str, number: int, data: bytes, *, masked: bool = False) -> Iterator[Line]:
    """A value of any type by its number, in as many lines as its bytes need. Raises `Refused`."""
    tag = "hex:" if number == 3 else f"hex({number:x}):"
    chunks = [data[start : start + _BYTES_A_LINE] for start in range(0, len(data), _BYTES_A_LINE)] or [b""]
    for position, chunk in enumerate(chunks):
        head = f"{_name(name)}={tag}" if position == 0 else "  "
        tail = ",\\" if position < len(chunks) - 1 else ""
        digits = ",".join(f"{byte:02x}" for byte in chunk)
        yield (head, Masked(digits), tail) if masked else f"{head}{digits}{tail}"


def removal_line(name: str) -> str:
    """Removes a value. Raises `Refused`."""
    return f"{_name(name)}=-"


def _name(name: str) -> str:
    return _quoted(_ascii(name)) if name else "@"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ascii(text: str) -> str:
    bad = next((character for character in text if not " " <= character <= "~"), None)
    if bad is not None:
        raise Refused(f"{text!r} holds U+{ord(bad):04X}, which cannot be written to a registry file here")
    return text
