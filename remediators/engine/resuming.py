"""
Going on where a run stopped, in the same run: its journal decides what is left, and the hosts what is true.

Hosts in doubt come first: they are read again and classed (`recovery`), a device whose timer still runs is finished
under it or goes back, services that were stopped are started. Then the ordinary way over the hosts that are left.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from remediators.engine import dead_man
from remediators.engine.applier import Work, apply_host, spans_of
from remediators.engine.earlier import Earlier, earlier, promised
from remediators.engine.fleet import Fleet
from remediators.engine.gate import Course
from remediators.engine.guarding import LEAST_LEFT, Guard
from remediators.engine.outcomes import HostResult, ItemResult, mistake, not_started, settled_before
from remediators.engine.reading import details_of
from remediators.engine.recorder import Recorder
from remediators.engine.recovery import Found, Recovery, Survey, Trail, ago, recover_host, trails
from remediators.engine.rollout import Job, Passage, carried_through, watched
from remediators.engine.timing import checks_seconds
from remediators.engine.touch import Touch
from remediators.journal import Event
from remediators.model import (
    Armed,
    Change,
    Host,
    HostPlan,
    Item,
    JournalError,
    Plan,
    RemediationError,
    Session,
    Snapshot,
    TransportError,
    UsageError,
)
from remediators.model.rollout import Wave

SETTLE_SECONDS = 300.0  # how long a host may take to come to rest: a service that stops, a script that ends
_PAUSE = 2.0
_DONE = ("changed", "ok", "skipped")


@dataclass(frozen=True, slots=True)
class Left:
    """A host that a run has not done with: how its journal tells it, and what was begun there."""

    plan: HostPlan
    told: HostResult
    trail: Trail
    earlier: Earlier
    looked_at: frozenset[int] = frozenset()  # items at which a check has looked

    @property
    def in_doubt(self) -> bool:
        """Whether anything may have been done there, so that it is read and classed before it is gone on with."""
        trail = self.trail
        return bool(self.earlier.begun or trail.actions or trail.armed_at or trail.unsaved or trail.switch)

    @property
    def unsaved(self) -> bool:
        """Confirmed, and to be saved, and not seen to be."""
        saves = bool(self.plan.arming and self.plan.arming.save)
        return saves and not self.trail.saved and (self.trail.unsaved or bool(self.earlier.begun))


def left_of(plan: Plan, told: Sequence[HostResult], events: Sequence[Event]) -> dict[str, Left]:
    """The hosts of a run that it has not done with, in the order of its plan."""
    known = trails(events)
    mine: dict[str, list[Event]] = {}
    for event in events:
        mine.setdefault(event.host, []).append(event)
    hosts = (
        Left(host, result, known.get(host.name, Trail()), earlier(host, own := mine.get(host.name, [])), _looked(own))
        for host, result in zip(plan.hosts, told, strict=True)
    )
    return {host.plan.name: host for host in hosts if _is_left(host)}


def _looked(events: Iterable[Event]) -> frozenset[int]:
    return frozenset(event.body["item"] for event in events if event.kind == "check")


def _is_left(host: Left) -> bool:
    changing = [(number, result) for number, result in enumerate(host.told.items) if result.item.outcome == "change"]
    if settled_before(host.plan) or not changing:
        return False
    if host.trail.doubtful or host.unsaved or host.trail.putting_back:
        return True
    # An interrupt comes before checks, too, and `recover` reads values and does not look from outside.
    unseen = any(result.item.checks and number not in host.looked_at for number, result in changing)
    return unseen or any(result.status not in _DONE and not result.ignored for _, result in changing)


def soaked(events: Iterable[Event]) -> set[str]:
    """Canaries that were looked at after their soak, and were well."""
    return {event.host for event in events if event.kind == "soaked" and not event.body["wrong"]}


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where a run stands: ``left`` are the hosts to go on with, ``told`` how its journal tells all of them.

    ``refused`` are hosts among them that must not be gone on with, and why.
    """

    plan: Plan
    told: Sequence[HostResult]
    left: Mapping[str, Left]
    soaked: Collection[str] = ()
    refused: Mapping[str, str] | None = None


