"""``remediate resume``: go on where a run stopped, in the same run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import Given, given
from remediators.model import Plan, UsageError

if TYPE_CHECKING:
    from remediators.cli.project import Project
    from remediators.cli.runs_on_disk import Carried
    from remediators.engine.outcomes import RunResult
    from remediators.engine.resuming import Left
    from remediators.journal import Event, Journal, State

NOT_DONE = 3
AWAY = 4
_MOST_TASKS = 3


@click.command()
@options.of_a_run
@options.running
@options.window
@options.outside_window
@options.freeze
@click.option("--expect-hosts", type=int, metavar="N", help="Refuse any other number of hosts that are left.")
def command(run: str, **flags: Any) -> int:
    """Go on with a run (an id, 'latest', or its folder) where it stopped: hosts in doubt first, then those left."""
    from remediators.journal import Journal, State
    from remediators.model.documents import EditedPlan

    shared = given(**flags)
    state = State(shared.state_dir)
    with Journal(state.journal_path) as journal:
        try:
            stopped = _stopped(state, journal, run)
        except EditedPlan as error:
            click.echo(error.message, err=True)
            return NOT_DONE
        return _resume(stopped, shared) if stopped.left else _nothing(stopped, shared)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run as it stands: its plan, what its journal tells, the hosts that are left, and why some must stay so."""

    state: State
    journal: Journal
    run: str
    folder: Path
    plan: Plan
    events: Sequence[Event]
    result: RunResult
    left: Mapping[str, Left]
    not_now: frozenset[str] = frozenset()  # left, and not selected

    @property
    def kind(self) -> str:
        """What it does, also where it was killed before it could say so."""
        began = any(event.kind == "run-started" for event in self.events)
        return self.result.kind if began else ("rollback" if "of" in self.plan.extra else "apply")


def _stopped(state: State, journal: Journal, name: str) -> Stopped:
    from remediators.cli.plan_files import load_plan
    from remediators.engine.history import from_journal
    from remediators.engine.resuming import left_of

    run, folder = state.find(name)
    if not (folder / "plan.json").is_file():
        raise UsageError(f"run {run} ended before its plan was written, and began nothing: plan again")
    plan = load_plan(folder / "plan.json")
    events = journal.events(run)
    result = from_journal(run, plan, events)
    return Stopped(state, journal, run, folder, plan, events, result, left_of(plan, result.hosts, events))


def _nothing(stopped: Stopped, shared: Given) -> int:
    """Nothing is left; a run that died after its last host, and before it said that it ended, ends now."""
    if not stopped.result.finished:
        from remediators.cli.runs_on_disk import keep

        held = list(_held(stopped))
        for reason in held:
            click.echo(reason, err=True)
        if held:
            return NOT_DONE
        _end(stopped)
        keep(stopped.folder / "run.json", _ended(stopped, 0).document)
    if shared.output == "text":
        click.echo(f"Run {stopped.run}: nothing is left to be done.")
    else:
        click.echo(json.dumps(_ended(stopped, 0).document, ensure_ascii=False))
    return 0


def _held(stopped: Stopped) -> Iterator[str]:
    """Why nothing is done where the run itself is still at work, or another on its hosts."""
    from remediators.cli.courses import told
    from remediators.journal import Leases

    held = Leases(stopped.state.leases_path).others([host.name for host in stopped.plan.hosts])
    yield from (told(name, str(lease)) for name, lease in held.items() if lease.run == stopped.run)


def _end(stopped: Stopped) -> None:
    from remediators.cli.at_rest import sealing
    from remediators.cli.plan_files import who
    from remediators.engine.recorder import Recorder
    from remediators.model import Redactor

    record = Recorder(stopped.run, stopped.journal, stopped.folder, seal=sealing(stopped.state), redactor=Redactor())
    _begun(stopped, record)
    record.note("run-resumed", by=who(), hosts=[])
    statuses = {host.name: host.status for host in stopped.result.hosts}
    record.note("run-finished", statuses=statuses, interrupted=False)


def _resume(stopped: Stopped, shared: Given) -> int:
    from remediators.cli.apply import approved
    from remediators.cli.courses import barred
    from remediators.cli.project import load_for_plan

    wanted = {*stopped.left, *_to_be_soaked(stopped)}
    left = tuple(host for host in stopped.plan.hosts if host.name in wanted)
    project = load_for_plan(replace(stopped.plan, hosts=left), shared, stopped.folder / "plan.json")
    mine = {name: host for name, host in stopped.left.items() if name in project.hosts}
    not_now = frozenset(stopped.left) - set(mine)
    stopped = replace(stopped, left=mine, not_now=not_now, plan=_bounded(stopped.plan, shared))
    if shared.output == "text":
        click.echo("\n".join(_lines(stopped, shared)))
    reasons = barred(replace(stopped.plan, hosts=tuple(host.plan for host in mine.values())), shared, stopped.kind)
    for reason in reasons:
        click.echo(reason, err=True)
    if reasons:
        return NOT_DONE
    if not approved(shared, "Go on with this run?"):
        click.echo("Not approved: nothing was touched.")
        return NOT_DONE
    return _carry_on(stopped, project, shared)


