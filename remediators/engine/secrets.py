"""
Secrets of a saved plan, found again when it is applied.

A plan holds a reference and an HMAC of each secret. The host is planned once more from the same playbooks, and each
secret that comes out must be the one that the plan was made with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from remediators.model import Change, HostPlan, Item, Refused
from remediators.model.documents import Seal, concealed


def has_secrets(hosts: Iterable[HostPlan]) -> bool:
    """Whether anything in these plans stands for a secret."""
    return any(concealed(change.after) for host in hosts for item in host.items for change in item.changes)


def revealed(saved: HostPlan, fresh: HostPlan, seal: Seal) -> HostPlan:
    """
    The saved plan with its secrets filled in from a fresh one; items whose secret differs are refused.

    A host that could not be asked again is what the fresh plan says of it: unreachable, failed or refused.
    """
    if (fresh.status == "unreachable" or fresh.error) and has_secrets((saved,)):
        return replace(saved, status=fresh.status, error=fresh.error)
    return replace(saved, items=tuple(_item(item, fresh, seal) for item in saved.items))


def _item(item: Item, fresh: HostPlan, seal: Seal) -> Item:
    try:
        return replace(item, changes=tuple(_change(item, change, fresh, seal) for change in item.changes))
    except Refused as error:
        return replace(item, outcome="refused", reason=error.message, changes=())


def _change(item: Item, change: Change, fresh: HostPlan, seal: Seal) -> Change:
    if not concealed(change.after):
        return change
    for other in fresh.items:
        if (other.play, other.task) == (item.play, item.task):
            for candidate in other.changes:
                if candidate.address == change.address and seal.fits(change.after, candidate.after):
                    return replace(change, after=candidate.after)
    raise Refused(f"{change.address}: the secret is not the one that this plan was made with; plan again")
