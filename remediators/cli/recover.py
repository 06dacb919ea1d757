"""``remediate recover``: how the hosts stand that a run left in doubt, and the last word for armed devices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import Given, given
from remediators.model import HostPlan, Redactor, UsageError

if TYPE_CHECKING:
    from remediators.cli.project import Project
    from remediators.engine.fleet import Fleet
    from remediators.engine.recovery import Recovery, Trail
    from remediators.journal import Journal
    from remediators.model.documents import Seal

SCHEMA = "remediate/recovery/1"
REFUSED = 3
SETTLED = ("changed", "reverted", "not_started", "ok")


@click.command()
@options.of_a_run
@options.state
@options.take_over
@click.option("--confirm", multiple=True, metavar="HOST", help="Keep the change of an armed device, and save it.")
@click.option("--revert", multiple=True, metavar="HOST", help="Let an armed device go back now.")
def command(run: str, confirm: tuple[str, ...], revert: tuple[str, ...], **flags: Any) -> int:
    """Read the hosts in doubt of a run (an id, 'latest', or its folder): before, after, foreign or unfinished."""
    from remediators.cli.courses import alone
    from remediators.cli.interrupts import INTERRUPTED, finishing
    from remediators.cli.project import fleet_of, load_for_plan
    from remediators.cli.runs_on_disk import told_run
    from remediators.engine.recovery import trails
    from remediators.journal import Journal, State
    from remediators.model.documents import Seal

    shared = given(**flags)
    state = State(shared.state_dir)
    seal = Seal(state.key())
    name, folder, plan, _ = told_run(state, run)
    wishes = _wishes(confirm, revert, {host.name for host in plan.hosts})
    with Journal(state.journal_path) as journal:
        known = trails(journal.events(name))
        doubtful = [host for host in plan.hosts if host.name in known and known[host.name].doubtful]
        hosts = tuple(host for host in plan.hosts if host in doubtful or host.name in wishes)
        if not hosts:
            return _nobody(name, shared)
        project = load_for_plan(replace(plan, hosts=hosts), shared, folder / "plan.json")
        look = _looked(hosts, known, wishes, project, _Place(name, folder, journal, seal))
        fleet = fleet_of(project, shared)
        with finishing(fleet.stop), alone(tuple(wishes), shared, "recover", name, journal) as reasons:
            looked = [] if reasons else look(fleet)
    if reasons:
        click.echo("\n".join(reasons), err=True)
        return REFUSED
    _print(name, looked, shared, project.redactor, seal)
    return INTERRUPTED if fleet.stop.is_set() else _exit_code(looked)


def _wishes(confirm: Sequence[str], revert: Sequence[str], names: set[str]) -> dict[str, str]:
    """What is wished for which host. Raises `UsageError` for hosts that the run has not, or both wishes for one."""
    strange = sorted({*confirm, *revert} - names)
    if strange:
        raise UsageError(f"{strange[0]}: no host of this run (there are {', '.join(sorted(names))})")
    both = sorted({*confirm} & {*revert})
    if both:
        raise UsageError(f"{both[0]}: --confirm or --revert, and not both")
    return {**dict.fromkeys(confirm, "confirm"), **dict.fromkeys(revert, "revert")}


def _nobody(run: str, shared: Given) -> int:
    if shared.output == "text":
        click.echo(f"Run {run} left no host in doubt.")
    else:
        click.echo(json.dumps({"schema": SCHEMA, "run": run, "hosts": []}))
    return 0


@dataclass(frozen=True, slots=True)
class _Place:
    """A run as it lies on disk, its journal open."""

    run: str
    folder: Path
    journal: Journal
    seal: Seal


def _looked(
    hosts: Sequence[HostPlan], known: Mapping[str, Trail], wishes: Mapping[str, str], project: Project, place: _Place
) -> Callable[[Fleet], list[Recovery]]:
    """How to look at all of them side by side, in the order of the plan."""
    from remediators.engine.recorder import Recorder
    from remediators.engine.recovery import Recovery, Survey, Trail, recover_host
    from remediators.model import RemediationError

    record = Recorder(place.run, place.journal, place.folder, seal=place.seal, redactor=project.redactor)

    def look(fleet: Fleet, plan: HostPlan) -> Recovery:
        host, trail = project.hosts[plan.name], known.get(plan.name, Trail())
        try:
            session = fleet.connect(host)
        except RemediationError as error:
            return Recovery(plan.name, "unreachable", error=error.message, detail=error.detail)
        try:
            wish = wishes.get(plan.name, "")
            return recover_host(Survey(host, plan, trail, session, project.house, record, place.seal, wish))
        finally:
            session.close()

    def all_of(fleet: Fleet) -> list[Recovery]:
        wanted = [host for host in hosts if host.name in project.hosts]
        looks = fleet.spread(wanted, lambda plan: look(fleet, plan), fleet.forks, fleet.stop)
        done = {found.host: found for _, found in looks}
        return [done[host.name] for host in wanted if host.name in done]

    return all_of


def _exit_code(looked: Sequence[Recovery]) -> int:
    """
    0: every host stands as it was or as planned. Bit 2: one does not, or is still armed; bit 4: one unreachable;
    3: a wish was refused.
    """
    statuses = {found.status for found in looked}
    code = (2 if statuses - {*SETTLED, "unreachable"} else 0) | (4 if "unreachable" in statuses else 0)
    return code or (3 if any(found.refused for found in looked) else 0)


def _print(run: str, looked: Sequence[Recovery], shared: Given, redactor: Redactor, seal: Seal) -> None:
    documents = [redactor.value(_document(found, seal)) for found in looked]
    if shared.output == "json":
        click.echo(json.dumps({"schema": SCHEMA, "run": run, "hosts": documents}, indent=2, ensure_ascii=False))
    elif shared.output == "jsonl":
        for document in documents:
            click.echo(json.dumps({"run": run, **document}, ensure_ascii=False))
    else:
        click.echo("\n".join(line for document in documents for line in _lines(document, run, shared)))


def _document(found: Recovery, seal: Seal) -> dict[str, Any]:
    from remediators.model.documents import change_document

    changes = [
        {
            **change_document(one.change, seal),
            "state": one.state,
            "begun": one.begun,
            **({"now": one.now} if one.state == "foreign" and not one.change.sensitive else {}),
        }
        for one in found.changes
    ]
    actions = [
        {"task": one.task, "action": one.action, "state": one.state, "reason": one.reason} for one in found.actions
    ]
    armed = None if found.left is None else {"seconds_left": round(found.left, 1), "console": found.console}
    document = {"name": found.host, "status": found.status, "error": found.error, "armed": armed}
    heard = {"detail": found.detail} if found.detail else {}
    return {**document, "changes": changes, "actions": actions, "told": list(found.told), **heard}


def _lines(host: Mapping[str, Any], run: str, shared: Given) -> Iterator[str]:
    from remediators.reports.terminal import say, visible

    error = f": {visible(host['error'])}" if host["error"] else ""
    yield f"{host['name']} {host['status']}{error}"
    yield from (f"  {visible(text)}" for text in host["told"])
    for change in host["changes"]:
        values = f"{say(change['before'])} → {say(change['after'])}"
        now = f": it is {say(change['now'])}" if "now" in change else ""
        begun = "" if change["begun"] else " (not begun)"
        yield f"  {visible(change['resource'])}  {values}  {change['state']}{begun}{now}"
    for action in host["actions"]:
        reason = f": {visible(action['reason'])}" if action["reason"] else ""
        yield f"  {action['action']} ({visible(action['task'])})  {action['state']}{reason}"
    yield from (f"  | {visible(line)}" for line in host.get("detail", "").splitlines() if shared.verbose)
    if host["armed"]:
        reboots = "`reload cancel`" in host["armed"]["console"]  # no line takes that back: only its reload does
        back = "only its reload" if reboots else f"--revert {host['name']}"
        yield f"  remediate recover {run} --confirm {host['name']} keeps it, {back} takes it back"
        yield f"  at its console: {host['armed']['console']}"
    elif host["status"] not in SETTLED:
        yield f"  to put it back: remediate rollback {run} -l {host['name']}"
