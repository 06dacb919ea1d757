"""Plays and tasks as they were written, and what they may name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.language.draft import Layer
from remediators.language.source import Place


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What playbooks may name: remediators and checks with their option models (pydantic), facts, variables."""

    remediators: Mapping[str, type[Any]] = field(default_factory=dict)
    checks: Mapping[str, type[Any]] = field(default_factory=dict)
    facts: Collection[str] = ()
    variables: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class LoopControl:
    """What the turns of a loop are called: names of the item and its number, and what is shown of a turn."""

    item: str = "item"
    index: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class PlayTask:
    """A task or handler as it was written, with its templates not yet filled in. ``layers`` come highest first."""

    name: str
    place: Place
    remediator: str
    options: Any
    when: tuple[tuple[Any, Place], ...] = ()
    loop: Any = None
    tags: frozenset[str] = frozenset()
    notify: Mapping[str, Place] = field(default_factory=dict)  # each handler, and where it is named
    layers: tuple[Layer, ...] = ()
    ignore_errors: bool = False
    verify: Mapping[str, Any] = field(default_factory=dict)
    on_verify_failure: str = "stop"
    guard: int = 0
    cause: int | None = None
    sensitive: bool = False
    allow_unverified: bool = False
    handler: bool = False
    run_once: bool = False
    throttle: int | None = None
    control: LoopControl = LoopControl()

    @property
    def where(self) -> str:
        return f"{'handler' if self.handler else 'task'} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Play:
    """
    A play: which hosts, its variables (highest first), and its tasks and handlers in order.

    ``pace`` holds the keys that say how it goes over its hosts, as they were written.
    """

    name: str
    place: Place
    hosts: str | tuple[str, ...]
    layers: tuple[Layer, ...]
    tasks: tuple[PlayTask, ...]
    handlers: tuple[PlayTask, ...]
    directory: str
    pace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Playbook:
    """
    A file of plays; ``sha256`` is of its bytes.

    ``files`` are the paths, with theirs, of all that it brought in: variables, tasks, playbooks.
    """

    path: str
    sha256: str
    plays: tuple[Play, ...]
    files: tuple[tuple[str, str], ...] = ()
