"""
What an earlier part of the same run did on a host, from its journal: a run that stopped is gone on with. Pure.

A handler is due where an item that notifies it was begun after the handler last came to its end. An action whose intent
is there and whose good end is not may have been done, half done, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from remediators.engine.house import House
from remediators.engine.outcomes import ItemResult
from remediators.engine.reading import by_kind
from remediators.journal import Event
from remediators.model import Address, Change, HostPlan, Item, Performance, Snapshot, Value
from remediators.model.documents import Seal, concealed


@dataclass(frozen=True, slots=True)
class Earlier:
    """
    ``begun`` are changes whose intent is in the journal, by item. ``due`` has the handlers still to run, with the items
    that notified them; ``acted`` the actions that were seen to end well since; ``unfinished`` what was noted before an
    action that was not, by handler. ``results`` are what is known of items, where this part does not come to them.
    """

    begun: frozenset[tuple[int, Address]] = frozenset()
    due: Mapping[int, frozenset[int]] = field(default_factory=dict)
    acted: frozenset[tuple[int, str]] = frozenset()
    unfinished: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    results: Mapping[int, ItemResult] = field(default_factory=dict)

    def began(self, number: int) -> bool:
        """Whether anything of an item was begun."""
        return any(item == number for item, _ in self.begun)


@dataclass(slots=True)
class _Part:
    begun: set[tuple[int, Address]] = field(default_factory=set)
    due: dict[int, set[int]] = field(default_factory=dict)
    acted: set[tuple[int, str]] = field(default_factory=set)
    unfinished: dict[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def close(self) -> Earlier:
        due = {handler: frozenset(items) for handler, items in self.due.items()}
        unfinished = {number: body for number, (_, body) in self.unfinished.items()}
        return Earlier(frozenset(self.begun), due, frozenset(self.acted), unfinished)


def earlier(plan: HostPlan, events: Iterable[Event]) -> Earlier:
    """What the events of one host say; nothing of what was put back since."""
    part = _Part()
    for event in events:
        if event.kind == "reverted" or (event.kind == "put-back" and not event.body["wrong"]):
            part = _Part()
        else:
            _follow(part, plan, event)
    return part.close()


def _follow(part: _Part, plan: HostPlan, event: Event) -> None:
    body = event.body
    match event.kind:
        case "intent":
            number = body["item"]
            part.begun |= {(number, Address.parse(change["resource"])) for change in body["changes"]}
            for handler in notified_by(plan, number):
                part.due.setdefault(handler, set()).add(number)
                part.acted = {entry for entry in part.acted if entry[0] != handler}
        case "action-intent":
            part.unfinished[body["item"]] = (body["action"], body)
        case "action-result" if body["status"] == "changed":
            number = body["item"]
            action, _ = part.unfinished.pop(number, ("", {}))
            part.acted.add((number, action))
            if all((number, str(one)) in part.acted for one in plan.items[number].actions):
                part.due.pop(number, None)
        case _:
            pass


def notified_by(plan: HostPlan, number: int) -> list[int]:
    """The handlers of the same play that an item notifies."""
    item = plan.items[number]
    return [n for n, other in enumerate(plan.items) if other.handler and _answers(other, item)]


def _answers(handler: Item, item: Item) -> bool:
    return handler.play == item.play and handler.answers_to(item.notify)


def on_its_way(plan: HostPlan, address: Address) -> list[Value]:
    """Every value that a plan gives an address, in order."""
    changing = (item for item in plan.items if item.outcome == "change")
    return [change.after for item in changing for change in item.changes if change.address == address]


def last_items(plan: HostPlan) -> dict[Address, int]:
    """For each address the item that changes it last."""
    return {
        change.address: number
        for number, item in enumerate(plan.items)
        if item.outcome == "change"
        for change in item.changes
    }


def promised(intent: Mapping[str, Any] | None) -> dict[Address, Value]:
    """How a host was to look after an action, as was noted before it."""
    return {Address.parse(address): value for address, value in intent["expects"].items()} if intent else {}


def finishing(intent: Mapping[str, Any] | None, known: Snapshot, house: House) -> Performance | None:
    """
    What is left of an action that was broken off: services that it stopped and did not start again.

    ``None`` where all looks as it was promised: then nobody can tell whether it was done. Raises `Unread`.
    """
    wanted = promised(intent)
    first, *others = wanted or [None]
    missing = [at for at in (first, *reversed(others)) if at is not None and known[at] != wanted[at]]
    if intent is None or not missing:
        return None
    changes = [Change(at, known[at], wanted[at]) for at in missing]
    parts = by_kind(house, changes)
    steps = tuple(replace(step, always=True) for kind, own in parts for step in kind.write(own, known))
    found = {Address.parse(address): value for address, value in intent["found"].items()}
    return Performance(steps, found, wanted, ())


def uncovered(plan: HostPlan, known: Snapshot, seal: Seal) -> HostPlan:
    """The plan with those of its secrets that the host holds: to be compared, and to be found right."""

    def seen(change: Change) -> Change:
        if not known.readable(change.address):
            return change
        now = known[change.address]
        before, after = (
            now if concealed(value) and seal.fits(value, now) else value for value in (change.before, change.after)
        )
        return replace(change, before=before, after=after)

    if not any(concealed(value) for item in plan.items for c in item.changes for value in (c.before, c.after)):
        return plan
    return replace(plan, items=tuple(replace(i, changes=tuple(map(seen, i.changes))) for i in plan.items))
