"""
How a host stands that a dead run left in doubt: every change and every action *before, after, foreign* or *unfinished*.

Everything is read again; nothing is guessed. A value that could not be read is *unread*, and its host stays unknown.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from remediators.engine import dead_man
from remediators.engine.applier import spans_of
from remediators.engine.guarding import LEAST_LEFT, Guard
from remediators.engine.house import House
from remediators.engine.reading import details_of
from remediators.engine.recorder import Recorder
from remediators.engine.touch import Touch
from remediators.journal import Event
from remediators.model import (
    Address,
    Armed,
    Change,
    Host,
    HostPlan,
    Item,
    RemediationError,
    RemoteError,
    Safeguard,
    Session,
    Snapshot,
    TransportError,
    Unread,
    Value,
)
from remediators.model.documents import Seal


@dataclass(slots=True)
class Trail:
    """What the journal says of one host, as far as it decides about doubt."""

    started: bool = False
    status: str = ""  # of host-finished, or of an earlier recovery
    putting_back: str = ""  # why the run began to put it back, and was not seen to end that
    begun: set[int] = field(default_factory=set)
    actions: dict[int, Mapping[str, Any]] = field(default_factory=dict)  # begun, with their intent
    done: set[int] = field(default_factory=set)  # actions that were seen to end well
    armed_at: str = ""  # when arming began: armed or about to be, and neither confirmed nor reverted
    unsaved: bool = False  # confirmed, and not seen to be saved
    saved: bool = False  # what was begun was seen to be saved
    switch: bool = False  # a dead man's switch was armed, or about to be, and not seen to be taken away
    switch_at: str = ""  # when its arming began
    switching: dict[int, bool] = field(default_factory=dict)  # items that arm one (true), or take it away

    @property
    def doubtful(self) -> bool:
        return bool(self.armed_at) or self.switch or (self.started and self.status in ("", "unknown"))


@dataclass(frozen=True, slots=True)
class Found:
    """One change: ``state`` is ``before after foreign unread``; ``now`` what is there where it is foreign."""

    change: Change
    state: str
    begun: bool
    now: Value = None
    item: int = 0


@dataclass(frozen=True, slots=True)
class FoundAction:
    """One action of a handler: ``state`` is ``before`` (not begun), ``after`` or ``unfinished``."""

    task: str
    action: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How one host stands. ``left`` are the seconds until an armed device goes back; ``None`` where none is armed."""

    host: str
    status: str
    changes: tuple[Found, ...] = ()
    actions: tuple[FoundAction, ...] = ()
    left: float | None = None
    console: str = ""
    error: str | None = None
    told: tuple[str, ...] = ()
    refused: bool = False  # what was wished was not done
    detail: str = ""


def trails(events: Iterable[Event]) -> dict[str, Trail]:
    """What the journal of a run says of each host."""
    found: dict[str, Trail] = {}
    for event in events:
        if event.host:
            _follow(found.setdefault(event.host, Trail()), event)
    return found


def _follow(trail: Trail, event: Event) -> None:
    match event.kind:
        case "host-started":
            trail.started, trail.status = True, ""
        case "intent":
            trail.begun.add(event.body["item"])
            trail.saved = False
            _due_again(trail, event.body["notify"])
            _follow_switch(trail, event)
        case "result" if event.body["item"] in trail.switching and event.body["status"] == "changed":
            trail.switch = trail.switching[event.body["item"]]
        case "action-intent":
            trail.actions[event.body["item"]] = event.body
        case "action-result" if event.body["status"] == "changed":
            trail.done.add(event.body["item"])
        case "host-finished" | "recovered":
            trail.status = event.body["status"]
            trail.switch = trail.switch and not (event.kind == "recovered" and trail.status in ("changed", "reverted"))
        case _:
            _follow_arming(trail, event)


def _due_again(trail: Trail, names: Sequence[str]) -> None:
    """Handlers that ran are to run again, since what notifies them was begun anew: in a part that was resumed."""
    for number in tuple(trail.done):
        task = trail.actions[number]["task"]
        if any(task == name or task.startswith(f"{name} (") for name in names):
            trail.done.discard(number)
            del trail.actions[number]


def _nothing_begun(trail: Trail) -> None:
    trail.begun.clear()
    trail.actions.clear()
    trail.done.clear()


