"""
What a line of a configuration is called, and which lines belong together.

``config:LINE`` or ``config:PARENT > LINE`` is ``"present"``. Where the order of lines matters they are one address,
whose value is the list of them: an access list or prefix list by its name (``config:access-list 101``, ``config:ip
access-list extended MAIL``), the entries of a route map (``config:route-map NAME``), the classes of a policy map
(``config:policy-map NAME``), and an ASA's rules of twice NAT before and after those of its objects (``config:nat
source``, ``config:nat after-auto``). What stands *inside* an entry or a class is a set again, and has addresses of its
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from remediators.model import ABSENT, Address, Snapshot, Value, decode, encode
from remediators.resources.config_text import Path

PLATFORM = Address("host", "platform")  # "ios", "asa", "pix": whose language the running config is in
RELEASE = Address("host", "release")  # what the running config says of its own version: "12.4", "9.1(7)"
ROOT = Address("config", "")

_FLAT = re.compile(r"(access-list \S+|ip prefix-list \S+|ipv6 prefix-list \S+|ipv6 access-list \S+) \S")
_NAT = re.compile(r"nat \([^)]*\) (after-auto )?source ")  # ASA's twice NAT: the first rule that fits is used
_ENTRY = re.compile(r"(route-map \S+) (?:permit|deny) \d+$")
_NESTED = re.compile(r"ip access-list (?:standard|extended) \S+|ipv6 access-list \S+")
_MAP = re.compile(r"policy-map .+")
_CLASS = re.compile(r"class \S.*")
_NAMED = re.compile(r"(?:access-list|ip prefix-list|ipv6 prefix-list|route-map) \S+|nat (?:source|after-auto)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line lives: an address of its own, or an entry of an ordered section."""

    address: Address
    entry: str | None = None


def address(line: str, parents: Iterable[str] = ()) -> Address:
    """The address of a line below its parents, whether or not it is one of an ordered section."""
    return Address("config", " > ".join(encode(part) for part in (*parents, line)))


def path_of(where: Address) -> Path:
    """The parents of an address and its line."""
    return tuple(decode(part) for part in where.path.split(" > "))


def place(path: Path) -> Place:
    """Where this line, the last of ``path``, is to be found."""
    if len(path) == 1:
        found = _FLAT.match(path[0]) or _ENTRY.match(path[0])
        if found:
            return Place(address(found[1]), path[0])
        nat = _NAT.match(path[0])
        return (
            Place(address(f"nat {'after-auto' if nat[1] else 'source'}"), path[0]) if nat else Place(address(path[0]))
        )
    if len(path) == 2 and (_NESTED.fullmatch(path[0]) or (_MAP.fullmatch(path[0]) and _CLASS.fullmatch(path[1]))):
        return Place(address(path[0]), path[1])
    return Place(address(path[-1], path[:-1]))


def is_ordered(path: Path) -> bool:
    """Whether this is the name of an ordered section, whose value is a list."""
    return len(path) == 1 and shape(path[0]) != ""


def shape(name: str) -> str:
    """``flat`` or ``nested`` lines, ``entries`` of a route map, ``classes`` of a policy map, or ``""`` for all else."""
    if _NESTED.fullmatch(name):
        return "nested"
    if _MAP.fullmatch(name):
        return "classes"
    if _NAMED.fullmatch(name):
        return "entries" if name.startswith("route-map ") else "flat"
    return ""


def there(path: Path, known: Snapshot) -> bool:
    """Whether a line is in the configuration. Raises `Unread` where it could not be read."""
    found = place(path)
    value = known[found.address]
    if found.entry is not None:
        return value is not ABSENT and found.entry in value
    return value is not ABSENT


def lines(known: Snapshot) -> Iterator[Path]:
    """Every line of the configuration, in its order, entries of ordered sections included."""
    for where, value in known.values.items():
        if where.kind == "config" and value is not ABSENT:
            yield from _paths(path_of(where), value)


def _paths(path: Path, value: Value) -> Iterator[Path]:
    if not isinstance(value, list):
        yield path
        return
    inside = shape(path[0]) in ("nested", "classes")
    if inside:
        yield path
    yield from ((path[0], entry) if inside else (entry,) for entry in value)


def inside(path: Path, known: Snapshot) -> Iterator[Path]:
    """Every line below this one, in the order of the configuration."""
    return (found for found in lines(known) if len(found) > len(path) and found[: len(path)] == path)


def platform(known: Snapshot) -> str:
    """Whose language the configuration is in. Raises `Unread` where it was not read."""
    return str(known[PLATFORM])
