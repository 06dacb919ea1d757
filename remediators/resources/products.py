"""What a profile says of a vendor's product: how it is detected, who manages it, and which values switch it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from remediators.model import ABSENT, Address, Query, Refused, Snapshot, UsageError, Value
from remediators.resources import registry


@dataclass(frozen=True, slots=True)
class Datum:
    """One thing that a profile claims, with where it is known from and whether it is verified."""

    address: Address
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """A registry value with what it is when the feature is disabled and when it is enabled."""

    datum: Datum
    key: Address
    disabled: Value
    enabled: Value


@dataclass(frozen=True, slots=True)
class Profile:
    """A product, in plain data from a YAML file or from the operator's inventory."""

    name: str
    product: str
    purposes: tuple[str, ...]
    detect: tuple[Datum, ...]
    managed: tuple[Datum, ...]
    settings: tuple[Setting, ...]
    services: tuple[str, ...]
    notes: tuple[str, ...]
    path: str


def profile(name: str, data: Mapping[str, Any]) -> Profile:
    """Read a profile. Raises `Refused` that says what is wrong with it."""
    try:
        return _profile(name, data)
    except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        raise Refused(f"profile {name} cannot be used: {_wrong_form(error)}") from error


def _wrong_form(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    if isinstance(error, (TypeError, AttributeError)):
        return "it has not the form of a profile: `for` is a list of names, detect, managed and settings of mappings"
    return str(error)


def detection(profiles: Iterable[Profile], known: Snapshot) -> Iterator[Query]:
    """What must be read to tell which of these products are installed."""
    yield from registry.read_values([datum.address for one in profiles for datum in one.detect], known)


def installed(one: Profile, known: Snapshot) -> bool:
    """Whether any of the signs of a product is there. Raises `Unread`."""
    return any(known[datum.address] is not ABSENT for datum in one.detect)


def purposes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The remediators that a profile is for."""
    given = data.get("for", ())
    return (given,) if isinstance(given, str) else tuple(map(str, given))


def _profile(name: str, data: Mapping[str, Any]) -> Profile:
    return Profile(
        name=str(data.get("profile", name)),
        product=str(data["product"]),
        purposes=purposes(data),
        detect=tuple(_datum(entry, "value") for entry in data["detect"]),
        managed=tuple(_datum(entry, "value") for entry in data.get("managed") or ()),
        settings=tuple(_setting(entry) for entry in data.get("settings") or ()),
        services=tuple(str(entry["name"]) for entry in data.get("services") or () if entry.get("restart")),
        notes=tuple(map(str, data.get("notes") or ())),
        path=str(data.get("path", "")),
    )


def _datum(entry: Mapping[str, Any], named: str) -> Datum:
    key, name, view = str(entry["key"]), entry.get(named), str(entry.get("view", "native"))
    address = registry.key(key, view) if name is None else registry.value(key, str(name), view)
    return Datum(address, str(entry["source"]), entry.get("verified") is True)


def _setting(entry: Mapping[str, Any]) -> Setting:
    kind, key = str(entry["type"]), registry.key(str(entry["key"]), str(entry.get("view", "native")))
    disabled, enabled = (_value(kind, entry[word]) for word in ("disabled", "enabled"))
    return Setting(_datum(entry, "name"), key, disabled, enabled)


def _value(kind: str, data: Any) -> Value:
    return ABSENT if data == "absent" else registry.canonical(kind, data)
