"""
Compute every change for one host without touching anything: the planner holds a `Reader`, which cannot write.

All questions of all tasks go in one batch; then each task is diffed in order against the snapshot, overlaid with what
earlier tasks will have done.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from remediators.engine import dead_man
from remediators.engine.house import House
from remediators.engine.reading import by_kind, read_all
from remediators.engine.rollback import way_back
from remediators.engine.timing import checks_seconds, minutes_for
from remediators.model import (
    Action,
    Arming,
    Change,
    Host,
    HostPlan,
    Item,
    OutOfScope,
    Platform,
    Query,
    Reader,
    Refused,
    RemediationError,
    Rendered,
    Safeguard,
    Snapshot,
    Task,
    TransportError,
)

WORST_FIRST = ("unreachable", "failed", "refused", "changes", "ok")


@dataclass(frozen=True, slots=True)
class Planned:
    """A host's plan and what was read for it."""

    plan: HostPlan
    snapshot: Snapshot


def plan_host(host: Host, tasks: Sequence[Task], reader: Reader, house: House) -> Planned:
    """Plan all tasks of one host. Never raises for what the host does: an unreachable host is a result."""
    platform = house.platform_of(host)
    began = time.monotonic()  # the session is opened by the first question, so connecting is in the measure
    try:
        known = read_all(reader, Snapshot(), lambda known: _ask(tasks, known, house, platform))
    except TransportError as error:
        return Planned(HostPlan(host.name, "unreachable", error=error.message), Snapshot())
    seconds = time.monotonic() - began
    refusal = platform.refuse(known)
    if refusal:
        items = tuple(_blank(task, "refused", refusal) for task in tasks if not task.handler)
        return Planned(HostPlan(host.name, "refused", items, refusal), known)
    items = tuple(_items(tasks, known, house, platform))
    if platform.safeguard is None:
        try:
            known = read_all(reader, known, lambda known: dead_man.questions(items, house, known))
        except TransportError as error:
            return Planned(HostPlan(host.name, "unreachable", error=error.message), known)
        items = dead_man.framed(items, host.name, known, house, platform)
        return Planned(HostPlan(host.name, worst(items), items), known)
    minutes = minutes_for(seconds + checks_seconds(items, house))
    arming, items = _armed(items, known, platform.safeguard, minutes)
    planned = HostPlan(host.name, worst(items), items, arming=arming)
    return Planned(replace(planned, way_back=_way_back(planned, known, house)), known)


def _way_back(plan: HostPlan, known: Snapshot, house: House) -> tuple[str, ...]:
    """The lines that would put a device back; a comment where something cannot be said as lines."""
    if plan.arming is None:
        return ()
    parts = way_back(plan, known, house)
    return tuple(line for said, sent in parts for line in ([one.shown for one in sent] or [f"! {said}"]))


def _base(platform: Platform, known: Snapshot) -> list[Query]:
    guard = platform.safeguard
    return [*platform.queries(), *(guard.queries(known) if guard else ())]


def _armed(
    items: tuple[Item, ...], known: Snapshot, safeguard: Safeguard, minutes: int
) -> tuple[Arming | None, tuple[Item, ...]]:
    """How a device that can revert by itself is armed; where it cannot be, its changes are refused with the reason."""
    changing = [item for item in items if item.outcome == "change"]
    if not changing:
        return None, items
    changes = [change for item in changing for change in item.changes]
    try:
        return safeguard.decide(known, changes, _granted(changing), minutes), items
    except RemediationError as error:
        reason = error.message
    refused = (replace(i, outcome="refused", reason=reason) if i.outcome == "change" else i for i in items)
    return None, tuple(refused)


def _granted(changing: Sequence[Item]) -> dict[str, Any]:
    """What every changing task allows: what one of them does not allow is not allowed."""
    leaves = [item.leave for item in changing if not item.handler]
    names = set.intersection(*(set(leave) for leave in leaves)) if leaves else set()
    return {name: leaves[0][name] for name in sorted(names) if all(leave[name] == leaves[0][name] for leave in leaves)}


