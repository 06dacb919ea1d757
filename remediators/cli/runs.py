"""``remediate runs``: history."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from remediators.cli import options
from remediators.cli.options import given


@click.command()
@options.showing
@options.state
def command(**flags: Any) -> int:
    """All runs, newest last: when, what, on how many hosts, and how each ended."""
    from remediators.journal import Journal, State

    shared = given(**flags)
    state = State(shared.state_dir)
    with Journal(state.journal_path) as journal:
        started = journal.all_of("run-started")
        finished = {event.run: event for event in journal.all_of("run-finished")}
    rows = [_row(event, finished.get(event.run)) for event in started]
    if shared.output == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False) if shared.output == "jsonl" else _line(row))
    if not rows and shared.output == "text":
        click.echo(f"No runs yet in {state.root}.")
    return 0


def _row(started: Any, finished: Any) -> dict[str, Any]:
    statuses = Counter(finished.body["statuses"].values()) if finished else Counter()
    interrupted = finished is None or finished.body["interrupted"]
    return {
        "id": started.run,
        "kind": started.body["what"],
        "started": started.at,
        "finished": finished.at if finished else None,
        "hosts": len(started.body["hosts"]),
        "statuses": dict(statuses),
        "interrupted": interrupted,
        "change": started.body.get("change"),
        "of": started.body.get("of"),
    }


def _line(row: dict[str, Any]) -> str:
    ended = ", ".join(f"{count} {status}" for status, count in sorted(row["statuses"].items()))
    of = f" of {row['of']}" if row["of"] else ""
    change = f"  {row['change']}" if row["change"] else ""
    broken = "  interrupted" if row["interrupted"] else ""
    hosts = f"{row['hosts']} host" + ("" if row["hosts"] == 1 else "s")
    return f"{row['id']}  {row['started']}  {row['kind']}{of}  {hosts}: {ended or 'did not end'}{broken}{change}"
