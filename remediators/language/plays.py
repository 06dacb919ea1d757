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
class PlayTask:
    """A task or handler as it was written, with its templates not yet filled in."""

    name: str
    place: Place
    remediator: str
    options: Any
    when: tuple[tuple[Any, Place], ...] = ()
    loop: Any = None
    tags: frozenset[str] = frozenset()
    notify: tuple[str, ...] = ()
    variables: Layer | None = None
    ignore_errors: bool = False
    verify: Mapping[str, Any] = field(default_factory=dict)
    cause: int | None = None
    sensitive: bool = False
    allow_unverified: bool = False
    handler: bool = False

    @property
    def where(self) -> str:
        return f"{'handler' if self.handler else 'task'} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Play:
    """A play: which hosts, its variables (highest first), and its tasks and handlers in order."""

    name: str
    place: Place
    hosts: str | tuple[str, ...]
    layers: tuple[Layer, ...]
    tasks: tuple[PlayTask, ...]
    handlers: tuple[PlayTask, ...]
    directory: str


@dataclass(frozen=True, slots=True)
class Playbook:
    """A file of plays; ``sha256`` is of its bytes, ``vars_files`` are paths with theirs."""

    path: str
    sha256: str
    plays: tuple[Play, ...]
    vars_files: tuple[tuple[str, str], ...] = ()
