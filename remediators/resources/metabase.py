"""
The IIS metabase, read and written with the host's own ``adsutil.vbs``.

``metabase:SmtpSvc/1/ConnectResponse`` is a property, ``metabase:SmtpSvc#children`` the names of the nodes below one.
Values are text, or ``{"type", "data"}`` where the property is not a string. The forms of adsutil's output are those of
both its published texts; its words are localised, so statuses, numbers and structure decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from remediators.model import (
    ABSENT,
    Action,
    Address,
    Answer,
    Change,
    Command,
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
from remediators.resources import host

ADSUTIL = (cmd.Env("SystemDrive"), r"\Inetpub\AdminScripts\adsutil.vbs")
TYPES = frozenset({"STRING", "EXPANDSZ", "INTEGER", "BOOLEAN", "LIST"})

_NOT_SET, _NO_PATH, _DENIED, _BUSY = 0x80005006, 0x80070003, 0x80070005, 0x80070094
_NOT_ACTIVE = 0x80070426
_SHORT = {6: _NOT_SET, 3: _NO_PATH}  # what eight bits leave of a status; 5 and 148 have a number in the text
_PROPERTY = re.compile(r"^(\S+)\s*:\s*\(([^)]*(?:\(\))?)\) ?(.*)$")
_CHILD = re.compile(r"^\[/(.+)\]\s*$")
_NUMBER = re.compile(r"\((0x[0-9A-Fa-f]{8})\)")
_TYPE_NAMES = {"LONG": "INTEGER", "VARIANT()": "LIST"}  # for names of 32 characters and more it prints VBScript's type
_TRUE = frozenset({"true", "wahr", "vrai", "verdadero", "vero", "waar", "-1"})
_FALSE = frozenset({"false", "falsch", "faux", "falso", "onwaar", "0"})
_HIDDEN = "*" * 10
_SECONDS = 90.0  # cscript starts slowly on a busy mail server


def property_address(node: str, name: str) -> Address:
    """The address of a property, ``SmtpSvc/1`` and ``ConnectResponse``."""
    return Address("metabase", encode(f"{node.strip('/')}/{name}"))


def children_address(node: str) -> Address:
    return Address("metabase", f"{encode(node.strip('/'))}#children")


def split(address: Address) -> tuple[str, str]:
    """Node and property of an address. Raises `Refused` where there is no node."""
    node, slash, name = decode(address.path).rpartition("/")
    if not slash or not node or not name:
        raise Refused(f"{address} names no property of a node: write NODE/PROPERTY")
    return node, name


def read(addresses: Iterable[Address]) -> Iterator[Query]:
    """One question for each address."""
    for address in addresses:
        yield _children(address) if address.path.endswith("#children") else _property(address)


def _property(address: Address) -> Query:
    path = decode(address.path)
    command = cmd.cscript(ADSUTIL, "GET", _argument(path), seconds=_SECONDS)
    name = f"metabase-get:{address.identity}"
    return Query(name, (command,), _scope(address), lambda answers: _parse_property(answers[0], address))


def _children(address: Address) -> Query:
    path = decode(address.path.removesuffix("#children"))
    command = cmd.cscript(ADSUTIL, "ENUM", "/P", _argument(path), seconds=_SECONDS)
    name = f"metabase-children:{address.identity}"
    return Query(name, (command,), _scope(address), lambda answers: _parse_children(answers[0], address, path))


def _scope(address: Address) -> Scope:
    return Scope(frozenset({address}))


# -- what adsutil says -----------------------------------------------------------------------------------------------


def _parse_property(answer: Answer, address: Address) -> Reading:
    text = answer.text
    number = _error(answer)
    if number == _NOT_SET:
        return Reading()
    if number:
        return Reading(unread={address: _why(number, address, text)})
    if "\ufffd" in text:
        return Reading(unread={address: f"it has bytes that are no text in {answer.encoding}"})
    try:
        value = _value(text, split(address)[1])
    except ValueError as error:
        return Reading(unread={address: str(error)})
    return Reading({address: value}, doubts=_doubts(value, answer, address))


def _parse_children(answer: Answer, address: Address, node: str) -> Reading:
    number = _error(answer)
    if number:
        return Reading(unread={address: _why(number, address, answer.text)})
    paths = [match[1] for line in answer.text.splitlines() if (match := _CHILD.match(line))]
    prefix = node.upper() + "/"
    return Reading({address: [path[len(prefix) :] for path in paths if path.upper().startswith(prefix)]})


def _error(answer: Answer) -> int:
    """The HRESULT of a failed answer as an unsigned number; 1 where it failed without one, 0 where it did not fail."""
    if answer.status == 0:
        return 0
    spoken = _NUMBER.search(answer.text)
    status = (answer.status or 1) & 0xFFFFFFFF
    if spoken:
        return int(spoken[1], 16)
    if status & 0x80000000:
        return status
    return _SHORT.get(status, 1)


def _why(number: int, address: Address, text: str) -> str:
    said = " ".join(text.split())[:200]
    if number == _NO_PATH:
        return _no_path(address)
    if number == _DENIED:
        return "access to the metabase is denied: the account must be in Administrators"
    if number == _NOT_ACTIVE:
        return "the metabase is not there: IISADMIN, in which it lives, does not run"
    if number == _BUSY:
        return "the path is in use by another application; try again later"
    if number == 1:
        return (
            r"adsutil.vbs gave no answer: is it at %SystemDrive%\Inetpub\AdminScripts? Install the IIS administration "
            f"scripts there. The host said: {said or 'nothing'}"
        )
    return f"adsutil.vbs failed with 0x{number:08X}: {said}"


def _no_path(address: Address) -> str:
    path = decode(address.path.removesuffix("#children"))
    server = re.fullmatch(r"SmtpSvc/(\d+)/[^/]+", path, re.IGNORECASE)
    if server:
        return f"there is no virtual server {server[1]} on this host"
    if path.upper() == "SMTPSVC":
        return "there is no SmtpSvc in the metabase: the SMTP service is not installed"
    return f"there is no {path if address.path.endswith('#children') else split(address)[0]} in the metabase"


def _value(text: str, name: str) -> Value:
    """The value in what ``GET`` printed. Raises ValueError with the reason where it cannot be told exactly."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    match = _PROPERTY.match(lines[0])
    if not match or match[1].upper() != name.upper():
        raise ValueError("adsutil.vbs printed no line for this property")
    said = match[2].upper()
    kind = _TYPE_NAMES.get(said, said)
    if kind == "LIST":
        return {"type": "LIST", "data": _items(match[3], lines[1:])}
    if len(lines) > 1:
        raise ValueError("its text has several lines, which adsutil.vbs cannot carry exactly")
    return _single(kind, match[3])


