"""``remediate ping``: connect, authenticate, say what answered."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import given
from remediators.model import Host, TransportError, UsageError

if TYPE_CHECKING:
    from remediators.transports.base import Met

UNREACHABLE = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """A host with what was met there, or why it could not be reached."""

    host: str
    met: Met | None
    error: str | None


@click.command()
@click.argument("pattern", metavar="PATTERN", shell_complete=options.hosts_and_groups)
@options.inventory
@options.limit
@options.extra_vars
@options.connecting
@options.showing
@click.option("--expect-hosts", type=int, metavar="N", help="Refuse any other number of hosts.")
def command(pattern: str, **flags: Any) -> int:
    """Connect to every host, log in, and say what answered and what will give trouble."""
    import threading

    from remediators.cli.interrupts import reading
    from remediators.cli.project import load_hosts
    from remediators.reports.style import Style
    from remediators.runners.threads import side_by_side

    shared = given(**flags)
    project = load_hosts(pattern, shared)

    def meet(host: Host) -> Answered:
        return _meet(host, allow_unencrypted=shared.allow_unencrypted, seconds=shared.timeout)

    jobs = project.hosts.values()
    stop = threading.Event()
    with reading(stop):
        answers = {host.name: answered for host, answered in side_by_side(jobs, meet, shared.forks, stop)}
    style: Style = shared.style
    for name in project.hosts:
        _print(answers[name], shared.output, style)
    if shared.output == "json":
        click.echo(json.dumps([_document(answers[name]) for name in project.hosts], indent=2))
    return UNREACHABLE if any(answered.error for answered in answers.values()) else 0


def _meet(host: Host, *, allow_unencrypted: bool, seconds: float) -> Answered:
    from remediators.transports.base import ping
    from remediators.transports.settings import settings_of

    try:
        settings = settings_of(host.name, host.variables, allow_unencrypted=allow_unencrypted)
        return Answered(host.name, ping(host.name, settings, seconds), None)
    except (TransportError, UsageError) as error:
        return Answered(host.name, None, error.message)


def _document(answered: Answered) -> dict[str, Any]:
    met = asdict(answered.met) if answered.met else None
    return {"name": answered.host, "reached": answered.met is not None, "error": answered.error, "met": met}


def _print(answered: Answered, output: str, style: Any) -> None:
    if output == "jsonl":
        click.echo(json.dumps(_document(answered)))
    if output != "text":
        return
    if answered.met is None:
        from remediators.reports.terminal import why

        reason = why(answered.host, answered.error)
        click.echo(f"{style('host', answered.host)}: {style('unreachable', 'unreachable')}: {reason}")
        return
    met = answered.met
    ran = "" if met.runs else ", but runs no commands"
    click.echo(
        f"{style('host', answered.host)}: {style('ok', 'ok')}: {met.transport} at {met.place} as {met.user}, "
        f"{met.answered}{ran}"
    )
    for finding in met.findings:
        click.echo(f"    {style('refused', finding.symptom)}: {finding.cure}")
