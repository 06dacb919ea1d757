"""
Signs that are seen on a path, or told from several pieces of a host's evidence. Pure.

What a look at port 25 shows depends on where it is taken from: through a firewall that masks, a healthy server greets
with asterisks. So the looks of all places are put together here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from remediators.model.diagnosis import EXCHANGE_VERBS, HERE, HostEvidence, Logged, Look, Path, Queue, Sign, Unknown

# Classes of `checks.smtp_probe` by what they mean here.
NO_GREETING = frozenset({"none", "reset", "endless", "unfinished", "not-smtp", "malformed", "no-service", "wrong-code"})
NO_CONNECTION = frozenset({"unknown-host", "refused", "timeout", "unreachable"})
MASKED_EHLO = frozenset({"masked", "rejected"})
PATIENT = 300.0  # seconds: RFC 5321, 4.5.3.2.1
# What takes binary mail offers these (KB 257569, RFC 3030); Exchange 5.5 does not even offer 8BITMIME (KB 286673).
BINARY = ("BINARYMIME", "CHUNKING")
ELSEWHERE = "(others)"  # the other end of a path that is not among the hosts
_INSPECTS = ("bound", "look-alike")
_MAY_MASK = (*_INSPECTS, "unread")


# -- who is meant ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Names:
    """
    Which of the hosts an event means. Raises nothing.

    A name counts before an address, since several hosts may share an address (behind a translation); an address that
    two hosts have tells nothing.
    """

    hosts: Mapping[str, HostEvidence]
    _known: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for host in self.hosts.values():
            for name in {host.name.lower(), *host.names}:
                self._known.setdefault(name, set()).add(host.name)
                if not _is_address(name):
                    self._known.setdefault(name.partition(".")[0], set()).add(host.name)

    def meant(self, remote: tuple[str, ...]) -> str | None:
        """The one host that an address and a name stand for; ``None`` where it is no one, or not one alone."""
        names = [name.lower().rstrip(".") for name in remote if name]
        exact = [*(n for n in names if not _is_address(n)), *(n for n in names if _is_address(n))]
        short = [n.partition(".")[0] for n in names if not _is_address(n)]
        for name in (*exact, *short):
            found = self._known.get(name, set())
            if len(found) == 1:
                return next(iter(found))
        return None


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


# -- the symptom -----------------------------------------------------------------------------------------------------


def symptom(sender: HostEvidence, receiver: str, names: Names) -> Sign:
    """
    Whether mail from this sender to this receiver is dropped, by the sender's event log and queues.

    ``receiver`` may be `ELSEWHERE`: every host that is named and is none of those that were asked for.
    """
    stuck = [queue for queue in _stuck(sender) if _is(receiver, (queue.name,), names)]
    waits = [f"{sender.name}: its queue to {queue.name} waits: {queue.information}" for queue in stuck]
    if isinstance(sender.logged, Unknown):
        if waits:
            return _sign("logged", waits[0])
        outside = sender.status == "outside"
        why = sender.error if outside else f"{sender.name}: event 4006 was not read: {sender.logged.reason}"
        return _sign("unread", why)
    found = _logged(sender, sender.logged, receiver, names)
    if not waits:
        return found
    return _sign("logged", "; ".join([found.words, *waits]) if found.value == "logged" else waits[0])


def _stuck(sender: HostEvidence) -> list[Queue]:
    """Queues that wait for the reason of KB 919091; one that is empty only remembers it."""
    found = () if isinstance(sender.queues, Unknown) else sender.queues
    return [queue for queue in found if queue.semaphore and queue.messages]


def _is(receiver: str, remote: tuple[str, ...], names: Names) -> bool:
    meant = names.meant(remote)
    return meant == receiver or (receiver == ELSEWHERE and meant is None)


def _logged(sender: HostEvidence, logged: Logged, receiver: str, names: Names) -> Sign:
    notes = f" ({'; '.join(logged.notes)})" if logged.notes else ""
    if not logged.count:
        return _sign("none", f"{sender.name}: no event 4006 with the semaphore text was logged{notes}")
    spoken = {remote: count for remote, count in logged.remotes.items() if any(remote)}
    mine = {remote: count for remote, count in spoken.items() if _is(receiver, remote, names)}
    span = f", the last at {logged.last}" if logged.last else ""
    if mine:
        who = receiver if receiver != ELSEWHERE else ", ".join(sorted(map(said, mine)))
        return _sign("logged", f"{sender.name}: event 4006 names {who} {_times(sum(mine.values()))}{span}{notes}")
    if not spoken or sum(spoken.values()) < logged.count:
        return _sign("unnamed", f"{sender.name}: event 4006 was logged {_times(logged.count)}{span}{notes}")
    others = ", ".join(sorted(names.meant(remote) or said(remote) for remote in spoken))
    return _sign("elsewhere", f"{sender.name}: event 4006 names {others}, not this receiver{notes}")


def said(remote: tuple[str, ...]) -> str:
    """How an event calls a remote host: its name, else its address."""
    return next((part for part in reversed(remote) if part), "")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _sign(value: str, words: str) -> Sign:
    return Sign("symptom", value, words)


# -- looks at port 25 ------------------------------------------------------------------------------------------------


def _looks(host: HostEvidence) -> list[tuple[str, Look]]:
    """Every look at a host that came about, the one from this machine last: what is nearer tells more."""
    found = [(place, look) for place, look in host.looks.items() if isinstance(look, Look)]
    return sorted(found, key=lambda pair: pair[0] == HERE)


def is_masked(look: Look) -> bool:
    """Whether a greeting or the verbs after it were made unreadable on their way."""
    return look.kind == "masked" or (look.kind == "ok" and look.ehlo in MASKED_EHLO)


def _from(place: str) -> str:
    return f"from {place}" if place else "from here"


def greeting(receiver: HostEvidence) -> Sign:
    """What the receiver says first: the best that any place has seen, since a firewall only takes away."""
    looks = _looks(receiver)
    for value, kinds in (
        ("good", frozenset({"ok"})),
        ("masked", frozenset({"masked"})),
        ("slow", frozenset({"unfinished"})),
        ("busy", frozenset({"busy"})),
        ("bad", NO_GREETING),
        ("silent", frozenset({"silent"})),
        ("closed", NO_CONNECTION),
    ):
        for place, look in looks:
            if look.kind in kinds and (value != "slow" or 0 < look.waited < PATIENT):
                patient = value == "silent" and look.waited >= PATIENT
                return Sign("greeting", "bad" if patient else value, _shown(receiver, place, look))
    why = next((look.reason for look in receiver.looks.values() if isinstance(look, Unknown)), receiver.error)
    return Sign("greeting", "unseen", f"{receiver.name}: its port 25 was not looked at{': ' if why else ''}{why}")


def view(receiver: HostEvidence, hosts: Mapping[str, HostEvidence]) -> Sign:
    """Whether something inspects mail on the clearest way to the receiver that was looked along."""
    ways = [_between(place, receiver, hosts) for place, _ in _looks(receiver)] or [_front(receiver)]
    worst = [_inspected(way, hosts) for way in ways]
    return min(worst, key=lambda sign: ("clear", "unread", "inspected").index(sign.value))


def _inspected(devices: tuple[str, ...], hosts: Mapping[str, HostEvidence]) -> Sign:
    values = {name: hosts[name].sign("inspection").value for name in devices if name in hosts}
    for value, wanted, words in (
        ("inspected", _INSPECTS, "inspects mail on the way to it"),
        ("unread", ("unread",), "stands on the way to it, and its configuration was not read"),
    ):
        names = [name for name, found in values.items() if found in wanted]
        if names:
            return Sign("view", value, f"{', '.join(names)} {words}")
    return Sign("view", "clear", "no device that the inventory names inspects mail on the way to it")


def _front(host: HostEvidence) -> tuple[str, ...]:
    return tuple(host.facts.get("via", ()))


def _between(place: str, host: HostEvidence, hosts: Mapping[str, HostEvidence]) -> tuple[str, ...]:
    """The devices between a place and a host: all that stand before it, or those behind the place if it is one."""
    front = _front(host)
    if place in front:
        return front[front.index(place) + 1 :]
    if place and place in hosts:
        return tuple(dict.fromkeys((*_front(hosts[place]), *front)))
    return front


def mask(device: str, path: Path, hosts: Mapping[str, HostEvidence]) -> Sign:
    """
    Whether the greeting of a server behind this device is masked in front of it and not behind it.

    ``device`` is empty for one that nobody named. Where several devices that may do it stand between the place that
    sees asterisks and the one that does not, it is ``shared``: which of them does it cannot be told.
    """
    server = hosts[_behind(device, path, hosts)]
    looks = _looks(server)
    dirty = [(place, look) for place, look in looks if is_masked(look)]
    verbs_only = bool(dirty) and all(look.kind == "ok" for _, look in dirty)
    clean = [(place, look) for place, look in looks if _is_plain(look, heard=verbs_only)]
    pairs = [(d, c, _suspects(d[0], c[0], server, hosts)) for d in dirty for c in clean]
    for masked, plain, suspects in sorted(pairs, key=lambda pair: len(pair[2])):
        if device in suspects or not (device or suspects):
            value = "shared" if device and len(suspects) > 1 else "through"
            return Sign("mask", value, f"{_shown(server, *masked)}; {_shown(server, *plain)}", {"suspects": suspects})
    return _one_sided(device, server, dirty, clean)


def _is_plain(look: Look, *, heard: bool) -> bool:
    """Whether nothing masks a server as seen there; ``heard`` wants its verbs, too, and not the greeting alone."""
    return look.kind == "ok" and not is_masked(look) and (look.ehlo == "ok" or not heard)


def _one_sided(device: str, server: HostEvidence, dirty: list[tuple[str, Look]], clean: list[tuple[str, Look]]) -> Sign:
    """What looks from one side of a device only say of it."""
    inner = [seen for seen in dirty if _is_behind(device, seen[0], server)]
    if inner:
        return Sign("mask", "everywhere", _shown(server, *inner[0]))
    through = [seen for seen in clean if not _is_behind(device, seen[0], server)]
    if through:
        return Sign("mask", "clean", _shown(server, *through[0]))
    if dirty:
        return Sign("mask", "unproved", _shown(server, *dirty[0]))
    return Sign("mask", "unseen", f"no greeting of {server.name} was seen through it")


def _suspects(outer: str, inner: str, server: HostEvidence, hosts: Mapping[str, HostEvidence]) -> tuple[str, ...]:
    """The devices that may mask what one place sees and another does not: those that only the first looks through."""
    plain = _between(inner, server, hosts)
    found = (name for name in _between(outer, server, hosts) if name not in plain)
    return tuple(name for name in found if name not in hosts or hosts[name].sign("inspection").value in _MAY_MASK)


def _shown(server: HostEvidence, place: str, look: Look) -> str:
    return f"{server.name}: seen {_from(place)}, {look.words}"


def _behind(device: str, path: Path, hosts: Mapping[str, HostEvidence]) -> str:
    """The server of a path that stands behind a device: its receiver, or else its sender."""
    if device and device not in _front(hosts[path.receiver]) and device in _front(hosts[path.sender]):
        return path.sender
    return path.receiver


def _is_behind(device: str, place: str, server: HostEvidence) -> bool:
    """Whether a place stands on the server's side of a device: the device itself does, what it says is its own."""
    front = _front(server)
    return bool(place) and device in front and place in front[front.index(device) :]


