"""Which changes touch what the session itself came in by, so that a slip could lock everybody out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from remediators.model import Change, Snapshot
from remediators.resources.config_addresses import inside, lines, path_of
from remediators.resources.config_text import Path

# What lines of the first level decide.
_ROOT = (
    (re.compile(r"(?:aaa|aaa-server|tacacs-server|radius-server|tacacs|radius) ?"), "decides who may log in"),
    (re.compile(r"username "), "decides who may log in"),
    (re.compile(r"enable "), "decides who may change the device"),
    (re.compile(r"crypto key "), "is what SSH proves the device with"),
    (re.compile(r"ip (?:ssh|domain[ -]name) ?"), "is what SSH lives on"),
    (re.compile(r"(?:ssh|telnet|http|management-access) "), "decides from where the device is managed"),
    (re.compile(r"(?:hostname|domain-name) "), "is part of the prompt, or of the key that SSH proves the device with"),
    (re.compile(r"ip (?:route(?: vrf \S+)?|default-gateway|default-network) "), "may be the way back to this machine"),
    (re.compile(r"(?:route \S+ \d|router \S|ip routing)"), "may be the way back to this machine"),
)
_ON_INTERFACE = re.compile(
    r"(?:ip(?:v6)? (?:address|access-group|vrf|unnumbered|policy|nat|verify)|vrf|nameif|security-level|shutdown|vlan|"
    r"encapsulation|switchport|crypto map|tunnel|channel-group|service-policy|zone-member) ?"
)
_APPLIED = re.compile(r"(?:ip access-group|access-class|ipv6 traffic-filter|ipv6 access-class) (\S+)")
_ASA_APPLIED = re.compile(r"access-group (\S+) (?:in|out) interface (\S+)")
_ADDRESS = re.compile(r"ip address (\d+\.\d+\.\d+\.\d+)\b")
_OLD_ADDRESS = re.compile(r"ip address (\S+) (\d+\.\d+\.\d+\.\d+)\b")  # PIX 6: ip address outside 192.0.2.1 …


def lockout(changes: Sequence[Change], known: Snapshot, management: str | None) -> list[str]:
    """
    Why these changes could lock this session out, one reason for each line; empty where none could.

    ``management`` is the address that the session is connected to. Where it is no address of an interface (a name, or
    an address that is translated) every interface may be the one.
    """
    held = _held(known, management)
    lists = dict(_watched(known, held))
    return list(dict.fromkeys(reason for change in changes for reason in _reasons(change, held, lists)))


def _held(known: Snapshot, management: str | None) -> frozenset[str] | None:
    """The interface (and its name on PIX and ASA) that has the address; ``None`` where it cannot be told."""
    for path in lines(known):
        found = _ADDRESS.match(path[-1]) if len(path) == 2 else None
        if found and found[1] == management and path[0].startswith("interface "):
            names = (below[1] for below in inside(path[:1], known) if below[1].startswith("nameif "))
            return frozenset({path[0].removeprefix("interface "), *(name.split()[1] for name in names)})
        old = _OLD_ADDRESS.match(path[0]) if len(path) == 1 else None
        if old and old[2] == management:
            return frozenset({old[1]})
    return None


def _watched(known: Snapshot, held: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    """The access lists that decide about the session, with the line that applies them."""
    for path in lines(known):
        applied = _APPLIED.match(path[-1]) if len(path) == 2 else None
        if applied and (path[0].startswith("line ") or _is_held(path[0], held)):
            yield applied[1], " > ".join(path)
        bound = _ASA_APPLIED.match(path[0]) if len(path) == 1 else None
        if bound and (held is None or bound[2] in held):
            yield bound[1], path[0]


def _is_held(section: str, held: frozenset[str] | None) -> bool:
    return section.startswith("interface ") and (held is None or section.removeprefix("interface ") in held)


def _reasons(change: Change, held: frozenset[str] | None, lists: dict[str, str]) -> Iterator[str]:
    path = path_of(change.address)
    reason = _reason(path, held, lists)
    if reason:
        yield f"`{' > '.join(path)}` {reason}"


def _reason(path: Path, held: frozenset[str] | None, lists: dict[str, str]) -> str | None:
    root, name = path[0].removeprefix("no "), path[0].rsplit(" ", maxsplit=1)[-1]
    if re.match(r"(?:ip(?:v6)? )?access-list ", root):
        return f"is applied by `{lists[name]}`, through which this session may come in" if name in lists else None
    if root.startswith("line "):
        return "is where sessions come in"
    if root.startswith("interface "):
        return _on_interface(path, root, held)
    bound = _ASA_APPLIED.match(root)
    if bound:
        return "filters what comes in by the interface of this session" if held is None or bound[2] in held else None
    old = _OLD_ADDRESS.match(root)
    if old:
        return "is the address of the interface of this session" if held is None or old[1] in held else None
    return next((words for pattern, words in _ROOT if pattern.match(root)), None)


def _on_interface(path: Path, root: str, held: frozenset[str] | None) -> str | None:
    if not _is_held(root, held):
        return None
    if len(path) > 1 and not _ON_INTERFACE.match(path[1].removeprefix("no ")):
        return None
    if held is None:
        return "may be on the interface of this session, whose address is on none of them"
    return "is on the interface that this session comes in by"
