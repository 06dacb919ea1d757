"""A device's SSH service: interactive shells with a terminal, as many as the device has lines."""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import Executor

import paramiko

from remediators.lab.door_faults import Faults
from remediators.lab.door_users import password_of
from remediators.lab.ios_console import shell, terminal_for
from remediators.lab.ios_device import Device, Visit
from remediators.lab.ios_terminal import Terminal
from remediators.lab.ssh_door import SSHDoor, SSHSettings, _Desk, _Talk

_OLD_EXCHANGES = ("diffie-hellman-group14-sha1",)


class DeviceDoor(SSHDoor):
    """``requests`` counts ``shell`` besides what `SSHDoor` counts."""

    def __init__(self, device: Device, pool: Executor, faults: Faults, settings: SSHSettings) -> None:
        super().__init__(device, pool, faults, settings)
        self.device = device

    def _talk(self, client: socket.socket) -> None:
        client.setblocking(True)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for talk in [talk for talk in self._talks if not talk.is_alive()]:
            talk.end()
            self._talks.discard(talk)
        if sum(talk.is_alive() for talk in self._talks) >= self.device.settings.vty - len(
            self.device.settings.colleagues
        ):
            client.close()
            return
        talk = _DeviceTalk(client, self)
        self._talks.add(talk)
        talk.begin()

    async def close(self) -> None:
        """Also calls off the device's timers."""
        self.device.stop()
        await super().close()
        self.device.stop()


class _DeviceTalk(_Talk):
    """One connection: its thread, and one more for its shell."""

    def __init__(self, client: socket.socket, door: DeviceDoor) -> None:
        super().__init__(client, door)
        self._device_door = door
        self._shells: dict[int, tuple[int, int]] = {}
        self._threads: list[threading.Thread] = []
        if door.device.settings.legacy:
            options = self.get_security_options()
            options.kex, options.key_types = _OLD_EXCHANGES, ("ssh-rsa",)

    def begin(self) -> None:
        self.start_server(event=threading.Event(), server=_DeviceDesk(self._device_door, self))

    def size(self, channel: int, width: int, height: int) -> None:
        self._shells[channel] = (width or 80, height or 24)

    def start_shell(self, channel: paramiko.Channel) -> None:
        thread = threading.Thread(target=self._serve, args=(channel,), name="lab-device-shell", daemon=True)
        self._threads.append(thread)
        thread.start()

    def end(self) -> None:
        super().end()
        for thread in self._threads:
            thread.join()

    def _serve(self, channel: paramiko.Channel) -> None:
        device = self._device_door.device
        terminal = self._terminal(channel)
        visit = device.enter(self.get_username() or "", self.cut, terminal.interrupt)
        if visit is None:
            self.cut()
            return
        try:
            self._converse(visit, terminal)
        finally:
            device.leave(visit)
            # The other side may have left first.
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                terminal.flush()
                channel.send_exit_status(0)
                channel.close()

    def _terminal(self, channel: paramiko.Channel) -> Terminal:
        def receive() -> str:
            try:
                return channel.recv(65536).decode("utf-8", errors="replace")
            except OSError:
                return ""

        def send(text: str) -> None:
            with contextlib.suppress(OSError, EOFError):
                channel.sendall(text.encode("utf-8"))

        def pause(seconds: float) -> None:
            self._device_door.closing.wait(seconds)

        return terminal_for(self._device_door.device, receive, send, pause)

    def _converse(self, visit: Visit, terminal: Terminal) -> None:
        device = self._device_door.device
        level = device.settings.levels.get(visit.user, 1)
        shell(device, terminal, visit, level).converse()


class _DeviceDesk(_Desk):
    """A user may log on with a password and open shells; there are no commands without one."""

    def __init__(self, door: DeviceDoor, talk: _DeviceTalk) -> None:
        super().__init__(door, talk)
        self._device_talk = talk

    def get_allowed_auths(self, username: str) -> str:
        return "password,keyboard-interactive"

    def check_auth_password(self, username: str, password: str) -> int:
        return self._log_on(known=password_of(self._door.machine.users, username) == password)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return False

    def check_channel_pty_request(  # noqa: PLR0917  # paramiko calls it so
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        self._device_talk.size(channel.chanid, width, height)
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self._door.requests["shell"] += 1
        self._device_talk.start_shell(channel)
        return True
