r"""Values and keys of the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, StrictBool, model_validator

from remediators.catalog.options import Options
from remediators.catalog.registry_values import Given, Key, View, ask, values, with_keys
from remediators.model import ABSENT, Address, Change, Query, Remediator, Snapshot, Value
from remediators.resources import registry


class RegistryOptions(Options):
    key: Key = Field(description="The key, below HKLM, HKU, HKCR or HKCC.")
    values: dict[str, Given] = Field(
        default_factory=dict, description="Name of each value ((Default) for the unnamed one): {type, data}, or absent."
    )
    state: Literal["present", "absent"] = Field(default="present", description="Whether the key itself exists.")
    view: View = Field(default="native", description="Which registry 64-bit Windows shows: native, 32 or 64.")
    only_if_empty: StrictBool = Field(
        default=False, description="With state: absent, remove the key only if nothing is in it."
    )

    @model_validator(mode="after")
    def _fits(self) -> RegistryOptions:
        if self.state == "absent" and self.values:
            raise ValueError("with state: absent the key goes with all its values: do not name any")
        if self.state == "absent" and self.key.count("\\") < 2:
            raise ValueError(f"{self.key} is not removed as a whole")
        if self.only_if_empty and self.state != "absent":
            raise ValueError("only_if_empty goes with state: absent")
        return self


class Registry(Remediator):
    r"""
    Values of a registry key are as you say, or a key exists or does not.

    ```yaml
    - name: Event log keeps a month
      registry:
        key: HKLM\SYSTEM\CurrentControlSet\Services\Eventlog\Application
        values:
          MaxSize: {type: dword, data: 67108864}
          Retention: absent
    ```
    """

    name = "registry"
    platform = "windows"
    Options = RegistryOptions

    def queries(self, options: RegistryOptions, known: Snapshot) -> Iterable[Query]:
        if options.state == "absent":
            return registry.read_tree(registry.key(options.key, options.view), known)
        return ask(options.key, options.values, options.view, known)

    def desired(self, options: RegistryOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        registry.check_view(options.view, snapshot)
        if options.state == "absent":
            return _gone(options, snapshot)
        wanted = values(options.key, options.values, options.view)
        if wanted and all(value is ABSENT for value in wanted.values()):
            return wanted  # what is not there needs no key
        return with_keys(options.key, wanted, options.view)

    def details(self, options: RegistryOptions, snapshot: Snapshot) -> Mapping[Address, Mapping[str, Any]]:
        if options.state != "absent":
            return {}
        # Asked for again before it is written: what somebody puts into the key meanwhile must not go with it.
        return {address: registry.WHOLE for address in _gone(options, snapshot) if address.kind == _key(options).kind}

    def notes(self, options: RegistryOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        if options.only_if_empty and not changes and any(registry.contents(_key(options), snapshot)):
            yield f"{_key(options)} stays: it is not empty"


def _key(options: RegistryOptions) -> Address:
    return registry.key(options.key, options.view)


def _gone(options: RegistryOptions, known: Snapshot) -> dict[Address, Value]:
    """Every value and subkey, deepest first, and the key at last; nothing where it is to be empty and is not."""
    key = _key(options)
    inside = registry.contents(key, known)
    return {} if options.only_if_empty and inside else dict.fromkeys([*inside, key], ABSENT)
