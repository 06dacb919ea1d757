"""
Change windows: when hosts may be begun. Pure; time zones by the tz database.

A window is two moments (``2026-11-28T22:00`` to ``2026-11-29T02:00``), or two times of day that recur, on some days of
the week or on all of them (``22:00`` to ``02:00``, ``days: [sat]``: the day on which it begins).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = ("start", "end", "timezone", "days")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\Z")
_EXAMPLE = "write 2026-11-28T22:00, or 22:00 for a window that recurs"
Span = tuple[datetime, datetime]


class WindowMistake(ValueError):
    """What is wrong with a window as it was written; ``key`` is where."""

    def __init__(self, key: str, what: str, hint: str = "") -> None:
        super().__init__(f"{what} ({hint})" if hint else what)
        self.key, self.what, self.hint = key, what, hint


@dataclass(frozen=True, slots=True)
class Window:
    """
    A change window. ``start`` and ``end`` are moments with their offset from UTC, or times of day, as text.

    ``timezone`` is a name of the tz database, or empty where the offsets say all; ``days`` is for times of day only,
    empty for every day.
    """

    start: str
    end: str
    timezone: str = ""
    days: tuple[str, ...] = ()

    @property
    def recurs(self) -> bool:
        return _TIME.match(self.start) is not None

    def __str__(self) -> str:
        on = f" on {', '.join(self.days)}" if self.days else " every day" if self.recurs else ""
        zone = f" {self.timezone}" if self.timezone else ""
        return f"{self.start} to {self.end}{on}{zone}"

    def document(self) -> dict[str, Any]:
        """As it stands in a plan."""
        return {"start": self.start, "end": self.end, "timezone": self.timezone, "days": list(self.days)}

    def open_until(self, now: datetime) -> datetime | None:
        """When the window that is open at ``now`` closes; ``None`` where none is open."""
        return next((end for start, end in self._spans(now) if start <= now < end), None)

    def opens_after(self, now: datetime) -> datetime | None:
        """When it opens next; ``None`` where it never does again."""
        return next((start for start, _ in self._spans(now) if start > now), None)

    def last_close(self, now: datetime) -> datetime | None:
        """When a window of two moments closes; one that recurs never does for good."""
        return None if self.recurs else next(self._spans(now))[1]

    def _spans(self, now: datetime) -> Iterator[Span]:
        """The spans of time around and after ``now``, in UTC, in order."""
        if not self.recurs:
            yield datetime.fromisoformat(self.start).astimezone(UTC), datetime.fromisoformat(self.end).astimezone(UTC)
            return
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        for number in range(-1, 9):
            day = today + timedelta(days=number)
            span = self._span_on(day, zone)
            if span and (not self.days or DAYS[day.weekday()] in self.days):
                yield span

    def _span_on(self, day: date, zone: tzinfo) -> Span | None:
        start, end = _time(self.start), _time(self.end)
        last = day if end > start else day + timedelta(days=1)
        begun, ended = max(_readings(day, start, zone)), min(_readings(last, end, zone))
        return (begun, ended) if begun < ended else None


def _time(text: str) -> time:
    found = _TIME.match(text)
    if not found:
        raise ValueError(text)
    return time(int(found[1]), int(found[2]))


def _readings(day: date, at: time, zone: tzinfo) -> tuple[datetime, datetime]:
    """
    Both instants that a wall clock's time may mean, in UTC; they are one, except where the clock is turned.

    A window begins at the later one and ends at the earlier: it is open only where every reading says so.
    """
    return _instant(datetime.combine(day, at), zone, 0), _instant(datetime.combine(day, at), zone, 1)


def _instant(wall: datetime, zone: tzinfo | None, fold: int) -> datetime:
    """``zone`` is ``None`` for the one of this machine."""
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def read_window(body: Any) -> Window:
    """A window as it was written (a mapping). Raises `WindowMistake`."""
    if not isinstance(body, Mapping):
        raise WindowMistake("", "a window is a mapping with start and end", "{start: …, end: …, timezone: …}")
    unknown = next((key for key in body if key not in KEYS), None)
    if unknown is not None:
        raise WindowMistake("", f"unknown key {unknown!r} of a window", f"keys are {', '.join(KEYS)}")
    start, end = _text(body, "start"), _text(body, "end")
    zone = _zone(body.get("timezone"))
    name = zone.key if zone else ""
    recurring = [bool(_TIME.match(text)) for text in (start, end)]
    if all(recurring):
        return _recurring(start, end, name, body.get("days"))
    if any(recurring):
        raise WindowMistake("end", "one of start and end is a date and the other a time of day", _EXAMPLE)
    if body.get("days"):
        raise WindowMistake("days", "days are for times of day, and this window has dates", "leave days out")
    opens, closes = _moment("start", start, zone), _moment("end", end, zone)
    if closes <= opens:
        raise WindowMistake("end", "the window ends before it begins", "end must be after start")
    return Window(_written(opens), _written(closes), name)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="auto" if moment.second or moment.microsecond else "minutes")


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if key not in body or value is None:
        raise WindowMistake("", f"{key!r} of the window is missing", _EXAMPLE)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return f"{value // 60:02d}:{value % 60:02d}"  # 22:00 without quotes is a number of minutes in YAML 1.1
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        raise WindowMistake(key, f"{key} must be a moment, not {value!r}", _EXAMPLE)
    return value.strip()


def _zone(name: Any) -> ZoneInfo | None:
    if name is None or name == "":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        what = f"there is no time zone {name!r}"
        raise WindowMistake("timezone", what, "a name such as Europe/Berlin, America/New_York or UTC") from None


def _recurring(start: str, end: str, zone: str, days: Any) -> Window:
    if not zone:
        raise WindowMistake("", "'timezone' of the window is missing", "times of day need one, such as Europe/Berlin")
    if start == end:
        raise WindowMistake("end", "the window ends when it begins", "a whole day is 00:00 to 23:59")
    return Window(start.zfill(5), end.zfill(5), zone, _days(days))


def _days(days: Any) -> tuple[str, ...]:
    if days is None:
        return ()
    words: Sequence[Any] = [days] if isinstance(days, str) else days if isinstance(days, list) else [days]
    short = [str(word).lower()[:3] for word in words]
    wrong = next((word for word, day in zip(words, short, strict=True) if day not in DAYS), None)
    if wrong is not None or not words:
        raise WindowMistake("days", f"{wrong!r} is no day of the week", f"days are {', '.join(DAYS)}")
    return tuple(day for day in DAYS if day in short)


def _moment(key: str, text: str, zone: ZoneInfo | None) -> datetime:
    """A date and time, with its offset. What a wall clock shows twice, or never, is a mistake: nothing is guessed."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WindowMistake(key, f"{text!r} is no date and time", _EXAMPLE) from None
    if len(text) < len("2026-11-28T22"):
        raise WindowMistake(key, f"{text!r} has no time of day", _EXAMPLE)
    if moment.tzinfo is not None:
        return moment.astimezone(zone) if zone else moment
    first, second = (_instant(moment, zone, fold).astimezone(zone) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset() and first.replace(tzinfo=None) == moment:
        return first
    choice = f"write {first.isoformat(timespec='minutes')} or {second.isoformat(timespec='minutes')}"
    if first.replace(tzinfo=None) == moment:
        raise WindowMistake(key, f"{text} comes twice, since the clock is put back then", choice)
    raise WindowMistake(key, f"{text} does not exist, since the clock is put forward then", choice)


def read_window_text(text: str) -> Window:
    """
    A window from a command line: ``START/END``, and a time zone after a blank or an ``@``. Raises `WindowMistake`.

    ``22:00/02:00 Europe/Berlin`` recurs every day.
    """
    start, slash, rest = text.strip().partition("/")
    end, _, zone = rest.strip().replace("@", " ").partition(" ")
    if not slash:
        raise WindowMistake("", f"{text!r} is no window", "2026-11-28T22:00/2026-11-29T02:00 Europe/Berlin")
    return read_window({"start": start, "end": end, "timezone": zone.strip() or None})
