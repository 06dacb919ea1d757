"""The links of a server's SMTP service: mail that waits, is tried again, and moves once nothing is in its way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

_SPEC: Final = frozenset({"messages", "size", "oldest", "per_hour", "retry", "drain", "address", "fqdn", "since"})
_RETRY: Final = 900.0  # seconds: retries are 10 to 15 minutes apart
_DRAIN: Final = 20.0  # messages a second


def _nothing() -> bool:
    return False


@dataclass(slots=True)
class Link:
    """
    One link, as of the time of the last `Flow.pass_to`. ``waiting`` is a number of messages that grows by parts.

    ``blocked`` says whether anything is in the way to the other end just now.
    """

    identity: str
    name: str
    remote: bool = True
    address: str = ""
    waiting: float = 0.0
    each: int = 20480
    arrived: dt.datetime | None = None
    per_hour: float = 0.0
    retry: float = _RETRY
    drain: float = _DRAIN
    next_attempt: dt.datetime | None = None
    state: Literal["ready", "active", "retry"] = "ready"
    information: str = ""
    blocked: Callable[[], bool] = _nothing
    was_blocked: bool = False

    @property
    def count(self) -> int:
        return int(self.waiting)

    @property
    def size(self) -> int:
        return self.count * self.each

    @property
    def oldest(self) -> dt.datetime | None:
        return self.arrived if self.count else None


@dataclass(slots=True)
class Flow:
    """
    All links of a server, on its own clock. ``dropped`` is told of each attempt that ended in a dropped connection;
    ``text`` is what a link that waits says of itself.
    """

    dropped: Callable[[Link, dt.datetime], None]
    text: str
    links: list[Link] = field(default_factory=list)
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def pass_to(self, now: dt.datetime) -> None:
        """
        Let time pass up to ``now``.

        What changed between two calls is not known to the second, so an attempt fails only where the way was blocked
        at the last call and is now: nothing is logged that would have happened after a repair.
        """
        for link in self.links:
            blocked = link.blocked()
            self._attempts(link, now, failing=blocked and link.was_blocked)
            self._move(link, now, blocked=blocked)
            link.was_blocked = blocked
        self.now = max(self.now, now)

    def kick(self, name: str, now: dt.datetime) -> bool:
        """Try a link at once; whether there is one of that name."""
        found = [link for link in self.links if link.name.lower() == name.lower()]
        for link in found:
            link.was_blocked = link.blocked()
            link.next_attempt = now
        self.pass_to(now)
        return bool(found)

    def _attempts(self, link: Link, now: dt.datetime, *, failing: bool) -> None:
        while (
            link.waiting >= 1 and link.state != "active" and link.next_attempt is not None and link.next_attempt <= now
        ):
            at = link.next_attempt
            if not failing:
                link.state, link.information, link.next_attempt = "active", "", None
                self._drain(link, at, now)
                return
            link.state, link.information = "retry", self.text
            self.dropped(link, at)
            link.next_attempt = at + dt.timedelta(seconds=link.retry)

    def _move(self, link: Link, now: dt.datetime, *, blocked: bool) -> None:
        passed = max(0.0, (now - self.now).total_seconds())
        if link.state == "active" and not blocked:
            self._drain(link, self.now, now)
        elif blocked:
            link.waiting += link.per_hour * passed / 3600
            link.arrived = link.arrived or now
            if link.state != "retry" and link.waiting >= 1:
                link.state, link.information = "retry", self.text
                link.next_attempt = now + dt.timedelta(seconds=link.retry)

    def _drain(self, link: Link, since: dt.datetime, now: dt.datetime) -> None:
        link.waiting -= link.drain * max(0.0, (now - max(since, self.now)).total_seconds())
        if link.waiting < 1:
            link.waiting, link.arrived, link.state = 0.0, None, "ready"


def build(name: str, spec: Mapping[str, Any], now: dt.datetime, number: int, text: str) -> Link:
    """
    A link from plain data: ``messages``, ``size`` (bytes of each), ``oldest`` (its age in seconds), ``per_hour`` (how
    many come while nothing moves), ``retry`` (seconds), ``drain`` (messages a second), ``since`` (seconds since the
    last attempt), ``fqdn`` and ``address`` of the other end. Raises ValueError for anything else.
    """
    unknown = sorted(set(spec) - _SPEC)
    if unknown:
        raise ValueError(f"a link of the lab has no {', '.join(unknown)}")
    waits = float(spec.get("messages", 0))
    retry = float(spec.get("retry", _RETRY))
    due = now + dt.timedelta(seconds=retry - float(spec.get("since", 0)))
    return Link(
        identity=f"{number:08X}",
        name=str(spec.get("fqdn", name)),
        address=str(spec.get("address", "")),
        waiting=waits,
        each=int(spec.get("size", 20480)),
        arrived=now - dt.timedelta(seconds=float(spec.get("oldest", 0))) if waits else None,
        per_hour=float(spec.get("per_hour", 0)),
        retry=retry,
        drain=float(spec.get("drain", _DRAIN)),
        next_attempt=due if waits else None,
        state="retry" if waits else "ready",
        information=text if waits else "",
    )