def _follow_switch(trail: Trail, event: Event) -> None:
    for change in event.body["changes"]:
        if change["resource"].startswith(f"{dead_man.KIND}:"):
            trail.switching[event.body["item"]] = change["after"] is not None
            trail.switch = trail.switch or change["after"] is not None
            trail.switch_at = event.at if change["after"] is not None else trail.switch_at


def _follow_arming(trail: Trail, event: Event) -> None:
    match event.kind:
        case "arming" if event.body["arming"] != "unarmed":
            trail.armed_at = event.at
        case "confirmed":
            trail.armed_at, trail.unsaved = "", True
        case "saved":
            trail.unsaved, trail.saved = bool(event.body["wrong"]), not event.body["wrong"]
        case "reverted":
            trail.armed_at, trail.switch = "", False
            _nothing_begun(trail)
        case "disarmed":
            trail.armed_at, trail.switch = "", False
        case "putting-back":
            trail.putting_back = event.body["reason"]
        case "put-back" if not event.body["wrong"]:
            trail.putting_back, trail.switch = "", False
            _nothing_begun(trail)
        case _:
            pass


@dataclass(frozen=True, slots=True)
class Survey:
    """All that is needed to look at one host again. ``wish`` is ``confirm``, ``revert`` or empty."""

    host: Host
    plan: HostPlan
    trail: Trail
    session: Session
    house: House
    record: Recorder
    seal: Seal
    wish: str = ""

    @property
    def unsaved(self) -> bool:
        """Confirmed, and to be saved, and not seen to be."""
        return self.trail.unsaved and bool(self.plan.arming and self.plan.arming.save)


def recover_host(survey: Survey) -> Recovery:
    """Look at a host, do what is wished, and remember it. Raises `JournalError` only."""
    try:
        found = _look(survey)
    except TransportError as error:
        words = f"{error.message}{_by_itself(survey)}"
        return Recovery(survey.plan.name, "unreachable", error=words, detail=error.detail)
    except RemediationError as error:
        return Recovery(survey.plan.name, "unknown", error=error.message, detail=error.detail)
    try:
        found = _wished(survey, found)
    except RemediationError as error:
        told = f"not done: {error.message}"
        found = replace(found, told=(told,), refused=True, detail=error.detail)
    survey.record.note(
        "recovered",
        found.host,
        items=_states(found),
        actions=[[one.task, one.action, one.state] for one in found.actions],
        status=found.status,
        error=found.error,
        left=found.left,
    )
    return found


def _states(found: Recovery) -> dict[str, dict[str, str]]:
    """For each item the state of each of its changes: one address may be in several items."""
    states: dict[str, dict[str, str]] = {}
    for one in found.changes:
        states.setdefault(str(one.item), {})[str(one.change.address)] = one.state
    return states


def _by_itself(survey: Survey) -> str:
    arming = survey.plan.arming
    if not survey.trail.armed_at or arming is None:
        return ""
    left = 60.0 * arming.minutes - ago(survey.trail.armed_at)
    if left <= 0:
        return "; its timer has run out, so it should be as it was, or come back so"
    return f"; it is armed and goes back by itself in {left:.0f} seconds; at its console: {arming.console}"


