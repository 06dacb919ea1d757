"""``--list-hosts``, ``--list-tasks`` and ``--list-tags``: what would be worked on, told without contacting anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remediators.language.plays import PlayTask
    from remediators.language.tasks import BoundPlay


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list."""

    hosts: bool = False
    tasks: bool = False
    tags: bool = False

    def __bool__(self) -> bool:
        return self.hosts or self.tasks or self.tags


def listing(plays: Sequence[BoundPlay], wanted: Wanted) -> dict[str, Any]:
    """The plays as plain JSON, with what was asked for."""
    return {"plays": [dict(_of_play(play, wanted)) for play in plays]}


def _of_play(play: BoundPlay, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    yield "play", play.name
    yield "pattern", play.pattern
    if wanted.hosts:
        yield "hosts", list(play.hosts)
    if wanted.tasks:
        yield "tasks", [_of_task(task) for task in play.tasks]
        yield "handlers", [_of_task(task) for task in play.handlers]
    if wanted.tags:
        yield "tags", sorted({tag for task in play.tasks for tag in task.tags})


def _of_task(task: PlayTask) -> dict[str, Any]:
    return {"name": task.name, "remediator": task.remediator, "where": str(task.place), "tags": sorted(task.tags)}


def listing_text(listed: dict[str, Any]) -> str:
    """The same, for people."""
    return "\n".join(line for play in listed["plays"] for line in _lines(play)) + "\n"


def _lines(play: dict[str, Any]) -> Iterator[str]:
    yield f"{play['play']} ({play['pattern']})"
    if "hosts" in play:
        yield f"  hosts ({len(play['hosts'])}):"
        yield from (f"    {host}" for host in play["hosts"])
    for kind in ("tasks", "handlers"):
        if play.get(kind):
            yield f"  {kind}:"
            yield from (f"    {_task_line(task)}" for task in play[kind])
    if "tags" in play:
        yield f"  tags: {', '.join(play['tags']) or 'none'}"


def _task_line(task: dict[str, Any]) -> str:
    tags = f"  [{', '.join(task['tags'])}]" if task["tags"] else ""
    return f"{task['name']}  ({task['remediator']}){tags}"


def show_listing(plays: Sequence[BoundPlay], wanted: Wanted, output: str) -> str:
    """What goes to standard output."""
    found = listing(plays, wanted)
    return listing_text(found) if output == "text" else json.dumps(found, indent=2 if output == "json" else None) + "\n"
