"""An inventory as Ansible shows it: the JSON of ``--list``, the trees of its YAML and TOML forms, and the graph."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from remediators.language.draft import BESIDE_PLAYBOOK, PRIORITY, Group, Layer
from remediators.language.inventory import Inventory

HIDDEN = object()  # stands for what must not be shown
MOST_LINES = 1_000_000  # of a graph

Variables = Mapping[str, Any]
Seen = Callable[[Variables], Any]  # what is shown of a mapping of variables: secrets are taken out there


def written(inventory: Inventory, host: str) -> dict[str, Any]:
    """A host's variables as they are written, templates not filled in; of each the one that wins."""
    values = {name: _open(layer, value) for name, (value, layer) in inventory.shared(host).items()}
    return values | _of_layers(inventory.host_layers[host])


def _of_layers(layers: Iterable[Layer]) -> dict[str, Any]:
    return {name: _open(layer, value) for layer in layers for name, value in layer.values.items()}


def _open(layer: Layer, value: Any) -> Any:
    """A value, or `HIDDEN` where its whole file is encrypted."""
    return HIDDEN if getattr(layer.document, "vaulted", False) else value


def written_of_group(group: Group) -> dict[str, Any]:
    """What a group sets itself, in the inventory and beside it."""
    values = _of_inventory(group.layers)
    return values if group.priority == 1 else {**values, PRIORITY: group.priority}


def as_list(inventory: Inventory, shown: Collection[str], seen: Seen, *, export: bool = False) -> dict[str, Any]:
    """The document of ``ansible-inventory --list``, of these hosts; with ``export`` groups show their own variables."""
    document: dict[str, Any] = {}
    for name in _reachable(inventory, "all"):
        group = inventory.groups[name]
        body: dict[str, Any] = {"children": list(group.children)}
        if name != "all":
            body["hosts"] = [host for host in group.hosts if host in shown]
        if export:
            body["vars"] = seen(written_of_group(group))
        if kept := _without_empty(body):
            document[name] = kept
    hostvars = {
        host: seen(_of_host(inventory, host, export=export)) for host in inventory.members["all"] if host in shown
    }
    document["_meta"] = {"hostvars": _without_empty(hostvars), "profile": "inventory_legacy"}
    return document


def _of_host(inventory: Inventory, host: str, *, export: bool) -> dict[str, Any]:
    if not export:
        return written(inventory, host)
    return _of_inventory(inventory.host_layers[host])


def _of_inventory(layers: Iterable[Layer]) -> dict[str, Any]:
    return _of_layers(layer for layer in layers if layer.rank != BESIDE_PLAYBOOK)


def _without_empty(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: inside for name, inside in body.items() if inside}


def _reachable(inventory: Inventory, top: str) -> list[str]:
    """Names of a group and of all below it, each once, parents first."""
    found, waiting = {top: None}, [top]
    while waiting:
        for child in inventory.groups[waiting.pop()].children:
            if child not in found:
                found[child] = None
                waiting.append(child)
    return list(found)


def as_tree(inventory: Inventory, shown: Collection[str], seen: Seen, *, export: bool = False) -> dict[str, Any]:
    """The nested form of ``ansible-inventory --list --yaml``, which can be read as an inventory again."""
    return _Tree(inventory, shown, seen, export=export).of("all")


class _Tree:
    """One walk: a host's variables and a group's inside are written out at their first place only."""

    def __init__(self, inventory: Inventory, shown: Collection[str], seen: Seen, *, export: bool) -> None:
        self.inventory = inventory
        self.shown = shown
        self.seen = seen
        self.export = export
        self.done: set[str] = set()
        self.told: set[str] = set()

    def of(self, name: str) -> dict[str, Any]:
        group = self.inventory.groups[name]
        children: dict[str, Any] = {}
        for child in group.children:
            children.update({child: {}} if child in self.done else self.of(child))
            self.done.add(child)
        body = {"children": children, "hosts": {} if name == "all" else self._hosts(group)}
        if self.export:
            body["vars"] = self.seen(written_of_group(group))
        kept = _without_empty(body)
        return {name: kept} if kept else {}

    def _hosts(self, group: Group) -> dict[str, Any]:
        hosts: dict[str, Any] = {}
        for host in group.hosts:
            if host in self.shown:
                new = host not in self.told
                self.told.add(host)
                hosts[host] = self.seen(_of_host(self.inventory, host, export=self.export)) if new else {}
        return hosts


def as_tables(inventory: Inventory, shown: Collection[str], seen: Seen, *, export: bool = False) -> dict[str, Any]:
    """The flat form of ``ansible-inventory --list --toml``."""
    tables: dict[str, Any] = {}
    told: set[str] = set()
    for name in _children_first(inventory, "all", {}):
        group = inventory.groups[name]
        body: dict[str, Any] = {} if name == "all" else {"children": list(group.children), "hosts": {}}
        for host in group.hosts if name != "all" else ():
            if host in shown:
                values = {} if host in told else seen(_of_host(inventory, host, export=export))
                told.add(host)
                body["hosts"][host] = values
        if export:
            body["vars"] = seen(written_of_group(group))
        if kept := _without_empty(body):
            tables[name] = kept
    return tables


def _children_first(inventory: Inventory, top: str, found: dict[str, None]) -> dict[str, None]:
    for child in inventory.groups[top].children:
        if child not in found:
            _children_first(inventory, child, found)
    found[top] = None
    return found


def graph(inventory: Inventory, top: str, shown: Collection[str], seen: Seen | None = None) -> Iterator[str]:
    """The lines of ``ansible-inventory --graph``, of these hosts; with ``seen`` also variables. They may be cut off."""
    lines = _graph(inventory, inventory.groups[top], 0, shown, seen)
    yield from itertools.islice(lines, MOST_LINES)
    if next(lines, None) is not None:
        yield f"... and more than {MOST_LINES} lines in all: groups that many groups share are written out each time"


def _graph(inventory: Inventory, group: Group, depth: int, shown: Collection[str], seen: Seen | None) -> Iterator[str]:
    yield _twig(f"@{group.name}:", depth)
    for child in group.children:
        yield from _graph(inventory, inventory.groups[child], depth + 1, shown, seen)
    for host in group.hosts if group.name != "all" else ():
        if host in shown:
            yield _twig(host, depth + 1)
            yield from _leaves({} if seen is None else seen(written(inventory, host)), depth + 2)
    if seen is not None:
        yield from _leaves(seen(written_of_group(group)), depth + 1)


def _twig(text: str, depth: int) -> str:
    return "  |" * depth + "--" + text if depth else text


def _leaves(variables: Variables, depth: int) -> Iterator[str]:
    for name, value in sorted(variables.items()):
        yield _twig(f"{{{name} = {value}}}", depth)
