"""A fleet as the engine works on it: how hosts are reached, how many at once, and the plan of all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remediators.engine.house import House
from remediators.engine.outcomes import mistake
from remediators.engine.planner import plan_host
from remediators.model import Host, HostPlan, Refused, RemediationError, Session, Task, TransportError, UsageError

Spread = Callable[..., Iterator[tuple[Any, Any]]]  # runners.threads.side_by_side, or another runner
Connect = Callable[[Host], Session]


def _quiet(*_: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """
    How hosts are reached and how many at once.

    ``begun`` and ``ended`` are told of each host as it happens, ``tell`` of the run.
    """

    house: House
    connect: Connect
    spread: Spread
    forks: int = 20
    stop: threading.Event = field(default_factory=threading.Event)
    begun: Callable[[str], None] = _quiet
    ended: Callable[[str, str], None] = _quiet
    tell: Callable[[str], None] = _quiet


def plan_fleet(fleet: Fleet, tasks: Mapping[str, Sequence[Task]], hosts: Mapping[str, Host]) -> list[HostPlan]:
    """Plan every host, in the order of ``tasks``. Reads only."""
    jobs = ((hosts[name], tasks[name]) for name in tasks)
    done = {
        plan.name: plan for _, plan in fleet.spread(jobs, lambda job: _watched(fleet, *job), fleet.forks, fleet.stop)
    }
    return [done[name] for name in tasks if name in done]


def _watched(fleet: Fleet, host: Host, tasks: Sequence[Task]) -> HostPlan:
    fleet.begun(host.name)
    plan = _read_only(fleet, host, tasks)
    fleet.ended(host.name, plan.status)
    return plan


def _read_only(fleet: Fleet, host: Host, tasks: Sequence[Task]) -> HostPlan:
    try:
        session = fleet.connect(host)
    except (TransportError, UsageError) as error:
        return HostPlan(host.name, "unreachable", error=error.message)
    try:
        return plan_host(host, tasks, session, fleet.house).plan
    except Refused as error:  # what answers is not to be worked on: a standby unit, another context
        return HostPlan(host.name, "refused", error=error.message)
    except RemediationError as error:
        return HostPlan(host.name, "failed", error=error.message)
    except Exception as error:  # noqa: BLE001 - what one host says must not spoil the plan of the others
        return HostPlan(host.name, "failed", error=mistake(error))
    finally:
        session.close()
