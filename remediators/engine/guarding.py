"""
Commit with a way back that does not need us: the device's own timer is armed before the first line is changed.

Prove that a second session can be opened, arm, change, read back, prove it all over again through a *new* session,
confirm, save. Where anything fails nothing is confirmed: the device is told to go back, or goes back by itself, and
that it did is read and not assumed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from remediators.engine.recorder import Recorder
from remediators.journal import now
from remediators.model import (
    Answer,
    Armed,
    Arming,
    Company,
    Refused,
    RemediationError,
    RemoteError,
    Safeguard,
    TransportError,
    Unreachable,
)

LEAST_LEFT = 60.0  # seconds that must be left on the timer, or the change is not confirmed any more
_LINE_SECONDS = 120.0
_EXTRA = 180.0  # how long after its timer a device may take to be back: a reload takes its time
_PAUSE = 5.0


@dataclass(slots=True)
class Guard:
    """One device under its timer. ``session`` is the one that changes it, and stays open throughout."""

    host: str
    arming: Arming
    safeguard: Safeguard
    session: Armed
    record: Recorder
    armed_at: float = 0.0
    seconds: float = 0.0  # measured for connecting, reading and all checks
    armed_since: str = ""  # the time of day, for people
    unsaved: bool = False  # it was to be saved, and is not
    confirmed: bool = False  # it does not go back any more

    def arm(self) -> None:
        """
        Prove a second session, then arm. Nothing has changed where this raises.

        Raises `TransportError` where no second session opens, `Refused` where the device will not be armed.
        """
        self._second().close()
        company = self._company(self.session)
        if company.configuring and self.arming.kind != "unarmed":
            raise Refused(
                f"{company.configuring} is in configuration mode on this device, and a revert takes back those "
                "edits too: nothing was changed; try again when they are done"
            )
        told = {"arming": self.arming.kind, "minutes": self.arming.minutes, "console": self.arming.console}
        self.record.note("arming", self.host, **told, seconds=round(self.seconds, 1), commands=list(self.arming.arm))
        self.armed_at, self.armed_since = time.monotonic(), now()
        wrong = _rejected(self.session.execute(self.arming.arm, _LINE_SECONDS))
        if wrong:
            raise Refused(f"the device could not be armed ({wrong}); nothing was changed")
        self.record.note("armed", self.host, **told)

    def _second(self) -> Armed:
        try:
            return self.session.again()
        except TransportError as error:
            why = error.message.removeprefix(f"{self.host}: ")
            wrong = "no second session could be opened beside the first (are all lines taken?), so nothing was changed"
            raise Unreachable(f"{wrong}: {why}", error.detail) from error

    def proof(self) -> Armed:
        """A new session after the change. Raises `TransportError` where the device lets nobody in any more."""
        try:
            return self.session.again()
        except TransportError as error:
            why = error.message.removeprefix(f"{self.host}: ")
            raise Unreachable(f"after the change no new session could be opened: {why}", error.detail) from error

    def confirm(self, proof: Armed, *, alone: bool = True) -> list[str]:
        """
        Keep the change, through the session that proved it; then save. Gives what is to be told.

        Raises `RemoteError` or `TransportError` where it could not be confirmed: then it will be reverted.
        """
        if self.arming.kind != "unarmed":
            if alone:
                self._alone(proof)
            left = self.safeguard.left(proof, self.arming, time.monotonic() - self.armed_at)
            if left < LEAST_LEFT:
                raise RemoteError(f"only {left:.0f} seconds are left on the device's timer: not confirmed any more")
            wrong = _rejected(proof.execute(self.arming.confirm, _LINE_SECONDS))
            if wrong:
                raise RemoteError(f"the device did not take the confirmation: {wrong}")
        self.record.note("confirmed", self.host, commands=list(self.arming.confirm))
        self.confirmed = True
        return self.save(proof)

    def _company(self, session: Armed) -> Company:
        company = self.safeguard.configuring(session)
        told = {"configuring": company.configuring, "logged_on": list(company.logged_on), "untold": company.untold}
        self.record.note("company", self.host, **told)
        return company

    def _alone(self, proof: Armed) -> None:
        """Raises `RemoteError` where somebody else is changing the device as well."""
        who = self._company(proof).configuring
        if who:
            raise RemoteError(
                f"{who} is in configuration mode on this device: not confirmed, since that would keep half of what "
                f"they do. The revert takes back everybody's edits since {self.armed_since}, theirs too: tell them"
            )

    def save(self, proof: Armed) -> list[str]:
        """Save as planned. Gives what is to be told."""
        if not self.arming.save:
            return ["left unsaved: running and startup differed before"]
        try:
            wrong = _rejected(proof.execute(self.arming.save, _LINE_SECONDS)) or self.safeguard.saved(proof)
        except RemediationError as error:
            wrong = error.message
        self.unsaved = bool(wrong)
        self.record.note("saved", self.host, wrong=wrong, commands=list(self.arming.save))
        return [f"the change is in effect and NOT saved: {wrong}"] if wrong else []

    def back(self, look: Callable[[Armed], str | None]) -> str | None:
        """
        Let the device go back, and prove that it did. ``look`` reads it through a new session and says what still
        differs. Gives what is wrong in the end, or ``None``.
        """
        if self.arming.kind == "unarmed":
            return "it was not armed, so nothing goes back by itself"
        self._tell()
        deadline = self.armed_at + 60.0 * self.arming.minutes + _EXTRA
        wrong = "the device was not reached again"
        while time.monotonic() < deadline:
            try:
                session = self.session.again()
            except TransportError as error:
                wrong = f"the device cannot be reached: {error.message}"
            else:
                wrong = _looked(session, look)
            if not wrong:
                self.record.note("reverted", self.host)
                return None
            time.sleep(_PAUSE)  # not the stop event: an interrupted run must still learn how the device stands
        self.record.note("not-reverted", self.host, wrong=wrong)
        return wrong

    def _tell(self) -> None:
        """Ask the device to go back at once. If it cannot be asked its timer does the same a little later."""
        if not self.arming.revert:
            return
        try:
            self.session.execute(self.arming.revert, _LINE_SECONDS)
        except RemediationError as error:
            self.record.note("revert-not-told", self.host, reason=error.message)


def _looked(session: Armed, look: Callable[[Armed], str | None]) -> str:
    try:
        return look(session) or ""
    except RemediationError as error:
        return error.message
    finally:
        session.close()


def _rejected(answers: Sequence[Answer]) -> str | None:
    """The device's own words for the first line that it did not take."""
    wrong = next((answer for answer in answers if not answer.ok), None)
    return None if wrong is None else " ".join(wrong.text.split()) or "no answer"
