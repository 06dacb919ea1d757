"""
A device of a few lines over real SSH: enough to be a bad one.

It is a script of answers, not a model of IOS (the lab has that): each test says how this one misbehaves.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field

import paramiko

from remediators.transports import base
from remediators.transports.settings import settings_of

IOS_VERSION = "Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.7(3)M2, RELEASE SOFTWARE (fc2)\n"
ASA_VERSION = "Cisco Adaptive Security Appliance Software Version 9.8(2)\n"
PIX_VERSION = "Cisco PIX Firewall Version 6.3(5)\nCisco PIX Device Manager Version 3.0(4)\n"
RUNNING = (
    "Building configuration...\n\nCurrent configuration : 99 bytes\n!\nhostname R1\n!\nip inspect name A smtp\n!\nend\n"
)
INVALID = "               ^\n% Invalid input detected at '^' marker.\n\n"
ASA_INVALID = "               ^\nERROR: % Invalid input detected at '^' marker.\n"

KEY = paramiko.ECDSAKey.generate()


def ios(**more):
    said = {
        "terminal length 0": "",
        "terminal width 511": "",
        "terminal no monitor": "",
        "show privilege": "Current privilege level is 15\n",
        "show version": IOS_VERSION,
        "show running-config": RUNNING,
    }
    return Script(said={**said, **more.pop("said", {})}, **more)


def asa(**more):
    said = {
        "terminal pager 0": "",
        "terminal no monitor": "",
        "show curpriv": "Username : admin\nCurrent privilege level : 15\nCurrent Mode/s : P_PRIV\n",
        "show version": ASA_VERSION,
        "show failover": "Failover Off\n",
        "show mode": "Security context mode: single\n",
        "show running-config": ": Saved\n:\nASA Version 9.8(2)\n!\nhostname asa1\n: end\n",
    }
    return Script(name=more.pop("name", "asa1"), invalid=ASA_INVALID, said={**said, **more.pop("said", {})}, **more)


def pix(**more):
    said = {
        "pager 0": "Type help or '?' for a list of available commands.\n",
        "no pager": "",
        "show curpriv": "Username : pix\nCurrent privilege level : 15\nCurrent Mode/s : P_PRIV\n",
        "show version": PIX_VERSION,
        "show failover": "Failover Off\n",
        "show running-config": ": Saved\n:\nPIX Version 6.3(5)\nfixup protocol smtp 25\n: end\n",
    }
    invalid = "Type help or '?' for a list of available commands.\n"
    return Script(name="pixfirewall", leaves="exit", invalid=invalid, said={**said, **more.pop("said", {})}, **more)


@dataclass
class Script:
    """
    How a device behaves. ``said`` maps a line to its output; ``rejects`` are configuration lines that it does not take.

    Events by line: ``chatter`` is written before the output, ``late`` after the prompt, ``drops`` ends the connection,
    ``silent`` says nothing, ``asks`` maps a line to the questions it asks one after the other.
    """

    name: str = "R1"
    banner: str = ""
    prompt: str = ""
    said: dict = field(default_factory=dict)
    invalid: str = INVALID
    rejects: dict = field(default_factory=dict)
    user_mode: bool = False
    secret: str | None = None
    chatter: dict = field(default_factory=dict)
    late: dict = field(default_factory=dict)
    drops: set = field(default_factory=set)
    silent: set = field(default_factory=set)
    asks: dict = field(default_factory=dict)
    pager: str = ""
    kex: tuple = ()
    slow_echo: bool = False
    leaves: str = "end"  # what leads out of configuration mode
    enters: set = field(default_factory=set)  # lines that lead to configuration mode


class Device:
    """Serves one script to any number of sessions. ``lines`` are all that was typed, each with its prompt."""

    def __init__(self, script: Script) -> None:
        self.script, self.lines, self.replies = script, [], []
        self.sessions = 0
        self._threads, self._transports = [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def known_hosts(self, path):
        path.write_text(f"[127.0.0.1]:{self.port} {KEY.get_name()} {KEY.get_base64()}\n")
        return path

    def cut(self) -> None:
        """End all sessions."""
        for transport in self._transports:
            transport.close()

    def refuse_new(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        self.refuse_new()
        self.cut()
        for thread in [self._thread, *self._threads, *self._transports]:
            thread.join(2)

    def _accept(self) -> None:
        while True:
            try:
                opened, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(opened)
            transport.add_server_key(KEY)
            if self.script.kex:
                transport.get_security_options().kex = self.script.kex
            self._transports.append(transport)
            thread = threading.Thread(target=self._serve, args=(transport,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, transport) -> None:
        server = _Server()
        try:
            transport.start_server(server=server)
            channel = transport.accept(10)
            if channel is None or not server.shell.wait(10):
                return
            self.sessions += 1
            Console(self, channel, transport).run()
        except (paramiko.SSHException, EOFError, OSError):
            pass
        finally:
            transport.close()


class _Server(paramiko.ServerInterface):
    def __init__(self) -> None:
        self.shell = threading.Event()

    def get_allowed_auths(self, username):
        return "password"

    def check_auth_password(self, username, password):
        right = (username, password) == ("admin", "letmein")
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_pty_request(self, *_):
        return True

    def check_channel_shell_request(self, channel):
        self.shell.set()
        return True


class Console:
    def __init__(self, device: Device, channel, transport) -> None:
        self.device, self.script, self.channel, self.transport = device, device.script, channel, transport
        self.mode = ">" if self.script.user_mode else "#"
        self.configuring = False
        self.typed = ""

    @property
    def prompt(self) -> str:
        if self.script.prompt:
            return self.script.prompt
        return f"{self.script.name}{'(config)#' if self.configuring else self.mode}"

    def run(self) -> None:
        self.say(self.script.banner)
        self.say(self.prompt)
        while (line := self.read_line()) is not None:
            if line in self.script.drops:
                self.transport.close()
                return
            if line in self.script.silent:
                continue
            self.obey(line)

    def obey(self, line: str) -> None:
        if not line:
            self.say(self.prompt)
            return
        self.device.lines.append(f"{self.prompt} {line}")
        self.say(self.script.chatter.get(line, ""))
        for question in self.script.asks.get(line, ()):
            self.say(question)
            reply = self.read_line()
            self.device.replies.append(reply)
            if reply == "\x03":
                self.say(f"\n{self.prompt}")
                return
        self.page(self.output(line))
        self.say(self.prompt)
        self.say(self.script.late.get(line, ""))

    def output(self, line: str) -> str:
        if line == "enable":
            return self.enable()
        if line in self.script.enters or (line == "configure terminal" and line not in self.script.said):
            self.configuring = True
            return "Enter configuration commands, one per line.  End with CNTL/Z.\n"
        if self.configuring:
            return self.configure(line)
        return self.script.said.get(line, self.script.invalid)

    def configure(self, line: str) -> str:
        if line == self.script.leaves:
            self.configuring = False
            return ""
        if line.startswith("hostname "):
            self.script.name = line.split()[1]
        return self.script.rejects.get(line, "")

    def enable(self) -> str:
        if self.script.secret is None:
            self.mode = "#"
            return ""
        for _ in range(3):
            self.say("Password: ")
            if self.read_line(echo=False) == self.script.secret:
                self.mode = "#"
                return ""
        return "% Bad secrets\n\n"

    def page(self, text: str) -> None:
        lines = text.splitlines(keepends=True)
        if not self.script.pager or len(lines) <= 3:
            self.say(text)
            return
        self.say("".join(lines[:3]) + self.script.pager)
        self.channel.recv(1)
        self.say("\b" * 9 + " " * 9 + "\b" * 9 + "\n")

    def read_line(self, *, echo: bool = True) -> str | None:
        while "\n" not in self.typed:
            if "\x03" in self.typed:
                self.typed = ""
                return "\x03"
            piece = self.channel.recv(1000).decode()
            if not piece:
                return None
            self.typed += piece
        line, _, self.typed = self.typed.partition("\n")
        if echo and line not in self.script.drops:
            self.echo(line)
        elif not echo:
            self.say("\n")
        return line

    def echo(self, line: str) -> None:
        for letter in line if self.script.slow_echo else [line]:
            self.say(letter)
            time.sleep(0.002 if self.script.slow_echo else 0)
        self.say("\n")

    def say(self, text: str) -> None:
        if text:
            self.channel.sendall(re.sub("\n", "\r\n", text).encode("utf-8", "surrogateescape"))


def serving(tmp_path, monkeypatch):
    """Serve scripts; yields what gives the device, and a function that connects to it with these variables."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    opened = []

    def start(script, seconds=5.0, **more):
        device = Device(script)
        opened.append(device)

        def reach(**again):
            channel = base.open_device(
                "fw1", settings_of("fw1", variables(device, tmp_path, {**more, **again})), seconds
            )
            opened.append(channel)
            return channel

        return device, reach

    yield start
    for one in reversed(opened):
        one.close()


def variables(device, folder, more):
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": device.port,
        "ansible_connection": "network_cli",
        "ansible_network_os": "ios",
        "ansible_user": "admin",
        "ansible_password": "letmein",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={device.known_hosts(folder / 'known_hosts')}",
        **more,
    }
