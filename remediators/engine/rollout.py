"""A whole run: hosts side by side, each event into the journal, one result at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence

from remediators.engine.applier import Work, apply_host
from remediators.engine.fleet import Fleet
from remediators.engine.outcomes import HostResult, RunResult, settled_before, untouched
from remediators.engine.recorder import Recorder
from remediators.model import Host, HostPlan, JournalError, Plan, TransportError, UsageError

Job = tuple[Host, HostPlan]


def apply_fleet(fleet: Fleet, plan: Plan, hosts: Mapping[str, Host], record: Recorder, kind: str) -> RunResult:
    """Apply a plan. Raises `JournalError` only: what hosts do is in the result."""
    names = [host.name for host in plan.hosts]
    told = {**plan.extra, "what": kind, "plan": plan.id, "tool": plan.tool, "hosts": names}
    started = record.note("run-started", **told)
    jobs = [(hosts[host.name], host) for host in _outside_first(plan.hosts, hosts)]
    done: dict[str, HostResult] = {}
    try:
        worked = fleet.spread(
            jobs, lambda job: _watched(fleet, job[0], job[1], record), fleet.forks, fleet.stop, may=_apart
        )
        for _, result in worked:
            done[result.name] = result
    except JournalError as error:
        fleet.stop.set()
        raise JournalError(f"{error.message}; the run {record.run} was stopped") from error
    results = tuple(done.get(host.name) or settled_before(host) or untouched(host) for host in plan.hosts)
    statuses = {result.name: result.status for result in results}
    finished = record.note("run-finished", statuses=statuses, interrupted=fleet.stop.is_set())
    return RunResult(record.run, kind, results, started.at, finished.at, {**plan.extra, "plan": plan.id})


def _outside_first(plans: Sequence[HostPlan], hosts: Mapping[str, Host]) -> list[HostPlan]:
    """In the order of the plan, but devices before the hosts behind them: what these look like depends on those."""
    names = {plan.name for plan in plans}
    return sorted(plans, key=lambda plan: len(names.intersection(hosts[plan.name].via)))


def _apart(job: Job, flying: Collection[Job]) -> bool:
    """A device and a host behind it are never in flight together: one of them would be cut off by the other."""
    host = job[0]
    return not any(other.name in host.via or host.name in other.via for other, _ in flying)


def _watched(fleet: Fleet, host: Host, plan: HostPlan, record: Recorder) -> HostResult:
    with contextlib.suppress(OSError):  # whoever watched went away (`2>&1 | head`): the work goes on
        fleet.begun(host.name)
    result = _with_session(fleet, host, plan, record)
    with contextlib.suppress(OSError):
        fleet.ended(host.name, result.status)
    return result


def _with_session(fleet: Fleet, host: Host, plan: HostPlan, record: Recorder) -> HostResult:
    settled = settled_before(plan)
    if settled:
        return settled
    try:
        session = fleet.connect(host)
    except (TransportError, UsageError) as error:
        return record.finish(untouched(plan, "unreachable", error.message))
    try:
        return apply_host(Work(host, plan, session, fleet.house, record, fleet.stop))
    finally:
        session.close()
