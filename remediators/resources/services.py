"""
Services: read with ``sc`` and ``reg``, written with ``sc config`` and ``net``.

``service:NAME#state`` (running stopped paused) and ``#start_mode`` (auto delayed manual disabled boot system) can be
written; ``#dependents`` (``[name, state]`` in the order in which they must stop), ``#needs`` (names) and ``#display``
are read only. What is not in the order of lines, in digits or in exit codes is localised and not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from remediators.model import (
    ABSENT,
    Action,
    Address,
    Answer,
    Change,
    Command,
    OutOfScope,
    Performance,
    Query,
    Reading,
    Refused,
    Restoration,
    Scope,
    Snapshot,
    Step,
    Unread,
    Value,
    decode,
    encode,
)
from remediators.quoting import cmd
from remediators.resources import service_control as control

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
START_MODES = ("boot", "system", "auto", "manual", "disabled")  # by the digit in the registry
STATES = {1: "stopped", 4: "running", 7: "paused"}
PENDING = {2: "starting", 3: "stopping", 5: "going on", 6: "pausing"}
CLUSTERED = Address("host", "exchange-cluster")

_NOT_INSTALLED = (1060, 36)  # 36 is 1060 where only eight bits of a status survive
_DENIED = 5
_LINE = re.compile(r"^\s{2,4}(\S.*?)(?:\t+|\s{2,})(REG_\w+)(?:(?:\t+|\s{2,})(.*))?$")
_LABELLED = re.compile(r"^(\S[^:]*?)\s*:\s?(.*)$")
_DETAIL = re.compile(r"^\s+\S[^:(]*:\s*([0-9a-fA-Fx]+)\b")
_FROM_KEY = frozenset({"start_mode", "needs", "display"})
_READ_ONLY = frozenset({"dependents", "needs", "display"})
_LONGEST_RESTART = cmd.LONGEST_LINE - 500  # a stop and its start travel in one command line
_FENCE = 90  # what a session adds to each command


def part(name: str, what: str) -> Address:
    """The address of one thing about a service: ``state``, ``start_mode``, ``dependents``, ``needs`` or ``display``."""
    return Address("service", f"{encode(name)}#{what}")


def split(address: Address) -> tuple[str, str]:
    """A service's name and what of it is meant; empty for the service itself, as in an action."""
    name, _, what = address.path.partition("#")
    return decode(name), what


def read(addresses: Iterable[Address], known: Snapshot) -> Iterator[Query]:
    """Questions whose scopes cover these addresses; a second one where the first could not tell if a service exists."""
    wanted = [(*split(address), address) for address in addresses]
    for name, what, _ in wanted:
        if what in _FROM_KEY:
            yield _key(name)
        elif what == "dependents":
            yield _dependents(name)
        elif what == "state":
            yield _state(name)
    for _, _, address in wanted:
        if address in known.inexact:
            yield _existence(address)


def exists(name: str, known: Snapshot) -> bool:
    """Whether a service whose state was asked for is installed. Raises `Unread` where that is not known."""
    address = part(name, "state")
    try:
        return known[address] is not ABSENT
    except Unread:
        if address in known.inexact or address not in known.unread:
            raise
        return True  # it is on its way from one state to another, so it is there


def dependents(name: str, known: Snapshot) -> list[tuple[str, str]]:
    """``(name, state)`` of all that depends on a service, in the order to stop them. Raises `Unread`."""
    return [(str(other), str(state)) for other, state in known[part(name, "dependents")] or ()]


def running_dependents(name: str, known: Snapshot) -> list[str]:
    """
    Dependents that would have to stop, in that order.

    Raises `Refused` where one of them is paused or on its way, since that could not be brought back; `Unread`.
    """
    found = [(other, state) for other, state in dependents(name, known) if state != "stopped"]
    for other, state in found:
        if state != "running":
            raise Refused(f"{other}, which depends on {name}, is {state}: let it run or stop it first")
    return [other for other, _ in found]


# -- a cluster with Exchange in it -----------------------------------------------------------------------------------


def cluster_queries(known: Snapshot) -> Iterator[Query]:
    """What must be read to tell whether Exchange is clustered: a second question only where there is a cluster."""
    installed = part("ClusSvc", "state")
    yield from read([installed], known)
    if known.knows(installed) and installed not in known.inexact and exists("ClusSvc", known):
        yield Query(
            str(CLUSTERED),
            (cmd.program("reg", "query", r"HKLM\Cluster\Resources", "/s"),),
            Scope(frozenset({CLUSTERED})),
            _parse_cluster,
        )


def clustered(known: Snapshot) -> bool:
    """Whether this host belongs to a cluster that has Exchange resources. Raises `Unread`."""
    return exists("ClusSvc", known) and bool(known[CLUSTERED])


def _parse_cluster(answers: Sequence[Answer]) -> Reading:
    if not answers[0].ok:
        return Reading(unread={CLUSTERED: "the cluster's resources could not be read from HKLM\\Cluster"})
    types = [data for name, _, data in _values(answers[0].text) if name.upper() == "TYPE"]
    return Reading({CLUSTERED: any(kind.upper().startswith("MICROSOFT EXCHANGE") for kind in types)})


# -- questions -------------------------------------------------------------------------------------------------------


def _state(name: str) -> Query:
    return _question("state", name, (cmd.program("sc", "query", name),), ("state",), _parse_state)


def _key(name: str) -> Query:
    command = cmd.program("reg", "query", f"{SERVICES}\\{name}")
    return _question("key", name, (command,), ("start_mode", "needs", "display"), _parse_key)


