"""A host's SMTP service as the world sees it: its greeting, the verbs that it offers, and what it does with mail."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from remediators.lab.door_faults import Faults
from remediators.lab.door_loop import Listener, swallow
from remediators.lab.machine import VERBS, Machine, Mouth, Speaking
from remediators.lab.mail_path import Inspection

UNKNOWN: Final = b"500 5.3.3 Unrecognized command\r\n"
_GO_ON: Final = b"354 Start mail input; end with <CRLF>.<CRLF>\r\n"
_TAKEN: Final = b"250 2.6.0 Queued mail for delivery\r\n"
_END: Final = b"\r\n.\r\n"
_MOST_MAIL: Final = 1 << 22


def _nothing_between() -> Inspection | None:
    return None


def _never() -> bool:
    return False


class SMTPDoor:
    """
    The service of one host, in the event loop of the lab. ``requests`` counts verbs, ``mail`` has what was taken.

    ``between`` says what inspects the conversation on this door's side of the world, ``loses_dot`` whether something
    on the host itself takes the end off every message.
    """

    def __init__(
        self,
        machine: Machine,
        faults: Faults,
        between: Callable[[], Inspection | None] = _nothing_between,
        loses_dot: Callable[[], bool] = _never,
    ) -> None:
        self.requests: Counter[str] = Counter()
        self.mail: list[bytes] = []
        self._machine = machine
        self._faults = faults
        self._between = between
        self._loses_dot = loses_dot
        self._listener = Listener(self._converse)
        self._place = ("", 0)
        self._open = False

    async def open(self, address: str, port: int) -> int:
        """Listen; gives the port. Raises OSError."""
        port = await self._listener.open(address, port)
        self._place, self._open = (address, port), True
        return port

    async def close(self) -> None:
        """Stop listening and cut every conversation."""
        self._open = False
        await self._listener.close()

    async def follow(self) -> None:
        """Listen as long as the machine's service does, so that a stopped one refuses connections."""
        if not isinstance(self._machine, Speaking) or self._machine.listens() == self._open:
            return
        if self._open:
            await self.close()
        else:
            await self.open(*self._place)

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.requests["connect"] += 1
        mouth = _mouth(self._machine)
        if mouth.greeting is None or self._faults.strikes("no-smtp"):
            writer.transport.abort()
            return
        if self._faults.strikes("mute-greeting") or self._faults.strikes("hang"):
            await swallow(reader)
            return
        through = Inspection() if "masked-greeting" in self._faults else self._between()
        writer.write(through.mask(mouth.greeting) if through else mouth.greeting)
        while line := await reader.readline():
            verb = line.strip().partition(b" ")[0].upper()
            writer.write(self._answer(verb, mouth, through))
            await writer.drain()
            data = verb == b"DATA" and mouth.takes_mail
            if verb == b"QUIT" or (data and not await self._take(reader, through)):
                return
            if data:
                writer.write(_TAKEN)

    async def _take(self, reader: StreamReader, through: Inspection | None) -> bool:
        """Read a message up to its final dot; ``False`` where the sender went away before one came."""
        said = b"\r\n"
        while len(said) < _MOST_MAIL and (chunk := await reader.read(65536)):
            said += chunk
            self.requests["data"] += 1
            if not said.endswith(_END):
                continue
            if self._loses_dot() or (through is not None and through.swallows(chunk)):
                said = said.removesuffix(_END) + b"\r\n"
                continue
            self.mail.append(said.removeprefix(b"\r\n").removesuffix(b".\r\n"))
            return True
        return False

    def _answer(self, verb: bytes, mouth: Mouth, through: Inspection | None) -> bytes:
        self.requests[verb.decode("ascii", errors="replace")] += 1
        if through is not None and not through.lets(verb):
            return UNKNOWN
        name = mouth.name
        answers = {
            b"EHLO": _several([name + b" Hello [127.0.0.1]", *_offered(mouth.verbs, through)]),
            b"HELO": b"250 " + name + b" Hello [127.0.0.1]\r\n",
            b"NOOP": b"250 2.0.0 OK\r\n",
            b"RSET": b"250 2.0.0 Resetting\r\n",
            b"QUIT": b"221 2.0.0 " + name + b" Service closing transmission channel\r\n",
        }
        if mouth.takes_mail:
            answers |= {b"MAIL": b"250 2.1.0 Sender OK\r\n", b"RCPT": b"250 2.1.5 Recipient OK\r\n", b"DATA": _GO_ON}
        return answers.get(verb, UNKNOWN)


def _mouth(machine: Machine) -> Mouth:
    if isinstance(machine, Speaking):
        return machine.mouth()
    greeting = machine.greeting()
    return Mouth(greeting, (greeting or b"")[4:].partition(b" ")[0].strip(), VERBS)


def _offered(verbs: Sequence[bytes], through: Inspection | None) -> list[bytes]:
    return [through.offered(verb) for verb in verbs] if through else list(verbs)


def _several(lines: Sequence[bytes]) -> bytes:
    *first, last = lines
    return b"".join(b"250-" + line + b"\r\n" for line in first) + b"250 " + last + b"\r\n"


def mask(greeting: bytes) -> bytes:
    """
    A greeting as PIX's ``fixup protocol smtp`` shows it: every character a star but ``2``, ``0`` and blanks.

    Source: Cisco, PIX Firewall Command Reference, ``fixup protocol smtp``.
    """
    return Inspection().mask(greeting)
