"""A WinRM listener: what it is asked, and what its answers and faults mean."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from remediators.model import TransportError, Unreachable, UntrustedHost
from remediators.transports import wsman
from remediators.transports.authentication import Login, log_in
from remediators.transports.deadlines import Deadline
from remediators.transports.faults import explained
from remediators.transports.settings import Settings
from remediators.transports.translation import Place, translated


class Faulted(Exception):
    """The service answered with a fault. ``unfinished`` says that it had no more time, and nothing else."""

    def __init__(self, fault: wsman.Fault, ours: TransportError) -> None:
        super().__init__(ours.message)
        self.ours, self.unfinished = ours, fault.code == wsman.OPERATION_TIMED_OUT


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
class Shell:
    """A shell on the host, and what has been started in it."""

    id: str
    commands: int = 0
    busy: bool = False  # a command may be running in it
    command: str | None = None  # the name of the last one


@dataclass(slots=True)
class Service:
    """A listener that is spoken to over one login; answers are parsed and faults explained."""

    settings: Settings
    place: Place
    login: Login

    @classmethod
    def open(cls, settings: Settings, deadline: Deadline) -> Service:
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

    def receive(self, shell: Shell, deadline: Deadline) -> bytes:
        return wsman.receive(self.settings.endpoint, self._seconds(deadline), shell.id, shell.command or "")

    def terminate(self, shell: Shell, deadline: Deadline) -> bytes:
        return wsman.terminate(self.settings.endpoint, self._seconds(deadline), shell.id, shell.command or "")

    def delete(self, shell: str, deadline: Deadline) -> bytes:
        return wsman.delete(self.settings.endpoint, self._seconds(deadline), shell)

    def _seconds(self, deadline: Deadline) -> int:
        """How long the service may take for one operation: whole seconds, a little less than we ourselves wait."""
        return max(1, min(self.settings.winrm.operation_seconds, int(deadline.remaining() - 0.5)))

    def ask(self, message: bytes, deadline: Deadline) -> ET.Element:
        """Post a message. Raises `TransportError`."""
        try:
            return self.attempt(message, deadline)
        except Faulted as faulted:
            raise faulted.ours from None

    def attempt(self, message: bytes, deadline: Deadline) -> ET.Element:
        """As `ask`, but a fault is a `Faulted`."""
        status, body = self.login.post(message, deadline.sooner(self.settings.winrm.read_seconds))
        with translated(self.place):
            try:
                root = wsman.parse(body)
            except wsman.NotWsman as error:
                if status == 200:
                    raise
                raise self._without_soap(status, body) from error
        fault = wsman.fault(root)
        if fault is not None:
            raise Faulted(fault, explained(fault, self.settings, self.place))
        return root

    def _without_soap(self, status: int, body: bytes) -> Unreachable:
        said = " ".join(body.decode("utf-8", errors="replace").split())[:120]
        cure = {
            404: "check ansible_winrm_path (usually /wsman)",
            503: "the WinRM service is starting or overloaded",
            407: "the proxy wants a login: ansible_winrm_proxy: http://USER:PASSWORD@HOST:PORT",
        }
        return Unreachable(
            f"{self.place.name}: {self.place} answers HTTP {status} and no SOAP message{f' ({said})' if said else ''}: "
            + cure.get(status, "see the WinRM service's event log on the host, and restart the service")
        )
