"""Wall-clock deadlines: whatever a host does or does not do, waiting for it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment by the monotonic clock, and how many seconds were allowed until then."""

    seconds: float
    ends: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(seconds, time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; zero or less once it has passed."""
        return self.ends - time.monotonic()

    def left(self) -> float:
        """Seconds left, always more than zero. Raises TimeoutError once it has passed."""
        remaining = self.remaining()
        if remaining <= 0:
            raise TimeoutError(f"nothing more within {self.seconds:g} s")
        return remaining

    def later(self, seconds: float) -> Deadline:
        """This deadline, but at least ``seconds`` from now."""
        return Deadline.after(seconds) if self.remaining() < seconds else self

    def sooner(self, seconds: float) -> Deadline:
        """This deadline, or one in ``seconds`` if that comes first."""
        return Deadline.after(seconds) if seconds < self.remaining() else self
