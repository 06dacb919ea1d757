"""Ask in rounds until nothing new is asked: one batch for everything first, more only where an answer leads on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from remediators.engine.house import House
from remediators.model import Address, Change, Query, Reader, ResourceKind, Snapshot

MOST_ROUNDS = 5


def read_all(reader: Reader, known: Snapshot, ask: Callable[[Snapshot], Iterable[Query]]) -> Snapshot:
    """
    Call ``ask`` with what is known, send what is new, and go on until nothing is new.

    A question that fails is remembered as failed, with the reason. Raises `TransportError`.
    """
    for _ in range(MOST_ROUNDS):
        new = list({q.name: q for q in ask(known) if q.name not in known.asked}.values())
        if not new:
            break
        for query, reading in zip(new, reader.read(new), strict=True):
            known = known.fail(query, reading) if isinstance(reading, str) else known.read(query, reading)
    return known


def absorb(known: Snapshot, queries: Sequence[Query], readings: Sequence[Any]) -> Snapshot:
    """Add readings that came with a write."""
    for query, reading in zip(queries, readings, strict=True):
        known = known.fail(query, reading) if isinstance(reading, str) else known.read(query, reading)
    return known


def by_kind(house: House, changes: Iterable[Change]) -> list[tuple[ResourceKind, list[Change]]]:
    """Group changes by the resource kind that writes them, in order of first appearance."""
    groups: dict[int, tuple[ResourceKind, list[Change]]] = {}
    for change in changes:
        kind = house.kind_of(change.address)
        groups.setdefault(id(kind), (kind, []))[1].append(change)
    return list(groups.values())


def questions(
    house: House, addresses: Iterable[Address], details: Mapping[Address, Mapping[str, Any]], known: Snapshot
) -> list[Query]:
    """The questions that cover these addresses, whatever their kinds."""
    found: list[Query] = []
    ordered = sorted(addresses, key=lambda address: (address.kind, address.identity))
    by_reader = sorted(ordered, key=lambda address: id(house.kind_of(address)))
    for _, group in groupby(by_reader, key=lambda address: id(house.kind_of(address))):
        members = list(group)
        found.extend(house.kind_of(members[0]).queries(members, known, details))
    return found


def details_of(changes: Iterable[Change]) -> dict[Address, Mapping[str, Any]]:
    return {change.address: change.detail for change in changes if change.detail is not None}