def _to_be_soaked(stopped: Stopped) -> set[str]:
    """Canaries that are done, and that nobody has looked at after their soak."""
    from remediators.engine.resuming import soaked

    waves = (stopped.plan.extra.get("rollout") or {}).get("waves", ())
    return {name for wave in waves if wave.get("soak") for name in wave["hosts"]} - soaked(stopped.events)


def _bounded(plan: Plan, shared: Given) -> Plan:
    """A window that is given now takes the place of the plan's own, which may be over for good."""
    return replace(plan, extra={**plan.extra, "windows": []}) if shared.window else plan


def _lines(stopped: Stopped, shared: Given) -> Iterator[str]:
    """What is left, host by host."""
    from remediators.reports.terminal import visible

    count, total = len(stopped.left), len(stopped.plan.hosts)
    yield f"Run {stopped.run}: {count} of {total} host{'' if total == 1 else 's'} to go on with"
    for name, host in stopped.left.items():
        error = f": {host.told.error}" if host.told.error else ""
        yield f"  {name}  {visible(host.told.status + error)}"
        tasks = list(dict.fromkeys(_tasks(host)))
        shown = tasks if shared.verbose else tasks[:_MOST_TASKS]
        more = [f"and {len(tasks) - len(shown)} more"] if len(tasks) > len(shown) else []
        yield f"      {visible('; '.join([*shown, *more]))}"


def _tasks(host: Left) -> Iterator[str]:
    undone = [item for item in host.told.items if item.item.outcome == "change" and not item.item.handler]
    undone = [item for item in undone if item.status not in ("ok", "changed")]
    yield from (item.item.task for item in undone)
    if not undone:
        yield "handlers, checks and the last reading"


def _carry_on(stopped: Stopped, project: Project, shared: Given) -> int:
    from remediators.cli.at_rest import sealing
    from remediators.cli.runs_on_disk import keep, mirror, print_ended, watcher, whoever_reads
    from remediators.engine.recorder import Recorder

    stopped = _with_secrets(stopped, shared)
    _whole_folder(stopped, project)
    seal = sealing(stopped.state)
    record = Recorder(
        stopped.run, stopped.journal, stopped.folder, seal=seal, redactor=project.redactor, watch=watcher(shared)
    )
    code = _worked(stopped, project, shared, record)
    ended = _ended(stopped, code)
    keep(ended.folder / "run.json", ended.document)
    if shared.copy_to:
        mirror(ended.folder, shared.copy_to / ended.folder.name)
    with whoever_reads():
        print_ended(ended, shared)
    return code


def _worked(stopped: Stopped, project: Project, shared: Given, record: Any) -> int:
    """Go over the hosts that are left. Gives the exit code."""
    from remediators.cli.courses import under_way
    from remediators.cli.interrupts import INTERRUPTED, finishing
    from remediators.cli.progress import flight
    from remediators.cli.project import fleet_of
    from remediators.cli.runs_on_disk import teller
    from remediators.engine.resuming import Standing, resume_fleet, soaked

    fleet = fleet_of(project, shared)
    stands = Standing(
        _of_these(stopped), stopped.result.hosts, stopped.left, soaked(stopped.events), _put_back_since(stopped)
    )
    with (
        under_way(stands.plan, shared, stopped.kind, record, only=stopped.left) as course,
        flight(len(stopped.left), title="resume", quiet=shared.output != "text") as board,
        finishing(fleet.stop),
    ):
        if set(stopped.left) <= set(course.held):  # somebody else has just begun to go on with it
            for reason in course.held.values():
                click.echo(reason, err=True)
            return NOT_DONE
        _begun(stopped, record)
        shown = replace(fleet, begun=board.begun, ended=board.ended, tell=teller(shared))
        away = resume_fleet(shown, stands, project.hosts, record, course=course, by=_by(shared))
    return INTERRUPTED if fleet.stop.is_set() else _exit_code(stopped, away)


def _by(shared: Given) -> dict[str, Any]:
    """Who goes on, and with which reasons."""
    from remediators.cli.plan_files import who

    reasons = {name: getattr(shared, name) for name in ("change", "window", "outside_window", "take_over")}
    return {"by": who(), **{name: text for name, text in reasons.items() if text}}


def _of_these(stopped: Stopped) -> Plan:
    """The plan with the hosts that are gone on with, and those that are done."""
    mine = {name: host.plan for name, host in stopped.left.items()}
    hosts = (mine.get(host.name, host) for host in stopped.plan.hosts if host.name not in stopped.not_now)
    return replace(stopped.plan, hosts=tuple(hosts))


