"""
The seam between a simulated host and its front doors (WinRM, SSH, SMTP).

A machine knows its users and what a command line does; a door knows its protocol. Faults are told to the doors by
name, so that one machine can be ill in many ways.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

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


# What Exchange Server 2003's virtual server says to EHLO behind its first line. Those with an X in front, as AUTH's old
# form, come from event sinks of Exchange's own (KB 257569).
VERBS: Final[Sequence[bytes]] = (
    b"TURN",
    b"SIZE",
    b"ETRN",
    b"PIPELINING",
    b"DSN",
    b"ENHANCEDSTATUSCODES",
    b"8bitmime",
    b"BINARYMIME",
    b"CHUNKING",
    b"VRFY",
    b"X-EXPS GSSAPI NTLM LOGIN",
    b"X-EXPS=LOGIN",
    b"AUTH GSSAPI NTLM LOGIN",
    b"AUTH=LOGIN",
    b"X-LINK2STATE",
    b"XEXCH50",
    b"OK",
)
PLAIN_VERBS: Final[Sequence[bytes]] = tuple(verb for verb in VERBS if not verb.startswith(b"X"))


@dataclass(frozen=True, slots=True)
class Mouth:
    """
    An SMTP service as it speaks just now.

    ``greeting`` is ``None`` where it cuts every connection, empty where it says nothing. ``verbs`` are what it offers.
    ``takes_mail`` lets a message in.
    """

    greeting: bytes | None
    name: bytes
    verbs: Sequence[bytes]
    takes_mail: bool = False


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


@runtime_checkable
class Speaking(Protocol):
    """A machine that says more of its SMTP service than the greeting."""

    def mouth(self) -> Mouth:
        """The service as it is now."""

    def listens(self) -> bool:
        """Whether port 25 is open at all."""
