"""How long a device's timer must run: what connecting, reading and all checks take, measured, and twice that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from remediators.engine.house import House
from remediators.engine.verification import CHECK_SECONDS
from remediators.model import Check, Item, Sampled

LEAST_MINUTES = 5
_TWICE = 2.0
_ENOUGH = 1.5  # of what is measured again at apply: the rest of the doubling is for what differs from time to time


def minutes_for(seconds: float) -> int:
    """The minutes of a timer for work that was measured to take ``seconds`` once: doubled, whole, at least five."""
    return max(LEAST_MINUTES, math.ceil(_TWICE * seconds / 60.0))


def still_fits(seconds: float, minutes: int) -> bool:
    """Whether a timer of so many minutes still is enough for work that now was measured to take ``seconds``."""
    return _ENOUGH * seconds <= 60.0 * minutes


def checks_seconds(items: Iterable[Item], house: House) -> float:
    """The most that all checks of what changes may take, by their own deadlines."""
    changing = (item for item in items if item.outcome == "change")
    return sum(_longest(house.checks[name], given) for item in changing for name, given in item.checks.items())


def _longest(check: Check | Sampled, given: Mapping[str, Any]) -> float:
    """A check from outside is repeated for `CHECK_SECONDS`, and its last look may take its own time."""
    options = check.Options(**given)
    if isinstance(check, Sampled):
        return check.pace(options)[1]
    return CHECK_SECONDS + max(CHECK_SECONDS, float(getattr(options, "timeout", 0) or 0))
