"""
Plans as JSON and back: ``remediate/plan/1`` (spec, "Files"). Pure; the digest is how an edited document is recognised.

A sensitive value stands in a document as a reference and an HMAC of it, never in the clear.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from remediators.model.addresses import Address
from remediators.model.changes import Action, Arming, Change, HostPlan, Item, Plan, Source
from remediators.model.errors import JournalError, UsageError
from remediators.model.shapes import Shape, check, schema_of
from remediators.model.values import Value

PLAN_SCHEMA = "remediate/plan/1"
RUN_SCHEMA = "remediate/run/1"
OUTCOMES = ("change", "ok", "skipped", "unpredictable", "refused", "failed")
STATUSES = ("unreachable", "failed", "refused", "changes", "ok")

_MAYBE_TEXT = (str, type(None))
_MAYBE_MAPPING = (dict, type(None))
_ITEM: Mapping[str, Shape] = {
    **dict.fromkeys(("play", "task", "remediator", "outcome", "where"), str),
    "reason": _MAYBE_TEXT,
    "changes": [{"resource": str, "before": object, "after": object}],
    "commands": [str],
    "notes": [str],
    "checks": dict,
    "notify": [str],
    "handler": bool,
    "ignore_errors": bool,
    "cause": (int, type(None)),
    "options": dict,
    "performs": [{"resource": str, "verb": str, "reads": [str], "detail": _MAYBE_MAPPING}],
}
_LINES = ("arm", "confirm", "save", "revert", "notes")
_ARMING: Mapping[str, Shape] = {
    **{name: [str] for name in _LINES},
    "kind": str,
    "minutes": int,
    "console": str,
    "leave": dict,
}
_PLAN: Mapping[str, Shape] = {
    **dict.fromkeys(("id", "created", "tool"), str),
    "playbooks": [{"path": str, "sha256": str}],
    "inventory": [str],
    "extra": dict,
    "hosts": [
        {"name": str, "status": str, "error": _MAYBE_TEXT, "arming": _MAYBE_MAPPING, "items": [_ITEM]},
    ],
}


class EditedPlan(UsageError):
    """A plan that is not as it was written: what was read, and perhaps approved, is not what would be done."""


@dataclass(frozen=True, slots=True)
class Seal:
    """
    Turns sensitive values into references. ``key`` never leaves the state directory.

    ``lock`` encrypts what must be had again: a vault text of the bytes it is given. Without it nothing can be kept.
    """

    key: bytes
    lock: Callable[[bytes], str] | None = field(default=None, repr=False)

    def conceal(self, reference: str, value: Value) -> Value:
        """Give what may stand in a document for a sensitive value; absent stays absent."""
        if value is None:
            return None
        return {"secret": reference, "hmac": hmac.new(self.key, canonical(value), hashlib.sha256).hexdigest()}

    def keep(self, reference: str, value: Value) -> Value:
        """The same with the value itself, encrypted, so that it can be put back. Raises `JournalError`."""
        if value is None:
            return None
        if self.lock is None:
            raise JournalError(f"{reference}: its secret could not be kept, because nothing encrypts it here")
        return {**self.conceal(reference, value), "vault": self.lock(canonical(value))}

    def same(self, wanted: Value, value: Value) -> bool:
        """Whether a value is the wanted one, which may be concealed."""
        return value == wanted or (concealed(wanted) and self.fits(wanted, value))

    def fits(self, concealed: Value, value: Value) -> bool:
        """Whether ``value`` is the one that `conceal` stood for."""
        if concealed is None or value is None:
            return concealed is value
        expected = hmac.new(self.key, canonical(value), hashlib.sha256).hexdigest()
        return hmac.compare_digest(str(concealed.get("hmac", "")), expected)


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def plan_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a plan document."""
    found = schema_of(_PLAN)
    properties = {"schema": {"const": PLAN_SCHEMA}, **found["properties"]}
    host = properties["hosts"]["items"]["properties"]
    host["status"] = {"enum": list(STATUSES)}
    host["items"]["items"]["properties"]["outcome"] = {"enum": list(OUTCOMES)}
    properties |= {"totals": {"type": "object"}, "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of remediate",
        **found,
        "properties": properties,
        "required": ["schema", *found["required"], "totals", "digest"],
    }


