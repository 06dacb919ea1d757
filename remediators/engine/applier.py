"""
The one place that changes hosts.

On each host: read everything again, refuse on drift, and then item by item: the intent durable in the journal, the
commands and the read-back in one batch, the second reading compared. Handlers follow at the end of their play, checks
from outside after them, and one last reading of everything that was set.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from remediators.engine import dead_man
from remediators.engine.commit import commit
from remediators.engine.earlier import Earlier, finishing, last_items, on_its_way, promised, uncovered
from remediators.engine.guarding import Guard
from remediators.engine.house import House
from remediators.engine.outcomes import (
    UNDER_WAY,
    HostResult,
    ItemResult,
    as_planned,
    host_status,
    mistake,
    not_started,
    unstarted,
)
from remediators.engine.reading import by_kind, details_of
from remediators.engine.recorder import Recorder
from remediators.engine.rollback import way_back
from remediators.engine.touch import Touch, said, say
from remediators.engine.verification import verify, wait_for
from remediators.model import (
    Action,
    Address,
    Change,
    Host,
    HostPlan,
    Item,
    JournalError,
    Performance,
    Refused,
    RemediationError,
    Session,
    Step,
    StepResult,
    TransportError,
    Value,
)
from remediators.model.documents import concealed

Numbered = Sequence[tuple[int, Item]]


@dataclass(frozen=True, slots=True)
class Work:
    """
    All that is needed to work on one host.

    Where a run is gone on with, ``earlier`` is what it did here before it stopped, and ``guard`` a timer that it armed
    and that still runs.
    """

    host: Host
    plan: HostPlan
    session: Session
    house: House
    record: Recorder
    stop: threading.Event
    earlier: Earlier = field(default_factory=Earlier)
    guard: Guard | None = None


def apply_host(work: Work) -> HostResult:
    """Apply one host's plan. What the host does is a result; only `JournalError` is raised."""
    began = time.monotonic()
    result = HostRun(work).go()
    return work.record.finish(replace(result, seconds=round(time.monotonic() - began, 3)))


