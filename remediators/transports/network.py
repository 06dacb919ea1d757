"""A network device as a channel: one terminal session, one line after the other, each with its whole answer."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import paramiko

from remediators.model import (
    AuthenticationFailed,
    Dropped,
    ReadFailed,
    Refused,
    RemediationError,
    TimedOut,
    Unreachable,
)
from remediators.transports import network_devices, network_text
from remediators.transports.deadlines import Deadline
from remediators.transports.network_devices import PREPARATIONS, Device
from remediators.transports.network_terminal import Terminal, terminal
from remediators.transports.network_text import FIRST_PROMPT, Exchange, Heard, name_of
from remediators.transports.network_transcript import Transcript
from remediators.transports.settings import Settings
from remediators.transports.ssh_connection import place_of
from remediators.transports.ssh_transport import bounded

_SETTLE = 0.2  # seconds of silence after which what looks like a question is one
_SILENCE = 15.0  # seconds after which a device that has said something, and no prompt, will say none
_LEAST_PRIVILEGE = 15
_BREAK = "\x03"
_ESCAPE = "\x1ex"
_CLOSING = re.compile(r"\[confirm\]|[#>]\s*\Z")
_LEAVING = 15.0  # seconds that leaving a connection to elsewhere may take
_OVERHEARD = 65536  # characters of what is said elsewhere that are kept


class DeviceChannel:
    """
    A prepared session in privileged mode: pager off, messages off, who answers known.

    Every error carries the redacted transcript of the session as its detail. After `TimedOut` and `Dropped` the
    connection is closed.
    """

    def __init__(self, opened: Terminal, settings: Settings, transcript: Transcript) -> None:
        self._terminal, self._settings, self._transcript = opened, settings, transcript
        self._place = place_of(settings)
        self._name = ""
        self._prompt = ""
        self.device = Device(settings.network.platform, "", "")
        self.refusal: str | None = None

    @classmethod
    def open(cls, settings: Settings, seconds: float) -> DeviceChannel:
        """
        Connect, log in, enter the enable mode, prepare the terminal and see who answers; never configuration mode.

        Raises `TransportError`, `UsageError`, and `ReadFailed` where the pager cannot be switched off. Whether the
        device is one to be worked on is in ``refusal``.
        """
        deadline = Deadline.after(seconds)
        transcript = Transcript((settings.password, settings.network.secret, settings.ssh.passphrase))
        channel = cls(terminal(settings, deadline), settings, transcript)
        try:
            with channel._telling():
                channel._terminal.open()
                channel._prepare(deadline)
        except BaseException:
            channel.close()
            raise
        return channel

    @property
    def transcript(self) -> str:
        """What was said so far, redacted."""
        return self._transcript.text()

    @property
    def prompt(self) -> str:
        """The last prompt seen."""
        return self._prompt

    def ask(
        self, line: str, seconds: float, *, shown: str | None = None, answers: Mapping[str, str] | None = None
    ) -> Heard:
        """
        Send one line and wait for the prompt, at most ``seconds`` of wall-clock time.

        ``answers`` says what to reply to questions: a pattern for the question, and the text to send before the Enter.
        A question without an answer is broken off with Ctrl-C. Raises `Dropped`, `TimedOut`, and `ReadFailed`
        where a pager stops the output.
        """
        deadline = Deadline.after(seconds)
        with self._telling(), self._bounded(line if shown is None else shown, deadline):
            self._transcript.sent(line, shown)
            self._terminal.send(f"{line}\n", deadline)
            return self._answer(line, answers or {}, deadline)

    def overhear(self, line: str, seconds: float, *, until: re.Pattern[str], leave: str) -> tuple[str, bool]:
        """
        Send a line that connects to elsewhere (``telnet HOST 25``), hear what is said there, and leave it.

        Gives what was said (without the echo of the line) and whether it had come to an end, which is ``until`` or the
        device's own prompt. ``leave`` is said to the other end; where that does not end the connection, the escape
        character and `disconnect` do (Cisco, "Terminal Services": Ctrl-^ X). Raises as `ask`.
        """
        deadline = Deadline.after(seconds + _LEAVING)
        with self._telling(), self._bounded(line, deadline):
            self._transcript.sent(line)
            self._terminal.send(f"{line}\n", deadline)
            seen, home = self._heard_until(until, deadline.sooner(seconds))
            ended = home or bool(until.search(seen))
            if not home:
                self._come_home(leave, deadline)
        return _behind_echo(seen, line, self._prompt), ended

    def _heard_until(self, until: re.Pattern[str] | None, deadline: Deadline) -> tuple[str, bool]:
        """What comes until the pattern, the prompt or the deadline; whether it was the prompt."""
        seen = ""
        while until is None or not until.search(seen):
            try:
                piece = self._terminal.receive(deadline)
            except TimeoutError:
                break
            self._transcript.heard(piece)
            seen = (seen + piece)[-_OVERHEARD:]
            if not self._terminal.waiting() and network_text.prompt_at_end(seen, self._name):
                return seen, "\n" in seen
        return seen, False

    def _come_home(self, leave: str, deadline: Deadline) -> None:
        """Back to the device's own prompt. Raises `Dropped` where there is no way, and closes the session."""
        if self._leads_home(f"{leave}\n", leave, deadline):
            return
        if self._leads_home(_ESCAPE, "^^x", deadline) or self._leads_home("\n", "", deadline):
            self._heard_until(_CLOSING, self._told("disconnect\n", "disconnect", deadline))
            if self._leads_home("\n", "", deadline):
                return
        raise Dropped(f"{self._place.name}: the device's prompt did not come back from the connection it had opened")

    def _leads_home(self, text: str, shown: str, deadline: Deadline) -> bool:
        return self._heard_until(None, self._told(text, shown, deadline))[1]

    def _told(self, text: str, shown: str, deadline: Deadline) -> Deadline:
        """Send text, and give how long to wait for what comes of it."""
        self._transcript.sent(shown)
        self._terminal.send(text, deadline)
        return deadline.sooner(_LEAVING / 5)

    def enter_configuration(self, seconds: float) -> None:
        """Go to configuration mode. Raises `Refused` with the device's words."""
        heard = self.ask("configure terminal", seconds)
        if not heard.configuring:
            with self._telling():
                words = heard.rejection or " ".join(heard.text.split()) or f"its prompt is {heard.prompt}"
                raise Refused(f"{self._place.name}: the device does not enter configuration mode: {words}")

    def leave_configuration(self, seconds: float) -> None:
        """Go back from configuration mode; the device may have another name afterwards. Raises `Refused`."""
        deadline, line = Deadline.after(seconds), PREPARATIONS[self._settings.network.platform].leave
        with self._telling(), self._bounded(line, deadline):
            self._transcript.sent(line)
            self._terminal.send(f"{line}\n", deadline)
            heard = self._answer(line, {}, deadline, renamed=True)
            if heard.configuring:
                raise Refused(f"{self._place.name}: the device stays in configuration mode: {heard.rejection}")
            self._name = name_of(heard.prompt)

    def close(self) -> None:
        """End the session. Never raises."""
        self._terminal.end()

    # From here on: how it is done.

    def _prepare(self, deadline: Deadline) -> None:
        with self._bounded("the login", deadline):
            self._find_prompt(deadline)
            if self._prompt.endswith(">"):
                self._enable(deadline)
        preparation = PREPARATIONS[self._settings.network.platform]
        self._switch_pager_off(preparation.pager, deadline)
        for line in preparation.quiet:
            self.ask(line, _left(deadline))
        version = self.ask("show version", _left(deadline)).text
        self._check_platform(version)
        self._check_privilege(preparation.privilege, deadline)
        self._meet(version, deadline)

    def _find_prompt(self, deadline: Deadline) -> None:
        """
        Learn the prompt: the line that is the last one, and comes again after an empty line was sent.

        A banner may have lines that look like one. Raises `Unreachable` where nothing like it comes.
        """
        seen, candidate, deadline = "", "", _a_little_sooner(deadline)
        while True:
            seen += self._next(seen, deadline)
            last = network_text.last_line(seen)
            if not FIRST_PROMPT.fullmatch(last) or self._terminal.waiting():
                continue
            if last == candidate and "\n" in seen:
                break
            if last != candidate:
                seen, candidate = "", last
                self._terminal.send("\n", deadline)
        self._prompt = candidate
        self._name = name_of(candidate)

    def _next(self, seen: str, deadline: Deadline) -> str:
        try:
            text = self._terminal.receive(deadline.sooner(_SILENCE))
        except EOFError as error:
            raise Unreachable(
                f"{self._place.name}: {self._place} ended the session before its first prompt ({_words(seen)}): are "
                "all its lines (vty) in use, or may this user open no session?"
            ) from error
        except TimeoutError as error:
            words = _words(seen) if seen.strip() else "none"
            raise Unreachable(
                f"{self._place.name}: no prompt of a Cisco device at {self._place}; its last words: {words}"
            ) from error
        self._transcript.heard(text)
        return text

    def _enable(self, deadline: Deadline) -> None:
        who, network = self._settings.user or "the user", self._settings.network
        if not network.become:
            raise AuthenticationFailed(
                f"{self._place.name}: {who} has no privileges at {self._prompt}: set ansible_become: true, "
                "ansible_become_method: enable, and ansible_become_password to the enable secret"
            )
        seen = self._said("enable", deadline)
        if re.search(r"ssword:[ ]*\Z", seen):
            if network.secret is None:
                raise AuthenticationFailed(
                    f"{self._place.name}: the device asks for an enable secret: set ansible_become_password"
                )
            seen = self._said(network.secret, deadline, shown="(the enable secret)")
        last = network_text.last_line(seen)
        if last == f"{self._name}#":
            self._prompt = last
            return
        words = network_text.rejection(seen) or network_text.rejection(seen.rpartition("\n")[0]) or _words(seen)
        raise AuthenticationFailed(
            f"{self._place.name}: the device does not let {who} into its enable mode ({words}): is "
            "ansible_become_password its enable secret, and may this user have it?"
        )

    def _said(self, line: str, deadline: Deadline, shown: str | None = None) -> str:
        """What a device says before it waits again, at a prompt or for a password or a name."""
        self._transcript.sent(line if shown is None else shown)
        self._terminal.send(f"{line}\n", deadline)
        seen = ""
        while not re.search(rf"\n(?:{re.escape(self._name)}[>#]|[^\n]*(?:ssword|sername):)[ ]*\Z", seen):
            seen += self._next(seen, deadline)
        return seen

    def _switch_pager_off(self, lines: tuple[str, ...], deadline: Deadline) -> None:
        if not lines:
            return
        words: list[str] = []
        for line in lines:
            wrong = self.ask(line, _left(deadline)).rejection
            if wrong is None:
                return
            words.append(f"{line}: {wrong}")
        self._check_platform(self._first_page("show version", deadline))
        raise ReadFailed(f"{self._place.name}: the pager cannot be switched off ({'; '.join(words)})")

    def _first_page(self, line: str, deadline: Deadline) -> str:
        """What a device says before its pager stops it, which is then left."""
        with self._bounded(line, deadline):
            self._transcript.sent(line)
            self._terminal.send(f"{line}\n", deadline)
            return self._answer(line, {}, deadline, paged=True).text

    def _check_platform(self, version: str) -> None:
        wrong = network_devices.another(self._settings.network.platform, version)
        if wrong:
            raise Unreachable(f"{self._place.name}: {self._place} is a device of another type: {wrong}")

    def _check_privilege(self, line: str, deadline: Deadline) -> None:
        heard = self.ask(line, _left(deadline))
        level = network_devices.privilege(heard.text)
        if level is not None and level < _LEAST_PRIVILEGE and self._settings.network.become:
            with self._bounded("enable", deadline):  # one may come in above 1 and below 15, at the same prompt
                self._enable(deadline)
            heard = self.ask(line, _left(deadline))
            level = network_devices.privilege(heard.text)
        if level is None and self._settings.network.platform == "pix":
            return  # PIX before 6.2 does not know the question, and has no levels below
        if level is not None and level >= _LEAST_PRIVILEGE:
            self.device = replace(self.device, privilege=level)
            return
        who = self._settings.user or "the user"
        said = f"level {level}" if level is not None else f"no level that it tells ({heard.rejection or heard.text!r})"
        raise AuthenticationFailed(
            f"{self._place.name}: {who} has privilege {said}: level 15 is needed, a lower one sees only parts of the "
            "configuration; set ansible_become: true with the enable secret, or use another user"
        )

    def _meet(self, version: str, deadline: Deadline) -> None:
        platform, number = network_devices.identified(version) or (self._settings.network.platform, "")
        self.device = replace(self.device, platform=platform, version=number, name=self._name)
        multiple = False
        if platform != "ios":
            state = network_devices.failover(self.ask("show failover", _left(deadline)).text)
            self.device = replace(self.device, failover=state)
        if platform == "asa":
            multiple = network_devices.is_multiple(self.ask("show mode", _left(deadline)).text)
        if multiple:
            listing = self.ask("show context", _left(deadline)).text
            self.device = replace(self.device, context=network_devices.context(self._name, listing))
        wrong = network_devices.refusal(self.device, self._settings.network.context, multiple=multiple)
        self.refusal = f"{self._place.name}: {wrong}" if wrong else None

    def _answer(
        self, line: str, answers: Mapping[str, str], deadline: Deadline, *, paged: bool = False, renamed: bool = False
    ) -> Heard:
        """Everything up to the prompt; the echo comes first, and what seems to be a prompt before it is none."""
        exchange = Exchange(line, None if renamed else self._name)
        while True:
            piece = self._piece(exchange, answers, deadline)
            self._transcript.heard(piece)
            exchange.add(piece)
            if exchange.stopped_by_pager:
                self._stopped_by_pager(exchange, deadline, paged=paged)
            heard = None if self._terminal.waiting() else exchange.heard()
            if heard is not None:
                self._prompt = heard.prompt
                return heard

    def _piece(self, exchange: Exchange, answers: Mapping[str, str], deadline: Deadline) -> str:
        """The next text. What looks like a question and stays the last thing said is answered, or broken off."""
        while exchange.seems_to_ask or exchange.may_have_ended:
            try:
                return self._terminal.receive(deadline.sooner(_SETTLE))
            except TimeoutError:
                deadline.left()
            if exchange.may_have_ended and not exchange.settled:
                exchange.settled = True
                return ""
            if not exchange.seems_to_ask:
                break
            reply = exchange.reply(answers)
            self._transcript.sent("^C" if reply is None else reply)
            self._terminal.send(_BREAK if reply is None else f"{reply}\n", deadline)
        return self._terminal.receive(deadline)

    def _stopped_by_pager(self, exchange: Exchange, deadline: Deadline, *, paged: bool) -> None:
        if not PREPARATIONS[self._settings.network.platform].pager:
            self._terminal.send(" ", deadline)
            exchange.turn_page()
            return
        exchange.go_on()
        self._transcript.sent("q")
        self._terminal.send("q", deadline)
        if not paged:
            raise ReadFailed(f"{self._place.name}: a pager stopped the output, and it cannot be switched off")

    @contextlib.contextmanager
    def _bounded(self, line: str, deadline: Deadline) -> Iterator[None]:
        """Keep the deadline, and say of a lost connection what was under way."""
        unknown = "whether the device has carried it out is unknown"
        late = (
            f"{self._place.name}: no end of the answer to `{line}` within {deadline.seconds:g} s: the session was "
            f"closed, and {unknown}"
        )
        try:
            with bounded(self._terminal.client.connection, deadline, late):
                yield
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Dropped(
                f"{self._place.name}: the connection to {self._place} was lost after `{line}` was sent and before its "
                f"answer ({error}); {unknown}"
            ) from error

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Put the transcript to every error; close what cannot be used any more."""
        try:
            yield
        except RemediationError as error:
            error.detail = error.detail or self.transcript
            if isinstance(error, (TimedOut, Dropped)):
                self.close()
            raise


def _behind_echo(seen: str, line: str, prompt: str) -> str:
    """What was said after the line was sent, without its echo and without the prompt."""
    after = seen.partition(line)[2] or seen
    return after.lstrip(" \b\r").removesuffix(prompt).lstrip("\n")


def _words(seen: str) -> str:
    """The last line that says anything, for a message."""
    said = next((line.strip() for line in reversed(seen.splitlines()) if line.strip()), "")
    return repr(said[-80:]) if said else "it said nothing"


def _a_little_sooner(deadline: Deadline) -> Deadline:
    """So that what was heard until then can be told."""
    return Deadline(deadline.seconds, deadline.ends - min(0.3, deadline.seconds / 10))


def _left(deadline: Deadline) -> float:
    return max(deadline.remaining(), 0.001)
