"""
The one place that changes hosts.

On each host: read everything again, refuse on drift, and then item by item: the intent durable in the journal, the
commands and the read-back in one batch, the second reading compared. Handlers follow at the end of their play, checks
from outside after them, and one last reading of everything that was set.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from remediators.engine.house import House
from remediators.engine.outcomes import HostResult, ItemResult, host_status
from remediators.engine.reading import absorb, by_kind, details_of, questions, read_all
from remediators.engine.recorder import Recorder
from remediators.engine.rollback import way_back
from remediators.model import (
    Action,
    Address,
    Change,
    Dropped,
    Host,
    HostPlan,
    Item,
    JournalError,
    Performance,
    Refused,
    RemediationError,
    Session,
    Snapshot,
    Step,
    StepResult,
    TimedOut,
    TransportError,
    Unread,
    Value,
)

SETTLE_SECONDS = 60.0  # how long a service may take to reach the state that its start command promised
CHECK_SECONDS = 10.0  # how long a failing check is repeated: a service may answer a moment later
_LOST = (Dropped, TimedOut)


@dataclass(frozen=True, slots=True)
class Work:
    """All that is needed to work on one host."""

    host: Host
    plan: HostPlan
    session: Session
    house: House
    record: Recorder
    stop: threading.Event


def apply_host(work: Work) -> HostResult:
    """Apply one host's plan. What the host does is a result; only `JournalError` is raised."""
    began = time.monotonic()
    result = _settled_before(work.plan) or _HostRun(work).go()
    return replace(result, seconds=time.monotonic() - began)


def _settled_before(plan: HostPlan) -> HostResult | None:
    """Hosts that the plan itself could not get to."""
    if plan.status == "unreachable":
        return HostResult(plan.name, "unreachable", error=plan.error)
    if plan.status == "refused" and plan.error:
        return HostResult(
            plan.name, "refused", tuple(ItemResult(i, "refused", reason=i.reason) for i in plan.items), plan.error
        )
    return None


