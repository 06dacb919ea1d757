"""Variables as a template sees them: looked up lazily, filled in when used, and never in a circle."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from remediators.language import hidden, taint
from remediators.language.draft import BESIDE_PLAYBOOK, Layer
from remediators.language.inventory import Inventory, Known
from remediators.language.natives import TemplateFault
from remediators.language.others import FactsOf, OtherHosts
from remediators.language.problems import is_secret
from remediators.language.templating import has_template, render, uses
from remediators.language.uses import Uses
from remediators.model.secrecy import Redactor, as_secret, holds_secret

RESERVED = frozenset(
    {
        "facts",
        "item",
        "hostvars",
        "groups",
        "group_names",
        "inventory_hostname",
        "inventory_hostname_short",
        "playbook_dir",
    }
)
_NOTHING: Known = {}


class Scope:
    """
    The names of one host in one place of a playbook.

    ``layers`` come highest first; ``shared`` is what the host's groups set, below them; ``special`` stands above all.
    A scope belongs to one thread.
    """

    __slots__ = ("_resolved", "_secret", "_trail", "foreign", "layers", "shared", "special")

    def __init__(
        self,
        layers: Sequence[Layer],
        shared: Known,
        special: Mapping[str, Any],
        trail: list[str] | None = None,
        foreign: frozenset[int] = frozenset(),
    ) -> None:
        """``foreign`` are the identities of layers that are not the operator's own, because playbooks brought them."""
        self.foreign = foreign
        self._secret: set[str] = set()
        self.layers = tuple(layers)
        self.shared = shared
        self.special = special
        self._resolved: dict[str, Any] = {}
        self._trail: list[str] = [] if trail is None else trail

    def within(self, layers: Iterable[Layer] = (), special: Mapping[str, Any] | None = None) -> Scope:
        """A scope with more names on top."""
        above = tuple(layers)
        foreign = self.foreign.union(map(id, above))
        return Scope((*above, *self.layers), self.shared, {**self.special, **(special or {})}, self._trail, foreign)

    def names(self) -> set[str]:
        """Every name that can be used here, except what the language itself brings."""
        own = {name for layer in self.layers for name in layer.values}
        return own | set(self.shared) | set(self.special)

    def raw(self, name: str) -> tuple[Any, Layer] | None:
        """A variable as it was written, with the layer that wins."""
        for layer in self.layers:
            if name in layer.values:
                return layer.values[name], layer
        return self.shared.get(name)

    def lookup(self, name: str) -> Any:
        """The value of a name for a template; Jinja's ``missing`` where there is none. Raises `TemplateFault`."""
        if name in self.special:
            value = self.special[name]
            if name not in RESERVED or name == "item":
                _noted(value)
            return value
        if name in self._resolved:
            if name in self._secret:
                taint.touch()
            return self._resolved[name]
        found = self.raw(name)
        if found is None:
            return self._otherwise(name)
        value = self._resolved[name] = self._value(name, *found)
        return value

    def _value(self, name: str, value: Any, layer: Layer) -> Any:
        """A variable filled in; secret where its file was encrypted, its name says so, or a secret was used for it."""
        secret = layer.document.vaulted or is_secret(name)
        if has_template(value):
            with taint.watching() as watch:
                value = self._filled(name, value, layer)
            secret = secret or watch.touched
        if secret:
            value = as_secret(value)
            self._secret.add(name)
            taint.touch()
            if layer.document.vaulted:
                hidden.known().learn(value)
        return value

    def is_own(self, layer: Layer) -> bool:
        """Whether the operator wrote a layer: it is of the inventory or the command line, and of no playbook."""
        return layer.rank != BESIDE_PLAYBOOK and id(layer) not in self.foreign

    def _otherwise(self, name: str) -> Any:
        if name == "facts":
            raise TemplateFault(
                "facts are not known here", "they are read in tasks and handlers, of their own host", "facts"
            )
        from remediators.language.sandbox import BUILT_IN, missing  # noqa: PLC0415 - only templates come here

        return BUILT_IN.get(name, missing)

    def _filled(self, name: str, value: Any, layer: Layer) -> Any:
        step = f"{self.special.get('inventory_hostname', '')}.{name}"
        if step in self._trail:
            circle = [*self._trail[self._trail.index(step) :], step]
            chain = " → ".join(part.rpartition(".")[2] for part in circle)
            raise TemplateFault(f"variables refer to each other in a circle: {chain}", place=layer.place(name))
        self._trail.append(step)
        try:
            with taint.written_in(os.path.dirname(layer.document.file), own=self.is_own(layer)):  # noqa: PTH120
                return render(value, self)
        except TemplateFault as fault:
            raise fault.within(layer.value_place(name)) from fault
        finally:
            self._trail.pop()

    def closure(self, used: Uses) -> Uses:
        """What templates use by way of variables that are templates themselves. Raises `TemplateFault`."""
        total, open_ = used, set(used.names)
        seen: set[str] = set()
        while open_:
            name = open_.pop()
            seen.add(name)
            found = None if name in self.special else self.raw(name)
            if found is not None and has_template(found[0]):
                inner = _uses(name, *found)
                total = total | inner
                open_ |= inner.names - seen
        return total


