"""Where groups disagree about a host: what is an error, and what Ansible would settle otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from remediators.language.draft import Layer
from remediators.language.inventory import Inventory
from remediators.language.problems import Problem

Setter = tuple[str, Layer]  # the name of a group, and its variables


def contradictions(inventory: Inventory) -> Iterator[Problem]:
    """Variables that two groups of one level set differently for a host, and nothing above them settles."""
    found: dict[tuple[str, str, str], tuple[Layer, Layer, list[str]]] = {}
    for together, members in _alike(inventory).items():
        for name, (one, low), (other, high) in _clashes(inventory, together):
            unsettled = [host for host in members if not _sets(inventory.host_layers[host], name)]
            found.setdefault((name, one, other), (low, high, []))[2].extend(unsettled)
    for (name, one, other), (low, high, hosts) in found.items():
        if hosts:
            yield _contradiction(name, (one, low), (other, high), hosts)


def _alike(inventory: Inventory) -> Mapping[tuple[str, ...], list[str]]:
    """Hosts by the groups that they are directly in."""
    hosts: dict[tuple[str, ...], list[str]] = {}
    for host, direct in inventory.memberships.items():
        hosts.setdefault(tuple(direct), []).append(host)
    return hosts


def _clashes(inventory: Inventory, direct: Iterable[str]) -> Iterator[tuple[str, Setter, Setter]]:
    setters: dict[str, tuple[tuple[int, int], str, Layer]] = {}
    clashes: dict[str, tuple[Setter, Setter]] = {}
    for group in inventory.in_order(direct):
        level = (inventory.depths[group.name], group.priority)
        last = {name: layer for layer in group.layers for name in layer.values}
        for name, layer in last.items():
            before = setters.get(name)
            setters[name] = (level, group.name, layer)
            if before is None or before[0] != level:
                clashes.pop(name, None)
            elif before[2].values[name] != layer.values[name]:
                clashes[name] = (before[1:], (group.name, layer))
    for name, (low, high) in clashes.items():
        yield name, low, high


def _sets(layers: Sequence[Layer], name: str) -> bool:
    return any(name in layer.values for layer in layers)


def _contradiction(name: str, low: Setter, high: Setter, hosts: Sequence[str]) -> Problem:
    what = (
        f"groups {low[0]!r} and {high[0]!r} are on one level and set {name!r} differently for {_who(hosts)}; "
        f"the other place is {low[1].place(name)}"
    )
    place = high[1].place(name)
    return place.problem(
        f"group {high[0]!r}", what, "set it for the host, or order the groups by ansible_group_priority"
    )


def _who(hosts: Sequence[str]) -> str:
    return f"host {hosts[0]!r}" + (f" and {len(hosts) - 1} more" if len(hosts) > 1 else "")


def settled_otherwise(inventory: Inventory) -> Iterator[Problem]:
    """
    Variables for which Ansible takes another value than the levels say.

    There any file of ``group_vars/`` wins over any group in the inventory itself, even that of ``all`` over a child.
    """
    if not any(layer.rank for group in inventory.groups.values() for layer in group.layers):
        return
    told: set[tuple[int, int, str]] = set()
    for together, members in _alike(inventory).items():
        for name, ours, theirs in _other_winners(inventory, together):
            if (id(ours[1]), id(theirs[1]), name) in told:
                continue
            hosts = [host for host in members if not _sets(inventory.host_layers[host], name)]
            if hosts:
                told.add((id(ours[1]), id(theirs[1]), name))
                yield _otherwise(name, ours, theirs, hosts)


def _other_winners(inventory: Inventory, direct: Iterable[str]) -> Iterator[tuple[str, Setter, Setter]]:
    """Each such variable with the group that wins here and the one that wins in Ansible."""
    setters = [(group.name, layer) for group in inventory.in_order(direct) for layer in group.layers]
    ours = {name: setter for setter in setters for name in setter[1].values}
    ranked = sorted(setters, key=_ansible_rank)  # stable: within a rank the order stays
    theirs = {name: setter for setter in ranked for name in setter[1].values}
    for name, setter in ours.items():
        if setter[1].values[name] != theirs[name][1].values[name]:
            yield name, setter, theirs[name]


def _ansible_rank(setter: Setter) -> tuple[bool, bool, int]:
    """In files, then ``group_vars/all`` (beside inventory, beside playbook), then other ``group_vars/`` likewise."""
    group, layer = setter
    return layer.rank > 0, layer.rank > 0 and group != "all", layer.rank


def _otherwise(name: str, ours: Setter, theirs: Setter, hosts: Sequence[str]) -> Problem:
    what = (
        f"{name!r} of group {ours[0]!r} counts for {_who(hosts)}, because the nearer group wins; Ansible takes "
        f"{theirs[1].place(name)} of group {theirs[0]!r}, because it ranks group_vars/ above the inventory's groups"
    )
    return ours[1].place(name).problem(f"group {ours[0]!r}", what, f"set it in group_vars/{ours[0]} to mean one thing")
