"""A session with a network device: lines typed one by one, each answer waited for, the first rejected line the last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from remediators.model import (
    Answer,
    Command,
    Dropped,
    Query,
    Reading,
    Refused,
    RemediationError,
    RemoteError,
    Step,
    StepResult,
    TransportError,
    Unreachable,
)
from remediators.transports.network_text import Heard, agreed, chatters, quiet, unstamped

# What is said to questions when nobody says otherwise: never save on the way, do as was typed. A question that is not
# here is broken off, such as the one about a startup configuration written by other software.
ANSWERS: Mapping[str, str] = {
    r"System configuration has been modified\. Save\? \[yes/no\]": "no",
    r"System config has been modified\. Save\?": "N",
    r"^(?:Proceed with reload\?|Reload\?)": "",
    r"^Source filename \[running-config\]": "",
    r"^Destination filename \[startup-config\]": "",
}
_MODE_SECONDS = 30.0
_CONFIGURATIONS = re.compile(r"^show (?:running-config|startup-config)$|^more system:running-config$")
_TIMES = 3  # how often a question is asked whose answer was mixed with messages
_TRANSCRIPT = 60_000  # characters that are kept of what was said
_UNTYPABLE = re.compile(r"[\x00-\x1f\x7f?]")


class DeviceLine(Protocol):
    """What a session needs of a channel to a device (see `transports.network.DeviceChannel`)."""

    def ask(
        self, line: str, seconds: float, *, shown: str | None = None, answers: Mapping[str, str] | None = None
    ) -> Heard: ...

    def overhear(self, line: str, seconds: float, *, until: re.Pattern[str], leave: str) -> tuple[str, bool]: ...

    def enter_configuration(self, seconds: float) -> None: ...

    def leave_configuration(self, seconds: float) -> None: ...

    def close(self) -> None: ...

    @property
    def transcript(self) -> str: ...


class NetworkSession:
    """
    Implements model's `Session` and `Armed` over a terminal session with a device.

    ``open_line`` connects, logs in and prepares. It is called at first use, and again after a connection was lost.
    """

    def __init__(self, open_line: Callable[[], DeviceLine]) -> None:
        self._open = open_line
        self._line: DeviceLine | None = None
        self._before: DeviceLine | None = None  # the line before this one, kept for what was said on it

    def read(self, queries: Sequence[Query]) -> Sequence[Reading | str]:
        """
        One `Reading`, or the reason of a failure, for each question; each distinct line is typed once.

        Raises `TransportError`, and `Refused` for a device that is not to be worked on.
        """
        try:
            return self._read(queries)
        except Dropped:
            self.close()
            return self._read(queries)

    def write(
        self, steps: Sequence[Step], then: Sequence[Query]
    ) -> tuple[Sequence[StepResult], Sequence[Reading | str]]:
        """
        Type the lines of the steps in configuration mode, leave it, then read.

        After the first line that the device does not take nothing more is typed, ``always`` steps neither: the state
        to go back to is the one before. Raises `Dropped` or `TimedOut` where the end is unknown; nothing is typed
        twice. Raises `Refused`, before anything is typed, where a line cannot be typed, or there is no way into
        configuration mode.
        """
        for step in steps:
            for command in step.commands:
                _check(command.line, configuration=True)
        results = self._configured(steps) if steps else []
        return results, self._read(then)

    def execute(
        self, lines: Sequence[str], seconds: float, answers: Mapping[str, str] | None = None
    ) -> Sequence[Answer]:
        """
        Type lines outside of configuration mode; stops at the first rejected one, whose answer is the last given.

        ``answers`` maps patterns of questions to replies, before those of `ANSWERS`. A line that leads to configuration
        mode (`configure terminal revert timer 5`) is followed by leaving it. Raises as `write`; after `Dropped` and
        `TimedOut` the next use opens a new session.
        """
        given: list[Answer] = []
        for line in lines:
            _check(line)
        for line in lines:
            command = Command(line, line, seconds=seconds)
            given.append(self._shown(command) if _CONFIGURATIONS.match(line) else self._done(command, answers or {}))
            if not given[-1].ok:
                break
        return given

    def _shown(self, command: Command) -> Answer:
        """A whole configuration without messages between its lines, as when it is read."""
        said = self._asked(command)
        return said if isinstance(said, Answer) else Answer(f"{said}\n".encode("utf-8", "surrogateescape"), 1, "utf-8")

    def _done(self, command: Command, answers: Mapping[str, str]) -> Answer:
        heard = self._typed(command, {**answers, **ANSWERS})
        answer = _answer(heard, heard.text)
        if heard.configuring:
            self._leave()
        elif command.line.startswith("configure terminal"):
            return Answer(answer.output or b"it stays outside of configuration mode\n", 1, "utf-8")
        return answer

    def overhear(self, line: str, seconds: float, *, until: re.Pattern[str], leave: str) -> tuple[str, bool]:
        """
        What a server elsewhere says over a connection that the device opens with ``line``, and whether it came to an
        end. Changes nothing on the device. Raises `TransportError`, and `Refused` for what cannot be typed.
        """
        _check(line)
        try:
            return self._now().overhear(line, seconds, until=until, leave=leave)
        except RemediationError:
            self.close()
            raise

    def again(self) -> NetworkSession:
        """A new, separate session with the same device, already open. Raises `TransportError`."""
        other = NetworkSession(self._open)
        try:
            other._now()
        except RemoteError as error:
            raise Unreachable(error.message, error.detail) from error
        return other

    @property
    def transcript(self) -> str:
        """What was said in the open session and on the line before it, redacted."""
        said = (line.transcript for line in (self._before, self._line) if line)
        return "\n".join(filter(None, said))[-_TRANSCRIPT:]

    def close(self) -> None:
        """End the session. Never raises; it opens another when it is used again."""
        line, self._line = self._line, None
        if line is not None:
            self._before = line
            line.close()

    def _now(self) -> DeviceLine:
        if self._line is None:
            self._line = self._open()
        return self._line

    def _typed(self, command: Command, answers: Mapping[str, str] | None = None) -> Heard:
        try:
            return self._now().ask(command.line, command.seconds, shown=command.shown, answers=answers)
        except RemediationError:
            self.close()
            raise

    def _configured(self, steps: Sequence[Step]) -> list[StepResult]:
        line = self._now()
        line.enter_configuration(_MODE_SECONDS)
        going = True
        results = []
        for step in steps:
            answers: list[Answer] = []
            for command in step.commands:
                answers.append(self._one(command) if going else Answer(b"", None))
                going = going and bool(answers[-1].ok or command.only_after_failure)
            results.append(StepResult(tuple(answers)))
        self._leave()
        return results

    def _leave(self) -> None:
        """Out of configuration mode; where the device does not follow, by ending the session."""
        try:
            self._now().leave_configuration(_MODE_SECONDS)
        except Refused:
            self.close()
        except TransportError:
            self.close()
            raise

    def _one(self, command: Command) -> Answer:
        if command.only_after_failure:
            return Answer(b"", None)
        heard = self._typed(command)
        if not heard.configuring:
            words = f"the device left configuration mode at this line: its prompt is {heard.prompt}\n"
            return Answer(words.encode(), 1, "utf-8")
        answer = _answer(heard, quiet(heard.text))
        if answer.ok:
            return answer
        return Answer(
            f"`{command.shown}` was not taken: {heard.rejection}\n".encode("utf-8", "surrogateescape"), 1, "utf-8"
        )

    def _read(self, queries: Sequence[Query]) -> list[Reading | str]:
        heard: dict[str, Answer | str] = {}
        for command in _distinct(queries):
            heard[command.line] = self._asked(command)
        return [_reading(query, [heard[command.line] for command in query.commands]) for query in queries]

    def _asked(self, command: Command) -> Answer | str:
        """The answer to one line, or why there is none that can be relied on."""
        try:
            _check(command.line)
        except Refused as refused:
            return refused.message
        configuration = bool(_CONFIGURATIONS.match(command.line))
        texts: list[str] = []
        while len(texts) < _TIMES:
            heard = self._typed(command)
            texts.append(heard.text)
            text = _settled(list(map(unstamped, texts)) if configuration else texts, heard.text)
            if text is not None and not (configuration and heard.rejection is None and _cut(text)):
                return _answer(heard, text)
        if configuration:
            return _unreliable(command.shown, texts)
        return _answer(heard, quiet(texts[-1]))


def _distinct(queries: Sequence[Query]) -> Iterator[Command]:
    """Each line once, with the longest time that somebody gives it."""
    longest: dict[str, Command] = {}
    for command in (command for query in queries for command in query.commands):
        known = longest.get(command.line)
        if known is None or known.seconds < command.seconds:
            longest[command.line] = command
    yield from longest.values()


def _settled(texts: Sequence[str], heard: str) -> str | None:
    """The last text if no message was mixed into what was heard, or what it has in common with one before."""
    *before, last = texts
    if not chatters(heard):
        return last
    return next((text for text in (agreed(earlier, last) for earlier in before) if text is not None), None)


def _cut(text: str) -> bool:
    """Whether a configuration lacks its end mark: ``end`` on IOS, ``: end`` on ASA and PIX (a last word may follow)."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return len(lines) > 2 and not {"end", ": end"} & set(lines[-3:])


