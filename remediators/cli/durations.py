"""Times as people write them on a command line: 90s, 65m, 4h, 2d, 1w."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str, units: str) -> timedelta | None:
    """A whole number and one of these units (letters of ``smhdw``); ``None`` where it is something else."""
    found = re.fullmatch(rf"(\d{{1,5}})([{units}])", text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