class _HostRun:
    """The state of one host while it is worked on."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.name = work.plan.name
        self.house = work.house
        self.known = Snapshot()
        self.results: dict[int, ItemResult] = {}
        self.stopped: str | None = None

    def go(self) -> HostResult:
        self.work.record.note("host-started", self.name)
        try:
            refusal = self._preflight()
            if refusal:
                return self._end(HostResult(self.name, "refused", self._untouched(), refusal))
            self.work.record.by_hand(self.name, self.house.by_hand(way_back(self.work.plan, self.known, self.house)))
            self._all_plays()
            self._last_reading()
        except JournalError:
            raise
        except TransportError as error:
            return self._end(self._lost_host(error))
        except RemediationError as error:
            return self._end(HostResult(self.name, "failed", self._untouched(), error.message))
        items = self._untouched()
        return self._end(HostResult(self.name, host_status(items), items))

    def _end(self, result: HostResult) -> HostResult:
        clean = self.work.record.clean
        items = tuple(replace(item, reason=clean(item.reason) if item.reason else None) for item in result.items)
        result = replace(result, items=items, error=clean(result.error) if result.error else None)
        self.work.record.note("host-finished", self.name, status=result.status, error=result.error, recap=result.counts)
        return result

    def _untouched(self) -> tuple[ItemResult, ...]:
        """Every item in order; what was never begun says so."""
        return tuple(self.results.get(n) or _not_started(item) for n, item in enumerate(self.work.plan.items))

    def _lost_host(self, error: TransportError) -> HostResult:
        begun = any(result.status in ("changed", "failed", "unknown") for result in self.results.values())
        items = self._untouched()
        status = host_status(items) if begun else "unreachable"
        if status in ("changed", "ok"):
            status = "failed"
        return HostResult(self.name, status, items, error.message)

    # -- before the first write ------------------------------------------------------------------------------------

    def _preflight(self) -> str | None:
        """Read everything again. Gives the reason why this host must not be touched, or None."""
        base = list(self.house.platform_of(self.work.host).queries())
        changes = [change for item in self._items("change") for change in item.changes]
        addresses, details = {change.address for change in changes}, details_of(changes)
        self.known = read_all(
            self.work.session,
            Snapshot(),
            lambda known: [*base, *questions(self.house, addresses, details, known)],
        )
        drifted = [text for text in map(self._drift, _spans(changes)) if text]
        if drifted:
            self.work.record.note("drift", self.name, reasons=drifted)
        return "; ".join(drifted) or None

    def _drift(self, span: Change) -> str | None:
        value = self.known[span.address]
        if value in (span.before, span.after):
            return None
        if span.sensitive:
            return f"{span.address} was changed since the plan was made"
        return f"{span.address} is {_say(value)}, planned from {_say(span.before)} to {_say(span.after)}"

    def _items(self, outcome: str) -> list[Item]:
        return [item for item in self.work.plan.items if item.outcome == outcome]

    # -- item by item ----------------------------------------------------------------------------------------------

    def _all_plays(self) -> None:
        numbered = list(enumerate(self.work.plan.items))
        for _, group in groupby(numbered, key=lambda entry: entry[1].play):
            play = list(group)
            for number, item in play:
                if not item.handler and not self.stopped:
                    self._settle(number, item)
            if not self._interrupted():
                self._handlers([entry for entry in play if entry[1].handler], self._notified(play))
                self._checks(play)

    def _interrupted(self) -> bool:
        if self.work.stop.is_set() and not self.stopped:
            self.stopped = "interrupted"
        return self.work.stop.is_set()

    def _settle(self, number: int, item: Item) -> None:
        if self._interrupted():
            return
        result = self._item(item)
        if result.status in ("failed", "unknown") and item.ignore_errors:
            result = replace(result, ignored=True)
        self.results[number] = result
        if result.status in ("failed", "unknown") and not result.ignored:
            self.stopped = f"{item.task} failed"

    def _item(self, item: Item) -> ItemResult:
        if item.outcome == "change":
            return self._change(item)
        status = {"unpredictable": "refused"}.get(item.outcome, item.outcome)
        return ItemResult(item, status, reason=item.reason)

    def _change(self, item: Item) -> ItemResult:
        try:
            pending = tuple(change for change in item.changes if self.known[change.address] != change.after)
            if not pending:
                return ItemResult(item, "ok", ("verified",) * len(item.changes))
            steps = self._steps(item, pending)
        except Refused as error:
            return ItemResult(item, "refused", _all(item, "not_started"), error.message)
        except RemediationError as error:
            return ItemResult(item, "failed", _all(item, "not_started"), error.message)
        self.work.record.note(
            "intent",
            self.name,
            item=self._number(item),
            task=item.task,
            play=item.play,
            notify=list(item.notify),
            changes=self.work.record.changes(pending),
            commands=[command.shown for step in steps for command in step.commands],
        )
        answers, lost = self._write(steps, {change.address for change in pending}, details_of(pending))
        result = self._judge(item, pending, answers, lost)
        self.work.record.note(
            "result",
            self.name,
            item=self._number(item),
            status=result.status,
            reason=result.reason,
            results=dict(zip([str(change.address) for change in item.changes], result.results, strict=True)),
        )
        return result

    def _number(self, item: Item) -> int:
        return next(number for number, known in enumerate(self.work.plan.items) if known is item)

    def _steps(self, item: Item, pending: tuple[Change, ...]) -> list[Step]:
        """The steps for what is still to do. Raises `Refused` where they are not the ones that the plan showed."""
        for change in pending:
            if self.known[change.address] != change.before:
                raise Refused(f"{change.address} is {_say(self.known[change.address])}, which this plan did not expect")
        steps = [step for kind, members in by_kind(self.house, pending) for step in kind.write(members, self.known)]
        _only_planned(item, steps)
        return steps

    def _write(
        self, steps: Sequence[Step], addresses: set[Address], details: dict[Address, Any]
    ) -> tuple[Sequence[StepResult], str | None]:
        """Send steps and read back. Gives the host's answers, and what was lost if the connection went away."""
        known = self.known.again()
        then = questions(self.house, addresses, details, known)
        try:
            answers, readings = self.work.session.write(steps, then)
        except _LOST as error:
            self._read_again(addresses, details)
            return (), error.message
        self.known = absorb(known, then, readings)
        self.known = read_all(
            self.work.session, self.known, lambda known: questions(self.house, addresses, details, known)
        )
        return answers, None

    def _read_again(self, addresses: Iterable[Address], details: dict[Address, Any]) -> None:
        """Look again after a lost connection; where that fails too, the values are unread and stay unknown."""
        wanted = list(addresses)
        try:
            self.known = read_all(
                self.work.session, self.known.again(), lambda known: questions(self.house, wanted, details, known)
            )
        except TransportError as error:
            self.known = self.known.lost(wanted, error.message)

    def _judge(
        self, item: Item, pending: tuple[Change, ...], answers: Sequence[StepResult], lost: str | None
    ) -> ItemResult:
        """Compare the second reading with what was wanted. What the commands said is evidence for the reason only."""
        sent = {change.address for change in pending}
        words = tuple(self._word(change, lost) if change.address in sent else "verified" for change in item.changes)
        if all(word == "verified" for word in words):
            return ItemResult(item, "changed", words)
        said = " ".join(answer.words for answer in answers if answer.failed)
        reasons = [self._why(change) for change, word in zip(item.changes, words, strict=True) if word != "verified"]
        reason = "; ".join([*([lost] if lost else []), *reasons]) + (f"; the host said: {said}" if said else "")
        return ItemResult(item, "unknown" if "unknown" in words else "failed", words, reason)

    def _word(self, change: Change, lost: str | None) -> str:
        try:
            value = self.known[change.address]
        except Unread:
            return "unknown"
        if value == change.after:
            return "verified"
        # A command whose answer was lost may still be at work: that the value is the old one now proves nothing.
        return "unknown" if lost else "failed"

    def _why(self, change: Change) -> str:
        try:
            value = self.known[change.address]
        except Unread as error:
            return error.message
        if change.sensitive:
            return f"{change.address} does not have the wanted value"
        return f"{change.address} is {_say(value)} instead of {_say(change.after)}"

    # -- handlers --------------------------------------------------------------------------------------------------

    def _notified(self, play: Sequence[tuple[int, Item]]) -> set[str]:
        """Handlers whose items changed something, wholly or in part, or may have."""
        touched = {"changed", "unknown", "failed"}
        return {
            name
            for number, item in play
            if (result := self.results.get(number)) and result.status in touched and "not_started" not in result.results
            for name in (item.notify if item.changes else ())
        }

    def _handlers(self, handlers: Sequence[tuple[int, Item]], notified: set[str]) -> None:
        for number, item in handlers:
            if _base_name(item, notified) and item.outcome == "change":
                self.results[number] = self._handler(item)
            elif item.outcome == "change":
                self.results[number] = ItemResult(item, "skipped", reason="nothing that notifies it changed")
            else:
                self.results[number] = self._item(item)
            if self.results[number].status in ("failed", "unknown"):
                self.stopped = self.stopped or f"{item.task} failed"

    def _handler(self, item: Item) -> ItemResult:
        result = self._change(item) if item.changes else ItemResult(item, "ok")
        for action in item.actions:
            if result.status in ("failed", "unknown", "refused"):
                break
            result = self._act(item, action)
        return result

    def _act(self, item: Item, action: Action) -> ItemResult:
        try:
            self._read_again(action.reads, {})
            performance = self.house.kind_of(action.address).perform(action, self.known)
            _only_planned(item, performance.steps)
        except Refused as error:
            return ItemResult(item, "refused", reason=error.message)
        except RemediationError as error:
            return ItemResult(item, "failed", reason=error.message)
        self.work.record.note(
            "action-intent",
            self.name,
            item=self._number(item),
            task=item.task,
            action=str(action),
            options=dict(item.options),
            found={str(address): value for address, value in performance.found.items()},
            expects={str(address): value for address, value in performance.expects.items()},
            commands=[command.shown for step in performance.steps for command in step.commands],
        )
        answers, lost = self._write(performance.steps, set(performance.expects), {})
        result = self._performed(item, performance, answers, lost)
        self.work.record.note(
            "action-result", self.name, item=self._number(item), status=result.status, reason=result.reason
        )
        return result

    def _performed(
        self, item: Item, performance: Performance, answers: Sequence[StepResult], lost: str | None
    ) -> ItemResult:
        wrong = self._wait_for(performance.expects)
        said = " ".join(answer.words for answer in answers if answer.failed)
        if not wrong:
            # The state alone cannot tell a restart from none at all; only here does the host's word count, against it.
            if said or lost:
                return ItemResult(item, "failed", reason=f"it may not have restarted: {lost or said}")
            return ItemResult(item, "changed")
        tail = f"; the host said: {said}" if said else ""
        reason = (f"{lost}; " if lost else "") + "; ".join(wrong) + tail
        return ItemResult(item, "unknown" if lost else "failed", reason=reason)

    def _wait_for(self, expects: Any) -> list[str]:
        """Read until the host looks as expected, at most `SETTLE_SECONDS`; gives what is still wrong."""
        deadline = time.monotonic() + SETTLE_SECONDS
        pause = 0.25
        while True:
            wrong = [text for address, value in expects.items() if (text := self._mismatch(address, value))]
            if not wrong or time.monotonic() > deadline:
                return wrong
            self.work.stop.wait(pause) if not self.work.stop.is_set() else time.sleep(pause)
            pause = min(pause * 2, 5.0)
            self._read_again(expects, {})

    def _mismatch(self, address: Address, wanted: Value) -> str | None:
        try:
            value = self.known[address]
        except Unread as error:
            return error.message
        return None if value == wanted else f"{address} is {_say(value)} instead of {_say(wanted)}"

    # -- looking again ---------------------------------------------------------------------------------------------

    def _checks(self, play: Sequence[tuple[int, Item]]) -> None:
        for number, item in play:
            result = self.results.get(number)
            if result and item.checks and item.outcome == "change" and result.status in ("ok", "changed"):
                self.results[number] = self._check(item, result)
                if self.results[number].status == "failed" and not self.results[number].ignored:
                    self.stopped = f"{item.task} failed its check"

    def _check(self, item: Item, result: ItemResult) -> ItemResult:
        for name, options in item.checks.items():
            check = self.house.checks[name]
            seen = self._look(check, check.Options(**options))
            self.work.record.note("check", self.name, item=self._number(item), check=name, seen=seen)
            if seen:
                return replace(result, status="failed", reason=f"{name}: {seen}", ignored=item.ignore_errors)
        return result

    def _look(self, check: Any, options: Any) -> str | None:
        """Run a check until it is content, or `CHECK_SECONDS` have passed."""
        deadline = time.monotonic() + CHECK_SECONDS
        pause = 0.25
        while True:
            seen: str | None = check.run(self.work.host, options, max(CHECK_SECONDS, getattr(options, "timeout", 0.0)))
            if seen is None or time.monotonic() + pause > deadline or self.work.stop.is_set():
                return seen
            self.work.stop.wait(pause)
            pause = min(pause * 2, 5.0)

    def _last_reading(self) -> None:
        """Read once more all that this run set: another item, a handler or a policy may have put it back."""
        done = {n: r for n, r in self.results.items() if r.item.outcome == "change" and r.status in ("ok", "changed")}
        changes = [change for result in done.values() for change in result.item.changes]
        if not changes:
            return
        spans = {span.address: span for span in _spans(changes)}
        self._read_again(spans, details_of(changes))
        for number, result in done.items():
            wrong = [
                self._why(spans[c.address])
                for c in result.item.changes
                if self._word(spans[c.address], None) != "verified"
            ]
            if wrong:
                words = tuple(self._word(spans[c.address], None) for c in result.item.changes)
                reason = "it was right and is not any more: " + "; ".join(wrong)
                self.results[number] = replace(result, status="failed", results=words, reason=reason)
        verified = {str(a): self._word(span, None) for a, span in spans.items()}
        self.work.record.note("verified", self.name, results=verified)


