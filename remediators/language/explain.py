"""Who set a variable of a host: every place that says something about it, the one that wins first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from remediators.language.draft import Layer
from remediators.language.inventory import Inventory
from remediators.language.inventory_views import HIDDEN
from remediators.language.natives import TemplateFault
from remediators.language.plays import Play
from remediators.language.problems import Problem
from remediators.language.source import LineDocument, Place
from remediators.language.templating import has_template
from remediators.language.variables import host_scope

LEVELS = ("all", "group", "host", "play", "task", "-e")  # lowest first


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One place that sets a variable.

    ``level`` is one of `LEVELS`; ``who`` is the group, the play or the task; ``value`` is as it is written.
    """

    level: str
    who: str
    value: Any
    file: str
    line: int
    column: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Explained:
    """
    A variable of a host.

    ``settings`` holds who sets it, highest first; ``value`` is what templates get, ``fault`` says why they get none.
    """

    host: str
    name: str
    settings: tuple[Setting, ...]
    value: Any
    fault: Problem | None = None


def explain(
    inventory: Inventory, host: str, name: str, *, extra: Sequence[Layer] = (), plays: Sequence[Play] = ()
) -> Explained:
    """
    Who sets a variable of a host, and what it comes out as.

    ``plays`` are those that work on the host: what they and their tasks set counts, each in its own tasks.
    """
    settings = tuple(_settings(inventory, host, name, extra, plays))
    above = [layer for _, _, layer in (*_of_tasks(plays), *_of_plays(plays))]
    scope = host_scope(inventory, host, extra=extra, above=above)
    try:
        found = scope.raw(name)
        value = scope.lookup(name) if found is not None and has_template(found[0]) else found and found[0]
    except TemplateFault as fault:
        place = fault.place or Place(LineDocument("inventory", ""))
        told = place.problem(f"variable {name!r}", f"on {host}: {fault.what}", fault.hint, fault.word)
        return Explained(host, name, settings, None, told)
    return Explained(host, name, settings, HIDDEN if settings and settings[0].value is HIDDEN else value)


def _settings(
    inventory: Inventory, host: str, name: str, extra: Sequence[Layer], plays: Sequence[Play]
) -> Iterator[Setting]:
    for layer in extra:
        yield from _setting("-e", "", layer, name)
    for level, who, layer in (*_of_tasks(plays), *_of_plays(plays)):
        yield from _setting(level, who, layer, name)
    for layer in reversed(inventory.host_layers[host]):
        yield from _setting("host", host, layer, name)
    for group in reversed(inventory.in_order(inventory.memberships[host])):
        for layer in reversed(group.layers):
            yield from _setting("all" if group.name == "all" else "group", group.name, layer, name)


def _of_tasks(plays: Iterable[Play]) -> Iterator[tuple[str, str, Layer]]:
    for play in plays:
        for task in (*play.tasks, *play.handlers):
            for layer in task.layers:
                yield "task", task.name, layer


def _of_plays(plays: Iterable[Play]) -> Iterator[tuple[str, str, Layer]]:
    for play in plays:
        for layer in play.layers:
            yield "play", play.name, layer


def _setting(level: str, who: str, layer: Layer, name: str) -> Iterator[Setting]:
    if name in layer.values:
        place = layer.place(name)
        spot = place.document.spot(place.path, on_key=True)
        value = HIDDEN if getattr(layer.document, "vaulted", False) else layer.values[name]
        yield Setting(level, who, value, place.document.file, spot.line, spot.column)
