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
@click.option("--verify", "proving", is_flag=True, help="Prove that nothing in the journal was altered or removed.")
@click.option("--export", "target", metavar="FILE", help="Write every event as a line of JSON (- for stdout).")
@click.option("--forget", "age", metavar="AGE", help="Let go of the details of runs older than 365d, 52w, 12h.")
@click.option("-y", "--yes", is_flag=True, help="With --forget: do not ask.")
def command(*, proving: bool, target: str | None, age: str | None, **flags: Any) -> int:
    """All runs, newest last: when, who, what, on how many hosts, and how each ended."""
    from remediators.cli import history
    from remediators.journal import Journal, State

    shared = given(**flags)
    if proving + (target is not None) + (age is not None) > 1:
        raise click.UsageError("give --verify, --export or --forget, and one of them only")
    state = State(shared.state_dir)
    with Journal(state.journal_path) as journal:
        if proving:
            return history.prove(journal, state, shared)
        if target is not None:
            return history.export(journal, target)
        if age is not None:
            return history.forget(journal, state, age, shared)
        started = journal.all_of("run-started")
        finished = history.ends(journal)
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
        "by": started.body.get("by"),
    }


def _line(row: dict[str, Any]) -> str:
    ended = ", ".join(f"{count} {status}" for status, count in sorted(row["statuses"].items()))
    of = f" of {row['of']}" if row["of"] else ""
    change = f"  {row['change']}" if row["change"] else ""
    broken = "  interrupted" if row["interrupted"] else ""
    hosts = f"{row['hosts']} host" + ("" if row["hosts"] == 1 else "s")
    by = f" by {row['by']['user']}" if row["by"] else ""
    return f"{row['id']}  {row['started']}  {row['kind']}{of}{by}  {hosts}: {ended or 'did not end'}{broken}{change}"
