"""An IOS session: user and privileged mode, configuration mode, questions, and what every command says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from remediators.lab import ios_words as words
from remediators.lab.ios_device import SYSTEM, Device, Entry, Space, Trip, Visit
from remediators.lab.ios_editor import Editor, full_interface
from remediators.lab.ios_grammar import Rejected, Words, grammar
from remediators.lab.ios_terminal import CTRL_Z, Gone, Terminal, piped
from remediators.lab.ios_tree import Node, banner_end, render

PRIVILEGED: Final = 15


@dataclass(frozen=True, slots=True)
class Told:
    """One exec command: how it is said, the privilege it needs, and the method that answers."""

    sentence: str
    level: int
    method: str

    @property
    def pattern(self) -> re.Pattern[str]:
        parts = [_part(word) for word in self.sentence.split()]
        return re.compile(" ".join(parts).replace(" (.*)", "(?: (.*))?") + "$")


def _part(word: str) -> str:
    usual = {"*": r"(\S+)", "**": "(.*)"}.get(word)
    return usual or (f"({word})" if "|" in word else re.escape(word))


COMMANDS: Final = (
    Told("enable **", 0, "enable"),
    Told("disable **", 0, "disable"),
    Told("exit|logout|quit", 0, "leave"),
    Told("show version", 1, "show_version"),
    Told("show clock **", 1, "show_clock"),
    Told("show users **", 1, "show_users"),
    Told("show privilege", 1, "show_privilege"),
    Told("show reload", 1, "show_reload"),
    Told("terminal length *", 1, "terminal_length"),
    Told("terminal width *", 1, "terminal_width"),
    Told("terminal monitor", 1, "monitor"),
    Told("terminal no monitor", 1, "no_monitor"),
    Told("terminal history|editing|exec|international **", 1, "nothing"),
    Told("ping **", 1, "ping"),
    Told("telnet **", 1, "telnet"),
    Told("show ip inspect **", PRIVILEGED, "show_inspect"),
    Told("show running-config **", PRIVILEGED, "show_running"),
    Told("show startup-config", PRIVILEGED, "show_startup"),
    Told("show archive", PRIVILEGED, "show_archive"),
    Told("show archive config rollback timer", PRIVILEGED, "show_rollback"),
    Told("show configuration lock", PRIVILEGED, "show_lock"),
    Told("show logging **", PRIVILEGED, "nothing"),
    Told("configure terminal", PRIVILEGED, "configure"),
    Told("configure terminal revert timer *", PRIVILEGED, "configure_timer"),
    Told("configure", PRIVILEGED, "configure_ask"),
    Told("configure confirm", PRIVILEGED, "confirm"),
    Told("configure revert now", PRIVILEGED, "revert_now"),
    Told("configure revert timer *", PRIVILEGED, "revert_timer"),
    Told("archive config", PRIVILEGED, "archive_config"),
    Told("write", PRIVILEGED, "write"),
    Told("write memory", PRIVILEGED, "write"),
    Told("write terminal", PRIVILEGED, "show_running"),
    Told("copy running-config startup-config", PRIVILEGED, "copy"),
    Told("reload", PRIVILEGED, "reload_now"),
    Told("reload in * **", PRIVILEGED, "reload_in"),
    Told("reload cancel", PRIVILEGED, "reload_cancel"),
)


@cache
def understood(commands: Sequence[Told], level: int) -> tuple[Words, Sequence[tuple[re.Pattern[str], str]]]:
    """What may be said at a privilege level."""
    mine = [told for told in commands if told.level <= level]
    return grammar(told.sentence for told in mine), tuple((told.pattern, told.method) for told in mine)


class Shell:
    """One IOS session. ``visit`` is how the device knows it."""

    commands: Sequence[Told] = COMMANDS

    def __init__(self, device: Device, terminal: Terminal, visit: Visit, level: int) -> None:
        self.device = device
        self.terminal = terminal
        self.visit = visit
        self.level = level
        self.space = SYSTEM
        self.editor: Editor | None = None
        visit.monitor = bool(device.settings.chatter)
        self._asked = ""
        self._ended = False
        settings = device.settings
        terminal.echo_delay, terminal.output_delay = settings.echo_delay, settings.output_delay
        terminal.chatter = settings.chatter
        terminal.syslog = lambda: f"*{device.clock.stamp()}: %SEC-6-IPACCESSLOGP: list 111 denied tcp 192.0.2.7(4711)"

    # The conversation.

    def converse(self) -> None:
        """Serve the session to its end; everything goes through the terminal."""
        try:
            self.terminal.write(self.welcome())
            while not self._ended:
                self.answer(self.terminal.line(self.prompt))
                self.terminal.flush()
        except Gone:
            return
        finally:
            self.visit.configuring = False

    def welcome(self) -> str:
        """The message of the day, as the configuration has it."""
        for node in self._here.running.children:
            if node.line.startswith("banner motd "):
                lines = [node.line.split(maxsplit=2)[2], *node.tail]
                return "\n".join(lines).replace("^C", "\n", 1).replace("^C", "") + "\n"
        return ""

    @property
    def _here(self) -> Space:
        return self.device.spaces[self.space]

    @property
    def prompt(self) -> str:
        host = self.device.settings.prompt or self.device.hostname
        if self.editor is not None:
            return f"{host[:20]}({self.editor.mode})#"
        return f"{host}{'#' if self.level > 1 else '>'}"

    def answer(self, typed: str) -> None:
        """One line that was typed at the prompt. Raises `Gone` where it cuts the session."""
        ends, line = typed.endswith(CTRL_Z), typed.rstrip(CTRL_Z)
        mode = "exec" if self.editor is None else self.editor.mode
        trip = None
        if line.strip():
            trip = self.device.record(Entry(self.visit.number, self.visit.user, mode, line.strip(), self.space))
        if trip is not None and trip.drop == "before":
            self._trip(trip)
        if trip is not None and trip.reject is not None:
            self.say(trip.reject)
        else:
            self._obey(line, ends=ends)
        if trip is not None:
            self._trip(trip)
        if self.device.mute:
            while True:  # until the other side leaves
                self.terminal.key()

    def _trip(self, trip: Trip) -> None:
        self.device.spring(trip)
        if trip.drop is not None:
            self.visit.cut()
            raise Gone

    def _obey(self, line: str, *, ends: bool) -> None:
        self._asked = line
        try:
            if self.editor is None:
                if line.strip() and not line.lstrip().startswith("!"):
                    self._execute(line, self.level)
            else:
                self._configure(self.editor, line)
        except Rejected as rejected:
            self.say(self.rejection(rejected))
        if ends and self.editor is not None:
            self._end()

    def say(self, text: str) -> None:
        """Show text, page by page; a line end at its end is an empty line."""
        if text:
            self.terminal.page(text.split("\n"))

    def rejection(self, rejected: Rejected) -> str:
        match rejected.text, rejected.wrong:
            case ("", "invalid"):
                return words.caret(self.prompt, rejected.column, words.IOS_INVALID)
            case ("", "incomplete"):
                return "% Incomplete command.\n"
            case ("", _):
                return f'% Ambiguous command:  "{self._asked.strip()}"'
        return rejected.text

    def _execute(self, line: str, level: int) -> None:
        command, _, pipe = line.partition("|")
        skipped = len(line) - len(line.lstrip())
        texts, methods = understood(self.commands, level)
        try:
            said = texts.understand(command.strip())
        except Rejected as rejected:
            raise Rejected(rejected.wrong, rejected.column + skipped, rejected.text) from None
        for pattern, method in methods:
            found = pattern.match(said)
            if found:
                self._show(method, [group or "" for group in found.groups()], pipe, line)
                return
        raise Rejected("incomplete", len(line))

    def _show(self, method: str, arguments: Sequence[str], pipe: str, line: str) -> None:
        text = getattr(self, f"do_{method}")(*arguments)
        if not pipe:
            self.say(text or "")
            return
        try:
            self.terminal.page(piped((text or "").removesuffix("\n"), pipe))
        except (ValueError, re.error):
            raise Rejected("invalid", line.index("|") + 2) from None

    # Configuration mode.

    def _configure(self, editor: Editor, line: str) -> None:
        plain = line.strip()
        if self.ends(plain):
            if plain == "end" or not editor.leave():
                self._end()
            return
        if self.executes_in_config(line):
            return
        mark = banner_end(plain)
        if mark is not None and not plain.startswith("no "):
            self._banner(plain, mark)
            return
        self._type(editor, line)

    def ends(self, plain: str) -> bool:
        """Whether a line leaves a section or the mode."""
        return plain in ("end", "exit", "exi", "quit")

    def executes_in_config(self, line: str) -> bool:
        """``do COMMAND``: an exec command from configuration mode. Whether it was one."""
        first, _, rest = line.strip().partition(" ")
        if first != "do" or not rest:
            return False
        self._execute(rest, PRIVILEGED)
        return True

    def _type(self, editor: Editor, line: str) -> None:
        with self.device.lock:
            before = [node.line for node in self._here.running.walk()]
            said = editor.type(line)
            if before != [node.line for node in self._here.running.walk()]:
                self.device.changed(self.space, self.visit.user)
        self.say(said)

    def _banner(self, line: str, mark: str) -> None:
        self.say(f"Enter TEXT message.  End with the character '{mark}'.")
        lines: list[str] = []
        while not lines or mark not in lines[-1]:
            lines.append(self.terminal.line(""))
        kind = " ".join(line.split()[:2])
        with self.device.lock:
            root = self._here.running
            root.children[:] = [node for node in root.children if not node.line.startswith(f"{kind} ")]
            shown = [text.replace(mark, "^C") for text in lines]
            first = line.replace(mark, "^C", 1)
            root.children.append(Node(first, [], first, tuple(shown)))
            self.device.changed(self.space, self.visit.user)

    def _end(self) -> None:
        self.editor, self.visit.configuring = None, False
        if self.device.locked_by == self.visit.user:
            self.device.locked_by = None
        place = f"vty{self.visit.vty} (127.0.0.1)"
        self._log(f"%SYS-5-CONFIG_I: Configured from console by {self.visit.user} on {place}")

    def do_configure(self) -> str:
        holder = self.device.locked_by
        if holder is not None and holder != self.visit.user:
            return f"Configuration mode is locked by process '3' user '{holder}' from terminal '3'. Please try later."
        self.editor = Editor(self.device.platform, lambda: self._here.running, self._here.texts, self._here.first)
        self.visit.configuring = True
        return "Enter configuration commands, one per line.  End with CNTL/Z."

    def do_configure_ask(self) -> str:
        self.terminal.line("Configuring from terminal, memory, or network [terminal]? ")
        return self.do_configure()

    def do_configure_timer(self, minutes: str) -> str:
        count = self._minutes(minutes, 120)
        if self.device.archive_path is None:
            return words.ARCHIVE_FIRST
        if self.device.revert_alarm is not None:
            return "%Rollback Confirmed Change already pending"
        opened = self.do_configure()
        if self.editor is None:
            return opened
        name = self.device.keep_copy()
        self.device.arm(count, self.visit.user)
        unit = "minute" if count == 1 else "minutes"
        self._log(
            f"%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_START_ABSTIMER: User: {self.visit.user}: "
            f"Scheduled to rollback to config {name} in {count} {unit}"
        )
        return f"Rollback Confirmed Change: Backing up current running config to {name}\n\n{opened}"

    def _log(self, text: str) -> None:
        if self.visit.monitor:
            self.terminal.write(f"*{self.device.clock.stamp()}: {text}\n")

    def _minutes(self, text: str, most: int) -> int:
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise Rejected("invalid", self._asked.rindex(text))
        return int(text)

    def do_confirm(self) -> str:
        return "" if self.device.confirm() else words.NO_ROLLBACK

    def do_revert_now(self) -> str:
        if not self.device.revert():
            return words.NO_ROLLBACK
        return "Rollback Confirmed Change: Rolling back now\n\nTotal number of passes: 1\nRollback Done\n"

    def do_revert_timer(self, minutes: str) -> str:
        count = self._minutes(minutes, 120)
        if self.device.revert_alarm is None:
            return words.NO_ROLLBACK
        self.device.rearm(count, self.visit.user)
        return ""

    # Modes.

    def do_enable(self, level: str) -> str:
        if self.level >= PRIVILEGED:
            return ""
        secret = self.device.settings.secret
        if secret is None:
            return "% Error in authentication.\n"
        for _ in range(3):
            if self.terminal.line("Password: ", echo=False) == secret:
                self.level = int(level) if level.isdigit() else PRIVILEGED
                return ""
            if any(node.line == "aaa new-model" for node in self._here.running.children):
                return "% Error in authentication.\n"
        return "% Bad secrets\n"

    def do_disable(self, level: str) -> None:
        self.level = 1

    def do_leave(self, _how: str = "") -> None:
        self._ended = True

    def do_nothing(self, *_arguments: str) -> None:
        return

    def do_monitor(self) -> None:
        self.visit.monitor = True
        self.terminal.chatter = self.device.settings.chatter

    def do_no_monitor(self) -> None:
        if not self.device.settings.stubborn_chatter:
            self.terminal.chatter, self.visit.monitor = 0, False

    def do_terminal_length(self, length: str) -> None:
        count = int(length) if length.isdigit() else -1
        if not 0 <= count <= 512:
            raise Rejected("invalid", self._asked.rindex(length))
        if self.device.settings.pager != "fixed":
            self.terminal.length = count

    def do_terminal_width(self, width: str) -> None:
        count = int(width) if width.isdigit() else -1
        if not 0 <= count <= 512:
            raise Rejected("invalid", self._asked.rindex(width))
        self.terminal.width = count

    # Showing.

    def do_show_version(self) -> str:
        line = next((node.line for node in self._here.running.children if "ersion " in node.line), "")
        return words.show_version(self.device.platform, self.device.settings.version, self.device.hostname, line)

    def do_show_clock(self, _detail: str) -> str:
        return f"*{self.device.clock.date()}"

    def do_show_privilege(self) -> str:
        return f"Current privilege level is {self.level}"

    def do_show_users(self, _all: str) -> str:
        rows = ["    Line       User       Host(s)              Idle       Location"]
        for visit in self.device.visits.values():
            mark = "*" if visit is self.visit else " "
            rows.append(
                f"{mark}{514 + visit.vty} vty {visit.vty}     {visit.user:<10} idle                 00:00:00 127.0.0.1"
            )
        for place, other in enumerate(self.device.others()):
            line, at = f"vty {self.device.settings.vty - 1 - place}", other.get("from", "192.0.2.9")
            rows.append(f" {518 - place} {line}     {other['user']:<10} idle                 00:02:00 {at}")
        return "\n".join([*rows, "", "  Interface    User               Mode         Idle     Peer Address", ""])

    def do_show_lock(self) -> str:
        holder = self.device.locked_by or next((o["user"] for o in self.device.others() if o.get("config")), None)
        head = "Parser Configure Lock\n---------------------\n"
        if holder is None:
            return (
                head + "Owner PID         : -1\nUser              : unknown\n"
                "TTY               : -1\nState             : FREE"
            )
        return head + (
            f"Owner PID         : 3\nUser              : {holder}\nTTY               : 3\n"
            "Type              : EXCLUSIVE\nState             : LOCKED\nClass             : EXPOSED"
        )

    def do_show_running(self, part: str = "") -> str:
        with self.device.lock:
            body = render(self._here.running)
        if part.strip() and part.strip() not in ("all", "brief", "full"):
            return self._part(part.strip(), body)
        text = self.whole(body, self._here.changed, self._here.saved)
        cut = self.device.settings.truncate
        return text if cut is None else "\n".join(text.split("\n")[:cut])

    def _part(self, part: str, body: Sequence[str]) -> str:
        first, _, name = part.partition(" ")
        if name and "interface".startswith(first):
            part = full_interface(self._here.running, f"interface {name}")
        kept = piped("\n".join(body), f"section ^(?i:{re.escape(part)})$")
        if not kept:
            raise Rejected("invalid", len("show running-config "))
        size = sum(len(text) + 1 for text in kept)
        return "\n".join(
            ["Building configuration...", "", f"Current configuration : {size} bytes", "!", *kept, "end", ""]
        )

    def whole(self, body: Sequence[str], changed: str, saved: str) -> str:
        """A running configuration as it is shown, with head and end."""
        size = sum(len(line) + 1 for line in body) + 5
        head = ["Building configuration...", "", f"Current configuration : {size} bytes", "!"]
        head += [f"! Last configuration change at {changed}"] if changed else []
        head += [f"! NVRAM config last updated at {saved}"] if saved else []
        return "\n".join([*head, *(["!"] if len(head) > 4 else []), *body, "end", ""])

    def do_show_startup(self) -> str:
        saved = self._here.startup
        if saved is None:
            return "startup-config is not present"
        body = render(saved)
        head = [f"Using {sum(len(line) + 1 for line in body) + 5} out of 245752 bytes", "!"]
        head += [f"! NVRAM config last updated at {self._here.saved}", "!"] if self._here.saved else []
        return "\n".join([*head, *body, "end", ""])

    def do_show_archive(self) -> str:
        path, count = self.device.archive_path, self.device.archived
        if path is None:
            return "Archive feature not enabled"
        rows = [f"   {n + 1:<8} {path}-{n}" + (" <- Most Recent" if n == count - 1 else "") for n in range(count)]
        return "\n".join(
            [
                "The maximum archive configurations allowed is 10.",
                f"There are currently {count} archive configurations saved.",
                f"The next archive file will be named {path}-{count}",
                " Archive #  Name",
                *rows,
            ]
        )

    def do_archive_config(self) -> str:
        if self.device.archive_path is None:
            return "Archive feature not enabled"
        self.device.keep_copy()
        return ""

    def do_show_rollback(self) -> str:
        alarm = self.device.revert_alarm
        if alarm is None:
            return words.NO_ROLLBACK
        return (
            f"Time configured(or reconfigured): {alarm.set_at}\nTimer type: absolute timer\n"
            f"Timer value: {round(alarm.asked / 60)} min\nUser: {alarm.by}\n"
        )

    def do_show_inspect(self, what: str) -> str:
        rows: list[str] = []
        for node in self._here.running.children:
            parts = node.words
            if parts[:3] == ["ip", "inspect", "name"] and len(parts) > 4:
                head = f"Inspection name {parts[3]}"
                rows += [] if head in rows else [head]
                rows.append(f"    {' '.join(parts[4:])}")
        return "\n".join(["Inspection Rule Configuration", *(f" {row}" for row in rows), ""])

    # Saving and reloading.

    def do_write(self) -> str:
        self.terminal.write("Building configuration...\n")
        if not self.device.save(self.space, self.visit.user):
            return "startup-config file open failed (Not enough space)\n"
        return "[OK]"

    def do_copy(self) -> str:
        self.terminal.line("Destination filename [startup-config]? ")
        return self.do_write()

    def do_show_reload(self) -> str:
        alarm = self.device.reload_alarm
        if alarm is None:
            return "No reload is scheduled."
        left = words.minutes_and_seconds(alarm.left)
        due = f"Reload scheduled for {alarm.date} (in {left}) by {alarm.by} on vty0 (127.0.0.1)"
        return f"{due}\nReload reason: Reload Command"

    def do_reload_in(self, when: str, _reason: str = "") -> str:
        hours, _, minutes = when.rpartition(":")
        if not minutes.isdigit() or (hours and not hours.isdigit()):
            raise Rejected("invalid", self._asked.rindex(when))
        seconds = (int(hours or 0) * 60 + int(minutes)) * 60
        if not self._ask_to_save():
            return ""
        stop = self.device.clock.date(seconds)
        self.terminal.write(
            f"Reload scheduled for {stop} (in {words.minutes_and_seconds(seconds)}) by {self.visit.user} on "
            f"vty{self.visit.vty} (127.0.0.1)\nReload reason: Reload Command\n"
        )
        if self.confirmed("Proceed with reload? [confirm]"):
            self.device.arm_reload(seconds, self.visit.user)
        return ""

    def do_reload_now(self) -> str:
        if self._ask_to_save() and self.confirmed("Proceed with reload? [confirm]"):
            self.device.reload()
            raise Gone
        return ""

    def _ask_to_save(self) -> bool:
        """Ask whether to save what was changed; whether the reload goes on."""
        if not self._here.modified:
            return True
        question = "\nSystem configuration has been modified. Save? [yes/no]: "
        while (said := self.terminal.line(question).strip().lower()) not in ("yes", "y", "no", "n"):
            question = "% Please answer 'yes' or 'no'.\n" + question.lstrip("\n")
        if said.startswith("y"):
            self.say(self.do_write())
        return True

    def confirmed(self, question: str) -> bool:
        """``[confirm]``: return or ``y`` is yes, any other key is no."""
        self.terminal.prompt = question
        self.terminal.write(question)
        key = self.terminal.key()
        self.terminal.write("\n")
        return key in "\r\nyY"

    def do_reload_cancel(self) -> str:
        return words.ABORTED if self.device.cancel_reload() else "%No reload is scheduled."

    # The world.

    def do_ping(self, target: str) -> str:
        host = target.split(maxsplit=1)[0] if target else self.terminal.line("Target IP address: ")
        known = host in self.device.settings.telnet or host.startswith("127.")
        marks, rate = (
            ("!!!!!", "100 percent (5/5), round-trip min/avg/max = 1/2/4 ms") if known else (".....", "0 percent (0/5)")
        )
        return (
            "\nType escape sequence to abort.\n"
            f"Sending 5, 100-byte ICMP Echos to {host}, timeout is 2 seconds:\n{marks}\nSuccess rate is {rate}"
        )

    def do_telnet(self, target: str) -> str:
        host, _, options = target.partition(" ")
        port = options.split()[0] if options else "23"
        known = self.device.settings.telnet
        greeting = known.get(f"{host} {port}", known.get(host) if port in ("25", "smtp") else None)
        said = greeting() if callable(greeting) else greeting
        self.terminal.write(f"Trying {host}, {port} ... ")
        if said is None:
            return "\n% Connection refused by remote host\n"
        text = said.decode("ascii", errors="replace") if isinstance(said, bytes) else said
        self.terminal.write("Open\n" + text.replace("\r\n", "\n").rstrip("\n") + "\n")
        while self.terminal.line("").strip().upper() not in ("QUIT", "\x1eX"):
            self.terminal.write("250 OK\n")
        return f"221 closing\n[Connection to {host} closed by foreign host]"
