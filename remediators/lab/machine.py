"""
The seam between a simulated host and its front doors (WinRM, SSH, SMTP).

A machine knows its users and what a command line does; a door knows its protocol. Faults are told to the doors by
name, so that one machine can be ill in many ways.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

FAULTS: Final = frozenset(
    {
        "hang",  # a door accepts the connection and never answers
        "quota",  # WinRM: Create answers with the fault that the user's shells are used up
        "http500",  # WinRM: every request is answered with HTTP 500 and no fault inside
        "drop-after-command",  # the command is run, then the connection goes away before its answer
        "garbage-output",  # output is bytes that are no text in any code page
        "no-listener",  # nothing listens on the WinRM port
        "winrm-1.1",  # Identify is answered, there is no shell resource
    }
)


@dataclass(frozen=True, slots=True)
class Ran:
    """
    What one command line said: raw bytes as the host's console programs wrote them, and the exit code.

    ``status`` is a signed 32-bit number, as a process's exit code is.
    """

    stdout: bytes
    stderr: bytes
    status: int


class Machine(Protocol):
    """A host as its front doors see it."""

    name: str
    users: Mapping[str, str]  # user -> password
    faults: Collection[str]  # names from `FAULTS`

    def run(self, line: str, codepage: int | None = None) -> Ran:
        """
        Run ``cmd /c "LINE"`` to its end, with standard input already at its end.

        ``codepage`` is the console's code page at the start (WinRM's WINRS_CODEPAGE); ``None`` is the host's own OEM
        code page. Never raises for anything that a line can say.
        """

    def greeting(self) -> bytes | None:
        """What the SMTP service says first, with its CR LF; ``None`` when nothing listens on port 25."""