def ago(at: str) -> float:
    """Seconds since an event, by the clock on the wall: another process wrote it."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())


def _look(survey: Survey) -> Recovery:
    """Read everything again and say how it stands."""
    touch = Touch(survey.session, survey.house)
    spans = {span.address: span for span in spans_of(_planned(survey.plan))}
    states = {address for body in survey.trail.actions.values() for address in _addresses(body)}
    platform = survey.house.platform_of(survey.host)
    touch.look({*spans, *states}, details_of(spans.values()), list(platform.queries()))
    flat = tuple(_found(survey, touch))
    actions = tuple(_actions(survey, touch))
    left = _left(survey, platform.safeguard)
    status, error = _standing(survey, flat, actions, left)
    console = survey.plan.arming.console if left is not None and survey.plan.arming else ""
    return Recovery(survey.plan.name, status, flat, actions, left, console, error)


def _planned(plan: HostPlan) -> list[Change]:
    return [change for _, item in _changing(plan) for change in item.changes]


def _changing(plan: HostPlan) -> list[tuple[int, Item]]:
    return [(number, item) for number, item in enumerate(plan.items) if item.outcome == "change"]


def _addresses(body: Mapping[str, Any]) -> Iterator[Address]:
    yield from (Address.parse(address) for address in (*body["found"], *body["expects"]))


def _found(survey: Survey, touch: Touch) -> Iterator[Found]:
    """Every change in order. Of several changes of one address those are done that led to the value that is there."""
    planned = [(number, change) for number, item in _changing(survey.plan) for change in item.changes]
    ways: dict[Address, list[Change]] = {}
    for _, change in planned:
        ways.setdefault(change.address, []).append(change)
    done = {address: _done(survey.seal, touch, way) for address, way in ways.items()}
    passed: Counter[Address] = Counter()
    for number, change in planned:
        begun, many = number in survey.trail.begun, done[change.address]
        passed[change.address] += 1
        if isinstance(many, int):
            yield Found(change, "after" if passed[change.address] <= many else "before", begun, item=number)
        else:
            now = touch.known[change.address] if many == "foreign" and not change.sensitive else None
            yield Found(change, many, begun, now, number)


def _done(seal: Seal, touch: Touch, way: Sequence[Change]) -> int | str:
    """How many of the changes of one address are done, the last ones first considered; or ``unread``, ``foreign``."""
    try:
        value = touch.known[way[0].address]
    except Unread:
        return "unread"
    if seal.same(way[-1].after, value):
        return len(way)
    if seal.same(way[0].before, value):
        return 0
    between = [number for number, change in enumerate(way, 1) if seal.same(change.after, value)]
    return between[-1] if between else "foreign"


def _actions(survey: Survey, touch: Touch) -> Iterator[FoundAction]:
    """Actions that were begun, and those still to come because of what was."""
    notified = {name for number, item in _changing(survey.plan) if number in survey.trail.begun for name in item.notify}
    for number, item in _changing(survey.plan):
        if not item.handler or not item.actions:
            continue
        words = ", ".join(map(str, item.actions))
        if number in survey.trail.done:
            yield FoundAction(item.task, words, "after")
        elif number in survey.trail.actions:
            yield FoundAction(item.task, words, "unfinished", _unfinished(survey.trail.actions[number], touch))
        elif item.answers_to(notified):
            yield FoundAction(item.task, words, "before", "not begun, and due because of what was changed")


def _unfinished(body: Mapping[str, Any], touch: Touch) -> str:
    wanted = ((Address.parse(address), value) for address, value in body["expects"].items())
    wrong = [text for address, value in wanted if (text := touch.mismatch(address, value))]
    return "; ".join(wrong) or "all is as it should be afterwards, and whether it was done was not seen"


def _left(survey: Survey, safeguard: Safeguard | None) -> float | None:
    """Seconds until an armed device goes back; ``None`` where its timer does not run (any more)."""
    arming = survey.plan.arming
    if not survey.trail.armed_at or arming is None or safeguard is None:
        return None
    try:
        return safeguard.left(cast("Armed", survey.session), arming, ago(survey.trail.armed_at))
    except RemoteError:
        survey.record.note("disarmed", survey.plan.name)
        return None


def _standing(
    survey: Survey, changes: Sequence[Found], actions: Sequence[FoundAction], left: float | None
) -> tuple[str, str | None]:
    """The status of a host in a run document, and why, from how its changes and actions stand."""
    if any(one.state == "unread" for one in changes):
        return "unknown", "not all could be read"
    own = [one for one in changes if one.change.address.kind != dead_man.KIND]
    states = [one.state for one in own]
    switch = dead_man.switch_of(changes)
    if switch:
        return switch.standing(done=set(states) == {"before"})
    if left is not None:
        return "unknown", f"armed: it goes back by itself in {left:.0f} seconds unless it is confirmed"
    odd = [f"{states.count('foreign')} of {len(states)} changes are neither before nor after"]
    due = [f"{one.action}: {one.reason}" for one in actions if one.state != "after"]
    reasons = [*(odd if "foreign" in states else []), *due]
    if set(states) == {"before"} and not reasons:
        return ("reverted" if survey.plan.arming else "not_started"), None
    if set(states) <= {"after"} and not reasons:
        return "changed", "not seen to be saved" if survey.unsaved else None
    done = [f"{states.count('after')} of {len(states)} changes are done"] if "before" in states else []
    return "failed", "; ".join([*done, *reasons])


def _wished(survey: Survey, found: Recovery) -> Recovery:
    """Confirm or revert where that is wished. Raises `RemoteError` where it is not done, with the reason."""
    if not survey.wish:
        return found
    switch = dead_man.switch_of(found.changes)
    if switch:
        return _without_switch(survey, found, switch.away)
    arming, safeguard = survey.plan.arming, survey.house.platform_of(survey.host).safeguard
    if arming is None or safeguard is None:
        raise RemoteError(f"no timer of its own runs on it: to put it back, remediate rollback -l {found.host}")
    armed_at = time.monotonic() - ago(survey.trail.armed_at) if survey.trail.armed_at else 0.0
    session = cast("Armed", survey.session)
    guard = Guard(
        found.host, arming, safeguard, session, survey.record, armed_at=armed_at, armed_since=survey.trail.armed_at
    )
    return _confirm(survey, found, guard) if survey.wish == "confirm" else _revert(survey, found, guard)


def _without_switch(survey: Survey, found: Recovery, off: Change) -> Recovery:
    """Keep what was changed: take the dead man's switch away. Raises `RemoteError` where it is not, with the reason."""
    own = [one for one in found.changes if one.change.address.kind != dead_man.KIND]
    wrong = next((one for one in own if one.begun and one.state != "after"), None)
    if survey.wish != "confirm":
        raise RemoteError(f"remediate rollback -l {found.host} puts it back and takes its switch away")
    if wrong:
        raise RemoteError(f"not confirmed: {wrong.change.address} is {wrong.state}, and not as it was to be")
    touch = Touch(survey.session, survey.house)
    steps = survey.house.kind_of(off.address).write((off,), touch.known)
    touch.write(steps, {off.address}, {})
    left = touch.mismatch(off.address, None)
    if left:
        raise RemoteError(f"not confirmed: {left}")
    survey.record.note("disarmed", found.host, switch=str(off.address))
    status, error = _standing(survey, own, found.actions, None)
    return replace(found, changes=tuple(own), status=status, error=error, told=("confirmed",))


