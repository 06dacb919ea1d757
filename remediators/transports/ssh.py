"""SSH as a channel: one connection, and one exec request for each command line."""

from __future__ import annotations

import contextlib

import paramiko

from remediators.model import Dropped, Output, TimedOut
from remediators.transports.deadlines import Deadline
from remediators.transports.settings import Settings
from remediators.transports.ssh_connection import connect, explained, place_of
from remediators.transports.ssh_transport import Connection, bounded
from remediators.transports.statuses import signed
from remediators.transports.translation import Place, translated

_PIECE = 64 * 1024
OUTPUT_LIMIT = 64 * 1024 * 1024  # what one command line may say; more is a host gone wild
_LOOK_SECONDS = 0.1  # how often standard error is looked at while standard output is silent


class SshChannel:
    """An open connection to a host whose server hands each line to ``cmd.exe /c``."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection, self._place = connection, place

    @classmethod
    def open(cls, settings: Settings, seconds: float) -> SshChannel:
        """Connect and log in, in at most ``seconds``. Raises `TransportError`, `UsageError`."""
        return cls(connect(settings, Deadline.after(seconds)), place_of(settings))

    @classmethod
    def ping(cls, settings: Settings, line: str, seconds: float) -> tuple[str, str, Output]:
        """Log in and run a line: who we are there, how the server names itself, and what the line said."""
        deadline = Deadline.after(seconds)
        connection = connect(settings, deadline)
        channel = cls(connection, place_of(settings))
        try:
            transport = connection.transport
            output = channel.run(line, deadline.remaining())
            return str(transport.get_username()), str(transport.remote_version), output
        finally:
            channel.close()

    def run(self, line: str, seconds: float) -> Output:
        """See `Channel.run`. SSH cannot end a command: after `TimedOut` it may still be running on the host."""
        transport = self._connection.transport
        if not transport.is_active():
            raise Dropped(f"{self._place.name}: the SSH connection is closed; nothing of this command line was sent")
        deadline = Deadline.after(seconds)
        late = (
            f"{self._place.name}: no end of the command line within {seconds:g} s: the connection was closed, and "
            "whether the command still runs there is unknown"
        )
        heard = bytearray()
        try:
            with translated(self._place, explained), bounded(self._connection, deadline, late):
                return self._run(transport, line, deadline, heard)
        except TimedOut as error:
            error.heard = bytes(heard)
            raise

    def close(self) -> None:
        """Close the connection and end its threads. Never raises."""
        with contextlib.suppress(Exception):
            self._connection.close()

    def _run(self, transport: paramiko.Transport, line: str, deadline: Deadline, stdout: bytearray) -> Output:
        channel = transport.open_session(timeout=deadline.left())
        try:
            channel.exec_command(line)
            channel.shutdown_write()
            stderr = _drained(channel, deadline, stdout)
            return Output(bytes(stdout), stderr, _status(channel, deadline))
        finally:
            channel.close()


def _status(channel: paramiko.Channel, deadline: Deadline) -> int | None:
    """The exit status; ``None`` where the server told none, as after a signal."""
    if not channel.status_event.wait(deadline.left()):
        raise TimeoutError
    if channel.exit_status >= 0:
        return signed(channel.exit_status)
    # A connection that is lost closes its channels before it is known to be lost; only a server says EOF.
    if not channel.eof_received:
        raise EOFError("before the end of the command")
    return None


def _drained(channel: paramiko.Channel, deadline: Deadline, stdout: bytearray) -> bytes:
    """Both outputs to their end, one into ``stdout``, the other as the result; neither can fill up and block both."""
    stderr = bytearray()
    while True:
        channel.settimeout(min(_LOOK_SECONDS, deadline.left()))
        try:
            piece = channel.recv(_PIECE)
        except TimeoutError:
            piece = None
        while channel.recv_stderr_ready():
            stderr += channel.recv_stderr(_PIECE)
        if piece == b"":
            break
        stdout += piece or b""
        if len(stdout) + len(stderr) > OUTPUT_LIMIT:
            channel.get_transport().close()
            raise EOFError(f"more than {OUTPUT_LIMIT} bytes of output, which nobody will read")
    channel.settimeout(deadline.left())
    while said := channel.recv_stderr(_PIECE):
        stderr += said
    return bytes(stderr)
