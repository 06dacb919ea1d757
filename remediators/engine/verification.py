"""Truth is the second reading: waiting for a state that was promised, and looking from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from remediators.engine.touch import Touch
from remediators.model import Address, Check, Host, Query, Sample, Sampled, Snapshot, Value

Asking = Callable[[Snapshot], Iterable[Query]]
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


def verify(
    check: Check | Sampled, host: Host, given: Mapping[str, Any], stop: threading.Event, touch: Touch
) -> str | None:
    """Run a check, from outside or on the host as it is made for. Gives what was seen instead of what was wanted."""
    if isinstance(check, Sampled):
        return sampled(check, check.Options(**given), touch.ask, stop)
    return from_outside(check, host, given, stop)


def sampled(check: Sampled, options: Any, ask: Callable[[Asking], Snapshot], stop: threading.Event) -> str | None:
    """
    Ask the host until the check is sure, its time is up, or ``stop`` is set.

    The pauses are waits for ``stop``, so that an interrupt ends them at once; what was not yet sure then is wrong.
    """
    every, longest = check.pace(options)
    began = time.monotonic()
    samples: list[Sample] = []
    while True:
        known = ask(lambda known: check.queries(options, known))
        samples.append(Sample(time.monotonic() - began, known))
        judged = check.judge(options, samples)
        left = longest - samples[-1].seconds
        if judged.settled or left <= 0:
            return judged.wrong or None
        if stop.wait(min(every, left)):
            so_far = judged.wrong or "so far all is well"
            return f"broken off after {samples[-1].seconds:.0f} of {longest:.0f} seconds: {so_far}"


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
