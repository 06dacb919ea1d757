"""What a run did, told from its plan and its journal alone: also for a run that died."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remediators.engine.outcomes import (
    UNDER_WAY,
    HostResult,
    ItemResult,
    RunResult,
    not_started,
    settled_before,
    untouched,
)
from remediators.journal import Event
from remediators.model import HostPlan, Plan


@dataclass(slots=True)
class _Seen:
    """What the journal says of one host."""

    started: bool = False
    status: str | None = None
    error: str | None = None
    words: dict[int, dict[str, str]] = field(default_factory=dict)
    statuses: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    ended: Sequence[tuple[str, Sequence[str], str | None, bool]] | None = None
    seconds: float = 0.0
    detail: str = ""


def from_journal(run: str, plan: Plan, events: Sequence[Event]) -> RunResult:
    """
    Rebuild the result of a run. A change whose intent is there and whose result is not is *unknown*.

    ``finished`` is empty for a run that did not come to its end.
    """
    seen: dict[str, _Seen] = {}
    for event in events:
        if event.host:
            _enter(seen.setdefault(event.host, _Seen()), event)
    first = next((event for event in events if event.kind == "run-started"), None)
    ends = [event for event in events if event.kind in ("run-finished", "run-resumed")]
    last = ends[-1] if ends and ends[-1].kind == "run-finished" else None  # a run that was resumed ends anew
    return RunResult(
        id=run,
        kind=first.body["what"] if first else "apply",
        hosts=tuple(_host(host, seen.get(host.name, _Seen())) for host in plan.hosts),
        started=first.at if first else "",
        finished=last.at if last else "",
        extra={**plan.extra, "plan": plan.id, **_parts(events)},
    )


def _parts(events: Sequence[Event]) -> dict[str, Any]:
    """When and by whom a run was gone on with, if it was."""
    parts = [{"at": event.at, **event.body} for event in events if event.kind == "run-resumed"]
    return {"resumed": parts} if parts else {}


def _enter(seen: _Seen, event: Event) -> None:
    body = event.body
    if event.kind == "host-started":
        seen.started, seen.ended, seen.status, seen.error = True, None, None, None
    elif event.kind == "intent":
        seen.words[body["item"]] = {change["resource"]: "unknown" for change in body["changes"]}
        seen.statuses[body["item"]] = ("unknown", UNDER_WAY)
    elif event.kind == "result":
        seen.words[body["item"]] = dict(body["results"])
        seen.settled.add(body["item"])
        seen.statuses[body["item"]] = (body["status"], body["reason"])
    elif event.kind == "action-intent":
        seen.statuses[body["item"]] = ("unknown", f"{body['action']}: begun, and not seen to end")
    elif event.kind == "action-result":
        seen.statuses[body["item"]] = (body["status"], body["reason"])
    elif event.kind == "check" and body["seen"]:
        seen.statuses[body["item"]] = ("failed", f"{body['check']}: {body['seen']}")
    elif event.kind == "left":
        seen.error = body["reason"]
    elif event.kind == "host-finished":
        seen.status, seen.error, seen.ended, seen.seconds = (
            body["status"],
            body["error"],
            body["items"],
            body["seconds"],
        )
    else:
        _enter_back(seen, event)


def _enter_back(seen: _Seen, event: Event) -> None:
    """What tells of a way back, and of what was said."""
    body = event.body
    if event.kind == "transcript":
        seen.detail = body["text"]
    elif event.kind == "putting-back":
        _all_are(seen, "unknown", "unknown", f"{body['reason']}; it was being put back when the run ended")
    elif event.kind == "reverted" or (event.kind == "put-back" and not body["wrong"]):
        _all_are(seen, "reverted", "failed", "put back as it was")
    elif event.kind == "recovered":
        _recovered(seen, body)


def _all_are(seen: _Seen, word: str, status: str, reason: str) -> None:
    """The same became of every change that was begun."""
    seen.words = {number: dict.fromkeys(words, word) for number, words in seen.words.items()}
    seen.statuses |= dict.fromkeys(seen.words, (status, reason))


def _recovered(seen: _Seen, body: Mapping[str, Any]) -> None:
    """What `recover` read is newer than what the run could tell."""
    seen.ended, seen.status, seen.error = None, body["status"], body["error"]
    for number, words in seen.words.items():
        states = body["items"].get(str(number), {})
        found = {address: _WORDS.get(states.get(address, ""), "unknown") for address in words}
        seen.words[number] = found
        seen.statuses[number] = _of_item(found)


# what `recover` saw, as the result of a change in a run document
_WORDS = {"after": "verified", "before": "reverted"}


def _of_item(words: Mapping[str, str]) -> tuple[str, str | None]:
    if all(word == "verified" for word in words.values()):
        return "changed", None
    if all(word == "reverted" for word in words.values()):
        return "failed", "found as it was before, by recover"
    return "unknown", "found neither as before nor as planned, by recover"


def _host(plan: HostPlan, seen: _Seen) -> HostResult:
    if seen.ended is not None and seen.status:
        items = tuple(
            ItemResult(item, status, tuple(results), reason, ignored)
            for item, (status, results, reason, ignored) in zip(plan.items, seen.ended, strict=True)
        )
        return HostResult(plan.name, seen.status, items, seen.error, seen.seconds, seen.detail)
    if not seen.started:
        return settled_before(plan) or untouched(plan, error=seen.error)
    items = tuple(_item(number, plan, seen) for number in range(len(plan.items)))
    return HostResult(plan.name, seen.status or "unknown", items, seen.error, detail=seen.detail)


def _item(number: int, plan: HostPlan, seen: _Seen) -> ItemResult:
    item = plan.items[number]
    if number not in seen.statuses:
        return not_started(item)
    words = seen.words.get(number, {})
    results = tuple(words.get(str(change.address), "not_started") for change in item.changes)
    status, reason = seen.statuses[number]
    ignored = item.ignore_errors and number in seen.settled and status in ("failed", "unknown")
    return ItemResult(item, status, results, reason, ignored)
