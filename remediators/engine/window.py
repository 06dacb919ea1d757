"""When hosts may be begun: change windows, freezes, and whether an apply and its way back still fit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from remediators.model import UsageError
from remediators.model.windows import Window, read_window


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time in which nothing is changed, from a calendar."""

    start: datetime
    end: datetime
    name: str
    file: str

    def __str__(self) -> str:
        return f"the freeze {self.name!r} of {self.file} lasts until {told(self.end)}"


@dataclass(frozen=True, slots=True)
class Opening:
    """
    All that bounds when hosts are begun. ``windows`` come with the hosts that each is for, ``None`` for all.

    ``overridden`` is the reason for working outside of all of them.
    """

    windows: tuple[tuple[Window, frozenset[str] | None], ...] = ()
    freezes: tuple[Freeze, ...] = ()
    overridden: str | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def bounds(self) -> bool:
        """Whether there is anything that may bar a host."""
        return bool(self.windows or self.freezes) and self.overridden is None

    def barred(self, host: str, needs: float = 0.0) -> str | None:
        """Why a host may not be begun now that needs so many seconds for an apply and its rollback, or ``None``."""
        if not self.bounds:
            return None
        now = self.clock()
        ready = now + timedelta(seconds=needs)
        mine = (window for window, hosts in self.windows if hosts is None or host in hosts)
        reasons = (*(_closed(window, now, ready) for window in mine), *(_frozen(f, now, ready) for f in self.freezes))
        return next((reason for reason in reasons if reason), None)


def _closed(window: Window, now: datetime, ready: datetime) -> str | None:
    until = window.open_until(now)
    if until is None:
        opens = window.opens_after(now)
        then = f"opens at {told(opens)}, in {span(opens - now)}" if opens else "is over"
        return f"the change window ({window}) {then}"
    if ready > until:
        needs = span(ready - now)
        return f"the change window closes at {told(until)}, and an apply plus a rollback take {needs}"
    return None


def _frozen(freeze: Freeze, now: datetime, ready: datetime) -> str | None:
    if now < freeze.end and freeze.start <= ready:
        if freeze.start <= now:
            return str(freeze)
        needs = span(ready - now)
        return f"the freeze {freeze.name!r} of {freeze.file} begins at {told(freeze.start)}, and {needs} are needed"
    return None


def told(moment: datetime) -> str:
    """A moment as people read it: in the clock of this machine, with its offset."""
    return moment.astimezone().isoformat(sep=" ", timespec="minutes")


def span(length: timedelta) -> str:
    """How long something takes, in its two largest units."""
    seconds = max(1, round(length.total_seconds()))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts[:2])


def windows_document(windows: Iterable[tuple[Window, Iterable[str] | None]]) -> list[dict[str, Any]]:
    """As they stand in a plan."""
    return [{**window.document(), "hosts": None if hosts is None else sorted(hosts)} for window, hosts in windows]


def read_windows(document: Any) -> Iterator[tuple[Window, frozenset[str] | None]]:
    """The windows of a plan. Raises `UsageError` where they are malformed."""
    if not isinstance(document, Sequence) or isinstance(document, str):
        raise UsageError("the plan's windows are malformed; plan again")
    for entry in document:
        try:
            yield _read(entry)
        except (TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"the plan's windows are malformed ({error}); plan again") from error


def _read(entry: Mapping[str, Any]) -> tuple[Window, frozenset[str] | None]:
    hosts = entry.get("hosts")
    if hosts is not None and not (isinstance(hosts, list) and all(isinstance(name, str) for name in hosts)):
        raise ValueError("hosts")
    body = {name: value for name, value in entry.items() if name != "hosts" and value not in ("", [])}
    return read_window(body), None if hosts is None else frozenset(hosts)


def last_moment(windows: Iterable[Window], now: datetime) -> datetime | None:
    """When the last of some windows closes for good; ``None`` where there is none, or one recurs."""
    ends = [window.last_close(now) for window in windows]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
