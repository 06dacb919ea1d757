"""Inventories as Ansible reads them: hosts, groups, and who set which variable where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from remediators.language.draft import Group, Layer
from remediators.language.group_tree import depths_of
from remediators.language.problems import Problem

Known = Mapping[str, tuple[Any, Layer]]


@dataclass
class Inventory:
    """
    Hosts and groups in the order in which they were written, and their variables.

    Precedence, lowest first: ``all``, groups (a parent before its children, then by priority, then by name), host;
    within each of them the inventory's files, then ``group_vars/`` and ``host_vars/`` beside it, then those
    beside the playbook.
    """

    sources: tuple[str, ...]
    groups: Mapping[str, Group]
    host_layers: Mapping[str, Sequence[Layer]]
    memberships: Mapping[str, Mapping[str, None]]
    warnings: tuple[Problem, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)  # absolute path of each host's first file
    _merged: dict[tuple[str, ...], Known] = field(default_factory=dict, repr=False)

    @property
    def hosts(self) -> Collection[str]:
        """Names of all hosts."""
        return self.host_layers.keys()

    @cached_property
    def members(self) -> Mapping[str, list[str]]:
        """Every group with all its hosts in Ansible's order: its own, then those of its children, level by level."""
        return {name: list(self._walk(name)) for name in self.groups}

    def _walk(self, name: str) -> dict[str, None]:
        found: dict[str, None] = {}
        level = {name: None}
        seen = {name}
        while level:
            below: dict[str, None] = {}
            for group in map(self.groups.__getitem__, level):
                found.update(group.hosts)
                below.update((child, None) for child in group.children if child not in seen)
                seen.update(below)
            level = below
        return found

    @cached_property
    def depths(self) -> Mapping[str, int]:
        """How deep each group is below ``all``, by its longest way."""
        return depths_of(self.groups)

    @cached_property
    def _ancestors(self) -> Mapping[str, frozenset[str]]:
        """Each group with all groups above it, itself included."""
        above: dict[str, set[str]] = {name: {name, "all"} for name in self.groups}
        for name in sorted(self.groups, key=self.depths.__getitem__):
            for child in self.groups[name].children:
                above[child] |= above[name]
        return {name: frozenset(names) for name, names in above.items()}

    def groups_of(self, host: str) -> tuple[str, ...]:
        """Names of all groups that a host is in, sorted, without ``all``."""
        return tuple(sorted(self._all_groups(tuple(self.memberships[host])) - {"all"}))

    def _all_groups(self, direct: Iterable[str]) -> frozenset[str]:
        return frozenset({"all"}).union(*(self._ancestors[name] for name in direct))

    def shared(self, host: str) -> Known:
        """What the groups of a host set: each name with its value and the layer that set it."""
        direct = tuple(self.memberships[host])
        if direct not in self._merged:
            self._merged[direct] = {
                name: (layer.values[name], layer)
                for group in self.in_order(direct)
                for layer in group.layers
                for name in layer.values
            }
        return self._merged[direct]

    def in_order(self, direct: Iterable[str]) -> list[Group]:
        """All groups of a host that is directly in these, lowest precedence first."""
        groups = [self.groups[name] for name in self._all_groups(direct)]
        return sorted(groups, key=lambda group: (self.depths[group.name], group.priority, group.name))
