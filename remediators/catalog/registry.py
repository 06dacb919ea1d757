r"""Values and keys of the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from pydantic import Field, StrictBool, model_validator

from remediators.catalog.options import Options
from remediators.catalog.registry_values import Given, Key, View, ask, values, with_keys
from remediators.model import ABSENT, Address, Query, Remediator, Snapshot, Unread, Value, is_below
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
            return registry.read_tree(options.key, options.view, known)
        return ask(options.key, options.values, options.view, known)

    def desired(self, options: RegistryOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        if options.state == "absent":
            return _gone(options, snapshot)
        wanted = values(options.key, options.values, options.view)
        if wanted and all(value is ABSENT for value in wanted.values()):
            return wanted  # what is not there needs no key
        return with_keys(options.key, wanted, options.view, snapshot)


def _gone(options: RegistryOptions, known: Snapshot) -> dict[Address, Value]:
    """Every value and subkey, deepest first, and the key at last; nothing where it is to be empty and is not."""
    key = registry.key(options.key, options.view)
    inside = list(_inside(options, known))
    if options.only_if_empty and inside and known[key] is not ABSENT:
        return {}
    return dict.fromkeys([*inside, key], ABSENT)


def _inside(options: RegistryOptions, known: Snapshot) -> Iterator[Address]:
    """What is below a key. Raises `Unread` where something of it could not be read: it could not be put back."""
    key = registry.key(options.key, options.view)
    roots = (key, Address(registry.value(options.key, "x", options.view).kind, key.path))
    for address, reason in known.unread.items():
        if any(is_below(address, root) for root in roots):
            raise Unread(f"{address} was not read: {reason}")
    for address in known.inexact:
        if any(is_below(address, root) for root in roots):
            raise Unread(f"{address} was not read exactly")
    found = [address for root in roots for address in known.below(root) if address != key]
    yield from sorted(found, key=lambda address: (-_depth(address), address.kind == key.kind, address.identity))


def _depth(address: Address) -> int:
    """How deep the key lies that an address is, or is a value of: a value goes before the key that it is in."""
    return address.path.partition(":")[0].count("\\")
