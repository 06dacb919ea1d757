"""``via:`` in an inventory: which network devices stand in front of a host, from the controller's side inward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import takewhile
from operator import ne
from typing import Any

from remediators.language.draft import Layer
from remediators.language.inventory import Inventory
from remediators.language.problems import Problem, Problems, did_you_mean, kind_of
from remediators.language.source import LineDocument, Place
from remediators.model import Host

VARIABLE = "via"


def routes(inventory: Inventory, hosts: Mapping[str, Host]) -> dict[str, tuple[str, ...]]:
    """
    The devices before each host, in order, each once. Raises `LanguageError` for what is no name of a host.

    A wrong value that many hosts share is told once. A device that shares its group's value stands behind those that
    are named there before it.
    """
    problems = Problems()
    found: dict[str, tuple[str, ...]] = {}
    told: dict[Problem, None] = {}
    for name, host in hosts.items():
        value = host.variables.get(VARIABLE)
        wrong = list(_wrong(inventory, host, value))
        told |= dict.fromkeys(wrong)
        found[name] = () if wrong else tuple(dict.fromkeys(takewhile(partial(ne, name), _names(value))))
    for problem in told:
        problems.add(problem)
    problems.raise_if_any()
    return found


def _names(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _wrong(inventory: Inventory, host: Host, value: Any) -> Iterable[Problem]:
    place = place_of_route(inventory, host.name)
    where = f"variable {VARIABLE!r}"
    if value is not None and not isinstance(value, str) and not _is_list_of_names(value):
        wanted = f"must be the name of a host, or a list of names, and is {kind_of(value)}"
        yield place.problem(where, wanted)
        return
    for name in _names(value):
        if name not in inventory.hosts:
            hint = did_you_mean(name, inventory.hosts)
            yield place.problem(where, f"there is no host {name!r} in the inventory", hint, name)
        elif name == host.name and _is_its_own(inventory, name):
            yield place.problem(where, f"{name!r} cannot stand in front of itself", "", name)


def _is_its_own(inventory: Inventory, host: str) -> bool:
    """Whether the value was set for this host and not for a group of it."""
    return any(VARIABLE in layer.values for layer in inventory.host_layers[host])


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value)


def place_of_route(inventory: Inventory, host: str) -> Place:
    """Where the value that counts for a host was set; the command line where no file did."""
    for layer in reversed(inventory.host_layers[host]):
        if VARIABLE in layer.values:
            return layer.value_place(VARIABLE)
    known: tuple[Any, Layer] | None = inventory.shared(host).get(VARIABLE)
    return known[1].value_place(VARIABLE) if known else Place(LineDocument("--extra-vars", ""))
