"""How a host's plays become final: at once on hosts that keep what they are told, under a timer on devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from remediators.engine import dead_man
from remediators.engine.guarding import Guard
from remediators.engine.outcomes import ItemResult
from remediators.engine.putting_back import put_back
from remediators.engine.timing import checks_seconds, minutes_for, still_fits
from remediators.engine.touch import Touch
from remediators.model import (
    Address,
    Armed,
    Arming,
    Change,
    Refused,
    RemediationError,
    RemoteError,
    Safeguard,
    Snapshot,
    TransportError,
)

if TYPE_CHECKING:
    from remediators.engine.applier import HostRun


def commit(run: HostRun, spans: Mapping[Address, Change]) -> None:
    """
    Carry out all plays of a host and see that they stay. ``spans`` are the first before and last after of each address.

    Raises `TransportError` and `RemoteError` where the host could not be worked on, with nothing armed left behind.
    """
    if run.work.guard is not None:
        _proved(run, run.work.guard, spans)
        return
    arming, platform = run.work.plan.arming, run.house.platform_of(run.work.host)
    nothing = all(run.touch.known[address] == span.after for address, span in spans.items())
    if arming is None or platform.safeguard is None or nothing:
        run.plays()
        if run.failed_check and run.sent:
            put_back(run, spans)
        else:
            run.last_reading()
        run.told.extend(dead_man.left_armed(run.results.values()))
        return
    seconds = run.measured + checks_seconds(run.work.plan.items, run.house)
    _as_planned(run, arming, platform.safeguard, seconds)
    run.work.record.keep(run.name, platform.safeguard.kept(run.touch.known))
    session = cast("Armed", run.work.session)
    guard = Guard(run.name, arming, platform.safeguard, session, run.work.record, seconds=seconds)
    guard.arm()
    _proved(run, guard, spans)


def _proved(run: HostRun, guard: Guard, spans: Mapping[Address, Change]) -> None:
    """Change under a timer that runs, and keep it or let it go back."""
    failure = _changed_and_proved(run, guard)
    if failure and guard.arming.kind == "unarmed" and run.failed_check:
        put_back(run, spans)
    elif failure:
        _go_back(run, guard, spans, failure)


def _as_planned(run: HostRun, arming: Arming, safeguard: Safeguard, seconds: float) -> None:
    """Raises `Refused` where the device would be armed in another way than the plan says, or for too short a time."""
    decided = safeguard.decide(run.touch.known, run.planned(), arming.leave, arming.minutes)
    if replace(decided, notes=()) != replace(arming, notes=()):  # notes tell of the hosts that are along, too
        raise Refused("the device would now be armed or saved in another way than planned; plan again")
    if arming.kind != "unarmed" and not still_fits(seconds, arming.minutes):
        raise Refused(
            f"connecting, reading and all checks take {seconds:.0f} seconds now, for which the planned timer of "
            f"{arming.minutes} minutes is too short (it would be {minutes_for(seconds)}); plan again"
        )


def _changed_and_proved(run: HostRun, guard: Guard) -> str | None:
    """Change, prove through a new session, confirm, save. Gives what went wrong, or ``None``."""
    try:
        run.plays()
        failure = _failed(run)
        if failure:
            return failure
        proof = guard.proof()
    except RemediationError as error:
        run.heard.append(error.detail)
        return error.message
    failure = None
    try:
        run.touch = Touch(proof, run.house, run.touch.known)
        run.last_reading()
        failure = _failed(run)
        if not failure:
            run.told.extend(guard.confirm(proof))
            run.unsaved = guard.unsaved
    except (TransportError, RemoteError) as error:
        failure = error.message
    finally:
        run.heard.append(proof.transcript if failure else "")
        proof.close()
    return failure


def _failed(run: HostRun) -> str | None:
    if run.failed_check:
        return run.failed_check
    wrong = [r for r in run.results.values() if r.status in ("failed", "unknown") and not r.ignored]
    if wrong:
        return f"{wrong[0].item.task}: {wrong[0].reason}"
    return "interrupted" if run.work.stop.is_set() else None


def _go_back(run: HostRun, guard: Guard, spans: Mapping[Address, Change], failure: str) -> None:
    """Let the device go back, read that it did, and say so of every item that was begun."""

    def look(session: Armed) -> str | None:
        touch = Touch(session, run.house, Snapshot())
        touch.look(spans, {}, list(run.house.platform_of(run.work.host).queries()))
        differing = (touch.mismatch(address, span.before) for address, span in spans.items())
        return next((text for text in differing if text), None)

    wrong = guard.back(look)
    run.reverted = wrong is None
    for number, result in list(run.results.items()):
        if result.item.changes and result.status in ("changed", "failed", "unknown"):
            run.results[number] = _told(result, failure, wrong)


def _told(result: ItemResult, failure: str, wrong: str | None) -> ItemResult:
    if wrong is None:
        words = tuple("reverted" if word != "not_started" else word for word in result.results)
        return replace(result, status="failed", results=words, reason=f"reverted by the device: {failure}")
    words = tuple("unknown" if word != "not_started" else word for word in result.results)
    return replace(result, status="unknown", results=words, reason=f"{failure}; not proven to be reverted: {wrong}")
