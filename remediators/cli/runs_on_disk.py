"""A run from its plan to its recap: folder, plan, rollback playbook, journal, result."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from remediators.cli.at_rest import locked, sealing
from remediators.cli.courses import under_way
from remediators.cli.house import some
from remediators.cli.interrupts import INTERRUPTED, finishing
from remediators.cli.options import Given
from remediators.cli.plan_files import load_plan, who
from remediators.cli.progress import flight
from remediators.cli.secrecy import is_kept
from remediators.engine.fleet import Fleet
from remediators.engine.history import from_journal
from remediators.engine.house import House
from remediators.engine.outcomes import RunResult, exit_code, run_document
from remediators.engine.recorder import Recorder, Watcher
from remediators.engine.resuming import left_of
from remediators.engine.rollback import BackTask, back_tasks, planned_begun
from remediators.engine.rollout import apply_fleet
from remediators.journal import Event, Journal, State, write_document, write_private
from remediators.model import Host, JournalError, Plan, Redactor, UsageError
from remediators.model.documents import plan_document, with_digest
from remediators.reports.rollback_playbook import rollback_playbook
from remediators.reports.terminal import run_text


@dataclass(frozen=True, slots=True)
class Carried:
    """A run that has ended: its document and result, its folder, and its exit code."""

    document: dict[str, Any]
    result: RunResult
    folder: Path
    code: int
    left: tuple[str, ...] = ()  # hosts that `resume` would go on with


def carry_out(
    plan: Plan, hosts: Mapping[str, Host], fleet: Fleet, given: Given, *, kind: str, redactor: Redactor
) -> int:
    """Apply a plan as a new run and print what became of it. Gives the exit code."""
    ended = carried(plan, hosts, fleet, given, kind=kind, redactor=redactor)
    if given.copy_to:
        mirror(ended.folder, given.copy_to / ended.folder.name)
    with whoever_reads():
        print_ended(ended, given)
    return ended.code


def carried(
    plan: Plan, hosts: Mapping[str, Host], fleet: Fleet, given: Given, *, kind: str, redactor: Redactor
) -> Carried:
    """Apply a plan as a new run, and print nothing but its progress."""
    state = State(given.state_dir)
    seal = sealing(state)
    back = planned_way_back(plan, fleet.house)
    plan = replace(plan, extra={**plan.extra, "by": who()})
    with Journal(state.journal_path) as journal:
        run, folder = _begin(state, plan_document(plan, seal), back, redactor)
        recorder = Recorder(run, journal, folder, seal=seal, redactor=redactor, watch=watcher(given))
        with (
            under_way(plan, given, kind, recorder) as course,
            flight(len(plan.hosts), title=kind, quiet=given.output != "text") as board,
            finishing(fleet.stop),
        ):
            shown = replace(fleet, begun=board.begun, ended=board.ended, tell=teller(given))
            result = apply_fleet(shown, plan, hosts, recorder, kind, course=course)
        document = with_head(run_document(result, seal), journal)
        left = left_names(plan, result, journal.events(run))
    keep(folder / "run.json", document)
    code = INTERRUPTED if fleet.stop.is_set() else exit_code(result.hosts)
    return Carried(document, result, folder, code, left)


def left_names(plan: Plan, result: RunResult, events: Sequence[Event]) -> tuple[str, ...]:
    """The hosts that it makes sense to go on with as things are: not those that were refused."""
    left = left_of(plan, result.hosts, events)
    return tuple(name for name, host in left.items() if host.told.status != "refused")


def with_head(document: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """A run's document with the journal's chain at its end, which proves later that the journal is whole."""
    head = journal.head_of(document["id"])
    return with_digest({**document, "journal": asdict(head)} if head else document)


def planned_way_back(plan: Plan, house: House) -> dict[str, list[BackTask]]:
    """The way back of every host. Raises `UsageError` where there is none: a plan may come from anywhere."""
    tasks = {}
    for host in plan.hosts:
        begun = tuple(filter(is_kept, planned_begun(host)))
        try:
            tasks[host.name] = back_tasks(host.name, host, begun, (), house)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            problem = f"{type(error).__name__}: {error}"
            raise UsageError(
                f"{host.name}: the plan holds what could not be put back ({problem}); plan again"
            ) from error
    return tasks


def _begin(
    state: State, document: dict[str, Any], back: Mapping[str, list[BackTask]], redactor: Redactor
) -> tuple[str, Path]:
    """The folder of a new run, with the plan and the way back in it, or none at all: ``latest`` names a real run."""
    run, folder = state.new_run()
    try:
        write_document(folder / "plan.json", document)
        write_way_back(run, folder, back, state, redactor)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return run, folder


def write_way_back(
    run: str, folder: Path, back: Mapping[str, list[BackTask]], state: State, redactor: Redactor
) -> None:
    """The rollback playbook of a run, in its folder. Raises `JournalError`."""
    write_private(folder / "rollback.yml", rollback_playbook(run, back, _Hiding(state, redactor)))


@dataclass(frozen=True, slots=True)
class _Hiding:
    """How secrets stand in a rollback playbook."""

    state: State
    redactor: Redactor

    def locked(self, text: str) -> str:
        return locked(self.state, text.encode("utf-8", "surrogatepass"))

    def blotted(self, text: str) -> str:
        return self.redactor.text(text)


def keep(path: Path, document: dict[str, Any]) -> None:
    """What was done is in the journal already: that this file cannot be written must not hide it."""
    try:
        write_document(path, document)
    except JournalError as error:
        click.echo(f"warning: {error.message}; `remediate show` tells the same from the journal", err=True)


@contextmanager
def whoever_reads() -> Iterator[None]:
    """
    Somebody who stopped reading (``| head``) does not make a failed run a good one: the exit code stays.

    Neither does a terminal that was closed.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        gone = [sys.stdout] if isinstance(error, BrokenPipeError) else [sys.stdout, sys.stderr]
        for stream in gone:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def teller(given: Given) -> Callable[[str], None]:
    """What is told of the run while it goes on, to people only."""

    def tell(text: str) -> None:
        if given.output == "text":
            click.echo(text, err=True)

    return tell


