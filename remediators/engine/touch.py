"""One host under our hands: what is known of it, a write with its second reading, and what to make of the two."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from remediators.engine.house import House
from remediators.engine.reading import absorb, questions, read_all
from remediators.model import (
    Address,
    Answer,
    Change,
    Query,
    RemediationError,
    Session,
    Snapshot,
    Step,
    StepResult,
    Unread,
    Value,
)

Details = Mapping[Address, Mapping[str, Any]]


class Touch:
    """An open session on a host, and the newest knowledge of it."""

    def __init__(self, session: Session, house: House, known: Snapshot | None = None) -> None:
        self._session = session
        self._house = house
        self.known = Snapshot() if known is None else known

    def look(self, addresses: Iterable[Address], details: Details, base: Sequence[Query] = ()) -> None:
        """Read addresses, whatever was known of them. Raises `TransportError`."""
        wanted = list(addresses)
        self.known = read_all(
            self._session,
            self.known.again(),
            lambda known: [*base, *questions(self._house, wanted, details, known)],
        )

    def look_again(self, addresses: Iterable[Address], details: Details) -> None:
        """Read after the connection may have been lost; where that fails too, the values are known no more."""
        wanted = list(addresses)
        try:
            self.look(wanted, details)
        except RemediationError as error:
            self.known = self.known.lost(wanted, error.message)

    def ask(self, wanted: Callable[[Snapshot], Iterable[Query]]) -> Snapshot:
        """What the host tells just now, apart from all that is known; where it cannot be reached, that is unread."""
        try:
            return read_all(self._session, Snapshot(), wanted)
        except RemediationError as error:
            known = Snapshot()
            for query in wanted(known):
                known = known.fail(query, error.message)
            return known

    def write(
        self, steps: Sequence[Step], addresses: Iterable[Address], details: Details
    ) -> tuple[Sequence[StepResult], str | None]:
        """Send steps and read back. Gives the host's answers, and what was lost where the connection went away."""
        wanted = list(addresses)
        known = self.known.again()
        then = questions(self._house, wanted, details, known)
        try:
            answers, readings = self._session.write(steps, then)
        except RemediationError as error:
            return self._afterwards(steps, wanted, details, error.message)
        known = absorb(known, then, readings)
        try:
            # Values whose text was not exact need a second question.
            self.known = read_all(self._session, known, lambda k: questions(self._house, wanted, details, k))
        except RemediationError as error:
            self.known = known.lost(wanted, error.message)
        return answers, None

    def _afterwards(
        self, steps: Sequence[Step], wanted: Sequence[Address], details: Details, lost: str
    ) -> tuple[Sequence[StepResult], str | None]:
        """Read after the connection was lost, when steps that go on by themselves have ended; gives what is unknown."""
        told = _reported(self._session, steps)
        # Of several lines some may have been sent, whatever was said of the next one.
        self.look_again(wanted, details)
        ended = any(answer.status in _ENDED for answer in told)
        return (StepResult(told),), None if ended else lost

    def word(self, change: Change, *, lost: bool = False) -> str:
        """What the second reading says of a change: ``verified``, ``failed`` or ``unknown``."""
        try:
            value = self.known[change.address]
        except Unread:
            return "unknown"
        if value == change.after:
            return "verified"
        # A command whose answer was lost may still be at work: that the value is the old one now proves nothing.
        return "unknown" if lost else "failed"

    def why(self, change: Change) -> str:
        """Why a change is not verified, in one line."""
        if change.sensitive:
            return f"{change.address} does not have the wanted value"
        return self.mismatch(change.address, change.after) or ""

    def is_now(self, change: Change) -> str:
        """What an address holds, as it may be said of this change. Raises `Unread`."""
        value = self.known[change.address]
        return f"{change.address} was changed" if change.sensitive else f"{change.address} is {say(value)}"

    def mismatch(self, address: Address, wanted: Value) -> str | None:
        """How a value differs from the wanted one, or ``None``."""
        try:
            value = self.known[address]
        except Unread as error:
            return error.message
        return None if value == wanted else f"{address} is {say(value)} instead of {say(wanted)}"


_ENDED = (0, 1)  # exit statuses of a step's report that say that it is over
_PAUSE = 5.0  # seconds between two tries to reach a host that is away


def _reported(session: Session, steps: Sequence[Step]) -> tuple[Answer, ...]:
    """What became of a step that goes on although the connection is gone; empty where there is none or nobody tells."""
    number, step = next(((n, step) for n, step in enumerate(steps) if step.report), (0, None))
    if step is None or step.report is None:
        return ()
    again = [Step((step.report,), frozenset()), *(later for later in steps[number + 1 :] if later.always)]
    until = time.monotonic() + step.outlives
    while True:
        try:
            results, _ = session.write(again, [])
            return results[0].answers
        except RemediationError:
            if time.monotonic() + _PAUSE > until:
                return ()
        time.sleep(_PAUSE)


def said(answers: Iterable[StepResult]) -> str:
    """The host's own words where a command failed; empty otherwise."""
    return " ".join(answer.words for answer in answers if answer.failed).strip()


def say(value: Value) -> str:
    """A value in a message."""
    if value is None:
        return "absent"
    if isinstance(value, dict) and "data" in value:
        return f"{value['type']} {value['data']!r}"
    return repr(value)
