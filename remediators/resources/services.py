"""
Services: read with ``sc`` and ``reg``, written with ``sc config`` and ``net``.

``service:NAME#state`` (running stopped paused) and ``#start_mode`` (auto delayed manual disabled boot system) can be
written; ``#dependents`` (``[name, state]`` in the order in which they must stop), ``#needs`` (names) and ``#display``
are read only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from remediators.model import (
    ABSENT,
    Action,
    Address,
    Change,
    Command,
    OutOfScope,
    Performance,
    Query,
    Refused,
    Restoration,
    Snapshot,
    Step,
    Unread,
    Value,
)
from remediators.quoting import cmd
from remediators.resources import service_control as control
from remediators.resources.service_questions import (
    CLUSTERED,
    cluster_queries,
    clustered,
    dependents,
    exists,
    part,
    read,
    running_dependents,
    split,
)

__all__ = [
    "CLUSTERED",
    "ServiceKind",
    "cluster_queries",
    "clustered",
    "dependents",
    "exists",
    "part",
    "read",
    "refuse_disabled",
    "restartable",
    "running_dependents",
    "split",
    "start_steps",
    "stop_steps",
]

_READ_ONLY = frozenset({"dependents", "needs", "display"})
_LONGEST_RESTART = cmd.LONGEST_LINE - 500  # a stop and its start travel in one command line
_FENCE = 90  # what a session adds to each command


class ServiceKind:
    """How services are read and written."""

    kinds = frozenset({"service"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        return read(addresses, known)

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        """
        Stops, then start modes, then starts: a service is never started in a mode that it is about to lose.

        One that is to run although it is disabled is started before: Windows starts nothing that is disabled.
        """
        stops = [change for change in changes if _sets(change, "state", "stopped")]
        modes = [change for change in changes if split(change.address)[1] == "start_mode"]
        starts = [change for change in changes if _sets(change, "state", "running")]
        closing = {_name(change).upper() for change in modes if change.after == "disabled"}
        first = starts if closing & {_name(change).upper() for change in starts} else []
        return [
            *(_step(control.stop(_name(change)), change) for change in _dependents_first(stops, known)),
            *(_step(control.start(_name(change)), change) for change in first),
            *(_step(control.set_start_mode(_name(change), change.after), change) for change in modes),
            *(_step(control.start(_name(change)), change) for change in starts if not first),
        ]

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        name, what = split(change.address)
        if what in _READ_ONLY:
            return f"{change.address} can only be read"
        if change.before is ABSENT or change.after is ABSENT:
            return f"{name} cannot be installed or removed as a service"
        if what == "state" and "paused" in (change.before, change.after):
            return f"{name} is paused, and could not be paused again afterwards: let it run or stop it first"
        if what == "start_mode" and "delayed" in (change.before, change.after) and _old(known):
            return f"{name}: Windows 5.x knows no delayed start"
        return _unspeakable(name)

    def perform(self, action: Action, known: Snapshot) -> Performance:
        """Restart a service with the dependents that run, all in one write; what ran before runs afterwards."""
        name, _ = split(action.address)
        if action.verb != "restarted":
            raise Refused(f"a service cannot be {action.verb} as an action")
        detail = action.detail or {}
        before = restartable(name, known)
        ran, note = _ran(name, known)
        refuse_disabled(ran, known)
        named = tuple(detail.get("dependents", ()))
        control.refuse_protected(name, ran, named, allowed=bool(detail.get("allow_store_restart")))
        steps = (*stop_steps(name, ran if before != "stopped" else [], before), *start_steps(name, ran))
        _refuse_long(name, steps)
        found = {part(name, "state"): before, **_found(name, known)}
        expects = {part(one, "state"): "running" for one in (name, *ran)}
        return Performance(steps, found, expects, (_restart_note(name, ran, before), *note))

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        """What started last stops first, and what stopped last starts first: the changes backwards."""
        names = dict.fromkeys(_name(change) for change in reversed(changes))
        return [_restoration(name, [change for change in changes if _name(change) == name]) for name in names]

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        for change in changes:
            name = _name(change)
            if _sets(change, "state", "stopped"):
                stays = "; mail stays stopped until it is started again" if name.upper() in control.MAIL else ""
                yield f"{name} stops{stays}"
            elif _sets(change, "state", "running"):
                yield f"{name} starts"


def stop_steps(name: str, ran: Sequence[str], before: str) -> Iterator[Step]:
    """One step: dependents in their order, then the service; nothing where it does not run."""
    if before == "stopped":
        return
    names = (*ran, name)
    yield Step(tuple(control.stop(one) for one in names), frozenset(part(one, "state") for one in names))


def start_steps(name: str, ran: Sequence[str]) -> Iterator[Step]:
    """A step for each, so that one failure does not keep the others down; they run whatever happened before."""
    for one in (name, *reversed(ran)):
        yield Step((control.start(one),), frozenset({part(one, "state")}), always=True)


def restartable(name: str, known: Snapshot) -> str:
    before = known[part(name, "state")]
    if before is ABSENT:
        raise Refused(f"there is no service {name} on this host")
    if before == "paused":
        raise Refused(f"{name} is paused: let it run or stop it first")
    mode = part(name, "start_mode")
    if known.readable(mode) and known[mode] == "disabled":
        raise Refused(f"{name} is disabled, so it could not be started again")
    return str(before)


def refuse_disabled(names: Iterable[str], known: Snapshot) -> None:
    """Raise `Refused` where one of these services, which run, is known to be disabled: a stop would be for good."""
    for name in names:
        mode = part(name, "start_mode")
        if known.readable(mode) and known[mode] == "disabled":
            raise Refused(
                f"{name} runs although it is disabled: once stopped, it could not be started again. Set its "
                "start_mode to manual first"
            )


def _ran(name: str, known: Snapshot) -> tuple[list[str], tuple[str, ...]]:
    """Dependents that run; where they cannot be told, none, with a note: net stops nothing that is not named."""
    try:
        return running_dependents(name, known), ()
    except (Unread, OutOfScope):
        return [], (f"what depends on {name} could not be read: if any of it runs, Windows refuses the stop",)


def _found(name: str, known: Snapshot) -> dict[Address, Value]:
    listed = part(name, "dependents")
    rows = dependents(name, known) if known.readable(listed) else []
    return {part(other, "state"): state for other, state in rows}


def _restart_note(name: str, ran: Sequence[str], before: str) -> str:
    if before == "stopped":
        return f"{name} does not run; it is started"
    company = f", with {', '.join(ran)}" if ran else ""
    return f"{name} stops and starts again{company}{control.price(name, ran)}"


def _refuse_long(name: str, steps: Sequence[Step]) -> None:
    length = sum(len(command.line) + _FENCE for step in steps for command in step.commands)
    if length > _LONGEST_RESTART:
        raise Refused(f"too much depends on {name}: its stop and start do not fit into one command line")


def _dependents_first(stops: Sequence[Change], known: Snapshot) -> list[Change]:
    """A service with fewer dependents never waits for one with more; where that is not known, the order given."""
    listed = {change.address: part(_name(change), "dependents") for change in stops}
    if not all(map(known.readable, listed.values())):
        return [*stops]
    return sorted(stops, key=lambda change: len(known[listed[change.address]] or ()))


def _step(command: Command, change: Change) -> Step:
    return Step((command,), frozenset({change.address}))


def _sets(change: Change, what: str, value: str) -> bool:
    return split(change.address)[1] == what and change.after == value


def _name(change: Change) -> str:
    return split(change.address)[0]


def _old(known: Snapshot) -> bool:
    version = Address("host", "version")
    return known.readable(version) and str(known[version]).startswith("5.")


def _unspeakable(name: str) -> str | None:
    try:
        control.word(name)
    except Refused as refusal:
        return refusal.message
    return None


def _restoration(name: str, changes: Sequence[Change]) -> Restoration:
    before = {split(change.address)[1]: change.before for change in changes}
    options: dict[str, Any] = {"name": name}
    if "state" in before:
        options["state"] = "started" if before["state"] == "running" else before["state"]
    if "start_mode" in before:
        options["start_mode"] = before["start_mode"]
    if options.get("state") == "stopped" and name.upper() in control.PROTECTED:
        options["allow_store_restart"] = True
    for change in changes:
        options.update(change.detail or {})
    said = ", ".join(f"{split(change.address)[1]} was {change.before}" for change in changes)
    return Restoration("service", options, f"{name}: {said}", tuple(change.address for change in changes))
