"""
The way back: want the values that were there before, and diff again.

A rollback playbook is made of ordinary tasks; ``rollback RUN`` plans the same tasks, restricted to what the journal
says was begun, and refuses what somebody else has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from remediators.engine.house import House
from remediators.engine.reading import by_kind
from remediators.journal import Event
from remediators.model import (
    Address,
    Change,
    Command,
    HostPlan,
    Item,
    RemediationError,
    Rendered,
    Snapshot,
    Step,
    Value,
)
from remediators.model.documents import concealed, read_change


@dataclass(frozen=True, slots=True)
class Begun:
    """
    A change whose intent is in the journal, with what became of it.

    ``result`` is ``verified``, ``failed``, or ``unknown`` where the run died before it could tell; ``foreign`` where
    `recover` found what is neither before nor after.
    """

    change: Change
    result: str
    item: int
    task: str
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An action that was begun and never seen to end: the service states found before it, and its handler's options."""

    found: Mapping[Address, Value]
    task: str


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a run began on one host, in order."""

    begun: tuple[Begun, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()


@dataclass(frozen=True, slots=True)
class BackTask:
    """
    A task of a rollback, already rendered: it implements model's ``Task``.

    ``secrets`` are the texts in its options that must not be shown; there may be none in a ``sensitive`` one.
    """

    play: str
    name: str
    remediator: str
    options: Any
    comment: str = ""
    where: str = "rollback"
    notify: tuple[str, ...] = ()
    handler: bool = False
    on_verify_failure: str = "stop"
    guard: int = 0
    ignore_errors: bool = False
    allow_unverified: bool = False
    cause: int | None = None
    facts: frozenset[str] = frozenset()
    sensitive: bool = False
    secrets: frozenset[str] = frozenset()

    def render(self, facts: Mapping[str, Any]) -> Sequence[Rendered]:
        return (Rendered(self.options, sensitive=self.sensitive),)

    def preview(self) -> Sequence[Rendered]:
        return self.render({})


# what `recover` saw, as the result of a change; what is unread stays as it was known
_STANDS = {"after": "verified", "before": "failed", "foreign": "foreign"}


def standing(events: Iterable[Event]) -> dict[str, Standing]:
    """What a run began on each host, read from its journal."""
    hosts: dict[str, _Ledger] = {}
    for event in events:
        if event.host:
            hosts.setdefault(event.host, _Ledger()).enter(event)
    return {name: ledger.close() for name, ledger in hosts.items()}


@dataclass(slots=True)
class _Ledger:
    """Pairs intents with results while the events of one host go by."""

    begun: dict[tuple[int, str], Begun] = field(default_factory=dict)
    actions: dict[int, Event] = field(default_factory=dict)

    def enter(self, event: Event) -> None:
        body = event.body
        if event.kind == "intent":
            for document in body["changes"]:
                change = read_change(document)
                key = (body["item"], str(change.address))
                self.begun[key] = Begun(change, "unknown", body["item"], body["task"], tuple(body["notify"]))
        elif event.kind == "result":
            self._settle({(body["item"], address): word for address, word in body["results"].items()})
        elif event.kind == "verified":
            self._settle({k: body["results"][k[1]] for k in self.begun if k[1] in body["results"]})
        elif event.kind == "recovered":
            states = {
                (int(n), address): state for n, found in body["items"].items() for address, state in found.items()
            }
            self._settle({key: _STANDS.get(states.get(key, ""), e.result) for key, e in self.begun.items()})
        elif event.kind == "putting-back":
            self._settle(dict.fromkeys(self.begun, "unknown"))
        elif event.kind == "reverted" or (event.kind == "put-back" and not body["wrong"]):
            self.begun.clear()
            self.actions.clear()
        elif event.kind == "action-intent":
            self.actions[body["item"]] = event
        elif event.kind == "action-result" and body["status"] == "changed":
            self.actions.pop(body["item"], None)

    def _settle(self, words: Mapping[tuple[int, str], str]) -> None:
        for key, word in words.items():
            if key in self.begun:
                self.begun[key] = replace(self.begun[key], result=word)

    def close(self) -> Standing:
        unfinished = tuple(
            Unfinished({Address.parse(a): v for a, v in event.body["found"].items()}, event.body["task"])
            for event in self.actions.values()
        )
        return Standing(tuple(self.begun.values()), unfinished)


def back_tasks(
    host: str, plan: HostPlan, begun: Iterable[Begun], unfinished: Iterable[Unfinished], house: House
) -> list[BackTask]:
    """The tasks that put a host back, newest change first, and the handlers they notify."""
    newest_first = sorted(begun, key=lambda entry: entry.item, reverse=True)
    play = f"Put back {host}"
    tasks = [_services_again(entry, play, house) for entry in unfinished]
    found = [task for group in tasks for task in group]
    for _, members in groupby(newest_first, key=lambda entry: entry.item):
        found += _of_item(list(members), play, house, _granted(plan))
    return found + _handlers(plan, {name for task in found for name in task.notify}, play, house)


def _granted(plan: HostPlan) -> dict[str, Any]:
    """
    What a way back on a device may do: it is armed as the run was where it can be, and not barred where it cannot.

    A device that could be changed without a net must be put back without one.
    """
    if plan.arming is None:
        return {}
    kept = {name: value for name, value in plan.arming.leave.items() if name in ("allow_reload_fallback", "save")}
    return {**kept, "allow_unarmed": True, "allow_lockout_risk": True}


def _of_item(members: Sequence[Begun], play: str, house: House, granted: Mapping[str, Any]) -> list[BackTask]:
    notify = members[0].notify
    sealed = [entry.change for entry in members if entry.change.sensitive]
    return [
        BackTask(
            play,
            _named_back(members[0].task),
            restoration.remediator,
            house.options(restoration.remediator, {**restoration.options, **granted}),
            restoration.comment,
            notify=notify,
            sensitive=bool(sealed),
            secrets=frozenset(text for change in sealed for text in texts_of(change.before)),
        )
        for kind, changes in by_kind(house, (entry.change for entry in members))
        for restoration in kind.restore(changes)
    ]


# what states are called is no secret: it stands in every plan
_STATES = frozenset({"present", "running", "stopped", "paused", "auto", "delayed", "manual", "disabled"})


def texts_of(value: Value) -> Iterator[str]:
    """The texts in a value, its type and the names of states left out; numbers as their digits."""
    if isinstance(value, dict):
        yield from (text for name, inside in value.items() if name != "type" for text in texts_of(inside))
    elif isinstance(value, list):
        yield from (text for inside in value for text in texts_of(inside))
    elif value is not None and value not in _STATES:
        yield str(value)


def _named_back(task: str) -> str:
    """The name of a task's way back; the way back of that is the task itself."""
    return task.removeprefix("Back: ") if task.startswith("Back: ") else f"Back: {task}"