class HostRun:
    """The state of one host while it is worked on."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.name = work.plan.name
        self.house = work.house
        self.touch = Touch(work.session, work.house)
        self.results: dict[int, ItemResult] = {}
        self.right: dict[Address, Value] = {}  # found at the start as the whole plan will leave it
        self.stopped = False
        self.reverted = False
        self.unsaved = False  # all is in effect, and a device could not save it as planned
        self.told: list[str] = []  # what is to be said of the host as a whole
        self.earlier = work.earlier
        self.sent: set[tuple[int, Address]] = set(work.earlier.begun)  # changes that this run began itself, by item
        self.wrote: set[int] = set()  # items of which this part of the run wrote something
        self.failed_check = ""  # what a check saw whose task is put back then
        self.measured = 0.0  # seconds that connecting and reading took
        self.heard: list[str] = []  # detail of what went wrong: transcripts of sessions

    def go(self) -> HostResult:
        """Do all of it; where it does not end well the result has the detail of why."""
        result = self._still_armed(self._gone())
        if result.status in ("changed", "ok"):
            return result
        said = [*self.heard, getattr(self.work.session, "transcript", "")]
        return replace(result, detail="\n".join(dict.fromkeys(filter(None, said))))

    def _still_armed(self, result: HostResult) -> HostResult:
        """A device that an earlier part of this run armed is in doubt where this part did not come to its timer."""
        guard = self.work.guard
        if guard is None or guard.confirmed or self.reverted or guard.arming.kind == "unarmed":
            return result
        return replace(result, status="unknown", error=f"{result.error or 'broken off'}; it is armed, and goes back")

    def _gone(self) -> HostResult:
        self.work.record.note("host-started", self.name)
        try:
            refusal = self.preflight()
            if refusal:
                return HostResult(self.name, "refused", self._all_items(), refusal)
            self._by_hand()
            commit(self, {span.address: span for span in spans_of(self.planned())})
        except JournalError:
            raise
        except TransportError as error:
            self.heard.append(error.detail)
            begun = any(result.status in ("changed", "failed", "unknown") for result in self.results.values())
            return self._broken_off("failed" if begun else "unreachable", error.message)
        except Refused as error:
            self.heard.append(error.detail)
            return HostResult(self.name, "refused", self._all_items(), error.message)
        except RemediationError as error:
            self.heard.append(error.detail)
            return self._broken_off("failed", error.message)
        except Exception as error:  # noqa: BLE001 - a mistake of ours on one host must not stop the others
            self.work.record.note("mistake", self.name, trace=traceback.format_exc())
            return self._broken_off("failed", mistake(error))
        items = self._all_items()
        status = "reverted" if self.reverted else "failed" if self.unsaved else host_status(items)
        return HostResult(self.name, status, items, "; ".join(self.told) or None)

    def _by_hand(self) -> None:
        """Keep the way back by hand; where this host was begun before, it was kept then, from what was there then."""
        if not self.earlier.begun:
            hand = way_back(self.work.plan, self.touch.known, self.house)
            self.work.record.by_hand(self.name, *self.house.by_hand(self.house.platform_of(self.work.host), hand))

    def _all_items(self) -> tuple[ItemResult, ...]:
        """Every item in order; what was never begun says so."""
        known = {**self.earlier.results, **self.results}
        return tuple(known.get(number) or not_started(item) for number, item in enumerate(self.work.plan.items))

    def _broken_off(self, status: str, error: str) -> HostResult:
        """The result of a host on which something came between; what was under way then is unknown."""
        items = self._all_items()
        unknown = any(item.status == "unknown" and not item.ignored for item in items)
        return HostResult(self.name, "unknown" if unknown else status, items, error)

    def preflight(self) -> str | None:
        """Read everything again. Gives the reason why this host must not be touched, or None."""
        changes = self.planned()
        platform = self.house.platform_of(self.work.host)
        guard = platform.safeguard
        base = [*platform.queries(), *(guard.queries(self.touch.known) if guard else ())]
        acted_on = {address for item in self.work.plan.items for action in item.actions for address in action.reads}
        began = time.monotonic()  # the session is opened by the first question, so connecting is in the measure
        self.touch.look({change.address for change in changes} | acted_on, details_of(changes), base)
        self.measured = time.monotonic() - began
        if self.earlier.begun:
            self.work = replace(self.work, plan=uncovered(self.work.plan, self.touch.known, self.work.record.seal))
        spans = spans_of(self.planned())
        drifted = [text for text in map(self._drift, spans) if text]
        if drifted:
            self.work.record.note("drift", self.name, reasons=drifted)
        # Where the plan leaves an address as it was before, the journal decides whether it came there and back.
        went = {
            address for address, last in last_items(self.work.plan).items() if (last, address) in self.earlier.begun
        }
        moved = (span for span in spans if span.before != span.after or span.address in went)
        self.right = {span.address: span.after for span in moved if self.touch.known[span.address] == span.after}
        return "; ".join(drifted) or None

    def planned(self) -> list[Change]:
        return [change for item in self.work.plan.items if item.outcome == "change" for change in item.changes]

    def _drift(self, span: Change) -> str | None:
        value = self.touch.known[span.address]
        if value in (span.before, span.after) or self._is_between(span.address, value):
            return None
        if span.sensitive:
            return f"{self.touch.is_now(span)} since the plan was made"
        return f"{self.touch.is_now(span)}, planned from {say(span.before)} to {say(span.after)}"

    def _is_between(self, address: Address, value: Value) -> bool:
        """Whether this run itself gave an address a value that it was to have on its way only."""
        begun = any(address == mine for _, mine in self.earlier.begun)
        return begun and value in on_its_way(self.work.plan, address)

    def plays(self) -> None:
        numbered = list(enumerate(self.work.plan.items))
        for _, group in groupby(numbered, key=lambda entry: entry[1].play):
            play = list(group)
            for number, item in play:
                if not item.handler and not self.stopped:
                    self._settle(number, item)
            self._handlers([entry for entry in play if entry[1].handler], self._notified(play))
            if not self._interrupted():
                self._checks(play)

    def _interrupted(self) -> bool:
        return self.work.stop.is_set()

    def _settle(self, number: int, item: Item) -> None:
        if self._interrupted() or (item.play == dead_man.AFTER and not self._still_right()):
            return
        result = self._change(number, item) if item.outcome == "change" else as_planned(item)
        failed = result.status in ("failed", "unknown")
        self.results[number] = replace(result, ignored=failed and item.ignore_errors)
        # Refused only now, it is not as planned, and later items were planned on what it should have done.
        drifted = item.outcome == "change" and result.status == "refused"
        self.stopped = (failed or drifted) and not item.ignore_errors

    def _still_right(self) -> bool:
        """Whether all that was set is still so: only then is a dead man's switch taken away."""
        self.last_reading()
        self.stopped = any(r.status in ("failed", "unknown") and not r.ignored for r in self.results.values())
        return not self.stopped

    def _change(self, number: int, item: Item) -> ItemResult:
        pending: tuple[Change, ...] = ()
        try:
            pending = self._pending(item)
            steps = self._steps(item, pending) if pending else []
        except Refused as error:
            result = ItemResult(item, "refused", unstarted(item), error.message)
        except TransportError:
            raise
        except RemediationError as error:
            result = ItemResult(item, "failed", unstarted(item), error.message)
        else:
            result = self._write(number, item, pending, steps) if pending else self._all_right(number, item)
        words = dict(zip([str(change.address) for change in item.changes], result.results, strict=True))
        self.work.record.note(
            "result", self.name, item=number, status=result.status, reason=result.reason, results=words
        )
        return result

    def _all_right(self, number: int, item: Item) -> ItemResult:
        """Nothing is to be done: because it was so, or because an earlier part of this run did it."""
        return ItemResult(item, "changed" if self.earlier.began(number) else "ok", ("verified",) * len(item.changes))

    def _pending(self, item: Item) -> tuple[Change, ...]:
        """The changes still to make. An item is done, too, where the host was found as later items will leave it."""
        known = self.touch.known
        pending = tuple(change for change in item.changes if known[change.address] != change.after)
        return pending if any(known[c.address] != self.right.get(c.address, c.after) for c in pending) else ()

    def _write(self, number: int, item: Item, pending: tuple[Change, ...], steps: Sequence[Step]) -> ItemResult:
        """Say it, do it, look again."""
        commands = [command.shown for step in steps for command in step.commands]
        told = {"item": number, "task": item.task, "play": item.play, "notify": list(item.notify)}
        self.work.record.note("intent", self.name, **told, changes=self.work.record.changes(pending), commands=commands)
        sent = {change.address for change in pending}
        self.wrote.add(number)
        self.sent |= {(number, address) for address in sent}
        words = tuple("unknown" if change.address in sent else "verified" for change in item.changes)
        self.results[number] = ItemResult(item, "unknown", words, UNDER_WAY)
        answers, lost = self.touch.write(steps, sent, details_of(pending))
        return self._judge(item, pending, answers, lost)

    def _steps(self, item: Item, pending: tuple[Change, ...]) -> list[Step]:
        """The steps for what is still to do. Raises `Refused` where they are not the ones that the plan showed."""
        known = self.touch.known
        for change in pending:
            if concealed(change.after):
                raise Refused(f"{change.address}: the secret that it should hold was not found again; plan again")
            if known[change.address] != change.before:
                raise Refused(f"{self.touch.is_now(change)}, which this plan did not expect")
            if not change.sensitive and self.work.record.spoils(change.before):
                raise Refused(
                    f"{change.address} holds a secret of this inventory, which the plan did not know; plan again"
                )
        steps = [step for kind, members in by_kind(self.house, pending) for step in kind.write(members, known)]
        _only_planned(item, steps)
        return steps

    def _judge(
        self, item: Item, pending: tuple[Change, ...], answers: Sequence[StepResult], lost: str | None
    ) -> ItemResult:
        """Compare the second reading with what was wanted. What the commands said is evidence for the reason only."""
        sent = {change.address for change in pending}
        words = tuple(
            self.touch.word(change, lost=bool(lost)) if change.address in sent else "verified"
            for change in item.changes
        )
        if all(word == "verified" for word in words):
            return ItemResult(item, "changed", words)
        wrong = [self.touch.why(c) for c, word in zip(item.changes, words, strict=True) if word != "verified"]
        host_said = said(answers)
        heard = [f"the host said: {host_said}"] if host_said else []
        parts = [*([lost] if lost else []), *heard, *_few(wrong)]
        return ItemResult(item, "unknown" if "unknown" in words else "failed", words, "; ".join(parts))

    def _notified(self, play: Numbered) -> set[str]:
        """Handlers whose items changed something, wholly or in part, or may have."""
        return {
            name
            for number, item in play
            if self._touched(number) and (number in self.wrote or not self.earlier.began(number))
            for name in (item.notify if item.changes else ())
        }

    def _touched(self, number: int) -> bool:
        result = self.results.get(number)
        if result is None or "not_started" in result.results:
            return False
        return result.status in ("changed", "unknown", "failed")

    def _is_due(self, number: int) -> bool:
        """Whether a handler was notified by what an earlier part of this run did, and did not run to its end since."""
        return any(map(self._touched, self.earlier.due.get(number, ())))

    def _handlers(self, handlers: Numbered, notified: set[str]) -> None:
        for number, item in handlers:
            if self._interrupted():
                return
            if item.outcome != "change":
                self.results[number] = as_planned(item)
            elif item.answers_to(notified):
                self.results[number] = self._handler(number, item, item.actions)
            elif self._is_due(number) or number in self._ran():
                left = [action for action in item.actions if (number, str(action)) not in self.earlier.acted]
                self.results[number] = self._handler(number, item, left)
            else:
                self.results[number] = ItemResult(item, "skipped", reason="nothing that notifies it changed")
            if self.results[number].status in ("failed", "unknown"):
                self.stopped = True

    def _ran(self) -> set[int]:
        """Handlers that an earlier part of this run ran."""
        return {number for number, _ in self.earlier.acted}

    def _handler(self, number: int, item: Item, actions: Sequence[Action]) -> ItemResult:
        ran = "changed" if len(actions) < len(item.actions) else "ok"
        result = self._change(number, item) if item.changes else ItemResult(item, ran)
        for action in actions:
            if result.status in ("failed", "unknown", "refused"):
                break
            result = self._act(number, item, action)
        return result

    def _act(self, number: int, item: Item, action: Action) -> ItemResult:
        try:
            broken_off = self.earlier.unfinished.get(number)
            self.touch.look_again({*action.reads, *promised(broken_off)}, {})
            performance = self._performance(number, action)
            _only_planned(item, performance.steps)
        except Refused as error:
            return ItemResult(item, "refused", reason=error.message)
        except RemediationError as error:
            return ItemResult(item, "failed", reason=error.message)
        self.work.record.note(
            "action-intent",
            self.name,
            item=number,
            task=item.task,
            action=str(action),
            options=dict(item.options),
            found={str(address): value for address, value in performance.found.items()},
            expects={str(address): value for address, value in performance.expects.items()},
            commands=[command.shown for step in performance.steps for command in step.commands],
        )
        self.results[number] = ItemResult(item, "unknown", unstarted(item), UNDER_WAY)
        answers, lost = self.touch.write(performance.steps, performance.expects, {})
        result = self._performed(item, performance, answers, lost)
        self.work.record.note("action-result", self.name, item=number, status=result.status, reason=result.reason)
        return result

    def _performance(self, number: int, action: Action) -> Performance:
        """What an action takes. One that was broken off half way is finished; else all of it is done."""
        half = finishing(self.earlier.unfinished.get(number), self.touch.known, self.house)
        return half or self.house.kind_of(action.address).perform(action, self.touch.known)

    def _performed(
        self, item: Item, performance: Performance, answers: Sequence[StepResult], lost: str | None
    ) -> ItemResult:
        wrong = wait_for(self.touch, performance.expects, self.work.stop)
        host_said = said(answers)
        if not wrong and not lost and not host_said:
            return ItemResult(item, "changed")
        # The state alone cannot tell a restart from none at all: only here does the host's word count, against it.
        doubt = [] if wrong else ["it may not have restarted"]
        parts = [*doubt, *([lost] if lost else []), *wrong, *([f"the host said: {host_said}"] if host_said else [])]
        # What cannot be read at the end of our patience may still be on its way: a service that is stopping.
        unknown = lost or not all(map(self.touch.known.readable, performance.expects))
        return ItemResult(item, "unknown" if unknown else "failed", reason="; ".join(parts))

    def _checks(self, play: Numbered) -> None:
        """Look from outside, after the handlers, at what was to be changed and is as wanted."""
        for number, item in play:
            result = self.results.get(number)
            if result and item.checks and item.outcome == "change" and result.status in ("ok", "changed"):
                self.results[number] = self._check(number, item, result)
                failed = self.results[number].status == "failed"
                self.stopped = self.stopped or (failed and not item.ignore_errors)
                if failed and item.on_verify_failure == "rollback" and not self.failed_check:
                    self.failed_check = f"{item.task}: {self.results[number].reason}"

    def _check(self, number: int, item: Item, result: ItemResult) -> ItemResult:
        for name, options in item.checks.items():
            seen = verify(self.house.checks[name], self.work.host, options, self.work.stop, self.touch)
            if seen and any(change.sensitive for change in item.changes):
                seen = "it does not look as wanted"
            self.work.record.note("check", self.name, item=number, check=name, seen=seen)
            if seen:
                return replace(result, status="failed", reason=f"{name}: {seen}", ignored=item.ignore_errors)
        return result

    def last_reading(self) -> None:
        """Read once more all that this run set: another item, a handler or a policy may have put it back."""
        done = {
            number: result
            for number, result in self.results.items()
            if result.item.changes and result.item.outcome == "change" and result.status in ("ok", "changed")
        }
        spans = {span.address: span for span in spans_of(c for result in done.values() for c in result.item.changes)}
        if not spans:
            return
        self.touch.look_again(spans, details_of(spans.values()))
        for number, result in done.items():
            members = [spans[change.address] for change in result.item.changes]
            words = tuple(self.touch.word(member) for member in members)
            wrong = [self.touch.why(m) for m, word in zip(members, words, strict=True) if word != "verified"]
            if wrong:
                unread = "unknown" in words
                reason = ("" if unread else "it was right and is not any more: ") + "; ".join(wrong)
                status, ignored = "unknown" if unread else "failed", result.item.ignore_errors
                self.results[number] = replace(result, status=status, results=words, reason=reason, ignored=ignored)
        words_of = {str(address): self.touch.word(span) for address, span in spans.items()}
        self.work.record.note("verified", self.name, results=words_of)


def _few(reasons: Sequence[str], most: int = 3) -> list[str]:
    """
    The first of many reasons, and how many more there are: the document has every change with its result.

    One trouble that kept many values from being read is told once.
    """
    unlike: dict[str, str] = {}
    for reason in reasons:
        unlike.setdefault(reason.partition(" was not read: ")[2] or reason, reason)
    shown = [*unlike.values()][:most]
    left = len(reasons) - len(shown)
    return [*shown, *([f"and {left} more"] if left else [])]


def spans_of(changes: Iterable[Change]) -> list[Change]:
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
