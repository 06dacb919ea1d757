"""A whole run: wave after wave, hosts side by side, each event into the journal, one result at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from remediators.engine.applier import Work, apply_host
from remediators.engine.fleet import Fleet
from remediators.engine.gate import Course, Gate
from remediators.engine.looking import Seen, after_soak, look_again, look_first
from remediators.engine.outcomes import HostResult, RunResult, settled_before, untouched
from remediators.engine.recorder import Recorder
from remediators.model import Host, HostPlan, JournalError, Plan, TransportError, UsageError
from remediators.model.rollout import Rollout, Wave

Job = tuple[Host, HostPlan]


def apply_fleet(
    fleet: Fleet, plan: Plan, hosts: Mapping[str, Host], record: Recorder, kind: str, *, course: Course | None = None
) -> RunResult:
    """Apply a plan. Raises `JournalError` only: what hosts do is in the result."""
    names = [host.name for host in plan.hosts]
    told = {**plan.extra, "what": kind, "plan": plan.id, "tool": plan.tool, "hosts": names}
    started = record.note("run-started", **told)
    passage = Passage(fleet, plan, hosts, record, course or Course())
    carried_through(passage)
    results = tuple(passage.result(host) for host in plan.hosts)
    statuses = {result.name: result.status for result in results}
    finished = record.note("run-finished", statuses=statuses, interrupted=fleet.stop.is_set())
    return RunResult(record.run, kind, results, started.at, finished.at, {**plan.extra, "plan": plan.id})


def carried_through(passage: Passage) -> None:
    """Go over all hosts. Raises `JournalError` where what is done cannot be remembered: then nothing more is done."""
    try:
        passage.go()
    except JournalError as error:
        passage.fleet.stop.set()
        raise JournalError(f"{error.message}; the run {passage.record.run} was stopped") from error


class Passage:
    """One way over all hosts of a plan."""

    def __init__(self, fleet: Fleet, plan: Plan, hosts: Mapping[str, Host], record: Recorder, course: Course) -> None:
        self.fleet = fleet
        self.plans = {host.name: host for host in plan.hosts}
        self.hosts = hosts
        self.record = record
        self.course = course
        self.way = course.way or Rollout((Wave(tuple(self.plans)),))
        self.gate = Gate(self.way, course.opening)
        self.done: dict[str, HostResult] = {}
        self.left: dict[str, str] = {}  # hosts that were not begun, and why

    def go(self) -> None:
        self._settle()
        self._look_first()
        for number, wave in enumerate(self.way.waves, 1):
            if self._over():
                break
            self._wave(number, wave)
            if wave.soak and not self._over() and number < len(self.way.waves):
                self._soak(wave)
        self._leave()

    def result(self, plan: HostPlan) -> HostResult:
        """What became of a host."""
        return self.done.get(plan.name) or settled_before(plan) or untouched(plan, error=self.left.get(plan.name))

    def _over(self) -> bool:
        return self.gate.halted is not None or self.fleet.stop.is_set()

    def _settle(self) -> None:
        """What is known without asking a host: from the plan, and where another run has the lease."""
        for name, plan in self.plans.items():
            settled = settled_before(plan)
            if settled:
                self._barred(settled)
            elif name in self.course.held:
                self._barred(self.record.finish(untouched(plan, "refused", self.course.held[name])))

    def _barred(self, result: HostResult) -> None:
        """A host that came to its end before anything was begun on it."""
        self._ended(result)
        with contextlib.suppress(OSError):
            self.fleet.ended(result.name, result.status)

    def _ended(self, result: HostResult) -> None:
        self.done[result.name] = result
        self.gate.ended(self.plans[result.name], result)

    def _jobs(self, names: Sequence[str]) -> list[Job]:
        left = [self.plans[name] for name in names if name not in self.done]
        return [(self.hosts[plan.name], plan) for plan in _outside_first(left, self.hosts)]

    def _look_first(self) -> None:
        """
        Look at every host before the first one is changed: what fails now counts while nothing has changed yet.

        Where nothing hangs on it, of a single host for instance, the look that every host gets in its turn is enough.
        """
        jobs = self._jobs(list(self.plans))
        needed = len(jobs) > 1 or self.course.opening.bounds
        if self._over() or not self.course.looks_first or not needed:
            return
        fleet = self.fleet
        looks = fleet.spread(jobs, lambda job: look_first(fleet, job[0], job[1], self.record), fleet.forks, fleet.stop)
        for _, seen in looks:
            self._take(seen)

    def _take(self, seen: Seen) -> None:
        self.gate.guess(seen.name, seen.seconds)
        if seen.status != "ok":
            result = untouched(self.plans[seen.name], seen.status, seen.reason)
            self._barred(self.record.finish(replace(result, detail=seen.detail)))

    def _wave(self, number: int, wave: Wave) -> None:
        jobs = self._jobs(wave.hosts)
        if len(self.way.waves) > 1:
            self.record.note("wave", number=number, of=len(self.way.waves), hosts=[host.name for host, _ in jobs])
        self._spread(jobs)
        self.gate.wave_ended(wave.hosts)

    def _spread(self, jobs: Sequence[Job]) -> None:
        """Work on these hosts side by side, as far as they may be."""
        fleet = self.fleet
        for (host, _), result in fleet.spread(jobs, self._work, fleet.forks, fleet.stop, may=self._beside):
            if result is not None:
                self.done[host.name] = result

    def _work(self, job: Job) -> HostResult | None:
        """Work on one host, or on none where it may not be begun now."""
        host, plan = job
        reason = self.gate.barred(host.name)
        if reason:
            self.left[host.name] = reason
            return None
        result = self._worked(host, plan)
        self.gate.ended(plan, result)
        return result

    def _worked(self, host: Host, plan: HostPlan) -> HostResult:
        """Work on one host, to its end."""
        return watched(self.fleet, host, lambda: _with_session(self.fleet, host, plan, self.record))

    def _beside(self, job: Job, flying: Collection[Job]) -> bool:
        return _apart(job, flying) and self.gate.beside(job[0].name, [host.name for host, _ in flying])

    def _soak(self, wave: Wave) -> None:
        """Wait, and look at the canaries again. An interrupt ends the wait at once."""
        well = [name for name in wave.hosts if name in self.done and self.done[name].status in ("changed", "ok")]
        names = [name for name in well if name in self.hosts]
        self.record.note("soak", seconds=wave.soak, hosts=names)
        with contextlib.suppress(OSError):
            self.fleet.tell(f"canaries are done ({', '.join(names)}): waiting {wave.soak:.0f} s, then looking again")
        if self.fleet.stop.wait(wave.soak):
            return
        fleet, seal = self.fleet, self.record.seal
        jobs = [(self.hosts[name], self.done[name]) for name in names if self.done[name].items]
        for (host, before), found in fleet.spread(
            jobs, lambda job: look_again(fleet, job[0], job[1], seal), fleet.forks, fleet.stop
        ):
            result = after_soak(before, found)
            self.record.note("soaked", host.name, wrong=result.error if result is not before else None)
            if result is not before:
                self.gate.halt(f"{host.name} did not stay well ({result.error})")
                self._ended(self.record.finish(result))

    def _leave(self) -> None:
        """Say of every host that was not begun why: it can be gone on with."""
        for name in self.plans:
            if name not in self.done and not self.fleet.stop.is_set():
                self.left.setdefault(name, self.gate.halted or "it was not its turn yet")
            if name in self.left and name not in self.done:
                self.record.note("left", name, reason=self.left[name])


def _outside_first(plans: Sequence[HostPlan], hosts: Mapping[str, Host]) -> list[HostPlan]:
    """In the order of the plan, but devices before the hosts behind them: what these look like depends on those."""
    names = {plan.name for plan in plans}
    return sorted(plans, key=lambda plan: len(names.intersection(hosts[plan.name].via)))


def _apart(job: Job, flying: Collection[Job]) -> bool:
    """A device and a host behind it are never in flight together: one of them would be cut off by the other."""
    host = job[0]
    return not any(other.name in host.via or host.name in other.via for other, _ in flying)


def watched(fleet: Fleet, host: Host, work: Callable[[], HostResult]) -> HostResult:
    """Work on a host, and tell whoever watches when it begins and how it ends."""
    with contextlib.suppress(OSError):  # whoever watched went away (`2>&1 | head`): the work goes on
        fleet.begun(host.name)
    result = work()
    with contextlib.suppress(OSError):
        fleet.ended(host.name, result.status)
    return result


def _with_session(fleet: Fleet, host: Host, plan: HostPlan, record: Recorder) -> HostResult:
    try:
        session = fleet.connect(host)
    except (TransportError, UsageError) as error:
        return record.finish(untouched(plan, "unreachable", error.message))
    try:
        return apply_host(Work(host, plan, session, fleet.house, record, fleet.stop))
    finally:
        session.close()
