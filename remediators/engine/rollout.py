"""A whole run: hosts side by side, each event into the journal, one result at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remediators.engine.applier import Work, apply_host
from remediators.engine.house import House
from remediators.engine.outcomes import HostResult, ItemResult, RunResult
from remediators.engine.planner import Planned, plan_host
from remediators.engine.recorder import Recorder
from remediators.journal import now
from remediators.model import (
    Host,
    HostPlan,
    JournalError,
    Plan,
    RemediationError,
    Session,
    Snapshot,
    Task,
    TransportError,
    UsageError,
)

Spread = Callable[..., Iterator[tuple[Any, Any]]]  # runners.threads.side_by_side, or another runner
Connect = Callable[[Host], Session]


def _quiet(*_: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How hosts are reached and how many at once. ``begun`` and ``ended`` are told of each host as it happens."""

    house: House
    connect: Connect
    spread: Spread
    forks: int = 20
    stop: threading.Event = field(default_factory=threading.Event)
    begun: Callable[[str], None] = _quiet
    ended: Callable[[str, str], None] = _quiet

    def plan(self, tasks: Mapping[str, Sequence[Task]], hosts: Mapping[str, Host]) -> list[HostPlan]:
        """Plan every host, in the order of ``tasks``. Reads only."""
        jobs = [(hosts[name], tasks[name]) for name in tasks]
        done = {job[0].name: planned for job, planned in self.spread(jobs, self._plan_one, self.forks, self.stop)}
        return [done[name].plan for name in tasks if name in done]

    def _plan_one(self, job: tuple[Host, Sequence[Task]]) -> Planned:
        host, tasks = job
        self.begun(host.name)
        planned = self._read_only(host, tasks)
        self.ended(host.name, planned.plan.status)
        return planned

    def _read_only(self, host: Host, tasks: Sequence[Task]) -> Planned:
        try:
            session = self.connect(host)
        except (TransportError, UsageError) as error:
            return Planned(HostPlan(host.name, "unreachable", error=error.message), Snapshot())
        try:
            return plan_host(host, tasks, session, self.house)
        except RemediationError as error:
            return Planned(HostPlan(host.name, "failed", error=error.message), Snapshot())
        finally:
            session.close()

    def apply(self, plan: Plan, hosts: Mapping[str, Host], record: Recorder, kind: str) -> RunResult:
        """Apply a plan. Raises `JournalError` only: what hosts do is in the result."""
        started = now()
        record.note(
            "run-started",
            what=kind,
            plan=plan.id,
            tool=plan.tool,
            hosts=[h.name for h in plan.hosts],
            **dict(plan.extra),
        )
        done: dict[str, HostResult] = {}
        jobs = [(hosts[host.name], host) for host in plan.hosts]
        try:
            for (_, host), result in self.spread(jobs, lambda job: self._apply_one(job, record), self.forks, self.stop):
                done[host.name] = result
        except JournalError as error:
            self.stop.set()
            raise JournalError(f"{error.message}; the run {record.run} was stopped") from error
        results = tuple(done.get(host.name) or _not_started(host) for host in plan.hosts)
        statuses = {result.name: result.status for result in results}
        record.note("run-finished", statuses=statuses, interrupted=self.stop.is_set())
        return RunResult(record.run, kind, results, started, now(), {"plan": plan.id, **dict(plan.extra)})

    def _apply_one(self, job: tuple[Host, HostPlan], record: Recorder) -> HostResult:
        host, plan = job
        self.begun(host.name)
        result = self._with_session(host, plan, record)
        self.ended(host.name, result.status)
        return result

    def _with_session(self, host: Host, plan: HostPlan, record: Recorder) -> HostResult:
        if plan.status == "unreachable" or (plan.status == "ok" and not plan.items):
            return HostResult(host.name, plan.status, error=plan.error)
        try:
            session = self.connect(host)
        except (TransportError, UsageError) as error:
            reason = record.clean(error.message)
            record.note("host-finished", host.name, status="unreachable", error=reason)
            return HostResult(host.name, "unreachable", _untouched(plan), reason)
        try:
            return apply_host(Work(host, plan, session, self.house, record, self.stop))
        finally:
            session.close()


def _not_started(host: HostPlan) -> HostResult:
    return HostResult(host.name, "not_started", _untouched(host))


def _untouched(host: HostPlan) -> tuple[ItemResult, ...]:
    return tuple(ItemResult(item, "not_started", ("not_started",) * len(item.changes)) for item in host.items)
