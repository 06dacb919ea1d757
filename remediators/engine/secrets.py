"""
Secrets of a saved plan, found again when it is applied.

A plan holds a reference and an HMAC of each secret. The host is planned once more from the same playbooks, and each
secret that comes out must be the one that the plan was made with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from remediators.model import Address, Change, HostPlan, Item, Refused, Value
from remediators.model.documents import Seal, concealed


def has_secrets(hosts: Iterable[HostPlan]) -> bool:
    """Whether anything in these plans stands for a secret."""
    changes = (change for host in hosts for item in host.items for change in item.changes)
    return any(concealed(change.after) or concealed(change.before) for change in changes) or any(
        _secret_checks(item) for host in hosts for item in host.items
    )


def _secret_checks(item: Item) -> bool:
    return any(concealed(value) for options in item.checks.values() for value in dict(options).values())


def revealed(saved: HostPlan, fresh: HostPlan, seal: Seal) -> HostPlan:
    """
    The saved plan with its secrets filled in from a fresh one; items whose secret differs are refused.

    A host that could not be asked again is what the fresh plan says of it: unreachable, failed or refused.
    """
    if (fresh.status == "unreachable" or fresh.error) and has_secrets((saved,)):
        return replace(saved, status=fresh.status, error=fresh.error)
    items: list[Item] = []
    refused = ""
    for item in saved.items:
        found = _item(item, fresh, seal)
        if refused and item.outcome == "change" and not item.handler:
            reason = f"it was planned on what {refused!r} should have done, which is refused"
            found = replace(item, outcome="refused", reason=reason, changes=())
        elif item.outcome == "change" and found.outcome == "refused":
            refused = item.task
        items.append(found)
    return replace(saved, items=tuple(items))


def _item(item: Item, fresh: HostPlan, seal: Seal) -> Item:
    turns = [other for other in fresh.items if (other.play, other.task) == (item.play, item.task)]
    try:
        found = [_change(change, turns, seal) for change in item.changes]
        checks = _checks(item, turns, seal)
    except Refused as error:
        return replace(item, outcome="refused", reason=error.message, changes=())
    changes = tuple(change for change in found if change)
    return replace(item, changes=changes, checks=checks, outcome="ok" if item.changes and not changes else item.outcome)


def _checks(item: Item, turns: Sequence[Item], seal: Seal) -> Mapping[str, Any]:
    if not _secret_checks(item):
        return item.checks
    for turn in turns:
        if turn.checks.keys() == item.checks.keys() and all(
            seal.fits(value, turn.checks[name].get(option))
            if concealed(value)
            else value == turn.checks[name].get(option)
            for name, options in item.checks.items()
            for option, value in options.items()
        ):
            return turn.checks
    raise Refused(f"{item.task}: its checks are not the ones that this plan was made with; plan again")


def _change(change: Change, turns: Sequence[Item], seal: Seal) -> Change | None:
    """The change with its secret; ``None`` where the host has what is wanted now, so that nothing is to be done."""
    if not concealed(change.after) and not concealed(change.before):
        return change
    offered = [other for item in turns for other in item.changes if other.address == change.address]
    for candidate in offered:
        if seal.same(change.after, candidate.after) and seal.same(change.before, candidate.before):
            return replace(change, before=candidate.before, after=candidate.after)
    if not offered and turns and all(item.outcome in ("ok", "change") for item in turns):
        return None
    if any(seal.same(change.after, candidate.after) for candidate in offered):
        raise Refused(f"{change.address} was changed since the plan was made; plan again")
    told = next(
        (item.reason for item in turns if item.reason), "the secret is not the one that this plan was made with"
    )
    raise Refused(f"{change.address}: {told}; plan again")


def refilled(
    host: HostPlan, fresh: HostPlan | None, offered: Mapping[Address, Sequence[Value]], seal: Seal
) -> HostPlan:
    """
    The plan of a run that is gone on with, with its secrets filled in as far as they are found.

    They come from a fresh plan, or from ``offered``: what the journal keeps. What is not found stays concealed, and its
    change is refused later unless the host holds it already; a check that looks for one is refused at once.
    """
    known = {address: list(values) for address, values in offered.items()}
    for item in fresh.items if fresh else ():
        for change in item.changes:
            known.setdefault(change.address, []).extend((change.before, change.after))
    items = (_refilled(item, fresh.items if fresh else (), known, seal) for item in host.items)
    return replace(host, items=tuple(items))


def _refilled(item: Item, fresh: Sequence[Item], known: Mapping[Address, Sequence[Value]], seal: Seal) -> Item:
    def found(value: Value, address: Address) -> Value:
        if not concealed(value):
            return value
        return next((one for one in known.get(address, ()) if not concealed(one) and seal.fits(value, one)), value)

    changes = tuple(
        replace(change, before=found(change.before, change.address), after=found(change.after, change.address))
        for change in item.changes
    )
    turns = [other for other in fresh if (other.play, other.task) == (item.play, item.task)]
    try:
        return replace(item, changes=changes, checks=_checks(item, turns, seal))
    except Refused as error:
        return replace(item, outcome="refused", reason=error.message, changes=(), actions=(), checks={})
