"""Freeze calendars: iCalendar files whose events are times in which nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from remediators.engine.window import Freeze
from remediators.model import UsageError

AHEAD = timedelta(days=31)  # no run is longer than that


def read_freezes(paths: Sequence[str], now: datetime) -> list[Freeze]:
    """The freezes around ``now``, in order. Raises `UsageError` for what cannot be read: that might be a freeze."""
    return sorted((freeze for path in paths for freeze in _of_file(Path(path), now)), key=lambda freeze: freeze.start)


def _of_file(path: Path, now: datetime) -> Iterator[Freeze]:
    import icalendar
    import recurring_ical_events  # type: ignore[import-untyped]  # it has no stubs

    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the freeze calendar {path} cannot be read: {error.strerror}") from error
    try:
        calendars: list[Any] = list(icalendar.Calendar.from_ical(text, multiple=True))
        found = [
            (calendar, event)
            for calendar in calendars
            for event in recurring_ical_events.of(calendar).between(now - timedelta(days=1), now + AHEAD)
        ]
    except Exception as error:  # the library raises what it meets, and a freeze that is not understood is no freedom
        raise UsageError(f"the freeze calendar {path} makes no sense: {type(error).__name__}: {error}") from error
    if not calendars:
        raise UsageError(f"the freeze calendar {path} has no calendar in it (BEGIN:VCALENDAR)")
    for calendar, event in found:
        if str(event.get("STATUS", "")).upper() != "CANCELLED":
            yield _freeze(event, _zone(calendar), path)


def _freeze(event: Any, zone: tzinfo | None, path: Path) -> Freeze:
    name = " ".join(str(event.get("SUMMARY", "without a name")).split())
    return Freeze(_moment(event["DTSTART"].dt, zone), _moment(event["DTEND"].dt, zone), name, path.name)


def _zone(calendar: Any) -> tzinfo | None:
    """The zone of times that name none: the calendar's, or (``None``) this machine's."""
    name = calendar.get("X-WR-TIMEZONE")
    try:
        return ZoneInfo(str(name)) if name else None
    except (ValueError, OSError, KeyError):
        return None


def _moment(value: date, zone: tzinfo | None) -> datetime:
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
