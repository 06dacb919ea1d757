"""``remediate rollback``: put back what a run changed, newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import Given, given
from remediators.model import Address, Change, HostPlan, Item, Plan, UsageError

if TYPE_CHECKING:
    from remediators.cli.project import Project


@click.command()
@options.of_a_run
@options.running
@click.option("--expect-hosts", type=int, metavar="N", help="Refuse any other number of hosts.")
@click.option("--overwrite", metavar="HOSTS", help="Put these hosts back even where others changed values since.")
def command(run: str, overwrite: str | None, **flags: Any) -> int:
    """Plan, show and apply the way back of a run (an id, 'latest', or its folder)."""
    from remediators.cli.apply import settle
    from remediators.journal import State

    shared = given(**flags)
    found = way_back(run, shared, overwrite=overwrite)
    if found is None:
        name = State(shared.state_dir).find(run)[0]
        click.echo(f"Run {name} began no change: there is nothing to put back.", err=shared.output != "text")
        return 0
    back, project = found
    return settle(back, project, shared, kind="rollback")


def _same(project: Project) -> Project:
    return project


def way_back(
    run: str, shared: Given, *, overwrite: str | None = None, reached: Callable[[Project], Project] = _same
) -> tuple[Plan, Project] | None:
    """
    The plan that puts a run back, from a fresh reading, and the project it is for; ``None`` where nothing was begun.

    ``reached`` may alter how the hosts are worked on. Raises `UsageError`.
    """
    from remediators.cli.at_rest import opened
    from remediators.cli.project import load_for_plan, plan_tasks
    from remediators.cli.runs_on_disk import told_run
    from remediators.cli.secrecy import is_kept, secret_again
    from remediators.engine.rollback import back_tasks, guarded, standing
    from remediators.journal import Journal, State
    from remediators.model.documents import Seal

    state = State(shared.state_dir)
    name, folder, plan, _ = told_run(state, run)
    with Journal(state.journal_path) as journal:
        stands = opened(state, standing(journal.events(name)))
    touched = tuple(host for host in plan.hosts if host.name in stands)
    begun = replace(plan, hosts=tuple(h for h in touched if stands[h.name].begun or stands[h.name].unfinished))
    if not begun.hosts:
        return None
    _tell_lost(stands)
    project = reached(load_for_plan(begun, shared, folder / "plan.json"))
    kept = {host.name: tuple(filter(is_kept, stands[host.name].begun)) for host in begun.hosts}
    tasks = {
        host.name: back_tasks(host.name, host, kept[host.name], stands[host.name].unfinished, project.house)
        for host in begun.hosts
        if host.name in project.hosts
    }
    forced = _forced(overwrite, tasks)
    seal = Seal(state.key())

    def seen(host: HostPlan) -> HostPlan:
        return secret_again(host, kept[host.name], seal, overwrite=host.name in forced)

    back = plan_tasks(project, tasks, shared, extra={"of": name}, seen=seen)
    hosts = (guarded(h, kept[h.name], overwrite=h.name in forced) for h in back.hosts)
    return replace(back, hosts=tuple(map(keys_in_use_stay, hosts))), project


def keys_in_use_stay(host: HostPlan) -> HostPlan:
    """Refuse to remove registry keys in which something stays that was refused: it would go with its key."""
    items: list[Item] = []
    stays: list[Address] = []
    for item in host.items:
        held = next((at for change in item.changes for at in stays if _removes(change, at)), None)
        if held and item.outcome == "change":
            reason = f"{item.changes[0].address} is not empty: {held} is not put back"
            item = replace(item, outcome="refused", reason=reason)  # noqa: PLW2901
        if item.outcome == "refused":
            stays += [change.address for change in item.changes]
        items.append(item)
    return replace(host, items=tuple(items))


def _removes(change: Change, address: Address) -> bool:
    """Whether a change removes the key in or below which an address is."""
    key, inside = change.address, address.identity
    if change.after is not None or not key.kind.startswith("registry-key"):
        return False
    below = address.kind in (key.kind, key.kind.replace("registry-key", "registry"))
    return below and inside.startswith((key.identity + "\\", key.identity + ":"))


def _forced(overwrite: str | None, tasks: Mapping[str, Any]) -> set[str]:
    """The hosts of ``--overwrite``. Raises `UsageError` for one that this rollback has nothing to do with."""
    names = {word.strip() for word in (overwrite or "").split(",") if word.strip()}
    strange = sorted(names - set(tasks))
    if strange:
        raise UsageError(f"--overwrite {strange[0]}: no host of this rollback (there are {', '.join(sorted(tasks))})")
    return names


def _tell_lost(stands: Mapping[str, Any]) -> None:
    from remediators.cli.at_rest import lost
    from remediators.journal.state import VAULT_KEY

    for address in lost(entry for stand in stands.values() for entry in stand.begun):
        words = f"held a secret, which {VAULT_KEY} of the state directory does not open: it is not put back"
        click.echo(f"warning: {address} {words}", err=True)