def _unreliable(line: str, texts: Sequence[str]) -> str:
    last = next((part.strip() for part in reversed(texts[-1].splitlines()) if part.strip()), "")
    if _cut(texts[-1]):
        return f"`{line}` is not whole: its end mark is missing, its last line is {last[:80]!r}"
    return f"`{line}` is mixed with messages of the device and differs each time it is asked"


def _check(line: str, *, configuration: bool = False) -> None:
    """Refuse what a terminal would take for something else than text."""
    if _UNTYPABLE.search(line):
        raise Refused(f"{line!r} cannot be typed at a device: it has a control character or a question mark")
    if not line.strip():
        raise Refused("an empty line cannot be typed at a device")
    if configuration and re.match(r"\s*(?:banner|menu|macro name)\s", line):
        raise Refused(f"{line.split(maxsplit=1)[0]!r} begins a text of several lines, which is not sent")
    if configuration and re.match(r"\s*(?:end\s*$|do\s+\S|configure\s)", line):
        raise Refused(f"{line!r} is no line of a configuration")


def _answer(heard: Heard, text: str) -> Answer:
    words = heard.rejection
    if heard.question is not None:
        text = f"{text.rstrip()}\n{words}\n"
    return Answer(text.encode("utf-8", "surrogateescape"), 0 if words is None else 1, "utf-8")


def _reading(query: Query, answers: Sequence[Answer | str]) -> Reading | str:
    """What the answers mean; a parser that fails spoils its own question only."""
    whole = [answer for answer in answers if isinstance(answer, Answer)]
    if len(whole) < len(answers):
        return next(answer for answer in answers if isinstance(answer, str))
    try:
        return query.parse(whole)
    except RemediationError as error:
        return error.message
    except Exception as error:  # noqa: BLE001  # a device may say anything; the other questions must go on
        return f"the answer could not be understood ({type(error).__name__}: {error})"
