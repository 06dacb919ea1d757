"""
Which changes touch what carries sessions through a device to the hosts behind it.

Taking mail out of an inspection is none of them: it decides how mail is looked at, and sessions are carried by `tcp`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence

from remediators.model import Change, Snapshot
from remediators.resources.config_addresses import inside, lines, path_of
from remediators.resources.config_text import Path

Interfaces = frozenset[str] | None  # names of interfaces (and nameifs); None: it cannot be told which

_TRANSLATES = "translates addresses, and may translate theirs"
_ROOT = (
    (re.compile(r"(?:ip(?:v6)? route|ip default-gateway|ip default-network|ip routing|router) ?"), "is a way to them"),
    (re.compile(r"route \S+ \d"), "is a way to them"),
    (re.compile(r"(?:ip nat |nat[ -]|global \(|static \(|alias \()"), _TRANSLATES),
    (re.compile(r"(?:zone-pair |zone security |policy-map type inspect )"), "decides what passes between zones"),
    (re.compile(r"(?:same-security-traffic |firewall transparent|mode )"), "decides what passes at all"),
)
_ON_INTERFACE = re.compile(
    r"(?:ip(?:v6)? (?:address|access-group|traffic-filter|vrf|unnumbered|policy|nat|verify)|vrf|nameif|security-level|"
    r"shutdown|vlan|encapsulation|switchport|crypto map|tunnel|channel-group|service-policy|zone-member|bridge-group|"
    r"mtu) ?"
)
_INSPECTED = re.compile(r"ip inspect (\S+) (?:in|out)$")
_CARRYING = re.compile(r"ip inspect name (\S+) (?:tcp|ssh|https?|telnet|user-\S+)(?: |$)")
_APPLIED = re.compile(r"(?:ip access-group|ipv6 traffic-filter) (\S+)")
_BOUND = re.compile(r"access-group (\S+) (?:(?:in|out) interface (\S+)|global)")
_LISTED = re.compile(r"(?:ip nat|nat \(|static \().*\b(?:list|access-list|route-map) (\S+)")
_ADDRESS = re.compile(r"ip address (\d\S+) (\d\S+)")
_OLD_ADDRESS = re.compile(r"ip address (\S+) (\d\S+) (\d\S+)")  # PIX 6: ip address outside 192.0.2.1 255.255.255.0
_OBJECT = re.compile(r"(?:object|object-group) \S+ (\S+)")


def cut_off(changes: Sequence[Change], known: Snapshot, management: str | None, behind: Mapping[str, str]) -> list[str]:
    """
    Why these changes could cut off the hosts ``behind`` (name: address) the device; empty where none could.

    The path is the interface of ``management``, by which we come, and those to whose networks the hosts belong. Where
    one of them cannot be told (a name, a network that is routed further) every interface may be on it.
    """
    if not behind:
        return []
    path = _path(known, [management, *behind.values()])
    lists = dict(_lists(known, path))
    return list(dict.fromkeys(reason for change in changes for reason in _reasons(change, known, path, lists)))


def _path(known: Snapshot, addresses: Sequence[str | None]) -> Interfaces:
    networks = list(_networks(known))
    found: set[str] = set()
    for address in addresses:
        names = next((names for network, names in networks if _is_in(address, network)), None)
        if names is None:
            return None
        found |= names
    return frozenset(found)


def _is_in(address: str | None, network: ipaddress.IPv4Network) -> bool:
    try:
        return ipaddress.IPv4Address(address or "") in network
    except ValueError:
        return False


def _networks(known: Snapshot) -> Iterator[tuple[ipaddress.IPv4Network, frozenset[str]]]:
    """The networks that interfaces are in, with the interface's names."""
    for path in lines(known):
        found = _ADDRESS.match(path[-1]) if len(path) == 2 and path[0].startswith("interface ") else None
        old = _OLD_ADDRESS.match(path[0]) if len(path) == 1 else None
        if found:
            names = {path[0].removeprefix("interface ")}
            names |= {below[1].split()[1] for below in inside(path[:1], known) if below[1].startswith("nameif ")}
            pair = found[1], found[2]
        elif old:
            names, pair = {old[1]}, (old[2], old[3])
        else:
            continue
        try:
            yield ipaddress.IPv4Network("/".join(pair), strict=False), frozenset(names)
        except ValueError:
            continue