def _confirm(survey: Survey, found: Recovery, guard: Guard) -> Recovery:
    """Keep what was changed, through this session, which is new and has read it."""
    wrong = next((one for one in found.changes if one.begun and one.state != "after"), None)
    if wrong:
        raise RemoteError(f"not confirmed: {wrong.change.address} is {wrong.state}, and not as it was to be")
    if found.left is None and not survey.unsaved:
        raise RemoteError("its timer does not run any more: there is nothing to confirm")
    if found.left is not None and found.left < LEAST_LEFT:
        raise RemoteError(f"only {found.left:.0f} seconds are left on the device's timer: not confirmed any more")
    proof = guard.session
    told = guard.save(proof) if found.left is None else guard.confirm(proof, alone=False)
    survey.trail.unsaved = guard.unsaved
    status, error = _standing(survey, found.changes, found.actions, None)
    status = "failed" if guard.unsaved else status
    return replace(found, status=status, error="; ".join(told) or error, left=None, console="", told=("confirmed",))


def _not_back(seal: Seal, touch: Touch, span: Change) -> str | None:
    """How a value differs from the one of before, as it may be said."""
    if not span.sensitive:
        return touch.mismatch(span.address, span.before)
    try:
        same = seal.same(span.before, touch.known[span.address])
    except Unread as error:
        return error.message
    return None if same else f"{span.address} does not have the value of before"


def _revert(survey: Survey, found: Recovery, guard: Guard) -> Recovery:
    """Let the device go back at once, and read that it did; a reload is waited for by nobody here."""
    if found.left is None:
        raise RemoteError(f"its timer does not run any more: to put it back, remediate rollback -l {found.host}")
    if not guard.arming.revert:
        words = f"it REBOOTS in {found.left:.0f} seconds into its startup configuration, and cannot go back otherwise"
        return replace(found, error=words, told=("left to its reload: look again when it is back",))
    spans = {span.address: span for span in spans_of(_planned(survey.plan))}

    def look(session: Armed) -> str | None:
        touch = Touch(session, survey.house, Snapshot())
        touch.look(spans, {}, list(survey.house.platform_of(survey.host).queries()))
        return next((text for span in spans.values() if (text := _not_back(survey.seal, touch, span))), None)

    wrong = guard.back(look)
    if wrong:
        raise RemoteError(f"not proven to be reverted: {wrong}")
    changes = tuple(replace(one, state="before", now=None) for one in found.changes)
    return replace(found, status="reverted", error=None, changes=changes, left=None, console="", told=("reverted",))