def resume_fleet(
    fleet: Fleet,
    stands: Standing,
    hosts: Mapping[str, Host],
    record: Recorder,
    *,
    course: Course,
    by: Mapping[str, Any],
) -> set[str]:
    """
    Go on with a run. Raises `JournalError` only: what hosts do is in the journal, and `from_journal` tells all of it.

    Gives the hosts that could not be reached now, although something was begun on them.
    """
    record.note("run-resumed", **by, hosts=list(stands.left))
    passage = Onward(fleet, stands, hosts, record, course)
    carried_through(passage)
    statuses = {result.name: result.status for result in stands.told}
    statuses |= {name: result.status for name, result in passage.done.items()}
    record.note("run-finished", statuses=statuses, interrupted=fleet.stop.is_set())
    return passage.away


class Onward(Passage):
    """The way over the hosts that are left; the others count as done."""

    def __init__(
        self, fleet: Fleet, stands: Standing, hosts: Mapping[str, Host], record: Recorder, course: Course
    ) -> None:
        super().__init__(fleet, stands.plan, hosts, record, course)
        self.stands = stands
        self.away: set[str] = set()
        well = (result for result in stands.told if result.name in self.plans and result.name not in stands.left)
        self.done = {result.name: result for result in well}

    def _settle(self) -> None:
        for name, reason in (self.stands.refused or {}).items():
            self._refuse(name, reason)
        for name, reason in self.course.held.items():
            self._refuse(name, reason)
        jobs = [job for job in super()._jobs(list(self.plans)) if self._in_doubt(job)]
        self._spread(jobs)

    def _refuse(self, name: str, reason: str) -> None:
        if name in self.stands.left and name not in self.done:
            told = self.stands.left[name].told
            status = "unknown" if told.status == "unknown" else "refused"
            self._barred(self.record.finish(replace(told, status=status, error=reason)))

    def _in_doubt(self, job: Job) -> bool:
        return self.stands.left[job[0].name].in_doubt

    def _jobs(self, names: Sequence[str]) -> list[Job]:
        return [job for job in super()._jobs(names) if not self._in_doubt(job)]

    def _wave(self, number: int, wave: Wave) -> None:
        if self._jobs(wave.hosts):
            super()._wave(number, wave)
        else:
            self.gate.wave_ended(wave.hosts)

    def _soak(self, wave: Wave) -> None:
        """Again where it was broken off; not where all of them were well after it."""
        canaries = [name for name in wave.hosts if name in self.done and self.done[name].status == "changed"]
        if not set(canaries) <= set(self.stands.soaked):
            super()._soak(wave)

    def _worked(self, host: Host, plan: HostPlan) -> HostResult:
        left = self.stands.left[host.name]
        if not left.in_doubt:
            return super()._worked(host, plan)
        doubt = Doubt(self.fleet, host, left, self.record)
        result = watched(self.fleet, host, lambda: _reached(doubt))
        if doubt.away:
            self.away.add(host.name)
        return result


def _reached(doubt: Doubt) -> HostResult:
    """Connect and go on; what comes between leaves the host in doubt."""
    try:
        session = doubt.fleet.connect(doubt.host)
    except (TransportError, UsageError) as error:
        doubt.away = True
        return doubt.stays(f"it cannot be reached: {error.message}")
    try:
        return doubt.settled(session)
    except JournalError:
        raise
    except RemediationError as error:
        doubt.away = isinstance(error, TransportError)
        return doubt.stays(error.message)
    except Exception as error:  # noqa: BLE001 - a mistake of ours on one host must not stop the others
        doubt.record.note("mistake", doubt.host.name, trace=traceback.format_exc())
        return doubt.stays(mistake(error))
    finally:
        session.close()


