"""``remediate diagnose``: which of the six causes of KB 919091 applies, at which end, and what fixes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import Given, given
from remediators.model import Host, Session, UsageError

if TYPE_CHECKING:
    from remediators.cli.project import Along
    from remediators.engine.evidence import Asker, Fieldwork
    from remediators.model.diagnosis import Diagnosis, HostEvidence, Look, Unknown

UNREACHABLE = 4


@click.command()
@click.argument("pattern", metavar="PATTERN")
@options.inventory
@options.limit
@options.extra_vars
@options.connecting
@options.showing
@click.option(
    "--from",
    "viewpoints",
    multiple=True,
    metavar="HOST",
    help="Take the greetings from this host, too: a router, by its telnet. Repeatable.",
)
@click.option("--out", metavar="FILE", help="Write the smallest playbook for what applies there.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=7, show_default=True, help="How far back event logs are read."
)
@click.option(
    "--greeting-wait",
    type=click.FloatRange(0.1, 300),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a server may take to greet; RFC 5321 grants it 300.",
)
@click.option("--expect-hosts", type=int, metavar="N", help="Refuse any other number of hosts.")
def command(
    pattern: str, viewpoints: tuple[str, ...], out: str | None, days: int, greeting_wait: float, **flags: Any
) -> int:
    """Say which of the six causes of KB 919091 applies, with the evidence. Reads only."""
    from remediators.cli.plan import can_be_written
    from remediators.journal import now
    from remediators.reports import diagnosis as report

    shared = given(**flags)
    can_be_written(out)
    ground = _ground(pattern, viewpoints, shared, out)
    found = _examine(ground, viewpoints, shared, days=days, wait=greeting_wait)
    frame = _frame(ground, pattern, now(), days)
    document = report.document(found, frame)
    written = _write(out, document, found, ground, frame.created) if out else None
    if written:
        document = report.document(found, replace(frame, written=written))
    _print(_redacted(document, ground), shared)
    if out and not written:
        click.echo(f"{out} was not written: no cause that a playbook fixes is shown to apply", err=True)
    return UNREACHABLE if document["totals"]["unreachable"] else 0


def _ground(pattern: str, viewpoints: Sequence[str], shared: Given, out: str | None) -> Along:
    """What is examined. Profiles may stand beside the inventory, here, in playbooks/, and where ``--out`` writes."""
    from remediators.cli.project import load_along

    beside = [*shared.inventory, "x", "playbooks/x", *([out] if out else [])]
    return load_along(pattern, viewpoints, shared, beside)


# -- gathering -------------------------------------------------------------------------------------------------------


def _examine(ground: Along, viewpoints: Sequence[str], shared: Given, *, days: int, wait: float) -> Diagnosis:
    from remediators.catalog.causes import CAUSES, RULES
    from remediators.cli.interrupts import reading
    from remediators.cli.project import fleet_of, flying
    from remediators.engine import evidence
    from remediators.engine.diagnosis import Knowledge, diagnose

    hosts = list(ground.project.hosts.values())
    servers = [host for host in hosts if host.name in ground.asked and _platform(host) == "windows"]
    fleet = fleet_of(ground.project, shared)
    with flying(len(hosts), "diagnose", shared) as board, reading(fleet.stop):
        watched = replace(fleet, begun=board.begun, ended=lambda name, status: board.ended(name, status, tell=False))
        work = _fieldwork(ground, watched, days=days, wait=wait)
        seen = evidence.gather(work, hosts, servers, viewpoints)
    missing = [host.name for host in hosts if host.name not in seen]
    if missing:
        raise click.Abort
    paths, everyone = evidence.paths(evidence.with_routes(seen, ground.routes), ground.asked)
    return diagnose(everyone, paths, Knowledge.of(CAUSES, RULES))


def _fieldwork(ground: Along, fleet: Any, *, days: int, wait: float) -> Fieldwork:
    from datetime import date

    from remediators.cli import looks
    from remediators.engine.evidence import Fieldwork

    today = date.today()  # noqa: DTZ011 - this side's calendar day; a day more is asked for

    def ask(host: Host) -> Asker:
        return _asker(host, ground.profiles, today, days)

    def look(host: Host) -> Look:
        return looks.from_here(host, wait, fleet.stop)

    def overhear(host: Host, session: Session, server: Host) -> Look | Unknown:
        return looks.from_device(host, session, server, wait, _platform(host))

    return Fieldwork(fleet, ask, look, overhear, _stand_in)


def _asker(host: Host, profiles: Mapping[str, Mapping[str, Any]], today: Any, days: int) -> Asker:
    from remediators.catalog.evidence_devices import DeviceEvidence
    from remediators.catalog.evidence_windows import WindowsEvidence

    platform = _platform(host)
    return WindowsEvidence(host, profiles, today, days) if platform == "windows" else DeviceEvidence(host, platform)


def _platform(host: Host) -> str:
    from remediators.cli.house import platform_of

    return platform_of(host).name


def _stand_in(host: Host, words: str) -> HostEvidence:
    from remediators.catalog.evidence_devices import look_alike
    from remediators.engine.evidence import unreachable

    return unreachable(host, _platform(host), look_alike(host.name, words))


# -- telling ---------------------------------------------------------------------------------------------------------


def _frame(ground: Along, pattern: str, created: str, days: int) -> Any:
    from datetime import date, timedelta

    from remediators import __version__
    from remediators.catalog.causes import CAUSES, SIGNS
    from remediators.reports.diagnosis import Frame

    since = (date.today() - timedelta(days=days)).isoformat()  # noqa: DTZ011 - as the log was asked
    inventory = ground.project.inventory
    return Frame(created, __version__, inventory, pattern, since, ground.asked, CAUSES, SIGNS)


def _redacted(document: dict[str, Any], ground: Along) -> dict[str, Any]:
    """The document without secrets that a host may have said back, and its digest over what is shown."""
    from remediators.model.documents import with_digest

    cleaned: dict[str, Any] = ground.project.redactor.value(document)
    return with_digest(cleaned)


def _print(document: dict[str, Any], shared: Given) -> None:
    from remediators.reports.diagnosis import diagnosis_text

    if shared.output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif shared.output == "jsonl":
        for finding in document["findings"]:
            click.echo(json.dumps(finding, ensure_ascii=False))
        rest = {name: value for name, value in document.items() if name not in ("findings", "hosts")}
        click.echo(json.dumps(rest, ensure_ascii=False))
    else:
        click.echo(diagnosis_text(document, shared.style, verbose=shared.verbose), nl=False)


def _write(out: str, document: Mapping[str, Any], found: Diagnosis, ground: Along, created: str) -> str | None:
    """Write the smallest playbook; gives its path, or ``None`` where there is nothing to write."""
    import yaml

    from remediators.catalog import fixes

    at_fault: dict[int, list[HostEvidence]] = {}
    for fix in document["fixes"]:
        at_fault.setdefault(fix["cause"], []).extend(found.hosts[name] for name in fix["limit"] if fix["playbook"])
    variables = {name: host.variables for name, host in ground.project.hosts.items()}
    plays = fixes.plays(at_fault, variables)
    if not plays:
        return None
    text = yaml.safe_dump(plays, sort_keys=False, allow_unicode=True, width=110)
    try:
        Path(out).write_text(
            fixes.comment({play["tasks"][0]["cause"] for play in plays}, created) + text, encoding="utf-8"
        )
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written: {error.strerror}") from error
    return out