def _begun(stopped: Stopped, record: Any) -> None:
    """A run that died before it could say that it began says so now."""
    if not any(event.kind == "run-started" for event in stopped.events):
        plan = stopped.plan
        names = [host.name for host in plan.hosts]
        record.note(
            "run-started", **{**plan.extra, "what": stopped.kind, "plan": plan.id, "tool": plan.tool, "hosts": names}
        )


def _put_back_since(stopped: Stopped) -> dict[str, str]:
    """Hosts that a rollback of this run has begun to put back: to go on would be to work against it."""
    backs = {event.run for event in stopped.journal.all_of("run-started") if event.body.get("of") == stopped.run}
    begun = [
        event for kind in ("intent", "action-intent") for event in stopped.journal.all_of(kind) if event.run in backs
    ]
    return {event.host: f"run {event.run} put it back since: plan again" for event in begun}


def _ended(stopped: Stopped, code: int) -> Carried:
    """The run as it is told now, all its parts together."""
    from remediators.cli.at_rest import sealing
    from remediators.cli.plan_files import load_plan
    from remediators.cli.runs_on_disk import Carried, left_names, with_head
    from remediators.engine.history import from_journal
    from remediators.engine.outcomes import run_document

    plan = load_plan(stopped.folder / "plan.json")
    events = stopped.journal.events(stopped.run)
    result = from_journal(stopped.run, plan, events)
    document = with_head(run_document(result, sealing(stopped.state)), stopped.journal)
    return Carried(document, result, stopped.folder, code, left_names(plan, result, events))


def _exit_code(stopped: Stopped, away: set[str]) -> int:
    """As of an apply, of the hosts that were gone on with and those that were done; the others were not asked for."""
    from remediators.engine.outcomes import exit_code

    kept = {host.name for host in _of_these(stopped).hosts}
    code = exit_code([host for host in _ended(stopped, 0).result.hosts if host.name in kept])
    return (code if code != NOT_DONE else 0) | AWAY if away else code


# -- what the run needs on disk, and its secrets -----------------------------------------------------------------------


def _whole_folder(stopped: Stopped, project: Project) -> None:
    """The way back before the first write, and every event of the journal in its copy. Raises `JournalError`."""
    from remediators.cli.runs_on_disk import planned_way_back, write_way_back
    from remediators.journal import write_private

    if not (stopped.folder / "rollback.yml").is_file():
        back = planned_way_back(stopped.plan, project.house)
        write_way_back(stopped.run, stopped.folder, back, stopped.state, project.redactor)
    lines = [
        {"at": event.at, "run": event.run, "kind": event.kind, "host": event.host, **event.body}
        for event in stopped.events
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_private(stopped.folder / "events.jsonl", text)


def _with_secrets(stopped: Stopped, shared: Given) -> Stopped:
    """Fill in secrets of what is left: from the journal what was there, from the playbooks what is to be."""
    from remediators.cli.at_rest import opened
    from remediators.engine.rollback import standing
    from remediators.engine.secrets import has_secrets, refilled
    from remediators.model.documents import Seal

    plans = [host.plan for host in stopped.left.values()]
    if not has_secrets(plans):
        return stopped
    own = opened(stopped.state, standing(stopped.events))
    of = stopped.plan.extra.get("of") if stopped.kind == "rollback" else None
    theirs = opened(stopped.state, standing(stopped.journal.events(of))) if of else {}
    fresh = {} if of else {host.name: host for host in _planned_again(stopped, shared).hosts}
    seal = Seal(stopped.state.key())

    def filled(left: Left) -> Left:
        name = left.plan.name
        offered: dict[Any, list[Any]] = {}
        for stand in (own.get(name), theirs.get(name)):
            for entry in stand.begun if stand else ():
                offered.setdefault(entry.change.address, []).append(entry.change.before)
        return replace(left, plan=refilled(left.plan, fresh.get(name), offered, seal))

    return replace(stopped, left={name: filled(left) for name, left in stopped.left.items()})


def _planned_again(stopped: Stopped, shared: Given) -> Plan:
    """What the playbooks say of the hosts that are left. Raises `UsageError` where they are not there any more."""
    from remediators.cli.project import load, make_plan

    plan = stopped.plan
    missing = [source.path for source in plan.playbooks if not Path(source.path).is_file()]
    if missing:
        raise UsageError(f"run {stopped.run}: it has secrets, and {missing[0]}, which they come from, is not there")
    again = replace(
        shared,
        inventory=shared.inventory or plan.inventory,
        extra_vars=shared.extra_vars or tuple(plan.extra.get("extra_vars", ())),
        limit=",".join(stopped.left),
        expect_hosts=None,
        window=None,
        freeze=(),
    )
    return make_plan(load(tuple(source.path for source in plan.playbooks), again), again)
