"""
No secret in the clear gets past a plan: documents, the journal and the screen all show what a plan holds.

A value that holds a secret is sealed wherever it stands, and encrypted where it must be had again. What cannot be
sealed, because everybody must read it (an address, a command), makes its item refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from remediators.engine.planner import worst
from remediators.engine.rollback import Begun
from remediators.model import Address, Change, HostPlan, Item, Redactor
from remediators.model.documents import Seal, concealed


def without_secrets(host: HostPlan, redactor: Redactor) -> HostPlan:
    """A plan with secrets blotted out of its sentences, and the items refused that would carry one elsewhere."""
    items = tuple(_cleaned(_held_back(item, redactor), redactor) for item in host.items)
    host = replace(host, way_back=tuple(map(redactor.text, host.way_back)))
    return _with_items(replace(host, error=redactor.text(host.error) if host.error else None), items)


def _with_items(host: HostPlan, items: tuple[Item, ...]) -> HostPlan:
    """The same host; its status follows its items, unless it never came to them."""
    if host.status == "unreachable" or host.error or items == host.items:
        return replace(host, items=items)
    return replace(host, items=items, status=worst(items))


def _cleaned(item: Item, redactor: Redactor) -> Item:
    told = redactor.text(item.reason) if item.reason else None
    name = item.task if item.handler else redactor.text(item.task)
    return replace(item, task=name, reason=told, notes=tuple(map(redactor.text, item.notes)))


def _held_back(item: Item, redactor: Redactor) -> Item:
    if item.outcome != "change":
        return replace(item, commands=tuple(map(redactor.text, item.commands)))
    why = next((text for change in item.changes if (text := _shown_by(change, redactor))), None)
    sealed = any(change.sensitive for change in item.changes)  # then so is what its checks look for
    rest = [{} if sealed else dict(item.checks), dict(item.options), *item.commands, *map(str, item.actions)]
    if why is None and _shows(rest, redactor):
        why = "its commands or its checks would show a password or another secret of this host, and stand in the plan"
    if why is None:
        return item
    return replace(item, outcome="refused", reason=why, changes=(), actions=(), commands=(), checks={})


def _shown_by(change: Change, redactor: Redactor) -> str | None:
    """Why a change would show a secret: the place, what is there, or what is to come."""
    detail: Mapping[str, Any] = change.detail or {}
    if _shows([str(change.address), dict(detail)], redactor):
        return (
            f"{change.address} holds a password or another secret of this host in its name, which every document shows"
        )
    if change.sensitive:
        return None
    if redactor.shows(change.before) or redactor.shows(change.after):
        return f"{change.address} holds a secret that became known only now; plan again"
    return None


def _shows(value: Any, redactor: Redactor) -> bool:
    return redactor.shows(value)


def secret_again(host: HostPlan, begun: Iterable[Begun], seal: Seal, *, overwrite: bool) -> HostPlan:
    """
    The plan of a rollback, in which what a run wrote as a secret is one too.

    Only the run's own secret is taken away: where another value stands now, the item is refused, unless ``overwrite``.
    """
    secrets = {entry.change.address: entry.change for entry in begun if entry.change.sensitive}
    own = None if overwrite else seal
    return _with_items(host, tuple(_secret_item(item, secrets, own) for item in host.items))


def _secret_item(item: Item, secrets: Mapping[Address, Change], seal: Seal | None) -> Item:
    changes = tuple(replace(change, sensitive=True) if change.address in secrets else change for change in item.changes)
    strangers = [
        c for c in changes if seal and c.address in secrets and not seal.fits(secrets[c.address].after, c.before)
    ]
    if not strangers or item.outcome != "change":
        return replace(item, changes=changes)
    reason = f"{strangers[0].address} was changed by somebody else since the run; --overwrite HOST puts it back anyway"
    return replace(item, outcome="refused", reason=reason, changes=changes)


def is_kept(entry: Begun) -> bool:
    """Whether what was there before a change is known: a secret, only where its key could open it."""
    return not concealed(entry.change.before)
