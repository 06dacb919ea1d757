"""What kind of device answers, and whether it is one to be worked on. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# show version -> platform; the first that fits
_PLATFORMS = (
    (re.compile(r"Cisco PIX Firewall Version ([\w.()]+)"), "pix"),
    (re.compile(r"Cisco Adaptive Security Appliance Software Version ([\w.()]+)"), "asa"),
    (re.compile(r"Cisco PIX Security Appliance Software Version ([\w.()]+)"), "asa"),  # PIX 7 and 8 speak as ASA does
    (re.compile(r"FWSM Firewall Version ([\w.()]+)"), "fwsm"),
    (re.compile(r"IOS[ -]XR\b.*?Version ([\w.()\[\]]+)"), "iosxr"),
    (re.compile(r"(?:NX-OS|Nexus)(?:.|\n)*?(?:system|NXOS):?\s+version:? ([\w.()]+)"), "nxos"),
    (re.compile(r"IOS(?:\s*\(tm\)|-XE| XE| Software|\b)[^\n]*?Version ([\w.()]+)"), "ios"),
)
NAMES = {"ios": "IOS", "asa": "ASA", "pix": "PIX 6", "fwsm": "FWSM", "iosxr": "IOS XR", "nxos": "NX-OS"}
_NETWORK_OS = {"ios": "cisco.ios.ios", "asa": "cisco.asa.asa", "pix": "pix"}
_PROMPT_STATES = {"pri", "sec", "act", "stby", "actnofailover", "master", "slave", "control", "data", "noconfig"}


@dataclass(frozen=True, slots=True)
class Preparation:
    """
    How the terminal of a platform is made fit for reading.

    ``pager`` are the ways to switch the pager off, tried in order; ``quiet`` is sent and may be rejected. ``leave``
    ends configuration mode: from any depth, or on PIX 6, which has one level and no such word, from that.
    """

    pager: tuple[str, ...]
    quiet: tuple[str, ...]
    privilege: str
    leave: str = "end"


PREPARATIONS = {
    "ios": Preparation(("terminal length 0",), ("terminal width 511", "terminal no monitor"), "show privilege"),
    "asa": Preparation(("terminal pager 0",), ("terminal no monitor",), "show curpriv"),
    "pix": Preparation((), (), "show curpriv", "exit"),  # its pager is a line of the configuration: pages are turned
}


@dataclass(frozen=True, slots=True)
class Device:
    """
    Who answers: its platform and version as it says itself, its name by its prompt, and our privilege level there.

    ``context`` is the security context we are in; ``failover`` is ``off``, or this unit's role and state.
    """

    platform: str
    version: str
    name: str
    privilege: int | None = None
    context: str | None = None
    failover: str = "off"

    def __str__(self) -> str:
        return f"{NAMES.get(self.platform, self.platform)} {self.version}".strip()


def identified(version: str) -> tuple[str, str] | None:
    """Platform and version by the answer to ``show version``."""
    for pattern, platform in _PLATFORMS:
        found = pattern.search(version)
        if found:
            return platform, found.group(1).rstrip(",")
    return None


def another(wanted: str, version: str) -> str | None:
    """What is wrong where ``show version`` tells of another platform than the one that was said."""
    found = identified(version)
    if found is None:
        return f"it is no device that is known here (it says {_first_line(version)!r})"
    if found[0] == wanted:
        return None
    name = NAMES[found[0]]
    cure = (
        f"set ansible_network_os: {_NETWORK_OS[found[0]]}"
        if found[0] in _NETWORK_OS
        else "it is not supported, change it by hand"
    )
    return f"it is {name} ({found[1]}), and ansible_network_os says {NAMES[wanted]}: {cure}"


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:80]


def privilege(text: str) -> int | None:
    """The level by ``show privilege`` or ``show curpriv``."""
    found = re.search(r"privilege level (?:is|:) *(\d+)", text)
    return int(found.group(1)) if found else None


def failover(text: str) -> str:
    """By ``show failover`` of ASA or PIX: ``off``, or what it says of this host (``Primary - Active``)."""
    if not re.search(r"^Failover On", text, re.MULTILINE | re.IGNORECASE):
        return "off"
    found = re.search(r"^\s*This host:?\s*(.*?)\s*$", text, re.MULTILINE)
    return found.group(1) if found else "on"


def is_standby(prompt_name: str, state: str) -> bool:
    """Whether this unit only stands by: by its prompt (IOS: ``R1-stby``, ASA: ``fw/sec/stby``) or its own word."""
    words = re.split(r"[/-]", prompt_name.lower())
    return words[-1] in ("stby", "standby") or (state != "off" and "active" not in state.lower())


def is_multiple(mode: str) -> bool:
    """By ``show mode`` of an ASA: whether it is cut into security contexts."""
    return bool(re.search(r"context mode: *multiple", mode, re.IGNORECASE))


def context(prompt_name: str, listing: str) -> str | None:
    """
    The security context we are in, or ``None`` in the system execution space.

    The prompt tells unless somebody has changed its form; inside a context ``show context`` lists that one alone, and
    has no total.
    """
    parts = [part for part in prompt_name.split("/")[1:] if part.lower() not in _PROMPT_STATES]
    if parts:
        return parts[0]
    if re.search(r"^Total active", listing, re.MULTILINE | re.IGNORECASE):
        return None
    rows = re.findall(r"^[ *]?(\S+) +\S+", re.sub(r"(?im)^.*context name.*$", "", listing), re.MULTILINE)
    return str(rows[0]) if len(rows) == 1 else None


def refusal(device: Device, wanted: str | None, *, multiple: bool) -> str | None:
    """Why this device is not worked on, or ``None``. ``wanted`` is the context that the inventory names."""
    if is_standby(device.name, device.failover):
        return (
            f"this is the standby unit of a pair ({device.failover if device.failover != 'off' else device.name}): "
            "what is changed on it is not replicated; set ansible_host to the active unit's address"
        )
    if multiple and device.context is None:
        return "this is the system execution space, not a context: set ansible_host to the address of the context"
    if wanted and not multiple:
        return f"ansible_network_context names {wanted}, and the device has no security contexts"
    if wanted and device.context != wanted:
        return f"this is the context {device.context}, and ansible_network_context names {wanted}"
    return None
