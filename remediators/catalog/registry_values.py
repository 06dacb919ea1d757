"""Registry values as options say them, and the keys that writing them creates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from remediators.catalog.options import Options
from remediators.model import ABSENT, Address, Query, Refused, Snapshot, Value
from remediators.resources import registry

_HIVES = {
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_USERS": "HKU",
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKEY_CURRENT_CONFIG": "HKCC",
}
_OURS = frozenset({"HKCU", "HKEY_CURRENT_USER"})


def hive_and_key(key: str) -> str:
    """A key with its hive spelled as in addresses. Raises ValueError where it is no key that we change."""
    hive, _, path = key.strip("\\").partition("\\")
    if hive.upper() in _OURS:
        raise ValueError("HKCU is the account that this tool logs on with: name the user's own, HKU\\SID")
    hive = _HIVES.get(hive.upper(), hive.upper())
    if hive not in _HIVES.values():
        raise ValueError(f"{key!r} does not begin with HKLM, HKU, HKCR or HKCC")
    if not path or re.search(r"\\\\|[\x00-\x1f]", path):
        raise ValueError(f"{key!r} is not a key below {hive}")
    return f"{hive}\\{path}"


def _view(given: Any) -> Any:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


Key = Annotated[str, AfterValidator(hive_and_key)]
View = Annotated[Literal["native", "32", "64"], BeforeValidator(_view)]


class RegistryData(Options):
    """A value with its type."""

    type: str = Field(description="sz expand_sz multi_sz dword qword binary none, also as REG_…; or a number.")
    data: Any = Field(default=None, description="Text, a list of texts, a whole number or hexadecimal digits.")
    raw: str | None = Field(default=None, description="Its bytes as hexadecimal digits, instead of data.")

    @model_validator(mode="after")
    def _canonical(self) -> RegistryData:
        self.value()
        return self

    def value(self) -> Value:
        """The canonical form. Raises ValueError where type and data do not fit."""
        try:
            return registry.canonical(self.type, self.data, self.raw)
        except Refused as refusal:
            raise ValueError(refusal.message) from refusal


Given = RegistryData | Literal["absent"]


def values(key: str, given: Mapping[str, Given], view: str) -> dict[Address, Value]:
    """What is wanted of these values."""
    return {
        registry.value(key, name, view): ABSENT if isinstance(one, str) else one.value() for name, one in given.items()
    }


def ask(key: str, names: Mapping[str, Given], view: str, known: Snapshot) -> Iterator[Query]:
    """The values and their key, and what is above it where the key does not exist."""
    own = registry.key(key, view)
    yield from registry.read_values([own, *(registry.value(key, name, view) for name in names)], known)
    if known.readable(own) and known[own] is ABSENT:
        yield from registry.read_values([registry.key(above, view) for above in _above(key)], known)


def with_keys(key: str, wanted: Mapping[Address, Value], view: str, known: Snapshot) -> dict[Address, Value]:
    """
    The values after the keys that must exist for them.

    A key that is missing, and each missing one above it, is a change of its own: the way back removes it again.
    """
    own = registry.key(key, view)
    if known[own] is not ABSENT:
        return {own: "present", **wanted}
    above = (registry.key(one, view) for one in _above(key))
    return dict.fromkeys((*above, own), "present") | dict(wanted)


def _above(key: str) -> list[str]:
    """The keys above a key, highest first, without the hive and what is right below it, which always exist."""
    steps = key.split("\\")
    return ["\\".join(steps[:count]) for count in range(3, len(steps))]
