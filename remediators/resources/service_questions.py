"""
How services are asked for, with ``sc`` and ``reg``, and what the answers mean.

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
    Address,
    Answer,
    Command,
    Query,
    Reading,
    Refused,
    Scope,
    Snapshot,
    Unread,
    Value,
    decode,
    encode,
)
from remediators.quoting import cmd

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
    """
    ``(name, state)`` of all that depends on a service, in the order to stop them. Raises `Unread`.

    Where a dependent's own state is known, that counts: an earlier task may be about to change it.
    """
    return [(str(other), _state_of(str(other), str(state), known)) for other, state in _listed(name, known)]


def _listed(name: str, known: Snapshot) -> list[list[str]]:
    return known[part(name, "dependents")] or []


def _state_of(name: str, listed: str, known: Snapshot) -> str:
    own = part(name, "state")
    return str(known[own]) if known.readable(own) and known[own] is not ABSENT else listed


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
