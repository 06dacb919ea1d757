"""The history as evidence: proving the journal's chain, handing it out, and letting old details go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli.durations import duration
from remediators.cli.options import Given
from remediators.model import UsageError

if TYPE_CHECKING:
    from remediators.journal import Event, Head, Journal, State

BROKEN = 1


def prove(journal: Journal, state: State, shared: Given) -> int:
    """Follow the chain, and compare it with what every run was told at its end. Gives the exit code."""
    found = journal.verify(told_heads(state))
    told = {"events": found.events, "let_go": found.let_go, "head": found.head.chain, "wrong": found.wrong}
    if shared.output != "text":
        click.echo(json.dumps({"intact": found.wrong is None, **told}))
    elif found.wrong:
        click.echo(f"{state.journal_path}: NOT intact: {found.wrong}", err=True)
    else:
        gone = f", {found.let_go} of them without their details" if found.let_go else ""
        click.echo(f"{state.journal_path}: intact, {found.events} events{gone}; it ends with {found.head.chain}")
    return BROKEN if found.wrong else 0


def told_heads(state: State) -> Iterator[Head]:
    """What the run documents say of the journal as it was when their run ended."""
    from remediators.journal import Head

    for path in sorted(state.runs.glob("*/run.json")):
        try:
            noted = json.loads(path.read_text(encoding="utf-8")).get("journal") or {}
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(noted, dict) and isinstance(noted.get("number"), int):
            yield Head(noted["number"], str(noted.get("chain")))


def export(journal: Journal, target: str) -> int:
    """Every event as a line of JSON, with its place in the chain."""
    from remediators.journal import write_private

    lines = [_exported(link) for link in journal.links()]
    text = "".join(f"{line}\n" for line in lines)
    if target == "-":
        click.echo(text, nl=False)
    else:
        write_private(Path(target), text)
        click.echo(f"{target}: {len(lines)} events")
    return 0


def _exported(link: Any) -> str:
    body = None if link.body is None else json.loads(link.body)
    fields = {name: getattr(link, name) for name in ("number", "run", "kind", "host", "at")}
    return json.dumps({**fields, "body": body, "digest": link.digest, "chain": link.chain}, ensure_ascii=False)


def forget(journal: Journal, state: State, age: str, shared: Given) -> int:
    """Let go of the details of runs that ended so long ago, and of their folders. The chain stays whole."""
    before = datetime.now(UTC) - _span(age)
    finished = ends(journal)
    old = [run for run, event in finished.items() if _when(event) < before and not _in_doubt(event)]
    if not old:
        click.echo(f"No run that ended {age} ago or earlier is left to forget.")
        return 0
    told = f"{len(old)} run{'' if len(old) == 1 else 's'} that ended {age} ago or earlier"
    if not shared.yes and not click.confirm(f"{told} could not be rolled back, shown or recovered any more. Forget?"):
        return 3
    for run in old:
        shutil.rmtree(state.runs / run, ignore_errors=True)
    count = journal.let_go(old)
    click.echo(f"Forgot the details of {told} ({count} events). The chain stays whole: remediate runs --verify")
    return 0


def ends(journal: Journal) -> dict[str, Event]:
    """The last end of every run that came to it; a run that was resumed must end anew."""
    resumed = {event.run: event.number for event in journal.all_of("run-resumed")}
    finished = {event.run: event for event in journal.all_of("run-finished")}
    return {run: event for run, event in finished.items() if event.number > resumed.get(run, 0)}


def _when(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)


def _in_doubt(event: Event) -> bool:
    """A run that left something unknown or unfinished is kept until that is settled."""
    return bool(event.body["interrupted"]) or "unknown" in event.body["statuses"].values()


def _span(age: str) -> timedelta:
    found = duration(age, "dwh")
    if found is None:
        raise UsageError(f"--forget takes an age such as 365d, 52w or 12h, and not {age!r}")
    return found
