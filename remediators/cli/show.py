"""``remediate show``: a saved plan or a run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import given

if TYPE_CHECKING:
    from remediators.journal import State


@click.command()
@click.argument("what", metavar="PLAN|RUN", shell_complete=options.runs)
@options.showing
@options.state
@click.option("--kept", metavar="HOST", help="The running configuration of a device before that run, secrets masked.")
@click.option("--reveal", is_flag=True, help="With --kept: secrets and all, as it was.")
def command(what: str, kept: str | None, *, reveal: bool, **flags: Any) -> int:
    """Print a saved plan, or a run: an id, 'latest', or its folder."""
    from remediators.cli.house import some
    from remediators.cli.plan import print_plan
    from remediators.cli.plan_files import load_plan
    from remediators.cli.runs_on_disk import left_names, told_run, with_head
    from remediators.engine.outcomes import run_document
    from remediators.journal import Journal, State
    from remediators.model.documents import Seal, plan_document
    from remediators.reports.terminal import run_text

    shared = given(**flags)
    state = State(shared.state_dir)
    seal = Seal(state.key())
    if reveal and not kept:
        raise click.UsageError("--reveal belongs to --kept HOST")
    if kept:
        click.echo(kept_text(state, what, kept, reveal=reveal), nl=False)
        return 0
    if Path(what).is_file():
        print_plan(plan_document(load_plan(Path(what)), seal), shared)
        return 0
    _, folder, plan, result = told_run(state, what)
    with Journal(state.journal_path) as journal:
        left = left_names(plan, result, journal.events(result.id))
        document = with_head(run_document(result, seal), journal)
    if shared.output == "text":
        click.echo(run_text(document, shared.style, verbose=shared.verbose, full=shared.diff), nl=False)
        click.echo(f"Run {result.id}: {folder}")
        if left:
            click.echo(f"Left: {some(left)}. To go on: remediate resume {result.id}")
    else:
        click.echo(json.dumps(document, indent=2 if shared.output == "json" else None, ensure_ascii=False))
    return 0


def kept_text(state: State, name: str, host: str, *, reveal: bool) -> str:
    """The configuration of a device as a run found it. Raises `UsageError` where none is kept, or cannot be read."""
    from remediators.engine.recorder import kept_path
    from remediators.journal import decrypted
    from remediators.model import UsageError
    from remediators.quoting.config_line import masked as masked_line
    from remediators.transports.network_transcript import masked

    run, folder = state.find(name)
    path = kept_path(folder, host)
    if not path.is_file():
        raise UsageError(f"run {run} kept no configuration of {host}: one is kept of every device before it is changed")
    try:
        text = decrypted(state.key(), path.read_text(encoding="ascii"))
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}") from error
    return text if reveal else "".join(map(masked_line, masked(text).splitlines(keepends=True)))
