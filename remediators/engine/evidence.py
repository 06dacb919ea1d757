"""
Gathers what a diagnosis weighs: one batch of questions for each host, and looks at port 25 meanwhile. Reads only.

Every host is asked once, however many paths it is an end of. A host that cannot be reached is evidence of that and
nothing else; what it was not asked stays unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from remediators.engine.fleet import Fleet
from remediators.engine.outcomes import mistake
from remediators.engine.reading import read_all
from remediators.engine.signs import ELSEWHERE, Names
from remediators.model import Host, Query, Reading, RemediationError, Session, Snapshot, TransportError, UsageError
from remediators.model.diagnosis import HERE, HostEvidence, Look, Path, Sign, Unknown

BATCH_SECONDS = 240.0  # for all questions of one command line: what was heard until then counts


class Asker(Protocol):
    """Knows the questions for one host, and what the answers are a sign of."""

    @property
    def host(self) -> Host: ...

    def queries(self, known: Snapshot) -> Iterable[Query]: ...

    def evidence(self, known: Snapshot) -> HostEvidence: ...


@dataclass(frozen=True, slots=True)
class Fieldwork:
    """
    How evidence is taken. ``look`` is at a host's port 25 from here; ``overhear`` the same from a host in its session.

    ``stand_in`` tells what a host is that could not be asked, from what it was refused with.
    """

    fleet: Fleet
    ask: Callable[[Host], Asker]
    look: Callable[[Host], Look]
    overhear: Callable[[Host, Session, Host], Look | Unknown]
    stand_in: Callable[[Host, str], HostEvidence]


@dataclass(slots=True)
class _Taken:
    """What came of one job: evidence of a host, or looks at others, or both."""

    evidence: HostEvidence | None = None
    looks: dict[tuple[str, str], Look | Unknown] = field(default_factory=dict)  # (seen, from) -> look


def gather(
    work: Fieldwork, hosts: Sequence[Host], servers: Sequence[Host], viewpoints: Sequence[str]
) -> dict[str, HostEvidence]:
    """
    Evidence of all ``hosts``, with looks at the ``servers`` among them from here and from the ``viewpoints``.

    Never raises for what a host does or does not do.
    """
    fleet = work.fleet
    jobs: list[Callable[[], _Taken]] = [
        *(partial(_host_job, work, host, servers if host.name in viewpoints else ()) for host in hosts),
        *(partial(_look_job, work, server) for server in servers),
    ]
    taken = [done for _, done in fleet.spread(jobs, lambda job: job(), fleet.forks, fleet.stop)]
    looks: dict[str, dict[str, Look | Unknown]] = {}
    for one in taken:
        for (seen, place), look in one.looks.items():
            looks.setdefault(seen, {})[place] = look
    found = {one.evidence.name: one.evidence for one in taken if one.evidence is not None}
    return {h.name: _complete(found[h.name], h, looks.get(h.name, {})) for h in hosts if h.name in found}


def _complete(evidence: HostEvidence, host: Host, looks: Mapping[str, Look | Unknown]) -> HostEvidence:
    address = str(host.variables.get("ansible_host", host.name)).lower()
    called = {name.lower() for look in looks.values() if isinstance(look, Look) for name in look.names}
    return replace(evidence, looks=looks, names=frozenset({host.name.lower(), address, *called, *evidence.names}))


def _look_job(work: Fieldwork, server: Host) -> _Taken:
    try:
        look: Look | Unknown = work.look(server)
    except RemediationError as error:
        look = Unknown(error.message.removeprefix(f"{server.name}: "))
    except Exception as error:  # noqa: BLE001 - what one server says must not spoil the looks at the others
        look = Unknown(mistake(error))
    return _Taken(looks={(server.name, HERE): look})


def _host_job(work: Fieldwork, host: Host, servers: Sequence[Host]) -> _Taken:
    work.fleet.begun(host.name)
    taken = _Taken()
    try:
        _ask(work, host, servers, taken)
    except RemediationError as error:
        status = "unreachable" if isinstance(error, (TransportError, UsageError)) else "failed"
        why = error.message.removeprefix(f"{host.name}: ")
        taken.evidence = replace(work.stand_in(host, why), status=status, error=why)
    except Exception as error:  # noqa: BLE001 - what one host says must not spoil the diagnosis of the others
        taken.evidence = replace(work.stand_in(host, ""), status="failed", error=mistake(error))
    for server in (one for one in servers if one.name != host.name):
        reason = taken.evidence.error if taken.evidence else ""
        taken.looks.setdefault((server.name, host.name), Unknown(f"{host.name}: {reason or 'it was not asked'}"))
    work.fleet.ended(host.name, taken.evidence.status if taken.evidence else "failed")
    return taken


def _ask(work: Fieldwork, host: Host, servers: Sequence[Host], taken: _Taken) -> None:
    """Raises what connecting and reading raise; what was found until then is in ``taken``."""
    asker = work.ask(host)
    session = work.fleet.connect(host)
    try:
        known = read_all(_Patient(session), Snapshot(), asker.queries)
        taken.evidence = asker.evidence(known)
        for server in servers:
            if server.name != host.name:
                taken.looks[server.name, host.name] = _overheard(work, host, session, server)
    finally:
        session.close()


def _overheard(work: Fieldwork, host: Host, session: Session, server: Host) -> Look | Unknown:
    try:
        return work.overhear(host, session, server)
    except RemediationError as error:
        return Unknown(error.message)


@dataclass(frozen=True, slots=True)
class _Patient:
    """Reads in such a way that half an answer counts, where the session can."""

    session: Any

    def read(self, queries: Sequence[Query]) -> Sequence[Reading | str]:
        partly = getattr(self.session, "read_partly", None)
        found: Sequence[Reading | str] = (
            self.session.read(queries) if partly is None else partly(queries, BATCH_SECONDS)
        )
        return found


# -- paths -----------------------------------------------------------------------------------------------------------


def with_routes(evidence: Mapping[str, HostEvidence], via: Mapping[str, Sequence[str]]) -> dict[str, HostEvidence]:
    """The same, with what stands before each host."""
    return {n: replace(one, facts={**one.facts, "via": tuple(via.get(n, ()))}) for n, one in evidence.items()}


def paths(evidence: Mapping[str, HostEvidence], asked: Sequence[str]) -> tuple[list[Path], dict[str, HostEvidence]]:
    """
    Every way of mail among the hosts that were asked for, and the hosts with those that events name besides.

    A host alone is judged as a sender to others and a receiver from others, and so is a sender whose events name hosts
    that were not asked for.
    """
    mail = [evidence[name] for name in asked if name in evidence]
    senders = [host for host in mail if host.sends]
    receivers = [host for host in mail if host.receives]
    found = [_path(s, r) for s in senders for r in receivers if s.name != r.name]
    hosts = dict(evidence)
    lonely = [host for host in mail if not any(host.name in (path.sender, path.receiver) for path in found)]
    talking = [host for host in senders if host in lonely or _names_others(host, evidence)]
    if talking or lonely:
        hosts[ELSEWHERE] = _outside(ELSEWHERE, "the other end of this path is not among the hosts that were asked for")
    found += [_path(host, hosts[ELSEWHERE]) for host in talking]
    found += [_path(hosts[ELSEWHERE], host) for host in lonely if host.receives]
    return found, hosts


def _names_others(host: HostEvidence, evidence: Mapping[str, HostEvidence]) -> bool:
    if isinstance(host.logged, Unknown):
        return False
    names = Names(evidence)
    return any(names.meant(remote) is None for remote in host.logged.remotes if any(remote))


def _outside(name: str, why: str) -> HostEvidence:
    return HostEvidence(name, "", "outside", why)


def _path(sender: HostEvidence, receiver: HostEvidence) -> Path:
    """The devices before both ends, in order, each once."""
    via = (*sender.facts.get("via", ()), *receiver.facts.get("via", ()))
    return Path(sender.name, receiver.name, tuple(dict.fromkeys(via)))


def unreachable(host: Host, platform: str, sign: Sign | None) -> HostEvidence:
    """What is known of a host that was not reached: it may send and receive."""
    windows = platform == "windows"
    signs = {sign.kind: sign} if sign else {}
    return HostEvidence(host.name, platform, sends=windows, receives=windows, signs=signs)
