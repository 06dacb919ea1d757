"""
A plan made ready to be tried in a lab, and what came of it. Pure.

Secrets stand in a plan as references: stand-ins take their place. What no lab can have is left out, and checks from
outside look at the lab.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from remediators.model import Change, HostPlan, Item, Sampled, Value
from remediators.model.documents import canonical, concealed

# The host that a check looks at (`None`: the one it belongs to) -> where that is in the lab; `None`: nowhere.
Doors = Callable[[str, str | None], tuple[str, int] | None]
_MOST_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Ready:
    """One host's plan as it is rehearsed, and what of it is not the plan's own."""

    plan: HostPlan
    stand_ins: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """
    What a rehearsal showed of one host. ``applied`` and ``back`` are statuses of runs, empty where there was none.

    ``before`` and ``after`` are SHA-256 of everything in the simulated host; ``differences`` say where it is not as it
    was, each in one line. ``reasons`` are what went wrong on the way.
    """

    name: str
    simulated: str
    applied: str
    back: str
    changes: int
    before: str
    after: str
    differences: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    untold: tuple[str, ...] = field(default=())

    @property
    def equal(self) -> bool:
        return self.before == self.after


def ready(host: HostPlan, hindrance: Callable[[Item], str | None]) -> Ready:
    """``hindrance`` says why an item cannot be had in a lab, or ``None``."""
    plan, stand_ins = _with_stand_ins(host)
    items: list[Item] = []
    left_out: list[str] = []
    for item in plan.items:
        why = _unguessed(item) or hindrance(item) if item.outcome == "change" else None
        if why:
            left_out.append(f"{item.task}: {why}")
            item = replace(item, outcome="refused", reason=f"not rehearsed: {why}", checks={})  # noqa: PLW2901
        items.append(item)
    return Ready(replace(plan, items=tuple(items)), tuple(stand_ins), tuple(left_out))


def _unguessed(item: Item) -> str | None:
    """Why there is no stand-in for a value: a state or a mode is none of any text."""
    secret = next(
        (change.address for change in item.changes if change.sensitive and change.address.kind == "service"), None
    )
    return f"{secret} is kept secret, and no stand-in can take its place" if secret else None


def looked_at(host: HostPlan) -> set[str]:
    """The other hosts that checks of this one look at, as they name them."""
    options = (given for item in host.items if item.outcome == "change" for given in item.checks.values())
    return {str(given["host"]) for given in options if isinstance(given.get("host"), str)}


def pointed(found: Ready, checks: Mapping[str, Any], doors: Doors) -> Ready:
    """The same, with every check looking at the lab; a check that cannot is left out."""
    items: list[Item] = []
    left_out: list[str] = []
    for item in found.plan.items:
        kept = dict(_pointed(found.plan.name, item, checks, doors, left_out)) if item.outcome == "change" else {}
        items.append(replace(item, checks=kept))
    told = (*found.left_out, *left_out)
    return replace(found, plan=replace(found.plan, items=tuple(items)), left_out=told)


def _pointed(
    host: str, item: Item, checks: Mapping[str, Any], doors: Doors, left_out: list[str]
) -> Iterator[tuple[str, Any]]:
    for name, options in item.checks.items():
        where = doors(host, options.get("host"))
        if any(map(concealed, options.values())):
            left_out.append(f"{item.task}: the check {name} looks for a secret, which the plan does not hold")
        elif isinstance(checks.get(name), Sampled):
            left_out.append(f"{item.task}: the check {name} watches mail, of which a lab has none")
        elif not name.startswith("smtp_"):
            left_out.append(f"{item.task}: the check {name}: no plan tells what answers at that port")
        elif where is None:
            left_out.append(f"{item.task}: the check {name} looks at what is not in the lab")
        else:
            yield name, {**options, "host": where[0], "port": where[1]}


def _with_stand_ins(host: HostPlan) -> tuple[HostPlan, list[str]]:
    """Put texts of our own where the plan refers to secrets: the same for the same secret."""
    given: dict[str, str] = {}
    told: list[str] = []
    items: list[Item] = []
    for item in host.items:
        changes = tuple(_stood_in(change, item, given) for change in item.changes)
        told += [str(c.address) for c, own in zip(changes, item.changes, strict=True) if c != own]
        items.append(replace(item, changes=changes))
    return replace(host, items=tuple(items)), list(dict.fromkeys(told))


def _stood_in(change: Change, item: Item, given: dict[str, str]) -> Change:
    def instead(value: Value) -> Value:
        if not concealed(value):
            return value
        text = given.setdefault(str(value["hmac"]), f"stand-in {len(given) + 1}")
        return _typed(text, change, item)

    return replace(change, before=instead(change.before), after=instead(change.after))


def _typed(text: str, change: Change, item: Item) -> Value:
    """A stand-in of the type that the command shows, else of the kind's usual one; a key or a line is just there."""
    if change.address.kind.startswith(("registry-key", "config")):
        return "present"
    if not change.address.kind.startswith("registry"):
        return text
    name = re.escape(change.address.path.rpartition(":")[2])
    shown = re.compile(rf'/v "?{name}"? /t (REG_\w+) /d ', re.IGNORECASE)
    kind = next((match[1] for command in item.commands if (match := shown.search(command))), "REG_SZ")
    number = sum(text.encode())
    data = {"REG_DWORD": number, "REG_QWORD": number, "REG_MULTI_SZ": [text], "REG_BINARY": text.encode().hex()}
    return {"type": kind, "data": data.get(kind, text)}


# -- before and after --------------------------------------------------------------------------------------------------


def digest(state: Any) -> str:
    """SHA-256 of a state."""
    return hashlib.sha256(canonical(state)).hexdigest()


def differences(before: Any, after: Any) -> tuple[str, ...]:
    """Where two states differ, the first of them; values are not shown, since one may be long or secret."""
    found = list(_differ(before, after, ()))
    more = [f"and {len(found) - _MOST_DIFFERENCES} more"] if len(found) > _MOST_DIFFERENCES else []
    return (*found[:_MOST_DIFFERENCES], *more)


def _differ(before: Any, after: Any, path: Sequence[str]) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _differ(before.get(key), after.get(key), (*path, str(key)))
    elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield from (f"{' > '.join(path)}: {line}" for line in _lines(before, after))
    else:
        word = "is new" if before is None else "is gone" if after is None else "is another"
        yield f"{' > '.join(path)} {word}"


def _lines(before: str, after: str) -> Iterable[str]:
    """Lines that are gone, new, or in another place."""
    old, new = before.splitlines(), after.splitlines()
    found = [f"gone: {line}" for line in old if line not in new] + [f"new: {line}" for line in new if line not in old]
    return found or ["the same lines in another order"]
