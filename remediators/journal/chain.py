"""
The chain of the journal: each event holds the hash of the one before it, so that nothing is altered unseen. Pure.

The body goes in by its own hash: a body that was let go after its time leaves the chain whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

START = "0" * 64


@dataclass(frozen=True, slots=True)
class Link:
    """An event as it is stored. ``body`` is ``None`` where it was let go."""

    number: int
    run: str
    kind: str
    host: str
    at: str
    body: str | None
    digest: str
    chain: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a journal at some time, and the chain up to it."""

    number: int
    chain: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check: how many events, how many of them without their body, and what is wrong, if anything."""

    events: int
    let_go: int
    head: Head
    wrong: str | None = None


def digest_of(body: str) -> str:
    """SHA-256 of a body, hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


def link(before: str, *fields: str) -> str:
    """The chain after an event (its run, kind, host, time and the digest of its body), hexadecimal."""
    return hashlib.sha256(json.dumps([before, *fields]).encode()).hexdigest()


def verify(links: Iterable[Link], heads: Iterable[Head] = ()) -> Verdict:
    """Follow the chain, and compare it with heads that were written down elsewhere."""
    events = let_go = 0
    head, chains = Head(0, START), {0: START}
    for one in links:
        wrong = _wrong(one, head)
        if wrong:
            return Verdict(events, let_go, head, wrong)
        events, let_go = events + 1, let_go + (one.body is None)
        head = Head(one.number, one.chain)
        chains[one.number] = one.chain
    lost = next((noted for noted in heads if chains.get(noted.number) != noted.chain), None)
    return Verdict(events, let_go, head, None if lost is None else _lost(lost, head))


def _wrong(one: Link, head: Head) -> str | None:
    named = f"event {one.number} ({one.kind} of run {one.run}, {one.at})"
    if one.body is not None and digest_of(one.body) != one.digest:
        return f"{named} is not as it was written"
    if link(head.chain, one.run, one.kind, one.host, one.at, one.digest) != one.chain:
        return f"{named} does not follow the event before it: one of them was altered, added or removed"
    return None


def _lost(noted: Head, head: Head) -> str:
    if noted.number > head.number:
        return f"the journal ends at event {head.number}, and a run was told of event {noted.number}"
    return f"event {noted.number} is another one than a run was told of"
