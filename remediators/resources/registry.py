r"""
The registry: how its values and keys are read, written and put back.

Addresses are ``registry:HKLM\SOFTWARE\X:Name`` and ``registry-key:HKLM\SOFTWARE\X``; the canonical form of a value is
in `registry_values`, a key that exists is ``"present"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from remediators.model import (
    Action,
    Address,
    Change,
    Performance,
    Query,
    Refused,
    RemediationError,
    Restoration,
    Snapshot,
    Step,
    Value,
    is_below,
)
from remediators.quoting.cmd import MASK
from remediators.resources import host
from remediators.resources.registry_addresses import (
    KINDS,
    UNNAMED,
    Place,
    ancestors,
    key,
    key_path,
    lineage,
    place,
    value,
)
from remediators.resources.registry_exports import values_root
from remediators.resources.registry_findings import PRESENT
from remediators.resources.registry_questions import contents, read_tree, read_values
from remediators.resources.registry_steps import steps
from remediators.resources.registry_values import canonical, words
from remediators.resources.registry_views import reg

__all__ = [
    "PRESENT",
    "UNNAMED",
    "WHOLE",
    "Place",
    "RegistryKind",
    "ancestors",
    "canonical",
    "check_view",
    "contents",
    "key",
    "key_path",
    "lineage",
    "place",
    "read_tree",
    "read_values",
    "value",
    "words",
]


WHOLE: Mapping[str, Any] = {"whole": True}  # `Change.detail` of a key that goes with everything in it
_LONGEST_WORDS = 80  # characters of a value in a comment


def check_view(view: str, known: Snapshot) -> None:
    """Raise `Refused` where the host has no such view of the registry."""
    reg(view, known)


class RegistryKind:
    """Implements model's `ResourceKind` for registry values and keys."""

    kinds = KINDS

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        """Questions whose scopes cover these addresses; keys that are to go whole are read with all that is in them."""
        wanted = list(addresses)
        yield from read_values(wanted, known)
        whole = [address for address in wanted if details.get(address) == WHOLE]
        for address in whole:
            if not any(other != address and is_below(address, other) for other in whole):
                yield from read_tree(address, known)

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        """
        Additions before removals; a value is set before its key could be missed.

        Raises `Refused`, also where a key that goes holds something else: ``reg delete`` would take that too.
        """
        _refuse_strangers(changes, known)
        return list(steps(changes, known))

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        """Why the change or its way back could not be written."""
        try:
            for way in (change, change.inverse()):
                list(steps([way], known))
        except RemediationError as error:
            return f"{change.address}: {error.message}"
        at = place(change.address)
        both_ways = _text_of(change.before) + _text_of(change.after)
        lost = host.unreadable(f"{at.key}\\{at.name or ''}{both_ways}", known)
        return f"{change.address}: {lost}" if lost else None

    def perform(self, action: Action, known: Snapshot) -> Performance:
        """The registry has values and nothing to do. Raises `Refused`."""
        raise Refused(f"nothing can be {action.verb} in the registry")

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        """Removed keys come back first, then values; created keys go last, and only if they are empty then."""
        keys = [change for change in changes if place(change.address).name is None]
        back = sorted((c for c in keys if c.before is not None), key=_depth)
        away = sorted((c for c in keys if c.before is None), key=_depth, reverse=True)
        return [*map(_key_back, back), *_values_back(changes), *map(_key_away, away)]

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        """What a way back does not bring back."""
        gone = [c for c in changes if c.after is None and place(c.address).name is None]
        if gone:
            yield "permissions of removed keys are not restored"
        if any(name.startswith("registry export") for name in known.asked):
            yield "values that text cannot carry are read by reg export into a file in %TEMP%, which is deleted again"


def _refuse_strangers(changes: Sequence[Change], known: Snapshot) -> None:
    going = {change.address for change in changes if change.after is None}
    for gone in (change.address for change in changes if change.detail == WHOLE and change.after is None):
        root = values_root(gone)
        for address, held in known.values.items():
            inside = is_below(address, gone) or is_below(address, root)
            if inside and held is not None and address not in going:
                raise Refused(f"{gone} also holds {address}, which was not there when this was planned; plan again")


def _text_of(value: Value) -> str:
    """What of a value is read as text; all other types are exported in hexadecimal digits."""
    return str(value.get("data", "")) if isinstance(value, dict) and value.get("type") == "REG_SZ" else ""


def _depth(change: Change) -> int:
    return change.address.path.count("\\")


def _options(at: Place, **more: Any) -> dict[str, Any]:
    return {"key": at.key, **({} if at.view == "native" else {"view": at.view}), **more}


def _key_back(change: Change) -> Restoration:
    at = place(change.address)
    return Restoration("registry", _options(at, state="present"), f"undoes: {at.key} removed", (change.address,))


def _key_away(change: Change) -> Restoration:
    at = place(change.address)
    options = _options(at, state="absent", only_if_empty=True)
    return Restoration("registry", options, f"undoes: {at.key} created", (change.address,))


def _values_back(changes: Sequence[Change]) -> Iterator[Restoration]:
    """One task for each key, the newest first."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in reversed(changes):
        if place(change.address).name is not None:
            groups.setdefault(place(change.address).identity, []).append(change)
    for members in groups.values():
        at = place(members[0].address)
        values = {place(change.address).name or UNNAMED: _option(change.before) for change in members}
        comment = "undoes: " + "; ".join(_said(change) for change in members)
        yield Restoration("registry", _options(at, values=values), comment, tuple(c.address for c in members))


def _option(before: Value) -> Any:
    """A value as the options of the registry remediator say it."""
    if before is None:
        return "absent"
    short = before["type"].removeprefix("REG_").lower()
    return {"type": short, **{name: data for name, data in before.items() if name != "type"}}


def _said(change: Change) -> str:
    at = place(change.address)
    ways = (MASK, MASK) if change.sensitive else (_cut(words(change.before)), _cut(words(change.after)))
    return f"{at.key} {at.name or UNNAMED} {ways[0]} → {ways[1]}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 1] + "…"
