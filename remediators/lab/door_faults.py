"""What is wrong with a host's doors, and for how long: faults may come and go while the lab runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

DOOR_FAULTS: Final = frozenset(
    {
        "hang",  # every door: accepts the connection and never answers
        "no-listener",  # every door but SMTP: refused where set at the start, else every connection is cut at once
        "drop-before-command",  # the command is not run, and the connection goes away
        "drop-after-command",  # the command is run to its end, then the connection goes away before its answer
        "drop-in-answer",  # the connection goes away in the middle of the output
        "access-denied",  # WinRM: fault 5 for whatever needs a shell; SSH: no user is let in
        "http500",  # WinRM: every request is answered with HTTP 500 and no fault inside
        "http503",  # WinRM: every request is answered with HTTP 503: the service has gone down, or is overrun
        "quota",  # WinRM: Create answers that the user's shells are used up
        "quota-operations",  # WinRM: Command answers that the user's operations are used up
        "shell-expired",  # WinRM: the shell is gone when output is asked for
        "winrm-1.1",  # WinRM: Identify is answered, there is no shell resource
        "wrong-certificate",  # WinRM over TLS: a certificate that the lab's authority did not sign
        "hang-after-auth",  # SSH: the user is let in, and then nothing is answered
        "wrong-host-key",  # SSH: another key than the one in known_hosts
        "garbage-output",  # every command's output is bytes that are no text in any code page
        "no-smtp",  # SMTP: the connection is cut before any greeting
        "masked-greeting",  # SMTP: the greeting as a firewall that inspects SMTP shows it, all stars
        "mute-greeting",  # SMTP: nothing is said, EHLO is not answered
    }
)

GARBAGE: Final = b"\x81\xfe\xff\x00\xc3\x28\xed\xa0\x80\xf5\xff"


@dataclass(slots=True)
class _Armed:
    """A fault that is set: how often it still strikes, how many chances it lets pass, and on which lines."""

    times: int | None
    skip: int
    matching: str


class Faults:
    """
    The faults of one host: those of its machine, and those set here while the lab runs.

    Thread-safe. ``machine`` gives the names that always hold.
    """

    def __init__(self, machine: Callable[[], Collection[str]] = tuple) -> None:
        self._machine = machine
        self._armed: dict[str, _Armed] = {}
        self._lock = threading.Lock()

    def add(self, name: str, *, times: int | None = None, skip: int = 0, matching: str = "") -> None:
        """
        Set a fault: for ever or ``times`` times, after ``skip`` chances that pass unharmed.

        ``matching`` narrows the faults of commands to lines that contain this text. Raises ValueError for a name
        that no door knows.
        """
        if name not in DOOR_FAULTS:
            raise ValueError(f"no such fault: {name!r}; there are {', '.join(sorted(DOOR_FAULTS))}")
        with self._lock:
            self._armed[name] = _Armed(times, skip, matching)

    def discard(self, name: str) -> None:
        """Take back what `add` set."""
        with self._lock:
            self._armed.pop(name, None)

    def __contains__(self, name: object) -> bool:
        """Whether it is set, without using it up."""
        return name in self._armed or name in self._machine()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._armed, *self._machine()} & DOOR_FAULTS))

    def strikes(self, name: str, line: str = "") -> bool:
        """Whether the fault happens now; uses up one of its times."""
        if name in self._machine():
            return True
        with self._lock:
            armed = self._armed.get(name)
            return armed is not None and armed.matching in line and self._use(name, armed)

    def _use(self, name: str, armed: _Armed) -> bool:
        if armed.skip:
            armed.skip -= 1
            return False
        if armed.times is not None:
            armed.times -= 1
            if armed.times <= 0:
                del self._armed[name]
        return True
