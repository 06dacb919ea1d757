"""A WinRM shell as a channel: one connection, one shell, and no more requests than needed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from remediators.model import (
    Dropped,
    Output,
    RemediationError,
    TimedOut,
    TransportError,
    Unreachable,
    UntrustedHost,
)
from remediators.transports import wsman
from remediators.transports.authentication import Login, log_in
from remediators.transports.deadlines import Deadline
from remediators.transports.faults import explained
from remediators.transports.settings import Settings
from remediators.transports.translation import Place, translated

CLOSING_SECONDS = 5.0  # what ending a command and deleting a shell may take, after the deadline of the command itself
_HEARING_SECONDS = 1.5  # a service cannot be asked to wait for less than a second, and must then be heard
COMMANDS_PER_SHELL = 10  # a finished command is released with its shell; 15 fit by default (MaxProcessesPerShell)


class _StillRunning(Exception):
    """Receive found nothing new within the operation's own time-out: ask again."""


class _Refusal(Exception):
    """The service answered with a fault: what was asked was not done."""

    def __init__(self, ours: TransportError) -> None:
        super().__init__(str(ours))
        self.ours = ours


def place_of(settings: Settings) -> Place:
    scheme = settings.winrm.scheme
    return Place(
        settings.host_name,
        settings.address,
        settings.port,
        "WinRM listener",
        f"on the host, `winrm quickconfig` makes one and `winrm enumerate winrm/config/listener` shows it "
        f"({scheme} here; see docs/prerequisites.md); or set ansible_port and ansible_winrm_scheme",
    )


def check_safe(settings: Settings) -> None:
    """Credentials never travel readable unless somebody said so. Raises `UntrustedHost`."""
    winrm = settings.winrm
    if winrm.scheme == "http" and winrm.transport == "basic" and not winrm.allow_unencrypted:
        raise UntrustedHost(
            f"{settings.host_name}: Basic over plain HTTP shows the password to everybody on the way: use "
            "ansible_winrm_transport: ntlm (its messages are encrypted) or ansible_winrm_scheme: https; to accept it "
            "all the same, set ansible_winrm_message_encryption: never or give --allow-unencrypted"
        )


@dataclass(slots=True)
class _Shell:
    """A shell on the host, and what has been started in it."""

    id: str
    commands: int = 0
    busy: bool = False  # a command may be running in it
    command: str | None = None  # the name of the last one


@dataclass(slots=True)
class _Service:
    """A listener that is spoken to over one login; answers are parsed and faults explained."""

    settings: Settings
    place: Place
    login: Login

    @classmethod
    def open(cls, settings: Settings, deadline: Deadline) -> _Service:
        check_safe(settings)
        place = place_of(settings)
        return cls(settings, place, log_in(settings, place, deadline))

    def identify(self, deadline: Deadline) -> wsman.Identity:
        root = self.ask(wsman.identify(), deadline)
        with translated(self.place):
            return wsman.identity(root)

    def create(self, deadline: Deadline) -> bytes:
        return wsman.create(self.settings.endpoint, self._seconds(deadline), self.settings.winrm.codepage)

    def command(self, shell: str, line: str, deadline: Deadline) -> bytes:
        return wsman.command(self.settings.endpoint, self._seconds(deadline), shell, line)

    def receive(self, shell: _Shell, deadline: Deadline) -> bytes:
        return wsman.receive(self.settings.endpoint, self._seconds(deadline), shell.id, shell.command or "")

    def terminate(self, shell: _Shell, deadline: Deadline) -> bytes:
        return wsman.terminate(self.settings.endpoint, self._seconds(deadline), shell.id, shell.command or "")

    def delete(self, shell: str, deadline: Deadline) -> bytes:
        return wsman.delete(self.settings.endpoint, self._seconds(deadline), shell)

    def _seconds(self, deadline: Deadline) -> int:
        """How long the service may take for one operation: whole seconds, a little less than we ourselves wait."""
        return max(1, min(self.settings.winrm.operation_seconds, int(deadline.remaining() - 0.5)))

    def ask(self, message: bytes, deadline: Deadline) -> ET.Element:
        """Post a message. Raises `TransportError`, and `_StillRunning` for the fault that is none."""
        try:
            return self.attempt(message, deadline)
        except _Refusal as refusal:
            raise refusal.ours from None

    def attempt(self, message: bytes, deadline: Deadline) -> ET.Element:
        """As `ask`, but a fault is a `_Refusal`."""
        status, body = self.login.post(message, deadline.sooner(self.settings.winrm.read_seconds))
        with translated(self.place):
            if status != 200 and not body.lstrip().startswith(b"<"):
                raise self._without_soap(status, body)
            root = wsman.parse(body)
        fault = wsman.fault(root)
        if fault is None:
            return root
        if fault.code == wsman.OPERATION_TIMED_OUT:
            raise _StillRunning
        raise _Refusal(explained(fault, self.settings, self.place))

    def _without_soap(self, status: int, body: bytes) -> Unreachable:
        said = " ".join(body.decode("utf-8", errors="replace").split())[:120]
        cure = {404: "check ansible_winrm_path (usually /wsman)", 503: "the WinRM service is starting or overloaded"}
        return Unreachable(
            f"{self.place.name}: {self.place} answers HTTP {status} and no SOAP message{f' ({said})' if said else ''}: "
            + cure.get(status, "see the WinRM service's event log on the host, and restart the service")
        )


