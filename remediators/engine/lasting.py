"""Whether what a run set still holds: read again, and looked at from outside again. Writes nothing to a host."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from remediators.engine.applier import spans_of
from remediators.engine.house import House
from remediators.engine.outcomes import HostResult, ItemResult
from remediators.engine.reading import details_of
from remediators.engine.touch import Touch
from remediators.engine.verification import verify
from remediators.model import Change, Host, RemediationError, Session, TransportError, Unread, Value
from remediators.model.documents import Seal, concealed


@dataclass(frozen=True, slots=True)
class Still:
    """One change: ``state`` is ``after`` where it holds, else ``before foreign unread``; ``now`` is the value."""

    change: Change
    state: str
    now: Value = None


@dataclass(frozen=True, slots=True)
class Looked:
    """One check from outside, again; ``seen`` is what was seen instead, ``None`` where all is well."""

    task: str
    check: str
    seen: str | None


@dataclass(frozen=True, slots=True)
class Lasting:
    """One host: ``ok`` where all holds, else ``differs unknown unreachable``."""

    host: str
    status: str
    changes: tuple[Still, ...] = ()
    checks: tuple[Looked, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All that is needed to look at one host of a run again."""

    host: Host
    result: HostResult
    session: Session
    house: House
    seal: Seal
    stop: threading.Event


def still_holds(look: Look) -> Lasting:
    """Look at one host again. What the host does is in the result."""
    host, result, house = look.host, look.result, look.house
    wanted = {span.address: span for span in spans_of(_verified(result))}
    touch = Touch(look.session, house)
    try:
        touch.look(wanted, details_of(wanted.values()), list(house.platform_of(host).queries()))
    except TransportError as error:
        return Lasting(host.name, "unreachable", error=error.message)
    except RemediationError as error:
        return Lasting(host.name, "unknown", error=error.message)
    changes = tuple(_still(span, touch, look.seal) for span in wanted.values())
    checks = tuple(_looked(item, look, touch) for item in result.items if _counts(item))
    flat = tuple(one for group in checks for one in group)
    states = {one.state for one in changes}
    status = "unknown" if "unread" in states else "ok"
    wrong = states - {"after", "unread"} or any(one.seen for one in flat)
    return Lasting(host.name, "differs" if wrong else status, changes, flat)


def _verified(result: HostResult) -> list[Change]:
    """The changes that the run saw in effect, in order."""
    pairs = ((item, zip(item.item.changes, item.results, strict=False)) for item in result.items)
    return [change for item, words in pairs for change, word in words if word == "verified" and _counts(item)]


def _counts(item: ItemResult) -> bool:
    return item.item.outcome == "change" and item.status in ("ok", "changed")


def _still(span: Change, touch: Touch, seal: Seal) -> Still:
    try:
        value = touch.known[span.address]
    except Unread:
        return Still(span, "unread")
    if seal.same(span.after, value):
        return Still(span, "after")
    return Still(span, "before" if seal.same(span.before, value) else "foreign", None if span.sensitive else value)


def _looked(item: ItemResult, look: Look, touch: Touch) -> Sequence[Looked]:
    sensitive = any(change.sensitive for change in item.item.changes)
    found = []
    for name, options in item.item.checks.items():
        if not any(concealed(option) for option in options.values()):
            seen = verify(look.house.checks[name], look.host, options, look.stop, touch)
            found.append(Looked(item.item.task, name, _hidden(seen, sensitive=sensitive)))
    return found


def _hidden(seen: str | None, *, sensitive: bool) -> str | None:
    return "it does not look as wanted" if seen and sensitive else seen