def watcher(given: Given) -> Watcher | None:
    """With ``--output jsonl`` every event goes to standard output as it happens; else what to do if we die is told."""
    if given.output != "jsonl":
        return _armed if given.output == "text" else None
    lock = threading.Lock()

    def watch(event: Any) -> None:
        line = {"at": event.at, "run": event.run, "kind": event.kind, "host": event.host, **event.body}
        with lock:
            click.echo(json.dumps(line, ensure_ascii=False))

    return watch


def _armed(event: Event) -> None:
    """On arming: what to type at the device's console if this tool dies."""
    if event.kind == "armed" and event.body["arming"] != "unarmed":
        words = f"{event.host}: armed for {event.body['minutes']} minutes; if this tool dies, at its console:"
        click.echo(f"{words} {event.body['console']}", err=True)


def print_ended(ended: Carried, given: Given) -> None:
    """What became of a run, in the form that was asked for."""
    document, result, folder = ended.document, ended.result, ended.folder
    if given.output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif given.output == "text":
        click.echo(run_text(document, given.style, verbose=given.verbose, full=given.diff), nl=False)
        click.echo(f"Run {result.id}: {folder}")
        click.echo(f"Way back: remediate rollback {result.id}   (playbook: {folder / 'rollback.yml'})")
        if ended.left:
            click.echo(f"Left: {some(ended.left)}. To go on: remediate resume {result.id}")
        if any(host.status == "unknown" for host in result.hosts):
            click.echo(f"How they stand: remediate recover {result.id}")


def mirror(folder: Path, target: Path) -> None:
    """Copy a run's folder; one that is resumed is copied again."""
    try:
        shutil.copytree(folder, target, dirs_exist_ok=True)
    except OSError as error:
        click.echo(f"warning: the run's folder could not be copied to {target}: {error}", err=True)


def told_run(state: State, name: str) -> tuple[str, Path, Plan, RunResult]:
    """A run with its plan and its result, from its folder and the journal."""
    run, folder = state.find(name)
    plan = load_plan(folder / "plan.json")
    with Journal(state.journal_path) as journal:
        result = from_journal(run, plan, journal.events(run))
    return run, folder, plan, result
