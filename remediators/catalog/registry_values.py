"""Registry values as options say them, and the keys that writing them creates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from remediators.catalog.options import Options
from remediators.model import ABSENT, Address, Query, RemediationError, Snapshot, Value
from remediators.resources import registry


def _key(text: str) -> str:
    """The normal form of a key below a hive. Raises ValueError."""
    try:
        path = registry.key_path(text)
    except RemediationError as error:
        raise ValueError(error.message) from error
    if "\\" not in path:
        raise ValueError(f"{text!r} is a hive: say a key in it")
    return path


def _view(given: Any) -> Any:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


Key = Annotated[str, AfterValidator(_key)]
View = Annotated[Literal["native", "32", "64"], BeforeValidator(_view)]


_NUMBERS = frozenset({"dword", "qword"})


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
        data = self.data
        if isinstance(data, str) and data.isdecimal() and self.type.lower().removeprefix("reg_") in _NUMBERS:
            data = int(data)  # a vault holds nothing but text
        try:
            return registry.canonical(self.type, data, self.raw)
        except RemediationError as error:
            raise ValueError(error.message) from error


Given = RegistryData | Literal["absent"]


def values(key: str, given: Mapping[str, Given], view: str) -> dict[Address, Value]:
    """What is wanted of these values."""
    return {
        registry.value(key, name, view): ABSENT if isinstance(one, str) else one.value() for name, one in given.items()
    }


def ask(key: str, names: Iterable[str], view: str, known: Snapshot) -> Iterator[Query]:
    """The values, their key and all keys above it."""
    own = registry.key(key, view)
    yield from registry.read_values([own, *(registry.value(key, name, view) for name in names)], known)


def with_keys(key: str, wanted: Mapping[Address, Value], view: str) -> dict[Address, Value]:
    """
    The values after the keys that must exist for them, highest first.

    A key that is missing, and each missing one above it, is a change of its own: the way back removes it again.
    """
    keys = reversed(registry.lineage(key, view))
    return dict.fromkeys(keys, registry.PRESENT) | dict(wanted)
