"""A WinRM shell as a channel: one connection, one shell, and no more requests than needed."""

from __future__ import annotations

from remediators.model import Dropped, Output, RemediationError, TimedOut
from remediators.transports import wsman
from remediators.transports.deadlines import Deadline
from remediators.transports.settings import Settings
from remediators.transports.translation import translated
from remediators.transports.winrm_service import Faulted, Service, Shell

CLOSING_SECONDS = 5.0  # what ending a command and deleting a shell may take, after the deadline of the command itself
_HEARING_SECONDS = 1.5  # a service cannot be asked to wait for less than a second, and must then be heard
OUTPUT_LIMIT = 64 * 1024 * 1024  # what one command line may say; more is a host gone wild
COMMANDS_PER_SHELL = 10  # a finished command is released with its shell; 15 fit by default (MaxProcessesPerShell)


class WinrmChannel:
    """
    An open shell: `run` costs two requests, opening and closing one each.

    A finished command holds a place in its shell until that is deleted, so after `COMMANDS_PER_SHELL` a new one is
    opened (two requests, where releasing every command would cost one for each).
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._shell: Shell | None = None

    @classmethod
    def open(cls, settings: Settings, seconds: float) -> WinrmChannel:
        """Connect, log in and open a shell, in at most ``seconds``. Raises `TransportError`, `UsageError`."""
        deadline = Deadline.after(seconds)
        channel = cls(Service.open(settings, deadline))
        try:
            channel._create(deadline)
        except BaseException:
            channel.close()
            raise
        return channel

    def run(self, line: str, seconds: float) -> Output:
        """See `Channel.run`. After `Dropped` with a command under way, the host is left to finish it alone."""
        deadline = Deadline.after(seconds)
        shell = self._ready(deadline)
        try:
            return self._run(shell, line, deadline)
        except TimedOut as late:
            raise self._given_up(shell, late) from late

    @classmethod
    def ping(cls, settings: Settings, line: str, seconds: float) -> tuple[wsman.Identity, Output | None]:
        """
        Ask the service who it is, and run a line where it has shells (WinRM 1.1 has none).

        Raises `TransportError`, `UsageError`.
        """
        deadline = Deadline.after(seconds)
        channel = cls(Service.open(settings, deadline))
        try:
            identity = channel._service.identify(deadline)
            if identity.stack.startswith("1."):
                return identity, None
            channel._create(deadline)
            return identity, channel.run(line, deadline.remaining())
        finally:
            channel.close()

    def close(self) -> None:
        """
        Delete the shell and close the connection, in at most `CLOSING_SECONDS`. Never raises.

        A shell whose command may still be running is left to it: deleting it would kill the command half way, and the
        service deletes it by itself once it has been idle.
        """
        shell, self._shell = self._shell, None
        try:
            if shell is not None and not shell.busy:
                self._end(shell, Deadline.after(CLOSING_SECONDS))
        finally:
            self._service.login.close()

    def _ready(self, deadline: Deadline) -> Shell:
        """The shell to use. Nothing has been sent where this raises."""
        host = self._service.place.name
        if self._shell is None or self._shell.busy:
            raise Dropped(f"{host}: this session ended with an error; nothing more was sent")
        if not self._service.login.healthy():
            raise Dropped(f"{host}: {self._service.place} closed the connection while it was idle; nothing was sent")
        if self._shell.commands < COMMANDS_PER_SHELL:
            return self._shell
        self._service.ask(self._service.delete(self._shell.id, deadline), deadline)
        self._shell = None
        return self._create(deadline)

    def _create(self, deadline: Deadline) -> Shell:
        service = self._service
        root = service.ask(service.create(deadline), deadline)
        with translated(service.place):
            self._shell = Shell(wsman.shell_id(root))
        return self._shell

    def _run(self, shell: Shell, line: str, deadline: Deadline) -> Output:
        service = self._service
        message = service.command(shell.id, line, deadline)
        shell.commands, shell.busy = shell.commands + 1, True  # from here on the host may have it
        try:
            root = service.attempt(message, deadline)
        except Faulted as faulted:
            shell.busy = faulted.unfinished  # any other fault says that the host did not take it
            raise faulted.ours from None
        with translated(service.place):
            shell.command = wsman.command_id(root)
        output = self._collect(shell, deadline)
        shell.busy = False
        return output

    def _collect(self, shell: Shell, deadline: Deadline) -> Output:
        stdout, stderr = bytearray(), bytearray()
        while True:
            try:
                piece = self._receive(shell, deadline)
            except TimedOut as late:
                late.heard = bytes(stdout)
                raise
            if piece is not None:
                stdout += piece.stdout
                stderr += piece.stderr
                if piece.done:
                    return Output(bytes(stdout), bytes(stderr), piece.status)
            if deadline.remaining() <= 0:
                words = f"{self._service.place.name}: no end of the command line within {deadline.seconds:g} s"
                raise TimedOut(words, heard=bytes(stdout))
            if len(stdout) + len(stderr) > OUTPUT_LIMIT:
                raise TimedOut(f"{self._service.place.name}: no end of the output within {OUTPUT_LIMIT} bytes")

    def _receive(self, shell: Shell, deadline: Deadline) -> wsman.Received | None:
        service = self._service
        try:
            root = service.attempt(service.receive(shell, deadline), deadline.later(_HEARING_SECONDS))
        except Faulted as faulted:
            if faulted.unfinished:
                return None
            raise faulted.ours from None
        with translated(service.place):
            return wsman.received(root)

    def _given_up(self, shell: Shell, late: TimedOut) -> TimedOut:
        """Terminate the command, delete the shell, close; what to raise."""
        self._shell = None
        ended = self._end(shell, Deadline.after(CLOSING_SECONDS))
        self._service.login.close()
        became = (
            "it was terminated and its shell deleted"
            if ended
            else "whether it still runs there is unknown; its shell ends by itself after some minutes"
        )
        return TimedOut(f"{late.message}; {became}", heard=late.heard)

    def _end(self, shell: Shell, deadline: Deadline) -> bool:
        """Terminate what runs and delete the shell, over a new connection where this one is gone; whether it worked."""
        try:
            if not self._service.login.healthy():
                self._service.login.close()
                self._service = Service.open(self._service.settings, deadline)
            if shell.busy and shell.command:
                self._service.ask(self._service.terminate(shell, deadline), deadline)
            self._service.ask(self._service.delete(shell.id, deadline), deadline)
        except RemediationError:
            return False
        return True