def with_digest(document: dict[str, Any]) -> dict[str, Any]:
    """Add the SHA-256 of everything else in the document."""
    body = {name: value for name, value in document.items() if name != "digest"}
    return {**body, "digest": "sha256:" + hashlib.sha256(canonical(body)).hexdigest()}


def is_intact(document: Mapping[str, Any]) -> bool:
    """Whether a document still is what was written."""
    return bool(with_digest(dict(document))["digest"] == document.get("digest"))


def concealed(value: Value) -> bool:
    """Whether a value read from a document stands for a secret."""
    return isinstance(value, dict) and {"secret", "hmac"} <= set(value) <= {"secret", "hmac", "vault"}


def is_open(change: Change) -> bool:
    """Whether a sensitive value that was there before stands in a change as it is."""
    return change.sensitive and change.before is not None and not concealed(change.before)


def plan_document(plan: Plan, seal: Seal) -> dict[str, Any]:
    """The plan as plain JSON, with totals and digest."""
    return with_digest(
        {
            "schema": PLAN_SCHEMA,
            "id": plan.id,
            "created": plan.created,
            "tool": plan.tool,
            "playbooks": [{"path": s.path, "sha256": s.sha256} for s in plan.playbooks],
            "inventory": list(plan.inventory),
            "extra": dict(plan.extra),
            "hosts": [host_document(host, seal) for host in plan.hosts],
            "totals": totals(plan.hosts),
        }
    )


def host_document(host: HostPlan, seal: Seal) -> dict[str, Any]:
    items = [item_document(item, seal) for item in host.items]
    arming = _arming_document(host.arming) if host.arming else None
    back = {"way_back": list(host.way_back)} if host.arming else {}
    return {"name": host.name, "status": host.status, "error": host.error, "arming": arming, **back, "items": items}


def _arming_document(arming: Arming) -> dict[str, Any]:
    return {name: list(value) if name in _LINES else value for name, value in asdict(arming).items()}


def item_document(item: Item, seal: Seal) -> dict[str, Any]:
    differing = {"on_verify_failure": item.on_verify_failure} if item.on_verify_failure != "stop" else {}
    return {
        **differing,
        "play": item.play,
        "task": item.task,
        "remediator": item.remediator,
        "outcome": item.outcome,
        "reason": item.reason,
        "changes": [change_document(change, seal) for change in item.changes],
        "actions": [str(action) for action in item.actions],
        "commands": list(item.commands),
        "notes": list(item.notes),
        "checks": _checks_document(item, seal),
        "notify": list(item.notify),
        "handler": item.handler,
        "ignore_errors": item.ignore_errors,
        "cause": item.cause,
        "where": item.where,
        "options": dict(item.options),
        "performs": [action_document(action) for action in item.actions],
    }


def _checks_document(item: Item, seal: Seal) -> dict[str, Any]:
    """What a check looks for tells the secret that the item writes."""
    if not any(change.sensitive for change in item.changes):
        return dict(item.checks)
    return {
        name: {
            option: v if v is None or concealed(v) else seal.conceal(f"{name}.{option}", v) for option, v in of.items()
        }
        for name, of in item.checks.items()
    }


def change_document(change: Change, seal: Seal, *, kept: bool = False) -> dict[str, Any]:
    """A change as it may be written; ``kept`` says that a secret that was there before must be had again from it."""

    def shown(value: Value) -> Value:
        return seal.conceal(str(change.address), value) if change.sensitive and not concealed(value) else value

    document: dict[str, Any] = {
        "resource": str(change.address),
        "before": seal.keep(str(change.address), change.before) if kept and is_open(change) else shown(change.before),
        "after": shown(change.after),
    }
    if change.sensitive:
        document["sensitive"] = True
    if change.detail is not None:
        document["detail"] = dict(change.detail)
    return document


def action_document(action: Action) -> dict[str, Any]:
    return {
        "resource": str(action.address),
        "verb": action.verb,
        "reads": [str(address) for address in action.reads],
        "detail": action.detail,
    }


