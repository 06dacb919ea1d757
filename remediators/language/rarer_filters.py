"""Filters of ansible-core that are reached for less often, with the same names, arguments and results."""

from __future__ import annotations

import hashlib
import itertools
import math
import posixpath
import re
import urllib.parse
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from remediators.language.natives import MOST, TemplateFault
from remediators.language.problems import kind_of
from remediators.language.results import plain
from remediators.language.work import spend

_UNITS = {unit: 1 << (10 * power) for power, unit in enumerate("BKMGTPEZY")}
_SIZE = re.compile(r"\s*(\d{1,30}(?:\.\d{1,30})?)\s*([A-Za-z]*)\s*\Z")
_NAMESPACE = uuid.UUID("361E6D51-FAEC-444A-9079-341386DA8E2E")  # ansible-core, plugins/filter/core.py


def _list(values: Any) -> Sequence[Any]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise TemplateFault(f"takes a list, and this is {kind_of(plain(values))}")
    return values if isinstance(values, list | tuple) else list(values)


def _few(found: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """At most as many as a result may have. Raises `TemplateFault`."""
    some = [list(members) for members in itertools.islice(found, MOST + 1)]
    if len(some) > MOST:
        raise TemplateFault(f"gives more than {MOST} members")
    return some


def product(*lists: Any, repeat: int = 1) -> list[list[Any]]:
    if repeat * len(lists) > MOST:
        raise TemplateFault(f"gives more than {MOST} members")
    return _few(itertools.product(*map(_list, lists), repeat=repeat))


def combinations(values: Any, length: int) -> list[list[Any]]:
    return _few(itertools.combinations(_list(values), length))


def permutations(values: Any, length: int | None = None) -> list[list[Any]]:
    return _few(itertools.permutations(_list(values), length))


def subelements(values: Any, subelements: str | Sequence[str], skip_missing: bool = False) -> list[list[Any]]:
    """Each item with each member of a list inside it; a mapping's values are its items."""
    path = subelements.split(".") if isinstance(subelements, str) else list(subelements)
    found: list[list[Any]] = []
    for item in list(values.values()) if isinstance(values, Mapping) else _list(values):
        inside: Any = item
        for step in path:
            if not isinstance(inside, Mapping) or step not in inside:
                if skip_missing:
                    inside = []
                    break
                raise TemplateFault(f"subelements: there is no {step!r} in {kind_of(plain(inside))}")
            inside = inside[step]
        found += [[item, member] for member in _list(inside)]
        spend(len(found))
    return found


def path_join(paths: Any) -> str:
    parts = [paths] if isinstance(paths, str) else list(map(str, _list(paths)))
    return posixpath.join(*parts)


def human_readable(size: Any, isbits: bool = False, unit: str | None = None) -> str:
    """As ``bytes_to_human`` of ansible-core."""
    number, name = float(size), "bits" if isbits else "Bytes"
    letter = next((one for one in reversed(_UNITS) if one != "B" and (unit or "").upper() == one), "B")
    if unit is None:
        letter = next((one for one in reversed(_UNITS) if number >= _UNITS[one]), "B")
    ending = f"{letter}{'b' if isbits else 'B'}" if letter != "B" else name
    return f"{number / _UNITS[letter]:.2f} {ending}"


def human_to_bytes(size: Any, default_unit: str | None = None, isbits: bool = False) -> int:
    """As ansible-core reads ``10M``, ``1.5 GB``; with ``isbits`` the units end in a small b."""
    found = _SIZE.match(str(size))
    if found is None:
        raise TemplateFault(f"{size!r} is no size")
    unit = found[2] or default_unit or "B"
    known = unit[0].upper() in _UNITS and (len(unit) == 1 or unit[1:] == ("b" if isbits else "B"))
    if not known and unit.lower() not in ("bit", "bits", "byte", "bytes"):
        raise TemplateFault(f"{unit!r} is no unit of size", "one of " + " ".join(_UNITS))
    return round(float(found[1]) * (_UNITS[unit[0].upper()] if known else 1))


def log(value: Any, base: float = math.e) -> float:
    return math.log10(value) if base == 10 else math.log(value, base)


def power(value: Any, exponent: Any) -> float:
    return math.pow(value, exponent)


def root(value: Any, base: float = 2) -> float:
    return math.sqrt(value) if base == 2 else math.pow(value, 1 / float(base))


def rekey_on_member(values: Any, key: str, duplicates: str = "error") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in values.values() if isinstance(values, Mapping) else _list(values):
        if not isinstance(item, Mapping) or key not in item:
            raise TemplateFault(f"rekey_on_member: an item has no {key!r}")
        if str(item[key]) in found and duplicates != "overwrite":
            raise TemplateFault(f"rekey_on_member: {item[key]!r} is there twice", "duplicates='overwrite'")
        found[str(item[key])] = item
    return found


def urlsplit(value: Any, query: str = "") -> Any:
    parts = urllib.parse.urlsplit(str(value))
    names = ("fragment", "hostname", "netloc", "password", "path", "port", "query", "scheme", "username")
    found = {name: getattr(parts, name) for name in names}
    if not query:
        return found
    if query not in found:
        raise TemplateFault(f"urlsplit knows no part {query!r}", "one of " + ", ".join(names))
    return found[query]


def to_uuid(value: Any, namespace: str | None = None) -> str:
    return str(uuid.uuid5(_NAMESPACE if namespace is None else uuid.UUID(namespace), str(value)))


def _hashed(name: str) -> Callable[[Any], str]:
    return lambda value: hashlib.new(name, str(value).encode(), usedforsecurity=False).hexdigest()


RARER: Mapping[str, Callable[..., Any]] = {
    "product": product,
    "combinations": combinations,
    "permutations": permutations,
    "subelements": subelements,
    "path_join": path_join,
    "normpath": lambda value: posixpath.normpath(str(value)),
    "human_readable": human_readable,
    "human_to_bytes": human_to_bytes,
    "log": log,
    "pow": power,
    "root": root,
    "rekey_on_member": rekey_on_member,
    "urlsplit": urlsplit,
    "urldecode": lambda value: urllib.parse.unquote_plus(str(value)),
    "to_uuid": to_uuid,
    "md5": _hashed("md5"),
    "sha1": _hashed("sha1"),
    "checksum": _hashed("sha1"),
}
