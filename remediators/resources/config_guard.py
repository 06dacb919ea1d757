"""
How a Cisco device is committed safely: which timer it has, and what stands in the way of using it.

Facts: `configure terminal revert timer` needs `archive` with a `path` (IOS 12.4(20)T and later; NAPALM's ios driver);
neither ASA nor PIX has it, PIX 6 has no `reload in` either, and a booting ASA takes the running config of its active
peer back (Cisco, 85 to 95 % sure).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from remediators.model import (
    Address,
    Answer,
    Armed,
    Arming,
    Change,
    Command,
    Company,
    Query,
    Reading,
    Refused,
    RemoteError,
    Scope,
    Snapshot,
)
from remediators.resources.config_company import holder_of_lock, logged_on, reload_in
from remediators.resources.config_lockout import lockout
from remediators.resources.config_text import same
from remediators.resources.config_transit import cut_off

MOST_MINUTES = 120  # of `configure terminal revert timer` (Cisco, 85 % sure)
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
_ASK_SECONDS = 60.0
_NO_RELOAD = re.compile(r"no reload is scheduled", re.IGNORECASE)
_NO_TIMER = re.compile(r"no rollback confirmed change pending|^\s*$|invalid input", re.IGNORECASE)
# Of the commands of ASA in multiple mode `reload` is the system's only (Cisco's command reference, 90 % sure).
_CONTEXT = re.compile(r"^(?:ASA|PIX) Version \S+ <context>", re.MULTILINE)
_ARCHIVE_PATH = re.compile(r"^archive[ \t]*\r?\n(?:[ \t]+.*\r?\n)*?[ \t]+path \S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ConfigSafeguard:
    """Implements model's `Safeguard` for one platform: ``ios``, ``asa`` or ``pix``."""

    platform: str
    management: str | None = None  # the address that the session is connected to
    behind: Mapping[str, str] = field(default_factory=dict)  # hosts of the run that it stands in front of: address

    def queries(self, known: Snapshot) -> Iterable[Query]:
        for address, line in _ASKED[self.platform].items():
            scope = Scope(frozenset({address}))
            yield Query(f"guard {address}", (Command(line, line),), scope, partial(_text, address))

    def decide(self, known: Snapshot, changes: Sequence[Change], leave: Mapping[str, Any], minutes: int) -> Arming:
        """Raises `Refused` with what would allow it, and `Unread`."""
        told = (*self._risks(known, changes, leave), *_stood_behind(self.behind))
        arming = self._armed(known, leave, minutes)
        return replace(arming, notes=(*arming.notes, *told))

    def _risks(self, known: Snapshot, changes: Sequence[Change], leave: Mapping[str, Any]) -> Iterator[str]:
        """What could cut us or hosts behind the device off. Raises `Refused` where that is not allowed."""
        own, theirs = lockout(changes, known, self.management), cut_off(changes, known, self.management, self.behind)
        if not leave.get("allow_lockout_risk"):
            risks = [f"this could lock us out: {'; '.join(own)}"] if own else []
            risks += [f"this could cut off {_some(self.behind)} behind it: {'; '.join(theirs)}"] if theirs else []
            if risks:
                raise Refused(f"{'. '.join(risks)}. allow_lockout_risk: true does it all the same")
        yield from (f"RISK, allowed by allow_lockout_risk: {risk}" for risk in dict.fromkeys([*own, *theirs]))

    def _armed(self, known: Snapshot, leave: Mapping[str, Any], minutes: int) -> Arming:
        clean = not same(str(known[RUNNING] or ""), str(known[STARTUP] or ""))
        _refuse_pending(known)
        save = _save(leave, clean=clean)
        notes = tuple(_save_notes(save, leave, clean=clean))
        if self.platform == "ios" and _ARCHIVE_PATH.search(str(known[RUNNING]) + "\n"):
            return _revert_timer(save, notes, leave, minutes)
        hindrance = self._no_reload(known, clean=clean)
        if leave.get("allow_reload_fallback") and hindrance is None:
            return _reload(save, notes, leave, minutes)
        if leave.get("allow_unarmed"):
            note = "not armed: nothing on the device undoes this change if it cuts us off"
            return Arming("unarmed", save=save, notes=(note, *notes), leave=dict(leave))
        raise Refused(_cure(self.platform, hindrance, minutes))

    def kept(self, known: Snapshot) -> str:
        return str(known[RUNNING] or "")

    def configuring(self, session: Armed) -> Company:
        """
        IOS tells who holds its configuration lock (`show configuration lock`, 12.3(14)T and later; sure to 85 % that
        it tells of sessions only where the lock is exclusive); ASA and PIX tell of nobody's mode but one's own.
        """
        if self.platform != "ios":
            return Company(untold=f"{self.platform.upper()} does not tell who is in configuration mode")
        (lock,) = session.execute(["show configuration lock"], _ASK_SECONDS)
        (users,) = session.execute(["show users"], _ASK_SECONDS)
        untold = "" if lock.ok else "this release does not tell who is in configuration mode"
        return Company(holder_of_lock(lock.text) if lock.ok else "", tuple(logged_on(users.text)), untold)

    def left(self, session: Armed, arming: Arming, ago: float) -> float:
        """
        Seconds until the device goes back, by our clock, or by the device's own where that has less.

        It is asked whether its timer still runs at all: somebody may have confirmed, or it has gone back.
        """
        line = {"revert-timer": "show archive config rollback timer", "reload": "show reload"}[arming.kind]
        (answer,) = session.execute([line], _ASK_SECONDS)
        idle = _NO_TIMER if arming.kind == "revert-timer" else _NO_RELOAD
        if idle.search(answer.text):
            raise RemoteError("the device's timer does not run any more: it has gone back, or somebody else confirmed")
        told = reload_in(answer.text) if arming.kind == "reload" else None
        ours = 60.0 * arming.minutes - ago
        return ours if told is None else min(ours, told)

    def saved(self, session: Armed) -> str | None:
        answers = session.execute(["show running-config", "show startup-config"], 120.0)
        wrong = next((answer for answer in answers if not answer.ok), None)
        if wrong:
            return f"startup could not be compared with running: {_one_line(wrong.text)}"
        differing = same(*(answer.text for answer in answers))
        return f"startup still differs from running: {differing[0]}" if differing else None

    def _no_reload(self, known: Snapshot, *, clean: bool) -> str | None:
        """Why ``reload in`` cannot serve as the timer, or ``None``."""
        if self.platform == "pix":
            return "PIX 6 has no `reload in`"
        if _CONTEXT.search(str(known[RUNNING] or "")):
            return "a security context has no `reload`: only the system has, and it would take all contexts down"
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


