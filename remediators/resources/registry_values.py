"""
Registry values in canonical form, and as the bytes that Windows keeps.

``{"type": "REG_SZ", "data": "text"}``; numbers are unsigned, multi_sz is a list, all else lower-case hexadecimal. What
its type's form cannot carry exactly (text without its terminator, a dword of three bytes) is kept as
``{"type": "REG_SZ", "raw": "6100"}``, so that it can be written back byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from remediators.model import UsageError, Value

NONE, SZ, EXPAND_SZ, BINARY, DWORD, MULTI_SZ, QWORD = 0, 1, 2, 3, 4, 7, 11

# winnt.h
TYPES: Final = {
    "REG_NONE": NONE,
    "REG_SZ": SZ,
    "REG_EXPAND_SZ": EXPAND_SZ,
    "REG_BINARY": BINARY,
    "REG_DWORD": DWORD,
    "REG_DWORD_BIG_ENDIAN": 5,
    "REG_LINK": 6,
    "REG_MULTI_SZ": MULTI_SZ,
    "REG_RESOURCE_LIST": 8,
    "REG_FULL_RESOURCE_DESCRIPTOR": 9,
    "REG_RESOURCE_REQUIREMENTS_LIST": 10,
    "REG_QWORD": QWORD,
}
_NAMES: Final = {number: name for name, number in TYPES.items()}
_SIZES: Final = {DWORD: 4, QWORD: 8}


def canonical(type_name: str, data: Any = None, raw: str | None = None) -> Value:
    """
    The canonical form of what an operator wrote: ``data`` in the form of its type, or ``raw`` bytes in hexadecimal.

    Raises `UsageError` with what is wrong.
    """
    number = type_number(type_name)
    if raw is not None:
        if data is not None:
            raise UsageError("say data or raw, not both")
        return from_bytes(number, _hexadecimal(raw))
    reader: Callable[[Any, int], Any] = _READERS.get(number, _hex_data)
    return {"type": type_word(number), "data": reader(data, number)}


def type_number(name: str) -> int:
    """The number of a type: ``sz``, ``REG_SZ``, ``REG_20``. Raises `UsageError`."""
    word = str(name).upper()
    word = word if word.startswith("REG_") else f"REG_{word}"
    if word in TYPES:
        return TYPES[word]
    if re.fullmatch(r"REG_\d{1,10}", word) and int(word[4:]) < 2**32:
        return int(word[4:])
    known = ", ".join(each[4:].lower() for each in TYPES)
    raise UsageError(f"there is no registry type {name!r}; there are {known}")


def type_word(number: int) -> str:
    """Windows' name of a type, or ``REG_`` and its number."""
    return _NAMES.get(number, f"REG_{number}")


def to_bytes(value: Value) -> tuple[int, bytes]:
    """The type's number and the bytes that Windows keeps for a canonical value."""
    number = type_number(value["type"])
    if "raw" in value:
        return number, bytes.fromhex(value["raw"])
    data = value["data"]
    if number in (SZ, EXPAND_SZ):
        return number, _wide(f"{data}\0")
    if number == MULTI_SZ:
        return number, _wide("".join(f"{part}\0" for part in data) + "\0")
    if number in _SIZES:
        return number, int(data).to_bytes(_SIZES[number], "little")
    return number, bytes.fromhex(data)


def from_bytes(number: int, data: bytes) -> Value:
    """The canonical value for what Windows keeps: ``raw`` where the type's own form would not give it back."""
    word = type_word(number)
    value: Value = {"type": word, "data": None}
    if number in _SIZES and len(data) == _SIZES[number]:
        value["data"] = int.from_bytes(data, "little")
    elif number in (SZ, EXPAND_SZ):
        value["data"] = _text(data)
    elif number == MULTI_SZ:
        value["data"] = _list(data)
    elif number not in _SIZES:
        value["data"] = data.hex()
    return {"type": word, "raw": data.hex()} if value["data"] is None else value


def words(value: Value) -> str:
    """A value for people, on one line."""
    if value is None:
        return "absent"
    if not isinstance(value, dict):
        return str(value)
    if "raw" in value:
        return f"{value['type']} raw {value['raw']}"
    return f"{value['type']} {value['data']!r}"


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def _text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-16-le")
    except UnicodeDecodeError:
        return None
    return text[:-1] if text.endswith("\0") and "\0" not in text[:-1] else None


def _list(data: bytes) -> list[str] | None:
    try:
        text = data.decode("utf-16-le")
    except UnicodeDecodeError:
        return None
    if text == "\0":
        return []
    return text[:-2].split("\0") if text.endswith("\0\0") else None


def _hexadecimal(text: Any) -> bytes:
    if not isinstance(text, str):
        raise UsageError(f'bytes are written as hexadecimal text in quotes, such as "01ff", not {text!r}')
    digits = re.sub(r"[\s,]", "", text)
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", digits):
        raise UsageError(f"{text!r} is not hexadecimal: it needs two digits for each byte")
    return bytes.fromhex(digits)


def _one_text(data: Any, number: int) -> str:
    if not isinstance(data, str):
        raise UsageError(f"{type_word(number)} needs text, not {data!r}; put it in quotes")
    if "\0" in data or any(0xD800 <= ord(character) <= 0xDFFF for character in data):
        raise UsageError(f"{type_word(number)} cannot hold {data!r}")
    return data


def _texts(data: Any, number: int) -> list[str]:
    if not isinstance(data, list | tuple):
        raise UsageError(f"{type_word(number)} needs a list of texts, not {data!r}")
    return [_one_text(part, number) for part in data]


def _number(data: Any, number: int) -> int:
    bits = _SIZES[number] * 8
    if not isinstance(data, int) or isinstance(data, bool):
        raise UsageError(f"{type_word(number)} needs a whole number, not {data!r}")
    if not -(2 ** (bits - 1)) <= data < 2**bits:
        raise UsageError(f"{data} does not fit into {type_word(number)}, which has {bits} bits")
    return int(data % 2**bits)


def _hex_data(data: Any, number: int) -> str:  # noqa: ARG001  # one form for all readers
    return _hexadecimal(data).hex()


_READERS: dict[int, Callable[[Any, int], Any]] = {
    SZ: _one_text,
    EXPAND_SZ: _one_text,
    MULTI_SZ: _texts,
    DWORD: _number,
    QWORD: _number,
}
