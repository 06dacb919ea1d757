"""Facts of one host that a template of another names: read once each, over a session that stays open for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from remediators.engine.fleet import Fleet
from remediators.engine.reading import read_all
from remediators.model import Host, RemediationError, Session, Snapshot


@dataclass(slots=True)
class _Asked:
    """One host that was asked: what is known of it. Its lock is held while it is spoken to."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Session | None = None
    known: Snapshot = field(default_factory=Snapshot)
    values: dict[str, Any] = field(default_factory=dict)
    failed: str | None = None


class FactsElsewhere:
    """
    Reads facts of any host of the inventory while others are planned. ``host_of`` resolves a name; close it at the end.

    What cannot be read is an error for those who asked, and is not asked again.
    """

    def __init__(self, fleet: Fleet, host_of: Callable[[str], Host]) -> None:
        self._fleet = fleet
        self._host_of = host_of
        self._asked: dict[str, _Asked] = {}
        self._lock = threading.Lock()

    def value(self, host: str, name: str) -> Any:
        """The value of a fact, plain JSON. Raises `RemediationError` with what stands against it."""
        with self._lock:
            asked = self._asked.setdefault(host, _Asked())
        with asked.lock:
            if asked.failed is not None:
                raise RemediationError(asked.failed)
            if name not in asked.values:
                asked.values[name] = self._read(asked, self._host_of(host), name)
            return asked.values[name]

    def _read(self, asked: _Asked, host: Host, name: str) -> Any:
        house = self._fleet.house
        platform = house.platform_of(host)
        fact = house.fact(name, platform)
        try:
            if asked.session is None:
                asked.session = self._fleet.connect(host)
            asked.known = read_all(
                asked.session, asked.known, lambda known: [*platform.queries(), *fact.queries(known)]
            )
        except RemediationError as error:
            asked.failed = error.message
            raise
        return fact.value(asked.known)

    def close(self) -> None:
        """End every session that was opened."""
        for asked in self._asked.values():
            if asked.session is not None:
                asked.session.close()
