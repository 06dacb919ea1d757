"""``remediate rehearse``: a plan there and back on simulated hosts, before any real one is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from remediators.cli import options
from remediators.cli.options import given

NOT_APPROVED = 3


@click.command()
@click.argument("plan", type=click.Path(), metavar="PLAN")
@options.inventory
@options.showing
def command(plan: str, **flags: Any) -> int:
    """
    Try a saved plan in a lab: build hosts from what it observed, apply, verify, roll back, compare.

    It shows that the plan can be carried out and put back to the byte on hosts that are as the plan saw them. It is
    about the lab: none of the plan's hosts is contacted. Exit codes are those of apply.
    """
    from remediators.cli.plan_files import is_plan, load_plan
    from remediators.cli.rehearsal import rehearse
    from remediators.model import UsageError
    from remediators.model.documents import EditedPlan
    from remediators.reports.rehearsal import text
    from remediators.reports.terminal import run_text

    shared = given(**flags)
    path = Path(plan)
    if path.exists() and not is_plan(path):
        raise UsageError(f"{plan}: is no saved plan: remediate plan {plan} --out FILE, then remediate rehearse FILE")
    try:
        found = load_plan(path)
    except EditedPlan as error:
        click.echo(error.message, err=True)
        return NOT_APPROVED
    told = rehearse(found, shared, path)
    if shared.output != "text":
        click.echo(json.dumps(told, indent=2 if shared.output == "json" else None, ensure_ascii=False))
        return int(told["exit_code"])
    for name, run in told["runs"].items() if shared.verbose else ():
        click.echo(f"{name.capitalize()}, in the lab\n{run_text(run, shared.style, verbose=shared.verbose - 1)}")
    click.echo(text(told, shared.style), nl=False)
    return int(told["exit_code"])
