"""
How a Cisco device is committed safely: which timer it has, and what stands in the way of using it.

Facts: `configure terminal revert timer` needs `archive` with a `path` (IOS 12.4(20)T and later; NAPALM's ios driver);
neither ASA nor PIX has it, PIX 6 has no `reload in` either, and a booting ASA takes the running config of its active
peer back (Cisco, 85 to 95 % sure).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from remediators.model import (
    Address,
    Answer,
    Armed,
    Arming,
    Change,
    Command,
    Query,
    Reading,
    Refused,
    RemoteError,
    Scope,
    Snapshot,
)
from remediators.quoting.config_line import masked
from remediators.resources.config_lockout import lockout
from remediators.resources.config_text import same

MINUTES = 5  # the least; the article of caution: connecting, showing and checking must fit twice
RUNNING, STARTUP, RELOAD, TIMER, FAILOVER = (
    Address("host", name) for name in ("running", "startup", "reload", "rollback-timer", "failover")
)
_ASKED = {
    "ios": {
        RUNNING: "show running-config",
        STARTUP: "show startup-config",
        RELOAD: "show reload",
        TIMER: "show archive config rollback timer",
    },
    "asa": {
        RUNNING: "show running-config",
        STARTUP: "show startup-config",
        RELOAD: "show reload",
        FAILOVER: "show failover",
    },
    "pix": {RUNNING: "show running-config", STARTUP: "show startup-config", FAILOVER: "show failover"},
}
_NO_RELOAD = re.compile(r"no reload is scheduled", re.IGNORECASE)
_NO_TIMER = re.compile(r"no rollback confirmed change pending|^\s*$|invalid input", re.IGNORECASE)
_ARCHIVE_PATH = re.compile(r"^archive[ \t]*\r?\n(?:[ \t]+.*\r?\n)*?[ \t]+path \S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ConfigSafeguard:
    """Implements model's `Safeguard` for one platform: ``ios``, ``asa`` or ``pix``."""

    platform: str
    management: str | None = None  # the address that the session is connected to

    def queries(self, known: Snapshot) -> Iterable[Query]:
        for address, line in _ASKED[self.platform].items():
            scope = Scope(frozenset({address}))
            yield Query(f"guard {address}", (Command(line, line),), scope, partial(_text, address))

    def decide(self, known: Snapshot, changes: Sequence[Change], leave: Mapping[str, Any]) -> Arming:
        """Raises `Refused` with what would allow it, and `Unread`."""
        risks = lockout(changes, known, self.management)
        if risks and not leave.get("allow_lockout_risk"):
            raise Refused(f"this could lock us out: {'; '.join(risks)}. allow_lockout_risk: true does it all the same")
        clean = not same(str(known[RUNNING] or ""), str(known[STARTUP] or ""))
        _refuse_pending(known)
        save = _save(leave, clean=clean)
        if self.platform == "ios" and _ARCHIVE_PATH.search(str(known[RUNNING]) + "\n"):
            return _revert_timer(save, leave)
        hindrance = self._no_reload(known, clean=clean)
        if leave.get("allow_reload_fallback") and hindrance is None:
            return _reload(save, leave)
        if leave.get("allow_unarmed"):
            note = "not armed: nothing on the device undoes this change if it cuts us off"
            return Arming("unarmed", save=save, notes=(note, *_save_notes(save)), leave=dict(leave))
        raise Refused(_cure(self.platform, hindrance))

    def kept(self, known: Snapshot) -> str:
        return "\n".join(masked(line) for line in str(known[RUNNING] or "").splitlines()) + "\n"

    def left(self, session: Armed, arming: Arming, ago: float) -> float:
        """Seconds until the device goes back, by our clock; it is asked whether its timer still runs at all."""
        line = {"revert-timer": "show archive config rollback timer", "reload": "show reload"}[arming.kind]
        (answer,) = session.execute([line], 60.0)
        idle = _NO_TIMER if arming.kind == "revert-timer" else _NO_RELOAD
        if idle.search(answer.text):
            raise RemoteError("the device's timer does not run any more: it has gone back, or somebody else confirmed")
        return 60.0 * arming.minutes - ago

    def saved(self, session: Armed) -> str | None:
        texts = [answer.text for answer in session.execute(["show running-config", "show startup-config"], 120.0)]
        differing = same(*texts)
        return f"startup still differs from running: {differing[0]}" if differing else None

    def _no_reload(self, known: Snapshot, *, clean: bool) -> str | None:
        """Why ``reload in`` cannot serve as the timer, or ``None``."""
        if self.platform == "pix":
            return "PIX 6 has no `reload in`"
        if not clean:
            return "running and startup differ, so a reload would lose what somebody else left unsaved"
        if self.platform == "asa" and re.search(r"^Failover On", str(known[FAILOVER] or ""), re.MULTILINE):
            return "it has a failover peer, whose running config it would take back when it boots"
        return None


def _text(address: Address, answers: Sequence[Answer]) -> Reading:
    # A device that does not know the question has no such timer: its refusal is kept as the answer.
    return Reading({address: answers[0].text})


def _refuse_pending(known: Snapshot) -> None:
    if known.knows(RELOAD) and "scheduled" in str(known[RELOAD]) and not _NO_RELOAD.search(str(known[RELOAD])):
        raise Refused(f"somebody has scheduled a reload of this device: {_one_line(known[RELOAD])}")
    if known.knows(TIMER) and not _NO_TIMER.search(str(known[TIMER] or "")):
        raise Refused(f"somebody's revert timer runs on this device: {_one_line(known[TIMER])}")


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())[:200]


def _save(leave: Mapping[str, Any], *, clean: bool) -> tuple[str, ...]:
    wanted = leave.get("save", "when_clean")
    return ("write memory",) if wanted == "always" or (wanted == "when_clean" and clean) else ()


def _save_notes(save: tuple[str, ...]) -> Iterator[str]:
    if not save:
        yield "left unsaved: running and startup differ already, or save: never was said"


def _revert_timer(save: tuple[str, ...], leave: Mapping[str, Any]) -> Arming:
    return Arming(
        kind="revert-timer",
        minutes=MINUTES,
        arm=(f"configure terminal revert timer {MINUTES}",),
        confirm=("configure confirm",),
        save=save,
        revert=("configure revert now",),
        console="`configure confirm` keeps the change, `configure revert now` takes it back at once",
        notes=(f"armed with the device's own revert timer: {MINUTES} minutes", *_save_notes(save)),
        leave=dict(leave),
    )


def _reload(save: tuple[str, ...], leave: Mapping[str, Any]) -> Arming:
    return Arming(
        kind="reload",
        minutes=MINUTES,
        arm=(f"reload in {MINUTES}",),
        confirm=("reload cancel",),
        save=save,
        console="`reload cancel` keeps the change; without it the device reboots into its startup configuration",
        notes=(
            f"armed by a reload in {MINUTES} minutes: if anything fails the device REBOOTS, an outage",
            *_save_notes(save),
        ),
        leave=dict(leave),
    )


def _cure(platform: str, hindrance: str | None) -> str:
    if platform == "ios":
        first = "no `archive` with a `path` is configured, so the device has no revert timer"
    else:
        first = f"{platform.upper()} has no revert timer"
    if hindrance:
        return f"{first}, and {hindrance}; allow_unarmed: true changes it without a way back of its own"
    return f"{first}: allow_reload_fallback: true arms it by `reload in {MINUTES}`, allow_unarmed: true not at all"
