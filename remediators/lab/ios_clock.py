"""Time on a device: it may run faster than ours, so that a timer of minutes ends in seconds."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_BOOTED: Final = dt.datetime(2026, 11, 24, 10, 0, 0, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """``scale`` seconds pass on the device in one of ours."""

    scale: float = 1.0
    _start: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Since the device was made."""
        return (time.monotonic() - self._start) * self.scale

    def date(self, later: float = 0.0) -> str:
        """The date as IOS shows it, in ``later`` seconds."""
        at = _BOOTED + dt.timedelta(seconds=self.seconds() + later)
        return at.strftime("%H:%M:%S UTC %a %b ") + f"{at.day} {at.year}"

    def stamp(self) -> str:
        """The time stamp of a syslog line."""
        at = _BOOTED + dt.timedelta(seconds=self.seconds())
        return at.strftime("%b %d %H:%M:%S.") + f"{at.microsecond // 1000:03}"


class Alarm:
    """Something that happens on a device after ``seconds`` of its time, unless it is called off."""

    def __init__(self, clock: Clock, seconds: float, then: Callable[[], None], by: str) -> None:
        self.by = by
        self.set_at = clock.date()
        self.asked = seconds
        self._clock = clock
        self._due = clock.seconds() + seconds
        self._timer = threading.Timer(seconds / clock.scale, then)
        self._timer.daemon = True
        self._timer.start()

    @property
    def left(self) -> float:
        """Seconds of the device until it happens."""
        return max(0.0, self._due - self._clock.seconds())

    @property
    def date(self) -> str:
        return self._clock.date(self.left)

    def cancel(self) -> None:
        self._timer.cancel()

    def join(self) -> None:
        """Wait for its thread, which ends at once where it was cancelled."""
        if self._timer is not threading.current_thread():
            self._timer.join()