def _services_again(entry: Unfinished, play: str, house: House) -> list[BackTask]:
    """Want every service that ran before an unfinished restart to run again."""
    changes = [Change(address, None, value) for address, value in entry.found.items() if value == "running"]
    return [
        BackTask(play, f"Finish: {entry.task}", r.remediator, house.options(r.remediator, r.options), r.comment)
        for kind, members in by_kind(house, [change.inverse() for change in changes])
        for r in kind.restore(members)
    ]


def _handlers(plan: HostPlan, notified: set[str], play: str, house: House) -> list[BackTask]:
    return [
        BackTask(play, item.task, item.remediator, house.options(item.remediator, item.options), handler=True)
        for item in plan.items
        if item.handler and item.answers_to(notified) and item.options
    ]


def guarded(plan: HostPlan, begun: Iterable[Begun], *, overwrite: bool) -> HostPlan:
    """
    Refuse what somebody else has changed since: a value that the run neither found nor set.

    One address may have several values on its way, and a run or a rollback that died leaves one in between. What is
    foreign is put back all the same where the journal says that its change is unknown or failed, or with ``overwrite``.
    """
    begun = tuple(begun)
    spans, ours = _spans(begun), _ours(begun)
    items: list[Item] = []
    barred: set[Address] = set()
    for item in plan.items:
        items.append(item if overwrite else _guarded(item, spans, ours, barred))
        for change in item.changes:
            spans.pop(change.address, None)  # what follows on this address starts from our own value
            if items[-1].outcome == "refused":
                barred.add(change.address)
    status = "refused" if plan.status == "changes" and any(i.outcome == "refused" for i in items) else plan.status
    return replace(plan, items=tuple(items), status=status)