def _lists(known: Snapshot, path: Interfaces) -> Iterator[tuple[str, str]]:
    """The access lists and route maps that decide about what passes, with the line that applies them."""
    for line in lines(known):
        applied = _APPLIED.match(line[-1]) if len(line) == 2 and _is_on(line[0], path) else None
        bound = _BOUND.match(line[0]) if len(line) == 1 else None
        listed = _LISTED.match(line[-1])
        if applied:
            yield applied[1], " > ".join(line)
        elif bound and (path is None or bound[2] is None or bound[2] in path):
            yield bound[1], line[0]
        elif listed:
            yield listed[1], line[-1]


def _is_on(section: str, path: Interfaces) -> bool:
    return section.startswith("interface ") and (path is None or section.removeprefix("interface ") in path)


def _reasons(change: Change, known: Snapshot, path: Interfaces, lists: Mapping[str, str]) -> Iterator[str]:
    line = path_of(change.address)
    reason = _reason(line, known, path, lists, gone=change.after is None)
    if reason:
        yield f"`{' > '.join(line)}` {reason}"


def _reason(line: Path, known: Snapshot, path: Interfaces, lists: Mapping[str, str], *, gone: bool) -> str | None:
    root, last = line[0].removeprefix("no "), line[-1].removeprefix("no ")
    if root.startswith("interface "):
        return _on_interface(line, last, known, path, gone=gone)
    named = re.match(r"(?:(?:ip(?:v6)? )?access-list(?: standard| extended)?|route-map|ip prefix-list) (\S+)", root)
    if named:
        return f"is applied by `{lists[named[1]]}`" if named[1] in lists else None
    used = _OBJECT.match(root)
    if used:
        translated = len(line) > 1 and last.startswith("nat ")
        return _TRANSLATES if translated else _of_object(used[1], known, lists)
    return _elsewhere(root, known, path, gone=gone)


def _elsewhere(root: str, known: Snapshot, path: Interfaces, *, gone: bool) -> str | None:
    """Of lines of the first level that are no list and no object."""
    bound = _BOUND.match(root)
    if bound:
        return "filters what passes" if path is None or bound[2] is None or bound[2] in path else None
    carrying = _CARRYING.match(root)
    if carrying:
        return _uninspected(carrying[1], known, path) if gone else None
    return next((words for pattern, words in _ROOT if pattern.match(root)), None)


def _on_interface(line: Path, last: str, known: Snapshot, path: Interfaces, *, gone: bool) -> str | None:
    if not _is_on(line[0], path):
        return None
    inspected = _INSPECTED.match(last) if len(line) > 1 else None
    if inspected:
        return "opens the way back of their sessions" if gone and _carries(inspected[1], known) else None
    return "is on an interface of the way to them" if len(line) == 1 or _ON_INTERFACE.match(last) else None


def _carries(name: str, known: Snapshot) -> bool:
    """Whether an inspection opens the way back for sessions such as ours."""
    found = (_CARRYING.match(line[0]) for line in lines(known) if len(line) == 1)
    return any(rule[1] == name for rule in found if rule)


def _uninspected(name: str, known: Snapshot, path: Interfaces) -> str | None:
    for line in lines(known):
        used = _INSPECTED.match(line[-1]) if len(line) == 2 and _is_on(line[0], path) else None
        if used and used[1] == name:
            return f"opens the way back of their sessions on `{line[0]}`"
    return None


def _of_object(name: str, known: Snapshot, lists: Mapping[str, str]) -> str | None:
    """Objects and groups of them count where an access list that counts names them."""
    for line in lines(known):
        words = line[-1].split()
        listed = next((word for word in lists if word in line[0].split()), None)
        if name in words and listed and "access-list" in line[0]:
            return f"is in `{listed}`, which is applied by `{lists[listed]}`"
    return None
