"""A whole run: hosts side by side, each event into the journal, one result at the end."""

from __future__ import annotations

from collections.abc import Mapping

from remediators.engine.applier import Work, apply_host
from remediators.engine.fleet import Fleet
from remediators.engine.outcomes import HostResult, ItemResult, RunResult
from remediators.engine.recorder import Recorder
from remediators.journal import now
from remediators.model import Host, HostPlan, JournalError, Plan, TransportError, UsageError


def apply_fleet(fleet: Fleet, plan: Plan, hosts: Mapping[str, Host], record: Recorder, kind: str) -> RunResult:
    """Apply a plan. Raises `JournalError` only: what hosts do is in the result."""
    started = now()
    names = [host.name for host in plan.hosts]
    record.note("run-started", what=kind, plan=plan.id, tool=plan.tool, hosts=names, **dict(plan.extra))
    jobs = ((hosts[host.name], host) for host in plan.hosts)
    done: dict[str, HostResult] = {}
    try:
        for _, result in fleet.spread(
            jobs, lambda job: _watched(fleet, job[0], job[1], record), fleet.forks, fleet.stop
        ):
            done[result.name] = result
    except JournalError as error:
        fleet.stop.set()
        raise JournalError(f"{error.message}; the run {record.run} was stopped") from error
    results = tuple(done.get(host.name) or _not_started(host) for host in plan.hosts)
    statuses = {result.name: result.status for result in results}
    record.note("run-finished", statuses=statuses, interrupted=fleet.stop.is_set())
    return RunResult(record.run, kind, results, started, now(), {"plan": plan.id, **dict(plan.extra)})


def _watched(fleet: Fleet, host: Host, plan: HostPlan, record: Recorder) -> HostResult:
    fleet.begun(host.name)
    result = _with_session(fleet, host, plan, record)
    fleet.ended(host.name, result.status)
    return result


def _with_session(fleet: Fleet, host: Host, plan: HostPlan, record: Recorder) -> HostResult:
    if plan.status == "unreachable" or (plan.status == "ok" and not plan.items):
        return HostResult(host.name, plan.status, error=plan.error)
    try:
        session = fleet.connect(host)
    except (TransportError, UsageError) as error:
        reason = record.clean(error.message)
        record.note("host-finished", host.name, status="unreachable", error=reason)
        return HostResult(host.name, "unreachable", _untouched(plan), reason)
    try:
        return apply_host(Work(host, plan, session, fleet.house, record, fleet.stop))
    finally:
        session.close()


def _not_started(host: HostPlan) -> HostResult:
    return HostResult(host.name, "not_started", _untouched(host))


def _untouched(host: HostPlan) -> tuple[ItemResult, ...]:
    return tuple(ItemResult(item, "not_started", ("not_started",) * len(item.changes)) for item in host.items)
