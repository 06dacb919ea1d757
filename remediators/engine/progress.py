"""Where a run stands, from its journal alone: hosts in flight, devices armed, services that are down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remediators.journal import Event
from remediators.model import Plan


@dataclass(frozen=True, slots=True)
class InFlight:
    """A host that is being worked on, and what was begun there last."""

    host: str
    task: str | None


@dataclass(frozen=True, slots=True)
class ArmedDevice:
    """A device that goes back by itself. ``left`` in seconds, negative where its time is over."""

    host: str
    kind: str
    left: int
    console: str


@dataclass(frozen=True, slots=True)
class Progress:
    """``running``: the run did not tell that it ended; whether its process lives the journal cannot say."""

    running: bool
    last: str
    in_flight: tuple[InFlight, ...]
    finished: Mapping[str, int]
    left: tuple[str, ...]
    armed: tuple[ArmedDevice, ...]
    down: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class _Host:
    started: bool = False
    status: str | None = None
    task: str | None = None
    arming: Mapping[str, Any] | None = None
    armed_at: str = ""
    down: tuple[str, ...] = ()


@dataclass(slots=True)
class _Run:
    hosts: dict[str, _Host] = field(default_factory=dict)
    ended: bool = False
    last: str = ""


def progress(plan: Plan, events: Iterable[Event], now: str) -> Progress:
    """Follow the events of a run up to ``now`` (ISO 8601)."""
    run = _Run()
    for event in events:
        run.last = event.at
        if event.host:
            _follow(run.hosts.setdefault(event.host, _Host()), event)
        elif event.kind in ("run-finished", "run-started", "run-resumed"):
            run.ended = event.kind == "run-finished"
    known = {host.name: run.hosts.get(host.name, _Host()) for host in plan.hosts}
    flying = {name: host for name, host in known.items() if host.started and host.status is None}
    return Progress(
        not run.ended,
        run.last,
        tuple(InFlight(name, host.task) for name, host in flying.items()),
        Counter(host.status for host in known.values() if host.status is not None),
        tuple(name for name, host in known.items() if not host.started and host.status is None),
        tuple(_armed(name, host, now) for name, host in known.items() if host.arming),
        {name: host.down for name, host in known.items() if host.down},
    )


def _follow(host: _Host, event: Event) -> None:
    body = event.body
    match event.kind:
        case "host-started":
            host.started, host.status = True, None
        case "host-finished" | "recovered":
            host.status = body["status"]
        case "intent":
            host.task = body["task"]
        case "action-intent":
            host.task, host.down = body["task"], _stopping(body)
        case "action-result" if body["status"] == "changed":
            host.down = ()
        case "arming" if body["arming"] != "unarmed":
            host.arming, host.armed_at = body, event.at
        case "confirmed" | "reverted" | "disarmed":
            host.arming = None
        case _:
            pass


def _stopping(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Services that ran before an action that has not been seen to end: they may be down."""
    return tuple(address for address, state in body["found"].items() if state == "running")


def _armed(name: str, host: _Host, now: str) -> ArmedDevice:
    arming = host.arming or {}
    gone = (datetime.fromisoformat(now) - datetime.fromisoformat(host.armed_at)).total_seconds()
    left = round(60 * int(arming.get("minutes", 0)) - gone)
    return ArmedDevice(name, str(arming.get("arming")), left, str(arming.get("console")))