def _uses(name: str, value: Any, layer: Layer) -> Uses:
    try:
        return uses(value)
    except TemplateFault as fault:
        raise fault.within(layer.value_place(name)) from fault


def _noted(value: Any) -> None:
    if holds_secret(value):
        taint.touch()


def without_secrets(text: str, scope: Scope) -> str:
    """A message in which no password of a scope can be read. What is hidden is not opened for it."""
    found: list[str] = []
    for name in scope.names():
        raw = scope.raw(name) if is_secret(name) else None
        if raw is None or hidden.has_hidden(raw[0]):
            continue
        try:
            value = scope.lookup(name)
        except TemplateFault:
            continue
        if isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) > 1:
            found.append(str(value))
    return Redactor(found, hidden.known()).text(text)


class HostVars(Mapping[str, Any]):
    """``hostvars``: the inventory's variables of every host, resolved where they are used."""

    def __init__(
        self,
        inventory: Inventory,
        extra: Sequence[Layer],
        trail: list[str],
        common: Mapping[str, Any],
        others: OtherHosts | None = None,
    ) -> None:
        self._others = others
        self._inventory = inventory
        self._extra = extra
        self._trail = trail
        self._common = common
        self._views: dict[str, HostView] = {}

    def __getitem__(self, host: str) -> HostView:
        if host not in self._inventory.hosts:
            raise KeyError(host)
        if host not in self._views:
            special = {**self._common, **own_names(self._inventory, host), "hostvars": self}
            layers = (*self._extra, *reversed(self._inventory.host_layers[host]))
            scope = Scope(layers, self._inventory.shared(host), special, self._trail)
            self._views[host] = HostView(scope, None if self._others is None else FactsOf(self._others, host))
        return self._views[host]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inventory.hosts)

    def __len__(self) -> int:
        return len(self._inventory.hosts)


class HostView(Mapping[str, Any]):
    """One host of ``hostvars``."""

    _UNLISTED = frozenset({"hostvars", "groups"})

    def __init__(self, scope: Scope, facts: FactsOf | None) -> None:
        self._scope = scope
        self._facts = facts

    def __getitem__(self, name: str) -> Any:
        from remediators.language.sandbox import BUILT_IN, missing  # noqa: PLC0415 - as above

        if name == "facts":
            found: Any = missing if self._facts is None else self._facts
        else:
            found = self._scope.lookup(name)
        if found is missing or name in BUILT_IN:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope.names() - self._UNLISTED)

    def __len__(self) -> int:
        return len(self._scope.names() - self._UNLISTED)


def own_names(inventory: Inventory, host: str) -> dict[str, Any]:
    """What every host knows about itself."""
    file = inventory.origins.get(host) or None
    return {
        "inventory_file": file,
        "inventory_dir": file and os.path.dirname(file),  # noqa: PTH120 - text in, text out
        "inventory_hostname": host,
        "inventory_hostname_short": host.partition(".")[0],
        "group_names": list(inventory.groups_of(host)),
    }


def host_scope(
    inventory: Inventory,
    host: str,
    *,
    extra: Sequence[Layer] = (),
    above: Sequence[Layer] = (),
    special: Mapping[str, Any] | None = None,
    others: OtherHosts | None = None,
) -> Scope:
    """A host's names: ``extra`` (from ``-e``) wins over ``above`` (of play and task), and that over the inventory."""
    trail: list[str] = []
    common = {"groups": inventory.members}
    hostvars = HostVars(inventory, extra, trail, common, others)
    names = {**common, **own_names(inventory, host), "hostvars": hostvars, **(special or {})}
    layers = (*extra, *above, *reversed(inventory.host_layers[host]))
    return Scope(layers, inventory.shared(host), names, trail, frozenset(map(id, above)))