def side(device: str, path: Path, hosts: Mapping[str, HostEvidence]) -> Sign:
    """Which end of a path a device stands before."""
    name = _behind(device, path, hosts)
    value = "sender" if name == path.sender and name != path.receiver else "receiver"
    return Sign("side", value, f"{device or 'it'} stands before the {value}, {name}")


def nowhere(path: Path) -> Sign:
    """What is known of inspection where no named device does it."""
    none = f"none of the devices on the way to it ({', '.join(path.via)}) inspects mail"
    return Sign(
        "inspection",
        "nowhere",
        f"{path.receiver}: {none if path.via else 'the inventory names no device on the way to it (via:)'}",
    )


# -- verbs -----------------------------------------------------------------------------------------------------------


def _heard(host: HostEvidence) -> Iterator[Look]:
    """Looks that heard the server's own verbs."""
    return (look for _, look in _looks(host) if look.ehlo == "ok" and not is_masked(look))


def understands(receiver: HostEvidence) -> Sign:
    """Whether the receiver takes binary mail, which Summary TNEF is (KB 841756)."""
    look = next(_heard(receiver), None)
    if look is None:
        return Sign("format", "unseen", f"{receiver.name}: its verbs (EHLO) were not seen")
    lacking = [verb for verb in BINARY if verb not in look.verbs]
    if lacking:
        return Sign("format", "lacks", f"{receiver.name}: it does not offer {' and '.join(lacking)}")
    return Sign("format", "understands", f"{receiver.name}: it offers {' and '.join(BINARY)}")


def verbs(host: HostEvidence) -> Sign:
    """Whether Exchange's own verbs are there; they come from event sinks, which hang on the metabase (bb124688)."""
    look = next(_heard(host), None)
    if look is None or not host.exchange:
        why = "its verbs (EHLO) were not seen" if look is None else "Exchange is not installed, so none are expected"
        return Sign("verbs", "unseen", f"{host.name}: {why}")
    offered = {verb.partition("=")[0] for verb in look.verbs}
    missing = [verb for verb in EXCHANGE_VERBS if verb not in offered]
    if missing:
        return Sign("verbs", "missing", f"{host.name}: EHLO does not offer {', '.join(missing)}")
    return Sign("verbs", "present", f"{host.name}: EHLO offers Exchange's own verbs")
