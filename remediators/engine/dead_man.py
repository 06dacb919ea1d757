"""
``guard: 10m`` on Windows: the host puts itself back by a task of its own scheduler, unless the run takes it away.

Two items frame what the plan changes on the host: the first arms the switch before anything is changed, the last takes
it away when all is done and verified. Both are ordinary changes of ``task:NAME``, so the plan shows them, the journal
holds them, and `recover` reads whether the switch fired.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from remediators.engine.house import House
from remediators.engine.outcomes import ItemResult
from remediators.engine.rollback import way_back
from remediators.model import (
    Address,
    Change,
    Command,
    HostPlan,
    Item,
    Platform,
    Query,
    Refused,
    RemediationError,
    Snapshot,
    Value,
)

KIND = "task"
REMEDIATOR = "dead_man_switch"
BEFORE, AFTER = "Dead man's switch", "Dead man's switch, at the end"
ARMED = "armed"
_LEAST, _MOST = 2, 720


def minutes_of(items: Sequence[Item]) -> int:
    """For how many minutes the host is guarded: the most that a changing task asks for; 0 where none does."""
    asked = [int(item.leave.get("guard", 0)) for item in items if item.outcome == "change"]
    return max(asked, default=0)


def framed(items: tuple[Item, ...], host: str, known: Snapshot, house: House, platform: Platform) -> tuple[Item, ...]:
    """
    The items with the switch around them; every change is refused where no switch can be had.

    ``known`` is the host before anything is changed, and must hold what `questions` asks for.
    """
    minutes = minutes_of(items)
    if not minutes:
        return items
    try:
        return _framed(items, host, known, house, platform)
    except RemediationError as error:
        reason = f"guard: {error.message}"
    return tuple(
        replace(item, outcome="refused", reason=reason) if item.outcome == "change" else item for item in items
    )


def questions(items: Sequence[Item], house: House, known: Snapshot) -> Sequence[Query]:
    """What must be read before the switch can be planned: the host's clock, and that no such task is there."""
    if not minutes_of(items) or KIND not in house.kinds:
        return ()
    return tuple(house.kinds[KIND].queries([Address(KIND, name_for(items))], known, {}))


def name_for(items: Sequence[Item]) -> str:
    """The same plan has the same switch, so that one that was left behind is met before the next is armed."""
    text = repr([(str(change.address), change.before, change.after) for item in items for change in item.changes])
    return f"remediate-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def _framed(items: tuple[Item, ...], host: str, known: Snapshot, house: House, platform: Platform) -> tuple[Item, ...]:
    minutes = minutes_of(items)
    if not _LEAST <= minutes <= _MOST:
        raise Refused(f"a switch takes {_LEAST} minutes to {_MOST // 60} hours, and not {minutes} minutes")
    where = Address(KIND, name_for(items))
    if known[where] is not None:
        raise Refused(f"{where} is still {known[where]} on the host, from an earlier run: take it away first")
    secret = next((c.address for i in items if i.outcome == "change" for c in i.changes if c.sensitive), None)
    if secret:
        raise Refused(f"{secret} is a secret, and the switch would keep it in a file on the host")
    lines = _lines(where.path, way_back(HostPlan(host, "changes", items), known, house), house, platform)
    arm = Change(where, None, ARMED, detail={"minutes": minutes, "lines": lines})
    kind = house.kind_of(where)
    first = _item(BEFORE, f"arm {where.path}", arm, kind.write([arm], known), _told(where, minutes, lines))
    off = Change(where, ARMED, None, detail={"minutes": minutes})
    armed = known.overlay({where: ARMED})
    last = _item(AFTER, f"take {where.path} away", off, kind.write([off], armed), ())
    return (first, *items, last)


def _lines(name: str, parts: Sequence[tuple[str, Sequence[Command]]], house: House, platform: Platform) -> list[str]:
    """The way back as the switch's file holds it. Raises `Refused` where part of it cannot be said as commands."""
    lost = next((comment for comment, commands in parts if not commands), None)
    if lost:
        raise Refused(f"the switch could not put all of it back: {lost}")
    _, text = house.by_hand(platform, parts)
    body = [line for line in text.splitlines() if line and not line.startswith(("rem ", "@echo"))]
    mark = f'"{_file(name)}.fired"'
    return ["@echo off", f"echo fired>{mark}", *body, f"echo done>{mark}"]


def _file(name: str) -> str:
    """The switch's file on the host without its ending; beside it lies the mark that it fired."""
    return f"%SystemRoot%\\Temp\\{name}"


def _told(where: Address, minutes: int, lines: Sequence[str]) -> tuple[str, ...]:
    back = f"unless all is done and verified within {minutes} minutes by the host's clock, the host puts itself back"
    file = f"{_file(where.path)}.cmd"
    return (
        f"{back}; services that handlers restart are restarted then, too",
        f"left on the host if this tool dies: {where} and its file of {len(lines)} lines, {file} (-v shows them)",
    )


def _item(play: str, task: str, change: Change, steps: Sequence[Any], notes: tuple[str, ...]) -> Item:
    commands = tuple(command.shown for step in steps for command in step.commands)
    return Item(play, task, REMEDIATOR, "change", changes=(change,), commands=commands, notes=notes)


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that was found on a host: ``armed``, ``fired``, ``done`` or ``unscheduled``."""

    where: Address
    state: Value

    @property
    def away(self) -> Change:
        """The change that takes it away."""
        return Change(self.where, self.state, None)

    def standing(self, *, done: bool) -> tuple[str, str]:
        """The status of its host, and why; ``done`` says that all values are as before."""
        if self.state == ARMED:
            hint = "recover --confirm keeps the changes and takes it away, rollback puts them back and takes it away"
            return "unknown", f"{self.where} is armed: the host puts itself back when it fires; {hint}"
        if self.state != "done":
            return "unknown", f"{self.where} is {self.state}: look again in a few minutes"
        words = f"{self.where} has fired: the host has put itself back"
        return ("reverted", words) if done else ("failed", f"{words}, and yet not all is as it was before")


def switch_of(found: Iterable[Any]) -> Switch | None:
    """The switch that is on a host, told from the changes that a recovery found; ``None`` where there is none."""
    for one in found:
        if one.change.address.kind == KIND and one.state == "foreign":
            return Switch(one.change.address, one.now)
        if one.change.address.kind == KIND and one.change.before == ARMED and one.state == "before":
            return Switch(one.change.address, ARMED)
    return None


def left_armed(results: Iterable[ItemResult]) -> Iterator[str]:
    """What is to be told of a host whose switch was armed and not taken away."""
    last = {result.item.play: result for result in results if result.item.play in (BEFORE, AFTER)}
    first, end = last.get(BEFORE), last.get(AFTER)
    if first is None or first.status not in ("changed", "unknown", "failed") or (end and end.status == "changed"):
        return
    where = first.item.changes[0].address
    if set(first.results) == {"reverted"}:
        return
    yield (
        f"{where} was armed and is not taken away: the host puts itself back when it fires. `remediate recover` tells "
        "whether it did; recover --confirm keeps the changes, rollback puts them back, and both take it away"
    )
