"""All that was read on a host, and what was asked: unread is not absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from remediators.model.addresses import Address, Scope, is_below
from remediators.model.commands import Query, Reading
from remediators.model.errors import OutOfScope, Unread
from remediators.model.values import ABSENT, Value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    The union of all readings of one host.

    ``snapshot[address]`` gives the value, or *absent* where the address was in the scope of a question and not in its
    answer. Raises `Unread` (with the reason) where reading failed, and `OutOfScope` where nobody asked.
    """

    values: Mapping[Address, Value] = field(default_factory=dict)
    scopes: tuple[Scope, ...] = ()
    unread: Mapping[Address, str] = field(default_factory=dict)
    failed: tuple[tuple[Scope, str], ...] = ()
    inexact: frozenset[Address] = frozenset()
    doubts: Mapping[Address, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    stale: frozenset[Address] = frozenset()
    old: tuple[Scope, ...] = ()

    def __getitem__(self, address: Address) -> Value:
        if address in self.values:
            return self.values[address]
        if address in self.unread:
            raise Unread(_unread(address, self.unread[address]))
        if address in self.inexact:
            raise Unread(f"{address} was not read exactly")
        if any(scope.covers(address) for scope in self.scopes):
            return ABSENT
        for scope, reason in self.failed:
            if scope.covers(address):
                raise Unread(_unread(address, reason))
        if any(scope.covers(address) for scope in self.old):
            return ABSENT
        raise OutOfScope(f"nobody asked for {address}")

    def readable(self, address: Address) -> bool:
        """Whether ``self[address]`` gives a value (or *absent*)."""
        try:
            self[address]
        except (Unread, OutOfScope):
            return False
        return True

    def knows(self, address: Address) -> bool:
        """Whether somebody asked for this address, whatever came of it."""
        try:
            self[address]
        except Unread:
            return True
        except OutOfScope:
            return False
        return True

    def below(self, root: Address) -> Iterator[Address]:
        """Every address that is present inside ``root``, among those of its kind; sorted."""
        found = (a for a, v in self.values.items() if v is not ABSENT and is_below(a, root))
        return iter(sorted(found))

    def read(self, query: Query, reading: Reading) -> Snapshot:
        """
        Add what a question found.

        What it tells replaces what was known. What it does not tell, though it is in its scope, is absent; but a value
        that was seen since `again` stays: one answer's silence does not outweigh another's word.
        """
        told = {*reading.values, *reading.unread, *reading.inexact}
        told |= _covered(query.scope, self.stale) | _covered(query.scope, self.unread)
        told |= _covered(query.scope, self.inexact)
        return replace(
            self,
            values={**_without(self.values, told), **reading.values},
            unread={**_without(self.unread, told), **reading.unread},
            inexact=(self.inexact - told) | reading.inexact,
            doubts={**_without(self.doubts, told), **reading.doubts},
            scopes=_joined(self.scopes, query.scope),
            asked=self.asked | {query.name},
            stale=self.stale - told,
        )

    def fail(self, query: Query, reason: str) -> Snapshot:
        """Remember that a question was asked and not answered: what was known of it before `again` is not known now."""
        gone = _covered(query.scope, self.stale)
        return replace(
            self,
            values=_without(self.values, gone),
            stale=self.stale - gone,
            failed=(*self.failed, (query.scope, reason)),
            asked=self.asked | {query.name},
        )

    def again(self) -> Snapshot:
        """The same knowledge with every question open, so that it can be asked again and the answers replaced."""
        return replace(
            self,
            asked=frozenset(),
            failed=(),
            stale=frozenset(self.values),
            scopes=(),
            old=_joined(self.old, *self.scopes),
        )

    def lost(self, addresses: Iterable[Address], reason: str) -> Snapshot:
        """What was known of these addresses is known no more."""
        gone = dict.fromkeys(addresses, reason)
        return replace(self, values=_without(self.values, gone), unread={**self.unread, **gone})

    def overlay(self, after: Mapping[Address, Value]) -> Snapshot:
        """How the host will look once these values are written: later tasks see earlier effects."""
        return replace(
            self,
            values={**self.values, **after},
            unread=_without(self.unread, after),
            inexact=self.inexact - set(after),
            doubts=_without(self.doubts, after),
        )


def _unread(address: Address, reason: str) -> str:
    """Why there is no value; what a host is stands for the host as a whole, and its reason for itself."""
    return reason if address.kind == "host" else f"{address} was not read: {reason}"


def _without(mapping: Mapping[Address, Value], gone: Iterable[Address]) -> dict[Address, Value]:
    left = dict(mapping)
    for address in gone:
        left.pop(address, None)
    return left


def _covered(scope: Scope, addresses: Iterable[Address]) -> set[Address]:
    """Those of the addresses that a scope covers; one by one only where it is more than a list of addresses."""
    if scope.below:
        return {address for address in addresses if scope.covers(address)}
    return set(scope.exact.intersection(addresses))


def _joined(scopes: tuple[Scope, ...], *more: Scope) -> tuple[Scope, ...]:
    """All of these; single addresses together in the first, so that a host of many questions is searched once."""
    exact = frozenset[Address]().union(*(scope.exact for scope in (*scopes, *more)))
    broad = dict.fromkeys(scope.below for scope in (*scopes, *more) if scope.below)
    return (Scope(exact), *(Scope(below=below) for below in broad))
