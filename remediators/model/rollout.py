"""How plays go over their hosts: in which waves, how much may fail, who is never in flight together, and when."""

from __future__ import annotations

from dataclasses import dataclass

from remediators.model.windows import Window

ORDERS = ("inventory", "reverse_inventory", "sorted", "reverse_sorted", "shuffle")


@dataclass(frozen=True, slots=True)
class Apart:
    """A group of which at most one member is in flight. ``hosts`` are all its members, also those not in the play."""

    name: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How one play goes over its hosts.

    ``serial`` holds numbers and percents (``30%``), the last of which repeats; empty is all at once. ``canary`` is a
    number, a percent, or names of hosts that are a wave of their own, before all others. ``soak`` is how many seconds
    are waited after that wave before its checks are repeated.
    """

    serial: tuple[int | str, ...] = ()
    max_fail_percentage: float | None = None
    any_errors_fatal: bool = False
    order: str = "inventory"
    throttle: int | None = None
    canary: int | str | tuple[str, ...] | None = None
    soak: float = 0.0
    never_together: tuple[Apart, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class PacedPlay:
    """A play with its hosts in order; ``throttles`` are tasks of which at most so many hosts may be at work."""

    name: str
    hosts: tuple[str, ...]
    pace: Pace = Pace()
    throttles: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Wave:
    """Hosts that are worked on before the next ones are begun; ``soak`` is in seconds."""

    hosts: tuple[str, ...]
    canary: bool = False
    soak: float = 0.0


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of some hosts may fail: where more than ``percent`` of them did, no other host is begun."""

    hosts: tuple[str, ...]
    percent: float
    why: str


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``most`` of some hosts in flight; with ``proven`` none after one that did not come out well."""

    name: str
    hosts: tuple[str, ...]
    most: int
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Rollout:
    """The way over all hosts of a plan. ``seed`` is the one that hosts were shuffled with."""

    waves: tuple[Wave, ...] = ()
    limits: tuple[Limit, ...] = ()
    caps: tuple[Cap, ...] = ()
    seed: int | None = None
    warnings: tuple[str, ...] = ()
