"""An inventory while its files are being read: groups, hosts and variables in the order in which they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.language.problems import Problems
from remediators.language.ranges import BadName, host_names
from remediators.language.source import Document, Place

PRIORITY = "ansible_group_priority"
IN_INVENTORY, BESIDE_INVENTORY, BESIDE_PLAYBOOK = range(3)


@dataclass(frozen=True, slots=True)
class Layer:
    """
    Variables that were set in one place: ``path`` leads to the mapping in its document.

    ``rank`` is where that stands: `IN_INVENTORY`, `BESIDE_INVENTORY` or `BESIDE_PLAYBOOK`.
    """

    values: Mapping[str, Any]
    document: Document
    path: tuple[str | int, ...] = ()
    rank: int = IN_INVENTORY

    def place(self, name: str) -> Place:
        """Where a variable of this layer was set."""
        return Place(self.document, (*self.path, name), on_key=True)

    def value_place(self, name: str) -> Place:
        return Place(self.document, (*self.path, name))


@dataclass(slots=True)
class Group:
    """A group: its direct members, and its variables, lowest first."""

    name: str
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, Place] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    priority: int = 1


@dataclass(slots=True)
class Draft:
    """What the files said so far."""

    problems: Problems
    groups: dict[str, Group] = field(default_factory=lambda: {name: Group(name) for name in ("all", "ungrouped")})
    hosts: dict[str, list[Layer]] = field(default_factory=dict)
    memberships: dict[str, dict[str, None]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)  # the file that each host was first named in
    file: str = ""  # the one that is being read

    def group(self, name: str) -> Group:
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = Group(name)
        return found

    def add_host(self, name: str, group: Group, layer: Layer | None) -> None:
        layers = self.hosts.get(name)
        if layers is None:
            layers = self.hosts[name] = []
            self.memberships[name] = {}
            self.origins[name] = self.file
        if layer is not None:
            layers.append(layer)
        group.hosts[name] = None
        self.memberships[name][group.name] = None

    def add_written(self, written: str, group: Group, layer: Layer | None, place: Place) -> None:
        """
        Every host that a name with ranges stands for.

        A port becomes the lowest variable of each, where the host is new; else it is ignored, as in Ansible.
        """
        try:
            names, port = host_names(written)
        except BadName as error:
            self.problems.add(place.problem(f"group {group.name!r}", str(error)))
            return
        for name in names:
            if port is not None and name in self.hosts:
                what = f"the port behind {written!r} is ignored, because {name!r} is named before"
                self.problems.warn(place.problem(f"group {group.name!r}", what, "set ansible_port"))
            elif port is not None:
                self.add_host(name, group, Layer({"ansible_port": port}, place.document, place.path))
            self.add_host(name, group, layer)

    def add_layer(self, group: Group, layer: Layer) -> None:
        """Variables of a group; its priority is not one of them, as in Ansible."""
        if PRIORITY in layer.values:
            self._prioritise(group, layer)
            layer = Layer({k: v for k, v in layer.values.items() if k != PRIORITY}, layer.document, layer.path)
        if layer.values:
            group.layers.append(layer)

    def _prioritise(self, group: Group, layer: Layer) -> None:
        value = layer.values[PRIORITY]
        try:
            group.priority = int(value)
        except (TypeError, ValueError):
            place = layer.value_place(PRIORITY)
            self.problems.add(place.problem(f"group {group.name!r}", f"{PRIORITY} must be a whole number"))
