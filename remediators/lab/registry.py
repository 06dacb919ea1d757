"""The registry of a simulated host: keys and typed values as raw bytes, two views on 64-bit systems, denied keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

REG_NONE, REG_SZ, REG_EXPAND_SZ, REG_BINARY, REG_DWORD, REG_DWORD_BIG_ENDIAN, REG_LINK, REG_MULTI_SZ = range(8)
REG_QWORD: Final = 11

NAMES: Final = {
    REG_NONE: "REG_NONE",
    REG_SZ: "REG_SZ",
    REG_EXPAND_SZ: "REG_EXPAND_SZ",
    REG_BINARY: "REG_BINARY",
    REG_DWORD: "REG_DWORD",
    REG_DWORD_BIG_ENDIAN: "REG_DWORD_BIG_ENDIAN",
    REG_LINK: "REG_LINK",
    REG_MULTI_SZ: "REG_MULTI_SZ",
    8: "REG_RESOURCE_LIST",
    9: "REG_FULL_RESOURCE_DESCRIPTOR",
    10: "REG_RESOURCE_REQUIREMENTS_LIST",
    REG_QWORD: "REG_QWORD",
}
NUMBERS: Final = {name: number for number, name in NAMES.items()} | {"REG_DWORD_LITTLE_ENDIAN": REG_DWORD}

USER: Final = "S-1-5-21-1004336348-1177238915-682003330-500"
_HIVES: Final = {
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKCU": "HKEY_CURRENT_USER",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKU": "HKEY_USERS",
    "HKCC": "HKEY_CURRENT_CONFIG",
}
# Where the hives that are only other names for a part of another hive lead to.
_ALIASES: Final = {
    "HKEY_CURRENT_USER": f"HKEY_USERS\\{USER}",
    "HKEY_CLASSES_ROOT": "HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes",
    "HKEY_CURRENT_CONFIG": "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current",
}
_SOFTWARE: Final = "HKEY_LOCAL_MACHINE\\SOFTWARE"

Note = Callable[[str, str], None]


class DeniedError(Exception):
    """The account may not open this key."""


class NoSuchKeyError(Exception):
    """There is no such key."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A value: its name in the case it was created with, its type's number and its raw bytes."""

    name: str
    type: int
    raw: bytes


@dataclass(slots=True)
class Key:
    """A key with its values and subkeys, both by upper-case name, in the order of their creation."""

    name: str
    values: dict[str, Typed] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    denied: bool = False


def text_bytes(text: str) -> bytes:
    """A string as the registry keeps it: UTF-16 with its closing NUL."""
    return (text + "\0").encode("utf-16-le", "surrogatepass")


def texts_bytes(texts: Iterable[str]) -> bytes:
    """A list of strings as the registry keeps it: each closed by a NUL, and one more NUL at the end."""
    return b"".join(text_bytes(text) for text in texts) + b"\0\0"


def bytes_text(raw: bytes) -> str:
    """A string value up to its first NUL."""
    return raw.decode("utf-16-le", "replace").split("\0", 1)[0]


def bytes_texts(raw: bytes) -> list[str]:
    """The strings of a list value; what follows the first empty one is not part of it."""
    texts = raw.decode("utf-16-le", "replace").split("\0")
    return texts[: texts.index("")] if "" in texts else texts


def full_name(path: str) -> str | None:
    r"""Spell a hive in full, as programs print it: ``HKLM\X`` gives ``HKEY_LOCAL_MACHINE\X``; ``None`` if unknown."""
    hive, _, rest = path.rstrip("\\").partition("\\")
    long = _HIVES.get(hive.upper(), hive.upper())
    if long not in _HIVES.values() or "\\\\" in rest:
        return None
    return f"{long}\\{rest}" if rest else long