def _dependents(name: str) -> Query:
    # 16384 is the buffer for the answer; without it sc gives up where there are more than a few.
    command = cmd.program("sc", "enumdepend", name, "16384")
    return _question("dependents", name, (command,), ("dependents",), _parse_dependents)


def _question(word: str, name: str, commands: tuple[Command, ...], whats: tuple[str, ...], parse: Any) -> Query:
    addresses = tuple(part(name, what) for what in whats)
    title = f"service-{word}:{encode(name.upper())}"
    return Query(title, commands, Scope(frozenset(addresses)), lambda answers: parse(answers[0], *addresses))


def _existence(address: Address) -> Query:
    title = f"service-exists:{address.identity}"
    command = cmd.program("reg", "query", SERVICES)
    return Query(title, (command,), Scope(frozenset({address})), lambda answers: _parse_existence(answers[0], address))


def _parse_state(answer: Answer, address: Address) -> Reading:
    if answer.status in _NOT_INSTALLED:
        return Reading()
    if answer.status == _DENIED:
        return Reading(unread={address: _denied()})
    blocks = _blocks(answer.text)
    if not answer.ok or len(blocks) != 1:
        return Reading(inexact=frozenset({address}))
    state = blocks[0][1]
    if state in STATES:
        return Reading({address: STATES[state]})
    return Reading(unread={address: f"the service is {PENDING.get(state, f'in state {state}')}; wait until it settles"})


def _parse_key(answer: Answer, start_mode: Address, needs: Address, display: Address) -> Reading:
    if not answer.ok:
        return Reading(inexact=frozenset({start_mode, needs, display}))
    values = {name.upper(): data for name, _, data in _values(answer.text)}
    found: dict[Address, Value] = {needs: _multi(values.get("DEPENDONSERVICE", ""))}
    if "DISPLAYNAME" in values:
        found[display] = values["DISPLAYNAME"]
    mode = _mode(values)
    if mode is None:
        return Reading(found, unread={start_mode: "the registry has no start type that Windows knows"})
    return Reading({**found, start_mode: mode})


def _parse_dependents(answer: Answer, address: Address) -> Reading:
    if answer.status in _NOT_INSTALLED:
        return Reading()
    counted = re.search(r"^\S.*=\s*(\d+)\s*$", answer.text, re.MULTILINE)
    blocks = _blocks(answer.text)
    if not answer.ok or counted is None or int(counted[1]) != len(blocks):
        return Reading(unread={address: f"sc enumdepend gave status {answer.status} and no list that can be used"})
    states = {**STATES, **PENDING}
    return Reading({address: [[name, states.get(state, str(state))] for name, state in blocks]})


def _parse_existence(answer: Answer, address: Address) -> Reading:
    """The list of all services settles it: what is not in it is not installed."""
    name, _ = split(address)
    prefix = "HKEY_LOCAL_MACHINE" + SERVICES[4:] + "\\"
    lines = [line.strip() for line in answer.text.splitlines()]
    names = {line[len(prefix) :].upper() for line in lines if line.upper().startswith(prefix.upper())}
    if not answer.ok or not names:
        return Reading(unread={address: "neither sc nor the registry would say whether the service exists"})
    if name.upper() in names:
        return Reading(unread={address: "the service exists, but nothing could be read of it; is access denied?"})
    return Reading({address: ABSENT})


def _denied() -> str:
    return "access is denied (5): is the account in Administrators?"


def _blocks(text: str) -> list[tuple[str, int]]:
    """
    ``(name, digit of the state)`` of each service in what ``sc query`` or ``sc enumdepend`` said.

    A service is one or two lines at the margin (its name, its display name) with indented lines under them, of which
    the first is its type and the second its state.
    """
    found: list[tuple[str, int]] = []
    heads: list[str] = []
    details: list[str] = []
    for line in [*text.splitlines(), ""]:
        if _DETAIL.match(line) and heads:
            details.append(line)
        elif not line.strip():
            heads, details = [], []
        elif line[:1].strip():
            heads.append(line)
        if len(details) == 2:
            found.extend(_block(heads, details[1]))
            heads, details = [], []
    return found


def _block(heads: Sequence[str], state: str) -> Iterator[tuple[str, int]]:
    # sc says how many there are on a line of its own, which a blank line parts from the first service's name; should
    # that blank line be missing, the name is the last line but one.
    match = _LABELLED.match(heads[-2] if len(heads) > 1 else heads[0])
    digit = _DETAIL.match(state)
    if match and digit and digit[1].isdigit():
        yield match[2].strip(), int(digit[1])


def _values(text: str) -> Iterator[tuple[str, str, str]]:
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            yield match[1], match[2], (match[3] or "").strip()


def _multi(text: str) -> list[str]:
    return [item for item in text.split("\\0") if item]


def _mode(values: Mapping[str, str]) -> str | None:
    try:
        mode = START_MODES[int(values["START"], 0)]
    except (KeyError, ValueError, IndexError):
        return None
    return "delayed" if mode == "auto" and values.get("DELAYEDAUTOSTART") == "0x1" else mode


# -- the kind of resource --------------------------------------------------------------------------------------------


class ServiceKind:
    """How services are read and written."""

    kinds = frozenset({"service"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        return read(addresses, known)

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        """Stops, then start modes, then starts: a service is never started in a mode that it is about to lose."""
        stops = [change for change in changes if _sets(change, "state", "stopped")]
        modes = [change for change in changes if split(change.address)[1] == "start_mode"]
        starts = [change for change in changes if _sets(change, "state", "running")]
        return [
            *(_step(control.stop(_name(change)), change) for change in _dependents_first(stops, known)),
            *(_step(control.set_start_mode(_name(change), change.after), change) for change in modes),
            *(_step(control.start(_name(change)), change) for change in starts),
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
