"""What answers about the registry amount to: a reading in the making, and which keys of a path are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from remediators.model import Address, Answer, Command, Reading, Value
from remediators.resources.registry_addresses import Place, ancestors, key_at
from remediators.resources.registry_text import Seen, comparable, lists_key
from remediators.resources.registry_views import Reg

PRESENT = "present"


@dataclass(slots=True)
class Findings:
    """A reading in the making."""

    values: dict[Address, Value] = field(default_factory=dict)
    unread: dict[Address, str] = field(default_factory=dict)
    inexact: set[Address] = field(default_factory=set)
    doubts: dict[Address, str] = field(default_factory=dict)

    def add(self, address: Address, seen: Seen) -> None:
        if seen.unread:
            self.unread[address] = seen.unread
        elif not seen.exact:
            self.inexact.add(address)
        else:
            self.values[address] = seen.value
            if seen.doubt:
                self.doubts[address] = seen.doubt

    def reading(self) -> Reading:
        return Reading(self.values, self.unread, frozenset(self.inexact), self.doubts)


@dataclass(frozen=True, slots=True)
class Chain:
    """Which of a key and the keys above it are there, told by listings from the key upwards to the first success."""

    values: dict[Address, Value]
    unread: dict[Address, str]

    @classmethod
    def of(cls, at: Place, listings: Sequence[Answer]) -> Chain:
        keys = [at.key, *ancestors(at.key)]
        first = next((number for number, listing in enumerate(listings) if listing.ok), None)
        if first is None:
            reason = said(listings[-1]) if listings else "nothing was asked"
            return cls({}, {key_at(key, at.view): reason for key in keys})
        values: Mapping[Address, Value] = {key_at(key, at.view): PRESENT for key in keys[first:]}
        return cls(dict(values), dict(_missing(keys[:first], listings, first, at.view)))


def _missing(keys: Sequence[str], listings: Sequence[Answer], first: int, view: str) -> Iterator[tuple[Address, str]]:
    """Reasons for keys that could not be opened although they are, or may be, there; an absent key has none."""
    if not keys:
        return
    listing, top = listings[first], keys[-1]
    if lists_key(listing, top):
        reason = f"{top} is there but could not be opened: {said(listings[first - 1])}"
    elif not comparable(listing, top):
        reason = f"{top} cannot be told from others in the code page of this host"
    else:
        return
    yield from ((key_at(key, view), reason) for key in keys)


def said(answer: Answer) -> str:
    return " ".join(answer.text.split())[:200] or f"exit status {answer.status}"


def upwards(at: Place, program: Reg) -> Iterator[Command]:
    return (program.query(above, fallback=True) for above in ancestors(at.key))
