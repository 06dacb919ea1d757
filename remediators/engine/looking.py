"""Looks at hosts around their change: all of them before the first is written to, and canaries again after a while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from remediators.engine.applier import HostRun, Work
from remediators.engine.fleet import Fleet
from remediators.engine.lasting import Lasting, Look, still_holds
from remediators.engine.outcomes import HostResult, ItemResult, host_status, mistake
from remediators.engine.recorder import Recorder
from remediators.engine.timing import checks_seconds
from remediators.model import Host, HostPlan, JournalError, Refused, RemediationError, TransportError, UsageError
from remediators.model.documents import Seal


@dataclass(frozen=True, slots=True)
class Seen:
    """
    A host before the first write of a run: ``status`` is ``ok``, or what bars it, with the reason.

    ``seconds`` is a guess of how long its apply takes, from how long it took to connect and to read everything.
    """

    name: str
    status: str = "ok"
    reason: str | None = None
    seconds: float = 0.0
    detail: str = ""


def look_first(fleet: Fleet, host: Host, plan: HostPlan, record: Recorder) -> Seen:
    """Connect, authenticate, read everything, compare with the plan. Raises `JournalError` only."""
    try:
        session = fleet.connect(host)
    except (TransportError, UsageError) as error:
        return Seen(host.name, "unreachable", error.message, detail=error.detail)
    run = HostRun(Work(host, plan, session, fleet.house, record, fleet.stop))
    try:
        reason = run.preflight()
        return Seen(host.name, "refused" if reason else "ok", reason, _guess(run, plan))
    except JournalError:
        raise
    except TransportError as error:
        return Seen(host.name, "unreachable", error.message, detail=error.detail)
    except Refused as error:
        return Seen(host.name, "refused", error.message, detail=error.detail)
    except RemediationError as error:
        return Seen(host.name, "failed", error.message, detail=error.detail)
    except Exception as error:  # noqa: BLE001 - a mistake of ours on one host must not stop the others
        return Seen(host.name, "failed", mistake(error))
    finally:
        session.close()


def _guess(run: HostRun, plan: HostPlan) -> float:
    """As many trips as there are items that change, and two to read; and all that checks may take."""
    changing = sum(1 for item in plan.items if item.outcome == "change")
    return run.measured * (2 + changing) + checks_seconds(plan.items, run.house)


def look_again(fleet: Fleet, host: Host, result: HostResult, seal: Seal) -> Lasting:
    """Whether a host still is as the run left it, from inside and from outside."""
    try:
        session = fleet.connect(host)
    except RemediationError as error:
        return Lasting(host.name, "unreachable", error=error.message)
    try:
        return still_holds(Look(host, result, session, fleet.house, seal, fleet.stop))
    finally:
        session.close()


def after_soak(result: HostResult, found: Lasting) -> HostResult:
    """The result of a canary, as it is seen after the soak."""
    wrong = "; ".join(_wrong(found))
    if not wrong:
        return result
    reason = f"after the soak: {wrong}"
    differing = {str(still.change.address) for still in found.changes if still.state != "after"}
    failing = {looked.task for looked in found.checks if looked.seen is not None}
    items = tuple(_told(item, differing, failing, reason) for item in result.items)
    status = host_status(items)
    return replace(result, status=status if status in ("failed", "unknown") else "failed", items=items, error=reason)


def _wrong(found: Lasting) -> Iterable[str]:
    if found.error:
        yield found.error
    yield from (f"{still.change.address} is not as it was set" for still in found.changes if still.state != "after")
    yield from (f"{looked.check}: {looked.seen}" for looked in found.checks if looked.seen is not None)


def _told(item: ItemResult, differing: set[str], failing: set[str], reason: str) -> ItemResult:
    """The items that are concerned; of a host that cannot be reached any more, none is known to be wrong."""
    mine = any(str(change.address) in differing for change in item.item.changes)
    if item.status not in ("ok", "changed") or not (mine or item.item.task in failing):
        return item
    addresses = [str(change.address) for change in item.item.changes]
    words = tuple("failed" if at in differing else word for at, word in zip(addresses, item.results, strict=False))
    return replace(item, status="failed", results=words, reason=reason, ignored=item.item.ignore_errors)
