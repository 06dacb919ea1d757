"""A host's SMTP service as the world sees it: its greeting, and the verbs that it offers. It takes no mail."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Sequence
from typing import Final

from remediators.lab.door_faults import Faults
from remediators.lab.door_loop import Listener, swallow
from remediators.lab.machine import Machine

# What Exchange Server 2003's virtual server says to EHLO, with its first line still without a name.
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
UNKNOWN: Final = b"500 5.3.3 Unrecognized command\r\n"
# A PIX's fixup lets these through and answers for all others; what it does not know reaches nobody.
_THROUGH_A_PIX: Final = frozenset({b"HELO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"QUIT"})


class SMTPDoor:
    """The service of one host, in the event loop of the lab. ``requests`` counts verbs."""

    def __init__(self, machine: Machine, faults: Faults) -> None:
        self.requests: Counter[str] = Counter()
        self._machine = machine
        self._faults = faults
        self._listener = Listener(self._converse)
        self.open = self._listener.open
        self.close = self._listener.close

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.requests["connect"] += 1
        greeting = self._machine.greeting()
        if greeting is None or self._faults.strikes("no-smtp"):
            writer.transport.abort()
            return
        if self._faults.strikes("mute-greeting") or self._faults.strikes("hang"):
            await swallow(reader)
            return
        masked = "masked-greeting" in self._faults
        name = greeting[4:].partition(b" ")[0].strip()
        writer.write(mask(greeting) if masked else greeting)
        while line := await reader.readline():
            verb = line.strip().partition(b" ")[0]
            writer.write(self._answer(verb.upper(), name, masked=masked))
            await writer.drain()
            if verb.upper() == b"QUIT":
                return

    def _answer(self, verb: bytes, name: bytes, *, masked: bool) -> bytes:
        self.requests[verb.decode("ascii", errors="replace")] += 1
        if masked and verb not in _THROUGH_A_PIX:
            return UNKNOWN
        answers = {
            b"EHLO": _several([name + b" Hello [127.0.0.1]", *VERBS]),
            b"HELO": b"250 " + name + b" Hello [127.0.0.1]\r\n",
            b"NOOP": b"250 2.0.0 OK\r\n",
            b"RSET": b"250 2.0.0 Resetting\r\n",
            b"QUIT": b"221 2.0.0 " + name + b" Service closing transmission channel\r\n",
        }
        return answers.get(verb, UNKNOWN)


def _several(lines: Sequence[bytes]) -> bytes:
    *first, last = lines
    return b"".join(b"250-" + line + b"\r\n" for line in first) + b"250 " + last + b"\r\n"


def mask(greeting: bytes) -> bytes:
    """
    A greeting as PIX's ``fixup protocol smtp`` shows it: every character a star but ``2``, ``0`` and blanks.

    Source: Cisco, PIX Firewall Command Reference, ``fixup protocol smtp``.
    """
    code, text = greeting[:4], greeting[4:].rstrip(b"\r\n")
    return code + bytes(byte if byte in b"20 " else ord("*") for byte in text) + b"\r\n"
