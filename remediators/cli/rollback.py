"""``remediate rollback``: put back what a run changed, newest first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from remediators.cli import options
from remediators.cli.options import given


@click.command()
@click.argument("run", metavar="RUN")
@options.inventory
@options.limit
@options.extra_vars
@options.connecting
@options.showing
@options.running
@click.option("--expect-hosts", type=int, metavar="N", help="Refuse any other number of hosts.")
@click.option("--overwrite", metavar="HOSTS", help="Put these hosts back even where others changed values since.")
def command(run: str, overwrite: str | None, **flags: Any) -> int:
    """Plan, show and apply the way back of a run (an id, 'latest', or its folder)."""
    from remediators.cli.apply import settle
    from remediators.cli.project import load_for_plan, plan_tasks
    from remediators.cli.runs_on_disk import told_run
    from remediators.engine.rollback import back_tasks, guarded, standing
    from remediators.journal import Journal, State

    shared = given(**flags)
    state = State(shared.state_dir)
    name, folder, plan, _ = told_run(state, run)
    with Journal(state.journal_path) as journal:
        stands = standing(journal.events(name))
    touched = tuple(host for host in plan.hosts if host.name in stands)
    begun = replace(plan, hosts=tuple(h for h in touched if stands[h.name].begun or stands[h.name].unfinished))
    if not begun.hosts:
        click.echo(f"Run {name} began no change: there is nothing to put back.")
        return 0
    project = load_for_plan(begun, shared, folder / "plan.json")
    tasks = {
        host.name: back_tasks(host.name, host, stands[host.name].begun, stands[host.name].unfinished, project.house)
        for host in begun.hosts
        if host.name in project.hosts
    }
    back = plan_tasks(project, tasks, shared, extra={"of": name})
    forced = {word.strip() for word in (overwrite or "").split(",")}
    hosts = tuple(guarded(h, stands[h.name].begun, overwrite=h.name in forced) for h in back.hosts)
    return settle(replace(back, hosts=hosts), project, shared, kind="rollback")
