"""A run from its plan to its recap: folder, plan, rollback playbook, journal, result."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from remediators.cli.options import Given
from remediators.cli.secrecy import is_kept
from remediators.engine.fleet import Fleet
from remediators.engine.history import from_journal
from remediators.engine.house import House
from remediators.engine.outcomes import RunResult, exit_code, run_document
from remediators.engine.recorder import Recorder, Watcher
from remediators.engine.rollback import back_tasks, planned_begun
from remediators.engine.rollout import apply_fleet
from remediators.journal import Journal, State, write_document, write_private
from remediators.model import Host, Plan, Redactor, UsageError
from remediators.model.documents import Seal, plan_document, read_plan
from remediators.reports.rollback_playbook import rollback_playbook
from remediators.reports.terminal import run_text

INTERRUPTED = 130


def carry_out(
    plan: Plan, hosts: Mapping[str, Host], fleet: Fleet, given: Given, *, kind: str, redactor: Redactor
) -> int:
    """Apply a plan as a new run and print what became of it. Gives the exit code."""
    state = State(given.state_dir)
    seal = Seal(state.key())
    run, folder = state.new_run()
    write_document(folder / "plan.json", plan_document(plan, seal))
    write_private(folder / "rollback.yml", redactor.text(_way_back(run, plan, fleet.house)))
    with Journal(state.journal_path) as journal:
        recorder = Recorder(run, journal, folder, seal=seal, redactor=redactor, watch=_watcher(given))
        with stopping(fleet.stop):
            result = apply_fleet(fleet, plan, hosts, recorder, kind)
    document = run_document(result, seal)
    write_document(folder / "run.json", document)
    if given.copy_to:
        _mirror(folder, given.copy_to / run)
    _print(document, result, folder, given)
    return INTERRUPTED if fleet.stop.is_set() else exit_code(result.hosts)


def _way_back(run: str, plan: Plan, house: House) -> str:
    begun = {host.name: tuple(filter(is_kept, planned_begun(host))) for host in plan.hosts}
    tasks = {host.name: back_tasks(host.name, host, begun[host.name], (), house) for host in plan.hosts}
    return rollback_playbook(run, tasks)


def _watcher(given: Given) -> Watcher | None:
    """With ``--output jsonl`` every event goes to standard output as it happens."""
    if given.output != "jsonl":
        return None
    lock = threading.Lock()

    def watch(event: Any) -> None:
        line = {"at": event.at, "run": event.run, "kind": event.kind, "host": event.host, **event.body}
        with lock:
            click.echo(json.dumps(line, ensure_ascii=False))

    return watch


def _print(document: Mapping[str, Any], result: RunResult, folder: Path, given: Given) -> None:
    if given.output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif given.output == "text":
        click.echo(run_text(document, given.style, verbose=given.verbose, full=given.diff), nl=False)
        click.echo(f"Run {result.id}: {folder}")
        click.echo(f"Way back: remediate rollback {result.id}   (playbook: {folder / 'rollback.yml'})")
        left = [host.name for host in result.hosts if host.status in ("not_started", "unknown")]
        if left:
            click.echo(f"Left: {', '.join(left)}. Plan again to go on, or roll back.")


def _mirror(folder: Path, target: Path) -> None:
    try:
        shutil.copytree(folder, target)
    except OSError as error:
        click.echo(f"warning: the run's folder could not be copied to {target}: {error}", err=True)


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """
    First Ctrl-C (or SIGTERM): finish the item in hand on every host, verify, stop. Second: stop now.

    What is under way at the second has its intent in the journal and no result, which is what *unknown* means.
    """

    def interrupt(*_: Any) -> None:
        if stop.is_set():
            click.echo("stopped at once; what was under way is unknown and named in the journal", err=True)
            os._exit(INTERRUPTED)
        stop.set()
        click.echo("finishing the item in hand on every host, then stopping (again: stop now)", err=True)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def load_plan(path: Path) -> Plan:
    """Read a plan file. Raises `UsageError` naming the file and what is wrong with it."""
    try:
        return read_plan(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a plan: {error}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}") from error


def is_plan(path: Path) -> bool:
    """Whether a file is a saved plan and not a playbook: it begins with a brace."""
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False


def told_run(state: State, name: str) -> tuple[str, Path, Plan, RunResult]:
    """A run with its plan and its result, from its folder and the journal."""
    run, folder = state.find(name)
    plan = load_plan(folder / "plan.json")
    with Journal(state.journal_path) as journal:
        result = from_journal(run, plan, journal.events(run))
    return run, folder, plan, result
