"""What became of a run: values, the counters of Ansible's recap line, and the run document (``remediate/run/1``)."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remediators.model import HostPlan, Item
from remediators.model.documents import RUN_SCHEMA, Seal, host_document, with_digest

UNDER_WAY = "it was under way when the run ended"
RECAP = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored", "verified", "reverted", "refused")


@dataclass(frozen=True, slots=True)
class ItemResult:
    """
    One item of a run. ``status`` is ``ok changed failed refused skipped unknown not_started``.

    ``results`` has one word for each change of the item: ``verified failed reverted not_started unknown``.
    ``reason`` is one line with the host's own words; ``ignored`` says that the task asked to go on.
    """

    item: Item
    status: str
    results: tuple[str, ...] = ()
    reason: str | None = None
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class HostResult:
    """One host of a run. ``status`` is ``changed ok failed unreachable refused reverted unknown not_started``."""

    name: str
    status: str
    items: tuple[ItemResult, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    detail: str = ""  # what was said in the session, where it did not end well; secrets masked

    @property
    def counts(self) -> dict[str, int]:
        """The counters of the recap line, in its order."""
        return recap(self)


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished (or stopped) run."""

    id: str
    kind: str
    hosts: tuple[HostResult, ...]
    started: str
    finished: str
    extra: Mapping[str, Any] = field(default_factory=dict)


def mistake(error: Exception) -> str:
    """A fault of our own in one line, with the place where it was met."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
    return f"a mistake in remediate itself ({type(error).__name__}: {error}; {where}); please report it"


def as_planned(item: Item) -> ItemResult:
    """The result of an item that is not to be changed: an unpredictable one is refused."""
    return ItemResult(item, {"unpredictable": "refused"}.get(item.outcome, item.outcome), reason=item.reason)


def not_started(item: Item) -> ItemResult:
    """The result of an item that was never begun."""
    return ItemResult(item, "not_started", unstarted(item)) if item.outcome == "change" else as_planned(item)


def unstarted(item: Item) -> tuple[str, ...]:
    return ("not_started",) * len(item.changes)


def untouched(plan: HostPlan, status: str = "not_started", error: str | None = None) -> HostResult:
    """The result of a host on which nothing was begun."""
    return HostResult(plan.name, status, tuple(map(not_started, plan.items)), error)


def settled_before(plan: HostPlan) -> HostResult | None:
    """The result of a host that the plan itself could not get to, or has nothing to say of; else ``None``."""
    if plan.status == "unreachable" or plan.error:
        return untouched(plan, plan.status, plan.error)
    return None if plan.items else untouched(plan, "ok")


def recap(host: HostResult) -> dict[str, int]:
    """Ansible's counters, then ours. As in Ansible, ``ok`` counts changed items too."""
    statuses = Counter("ignored" if item.ignored else item.status for item in host.items)
    words = Counter(result for item in host.items for result in item.results)
    counts = dict.fromkeys(RECAP, 0)
    counts["ok"] = statuses["ok"] + statuses["changed"]
    counts["changed"] = statuses["changed"]
    counts["unreachable"] = int(host.status == "unreachable")
    counts["failed"] = statuses["failed"] + statuses["unknown"]
    counts["skipped"] = statuses["skipped"]
    counts["ignored"] = statuses["ignored"]
    counts["verified"] = words["verified"]
    counts["reverted"] = words["reverted"]
    counts["refused"] = statuses["refused"] or int(host.status == "refused")
    if host.status == "failed" and not counts["failed"]:
        counts["failed"] = 1
    return counts


def host_status(items: Sequence[ItemResult]) -> str:
    """The status of a host, from what became of its items, worst first."""
    statuses = {item.status for item in items if not item.ignored}
    for status in ("unknown", "failed", "refused"):
        if status in statuses:
            return status
    return "changed" if any(item.status == "changed" for item in items) else "ok"


def exit_code(hosts: Sequence[HostResult]) -> int:
    """0 all well; bit 2 some host failed, bit 4 some unreachable; 3 nothing failed, something refused or left out."""
    statuses = {host.status for host in hosts}
    code = (2 if statuses & {"failed", "unknown", "reverted"} else 0) | (4 if "unreachable" in statuses else 0)
    refused = any(item.status == "refused" for host in hosts for item in host.items) or "refused" in statuses
    return code or (3 if refused or "not_started" in statuses else 0)


def run_document(run: RunResult, seal: Seal) -> dict[str, Any]:
    """The run as plain JSON, with totals and digest."""
    totals = Counter[str]()
    for host in run.hosts:
        totals.update(host.counts)
    head = {"schema": RUN_SCHEMA, "id": run.id, "kind": run.kind, "started": run.started, "finished": run.finished}
    return with_digest(
        {
            **head,
            **run.extra,
            **head,
            "hosts": [_host(host, seal) for host in run.hosts],
            "totals": {"hosts": len(run.hosts), **{name: totals[name] for name in RECAP}},
        }
    )


def _host(host: HostResult, seal: Seal) -> dict[str, Any]:
    plan = HostPlan(host.name, host.status, tuple(result.item for result in host.items), host.error)
    document = host_document(plan, seal)
    for item, result in zip(document["items"], host.items, strict=True):
        item["status"], item["result_reason"], item["ignored"] = result.status, result.reason, result.ignored
        for change, word in zip(item["changes"], result.results, strict=False):
            change["result"] = word
    heard = {"detail": host.detail} if host.detail else {}
    return {**document, "seconds": round(host.seconds, 3), "recap": host.counts, **heard}
