"""The event logs of a simulated server: series of equal events, told one by one only when somebody reads them."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

LOGS: Final = ("Application", "Security", "System")
TYPES: Final = {"error": 1, "warning": 2, "information": 3, "success": 4, "failure": 5}
# The severity in the upper bits of an event's full identifier: 4006 as a warning is 0x80000FA6.
_SEVERITY: Final = {"error": 3 << 30, "warning": 2 << 30, "information": 1 << 30, "success": 0, "failure": 0}
_SPEC: Final = frozenset(
    {"log", "source", "id", "type", "category", "user", "text", "strings", "ago", "every", "count"}
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the events of a series have in common. ``{0}`` and so on in the text are its ``strings``."""

    log: str
    source: str
    id: int
    type: str
    category: str
    user: str
    text: str
    strings: Sequence[str] = ()

    @property
    def identifier(self) -> int:
        return self.id | _SEVERITY[self.type]

    @property
    def message(self) -> str:
        return self.text.format(*self.strings)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a log; ``when`` is in UTC."""

    kind: Kind
    when: dt.datetime
    number: int


@dataclass(slots=True)
class Series:
    """``count`` events of a kind, the newest at ``newest`` and the others ``every`` so many seconds before it."""

    kind: Kind
    newest: dt.datetime
    every: float
    count: int
    first: int

    def backwards(self, before: dt.datetime | None = None) -> Iterator[Event]:
        """Its events, the newest first; of those after ``before`` none is made."""
        late = 0.0 if before is None or self.every <= 0 else (self.newest - before).total_seconds() / self.every
        for place in range(max(0, int(late)), self.count):
            when = self.newest - dt.timedelta(seconds=self.every * place)
            if before is None or when <= before:
                yield Event(self.kind, when, self.first + self.count - 1 - place)


@dataclass(slots=True)
class EventLog:
    """All logs of one server. ``read`` counts what was told, so that a test can see that no more was asked for."""

    series: list[Series] = field(default_factory=list)
    read: int = 0
    _numbered: dict[str, int] = field(default_factory=dict)

    def put(self, kind: Kind, newest: dt.datetime, every: float = 60.0, count: int = 1) -> None:
        """Write events; earlier ones stay."""
        first = self._numbered.get(kind.log, 0) + 1
        self._numbered[kind.log] = first + count - 1
        self.series.append(Series(kind, newest, every, count, first))

    def newest_first(
        self,
        logs: Sequence[str],
        wanted: Callable[[Kind], bool] = lambda _: True,
        before: dt.datetime | None = None,
    ) -> Iterator[Event]:
        """The events of some logs whose kind is wanted, up to a moment where one is given, told one by one."""
        chosen = [one.backwards(before) for one in self.series if one.kind.log in logs and wanted(one.kind)]
        for event in heapq.merge(*chosen, key=lambda event: event.when, reverse=True):
            self.read += 1
            yield event

    def count(self, log: str) -> int:
        return sum(one.count for one in self.series if one.kind.log == log)

    def clear(self, log: str) -> None:
        """As somebody does who clears the log by hand: everything is gone, and the numbers begin anew."""
        self.series = [one for one in self.series if one.kind.log != log]
        self._numbered.pop(log, None)


def build(specs: Sequence[Mapping[str, Any]], now: dt.datetime) -> EventLog:
    """
    Logs from plain data: ``log`` (Application), ``source``, ``id``, ``type``, ``category``, ``user``, ``text``,
    ``strings``, ``ago`` (seconds, of the newest), ``every`` (seconds between them) and ``count``.

    Raises ValueError for anything else.
    """
    log = EventLog()
    for spec in specs:
        unknown = sorted(set(spec) - _SPEC)
        if unknown or spec.get("type", "information") not in TYPES:
            raise ValueError(f"an event of the lab has no {', '.join(unknown) or spec['type']}")
        newest = now - dt.timedelta(seconds=float(spec.get("ago", 0)))
        log.put(kind(spec), newest, float(spec.get("every", 60)), int(spec.get("count", 1)))
    return log


def kind(spec: Mapping[str, Any]) -> Kind:
    """The kind of an event from plain data, see `build`."""
    return Kind(
        str(spec.get("log", "Application")),
        str(spec["source"]),
        int(spec["id"]),
        str(spec.get("type", "information")),
        str(spec.get("category", "None")),
        str(spec.get("user", "N/A")),
        str(spec.get("text", "")),
        tuple(map(str, spec.get("strings", ()))),
    )