def _spans(begun: Iterable[Begun]) -> dict[Address, Begun]:
    spans: dict[Address, Begun] = {}
    for entry in begun:
        first = spans.get(entry.change.address)
        change = replace(entry.change, before=first.change.before) if first else entry.change
        spans[entry.change.address] = replace(entry, change=change)
    return spans


def _ours(begun: Iterable[Begun]) -> dict[Address, list[Value]]:
    """Every value that the run set at an address, or found there before it set another."""
    values: dict[Address, list[Value]] = {}
    for entry in begun:
        values.setdefault(entry.change.address, []).extend((entry.change.before, entry.change.after))
    return values


def _guarded(
    item: Item, spans: Mapping[Address, Begun], ours: Mapping[Address, Sequence[Value]], barred: set[Address]
) -> Item:
    if item.outcome != "change":
        return item
    for change in item.changes:
        if change.address in barred:
            return replace(
                item, outcome="refused", reason=f"{change.address} was to be put back first, and was refused"
            )
        entry = spans.get(change.address)
        mine = ours.get(change.address, ())
        strange = change.before not in mine and not any(map(concealed, mine))
        if entry and entry.result in ("verified", "foreign") and strange:
            reason = (
                f"{change.address} was changed by somebody else since the run; --overwrite HOST puts it back anyway"
            )
            return replace(item, outcome="refused", reason=reason)
    return item


def planned_begun(plan: HostPlan) -> tuple[Begun, ...]:
    """All changes of a plan as if they had been made: what the rollback playbook must be ready for."""
    return tuple(
        Begun(change, "verified", number, item.task, item.notify)
        for number, item in enumerate(plan.items)
        if item.outcome == "change"
        for change in item.changes
    )


def way_back(plan: HostPlan, known: Snapshot, house: House) -> list[tuple[str, Sequence[Command]]]:
    """
    The way back as commands with comments, newest change first, for a person at the host's console.

    ``known`` is the host before the run. What cannot be said as commands is a comment that says why.
    """
    changing = [item for item in plan.items if item.outcome == "change"]
    after = known.overlay({change.address: change.after for item in changing for change in item.changes})
    parts: list[tuple[str, Sequence[Command]]] = []
    for item in reversed([item for item in changing if not item.handler]):
        parts += [
            (f"undo: {item.task}: cannot be said as commands ({change.address} held a secret)", ())
            for change in item.changes
            if _secret_before(change)
        ]
        for kind, changes in by_kind(house, (change for change in item.changes if not _secret_before(change))):
            parts += _commands(f"undo: {item.task}", kind.write, [change.inverse() for change in changes], after)
    for item in (item for item in changing if item.handler):
        for action in item.actions:
            parts += _commands(
                item.task, lambda act, at: house.kind_of(act.address).perform(act, at).steps, action, after
            )
    return parts


def _secret_before(change: Change) -> bool:
    return change.sensitive and change.before is not None


def _commands(
    comment: str, steps_of: Callable[[Any, Snapshot], Sequence[Step]], what: Any, known: Snapshot
) -> list[tuple[str, Sequence[Command]]]:
    try:
        steps = steps_of(what, known)
    except RemediationError as error:
        return [(f"{comment}: cannot be said as commands ({error.message})", ())]
    return [(comment, [command for step in steps for command in step.commands])]