def totals(hosts: tuple[HostPlan, ...]) -> dict[str, int]:
    """Count what a plan holds; ``changes`` counts changes, everything else hosts or items."""
    items = [item for host in hosts for item in host.items]

    def count(outcome: str) -> int:
        return sum(1 for item in items if item.outcome == outcome)

    return {
        "hosts": len(hosts),
        "changes": sum(len(item.changes) for item in items if item.outcome == "change"),
        "ok": count("ok"),
        "unpredictable": count("unpredictable"),
        "refused": count("refused"),
        "failed": count("failed"),
        "unreachable": sum(1 for host in hosts if host.status == "unreachable"),
    }


def read_plan(document: Any) -> Plan:
    """Read a plan document. Raises `UsageError` with what is wrong: another schema, edited by hand, or malformed."""
    if not isinstance(document, dict) or not str(document.get("schema", "")).startswith("remediate/"):
        raise UsageError("this is not a plan: there is no schema remediate/plan/1 in it")
    if document["schema"] != PLAN_SCHEMA:
        raise UsageError(f"this is a {document['schema']}, and this version reads {PLAN_SCHEMA}; plan again")
    if not is_intact(document):
        raise EditedPlan("the plan was edited after it was made (its digest does not fit); plan again")
    try:
        check(document, _PLAN)
        _told_apart([host["name"] for host in document["hosts"]])
        return Plan(
            id=document["id"],
            created=document["created"],
            tool=document["tool"],
            playbooks=tuple(Source(s["path"], s["sha256"]) for s in document["playbooks"]),
            inventory=tuple(document["inventory"]),
            hosts=tuple(_read_host(host) for host in document["hosts"]),
            extra=document["extra"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the plan is malformed ({error}); plan again") from error


def _told_apart(names: list[str]) -> None:
    """One host must not be worked on twice at the same time."""
    for name, count in Counter(names).items():
        if count > 1 or not name:
            raise ValueError(f"the host {name!r} is in it {count} times")


def _read_host(host: Mapping[str, Any]) -> HostPlan:
    if host["status"] not in STATUSES:
        raise ValueError(f"{host['name']}: unknown status {host['status']!r}")
    items = tuple(_read_item(item) for item in host["items"])
    back = host.get("way_back", [])
    check(back, [str], "way_back")
    return HostPlan(host["name"], host["status"], items, host["error"], _read_arming(host["arming"]), tuple(back))


def _read_arming(arming: Mapping[str, Any] | None) -> Arming | None:
    if arming is None:
        return None
    check(arming, _ARMING, "arming")
    lines = {name: tuple(arming[name]) for name in _LINES}
    return Arming(arming["kind"], arming["minutes"], console=arming["console"], leave=arming["leave"], **lines)


def _read_item(item: Mapping[str, Any]) -> Item:
    if item["outcome"] not in OUTCOMES:
        raise ValueError(f"unknown outcome {item['outcome']!r}")
    for name, options in item["checks"].items():
        check(options, dict, f"the check {name}")
    return Item(
        play=item["play"],
        task=item["task"],
        remediator=item["remediator"],
        outcome=item["outcome"],
        reason=item["reason"],
        changes=tuple(read_change(change) for change in item["changes"]),
        actions=tuple(_read_action(action) for action in item["performs"]),
        commands=tuple(item["commands"]),
        notes=tuple(item["notes"]),
        checks=item["checks"],
        notify=tuple(item["notify"]),
        handler=item["handler"],
        ignore_errors=item["ignore_errors"],
        cause=item["cause"],
        where=item["where"],
        options=item["options"],
        on_verify_failure=_one_of(item.get("on_verify_failure", "stop"), ("stop", "rollback")),
    )


def _one_of(word: Any, words: tuple[str, ...]) -> str:
    if word not in words:
        raise ValueError(f"{word!r} is none of {', '.join(words)}")
    return str(word)


def read_change(change: Mapping[str, Any]) -> Change:
    """Read one change; a secret stays concealed until it is resolved."""
    address = Address.parse(change["resource"])
    sensitive, detail = change.get("sensitive", False), change.get("detail")
    if not isinstance(sensitive, bool) or not isinstance(detail, _MAYBE_MAPPING):
        raise TypeError(f"{address}: sensitive or detail")
    return Change(address, change["before"], change["after"], sensitive, detail)


def _read_action(action: Mapping[str, Any]) -> Action:
    reads = tuple(Address.parse(address) for address in action["reads"])
    return Action(Address.parse(action["resource"]), action["verb"], reads, action["detail"])
