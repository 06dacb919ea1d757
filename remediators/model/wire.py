"""How command lines reach a host. A transport carries lines and bytes; it knows nothing of what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Output:
    """What came back for one command line: bytes as the host sent them. ``status`` may be cut to 8 bits on the way."""

    stdout: bytes
    stderr: bytes
    status: int | None


class Channel(Protocol):
    """An open, authenticated connection that runs command lines, one after the other."""

    def run(self, line: str, seconds: float) -> Output:
        """
        Hand ``line`` to the host's command interpreter and wait for its end, at most ``seconds`` of wall-clock time.

        Standard input is ended at once. Raises `TimedOut` (after terminating the command and closing the session),
        `Dropped`, `QuotaExceeded`.
        """

    def close(self) -> None:
        """Leave nothing behind on the host. Never raises."""
