"""``remediate plan``: the dry run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from remediators.cli import options
from remediators.cli.listing import Wanted, show_listing
from remediators.cli.options import Given, given
from remediators.model import UsageError

CHANGES, UNREACHABLE, UNREAD = 2, 4, 1


@click.command()
@click.argument("playbooks", nargs=-1, required=True, type=click.Path(), metavar="PLAYBOOK...")
@options.selecting
@options.connecting
@options.showing
@options.state
@options.window
@options.freeze
@click.option("--out", metavar="FILE", help="Save the plan there, for remediate apply FILE.")
@click.option("--expires", metavar="WHEN", help="Until when it holds: 4h, 2d, a date.  [default: its window, or 7d]")
@click.option("--change", metavar="TICKET", help="The ticket that the plan is for.")
@click.option("--detailed-exitcode", is_flag=True, help="2 instead of 0 when something would change.")
@click.option("--list-hosts", "hosts", is_flag=True, help="Say which hosts each play means, and contact none.")
@click.option("--list-tasks", "tasks", is_flag=True, help="Say which tasks would be looked at, and contact nobody.")
@click.option("--list-tags", "every_tag", is_flag=True, help="Say which tags there are, and contact nobody.")
def command(
    playbooks: tuple[str, ...],
    out: str | None,
    *,
    detailed_exitcode: bool,
    hosts: bool,
    tasks: bool,
    every_tag: bool,
    expires: str | None,
    **flags: Any,
) -> int:
    """Dry run: read every host, show every change, touch nothing."""
    from remediators.cli.courses import check_bounds, expires_with_its_window
    from remediators.cli.plan_files import who
    from remediators.cli.project import load, make_plan
    from remediators.cli.records import digests, expiry
    from remediators.journal import State, write_document
    from remediators.model.documents import Seal, plan_document

    shared = given(**flags)
    wanted = Wanted(hosts, tasks, every_tag)
    if wanted:
        plays = load(playbooks, replace(shared, offline=True)).plays
        click.echo(show_listing(plays, wanted, shared.output), nl=False)
        return 0
    can_be_written(out)
    until = expiry(expires, datetime.now(UTC))
    check_bounds(shared)
    project = load(playbooks, shared)
    plan = make_plan(project, shared)
    until = (None if expires else expires_with_its_window(plan)) or until
    kept = {"author": who(), "expires": until, "inventory_sha256": digests(project.inventory)}
    plan = replace(plan, extra={**plan.extra, **kept, **({"change": shared.change} if shared.change else {})})
    document = plan_document(plan, Seal(State(shared.state_dir).key()))
    if out:
        write_document(Path(out), document)
    print_plan(document, shared)
    if out and shared.output == "text":
        click.echo(f"Saved: remediate apply {out}")
    return _exit_code(document, detailed=detailed_exitcode)


def can_be_written(out: str | None) -> None:
    """Said before any host is contacted, not after a thousand were."""
    if out and (Path(out).is_dir() or not Path(out).resolve().parent.is_dir()):
        why = "is a folder" if Path(out).is_dir() else f"there is no folder {Path(out).resolve().parent}"
        raise UsageError(f"--out {out}: {why}")


def print_plan(document: dict[str, Any], shared: Given) -> None:
    """A plan on standard output, in the form that was asked for."""
    from remediators.reports.rollout import rollout_lines
    from remediators.reports.terminal import plan_text

    if shared.output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif shared.output == "jsonl":
        for host in document["hosts"]:
            click.echo(json.dumps(host, ensure_ascii=False))
        click.echo(json.dumps({"totals": document["totals"], "id": document["id"]}, ensure_ascii=False))
    else:
        click.echo(plan_text(document, shared.style, verbose=shared.verbose, full=shared.diff), nl=False)
        click.echo("".join(f"{line}\n" for line in rollout_lines(document["extra"])), nl=False)


def _exit_code(document: dict[str, Any], *, detailed: bool) -> int:
    totals = document["totals"]
    if totals["unreachable"]:
        return UNREACHABLE
    if totals["failed"] or any(host["status"] == "failed" for host in document["hosts"]):
        return UNREAD
    changing = any(item["outcome"] == "change" for host in document["hosts"] for item in host["items"])
    return CHANGES if detailed and changing else 0
