"""Sessions on ASA and PIX, as far as they differ from IOS."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from remediators.lab import ios_words as words
from remediators.lab.ios_cli import PRIVILEGED, Shell, Told
from remediators.lab.ios_device import SYSTEM, Device, Visit
from remediators.lab.ios_grammar import Rejected
from remediators.lab.ios_terminal import Gone, Terminal, piped
from remediators.lab.ios_tree import render

_COMMON: Final = (
    Told("enable **", 0, "enable"),
    Told("login", 0, "login"),
    Told("disable **", 0, "disable"),
    Told("exit|logout|quit", 0, "leave"),
    Told("show curpriv", 0, "show_privilege"),
    Told("show version", 0, "show_version"),
    Told("show clock", 0, "show_clock"),
    Told("who", PRIVILEGED, "who"),
    Told("show running-config **", PRIVILEGED, "show_running"),
    Told("show startup-config", PRIVILEGED, "show_startup"),
    Told("show failover **", PRIVILEGED, "show_failover"),
    Told("show logging **", PRIVILEGED, "nothing"),
    Told("configure terminal", PRIVILEGED, "configure"),
    Told("write memory", PRIVILEGED, "write"),
    Told("write standby", PRIVILEGED, "nothing"),
    Told("write terminal", PRIVILEGED, "write_terminal"),
    Told("reload", PRIVILEGED, "reload_now"),
    Told("ping **", PRIVILEGED, "ping"),
)
ASA_COMMANDS: Final = (
    *_COMMON,
    Told("show users", PRIVILEGED, "who"),
    Told("show ssh sessions **", PRIVILEGED, "ssh_sessions"),
    Told("show reload", PRIVILEGED, "show_reload"),
    Told("show mode", PRIVILEGED, "show_mode"),
    Told("show context **", PRIVILEGED, "show_context"),
    Told("show service-policy **", PRIVILEGED, "show_policy"),
    Told("more system:running-config", PRIVILEGED, "more_running"),
    Told("copy running-config startup-config", PRIVILEGED, "copy"),
    Told("write memory all", PRIVILEGED, "write"),
    Told("write", PRIVILEGED, "write"),
    Told("reload in * **", PRIVILEGED, "reload_in"),
    Told("reload cancel", PRIVILEGED, "reload_cancel"),
    Told("terminal pager **", PRIVILEGED, "terminal_pager"),
    Told("terminal monitor", PRIVILEGED, "monitor"),
    Told("terminal no monitor", PRIVILEGED, "no_monitor"),
    Told("changeto system", PRIVILEGED, "changeto_system"),
    Told("changeto context *", PRIVILEGED, "changeto_context"),
)
PIX_COMMANDS: Final = (
    *_COMMON,
    Told("show fixup **", PRIVILEGED, "show_fixup"),
    Told("no pager **", PRIVILEGED, "no_pager"),
    Told("pager **", PRIVILEGED, "pager"),
    Told("terminal width *", PRIVILEGED, "terminal_width"),
    Told("terminal monitor", PRIVILEGED, "monitor"),
    Told("terminal no monitor", PRIVILEGED, "no_monitor"),
)
_SECRETS: Final = re.compile(
    r"(^ *(?:ikev1 )?(?:pre-shared-key|key|ldap-login-password|failover key|isakmp key|"
    r"ikev2 (?:local|remote)-authentication pre-shared-key) )\S+"
)
_STANDBY: Final = (
    "**** WARNING ****\n\tConfiguration Replication is NOT performed from Standby unit to Active unit.\n"
    "\tConfigurations are no longer synchronized."
)
_ELSEWHERE: Final = "Command not valid in current execution space"


class AsaShell(Shell):
    """An ASA's session, in one of its contexts where it has several."""

    commands: Sequence[Told] = ASA_COMMANDS

    def __init__(self, device: Device, terminal: Terminal, visit: Visit, level: int) -> None:
        super().__init__(device, terminal, visit, level)
        if self._several:
            self.space = device.settings.start_context

    @property
    def _several(self) -> bool:
        return len(self.device.spaces) > 1

    @property
    def place(self) -> str:
        return f"{self.device.hostname}/{self.space}" if self.space != SYSTEM else self.device.hostname

    @property
    def prompt(self) -> str:
        host = self.device.settings.prompt or self.place
        if self.editor is not None:
            return f"{host}({self.editor.mode})# "
        return f"{host}{'#' if self.level > 1 else '>'} "

    def welcome(self) -> str:
        return "Type help or '?' for a list of available commands.\n"

    def rejection(self, rejected: Rejected) -> str:
        match rejected.text, rejected.wrong:
            case ("", "invalid"):
                return words.caret(self.prompt, rejected.column, words.ASA_INVALID)
            case ("", "incomplete"):
                return "ERROR: % Incomplete command\n"
            case ("", _):
                return "ERROR: % Ambiguous command\n"
        return rejected.text

    def executes_in_config(self, line: str) -> bool:
        """ASA and PIX take most exec commands in configuration mode as they are."""
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        exec_only = ("show", "sh", "write", "wr", "ping", "more", "copy", "reload", "changeto", "who")
        if first in exec_only or line.split()[:2] == ["terminal", "pager"]:
            self._execute(line, PRIVILEGED)
            return True
        if line.split()[:2] == ["terminal", "width"] and line.split()[2:] and line.split()[2].isdigit():
            self.terminal.width = int(line.split()[2])
        return False

    # Modes.

    def do_enable(self, level: str) -> str:
        for _ in range(3):
            if self.terminal.line("Password: ", echo=False) == (self.device.settings.secret or ""):
                self.level = int(level) if level.isdigit() else PRIVILEGED
                return ""
            self.say("Invalid password")
        return "Access denied."

    def do_login(self) -> str:
        user, password = self.terminal.line("Username: "), self.terminal.line("Password: ", echo=False)
        if self.device.users.get(user) != password:
            return "Login failed"
        self.level = self.device.settings.levels.get(user, 1)
        return ""

    def do_leave(self, _how: str = "") -> None:
        super().do_leave()
        self.terminal.write("\nLogoff\n")

    def do_configure(self) -> str:
        super().do_configure()
        return "" if self.device.active else _STANDBY

    def do_terminal_pager(self, lines: str) -> None:
        count = lines.rsplit(maxsplit=1)[-1] if lines else "24"
        if not count.isdigit():
            raise Rejected("invalid", self._asked.rindex(count))
        if self.device.settings.pager != "fixed":
            self.terminal.length = int(count)

    def do_changeto_system(self) -> str:
        if self.space not in (SYSTEM, self.device.settings.start_context) or not self._several:
            return _ELSEWHERE
        self._go(SYSTEM)
        return ""

    def do_changeto_context(self, name: str) -> str:
        if self.space not in (SYSTEM, self.device.settings.start_context) or not self._several:
            return _ELSEWHERE
        if name not in self.device.spaces:
            return f"ERROR: Context {name} does not exist"
        self._go(name)
        return ""

    def _go(self, space: str) -> None:
        self.space = space
        if self.editor is not None:
            super().do_configure()

    # Showing.

    def do_show_privilege(self) -> str:
        user = self.visit.user if self.level not in (1, PRIVILEGED) else f"enable_{self.level}"
        modes = "P_UNPR" if self.level < PRIVILEGED else "P_PRIV" + (" P_CONF" if self.editor is not None else "")
        return f"Username : {user}\nCurrent privilege level : {self.level}\nCurrent Mode/s : {modes}"

    def do_show_clock(self, _detail: str = "") -> str:
        return self.device.clock.date()

    def do_who(self) -> str:
        rows = [f"\t{visit.vty}: 127.0.0.1" for visit in self.device.visits.values()]
        return "\n".join([*rows, *(f"\t4: {other.get('from', '192.0.2.9')}" for other in self.device.others())])

    def do_ssh_sessions(self, _more: str) -> str:
        head = "\nSID Client IP       Version Mode Encryption Hmac     State            Username"
        rows = [(str(visit.vty), "127.0.0.1", visit.user) for visit in self.device.visits.values()]
        rows += [("4", str(other.get("from", "192.0.2.9")), str(other["user"])) for other in self.device.others()]
        return "\n".join(
            [
                head,
                *(f"{sid:<4}{at:<16}2.0     IN   aes128-cbc sha1     SessionStarted   {who}" for sid, at, who in rows),
            ]
        )

    def do_show_running(self, part: str = "") -> str:
        if part.strip() and part.strip() != "all":
            lines = "\n".join(_masked(render(self._here.running)))
            return "\n".join(piped(lines, f"section ^{re.escape(part.strip())}"))
        return super().do_show_running()

    def whole(self, body: Sequence[str], changed: str, saved: str) -> str:
        return self.dressed(_masked(body))

    def dressed(self, body: Sequence[str]) -> str:
        """A configuration with an ASA's head and end."""
        head = [
            ": Saved",
            "",
            ": ",
            ": Serial Number: JMX0000LAB3",
            ": Hardware:   ASA5510, 1024 MB RAM, CPU Pentium 4",
            ":",
        ]
        return "\n".join([*head, *body, f"Cryptochecksum:{self.checksum}", ": end"])

    @property
    def checksum(self) -> str:
        """Over the running configuration."""
        return hashlib.md5("\n".join(render(self._here.running)).encode(), usedforsecurity=False).hexdigest()

    def do_show_startup(self) -> str:
        saved = self._here.startup
        if saved is None:
            return "No Configuration"
        by = self._here.saved or "09:00:00.000 UTC Mon Nov 23 2026"
        text = self.dressed(_masked(render(saved)))
        return text.replace(": Saved\n", f": Saved\n: Written by enable_15 at {by}\n", 1)

    def do_more_running(self) -> str:
        return self.dressed(render(self._here.running))

    def do_write_terminal(self) -> str:
        return "Building configuration...\n" + self.do_show_running()

    def do_show_mode(self) -> str:
        return f"Security context mode: {'multiple' if self._several else 'single'}"

    def do_show_context(self, _more: str) -> str:
        if not self._several:
            raise Rejected("invalid", len("show "))
        rows = ["Context Name      Class      Interfaces           URL"]
        names = [name for name in self.device.spaces if name != SYSTEM]
        rows += [
            f"{'*' if name == 'admin' else ' '}{name:<17}default                         disk0:/{name}.cfg"
            for name in names
        ]
        return "\n".join([*rows, f"\nTotal active Security Contexts: {len(names)}"])

    def do_show_policy(self, _more: str) -> str:
        rows = ["", "Global policy: "]
        for policy in self._here.running.children:
            for section in policy.children if policy.line.startswith("policy-map ") else ():
                names = [node.line.split()[1:] for node in section.children if node.line.startswith("inspect ")]
                rows += (
                    [f"  Service-policy: {policy.words[-1]}", f"    Class-map: {section.words[-1]}"] if names else []
                )
                rows += [f"      Inspect: {' '.join(name)}, packet 0, drop 0, reset-drop 0" for name in names]
        return "\n".join(rows)

    def do_show_failover(self, _more: str) -> str:
        device = self.device
        if device.peer is None:
            return "Failover Off \nFailover unit Primary\nFailover LAN Interface: not Configured"
        other = "Secondary" if device.unit == "Primary" else "Primary"
        mine, its = ("Active", "Standby Ready") if device.active else ("Standby Ready", "Active")
        return (
            f"Failover On \nFailover unit {device.unit}\nFailover LAN Interface: failover Ethernet0/3 (up)\n"
            f"Unit Poll frequency 1 seconds, holdtime 15 seconds\nVersion: Ours 8.2(5), Mate 8.2(5)\n"
            f"\tThis host: {device.unit} - {mine} \n\t\tActive time: 1500 (sec)\n"
            f"\tOther host: {other} - {its} \n\t\tActive time: 0 (sec)"
        )

    # Saving and reloading.

    def do_write(self) -> str:
        self.terminal.write("Building configuration...\n")
        if not self.device.save(self.space, self.visit.user):
            return "%Error opening disk0:/.private/startup-config (No space left on device)\n[FAILED]"
        sum_ = " ".join(re.findall("." * 8, self.checksum))
        size = len(self.device.running(self.space))
        return f"Cryptochecksum: {sum_} \n\n{size} bytes copied in 1.210 secs ({size} bytes/sec)\n[OK]"

    def do_copy(self) -> str:
        self.terminal.line("\nSource filename [running-config]? ")
        return self.do_write()

    def do_show_reload(self) -> str:
        alarm = self.device.reload_alarm
        if alarm is None:
            return "No reload is scheduled."
        return (
            f"Graceful shutdown scheduled for {alarm.date} (in {words.minutes_and_seconds(alarm.left)}) by {alarm.by}"
        )

    def do_reload_in(self, when: str, more: str = "") -> str:
        hours, _, minutes = when.rpartition(":")
        if not minutes.isdigit() or (hours and not hours.isdigit()):
            raise Rejected("invalid", self._asked.rindex(when))
        seconds = (int(hours or 0) * 60 + int(minutes)) * 60
        if "noconfirm" not in more and not (self._ask_to_save() and self.confirmed("Proceed with reload? [confirm]")):
            return ""
        self.device.arm_reload(seconds, self.visit.user)
        return f"Reload scheduled for {self.device.clock.date(seconds)} (in {words.minutes_and_seconds(seconds)})"

    def _ask_to_save(self) -> bool:
        if self._here.modified:
            question = "System config has been modified. Save? [Y]es/[N]o/[S]ave all/[C]ancel:"
            said = self.terminal.line(question).strip().lower()[:1]
            if said == "c" or said not in "ynsc":
                return False
            if said in ("y", "s"):
                self.say(self.do_write())
        return True

    def do_reload_cancel(self) -> str:
        return words.ABORTED if self.device.cancel_reload() else "No reload is scheduled."


