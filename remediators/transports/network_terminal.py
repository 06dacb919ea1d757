"""
netmiko's connections, without its waiting: what netmiko sleeps for, these are told by the device.

netmiko reads by polling and by letting time pass, sees no difference between a silent device and a lost one, trusts any
host key unless told otherwise, and its ASA driver enters configuration mode when it connects. So here the connection
comes from `ssh_connection` with its key checked, preparation is left to `network`, and reading blocks until there is
something. netmiko opens the shell, writes, and knows how its device types end lines and decorate text.
"""

from __future__ import annotations

import codecs
import contextlib
from typing import Any

import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.cisco.cisco_asa_ssh import CiscoAsaSSH
from netmiko.cisco.cisco_ios import CiscoIosSSH

from remediators.transports.deadlines import Deadline
from remediators.transports.settings import Settings
from remediators.transports.ssh_connection import connect, place_of
from remediators.transports.ssh_transport import Connection, bounded

_PIECE = 64 * 1024


class Client(paramiko.SSHClient):
    """What netmiko takes for its SSH client: a connection that is made and checked as every other of the house."""

    def __init__(self, settings: Settings, deadline: Deadline) -> None:
        super().__init__()
        self._settings, self._deadline = settings, deadline
        self.connection = Connection()

    def connect(self, *_: Any, **__: Any) -> None:
        """Connect, check the host key, log in. Raises `TransportError`, `UsageError`."""
        self.connection = connect(self._settings, self._deadline)
        self._transport = self.connection.transport

    def invoke_shell(self, *args: Any, **more: Any) -> paramiko.Channel:
        place = place_of(self._settings)
        late = f"{place.name}: {place} opened no terminal within {self._deadline.seconds:g} s"
        with bounded(self.connection, self._deadline, late):
            return super().invoke_shell(*args, **more)

    def close(self) -> None:
        self.connection.close()


class Terminal(BaseConnection):
    """A device's command line: text in, text out, under deadlines."""

    def __init__(self, settings: Settings, deadline: Deadline) -> None:
        super().__init__(
            host=settings.address,
            port=settings.port,
            username=settings.user or "",
            device_type=settings.network.device_type,
            ssh_strict=True,
            fast_cli=True,
            allow_auto_change=False,
            auto_connect=False,
        )
        self.client = Client(settings, deadline)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""

    def open(self) -> None:
        """Log in and open the shell; nothing is sent to it. Raises `TransportError`, `UsageError`."""
        self.establish_connection(width=511, height=1000)

    def _build_ssh_client(self) -> paramiko.SSHClient:
        return self.client

    def send(self, text: str, deadline: Deadline) -> None:
        """Send text as it is. Raises OSError where the connection is gone, TimeoutError."""
        shell = self._shell()
        shell.settimeout(deadline.left())
        shell.sendall(text.encode("utf-8", "surrogateescape"))

    def waiting(self) -> bool:
        """Whether something came that was not received yet."""
        return bool(self._shell().recv_ready())

    def receive(self, deadline: Deadline) -> str:
        """
        Wait for text, which may be empty where only half a line end came.

        Bytes that are no UTF-8 come as lone surrogates. Raises EOFError at the end, TimeoutError.
        """
        shell = self._shell()
        shell.settimeout(deadline.left())
        piece = shell.recv(_PIECE)
        if not piece:
            raise EOFError("the device ended the session")
        return self._line_ends(self._decoder.decode(piece))

    def end(self) -> None:
        """Close the session and the connection. Never raises."""
        with contextlib.suppress(Exception):
            self.disconnect()
        with contextlib.suppress(Exception):
            self.client.close()

    def cleanup(self, command: str = "exit") -> None:
        """Say nothing on leaving: a closed session is out of every mode, and nobody waits for an answer."""

    def _line_ends(self, text: str) -> str:
        text = self._held + text
        whole = text.rstrip("\r")
        self._held = text[len(whole) :]
        normal: str = self.normalize_linefeeds(whole)
        if "\x1b" in normal:
            normal = self.strip_ansi_escape_codes(normal)
        return normal.replace("\r", "").replace("\x00", "").replace("\x07", "")

    def _shell(self) -> paramiko.Channel:
        if isinstance(self.remote_conn, paramiko.Channel):
            return self.remote_conn
        raise EOFError("the session is closed")


class IosTerminal(Terminal, CiscoIosSSH):
    """IOS and IOS XE."""


class AsaTerminal(Terminal, CiscoAsaSSH):
    """ASA and PIX."""


def terminal(settings: Settings, deadline: Deadline) -> Terminal:
    """The connection of netmiko for the device type of the settings, not yet opened."""
    made = IosTerminal if settings.network.platform == "ios" else AsaTerminal
    return made(settings, deadline)
