"""
The escape hatch: a value that only a command can tell, and commands that lead there and back.

``command:NAME`` has the value ``{"rc", "out"}``, or the one of the two that the operator's ``desired`` names. A
change's detail is ``probe``, ``apply``, ``revert`` (text in cmd's own language), ``desired``, and, where a service must
not run meanwhile, ``while_stopped`` with what allows that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from remediators.model import (
    Action,
    Address,
    Answer,
    Change,
    Performance,
    Query,
    Reading,
    Refused,
    Restoration,
    Scope,
    Snapshot,
    Step,
    Value,
    decode,
    encode,
)
from remediators.quoting import cmd
from remediators.resources import service_control as control
from remediators.resources import services


def address(name: str) -> Address:
    return Address("command", encode(name))


def probe(where: Address, detail: Mapping[str, Any]) -> Query:
    """Ask for ``rc`` and ``out``, as far as ``desired`` names them."""
    parts = tuple(sorted(detail["desired"]))
    text = str(detail["probe"])
    title = f"command:{where.identity}:{text}:{','.join(parts)}"
    scope = Scope(frozenset({where}))
    return Query(title, (cmd.script(text),), scope, lambda answers: _parse(answers[0], where, parts))


def read(where: Address, detail: Mapping[str, Any], known: Snapshot) -> Iterator[Query]:
    """The probe, and what must be known of the service that stops for it."""
    yield probe(where, detail)
    if detail.get("while_stopped"):
        yield from services.read(_service(str(detail["while_stopped"])), known)


def _service(name: str) -> list[Address]:
    return [services.part(name, what) for what in ("state", "start_mode", "dependents")]


def _parse(answer: Answer, where: Address, parts: Sequence[str]) -> Reading:
    if "out" in parts and "\ufffd" in answer.text:
        return Reading(unread={where: f"the probe printed bytes that are no text in {answer.encoding}"})
    if answer.status is None:
        return Reading(unread={where: "the probe was not run"})
    value = {"rc": answer.status, "out": answer.text.replace("\r\n", "\n").rstrip("\r\n")}
    return Reading({where: {name: value[name] for name in parts}})


class CommandKind:
    """How a probed value is read, and led to another by the operator's own commands."""

    kinds = frozenset({"command"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        for where in addresses:
            if where in details:
                yield from read(where, details[where], known)

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        return [step for change in changes for step in _steps(change, known)]

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        if not change.detail:
            return f"{change.address} has no commands that lead there"
        try:
            for word in ("probe", "apply", "revert"):
                cmd.script(str(change.detail[word]))
            self.write([change], known)
        except Refused as refusal:
            return f"{change.address}: {refusal.message}"
        return None

    def perform(self, action: Action, known: Snapshot) -> Performance:
        raise Refused(f"a command has no action {action.verb}")

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        return [_restoration(change) for change in reversed(changes)]

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        for change in changes:
            name = (change.detail or {}).get("while_stopped")
            if name:
                ran = _ran(str(name), known)
                company = f", with {', '.join(ran)}" if ran else ""
                yield f"{name} stops and starts again around {change.address}{company}{control.price(name, ran)}"


def _steps(change: Change, known: Snapshot) -> Iterator[Step]:
    detail = change.detail or {}
    text = str(detail["apply"] if change.after == _wanted(change) else detail["revert"])
    step = Step((cmd.script(text, seconds=600),), frozenset({change.address}))
    name = detail.get("while_stopped")
    if not name:
        yield step
        return
    ran = _ran(str(name), known)
    before = services.restartable(str(name), known)
    named = tuple(detail.get("dependents", ()))
    control.refuse_protected(str(name), ran, named, allowed=bool(detail.get("allow_store_restart")))
    yield from services.stop_steps(str(name), ran, before)
    yield step
    if before == "running":
        yield from services.start_steps(str(name), ran)


def _ran(name: str, known: Snapshot) -> list[str]:
    if not known.readable(services.part(name, "dependents")):
        return []
    return services.running_dependents(name, known)


def _wanted(change: Change) -> Value:
    """What the operator's ``desired`` makes of the value: an inverted change leads away from it."""
    return dict((change.detail or {})["desired"])


def _restoration(change: Change) -> Restoration:
    detail = dict(change.detail or {})
    options = {
        **detail,
        "name": decode(change.address.path),
        "desired": change.before,
        "apply": detail["revert"],
        "revert": detail["apply"],
    }
    return Restoration("command", options, f"{decode(change.address.path)}: back by its own revert", (change.address,))
