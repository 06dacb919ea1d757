"""``remediate show``: a saved plan or a run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from remediators.cli import options
from remediators.cli.options import given


@click.command()
@click.argument("what", metavar="PLAN|RUN", shell_complete=options.runs)
@options.showing
@options.state
def command(what: str, **flags: Any) -> int:
    """Print a saved plan, or a run: an id, 'latest', or its folder."""
    from remediators.cli.plan import print_plan
    from remediators.cli.runs_on_disk import load_plan, told_run, with_head
    from remediators.engine.outcomes import run_document
    from remediators.journal import Journal, State
    from remediators.model.documents import Seal, plan_document
    from remediators.reports.terminal import run_text

    shared = given(**flags)
    state = State(shared.state_dir)
    seal = Seal(state.key())
    if Path(what).is_file():
        print_plan(plan_document(load_plan(Path(what)), seal), shared)
        return 0
    _, folder, _, result = told_run(state, what)
    with Journal(state.journal_path) as journal:
        document = with_head(run_document(result, seal), journal)
    if shared.output == "text":
        click.echo(run_text(document, shared.style, verbose=shared.verbose, full=shared.diff), nl=False)
        click.echo(f"Run {result.id}: {folder}")
    else:
        click.echo(json.dumps(document, indent=2 if shared.output == "json" else None, ensure_ascii=False))
    return 0