class Doubt:
    """One host on which the run began something, on the way to being gone on with."""

    def __init__(self, fleet: Fleet, host: Host, left: Left, record: Recorder) -> None:
        self.fleet, self.host, self.left, self.record = fleet, host, left, record
        self.results: dict[int, ItemResult] = {}
        self.away = False  # it could not be reached

    def settled(self, session: Session) -> HostResult:
        """Class what is there, finish or undo what is under way, and go on. Raises `TransportError`."""
        plan, trail = self.left.plan, self.left.trail
        if trail.putting_back:
            reason = f"it was being put back when the run ended ({trail.putting_back})"
            return self.stays(f"{reason}: remediate rollback {self.record.run} -l {plan.name} ends that")
        self._rest(session)
        found = recover_host(Survey(self.host, plan, trail, session, self.fleet.house, self.record, self.record.seal))
        if found.status == "unreachable":
            raise TransportError(found.error or "it cannot be reached")
        if found.changes:
            self.results = as_found(plan, found, self.left.earlier)
        hindrance = self._hindrance(found)
        if hindrance:
            return self.stays(hindrance)
        if found.left is not None or (plan.arming and plan.arming.kind == "unarmed" and self.left.unsaved):
            return self._under_its_timer(found, session)
        wrong = self._save(session) if self.left.unsaved and _is_after(found) else None
        return self.stays(wrong, "failed") if wrong else self._on(session)

    def _rest(self, session: Session) -> None:
        """Wait until all that was under way can be read again: nothing is stopped that is stopping already."""
        touch = Touch(session, self.fleet.house)
        wanted = {address for _, address in self.left.earlier.begun}
        for intent in self.left.earlier.unfinished.values():
            wanted |= set(promised(intent))
        details = details_of(_changes(self.left.plan))
        queries = list(self.fleet.house.platform_of(self.host).queries())
        ends = time.monotonic() + SETTLE_SECONDS
        while True:
            touch.look(wanted, details, queries)
            if all(map(touch.known.readable, wanted)) or time.monotonic() > ends or self.fleet.stop.wait(_PAUSE):
                return

    def _hindrance(self, found: Recovery) -> str | None:
        """Why this host cannot be gone on with now."""
        if any(one.state == "unread" for one in found.changes):
            return found.error or "not all could be read"
        if not found.changes and found.error:
            return found.error
        return self._switch(found)

    def _switch(self, found: Recovery) -> str | None:
        """Whether a dead man's switch is about to fire, or fired."""
        if not self.left.trail.switch:
            return None
        armed = [one for one in found.changes if one.change.address.kind == dead_man.KIND]
        switch = dead_man.switch_of((one.change, one.now) for one in armed if one.state == "foreign")
        if switch and switch.state != dead_man.ARMED:
            return found.error
        minutes = max((int((one.change.detail or {}).get("minutes", 0)) for one in armed), default=0)
        left = 60.0 * minutes - ago(self.left.trail.switch_at) - self._seconds()
        if left < LEAST_LEFT:
            return f"its dead man's switch is about to fire, or has: remediate recover {self.record.run} tells"
        return None

    def _under_its_timer(self, found: Recovery, session: Session) -> HostResult:
        """A device that is armed: finish it while its timer runs, or see it go back and begin anew."""
        guard = self._guard(session, found.left)
        if guard is None or self._can_be_finished(found, guard):
            return self._on(session, guard)
        wrong = guard.back(self._differs)
        if wrong:
            return self.stays(f"it is not proven to have gone back: {wrong}")
        self.left = replace(self.left, earlier=Earlier())
        self.results = {}
        again = self.fleet.connect(self.host)
        try:
            return self._on(again)
        finally:
            again.close()

    def _guard(self, session: Session, left: float | None) -> Guard | None:
        """The way in which the earlier part of the run armed this device, with what is left of its time."""
        arming, safeguard = self.left.plan.arming, self.fleet.house.platform_of(self.host).safeguard
        if arming is None or safeguard is None:
            return None
        ran = 0.0 if left is None else 60.0 * arming.minutes - left
        armed_at, since = time.monotonic() - ran, self.left.trail.armed_at
        armed = cast("Armed", session)
        return Guard(
            self.host.name, arming, safeguard, armed, self.record, armed_at, self._seconds(), armed_since=since
        )

    def _seconds(self) -> float:
        return checks_seconds(self.left.plan.items, self.fleet.house)

    def _can_be_finished(self, found: Recovery, guard: Guard) -> bool:
        """
        Whether it can be gone on with under the timer that runs.

        Where all that was begun is done; else it goes back first, unless it could only do so by a reload.
        """
        if guard.arming.kind == "unarmed":
            return True
        begun = {one.state for one in found.changes if one.begun}
        whole = begun <= ({"after"} if guard.arming.revert else {"after", "before"})
        time_left = (found.left or 0.0) >= LEAST_LEFT + guard.seconds
        return whole and time_left and all(one.state != "foreign" for one in found.changes)

    def _differs(self, session: Armed) -> str | None:
        """What is not as it was before the run."""
        spans = {span.address: span for span in spans_of(_changes(self.left.plan))}
        touch = Touch(session, self.fleet.house, Snapshot())
        touch.look(spans, {}, list(self.fleet.house.platform_of(self.host).queries()))
        return next((text for at, span in spans.items() if (text := touch.mismatch(at, span.before))), None)

    def _save(self, session: Session) -> str | None:
        """Save what was confirmed. Gives what is wrong, or ``None``."""
        guard = self._guard(session, None)
        if guard is None:
            return None
        told = guard.save(guard.session)
        return "; ".join(told) if guard.unsaved else None

    def _on(self, session: Session, guard: Guard | None = None) -> HostResult:
        """The ordinary way of a host, with what was done earlier."""
        known = replace(self.left.earlier, results=self.results)
        fleet = self.fleet
        work = Work(self.host, self.left.plan, session, fleet.house, self.record, fleet.stop, known, guard)
        return apply_host(work)

    def stays(self, reason: str, status: str = "unknown") -> HostResult:
        """The result of a host that is left as it is."""
        told = enumerate(self.left.told.items)
        items = tuple(self.results.get(number, item) for number, item in told)
        return self.record.finish(HostResult(self.left.plan.name, status, items, reason))


