"""
KB 919091 as fleets: a sender, a receiver behind a firewall, a receiver that nothing is wrong with, and any causes.

Products, registry values and addresses that no public source names are invented for the lab, and say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from remediators.lab.scenarios.kb919091_firewalls import firewalls
from remediators.lab.world import EVENT_4006

SENDER, RECEIVER, OTHER, FIREWALL = "exch01", "exch02", "exch03", "fw01"
INVENTED: Final = "invented for the lab"

_USERS: Final = {"Administrator": "Lab-secret 1"}
_SAVCE: Final = "HKLM\\SOFTWARE\\INTEL\\LANDesk\\VirusProtect6\\CurrentVersion"
_SCANNER: Final = f"{_SAVCE}\\Storages\\InternetMail\\RealTimeScan"
_TNEF: Final = "HKLM\\SOFTWARE\\LabInvented\\Tnef"
_HEURISTICS: Final = "HKLM\\SOFTWARE\\LabInvented\\Heuristics"


def _dword(name: str, number: int) -> dict[str, Any]:
    return {name: {"type": "REG_DWORD", "data": number}}


_QUIET: Final = {
    # Both products are installed, what the article warns of is off, and TNEF is forced.
    _SCANNER: _dword("OnOff", 0),
    _HEURISTICS: _dword("LabLevel", 0),
    _TNEF: _dword("LabForceTnef", 1),
}


def _exchange(name: str, number: int, *groups: str, **more: Any) -> dict[str, Any]:
    return {
        "connection": "winrm",
        "transport": "ntlm",
        "users": _USERS,
        "groups": ("exchange", *groups),
        "address": f"127.66.91.{number}",
        "own_address": True,
        "fqdn": f"{name}.example.com",
        "antivirus": "savce9",
        "takes_mail": True,
        "registry": dict(_QUIET),
        "harms": _HARMS,
        "events": _NOISE,
        "utc_offset": 60,
        **more,
    }


# What of the registry stops mail in this lab. That a product does so with these values is invented.
_HARMS: Final = (
    {"cause": 1, "key": _SCANNER, "name": "OnOff", "numbers": [1]},
    {"cause": 2, "key": _TNEF, "name": "LabForceTnef", "numbers": [None, 0], "unless_offered": "BINARYMIME"},
    {"cause": 3, "key": _HEURISTICS, "name": "LabLevel", "numbers": [1, 2, 3]},
)
# What every such server logs, and two events that look alike: a 4006 with another text, and 4000.
_NOISE: Final = (
    {"log": "System", "source": "EventLog", "id": 6005, "text": "The Event log service was started.", "ago": 3542400},
    {"source": "MSExchangeIS Mailbox Store", "id": 1221, "category": "General", "ago": 47000, "count": 30,
     "every": 86400, "text": "The database has 212 megabytes of free space after online defragmentation."},
    {"source": "MSExchangeTransport", "id": 4006, "type": "warning", "category": "@connection-manager", "ago": 700000,
     "strings": ["203.0.113.7", "mail.example.net"], "count": 2,
     "text": "Message delivery to the host '{0}' failed while delivering to the remote domain '{1}' for the following "
             "reason: The remote server did not respond to a connection attempt."},
    {"source": "MSExchangeTransport", "id": 4000, "type": "warning", "category": "@connection-manager", "ago": 800000,
     "strings": ["203.0.113.9"], "text": "The connection was dropped by the remote host '{0}'."},
)  # fmt: skip
_IN_IISADMIN: Final = ("IISADMIN", "SMTPSVC", "RESvc", "W3SVC", "HTTPFilter")
_PARSE_ERRORS: Final = (
    {"log": "System", "source": "IIS Config", "id": 4275, "type": "error", "ago": 30000, "every": 2, "count": 100,
     "text": "Error parsing XML file. Reason: An invalid character was found in the content. Incorrect XML."},
)  # fmt: skip
# Stuck for 9 hours: mail from before that is gone, and every 15 minutes another attempt is dropped.
_STUCK: Final = {"messages": 57, "size": 41253, "oldest": 32400, "per_hour": 6, "since": 240}
_STUCK_EVENT: Final = {
    **EVENT_4006,
    "ago": 240,
    "every": 900,
    "count": 36,
}


def _hosts() -> dict[str, dict[str, Any]]:
    return {
        SENDER: _exchange(SENDER, 11, "senders"),
        RECEIVER: _exchange(RECEIVER, 12, "receivers", via=FIREWALL),
        OTHER: _exchange(OTHER, 13, "receivers", language="de", connection="ssh"),
    }


Patch = Mapping[str, Any]

# What each part of a scenario's name changes: host -> its data, laid over that of a healthy host.
PARTS: Final[Mapping[str, Mapping[str, Patch]]] = {
    "healthy": {},
    "cause1": {RECEIVER: {"registry": {_SCANNER: _dword("OnOff", 1)}}},
    # The sender uses Summary TNEF, which is binary, and the receiver takes no binary mail. To a receiver that does
    # (exch03) mail goes on.
    "cause2": {
        SENDER: {"registry": {_TNEF: _dword("LabForceTnef", 0)}},
        RECEIVER: {"metabase": {"SmtpSvc/1": {"SmtpInboundCommandSupportOptions": 7697601 - 0x700000}}},
    },
    "cause3": {RECEIVER: {"registry": {_HEURISTICS: _dword("LabLevel", 2)}}},
    "cause4": {RECEIVER: {"metabase": {"SmtpSvc/1": {"ConnectResponse": " "}}, "mute": "silent"}},
    "cause5": {},  # in the firewall's configuration
    # Two bytes that no XML may have in the file and in the newest pair of the history, a memory that cannot be read,
    # and the events of a start that failed: what a host at networknet.nl was seen with.
    "cause6": {
        RECEIVER: {
            "iis": {"file": "character", "memory": "unreadable", "history": ["whole", "whole", "whole", "character"]},
            "events": [*_NOISE, *_PARSE_ERRORS],
        }
    },
    # Lost in memory and on disk alike, by a file that is well-formed: the sinks, DS2MB and the virtual server are gone.
    "cause6-lost": {RECEIVER: {"iis": {"file": "lost", "memory": "lost", "history": ["whole", "whole", "lost"]}}},
    "cause6-no-history": {RECEIVER: {"iis": {"file": "cut", "memory": "unreadable", "history": []}}},
    "cause6-broken-history": {
        RECEIVER: {"iis": {"file": "cut", "memory": "unreadable", "history": ["cut", "character", "empty"]}}
    },
    # Nothing is wrong with mail: memory is whole and only the file is broken.
    "broken-file": {RECEIVER: {"iis": {"file": "character", "memory": "whole", "history": ["whole"] * 3}}},
    "cause4-closes": {RECEIVER: {"metabase": {"SmtpSvc/1": {"ConnectResponse": " "}}, "mute": "closes"}},
    "cause4-line": {RECEIVER: {"metabase": {"SmtpSvc/1": {"ConnectResponse": " "}}, "mute": "line"}},
    "cause4-absent": {RECEIVER: {"no_banner": True, "mute": "silent"}},
    # IISADMIN did not come up any more, and took with it all that lives in its process.
    "cause6-down": {
        RECEIVER: {
            "iis": {"file": "character", "memory": "unreadable", "history": ["whole", "whole", "character"]},
            "events": [*_NOISE, *_PARSE_ERRORS],
            "services": {name: {"state": "stopped"} for name in _IN_IISADMIN},
        }
    },
    # The same at the other end.
    "cause1-sender": {SENDER: {"registry": {_SCANNER: _dword("OnOff", 1)}}},
    "cause3-sender": {SENDER: {"registry": {_HEURISTICS: _dword("LabLevel", 1)}}},
    # No cause of the article: nobody started the service, or nobody knows.
    "stopped": {RECEIVER: {"services": {"SMTPSVC": {"state": "stopped"}}}},
    "unknown-cause": {RECEIVER: {"trouble": True}},
    # Nothing is wrong with mail: a zone-based firewall inspects it, and lets it through.
    "zone-firewall": {},
    # A client whose settings a parent server puts back.
    "managed": {RECEIVER: {"managed": True}},
    # Ways in which evidence is missing or another language is spoken; see `_EVIDENCE`.
    "cleared-log": {},
    "huge-log": {},
    "wmic-never-ran": {SENDER: {"wmic": "never-ran"}, RECEIVER: {"wmic": "never-ran"}},
    "no-wmic": {SENDER: {"wmic": "missing"}, RECEIVER: {"wmic": "missing"}},
    "no-cmdlib": {SENDER: {"cmdlib": False}, RECEIVER: {"cmdlib": False}},
    "german": {SENDER: {"language": "de"}},
    # Other firewalls than the router with the firewall feature set.
    "pix": {},
    "asa": {},
}
_COUNT: Final = re.compile(r"x(\d{1,3})")
_AT: Final = {1: RECEIVER, 2: SENDER, 3: RECEIVER, 4: RECEIVER, 5: FIREWALL, 6: RECEIVER}
_EVIDENCE: Final = ("cleared-log", "huge-log", "wmic-never-ran", "no-wmic", "no-cmdlib", "german", "managed")
_CAUSE: Final = re.compile(r"cause(\d)")
_NUMBERED: Final = tuple(name for name in PARTS if name.startswith("cause") and "-" not in name)


def names() -> list[str]:
    """Healthy, each cause, each pair, all, and the variants."""
    pairs = ["+".join(pair) for pair in combinations(_NUMBERED, 2)]
    alone = [name for name in PARTS if name not in _NUMBERED and name not in ("healthy", "pix", "asa", *_EVIDENCE)]
    variants = [*alone, *(f"cause1+{name}" for name in _EVIDENCE)]
    return ["healthy", *_NUMBERED, *pairs, "all", *variants, "cause5+pix", "cause5+asa", "healthy+pix", "healthy+asa"]


def build(parts: Sequence[str]) -> dict[str, Any]:
    """The fields of a `Scenario` from the parts of its name. Raises ValueError for a part that there is not."""
    wanted = [name for part in parts for name in (_NUMBERED if part == "all" else (part,))]
    unknown = [part for part in wanted if part not in PARTS and not _COUNT.fullmatch(part)]
    if unknown:
        known = ", ".join([*PARTS, "all", "x50 (so many servers)"])
        raise ValueError(f"kb919091 has no part {', '.join(map(repr, unknown))}; there are {known}")
    found = [(int(match[1]), part) for part in wanted if (match := _CAUSE.match(part))]
    causes = tuple(sorted({cause for cause, _ in found}))
    stuck = [RECEIVER] if causes or not {"stopped", "unknown-cause"}.isdisjoint(wanted) else []
    stuck += [OTHER] if any(part.endswith("-sender") for part in wanted) else []
    return {
        "fleet": _fleet(wanted, causes, stuck),
        "causes": causes,
        "at": {cause: SENDER if part.endswith("-sender") else _AT[cause] for cause, part in found},
        "routes": [(SENDER, receiver) for receiver in stuck],
        "pairs": [(SENDER, RECEIVER), (SENDER, OTHER)],
        "data": {"exchange": _variables()},
        "profiles": {"savce9": _savce9(), "smsmse": _smsmse()},
    }


def _fleet(wanted: Sequence[str], causes: Sequence[int], stuck: Sequence[str]) -> dict[str, Any]:
    fleet: dict[str, Any] = _hosts()
    for host, patch in ((host, patch) for part in wanted for host, patch in PARTS.get(part, {}).items()):
        fleet[host] = _laid_over(fleet[host], patch)
    fleet |= firewalls(_kind(wanted), inspects=5 in causes)
    fleet[RECEIVER]["via"] = [name for name in fleet if name.startswith(("fw", "rtr"))]
    _put_mail(fleet, stuck)
    if "cleared-log" in wanted:
        fleet[SENDER]["events"] = ()
    if "huge-log" in wanted:
        fleet[SENDER]["events"] = (*fleet[SENDER]["events"], *_HUGE)
    servers = max((int(match[1]) for part in wanted if (match := _COUNT.fullmatch(part))), default=0)
    more = {f"exch{number:02}": number for number in range(4, servers + 1)}
    return fleet | {name: _exchange(name, 10 + number, "receivers") for name, number in more.items()}


# Somebody logs the success of every message: ten million events, a few of which are asked for.
_HUGE: Final = (
    {"source": "MSExchangeTransport", "id": 1020, "text": "Message delivered.", "every": 1, "count": 10_000_000},
)


def _put_mail(fleet: dict[str, Any], stuck: Sequence[str]) -> None:
    """The queues; where mail is stuck also the events that its sender has logged so far."""
    links = {name: _STUCK if name in stuck else {} for name in (RECEIVER, OTHER)}
    fleet[SENDER]["queue"] = {name: {**link, "fqdn": f"{name}.example.com"} for name, link in links.items()}
    events = ({**_STUCK_EVENT, "strings": [fleet[name]["address"], fleet[name]["fqdn"]]} for name in stuck)
    fleet[SENDER]["events"] = (*fleet[SENDER]["events"], *events)
    for name in links:
        fleet[name]["queue"] = {SENDER: {"fqdn": f"{SENDER}.example.com"}}


def _kind(parts: Iterable[str]) -> str:
    return next((part for part in parts if part in ("pix", "asa", "zone-firewall")), "ios")


def _laid_over(below: Mapping[str, Any], patch: Patch) -> dict[str, Any]:
    """Mappings are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in patch.items():
        under = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[key] = _laid_over(under, value) if both and isinstance(under, Mapping) else value
    return merged


