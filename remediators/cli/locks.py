"""``remediate locks``: which run works on which host, and a way to end a lease whose owner will not."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import Given, given
from remediators.model import UsageError

if TYPE_CHECKING:
    from remediators.journal import Lease, Leases, State


@click.command()
@options.showing
@options.state
@click.option("--release", multiple=True, metavar="HOST", help="End the lease on this host. Repeatable.")
@click.option("--reason", metavar="TEXT", help="Why; kept in the journal.")
def command(release: tuple[str, ...], reason: str | None, **flags: Any) -> int:
    """Leases on hosts: who has them, what for, since when. The run that loses one writes nothing more there."""
    from remediators.journal import Leases, State

    shared = given(**flags)
    if bool(release) != bool(reason and reason.strip()):
        raise click.UsageError("--release HOST needs --reason TEXT, and the other way round")
    state = State(shared.state_dir)
    leases = Leases(state.leases_path)
    if release:
        return _release(leases, state, release, reason or "")
    return _list(leases, shared)


def _list(leases: Leases, shared: Given) -> int:
    now = time.time()
    found = [lease for lease in leases.all() if lease.holds(now)]
    if shared.output == "json":
        click.echo(json.dumps([lease.document() for lease in found], indent=2))
        return 0
    for lease in found:
        line = json.dumps(lease.document()) if shared.output == "jsonl" else _line(lease, now)
        click.echo(line)
    if not found and shared.output == "text":
        click.echo("No host is held.")
    return 0


def _line(lease: Lease, now: float) -> str:
    return f"{lease.host}  {lease}, process {lease.pid}; holds for {lease.until - now:.0f} s unless renewed"


def _release(leases: Leases, state: State, hosts: tuple[str, ...], reason: str) -> int:
    from remediators.cli.plan_files import who
    from remediators.journal import Event, Journal

    known = {lease.host for lease in leases.all()}
    strange = [host for host in hosts if host.casefold() not in known]
    if strange:
        raise UsageError(f"--release {strange[0]}: no run holds this host (held: {', '.join(sorted(known)) or 'none'})")
    with Journal(state.journal_path) as journal:
        for host in hosts:
            lease = leases.release(host)
            if lease is not None:
                body = {"of": lease.document(), "reason": reason, "by": who()}
                journal.append(Event(lease.run, "lease-released", host, body))
                click.echo(f"{host}: released from {lease}")
    return 0