class WinrmChannel:
    """
    An open shell: `run` costs two requests, opening and closing one each.

    A finished command holds a place in its shell until that is deleted, so after `COMMANDS_PER_SHELL` a new one is
    opened (two requests, where releasing every command would cost one for each).
    """

    def __init__(self, service: _Service) -> None:
        self._service = service
        self._shell: _Shell | None = None

    @classmethod
    def open(cls, settings: Settings, seconds: float) -> WinrmChannel:
        """Connect, log in and open a shell, in at most ``seconds``. Raises `TransportError`, `UsageError`."""
        deadline = Deadline.after(seconds)
        channel = cls(_Service.open(settings, deadline))
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
            raise self._given_up(shell, late.message) from late

    @classmethod
    def ping(cls, settings: Settings, line: str, seconds: float) -> tuple[wsman.Identity, Output | None]:
        """
        Ask the service who it is, and run a line where it has shells (WinRM 1.1 has none).

        Raises `TransportError`, `UsageError`.
        """
        deadline = Deadline.after(seconds)
        channel = cls(_Service.open(settings, deadline))
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

    def _ready(self, deadline: Deadline) -> _Shell:
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

    def _create(self, deadline: Deadline) -> _Shell:
        service = self._service
        root = service.ask(service.create(deadline), deadline)
        with translated(service.place):
            self._shell = _Shell(wsman.shell_id(root))
        return self._shell

    def _run(self, shell: _Shell, line: str, deadline: Deadline) -> Output:
        service = self._service
        message = service.command(shell.id, line, deadline)
        shell.commands, shell.busy = shell.commands + 1, True  # from here on the host may have it
        try:
            root = service.attempt(message, deadline)
        except _Refusal as refusal:
            shell.busy = False  # the host said that it did not take it
            raise refusal.ours from None
        with translated(service.place):
            shell.command = wsman.command_id(root)
        output = self._collect(shell, deadline)
        shell.busy = False
        return output

    def _collect(self, shell: _Shell, deadline: Deadline) -> Output:
        stdout, stderr = bytearray(), bytearray()
        while True:
            piece = self._receive(shell, deadline)
            if piece is not None:
                stdout += piece.stdout
                stderr += piece.stderr
                if piece.done:
                    return Output(bytes(stdout), bytes(stderr), piece.status)
            if deadline.remaining() <= 0:
                raise TimedOut(f"{self._service.place.name}: no end of the command line within {deadline.seconds:g} s")

    def _receive(self, shell: _Shell, deadline: Deadline) -> wsman.Received | None:
        service = self._service
        try:
            root = service.ask(service.receive(shell, deadline), deadline.later(_HEARING_SECONDS))
        except _StillRunning:
            return None
        with translated(service.place):
            return wsman.received(root)

    def _given_up(self, shell: _Shell, late: str) -> TimedOut:
        """Terminate the command, delete the shell, close; what to raise."""
        self._shell = None
        ended = self._end(shell, Deadline.after(CLOSING_SECONDS))
        self._service.login.close()
        became = (
            "it was terminated and its shell deleted"
            if ended
            else "whether it still runs there is unknown; its shell ends by itself after some minutes"
        )
        return TimedOut(f"{late}; {became}")

    def _end(self, shell: _Shell, deadline: Deadline) -> bool:
        """Terminate what runs and delete the shell, over a new connection where this one is gone; whether it worked."""
        try:
            if not self._service.login.healthy():
                self._service.login.close()
                self._service = _Service.open(self._service.settings, deadline)
            if shell.busy and shell.command:
                self._service.ask(self._service.terminate(shell, deadline), deadline)
            self._service.ask(self._service.delete(shell.id, deadline), deadline)
        except (RemediationError, _StillRunning):
            return False
        return True
