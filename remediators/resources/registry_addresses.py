"""Where a registry value or key lives: addresses from what operators write, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from remediators.model import Address, UsageError, decode, encode

UNNAMED = "(Default)"
VIEWS = ("native", "32", "64")
KINDS = frozenset(
    {"registry", "registry@32", "registry@64", "registry-key", "registry-key@32", "registry-key@64"},
)

LONG_HIVES = {
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKU": "HKEY_USERS",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKCC": "HKEY_CURRENT_CONFIG",
}
_HIVES = {**{short: short for short in LONG_HIVES}, **{long: short for short, long in LONG_HIVES.items()}}


@dataclass(frozen=True, slots=True)
class Place:
    r"""
    A key (``HKLM\SOFTWARE\X``), and in it a value by its name, in a view.

    ``name`` is ``None`` for the key itself and empty for the unnamed value.
    """

    key: str
    name: str | None
    view: str

    @property
    def identity(self) -> tuple[str, str]:
        """What two places in one key have in common: names compare without case."""
        return self.view, self.key.upper()


# A fleet is asked for the same places on every host.
@lru_cache(maxsize=4096)
def value(key: str, name: str, view: str = "native") -> Address:
    """The address of a value; ``(Default)`` is the unnamed one. Raises `UsageError`."""
    _no_controls(name, "a value's name")
    return value_at(key_path(key), "" if name.upper() == UNNAMED.upper() else name, _checked(view))


@lru_cache(maxsize=4096)
def key(key: str, view: str = "native") -> Address:
    """The address of a key. Raises `UsageError`."""
    return key_at(key_path(key), _checked(view))


def value_at(path: str, name: str, view: str) -> Address:
    """The address of a value in a key whose path is in normal form; the name may be empty."""
    return Address("registry" + _suffix(view), f"{encode(path)}:{encode(name or UNNAMED)}")


def key_at(path: str, view: str) -> Address:
    """The address of a key whose path is in normal form."""
    return Address("registry-key" + _suffix(view), encode(path))


def place(address: Address) -> Place:
    """What an address of one of our kinds means."""
    return _place(address.kind, address.path)  # addresses that differ in case are equal: a cache of them mixes these up


@lru_cache(maxsize=4096)
def _place(kind: str, whole: str) -> Place:
    kind, _, bits = kind.partition("@")
    path, _, name = whole.partition(":")
    if kind == "registry-key":
        return Place(decode(whole), None, bits or "native")
    plain = decode(name)
    return Place(decode(path), "" if plain.upper() == UNNAMED.upper() else plain, bits or "native")


@lru_cache(maxsize=4096)
def key_path(key: str) -> str:
    r"""
    The normal form of a key's path: a short hive, single backslashes, none at the ends. Raises `UsageError`.

    HKCU is the hive of whoever logs on over the network, hardly of the user who is meant.
    """
    _no_controls(key, "a key's path")
    parts = [part for part in key.split("\\") if part]
    hive = parts[0].rstrip(":").upper() if parts else ""
    if hive in ("HKCU", "HKEY_CURRENT_USER"):
        raise UsageError(
            r"HKCU is the hive of the account that logs on; say HKU\SID, with the SID of the user you mean"
        )
    if hive not in _HIVES:
        raise UsageError(f"{key!r} does not begin with a hive; say one of {', '.join(LONG_HIVES)}")
    return "\\".join([_HIVES[hive], *parts[1:]])


def long_path(path: str) -> str:
    """The path with its hive's long name, as reg.exe prints it."""
    hive, slash, rest = path.partition("\\")
    return LONG_HIVES[hive] + slash + rest


def short_path(path: str) -> str | None:
    """A path as reg.exe prints it, in normal form; ``None`` for a hive that we do not know."""
    hive, slash, rest = path.partition("\\")
    short = _HIVES.get(hive.upper())
    return None if short is None else short + slash + rest


def ancestors(path: str) -> Iterator[str]:
    """The keys above a key, nearest first, the hive's root last."""
    while "\\" in path:
        path = path.rpartition("\\")[0]
        yield path


def lineage(path: str, view: str) -> list[Address]:
    """The addresses of a key and of all keys above it, deepest first."""
    return [key_at(each, view) for each in (path, *ancestors(path))]


def _suffix(view: str) -> str:
    return "" if view == "native" else f"@{view}"


def _checked(view: str) -> str:
    if str(view) not in VIEWS:
        raise UsageError(f"view is {view!r}; it must be one of {', '.join(VIEWS)}")
    return str(view)


_CONTROL = re.compile("[\\x00-\\x1f\\x7f]")


def _no_controls(text: str, what: str) -> None:
    if _CONTROL.search(text):
        raise UsageError(f"{what} must not hold control characters: {text!r}")