def _items(count: str, lines: Sequence[str]) -> list[str]:
    number = re.match(r"\s*\((\d+)\b", count)
    items = [line[3:-1] for line in lines if line.startswith('  "') and line.endswith('"') and len(line) > 3]
    if not number or len(items) != int(number[1]) or len(items) != len(lines):
        raise ValueError("its list cannot be told apart line by line")
    return items


def _single(kind: str, text: str) -> Value:
    if kind == "STRING":
        return _string(text)
    if kind == "EXPANDSZ":
        return {"type": kind, "data": text}
    if kind == "INTEGER":
        return {"type": kind, "data": int(text)}
    if kind == "BOOLEAN" and text.strip().lower() in _TRUE | _FALSE:
        return {"type": kind, "data": text.strip().lower() in _TRUE}
    raise ValueError(f"its type {kind} with {text[:40]!r} is not understood")


def _string(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise ValueError("its text has several lines, which adsutil.vbs cannot carry exactly")
    if text[1:-1] == _HIDDEN:
        raise ValueError("it is a secret, which adsutil.vbs does not show")
    return text[1:-1]


def _doubts(value: Value, answer: Answer, address: Address) -> dict[Address, str]:
    """On an OEM code page a character that it does not have arrives as a question mark."""
    if answer.encoding.lower().replace("-", "") in ("utf8", "cp65001") or "?" not in str(value):
        return {}
    return {address: f"a question mark may stand for a character that {answer.encoding} does not have"}


# -- the kind of resource --------------------------------------------------------------------------------------------


class MetabaseKind:
    """How properties of the metabase are read and written."""

    kinds = frozenset({"metabase"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        return read(addresses)

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        """What is set first, what is deleted last."""
        ordered = sorted(changes, key=lambda change: change.after is ABSENT)
        return [Step((_command(change),), frozenset({change.address})) for change in ordered]

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        if change.address.path.endswith("#children"):
            return f"{change.address} can only be read"
        for value in (change.after, change.before):
            try:
                _words(value)
                _argument(decode(change.address.path))
            except Refused as refusal:
                role = "" if value is change.after else "what is there now could not be put back: "
                return f"{change.address}: {role}{refusal.message}"
        lost = host.unreadable(change.after, known) if isinstance(change.after, str) else None
        return f"{change.address}: {lost}" if lost else None

    def perform(self, action: Action, known: Snapshot) -> Performance:
        raise Refused(f"the metabase has no action {action.verb}")

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        nodes: dict[str, list[Change]] = {}
        for change in changes:
            nodes.setdefault(split(change.address)[0], []).append(change)
        return [_restoration(node, members) for node, members in nodes.items()]

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        return ()


def _command(change: Change) -> Command:
    path = _argument(decode(change.address.path))
    if change.after is not ABSENT:
        words = (cmd.Masked(word) if change.sensitive else word for word in _words(change.after))
        return cmd.cscript(ADSUTIL, "SET", path, *words, seconds=_SECONDS)
    if change.before is ABSENT:
        # DELETE of a property that is not set may delete a node of that name.
        raise Refused(f"{change.address} is not set, so there is nothing to delete")
    return cmd.cscript(ADSUTIL, "DELETE", path, seconds=_SECONDS)


def _words(value: Value) -> list[str]:
    """A value as arguments of ``SET``. Raises `Refused` where adsutil would not take it exactly."""
    if value is ABSENT:
        return []
    if isinstance(value, str):
        return [_argument(value)]
    kind, data = value["type"], value["data"]
    if kind == "LIST":
        if not data:
            raise Refused("an empty list cannot be set with adsutil.vbs")
        return [_argument(item) for item in data]
    if kind in TYPES:
        return [_argument(str(data))]
    raise Refused(f"a value of type {kind} cannot be set with adsutil.vbs")


def _argument(text: str) -> str:
    """Text that reaches adsutil as it is. Raises `Refused`."""
    if not text:
        raise Refused("empty text cannot be set with adsutil.vbs; use absent")
    if text.lower().startswith("-s:"):
        raise Refused("text that begins with -s: would be taken for a server's name by adsutil.vbs")
    cmd.wsh(text)
    return text


def _restoration(node: str, changes: Sequence[Change]) -> Restoration:
    properties = {split(change.address)[1]: _written(change.before) for change in changes}
    said = ", ".join(f"{name} was {'not set' if v == 'absent' else 'set'}" for name, v in properties.items())
    options = {"path": node, "properties": properties}
    return Restoration("metabase", options, f"{node}: {said}", tuple(change.address for change in changes))


def _written(value: Value) -> Value:
    """A value as the metabase remediator's options say it: the text ``absent`` itself needs its type beside it."""
    if value is ABSENT:
        return "absent"
    return {"type": "STRING", "data": value} if value == "absent" else value