def worst(items: Iterable[Item]) -> str:
    """The status of a host, from the outcomes of its items."""
    outcomes = {item.outcome for item in items}
    if "failed" in outcomes:
        return "failed"
    if outcomes & {"refused", "unpredictable"}:
        return "refused"
    return "changes" if "change" in outcomes else "ok"


def _ask(tasks: Sequence[Task], known: Snapshot, house: House, platform: Platform) -> Iterator[Query]:
    yield from _base(platform, known)
    for name in sorted({name for task in tasks for name in task.facts}):
        yield from house.fact(name, platform).queries(known)
    for task in tasks:
        remediator = house.remediators[task.remediator]
        for rendered in _early(task, known, house, platform) if _stranger(task, house, platform) is None else ():
            if rendered.skipped is None:
                yield from _quietly(remediator.queries, rendered.options, known)


def _early(task: Task, known: Snapshot, house: House, platform: Platform) -> Iterator[Rendered]:
    """
    The turns of a task as far as they can be told now; what needs a fact that is not read yet comes next round.

    A preview leaves ``when`` out, so that what a fact decides is asked in the same trip as the fact.
    """
    if task.facts:
        yield from task.preview()
    with contextlib.suppress(RemediationError):  # told once, when the task's turn comes
        yield from task.render(_facts(task, known, house, platform))


def _quietly(queries: Any, options: Any, known: Snapshot) -> Iterator[Query]:
    """Questions of a remediator; what it cannot tell now it will say when its turn comes."""
    try:
        yield from queries(options, known)
    except RemediationError:
        return


def _facts(task: Task, known: Snapshot, house: House, platform: Platform) -> Mapping[str, Any]:
    return {name: house.fact(name, platform).value(known) for name in task.facts}


def _items(tasks: Sequence[Task], known: Snapshot, house: House, platform: Platform) -> Iterator[Item]:
    """Items in order; a play's handlers come at its end, and only where an item of it that changes notifies them."""
    for play in dict.fromkeys(task.play for task in tasks):
        of_play = [task for task in tasks if task.play == play]
        handlers = [task for task in of_play if task.handler]
        told: list[Item] = []
        for task in (task for task in of_play if not task.handler):
            for item in _evaluate(task, known, house, platform):
                known = known.overlay({change.address: change.after for change in _wanted(item)})
                told.append(item)
        notified = {name for item in told if item.outcome == "change" for name in item.notify}
        ends: list[Item] = []
        for handler in (handler for handler in handlers if handler.name in notified):
            for item in _evaluate(handler, known, house, platform):
                known = known.overlay({change.address: change.after for change in _wanted(item)})
                ends.append(item)
        yield from (_with_actions(item, ends) for item in told)
        yield from ends


def _with_actions(item: Item, handlers: Sequence[Item]) -> Item:
    """Name on a changing item what its handlers will do, so that each item tells its whole effect."""
    if item.outcome != "change":
        return item
    actions = tuple(action for end in handlers if end.answers_to(item.notify) for action in end.actions)
    return replace(item, actions=actions)


def _wanted(item: Item) -> tuple[Change, ...]:
    return item.changes if item.outcome == "change" else ()


def _stranger(task: Task, house: House, platform: Platform) -> str | None:
    """Why a task's remediator does not work on such a host, or ``None``."""
    made_for = house.remediators[task.remediator].platform
    if platform.accepts is None or made_for in platform.accepts:
        return None
    return f"{task.remediator} is for {made_for} hosts, and this one is {platform.name}"


def _left_out(task: Task) -> bool:
    """Whether ``when`` leaves a task out here, as far as the host's variables decide: then nobody is refused."""
    if task.facts:
        return False
    try:
        return all(turn.skipped is not None for turn in task.render({}))
    except RemediationError:
        return False


def _evaluate(task: Task, known: Snapshot, house: House, platform: Platform) -> Iterator[Item]:
    stranger = _stranger(task, house, platform)
    if stranger and not _left_out(task):
        yield _blank(task, "refused", stranger)
        return
    try:
        turns = task.render(_facts(task, known, house, platform))
    except RemediationError as error:
        yield _blank(task, "failed", error.message)
        return
    for rendered in turns:
        item = _turn(task, rendered, known, house)
        known = known.overlay({change.address: change.after for change in _wanted(item)})
        yield item


