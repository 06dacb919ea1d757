"""
Which hosts are worked on before which: the waves of all plays as one way over all hosts. Pure.

A host is worked on once, for all plays that name it. So where plays have waves of their own, those that are made here
lie within one wave of each play, in the order of the first play that tells two hosts apart.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from remediators.model import UsageError
from remediators.model.rollout import Cap, Limit, Pace, PacedPlay, Rollout, Wave
from remediators.model.shapes import Shape, check

_SHAPE: Mapping[str, Shape] = {
    "waves": [{"hosts": [str], "canary": bool, "soak": (int, float)}],
    "limits": [{"hosts": [str], "percent": (int, float), "why": str}],
    "caps": [{"name": str, "hosts": [str], "most": int, "proven": bool}],
    "seed": (int, type(None)),
    "warnings": [str],
}


def amount(size: int | str, total: int) -> int:
    """How many of ``total`` hosts a size means; a percent is rounded down, as in Ansible, and at least one host."""
    if isinstance(size, str):
        return max(1, math.floor(total * float(size.rstrip("% ")) / 100))
    return max(1, size)


def split(hosts: Sequence[str], serial: Sequence[int | str], total: int) -> list[tuple[str, ...]]:
    """Hosts in waves of these sizes, of which the last repeats. Percents are of ``total``. All at once without any."""
    if not serial:
        return [tuple(hosts)] if hosts else []
    waves: list[tuple[str, ...]] = []
    left = list(hosts)
    while left:
        count = amount(serial[min(len(waves), len(serial) - 1)], total)
        waves.append(tuple(left[:count]))
        left = left[count:]
    return waves


def ordered(hosts: Sequence[str], order: str, seed: int) -> list[str]:
    """Hosts in one of Ansible's orders; ``shuffle`` is the same again with the same seed."""
    if order == "reverse_inventory":
        return list(reversed(hosts))
    if order in ("sorted", "reverse_sorted"):
        return sorted(hosts, reverse=order == "reverse_sorted")
    if order == "shuffle":
        return random.Random(seed).sample(list(hosts), len(hosts))  # noqa: S311 - an order, and no secret
    return list(hosts)


def waves_of(play: PacedPlay, changing: Collection[str], seed: int) -> list[tuple[str, ...]]:
    """The waves of one play: its canaries first. Canaries given as a number are hosts on which something changes."""
    hosts = ordered(play.hosts, play.pace.order, seed)
    first = canaries(hosts, play.pace, changing)
    rest = [host for host in hosts if host not in first]
    head = [tuple(host for host in hosts if host in first)] if first else []
    return [*head, *split(rest, play.pace.serial, len(hosts))]


def canaries(hosts: Sequence[str], pace: Pace, changing: Collection[str]) -> frozenset[str]:
    """The hosts of the canary wave of a play; empty where it has none."""
    if pace.canary is None:
        return frozenset()
    if isinstance(pace.canary, tuple):
        return frozenset(pace.canary).intersection(hosts)
    telling = [host for host in hosts if host in changing] or list(hosts)
    return frozenset(telling[: amount(pace.canary, len(hosts))])


def rollout(plays: Sequence[PacedPlay], hosts: Sequence[str], changing: Collection[str], seed: int) -> Rollout:
    """The way over ``hosts``, all hosts of all plays. ``changing`` are those on which something is to be changed."""
    paced = [play for play in plays if play.pace != Pace()]
    of_plays = [waves_of(play, changing, seed) for play in paced]
    waves = tuple(_merged(plays, paced, of_plays, hosts))
    limits = [limit for play, own in zip(paced, of_plays, strict=True) for limit in _limits(play, own)]
    caps = tuple(cap for play in plays for cap in _caps(play, hosts))
    shuffled = any(play.pace.order == "shuffle" for play in paced)
    warnings = tuple(dict.fromkeys(text for play in paced for text in _warnings(play, waves)))
    return Rollout(waves, tuple(limits), caps, seed if shuffled else None, warnings)


def _merged(
    plays: Sequence[PacedPlay],
    paced: Sequence[PacedPlay],
    of_plays: Sequence[Sequence[tuple[str, ...]]],
    hosts: Sequence[str],
) -> Iterator[Wave]:
    """The waves of all plays laid over each other."""
    numbers = [{host: n for n, wave in enumerate(own) for host in wave} for own in of_plays]
    places = [{host: n for n, host in enumerate(h for wave in own for h in wave)} for own in of_plays]
    plain = _only_in_plain_plays(plays, paced)

    def key(host: str) -> tuple[float, ...]:
        early = -1.0 if plain.get(host) == "before" else 0.0
        return (early, *(number.get(host, math.inf) for number in numbers))

    def place(host: str) -> tuple[float, ...]:
        return tuple(found.get(host, math.inf) for found in places)

    for _, group in groupby(sorted(hosts, key=lambda host: (key(host), place(host))), key):
        members = tuple(group)
        first = [
            (play, own[0])
            for play, own in zip(paced, of_plays, strict=True)
            if own and (play.pace.canary is not None or play.pace.soak) and set(members) <= set(own[0])
        ]
        soak = max((play.pace.soak for play, _ in first), default=0.0)
        yield Wave(members, bool(first), soak)


