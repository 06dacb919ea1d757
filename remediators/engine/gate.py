"""Who may be begun now: what failed so far against what may fail, who is kept apart, and when there is time."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from remediators.engine.outcomes import HostResult
from remediators.engine.waves import passed
from remediators.engine.window import Opening
from remediators.model import HostPlan
from remediators.model.rollout import Cap, Rollout


@dataclass(frozen=True, slots=True)
class Course:
    """
    How a run goes over its hosts.

    ``way`` is ``None`` for all at once. ``held`` are hosts that another run works on, and what is told of it.
    ``looks_first`` says that every host is looked at before the first one is changed; a way back does not ask.
    """

    way: Rollout | None = None
    opening: Opening = field(default_factory=Opening)
    held: Mapping[str, str] = field(default_factory=dict)
    looks_first: bool = True


class Gate:
    """What is known while a run goes on; threads ask and tell it."""

    def __init__(self, way: Rollout, opening: Opening) -> None:
        self._way = way
        self._opening = opening
        self._caps: dict[str, list[Cap]] = {}
        for cap in way.caps:
            for host in cap.hosts:
                self._caps.setdefault(host, []).append(cap)
        self._lock = threading.Lock()
        self._failed: dict[str, str] = {}
        self._guessed: dict[str, float] = {}
        self._longest = 0.0  # seconds that the slowest host of this run took
        self.halted: str | None = None  # why no other host is begun

    def barred(self, host: str) -> str | None:
        """Why a host may not be begun now, or ``None``."""
        with self._lock:
            return self.halted or self._kept_back(host) or self._opening.barred(host, self._needs(host))

    def beside(self, host: str, flying: Collection[str]) -> bool:
        """Whether a host may be in flight together with these."""
        caps = self._caps.get(host, ())
        return all(sum(1 for other in flying if other in cap.hosts) < cap.most for cap in caps)

    def guess(self, host: str, seconds: float) -> None:
        """Remember how long an apply of a host may take, for as long as none was measured."""
        with self._lock:
            self._guessed[host] = seconds

    def ended(self, plan: HostPlan, result: HostResult) -> None:
        """Take in what became of a host, and stop where more failed than may."""
        with self._lock:
            if result.status == "changed":
                self._longest = max(self._longest, result.seconds)
            if failed(plan, result):
                self._failed[result.name] = result.status
                self._judge()

    def wave_ended(self, hosts: Iterable[str]) -> None:
        """As with Ansible nothing follows a wave of which every host failed."""
        with self._lock:
            names = list(hosts)
            if names and len(self._way.waves) > 1 and all(name in self._failed for name in names):
                self._halt(f"every host of a wave failed ({_some(names)})")

    def halt(self, reason: str) -> None:
        with self._lock:
            self._halt(reason)

    def _halt(self, reason: str) -> None:
        self.halted = self.halted or reason

    def _judge(self) -> None:
        limit = next((limit for limit in self._way.limits if passed(limit, self._failed)), None)
        if limit:
            names = [host for host in limit.hosts if host in self._failed]
            self._halt(f"{limit.why}: {len(names)} of {len(limit.hosts)} did not come out well ({_some(names)})")

    def _kept_back(self, host: str) -> str | None:
        """Where at most one of some hosts is in flight, none follows one that was not proven."""
        for cap in self._caps.get(host, ()):
            bad = next((name for name in cap.hosts if name in self._failed), None) if cap.proven else None
            if bad:
                return f"{cap.name}: {bad} did not come out well ({self._failed[bad]})"
        return None

    def _needs(self, host: str) -> float:
        """Seconds that an apply and its way back take."""
        return 2.0 * (self._longest or self._guessed.get(host, 0.0))


def failed(plan: HostPlan, result: HostResult) -> bool:
    """Whether a host counts against what may fail. What the plan itself refused was known when it was approved."""
    if result.status == "refused":
        late = any(item.status == "refused" and item.item.outcome == "change" for item in result.items)
        return plan.status != "refused" and (late or result.error is not None)
    return result.status in ("failed", "unreachable", "unknown", "reverted")


def _some(names: Collection[str], most: int = 5) -> str:
    found = sorted(names)
    return ", ".join(found) if len(found) <= most else f"{', '.join(found[:most])} and {len(found) - most} more"