def _turn(task: Task, rendered: Rendered, known: Snapshot, house: House) -> Item:
    item = _outcome(task, rendered, known, house)
    # What a check looks for may tell a secret; it is run, and so kept, only where something changes.
    return replace(item, checks={}) if rendered.sensitive and item.outcome != "change" else item


def _outcome(task: Task, rendered: Rendered, known: Snapshot, house: House) -> Item:
    blank = _blank(task, "ok", None, rendered)
    if rendered.skipped is not None:
        return replace(blank, outcome="skipped", reason=rendered.skipped)
    try:
        return _diffed(blank, task, rendered, known, house)
    except OutOfScope as error:
        return replace(blank, outcome="unpredictable", reason=f"depends on what an earlier task does: {error.message}")
    except Refused as error:
        return replace(blank, outcome="refused", reason=error.message)
    except RemediationError as error:
        return replace(blank, outcome="failed", reason=error.message)


def _diffed(blank: Item, task: Task, rendered: Rendered, known: Snapshot, house: House) -> Item:
    remediator = house.remediators[task.remediator]
    wanted = remediator.desired(rendered.options, known)
    details = remediator.details(rendered.options, known)
    changes = tuple(
        Change(
            address,
            known[address],
            after,
            rendered.sensitive or house.tells(known[address]) or house.tells(after),
            details.get(address),
        )
        for address, after in wanted.items()
        if known[address] != after
    )
    actions = tuple(remediator.actions(rendered.options, known)) if task.handler else ()
    if not changes and not actions:
        return replace(blank, notes=tuple(remediator.notes(rendered.options, known, ())))
    guard(changes, known, house)
    commands, notes = describe(changes, actions, known, house)
    notes = (*remediator.notes(rendered.options, known, changes), *notes)
    if task.on_verify_failure == "rollback" and rendered.verify:
        notes = (*notes, *_if_a_check_fails(changes, known, house))
    return replace(
        blank,
        outcome="change",
        changes=changes,
        actions=actions,
        commands=commands,
        notes=tuple(dict.fromkeys(notes)),
        leave={**remediator.leave(rendered.options), **({"guard": task.guard} if task.guard else {})},
        options=rendered.options.model_dump(mode="json", exclude_unset=True) if task.handler else {},
    )


def guard(changes: Iterable[Change], known: Snapshot, house: House) -> None:
    """Raise `Refused` where a change, or its way back, could not be written."""
    for change in changes:
        doubt = known.doubts.get(change.address)
        if doubt:
            raise Refused(f"{change.address} may have been read with loss ({doubt}), so it could not be put back")
        reason = house.kind_of(change.address).unwritable(change, known)
        if reason:
            raise Refused(reason)


def describe(
    changes: Sequence[Change], actions: Sequence[Action], known: Snapshot, house: House
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What will be sent, as a person would type it, and what it costs."""
    commands: list[str] = []
    notes: list[str] = []
    for kind, members in by_kind(house, changes):
        commands += [command.shown for step in kind.write(members, known) for command in step.commands]
        notes += kind.notes(members, known)
    for action in actions:
        performance = house.kind_of(action.address).perform(action, known)
        commands += [command.shown for step in performance.steps for command in step.commands]
        notes += performance.notes
    return tuple(commands), tuple(notes)


def _if_a_check_fails(changes: Sequence[Change], known: Snapshot, house: House) -> Iterator[str]:
    """The commands of the way back, which are sent without being asked for again."""
    yield "if a check fails, all that the run changed on the host is put back at once"
    after = known.overlay({change.address: change.after for change in changes})
    for command in describe([change.inverse() for change in changes], (), after, house)[0]:
        yield f"if a check fails: {command}"


def _blank(task: Task, outcome: str, reason: str | None, rendered: Rendered | None = None) -> Item:
    label = f" ({rendered.label})" if rendered and rendered.label else ""
    return Item(
        play=task.play,
        task=task.name + label,
        remediator=task.remediator,
        outcome=outcome,
        reason=reason,
        checks=dict(rendered.verify) if rendered else {},
        notify=tuple(task.notify),
        handler=task.handler,
        ignore_errors=task.ignore_errors,
        on_verify_failure=task.on_verify_failure,
        cause=task.cause,
        where=task.where,
    )