def _changes(plan: HostPlan) -> Iterator[Change]:
    return (change for item in plan.items if item.outcome == "change" for change in item.changes)


def _is_after(found: Recovery) -> bool:
    """Whether something was begun, all of that is done, and nothing is of somebody else."""
    begun = [one.state for one in found.changes if one.begun]
    return bool(begun) and set(begun) == {"after"} and all(one.state != "foreign" for one in found.changes)


_WORDS = {"after": "verified", "before": "reverted"}


def as_found(plan: HostPlan, found: Recovery, before: Earlier) -> dict[int, ItemResult]:
    """What is known of every item that was to change something, as it was read just now."""
    read = iter(found.changes)
    numbered = [(number, item) for number, item in enumerate(plan.items) if item.outcome == "change"]
    return {number: _as_found(number, item, [next(read) for _ in item.changes], before) for number, item in numbered}


def _as_found(number: int, item: Item, read: Sequence[Found], before: Earlier) -> ItemResult:
    mine = [(number, one.change.address) in before.begun for one in read]
    words = tuple(
        _WORDS.get(one.state, "unknown") if begun else "not_started" for begun, one in zip(mine, read, strict=True)
    )
    if number in before.unfinished:
        return ItemResult(item, "unknown", words, "begun, and not seen to end")
    if any(mine):
        return _of_words(item, words)
    acted = {action for handler, action in before.acted if handler == number}
    ran = bool(item.actions) and number not in before.due and acted == set(map(str, item.actions))
    return ItemResult(item, "changed") if ran and not item.changes else not_started(item)


def _of_words(item: Item, words: tuple[str, ...]) -> ItemResult:
    """An item may have been begun in part: the rest was right already."""
    own = set(words) - {"not_started"}
    if own == {"verified"}:
        return ItemResult(item, "changed", ("verified",) * len(words))
    if own == {"reverted"}:
        return ItemResult(item, "failed", words, "found as it was before")
    return ItemResult(item, "unknown", words, "found neither as before nor as planned")
