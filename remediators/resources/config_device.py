"""What a Cisco device is, from ``show version``: its release, name, software and image. Read only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from remediators.model import Address, Answer, Query, ReadFailed, Reading, Scope, Value
from remediators.quoting import config_line

VERSION = Address("host", "version")  # "12.4(25d)", "16.09.04", "9.1(7)", "6.3(5)"
HOSTNAME = Address("host", "hostname")
SOFTWARE = Address("host", "software")  # "ios", "ios-xe", "asa", "pix"
IMAGE = Address("host", "image")  # "flash:c2600-adventerprisek9-mz.124-25d.bin"; absent where it does not say

# IOS: `Cisco IOS Software, C2600 Software (…), Version 12.4(25d), RELEASE SOFTWARE (fc1)`, before 12.3 `IOS (tm) C2600
# Software (…), Version 12.2(46a), RELEASE …`; XE: `Cisco IOS XE Software, Version 16.09.04`; ASA: `Cisco Adaptive
# Security Appliance Software Version 9.1(7)`; PIX: `Cisco PIX Firewall Version 6.3(5)` (from memory, highly likely).
_SOFTWARE = (
    ("asa", re.compile(r"Adaptive Security Appliance Software Version (\S+)")),
    ("pix", re.compile(r"PIX (?:Firewall|Security Appliance Software) Version (\S+)")),
    ("ios-xe", re.compile(r"Cisco IOS[ -]XE Software,? Version (\S+)")),
    ("ios", re.compile(r"IOS(?: \(tm\)|.*Software).*, Version ([^\s,]+)")),
)
_UPTIME = re.compile(r"^(\S+) (?:uptime is|up) ", re.MULTILINE)
_IMAGE = re.compile(r'^System image file is "([^"]+)"', re.MULTILINE)


def query() -> Query:
    """What the device says of itself, in one question."""
    scope = Scope(exact=frozenset({VERSION, HOSTNAME, SOFTWARE, IMAGE}))
    return Query("show version", (config_line.line("show version"),), scope, _parse)


def _parse(answers: Sequence[Answer]) -> Reading:
    text = answers[0].text.replace("\r\n", "\n")
    found = next(((name, match[1]) for name, pattern in _SOFTWARE if (match := pattern.search(text))), None)
    if not answers[0].ok or found is None:
        raise ReadFailed(f"the device does not say what it is: {' '.join(text.split())[:200]}")
    values: dict[Address, Value] = {SOFTWARE: found[0], VERSION: found[1]}
    for address, pattern in ((HOSTNAME, _UPTIME), (IMAGE, _IMAGE)):
        said = pattern.search(text)
        if said:
            values[address] = said[1]
    return Reading(values)
