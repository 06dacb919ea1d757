"""Truth is the second reading: waiting for a state that was promised, and looking from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from remediators.engine.touch import Touch
from remediators.model import Address, Check, Host, Value

Seen = TypeVar("Seen")

SETTLE_SECONDS = 60.0  # how long a service may take to reach the state that its start command promised
CHECK_SECONDS = 10.0  # how long a failing check is repeated: a service may answer a moment later


def wait_for(touch: Touch, expects: Mapping[Address, Value], stop: threading.Event) -> list[str]:
    """Read until the host looks as expected, at most `SETTLE_SECONDS`; gives what is still wrong."""

    def wrong() -> list[str]:
        return [text for address, value in expects.items() if (text := touch.mismatch(address, value))]

    def again() -> list[str]:
        touch.look_again(expects, {})
        return wrong()

    return wrong() and (_repeat(again, SETTLE_SECONDS, stop) or [])


def from_outside(check: Check, host: Host, given: Mapping[str, Any], stop: threading.Event) -> str | None:
    """Run a check until it is content or `CHECK_SECONDS` have passed. Gives what was seen instead."""
    options = check.Options(**given)
    patience = max(CHECK_SECONDS, float(getattr(options, "timeout", 0) or 0))
    return _repeat(lambda: check.run(host, options, patience), CHECK_SECONDS, stop)


def _repeat(look: Callable[[], Seen], seconds: float, stop: threading.Event) -> Seen:
    """Call ``look`` until it has nothing to say, with growing pauses; at least once, and once after an interrupt."""
    deadline = time.monotonic() + seconds
    pause = 0.25
    while True:
        seen = look()
        if not seen or time.monotonic() + pause > deadline or stop.wait(pause):
            return seen
        pause = min(pause * 2, 5.0)
