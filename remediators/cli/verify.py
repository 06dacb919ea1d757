"""``remediate verify``: does what a run set still hold, or did policy put it back?"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.durations import duration
from remediators.cli.options import Given, given
from remediators.model import UsageError

if TYPE_CHECKING:
    from remediators.cli.project import Project
    from remediators.engine.fleet import Fleet
    from remediators.engine.lasting import Lasting
    from remediators.engine.outcomes import HostResult
    from remediators.model.documents import Seal

SCHEMA = "remediate/verification/1"


@click.command()
@options.of_a_run
@options.state
@click.option("--after", metavar="TIME", help="Wait that long first: 65m, 2h. Policies come round about every hour.")
def command(run: str, after: str | None, **flags: Any) -> int:
    """Read again what a run set (an id, 'latest', or its folder), and repeat its checks. Writes nothing."""
    from remediators.cli.interrupts import reading
    from remediators.cli.project import fleet_of, load_for_plan
    from remediators.cli.runs_on_disk import told_run
    from remediators.journal import State
    from remediators.model.documents import Seal

    shared = given(**flags)
    wait = seconds(after)
    state = State(shared.state_dir)
    seal = Seal(state.key())
    name, folder, plan, result = told_run(state, run)
    project = load_for_plan(plan, shared, Path(folder) / "plan.json")
    fleet = fleet_of(project, shared)
    with reading(fleet.stop):
        _wait(wait, fleet.stop, shared)
        worked = [host for host in result.hosts if host.status in ("changed", "ok", "failed", "unknown")]
        looked = _look(fleet, project, [host for host in worked if host.name in project.hosts], seal)
    documents = [project.redactor.value(_document(found, seal)) for found in looked]
    _print(name, documents, shared)
    return _exit_code(looked)


def seconds(text: str | None) -> float:
    """A time such as 65m in seconds. Raises `UsageError`."""
    if text is None:
        return 0.0
    found = duration(text, "smh")
    if found is None:
        raise UsageError(f"--after takes a time such as 90s, 65m or 2h, and not {text!r}")
    return found.total_seconds()


def _wait(wait: float, stop: threading.Event, shared: Given) -> None:
    if not wait:
        return
    if shared.output == "text":
        click.echo(f"waiting {wait:.0f} seconds before looking (Ctrl-C: stop)", err=True)
    if stop.wait(wait):
        raise KeyboardInterrupt


def _look(fleet: Fleet, project: Project, hosts: Sequence[HostResult], seal: Seal) -> list[Lasting]:
    """All hosts side by side, in the order of the run."""
    from remediators.engine.looking import look_again

    def look(result: HostResult) -> Lasting:
        return look_again(fleet, project.hosts[result.name], result, seal)

    done = {found.host: found for _, found in fleet.spread(hosts, look, fleet.forks, fleet.stop)}
    return [done[host.name] for host in hosts if host.name in done]


def _exit_code(looked: Sequence[Lasting]) -> int:
    """0: all holds. Bit 2: something does not, or could not be read; bit 4: a host was not reached."""
    statuses = {found.status for found in looked}
    return (2 if statuses & {"differs", "unknown"} else 0) | (4 if "unreachable" in statuses else 0)


def _document(found: Lasting, seal: Seal) -> dict[str, Any]:
    from remediators.model.documents import change_document

    changes = [
        {
            **change_document(one.change, seal),
            "state": one.state,
            **({"now": one.now} if one.state in ("before", "foreign") and not one.change.sensitive else {}),
        }
        for one in found.changes
    ]
    checks = [{"task": one.task, "check": one.check, "seen": one.seen} for one in found.checks]
    head = {"name": found.host, "status": found.status, "error": found.error}
    return {**head, "changes": changes, "checks": checks}


def _print(run: str, documents: Sequence[Mapping[str, Any]], shared: Given) -> None:
    if shared.output == "json":
        click.echo(json.dumps({"schema": SCHEMA, "run": run, "hosts": documents}, indent=2, ensure_ascii=False))
    elif shared.output == "jsonl":
        for document in documents:
            click.echo(json.dumps({"run": run, **document}, ensure_ascii=False))
    elif not documents:
        click.echo(f"Run {run} set nothing that could be looked at again.")
    else:
        click.echo("\n".join(line for document in documents for line in _lines(document, shared)))


def _lines(host: Mapping[str, Any], shared: Given) -> Iterator[str]:
    from remediators.reports.terminal import say, visible

    holds = sum(1 for change in host["changes"] if change["state"] == "after")
    error = f": {visible(host['error'])}" if host["error"] else f": {holds} of {len(host['changes'])} changes hold"
    yield f"{host['name']} {host['status']}{error}"
    for change in host["changes"]:
        if change["state"] != "after":
            now = f": it is {say(change['now'], full=shared.diff)}" if "now" in change else ""
            words = {"before": "was put back", "foreign": "was changed by somebody else", "unread": "could not be read"}
            yield f"  {visible(change['resource'])} {words[change['state']]}{now}"
        elif shared.verbose:
            yield f"  {visible(change['resource'])} holds"
    for check in host["checks"]:
        if check["seen"]:
            yield f"  {check['check']} ({visible(check['task'])}): {visible(check['seen'])}"
        elif shared.verbose:
            yield f"  {check['check']} ({visible(check['task'])}): well"
