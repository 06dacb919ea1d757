"""A session with a Windows host: packs everything into as few command lines as fit, and reads the answers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence

from remediators.model import (
    Answer,
    Channel,
    Dropped,
    Query,
    Reading,
    Refused,
    RemediationError,
    Step,
    StepResult,
    TimedOut,
)
from remediators.sessions import batch
from remediators.sessions.batch import Going, Piece

PATIENCE = 300.0  # seconds for all ordinary commands of one line together
_ORDINARY = 60.0  # a command that asks for more (stopping a service) gets all that it asks for


class WindowsSession:
    """
    Implements model's `Session` over any channel that reaches ``cmd.exe``.

    ``open_channel`` connects and authenticates. It is called at first use, and again after a connection was lost.
    """

    def __init__(self, open_channel: Callable[[], Channel], *, patience: float = PATIENCE) -> None:
        self._open = open_channel
        self._patience = patience
        self._channel: Channel | None = None
        self._style: str | None = None
        self._page = batch.UNKNOWN_PAGE
        self._most: float | None = None
        self._answers: list[Answer] = []  # of the batch under way

    def read(self, queries: Sequence[Query]) -> Sequence[Reading | str]:
        """One `Reading`, or the reason of a failure, for each question. Raises `TransportError`."""
        try:
            return self._read(queries)
        except Dropped:
            return self._read(queries)

    def read_partly(self, queries: Sequence[Query], most: float) -> Sequence[Reading | str]:
        """
        As `read`, but what was heard before the time was up counts: ask what is slow last.

        ``most`` is the most seconds for one command line. What was not answered has the reason; a question that can use
        half an answer (`Query.partial`) gets it. Raises `TransportError` where nothing at all was heard in time.
        """
        self._most = most
        try:
            return self.read(queries)
        except TimedOut as late:
            if not self._answers:
                raise
            return _cut_readings([query for query in queries if _sendable(query)], queries, self._answers, late)
        finally:
            self._most = None

    def write(
        self, steps: Sequence[Step], then: Sequence[Query]
    ) -> tuple[Sequence[StepResult], Sequence[Reading | str]]:
        """
        Carry out the steps, then read. Raises `Dropped` or `TimedOut` where the end is unknown; nothing is sent twice.

        Raises `Refused` before anything is sent where a command is too long for a line.
        """
        if any(not batch.fits(command) for step in steps for command in step.commands):
            raise Refused("a command is too long for one Windows command line")
        asked = [query for query in then if _sendable(query)]
        if self._style is None and steps:
            self._meet()  # nothing is written to a host before its canary was seen
        answers = iter(self._run(batch.pieces([*steps, *asked])))
        results = [StepResult(_next(answers, step)) for step in steps]
        return results, _readings(then, answers)

    def close(self) -> None:
        """Close the connection. Never raises; the session opens another when it is used again."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _meet(self) -> None:
        """Learn how this host treats percent signs. It changes nothing, so it may be asked twice."""
        try:
            self._send([], Going())
        except Dropped:
            self._send([], Going())

    def _read(self, queries: Sequence[Query]) -> list[Reading | str]:
        asked = [query for query in queries if _sendable(query)]
        return _readings(queries, iter(self._run(batch.pieces(asked))))

    def _run(self, waiting: Sequence[Piece]) -> list[Answer]:
        """One answer for each piece; the blank one for what was not run."""
        if self._style is None and batch.percent_needed(waiting):
            self._meet()
        going = Going()
        answers = self._answers = []
        while len(answers) < len(waiting):
            piece = waiting[len(answers)]
            if not batch.wanted(going, piece):
                answers.append(Answer(b"", None))
                going = batch.proceed(going, piece, None)
                continue
            for piece, answer in self._send(waiting[len(answers) :], going):
                answers.append(answer)
                going = batch.proceed(going, piece, answer)
        return answers

    def _send(self, waiting: Sequence[Piece], going: Going) -> list[tuple[Piece, Answer]]:
        """Send one line with as many of the waiting pieces as fit. Raises `TransportError`; then the line is closed."""
        token = secrets.token_hex(8)
        style = self._style or batch.BATCH
        line, count = batch.take(waiting, token, self._page, style, going)
        try:
            output = self._exchange(line, waiting[:count])
            heard = batch.unpack(output, token, count, style)
        except TimedOut as late:
            self.close()
            self._answers += batch.unpack_cut(late.heard, token, count, style)
            raise
        except Dropped:
            self.close()
            raise
        if any(
            answer.status is None and _certain(piece) for piece, answer in zip(waiting, heard.answers, strict=False)
        ):
            self.close()
            raise Dropped("a part of the answer is missing")
        self._style = heard.style
        self._page = batch.UTF8_PAGE if heard.encoding == "utf-8" else batch.OWN_PAGE
        return list(zip(waiting[:count], heard.answers, strict=True))

    def _exchange(self, line: str, members: Sequence[Piece]) -> bytes:
        if self._channel is None:
            self._channel = self._open()
        seconds = _deadline(members, self._patience)
        output = self._channel.run(line, min(seconds, self._most or seconds))
        return output.stdout or output.stderr


def _certain(piece: Piece) -> bool:
    """Whether a piece runs whatever became of those before it."""
    return not piece.write and not piece.command.only_after_failure


def _deadline(members: Sequence[Piece], patience: float) -> float:
    """Seconds for a line: what its slow commands ask for, and for all others together no more than ``patience``."""
    asked = [piece.command.seconds for piece in members]
    ordinary = sum(seconds for seconds in asked if seconds <= _ORDINARY)
    return sum(seconds for seconds in asked if seconds > _ORDINARY) + min(max(ordinary, _ORDINARY), patience)


def _sendable(query: Query) -> bool:
    return all(batch.fits(command) for command in query.commands)


def _next(answers: Iterator[Answer], source: Query | Step) -> tuple[Answer, ...]:
    return tuple(next(answers) for _ in source.commands)


def _readings(queries: Sequence[Query], answers: Iterator[Answer]) -> list[Reading | str]:
    return [
        _reading(query, _next(answers, query))
        if _sendable(query)
        else "the question is too long for one Windows command line"
        for query in queries
    ]


def _cut_readings(
    asked: Sequence[Query], queries: Sequence[Query], answers: Sequence[Answer], late: TimedOut
) -> list[Reading | str]:
    """Readings of the questions that were answered whole, and of those that can use a part."""
    found: dict[str, Reading | str] = {}
    start = 0
    for query in asked:
        mine = list(answers[start : start + len(query.commands)])
        start += len(query.commands)
        whole = len(mine) == len(query.commands) and answers[-1] is not mine[-1]
        if whole or (query.partial and mine):
            blank = [Answer(b"", None)] * (len(query.commands) - len(mine))
            found[query.name] = _reading(query, [*mine, *blank])
    why = f"the time given for reading this host was up before it was answered ({late.message})"
    return [found.get(query.name, why) for query in queries]


def _reading(query: Query, answers: Sequence[Answer]) -> Reading | str:
    """What the answers mean; a parser that fails spoils its own question only."""
    try:
        return query.parse(answers)
    except RemediationError as error:
        return error.message
    except Exception as error:  # noqa: BLE001  # a host may say anything; the other questions of the batch must go on
        return f"the answer could not be understood ({type(error).__name__}: {error})"
