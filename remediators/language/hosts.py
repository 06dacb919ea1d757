"""Hosts with their variables filled in, and what is told once for many of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from remediators.language.draft import Layer
from remediators.language.hidden import has_hidden
from remediators.language.inventory import Inventory
from remediators.language.natives import TemplateFault
from remediators.language.plays import Play
from remediators.language.problems import Problem, Problems, listed
from remediators.language.source import LineDocument, Place
from remediators.language.templating import has_template, uses
from remediators.language.variables import Scope, host_scope, without_secrets
from remediators.model import Host

OUTSIDE = frozenset({"secret", "lookup", "query"})  # names in templates that reach out of the files


class Complaints:
    """Problems of many hosts: the same one is told once, with the hosts that have it."""

    def __init__(self) -> None:
        self.hosts: dict[Problem, dict[str, None]] = {}

    def add(self, host: str, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.hosts.setdefault(problem, {})[host] = None

    def settle(self, total: int, problems: Problems) -> None:
        for problem, hosts in self.hosts.items():
            problems.add(replace(problem, what=f"{_who([*hosts], total)}: {problem.what}"))
        self.hosts.clear()


def _who(hosts: Sequence[str], total: int) -> str:
    if len(hosts) == 1:
        return f"on {hosts[0]}"
    if len(hosts) == total:
        return f"on all {total} hosts"
    return f"on {len(hosts)} hosts ({listed(hosts, 3)})"


def resolve_hosts(
    inventory: Inventory,
    names: Iterable[str],
    *,
    extra: tuple[Layer, ...] = (),
    problems: Problems | None = None,
) -> dict[str, Host]:
    """
    Hosts with their variables filled in.

    An ``ansible_*`` variable that cannot be is a problem; any other is left out, because nothing may need it. So is
    any other that is hidden: a vault text is opened, and a command run, only where it is needed.
    """
    found = Problems() if problems is None else problems
    hosts = resolved(inventory, list(names), extra, {}, found)
    if problems is None:
        found.raise_if_any()
    return hosts


def resolved(
    inventory: Inventory,
    names: Sequence[str],
    extra: tuple[Layer, ...],
    plays: Mapping[str, Sequence[Play]],
    problems: Problems,
) -> dict[str, Host]:
    complaints = Complaints()
    hosts = {}
    for name in names:
        above = _connection_layers(plays.get(name, ()))
        scope = host_scope(inventory, name, extra=extra, above=above)
        variables = {}
        for variable in sorted(scope.names() - set(scope.special)):
            if not variable.startswith("ansible_") and opens(variable, scope):
                continue
            try:
                variables[variable] = scope.lookup(variable)
            except TemplateFault as fault:
                if variable.startswith("ansible_"):
                    complaints.add(name, [_unresolved(variable, fault, scope)])
        hosts[name] = Host(name, variables, inventory.groups_of(name))
    complaints.settle(len(names), problems)
    return hosts


def opens(name: str, scope: Scope) -> bool:
    """Whether to fill in a variable opens something hidden."""
    found = scope.raw(name)
    if found is None or not has_template(found[0]):
        return False
    try:
        used = scope.closure(uses(found[0])).names
    except TemplateFault:
        return False
    return bool(used & OUTSIDE) or any(has_hidden(raw[0]) for raw in map(scope.raw, used) if raw is not None)


def _unresolved(variable: str, fault: TemplateFault, scope: Scope) -> Problem:
    place = fault.place or Place(LineDocument("inventory", ""))
    what = without_secrets(fault.what, scope)
    return place.problem(f"variable {variable!r}", what, fault.hint, fault.word)


def _connection_layers(plays: Sequence[Play]) -> list[Layer]:
    """``ansible_*`` variables that plays set for their hosts; the connection is one for all plays, so the last wins."""
    layers = [layer for play in reversed(plays) for layer in play.layers]
    picked = [
        Layer({k: v for k, v in layer.values.items() if k.startswith("ansible_")}, layer.document, layer.path)
        for layer in layers
    ]
    return [layer for layer in picked if layer.values]