def _only_in_plain_plays(plays: Sequence[PacedPlay], paced: Sequence[PacedPlay]) -> dict[str, str]:
    """Hosts that no paced play names: whether they come before the first of those, as their play does."""
    held = {host for play in paced for host in play.hosts}
    found: dict[str, str] = {}
    before = True
    for play in plays:
        before = before and play not in paced
        for host in play.hosts:
            if host not in held:
                found.setdefault(host, "before" if before else "after")
    return found


def _limits(play: PacedPlay, own: Sequence[tuple[str, ...]]) -> Iterator[Limit]:
    pace = play.pace
    if pace.any_errors_fatal:
        yield Limit(play.hosts, 0.0, f"any_errors_fatal of {play.name!r}")
    if pace.max_fail_percentage is not None:
        words = f"max_fail_percentage {pace.max_fail_percentage:g} of {play.name!r}"
        yield from (Limit(wave, pace.max_fail_percentage, words) for wave in own)
    if (pace.canary is not None or pace.soak) and own:
        yield Limit(own[0], 0.0, f"a canary of {play.name!r}")


def _caps(play: PacedPlay, hosts: Collection[str]) -> Iterator[Cap]:
    if play.pace.throttle is not None:
        yield Cap(f"throttle of {play.name!r}", play.hosts, play.pace.throttle)
    for task, most in play.throttles:
        yield Cap(f"throttle of {task!r}", play.hosts, most)
    for apart in play.pace.never_together:
        members = tuple(host for host in apart.hosts if host in hosts)
        if len(members) > 1:
            yield Cap(f"never_together: {apart.name}", members, 1, proven=True)


def _warnings(play: PacedPlay, waves: Sequence[Wave]) -> Iterator[str]:
    for apart in play.pace.never_together:
        for number, wave in enumerate(waves):
            if len(apart.hosts) > 1 and set(apart.hosts) <= set(wave.hosts):
                yield (
                    f"wave {number + 1} holds all {len(apart.hosts)} hosts of {apart.name}: they go one after the "
                    "other, but no wave ends before all of them are changed; use serial to part them"
                )


def passed(limit: Limit, failed: Collection[str]) -> bool:
    """Whether more failed than a limit allows. A failure counts whatever it was: failed and unreachable alike."""
    count = sum(1 for host in limit.hosts if host in failed)
    return count > 0 and 100.0 * count > limit.percent * len(limit.hosts)


def rollout_document(way: Rollout) -> dict[str, Any]:
    """As it stands in a plan."""
    found: dict[str, Any] = asdict(way)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()} | {
        part: [{**entry, "hosts": list(entry["hosts"])} for entry in found[part]]
        for part in ("waves", "limits", "caps")
    }


def read_rollout(document: Any, hosts: Sequence[str]) -> Rollout:
    """
    The way of a plan over those of its hosts that are still in it; a plan without one goes over all at once.

    Raises `UsageError` where it is malformed or leaves out a host.
    """
    if document is None:
        return Rollout((Wave(tuple(hosts)),) if hosts else ())
    try:
        check(document, _SHAPE, "rollout")
        waves = tuple(Wave(_kept(w["hosts"], hosts), w["canary"], float(w["soak"])) for w in document["waves"])
        limits = tuple(Limit(_kept(w["hosts"], hosts), float(w["percent"]), w["why"]) for w in document["limits"])
        caps = tuple(Cap(c["name"], tuple(c["hosts"]), max(1, c["most"]), c["proven"]) for c in document["caps"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the plan's waves are malformed ({error}); plan again") from error
    if sorted(host for wave in waves for host in wave.hosts) != sorted(hosts):
        raise UsageError("the plan's waves are not those of its hosts; plan again")
    kept = tuple(wave for wave in waves if wave.hosts)
    return Rollout(kept, limits, caps, document["seed"], tuple(document["warnings"]))


def _kept(names: Sequence[str], hosts: Sequence[str]) -> tuple[str, ...]:
    known = set(hosts)
    return tuple(name for name in names if name in known)
