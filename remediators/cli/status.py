"""``remediate status``: from another terminal, where a run stands: from the journal alone, without asking any host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import given

if TYPE_CHECKING:
    from remediators.engine.progress import Progress
    from remediators.model import Plan

SCHEMA = "remediate/status/1"


@click.command()
@click.argument("run", metavar="[RUN]", default="latest", shell_complete=options.runs)
@options.showing
@options.state
def command(run: str, **flags: Any) -> int:
    """Tell hosts in flight, devices armed with the seconds left, services that are down, of a run (default: latest)."""
    from remediators.cli.runs_on_disk import told_run
    from remediators.engine.progress import progress
    from remediators.journal import Journal, State, now

    shared = given(**flags)
    state = State(shared.state_dir)
    name, _, plan, _ = told_run(state, run)
    with Journal(state.journal_path) as journal:
        found = progress(plan, journal.events(name), now())
    document = _document(name, plan, found)
    if shared.output != "text":
        click.echo(json.dumps(document, indent=2 if shared.output == "json" else None, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(document)))
    return 0


def _document(run: str, plan: Plan, found: Progress) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": run,
        "running": found.running,
        "last_event": found.last,
        "hosts": {
            "all": len(plan.hosts),
            "in_flight": [{"name": one.host, "task": one.task} for one in found.in_flight],
            "finished": dict(found.finished),
            "left": list(found.left),
        },
        "armed": [
            {"name": one.host, "seconds_left": one.left, "arming": one.kind, "console": one.console}
            for one in found.armed
        ],
        "down": [{"name": host, "services": list(services)} for host, services in found.down.items()],
    }


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    hosts = document["hosts"]
    ended = ", ".join(f"{count} {status}" for status, count in sorted(hosts["finished"].items())) or "none"
    how = "under way, or its process died" if document["running"] else "over"
    yield f"Run {document['run']}: {how}; last heard of {document['last_event']}"
    yield f"  {hosts['all']} hosts: finished: {ended}; in flight: {len(hosts['in_flight'])}; left: {len(hosts['left'])}"
    yield from (f"  in flight: {one['name']}{_at(one['task'])}" for one in hosts["in_flight"])
    yield from _armed(document["armed"])
    for one in document["down"]:
        yield f"  down: {one['name']}: {', '.join(one['services'])}"


def _at(task: str | None) -> str:
    from remediators.reports.terminal import visible

    return f" ({visible(task)})" if task else ""


def _armed(devices: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in devices:
        gone = "its time is over: it should have gone back" if one["seconds_left"] <= 0 else ""
        yield f"  armed: {one['name']}: {gone or 'goes back by itself in ' + str(one['seconds_left']) + ' seconds'}"
        yield f"    at its console: {one['console']}"