class PixShell(AsaShell):
    """A PIX with software 6: no sections, no timers, no `end`, and a pager that is part of the configuration."""

    commands: Sequence[Told] = PIX_COMMANDS

    def rejection(self, rejected: Rejected) -> str:
        if rejected.text:
            return rejected.text
        if rejected.wrong == "ambiguous":
            return "Type help or '?' for a list of available commands: the command is ambiguous"
        if rejected.wrong == "invalid" and rejected.column == len(self._asked) - len(self._asked.lstrip()):
            return words.PIX_UNKNOWN
        usage = " ".join(word for word in self._asked.split() if word != "no").split(" ")[0]
        return f"ERROR: invalid or missing argument\nUsage:\t[no] {usage} ..."

    def dressed(self, body: Sequence[str]) -> str:
        return "\n".join([": Saved", ":", *body, f"Cryptochecksum:{self.checksum}", ": end"])

    def ends(self, plain: str) -> bool:
        return plain in ("exit", "quit")

    def executes_in_config(self, line: str) -> bool:
        if line.split()[:1] in (["show"], ["sh"], ["write"], ["wr"], ["ping"], ["reload"], ["who"]):
            self._execute(line, PRIVILEGED)
            return True
        if line.split()[:1] == ["pager"] or line.split()[:2] == ["no", "pager"]:
            self._execute(line, PRIVILEGED)
            return True
        return False

    def do_pager(self, lines: str) -> None:
        count = lines.rsplit(maxsplit=1)[-1] if lines else "24"
        if not count.isdigit():
            raise Rejected("invalid", self._asked.rindex(count))
        self._set_pager(int(count), f"pager lines {count}")

    def do_no_pager(self, _lines: str) -> None:
        self._set_pager(0, "no pager")

    def _set_pager(self, length: int, line: str) -> None:
        with self.device.lock:
            root = self._here.running
            places = [n for n, node in enumerate(root.children) if "pager" in node.words[:2]]
            for place in places:
                root.children[place].line, root.children[place].raw = line, None
            self.device.changed(self.space, self.visit.user)
        if self.device.settings.pager != "fixed":
            self.terminal.length = length

    def do_show_fixup(self, _more: str) -> str:
        lines = (node.line for node in self._here.running.children)
        return "\n".join(line for line in lines if line.removeprefix("no ").startswith("fixup "))

    def do_show_failover(self, _more: str) -> str:
        if self.device.peer is None:
            return "Failover Off\nCable status: My side not connected\nReconnect timeout 0:00:00"
        return super().do_show_failover(_more).replace("Failover On ", "Failover On", 1)

    def do_write(self) -> str:
        self.terminal.write("Building configuration...\n")
        if not self.device.save(self.space, self.visit.user):
            return "ERROR: flash: not enough space\n[FAILED]"
        return f"Cryptochecksum: {' '.join(re.findall('.' * 8, self.checksum))} \n[OK]"

    def do_reload_now(self) -> str:
        if self.confirmed("Proceed with reload? [confirm] "):
            self.device.reload()
            raise Gone
        return ""


def _masked(body: Sequence[str]) -> list[str]:
    return [_SECRETS.sub(r"\1*****", line) for line in body]