def _not_started(item: Item) -> ItemResult:
    if item.outcome == "change":
        return ItemResult(item, "not_started", _all(item, "not_started"))
    return ItemResult(item, {"unpredictable": "refused"}.get(item.outcome, item.outcome), reason=item.reason)


def _all(item: Item, word: str) -> tuple[str, ...]:
    return (word,) * len(item.changes)


def _base_name(item: Item, notified: set[str]) -> bool:
    return item.task in notified or any(item.task.startswith(f"{name} (") for name in notified)


def _spans(changes: Iterable[Change]) -> list[Change]:
    """For each address its first before and its last after: one address may appear in several items."""
    spans: dict[Address, Change] = {}
    for change in changes:
        first = spans.get(change.address)
        spans[change.address] = replace(change, before=first.before) if first else change
    return list(spans.values())


def _only_planned(item: Item, steps: Iterable[Step]) -> None:
    """Nothing is sent that the plan did not show."""
    planned = set(item.commands)
    for command in (command for step in steps for command in step.commands):
        if command.shown not in planned:
            raise Refused(
                f"the host is not as planned: it would now need `{command.shown}`, which the plan did not show"
            )


def _say(value: Value) -> str:
    if value is None:
        return "absent"
    if isinstance(value, dict) and "data" in value:
        return f"{value['type']} {value['data']!r}"
    return repr(value)
