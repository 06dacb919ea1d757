"""Lets the wall clock of a process jump: CLOCK_JUMP is CALLS:SECONDS, after how many looks at it, and how far."""

import datetime as dt
import os
import time

_calls, _, _seconds = os.environ.get("CLOCK_JUMP", "0:0").partition(":")
_left = int(_calls)
_time = time.time


def _ahead() -> float:
    global _left  # noqa: PLW0603  # a process has one clock
    _left -= 1
    return float(_seconds) if _left < 0 else 0.0


class _Jumping(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_Jumping":
        return cls.fromtimestamp(_time() + _ahead(), tz)


time.time = lambda: _time() + _ahead()
dt.datetime = _Jumping  # type: ignore[misc]
