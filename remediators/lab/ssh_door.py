"""
A host's SSH service as Windows' OpenSSH runs it: an exec request is one line for ``cmd.exe /c``.

Also Cygwin's and others' services, which cut exit codes to eight bits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Final

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from remediators.lab.door_faults import Faults
from remediators.lab.door_runs import run
from remediators.lab.door_users import password_of
from remediators.lab.machine import Machine, Ran

BANNER: Final = "SSH-2.0-OpenSSH_for_Windows_8.1"
_LOG: Final = "remediators.lab.ssh"
_BACKLOG: Final = 128

logging.getLogger(_LOG).addHandler(logging.NullHandler())  # else the lab's own drops are printed as errors


@dataclass(frozen=True, slots=True)
class SSHSettings:
    """
    How the service of a host is set up.

    ``authorized`` are the public keys (their wire form) that every user may log on with. ``status_bits`` is 32, or 8
    where the service cuts exit codes.
    """

    host_key: paramiko.PKey
    wrong_key: paramiko.PKey
    authorized: frozenset[bytes] = frozenset()
    status_bits: int = 32
    banner: str = BANNER

    def with_bits(self, bits: int) -> SSHSettings:
        return replace(self, status_bits=bits)


class SSHDoor:
    """
    The service of one host: accepts in the event loop of the lab, then one thread for each connection.

    ``requests`` counts ``connect``, ``logon-failed``, ``session`` (channels that were opened) and ``exec``.
    """

    def __init__(self, machine: Machine, pool: Executor, faults: Faults, settings: SSHSettings) -> None:
        self.requests: Counter[str] = Counter()
        self.machine = machine
        self.pool = pool
        self.faults = faults
        self.settings = settings
        self.closing = threading.Event()
        self._socket: socket.socket | None = None
        self._silent: list[socket.socket] = []
        self._talks: set[_Talk] = set()

    @property
    def open_connections(self) -> int:
        return sum(talk.is_alive() for talk in tuple(self._talks))

    async def open(self, address: str, port: int) -> int:
        """Listen; gives the port, chosen by the system where ``port`` is 0. Raises OSError."""
        listening = socket.create_server((address, port), backlog=_BACKLOG)
        listening.setblocking(False)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)
        self._socket = listening
        return int(listening.getsockname()[1])

    async def close(self) -> None:
        """Stop listening, cut every connection and wait for its thread."""
        self.closing.set()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for silent in self._silent:
            silent.close()
        talks = tuple(self._talks)
        for talk in talks:
            talk.cut()
        await asyncio.get_running_loop().run_in_executor(self.pool, _end_all, talks)

    def _accept(self, listening: socket.socket) -> None:
        try:
            client, _ = listening.accept()
        except OSError:
            return  # gone again before we looked
        self.requests["connect"] += 1
        if "no-listener" in self.faults:
            client.close()
        elif self.faults.strikes("hang"):
            self._silent.append(client)
        else:
            self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        client.setblocking(True)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for talk in [talk for talk in self._talks if not talk.is_alive()]:
            talk.end()
            self._talks.discard(talk)
        talk = _Talk(client, self)
        self._talks.add(talk)
        talk.begin()


class _Talk(paramiko.Transport):
    """One connection, which is a thread."""

    # Its reads return when the connection is cut, so there is no need to look ten times a second whether it was.
    _active_check_timeout = 5.0

    def __init__(self, client: socket.socket, door: SSHDoor) -> None:
        self._door = door
        self._client = client
        super().__init__(client)
        self.set_log_channel(_LOG)
        self.local_version = door.settings.banner
        wrong = door.faults.strikes("wrong-host-key")
        self.add_server_key(door.settings.wrong_key if wrong else door.settings.host_key)
        self._lines: dict[int, str] = {}

    def begin(self) -> None:
        self.start_server(event=threading.Event(), server=_Desk(self._door, self))

    def cut(self) -> None:
        """Take the connection away; its thread ends by itself."""
        with contextlib.suppress(OSError):  # it was not connected any more, which its thread sees without us
            self._client.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """After a cut: wait for the thread, and stop the clock that watches unfinished handshakes."""
        self.join()
        self.packetizer.complete_handshake()

    def queue(self, channel: paramiko.Channel, line: str) -> None:
        """Keep a line until its request has been answered, see `_request`."""
        self._lines[channel.chanid] = line

    def _request(self, channel: paramiko.Channel, message: paramiko.Message) -> None:
        # A command that ends at once must not close its channel before the request for it was granted.
        channel._handle_request(message)  # type: ignore[attr-defined]  # noqa: SLF001  # paramiko has no later hook
        line = self._lines.pop(channel.chanid, None)
        if line is not None:
            self._door.pool.submit(self._run, channel, line)

    def _run(self, channel: paramiko.Channel, line: str) -> None:
        faults = self._door.faults
        if faults.strikes("drop-before-command", line):
            self.cut()
            return
        ran = run(self._door.machine, faults, line)
        if faults.strikes("drop-after-command", line):
            self.cut()
            return
        # The client may not wait for the answer.
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._say(channel, ran, cut=faults.strikes("drop-in-answer", line))

    def _say(self, channel: paramiko.Channel, ran: Ran, *, cut: bool) -> None:
        if cut:
            channel.sendall(ran.stdout[: len(ran.stdout) // 2])
            self.cut()
            return
        channel.sendall(ran.stdout)
        channel.sendall_stderr(ran.stderr)
        channel.send_exit_status(ran.status & (2**self._door.settings.status_bits - 1))
        channel.close()

    _channel_handler_table: Mapping[int, Callable[..., Any]] = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]  # noqa: SLF001  # see _request
        paramiko.common.MSG_CHANNEL_REQUEST: lambda channel, message: channel.transport._request(channel, message),  # noqa: SLF001
    }


def _end_all(talks: Iterable[_Talk]) -> None:
    for talk in talks:
        talk.end()


class _Desk(paramiko.ServerInterface):
    """What one connection may do: log on, and run commands."""

    def __init__(self, door: SSHDoor, talk: _Talk) -> None:
        self._door = door
        self._talk = talk

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password"

    def check_auth_password(self, username: str, password: str) -> int:
        return self._log_on(known=password_of(self._door.machine.users, username) == password)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        exists = password_of(self._door.machine.users, username) is not None
        return self._log_on(known=exists and key.asbytes() in self._door.settings.authorized)

    def _log_on(self, *, known: bool) -> int:
        allowed = known and not self._door.faults.strikes("access-denied")
        if not allowed:
            self._door.requests["logon-failed"] += 1
        return AUTH_SUCCESSFUL if allowed else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self._door.faults.strikes("hang-after-auth"):
            self._door.closing.wait()
        self._door.requests[kind] += 1
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._door.requests["exec"] += 1
        self._talk.queue(channel, command.decode("utf-8", errors="replace"))
        return True