class Registry:
    """All hives. Paths are full names; ``view`` is 32 or 64 and matters only on a 64-bit system."""

    def __init__(self, note: Note, *, x64: bool = False) -> None:
        self._root = Key("")
        self._note = note
        self._x64 = x64
        for hive in ("HKEY_LOCAL_MACHINE", "HKEY_USERS"):
            self._root.keys[hive] = Key(hive)
        for folder in ("SOFTWARE", "SYSTEM"):
            self.create(f"HKEY_LOCAL_MACHINE\\{folder}")
        for folder in (".DEFAULT", USER):
            self.create(f"HKEY_USERS\\{folder}\\Software")

    def key(self, path: str, view: int = 64) -> Key:
        """The key at a path. Raises `NoSuchKeyError` or `DeniedError`."""
        key = self._root
        for part in self._place(path, view).split("\\"):
            found = key.keys.get(part.upper())
            if found is None:
                raise NoSuchKeyError(path)
            key = found
            if key.denied:
                raise DeniedError(path)
        return key

    def has(self, path: str, view: int = 64) -> bool:
        try:
            self.key(path, view)
        except NoSuchKeyError:
            return False
        return True

    def create(self, path: str, view: int = 64) -> Key:
        """The key at a path, made with all keys above it where it was missing. Raises `DeniedError`."""
        key = self._root
        place = self._place(path, view)
        for part in place.split("\\"):
            found = key.keys.get(part.upper())
            if found is None:
                found = key.keys[part.upper()] = Key(part)
                self._note("create", place)
            key = found
            if key.denied:
                raise DeniedError(path)
        return key

    def get(self, path: str, name: str, view: int = 64) -> Typed | None:
        """A value, or ``None`` where it or its key is missing. ``""`` is the unnamed value."""
        try:
            return self.key(path, view).values.get(name.upper())
        except NoSuchKeyError:
            return None

    def set(self, path: str, name: str, type_: int, raw: bytes, view: int = 64) -> None:
        """Set a value, with its key where that is missing. Raises `DeniedError`."""
        key = self.create(path, view)
        old = key.values.get(name.upper())
        key.values[name.upper()] = Typed(old.name if old else name, type_, raw)
        self._note("set", f"{self._place(path, view)}:{name}")

    def unset(self, path: str, name: str, view: int = 64) -> bool:
        """Remove a value; whether it was there. Raises `NoSuchKeyError` or `DeniedError`."""
        found = self.key(path, view).values.pop(name.upper(), None)
        if found is not None:
            self._note("unset", f"{self._place(path, view)}:{name}")
        return found is not None

    def delete(self, path: str, view: int = 64) -> None:
        """Remove a key with all below it. Raises `NoSuchKeyError` or `DeniedError`, also for a denied key below."""
        key = self.key(path, view)
        if any(below.denied for _, below in _walk("", key)):
            raise DeniedError(path)
        above, _, name = self._place(path, view).rpartition("\\")
        del self.key(above).keys[name.upper()]
        self._note("delete", self._place(path, view))

    def deny(self, path: str) -> None:
        """Take away the account's access to a key, which is created where it is missing."""
        self.create(path).denied = True

    def walk(self, path: str, view: int = 64) -> Iterator[tuple[str, Key]]:
        """A key and all below it with their full names, parents first. Raises `NoSuchKeyError` or `DeniedError`."""
        return _walk(path, self.key(path, view))

    def state(self) -> dict[str, dict[str, list[object]]]:
        """Every key with its values as ``[type, hex]``: plain JSON."""
        return {
            path[1:]: {value.name: [value.type, value.raw.hex()] for value in key.values.values()}
            for path, key in _walk("", self._root)
            if path
        }

    def _place(self, path: str, view: int) -> str:
        hive, _, rest = path.rstrip("\\").partition("\\")
        if hive in _ALIASES:
            path = f"{_ALIASES[hive]}\\{rest}" if rest else _ALIASES[hive]
        if self._x64 and view == 32 and (path + "\\").upper().startswith(_SOFTWARE + "\\"):
            below = path[len(_SOFTWARE) :]
            if not below.upper().startswith("\\WOW6432NODE"):
                path = f"{_SOFTWARE}\\Wow6432Node{below}"
        return path.rstrip("\\")


def _walk(path: str, key: Key) -> Iterator[tuple[str, Key]]:
    yield path, key
    for below in list(key.keys.values()):
        yield from _walk(f"{path}\\{below.name}", below)
