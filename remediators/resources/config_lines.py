"""
Lines of the running configuration of IOS, ASA and PIX.

``show running-config`` is asked once and answers for every line: what is not in it is absent. What a change is typed
as stands in `config_steps`, what the addresses and their values are in `config_addresses`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from remediators.model import (
    ABSENT,
    Action,
    Address,
    Answer,
    Change,
    Performance,
    Query,
    ReadFailed,
    Reading,
    Refused,
    Restoration,
    Scope,
    Snapshot,
    Step,
    Value,
)
from remediators.quoting import config_line
from remediators.resources.config_addresses import (
    PLATFORM,
    RELEASE,
    ROOT,
    address,
    is_ordered,
    path_of,
    place,
    platform,
    shape,
)
from remediators.resources.config_rules import is_physical, rank
from remediators.resources.config_steps import steps
from remediators.resources.config_text import KEPT, Config, Path, read, same

__all__ = ["PLATFORM", "RELEASE", "ConfigKind", "address", "running", "same", "values"]

_SECONDS = 120.0  # a 2600 takes 20 s
_BACK = "what is there now could not be put back: "


def running() -> Query:
    """The whole running configuration, and whose language it is in."""
    command = config_line.line("show running-config", seconds=_SECONDS)
    scope = Scope(exact=frozenset({PLATFORM, RELEASE}), below=frozenset({ROOT}))
    return Query("show running-config", (command,), scope, lambda answers: _parse(answers[0]))


def _parse(answer: Answer) -> Reading:
    if not answer.ok:
        raise ReadFailed(f"the device does not show its running config: {' '.join(answer.text.split())[:200]}")
    return _values_of(answer.text)


@lru_cache(maxsize=KEPT)
def _values_of(text: str) -> Reading:
    return values(read(text))


def values(config: Config) -> Reading:
    """The value of every address of a configuration."""
    found: dict[Address, Value] = {PLATFORM: config.platform, RELEASE: config.version}
    unread: dict[Address, str] = {}
    doubts: dict[Address, str] = {}
    for line in config.lines:
        spot = place(line.path)
        if line.body:
            unread[_opaque(line.path)] = "it is a text of several lines, which cannot be typed line by line"
            continue
        if any("\ufffd" in part for part in line.path):
            doubts[spot.address] = "it has characters that are no text"
        _put(found, line.path)
    return Reading(found, unread, doubts=doubts)


def _put(found: dict[Address, Value], path: Path) -> None:
    spot = place(path)
    if spot.entry is not None:
        found.setdefault(spot.address, []).append(spot.entry)
    elif is_ordered(path):
        found.setdefault(spot.address, [])
    else:
        found[spot.address] = "present"


def _opaque(path: Path) -> Address:
    """What a text of several lines is called: its line up to the text."""
    return address(path[-1].replace("\x03", "^C").partition("^C")[0].strip(), path[:-1])


class ConfigKind:
    """How lines of a running configuration are read and typed."""

    kinds = frozenset({"config"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        return [running()]

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        """The exact lines, in order: parents first, additions before removals."""
        return steps(changes, known)

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        reason = _untypable(change)
        if not reason and path_of(change.address)[0].startswith("username ") and platform(known) == "ios":
            reason = "IOS asks before it takes a user out, and takes all lines of that user; change users by hand"
        if reason:
            return f"{config_line.masked(str(change.address))}: {reason}"
        later = known.overlay({change.address: change.after})
        for role, one, seen in (("", change, known), (_BACK, change.inverse(), later)):
            try:
                _try(one, seen)
            except Refused as refusal:
                return f"{change.address}: {role}{refusal.message}"
        return None

    def perform(self, action: Action, known: Snapshot) -> Performance:
        raise Refused(f"a configuration has no action {action.verb}")

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        """What was there comes back first, orders before what is in them, names before uses; then the new goes."""
        backwards = list(reversed(changes))
        back = sorted((c for c in backwards if c.before is not ABSENT), key=_turn)
        gone = sorted((c for c in backwards if c.before is ABSENT), key=lambda c: -rank(path_of(c.address)[0]))
        return [*_restorations(back), *_restorations(gone)]

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterator[str]:
        for change in changes:
            name = path_of(change.address)[0]
            if is_ordered((name,)) and shape(name) == "classes" and _turns(change, known):
                yield f"classes of `{name}` are taken out and put back in the same step, to keep their order"


def _try(change: Change, known: Snapshot) -> None:
    """Raise `Refused` where this change by itself cannot be typed; lines that replace others are tried in `write`."""
    for line in path_of(change.address):
        config_line.check(line)
    if is_ordered(path_of(change.address)):
        steps([change], known)


def _turns(change: Change, known: Snapshot) -> bool:
    lines = [command.line for step in steps([change], known) for command in step.commands]
    return any(line.startswith("no class ") and line.removeprefix("no ") in lines for line in lines)


def _untypable(change: Change) -> str | None:
    path = path_of(change.address)
    held = [*path, *(change.before or ()), *(change.after or ())] if is_ordered(path) else [*path]
    if is_physical(path):
        return (
            "the device has no such interface, and one of the hardware is not made by a line"
            if change.before is ABSENT
            else "an interface of the hardware cannot be removed; take out the lines in it"
        )
    if any(config_line.has_secret(line) for line in held):
        return "it holds a secret, which would stand in plan and journal in the clear; change it by hand"
    return None


# -- the way back ------------------------------------------------------------------------------------------------------


def _turn(change: Change) -> tuple[int, bool]:
    path = path_of(change.address)
    return rank(path[0]), not is_ordered(path)


def _restorations(changes: Iterable[Change]) -> Iterator[Restoration]:
    """One task for each ordered section, and one for neighbouring lines below the same parents."""
    gathered: list[Change] = []
    for change in changes:
        if gathered and (_kind(change) != _kind(gathered[0]) or is_ordered(path_of(change.address))):
            yield _restoration(gathered)
            gathered = []
        gathered.append(change)
    if gathered:
        yield _restoration(gathered)


def _kind(change: Change) -> tuple[Path, bool, bool]:
    path = path_of(change.address)
    return path[:-1], change.before is ABSENT, is_ordered(path)


def _restoration(changes: Sequence[Change]) -> Restoration:
    first = changes[0]
    path, addresses = path_of(first.address), tuple(change.address for change in changes)
    options: dict[str, Any] = {"as_shown": True}
    if is_ordered(path) and first.before:
        options |= {"parents": [path[0]], "lines": list(first.before), "whole": True}
        return Restoration("ios_config", options, f"{path[0]}: its lines in their order", addresses)
    if path[:-1]:
        options["parents"] = list(path[:-1])
    options["lines"] = [path_of(change.address)[-1] for change in changes]
    if first.before is ABSENT:
        options["state"] = "absent"
    said = "was not there" if first.before is ABSENT else "was there"
    return Restoration("ios_config", options, f"{' > '.join(path[:-1]) or 'configuration'}: {said}", addresses)