def _stood_behind(behind: Mapping[str, str]) -> Iterator[str]:
    if behind:
        yield f"{_some(behind)} behind it: worked on while none of them is"


def _some(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())[:200]


def _save(leave: Mapping[str, Any], *, clean: bool) -> tuple[str, ...]:
    wanted = leave.get("save", "when_clean")
    return ("write memory",) if wanted == "always" or (wanted == "when_clean" and clean) else ()


def _save_notes(save: tuple[str, ...], leave: Mapping[str, Any], *, clean: bool) -> Iterator[str]:
    """Whether running and startup differ already, and what becomes of it."""
    never = "left unsaved, for save: never was said"
    if clean:
        yield from () if save else (never,)
        return
    differ = "running and startup differ already"
    if save:
        yield f"{differ}, and save: always saves what somebody else left unsaved, too"
    elif leave.get("save") == "never":
        yield f"{never}; {differ}"
    else:
        yield f"left unsaved: {differ}"


def _revert_timer(save: tuple[str, ...], notes: tuple[str, ...], leave: Mapping[str, Any], minutes: int) -> Arming:
    if minutes > MOST_MINUTES:
        raise Refused(
            f"connecting, reading and all checks take so long that the timer would have to run for {minutes} minutes, "
            f"and this one runs for at most {MOST_MINUTES}: give the checks less time"
        )
    return Arming(
        kind="revert-timer",
        minutes=minutes,
        arm=(f"configure terminal revert timer {minutes}",),
        confirm=("configure confirm",),
        save=save,
        revert=("configure revert now",),
        console="`configure confirm` keeps the change, `configure revert now` takes it back at once",
        notes=(f"armed with the device's own revert timer: {minutes} minutes", *notes),
        leave=dict(leave),
    )


def _reload(save: tuple[str, ...], notes: tuple[str, ...], leave: Mapping[str, Any], minutes: int) -> Arming:
    return Arming(
        kind="reload",
        minutes=minutes,
        arm=(f"reload in {minutes}",),
        confirm=("reload cancel",),
        save=save,
        console="`reload cancel` keeps the change; without it the device reboots into its startup configuration",
        notes=(
            f"armed by a reload in {minutes} minutes: if anything fails the device REBOOTS, an outage",
            *notes,
        ),
        leave=dict(leave),
    )


def _cure(platform: str, hindrance: str | None, minutes: int) -> str:
    if platform == "ios":
        first = "no `archive` with a `path` is configured, so the device has no revert timer"
    else:
        first = f"{platform.upper()} has no revert timer"
    if hindrance:
        return f"{first}, and {hindrance}; allow_unarmed: true changes it without a way back of its own"
    return f"{first}: allow_reload_fallback: true arms it by `reload in {minutes}`, allow_unarmed: true not at all"
