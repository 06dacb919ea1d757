"""Plain TNEF instead of Summary TNEF, for receivers that do not know it (cause 2 of KB 919091, KB 254089)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Literal

from pydantic import Field, model_validator

from remediators.catalog.options import Options
from remediators.catalog.registry_values import Given, Key, RegistryData, ask, values, with_keys
from remediators.model import ABSENT, Address, Change, Query, Refused, Remediator, Snapshot, Value
from remediators.resources import registry

MISSING = (
    "the registry values of KB 254089 are not public any more and are not part of this tool. Take them from your copy "
    "of the article and put them under `values` of this task, for example as `tnef_values` in group_vars: a list of "
    "{key, name, type, data}, or with `key` a mapping of names to {type, data}"
)


class Entry(RegistryData):
    """One value of KB 254089."""

    key: Key = Field(description="The key that it is in.")
    name: str = Field(description="The value's name.")


class TnefOptions(Options):
    state: Literal["forced", "default"] = Field(
        default="forced", description="forced sets the values, default removes them."
    )
    key: Key | None = Field(default=None, description="The key of all values, where they are a mapping.")
    values: dict[str, Given] | tuple[Entry, ...] = Field(
        default=(), description="The values of KB 254089, from your own copy: a list of {key, name, type, data}."
    )

    @model_validator(mode="after")
    def _fits(self) -> TnefOptions:
        if self.values and isinstance(self.values, dict) == (self.key is None):
            raise ValueError("a mapping of values needs `key`, a list names the key of each value itself")
        return self

    def by_key(self) -> dict[str, dict[str, Given]]:
        if isinstance(self.values, dict):
            return {self.key or "": dict(self.values)} if self.values else {}
        ordered = sorted(self.values, key=lambda entry: entry.key.upper())
        grouped = groupby(ordered, key=lambda entry: entry.key.upper())
        return {members[0].key: {e.name: e for e in members} for _, group in grouped for members in [list(group)]}


class Tnef(Remediator):
    """
    Exchange sends plain TNEF to servers that do not understand Summary TNEF.

    The registry values are those of KB 254089, which you must supply: they are not public any more.

    ```yaml
    - name: Plain TNEF for Exchange 5.5
      tnef: {state: forced, values: "{{ tnef_values }}"}
      notify: Restart SMTP
    ```
    """

    name = "tnef"
    platform = "windows"
    Options = TnefOptions

    def queries(self, options: TnefOptions, known: Snapshot) -> Iterable[Query]:
        for key, given in options.by_key().items():
            yield from ask(key, given, "native", known)

    def desired(self, options: TnefOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        if not options.values:
            raise Refused(MISSING)
        found: dict[Address, Value] = {}
        for key, given in options.by_key().items():
            wanted = values(key, given, "native")
            if options.state == "default":
                found |= dict.fromkeys(wanted, ABSENT)
            else:
                found |= with_keys(key, wanted, "native")
        return found

    def notes(self, options: TnefOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        if any(change.address.kind == registry.value("HKLM\\X", "x", "native").kind for change in changes):
            yield "read when the service that reads it has been restarted: SMTPSVC, or MSExchangeIS for keys of its own"
