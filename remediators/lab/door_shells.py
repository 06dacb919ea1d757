"""The shells of one WinRM host, their commands, and what was written and not yet fetched. No protocol, no sockets."""

from __future__ import annotations

import time
import uuid
from asyncio import Future
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from remediators.lab.door_soap import NO_COMMAND, NO_SHELL, TOO_MANY_SHELLS, Fault, Faulted, Stream
from remediators.lab.machine import Ran

IDLE_SECONDS: Final = 180.0
MOST_SHELLS: Final = 5


@dataclass(slots=True, eq=False)
class Running:
    """A command: its end is a future, its output is handed out piece by piece."""

    end: Future[Ran]
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    stdin_ended: bool = False
    fetched: int = 0

    def take(self, most: int) -> tuple[tuple[Stream, ...], int | None]:
        """
        At most ``most`` more bytes of output, and the exit code where that was the last of it.

        Only after the command has ended.
        """
        ran = self.end.result()
        pieces = _pieces(ran, self.fetched, most)
        self.fetched += sum(len(piece.data) for piece in pieces)
        if self.fetched < len(ran.stdout) + len(ran.stderr):
            return pieces, None
        return (*pieces, Stream("stdout", b"", end=True), Stream("stderr", b"", end=True)), ran.status


def _pieces(ran: Ran, start: int, most: int) -> tuple[Stream, ...]:
    """``most`` bytes of both streams, first stdout, then stderr, from ``start`` on."""
    split = len(ran.stdout)
    out = ran.stdout[start : start + most]
    behind = max(start - split, 0)
    err = ran.stderr[behind : behind + most - len(out)] if start + most > split else b""
    return tuple(Stream(name, data) for name, data in (("stdout", out), ("stderr", err)) if data)


@dataclass(slots=True, eq=False)
class Shell:
    """An open shell of one user."""

    user: str
    options: Mapping[str, str]
    idle: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    commands: dict[str, Running] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)

    @property
    def codepage(self) -> int | None:
        page = self.options.get("WINRS_CODEPAGE", "")
        return int(page) if page.isdigit() else None

    def command(self, command_id: str | None) -> Running:
        """Raises `Faulted`."""
        if command_id not in self.commands:
            raise Faulted(NO_COMMAND)
        return self.commands[command_id]

    def expired(self, now: float) -> bool:
        """A shell whose client is silent for longer than the idle time-out is gone."""
        return now - self.used > self.idle


class Shells:
    """All open shells of a host."""

    def __init__(self, most: int = MOST_SHELLS) -> None:
        self._most = most
        self._open: dict[str, Shell] = {}

    def __len__(self) -> int:
        now = time.monotonic()  # asked from other threads too, so nothing is forgotten here
        return sum(not shell.expired(now) for shell in tuple(self._open.values()))

    def add(self, shell: Shell) -> None:
        """Raises `Faulted` where the user has as many shells as are allowed."""
        self._forget_expired()
        if sum(other.user == shell.user for other in self._open.values()) >= self._most:
            raise Faulted(TOO_MANY_SHELLS.about(most=self._most))
        self._open[shell.id] = shell

    def get(self, shell_id: str) -> Shell:
        """Raises `Faulted` where there is none, or none any more."""
        self._forget_expired()
        shell = self._open.get(shell_id)
        if shell is None:
            raise Faulted(gone(shell_id))
        shell.used = time.monotonic()
        return shell

    def remove(self, shell_id: str) -> None:
        """Raises `Faulted` where there is none."""
        self.get(shell_id)
        del self._open[shell_id]

    def _forget_expired(self) -> None:
        now = time.monotonic()
        for shell in [shell for shell in self._open.values() if shell.expired(now)]:
            del self._open[shell.id]


def gone(shell_id: str) -> Fault:
    """The fault for a shell that is not there."""
    return replace(NO_SHELL, text=NO_SHELL.text.format(shell=shell_id))
