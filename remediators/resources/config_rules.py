"""What each platform's lines mean for others: how they are taken back, what they replace, what must come first."""

from __future__ import annotations

import re
from collections.abc import Iterable

from remediators.resources.config_text import Path

# A line of which there is one only in its section: the next one takes its place. {section: lines}
_SINGLE = {
    "": (
        r"hostname",
        r"domain-name",
        r"ip domain[ -]name",
        r"enable (?:secret|password)",
        r"ip default-gateway",
        r"logging (?:facility|trap|console|buffered|source-interface)",
        r"snmp-server (?:location|contact|chassis-id|trap-source)",
        r"clock timezone",
        r"ip (?:ssh version|ssh time-out|tftp source-interface|ftp source-interface|cef)",
        r"ntp source",
        r"mtu (?P<mtu>\S+)",
        r"access-group \S+ (?P<way>in|out) interface (?P<on>\S+)",
    ),
    "interface ": (
        r"description",
        r"ip address(?! .* secondary$)",
        r"ip access-group \S+ (?P<way>in|out)",
        r"ip inspect \S+ (?P<way>in|out)",
        r"nameif",
        r"security-level",
        r"bandwidth",
        r"mtu",
        r"ip mtu",
        r"ip tcp adjust-mss",
        r"speed",
        r"duplex",
        r"encapsulation",
        r"crypto map",
        r"service-policy (?P<way>input|output)",
        r"ip policy route-map",
        r"switchport mode",
        r"switchport access vlan",
        r"shutdown",
    ),
    "line ": (
        r"access-class \S+ (?P<way>in|out)",
        r"transport (?P<way>input|output|preferred)",
        r"exec-timeout",
        r"privilege level",
        r"length",
        r"login(?! block)",
    ),
    "policy-map ": (r"inspect esmtp",),
    "vlan ": (r"name",),
}
_COMPILED = {
    section: tuple(re.compile(rf"(?:{pattern})(?: .*)?$") for pattern in patterns)
    for section, patterns in _SINGLE.items()
}

_FLAGS = frozenset({"no shutdown", "no login", "no ip cef", "no logging console", "no inspect esmtp"})

_INSPECT = re.compile(r"(ip inspect name \S+ (?:rpc program-number \S+|\S+))(?: .*)?$")

# `% Removal of physical interfaces is not permitted`; sub-interfaces (a dot, a colon for channels) come and go.
_PHYSICAL = re.compile(
    r"interface (?:(?:Fast|Gigabit|TenGigabit|FortyGigabit|TwentyFiveGig|HundredGig)?E(?:thernet)?|ethernet|"
    r"gb-ethernet|Embedded-Service-Engine|Serial|ATM|BRI|Management|POS|Cellular|Async)[\d/]+"
)

# Names must be there before they are used, and must not be used any more when they go.
_FIRST = re.compile(
    r"(?:ip inspect name|(?:ip |ipv6 )?access-list|(?:ip |ipv6 )?prefix-list|object|object-group|class-map|aaa-server|"
    r"crypto isakmp policy|crypto ipsec|username|name|policy-map type|time-range) "
)
_LAST = re.compile(r"(?:interface|line|access-group|service-policy|router|http|ssh|telnet|crypto map \S+ interface) ?")


def negation(line: str, platform: str) -> str:
    """
    The line that takes ``line`` back.

    ``no ip inspect name NAME`` without a protocol would remove the whole set, so name and protocol are both said, and
    nothing after them (Cisco, command reference of ``ip inspect name``).
    """
    if line.startswith("no "):
        return line.removeprefix("no ")
    found = _INSPECT.match(line) if platform == "ios" else None
    return f"no {found[1] if found else line}"


def opposite(line: str) -> str:
    """A running config has a line or its opposite, never both."""
    return line.removeprefix("no ") if line.startswith("no ") else f"no {line}"


def slot(path: Path) -> tuple[object, ...] | None:
    """
    What a line is one of a kind of, below its parents; ``None`` where others of its kind may stand beside it.

    ``description a`` takes the place of ``description b``, and ``no ip address`` that of ``ip address 10.0.0.1 …``.
    """
    text = path[-1].removeprefix("no ")
    for number, pattern in enumerate(_patterns(path)):
        found = pattern.match(text)
        if found:
            return (*path[:-1], number, *found.groups())
    return None


def _patterns(path: Path) -> tuple[re.Pattern[str], ...]:
    if len(path) == 1:
        return _COMPILED[""]
    head = next((section for section in _COMPILED if section and path[0].startswith(section)), None)
    deep = 3 if head == "policy-map " else 2
    return _COMPILED[head] if head and len(path) == deep else ()


def wants_value(path: Path) -> bool:
    """Whether a line that begins with ``no`` is taken back by a line with a value only (``no ip address``)."""
    return path[-1].startswith("no ") and path[-1] not in _FLAGS and slot(path) is not None


def is_physical(path: Path) -> bool:
    """Whether this is an interface of the hardware, which can neither be made nor removed by a line."""
    return len(path) == 1 and bool(_PHYSICAL.fullmatch(path[0]))


def rank(root: str) -> int:
    """When a line of the first level is added among others: 0 first, 2 last; removals go the other way round."""
    text = root.removeprefix("no ")
    if _FIRST.match(text):
        return 0
    return 2 if _LAST.match(text) else 1


# In an interface IOS takes an address only once the VLAN is known ("Configuring IP routing on a LAN subinterface is
# only allowed if …"), drops it when a VRF comes after it, and wants the first address before the second ones; a name on
# ASA brings a security level of its own (from memory, 90 % sure).
_IN_INTERFACE = (
    re.compile(r"(?:no )?switchport$|encapsulation |vlan |switchport trunk encapsulation "),
    re.compile(r"(?:ip )?vrf forwarding |nameif "),
)
_AFTER_ADDRESS = re.compile(r"ip address .* secondary$|standby |vrrp |glbp ")


def settled(paths: Iterable[Path], *, going: bool = False) -> list[Path]:
    """The same lines; those of each interface in an order in which it takes them (or lets them go)."""
    found = [*paths]
    for root in {path[0] for path in found if len(path) == 2 and path[0].startswith("interface ")}:
        places = [at for at, path in enumerate(found) if len(path) == 2 and path[0] == root]
        inner = sorted((found[at] for at in places), key=lambda path: _precedence(path[1]), reverse=going)
        for at, path in zip(places, inner, strict=True):
            found[at] = path
    return found


def _precedence(line: str) -> int:
    first = next((number for number, pattern in enumerate(_IN_INTERFACE) if pattern.match(line)), len(_IN_INTERFACE))
    return first + bool(_AFTER_ADDRESS.match(line))
