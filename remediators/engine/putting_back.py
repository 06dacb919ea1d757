"""A host that looks wrong from outside after its change is put back at once, newest first, where its task says so."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from remediators.engine.outcomes import HostResult, ItemResult
from remediators.engine.planner import plan_host
from remediators.engine.reading import details_of
from remediators.engine.recorder import Recorder
from remediators.engine.rollback import Begun, back_tasks
from remediators.journal import Event
from remediators.model import Address, Change, HostPlan, Item, JournalError, RemediationError

if TYPE_CHECKING:
    from remediators.engine.applier import HostRun


class Aside(Recorder):
    """Notes what is done on the way back under names of its own, beside the run that it belongs to."""

    def __init__(self, record: Recorder) -> None:
        self._record = record

    def note(self, kind: str, host: str = "", /, **body: Any) -> Event:
        return self._record.note(f"back-{kind}", host, **body)

    def finish(self, result: HostResult) -> HostResult:
        return result

    def changes(self, changes: tuple[Change, ...]) -> list[Mapping[str, Any]]:
        return self._record.shown(changes)

    def spoils(self, value: Any) -> bool:
        return self._record.spoils(value)

    def by_hand(self, host: str, ending: str, text: str) -> None:
        """The way back of the run is on disk already, and stays."""

    def keep(self, host: str, text: str) -> None:
        """So is what was there before it."""


def put_back(run: HostRun, spans: Mapping[Address, Change]) -> None:
    """Want every value again that this run changed on the host, and prove by reading that it is there."""
    run.work.record.note("putting-back", run.name, reason=run.failed_check)
    wrong = _back(run) or _differs(run, spans)
    run.reverted = not wrong
    run.work.record.note("put-back", run.name, wrong=wrong)
    for number, result in list(run.results.items()):
        mine = tuple((number, change.address) in run.sent for change in result.item.changes)
        if any(mine):
            run.results[number] = _told(result, mine, run.failed_check, wrong)


def _back(run: HostRun) -> str:
    """Carry out the way back. Gives what went wrong, or nothing."""
    from remediators.engine.applier import HostRun  # noqa: PLC0415  # the way back is a run of its own

    begun = tuple(
        Begun(change, word, number, result.item.task, result.item.notify)
        for number, result in run.results.items()
        for change, word in zip(result.item.changes, result.results, strict=False)
        if (number, change.address) in run.sent
    )
    try:
        tasks = back_tasks(run.name, run.work.plan, begun, (), run.house)
        plan = plan_host(run.work.host, tasks, run.work.session, run.house).plan
        plan = _sealed(run, replace(plan, arming=None))  # not armed: where it could be, it reverted by itself
        aside = replace(run.work, plan=plan, record=Aside(run.work.record), stop=threading.Event())
        result = HostRun(aside).go()
    except JournalError:
        raise
    except RemediationError as error:
        run.heard.append(error.detail)
        return error.message
    run.heard.append(result.detail)
    reasons = [item.reason for item in result.items if item.status not in ("ok", "changed", "skipped") and item.reason]
    return plan.error or result.error or "; ".join(reasons[:3])


def _sealed(run: HostRun, plan: HostPlan) -> HostPlan:
    """The way back of a secret is one too: it goes into the journal."""
    secret = {change.address for item in run.work.plan.items for change in item.changes if change.sensitive}

    def sealed(item: Item) -> Item:
        changes = (replace(change, sensitive=True) if change.address in secret else change for change in item.changes)
        return replace(item, changes=tuple(changes))

    return replace(plan, items=tuple(map(sealed, plan.items)))


def _differs(run: HostRun, spans: Mapping[Address, Change]) -> str:
    """Whether everything is as before, by a last reading."""
    sent = {address for _, address in run.sent}
    mine = {address: span for address, span in spans.items() if address in sent}
    run.touch.look_again(mine, details_of(mine.values()))
    back = (span.inverse() for span in mine.values())
    return next((run.touch.why(change) for change in back if run.touch.word(change) != "verified"), "")


def _told(result: ItemResult, mine: Sequence[bool], failure: str, wrong: str) -> ItemResult:
    done = "unknown" if wrong else "reverted"
    words = tuple(done if begun else word for begun, word in zip(mine, result.results, strict=True))
    if wrong:
        return replace(result, status="unknown", results=words, reason=f"{failure}; not proven to be put back: {wrong}")
    return replace(result, status="failed", results=words, reason=f"put back at once: {failure}", ignored=False)
