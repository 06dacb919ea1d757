r"""
The SMTP queues of Exchange Server 2003, which its System Manager calls queues and WMI calls links.

Read from ``Exchange_SMTPLink`` in ``root\MicrosoftExchangeV2`` (Microsoft, aa143827 and the pages beside it) with
``wmic``, only where that ever ran (see `wmic`). ``smtp-queue:links`` holds ``{"now", "links"}``: the host's own clock,
and one object for each link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from remediators.model import (
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
    Unread,
)
from remediators.resources import wmic
from remediators.resources.semaphore import names_semaphore

LINKS: Final = Address("smtp-queue", "links")
NAMESPACE: Final = r"\\root\MicrosoftExchangeV2"
CLASS: Final = "Exchange_SMTPLink"

_STATES: Final = ("Active", "Ready", "Retry", "Scheduled", "Frozen")
_PROPERTIES: Final = (
    "ExtendedStateInfo",
    "GlobalStop",
    "LinkName",
    "MessageCount",
    "NextScheduledConnection",
    "OldestMessage",
    "Size",
    *(f"State{state}" for state in _STATES),
    "TypeRemoteDelivery",
    "VirtualServerName",
)
_TRUE: Final = "TRUE"


@dataclass(frozen=True, slots=True)
class Link:
    """
    One queue. Times are ISO 8601 with the host's zone, empty where there is none; ``size`` is in bytes.

    ``info`` is what System Manager shows as "Additional queue information", made safe to print; ``state`` is
    ``active ready retry scheduled frozen``, empty where the host names none.
    """

    name: str
    messages: int
    oldest: str = ""
    next_try: str = ""
    size: int = 0
    info: str = ""
    state: str = ""
    remote: bool = False
    stopped: bool = False
    server: str = ""

    @property
    def semaphore(self) -> bool:
        """Whether its additional information has the semaphore phrase of KB 919091."""
        return names_semaphore(self.info)


@dataclass(frozen=True, slots=True)
class Queue:
    """All links of a host, and its own clock when they were read (ISO 8601, empty where it did not say)."""

    links: tuple[Link, ...]
    now: str = ""

    @property
    def remote(self) -> tuple[Link, ...]:
        """Links to other servers."""
        return tuple(link for link in self.links if link.remote)

    @property
    def messages(self) -> int:
        """How many messages wait for other servers."""
        return sum(link.messages for link in self.remote)

    @property
    def oldest(self) -> str:
        """When the oldest message that waits for another server came; empty where none waits."""
        times = [link.oldest for link in self.remote if link.oldest and link.messages]
        return min(times, key=datetime.fromisoformat, default="")

    @property
    def oldest_seconds(self) -> float | None:
        """How long that message waits by the host's own clock."""
        if not self.oldest or not self.now:
            return None
        return (datetime.fromisoformat(self.now) - datetime.fromisoformat(self.oldest)).total_seconds()


def query(seconds: float = wmic.SECONDS) -> Query:
    """All links of a host, in one question. Slow: ask it last."""
    links = f"/namespace:{NAMESPACE} path {CLASS} get {','.join(_PROPERTIES)} /format:list"
    command = wmic.command("os get LocalDateTime /format:list", links, seconds=seconds)
    return Query("smtp-queue", (command,), Scope(frozenset({LINKS})), _parse)


def queue(known: Snapshot) -> Queue:
    """What was read. Raises `Unread`, and `OutOfScope` where nobody asked."""
    value = known[LINKS]
    return Queue(tuple(Link(**link) for link in value["links"]), value["now"])


def _parse(answers: Sequence[Answer]) -> Reading:
    answer = answers[0]
    if answer.status != 0:
        return Reading(unread={LINKS: f"the queues were not read: {wmic.why(answer)}"})
    clock, text = _clock(answer.text)
    try:
        links = [asdict(_link(record)) for record in wmic.records(text, _PROPERTIES)]
    except ValueError as error:
        return Reading(unread={LINKS: f"wmic's list of queues cannot be told apart: {error}"})
    return Reading({LINKS: {"now": clock, "links": sorted(links, key=lambda link: (link["server"], link["name"]))}})


def _clock(text: str) -> tuple[str, str]:
    """The host's clock, and the text without its line."""
    lines = text.replace("\r", "").split("\n")
    for number, line in enumerate(lines):
        if line.upper().startswith("LOCALDATETIME="):
            return wmic.when(line.partition("=")[2]), "\n".join(lines[number + 1 :])
    return "", text


def _link(record: Mapping[str, str]) -> Link:
    return Link(
        name=record["LinkName"],
        messages=_number(record, "MessageCount"),
        oldest=wmic.when(record["OldestMessage"]),
        next_try=wmic.when(record["NextScheduledConnection"]),
        size=_number(record, "Size"),
        info=record["ExtendedStateInfo"][:500],
        state=next((state.lower() for state in _STATES if _is_true(record[f"State{state}"])), ""),
        remote=_is_true(record["TypeRemoteDelivery"]),
        stopped=_is_true(record["GlobalStop"]),
        server=record["VirtualServerName"],
    )


def _is_true(text: str) -> bool:
    return text.strip().upper() == _TRUE


def _number(record: Mapping[str, str], name: str) -> int:
    text = record[name].strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(f"{name} of {record['LinkName']!r} is {text[:40]!r}, which is no number")
    return int(text)


# -- kicking ---------------------------------------------------------------------------------------------------------

_NAME = re.compile(r"[^\x00-\x1f\x7f\"%'\\^!]+")


def check_name(name: str) -> str:
    """A link's name that can be said in a WMI question. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError("a queue's name with a quotation mark, a backslash, %, ^ or ! in it cannot be passed to wmic")
    return name


def is_named(link: Link, name: str) -> bool:
    return link.name.upper() == name.upper()


def kick(link: str | None = None) -> Command:
    """
    Make links connect at once: ``Kick`` of every link whose ``ActionKick`` says that it can be, or of one by name.

    Microsoft documents the property (aa143827 and beside it); the method is domain knowledge (90 % sure).
    """
    which = "ActionKick=TRUE" if link is None else f"ActionKick=TRUE and LinkName='{check_name(link)}'"
    return wmic.command(f'/namespace:{NAMESPACE} path {CLASS} where "{which}" call Kick /nointeractive')


class QueueKind:
    """How queues are read, and kicked; they have no value that could be written."""

    kinds = frozenset({"smtp-queue"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        return [query()] if any(address == LINKS for address in addresses) else []

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        return [] if not changes else _refuse()

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        return f"{change.address} can only be read"

    def perform(self, action: Action, known: Snapshot) -> Performance:
        if action.verb != "kicked":
            raise Refused(f"queues cannot be {action.verb}")
        try:
            before = queue(known)
        except Unread as error:
            raise Refused(f"the queues cannot be kicked: {error.message}") from error
        link = (action.detail or {}).get("link")
        step = Step((kick(link),), frozenset({LINKS}))
        found = {LINKS: {"now": before.now, "messages": before.messages}}
        return Performance((step,), found, {}, (_note(link, before),))

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        return ()

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        return ()


def _refuse() -> Sequence[Step]:
    raise Refused("queues can only be read and kicked")


def _note(link: str | None, before: Queue) -> str:
    which = "every queue that can be" if link is None else f"the queue {link}"
    return (
        f"{which} is tried again at once ({before.messages} messages wait now); nothing is configured, so there is "
        "nothing to put back. The method was never run on a real Exchange server"
    )