def _variables() -> dict[str, Any]:
    """What an operator would have in group_vars."""
    return {
        "av_allow_unverified": True,
        "tnef_values": [{"key": _TNEF, "name": "LabForceTnef", "type": "dword", "data": 1}],
        "smsmse_profile": _smsmse(),
    }


def _smsmse() -> dict[str, Any]:
    return {
        "profile": "smsmse",
        "product": "Symantec Mail Security for Microsoft Exchange (as the lab pretends)",
        "for": ["mail_heuristics"],
        "detect": [{"key": _HEURISTICS, "source": INVENTED, "verified": True}],
        "settings": [
            {
                "key": _HEURISTICS,
                "name": "LabLevel",
                "type": "dword",
                "disabled": 0,
                "enabled": 2,
                "source": INVENTED,
                "verified": True,
            }
        ],
    }


def _savce9() -> dict[str, Any]:
    """The packaged profile's facts, and the one value that no public source names as if somebody had verified it."""
    return {
        "profile": "savce9",
        "product": "Symantec AntiVirus Corporate Edition 9 (as the lab pretends)",
        "for": ["av_email_scanner"],
        "detect": [
            {"key": "HKLM\\SOFTWARE\\Symantec\\InstalledApps", "value": "SAVCE", "source": INVENTED, "verified": True}
        ],
        "managed": [{"key": _SAVCE, "value": "Parent", "source": INVENTED, "verified": True}],
        "settings": [
            {
                "key": _SCANNER,
                "name": "OnOff",
                "type": "dword",
                "disabled": 0,
                "enabled": 1,
                "source": INVENTED,
                "verified": True,
            }
        ],
    }
