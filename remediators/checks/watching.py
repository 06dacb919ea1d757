"""What the checks that ask a host again and again have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from remediators.model import OutOfScope, Sample, Snapshot, Unread

Read = TypeVar("Read")


def readable(samples: Sequence[Sample], read: Callable[[Snapshot], Read]) -> tuple[list[tuple[float, Read]], str]:
    """What could be read, with its second, and why the newest sample could not be read (empty where it could)."""
    found: list[tuple[float, Read]] = []
    reason = "nothing was read"
    for sample in samples:
        try:
            found.append((sample.seconds, read(sample.known)))
            reason = ""
        except (Unread, OutOfScope) as error:
            reason = error.message
    return found, reason


def minutes(count: float) -> str:
    """``20 minutes``, ``1 minute``; under a minute, seconds."""
    if count < 1:
        return f"{count * 60:.0f} seconds"
    return f"{count:.0f} minute{'' if round(count) == 1 else 's'}"
