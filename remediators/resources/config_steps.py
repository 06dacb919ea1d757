"""
From changes to the exact lines that are typed, in order: parents first, additions before removals.

Names come before what uses them and go after it, so that an interface is unbound before its inspection loses its last
protocol, and bound again when it has them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from remediators.model import ABSENT, Change, Refused, Snapshot, Step
from remediators.quoting import config_line
from remediators.resources.config_addresses import inside, path_of, platform, shape
from remediators.resources.config_rules import negation, opposite, rank, settled, slot, wants_value
from remediators.resources.config_sections import refuse_disorder, section_lines, turned
from remediators.resources.config_text import Path


@dataclass(frozen=True, slots=True)
class _Part:
    """A step with its place among others: the rank of its section, and whether something comes or goes."""

    root: str
    lines: tuple[str, ...]
    comes: bool

    @property
    def order(self) -> tuple[int, int]:
        return (0, rank(self.root)) if self.comes else (1, -rank(self.root))


def steps(changes: Sequence[Change], known: Snapshot) -> list[Step]:
    """
    All steps of these changes on a device that was read as ``known``.

    Raises `Refused` where a line cannot be typed or an order cannot be had, `Unread` where the device was not read.
    """
    later = known.overlay({change.address: change.after for change in changes})
    for change in (change for change in changes if _shape(change) == "entries"):
        refuse_disorder(path_of(change.address)[0], change.after)
    turning = [change for change in changes if _shape(change) == "classes" and _turned(change, known)]
    parts = [_list(change, known) for change in changes if _shape(change) in ("flat", "nested")]
    parts += [_classes(change, known, later) for change in turning]
    parts += _plain(changes, {path for change in turning for path in _moving(change, known)}, platform(known))
    parts = [part for part in parts if part.lines]
    parts.sort(key=lambda part: part.order)
    return [_step(part, changes) for part in _left(parts)]


def _left(parts: Sequence[_Part]) -> Iterator[_Part]:
    """Leave an object, which has NAT of its own, before a rule of twice NAT that would be taken for that."""
    before = ""
    for part in parts:
        inside_object = before.startswith("object network ") and part.root.startswith("nat ")
        yield replace(part, lines=("exit", *part.lines)) if inside_object else part
        before = part.root if part.root in part.lines else ""


def _shape(change: Change) -> str:
    path = path_of(change.address)
    return shape(path[0]) if len(path) == 1 else ""


def _step(part: _Part, changes: Iterable[Change]) -> Step:
    settles = frozenset(change.address for change in changes if part.root in _roots(change))
    return Step(tuple(config_line.line(text) for text in part.lines), settles)


def _roots(change: Change) -> set[str]:
    """The lines of the first level in whose sections a change is made."""
    if _shape(change) == "entries":
        return {*(change.before or ()), *(change.after or ())}
    return {path_of(change.address)[0]}


# -- ordered sections -------------------------------------------------------------------------------------------------


def _list(change: Change, known: Snapshot) -> _Part:
    name = path_of(change.address)[0]
    return _Part(name, tuple(section_lines(name, change.before, change.after, known)), change.after is not ABSENT)


def _turned(change: Change, known: Snapshot) -> tuple[list[str], list[str]] | None:
    if change.before is ABSENT or change.after is ABSENT:
        return None
    return turned(change.before, change.after, known)


def _moving(change: Change, known: Snapshot) -> set[Path]:
    """The classes that are taken out or put in so that all come to stand in their order."""
    found = _turned(change, known)
    out, into = found or ([], [])
    return {(path_of(change.address)[0], line) for line in (*out, *into)}


def _classes(change: Change, known: Snapshot, later: Snapshot) -> _Part:
    """Take classes out from the first that differs, and put them back in their order with all that is in them."""
    from remediators.resources.config_trees import ordered  # noqa: PLC0415 - hier-config is for writing only

    name = path_of(change.address)[0]
    out, into = _turned(change, known) or ([], [])
    wanted = [path for line in into for path in ((name, line), *inside((name, line), later))]
    back = (path[-1] for path in ordered(wanted, platform(known)) if path != (name,))
    return _Part(name, (name, *(f"no {line}" for line in reversed(out)), *back), comes=True)


# -- all other lines --------------------------------------------------------------------------------------------------


def _plain(changes: Sequence[Change], moving: set[Path], spoken: str) -> list[_Part]:
    from remediators.resources.config_trees import difference  # noqa: PLC0415 - hier-config is for writing only

    before, after = _paths(changes, "before", moving), _paths(changes, "after", moving)
    coming = settled(path for path in after if path not in before)
    replaced = _replaced(before, after)
    kept = settled((path for path in before if path not in replaced), going=True)
    now = [*_standing(coming, {*before}, {*after}), *kept]
    both = [*coming, *now]
    going = [path for path in now if path not in after]
    wanted = [*after, *_standing(going, {*after}, {*before})]
    parts = [_Part(part[0][0], tuple(path[-1] for path in part), comes=True) for part in difference(now, both, spoken)]
    return parts + [
        _Part(_section(part), tuple(_gone(part, spoken)), comes=False) for part in difference(both, wanted, spoken)
    ]


def _paths(changes: Sequence[Change], which: str, moving: set[Path]) -> dict[Path, None]:
    """The lines of these changes as they are before or after, those of ordered sections first."""
    lists, others = dict[Path, None](), dict[Path, None]()
    for change in changes:
        value, path = getattr(change, which), path_of(change.address)
        if value is ABSENT or _shape(change) in ("flat", "nested"):
            continue
        if _shape(change) == "entries":
            lists |= {(line,): None for line in value}
        elif _shape(change) == "classes":
            lists |= {path: None} | {(*path, line): None for line in value}
        else:
            others[path] = None
    return {path: None for path in (*lists, *others) if not path[:2] or path[:2] not in moving}


def _standing(paths: Iterable[Path], there: set[Path], elsewhere: set[Path]) -> list[Path]:
    """The parents of these lines that stand by themselves: what is on the other side only is not among them."""
    found: dict[Path, None] = {}
    for path in paths:
        for deep in range(1, len(path)):
            parent = path[:deep]
            if parent in elsewhere and parent not in there:
                break
            found[parent] = None
    return list(found)


def _replaced(before: Mapping[Path, None], after: Mapping[Path, None]) -> set[Path]:
    """What goes by itself, because a line comes that takes its place or is its opposite."""
    coming = [path for path in after if path not in before]
    slots = {slot(path) for path in coming} - {None}
    opposites = {(*path[:-1], opposite(path[-1])) for path in coming}
    return {path for path in before if path not in after and (slot(path) in slots or path in opposites)}


def _section(part: Sequence[Path]) -> str:
    """The section of a part that takes lines back; a line of the first level is its own."""
    return part[0][0] if len(part) > 1 else opposite(part[0][0])


def _gone(part: Sequence[Path], spoken: str) -> Iterator[str]:
    """Lines that lead to their opposites, told from sections by having nothing in them. Raises `Refused`."""
    sections = {path[:-1] for path in part}
    for path in part:
        if path in sections or path[-1].startswith("exit-"):
            yield path[-1]
            continue
        line = opposite(path[-1])
        if wants_value((*path[:-1], line)):
            raise Refused(f"`{line}` cannot be taken back without saying what comes instead: want that line")
        yield negation(line, spoken)
