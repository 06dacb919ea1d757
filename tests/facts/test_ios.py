"""What a device says of itself, in the words of each system."""

from __future__ import annotations

import pytest

from remediators.facts.ios import device_facts
from remediators.model import Answer, ReadFailed, Snapshot
from remediators.resources import config_device

IOS = """Cisco IOS Software, C2600 Software (C2600-ADVIPSERVICESK9-M), Version 12.4(25d), RELEASE SOFTWARE (fc1)
ROM: System Bootstrap, Version 12.2(8r) [cmong 8r], RELEASE SOFTWARE (fc1)

branch1 uptime is 3 weeks, 2 days
System image file is "flash:c2600-advipservicesk9-mz.124-25d.bin"
"""
OLD = """Cisco Internetwork Operating System Software
IOS (tm) C2600 Software (C2600-IK9O3S3-M), Version 12.2(46a), RELEASE SOFTWARE (fc1)
old uptime is 1 day
"""
XE = """Cisco IOS XE Software, Version 16.09.04
Cisco IOS Software [Fuji], ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 16.9.4, RELEASE SOFTWARE (fc2)
edge uptime is 1 day
"""
ASA = """
Cisco Adaptive Security Appliance Software Version 9.1(7)
Device Manager Version 7.1(3)

fw up 30 days 2 hours
"""
PIX = "\nCisco PIX Firewall Version 6.3(5)\n\npix up 3 days\n"


def value(name: str, text: str) -> object:
    fact, known = next(fact for fact in device_facts() if fact.name == name), Snapshot()
    for query in fact.queries(known):
        known = known.read(query, query.parse([Answer(text.encode(), 0)]))
    return fact.value(known)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ios.version", IOS, "12.4(25d)"),
        ("ios.version", OLD, "12.2(46a)"),
        ("ios.version", XE, "16.09.04"),
        ("ios.version", ASA, None),
        ("ios.hostname", IOS, "branch1"),
        ("ios.image", IOS, "flash:c2600-advipservicesk9-mz.124-25d.bin"),
        ("ios.image", XE, None),
        ("asa.version", ASA, "9.1(7)"),
        ("asa.version", PIX, "6.3(5)"),
        ("asa.version", IOS, None),
    ],
)
def test_facts_are_what_the_device_says(name: str, text: str, said: str | None) -> None:
    assert value(name, text) == said


def test_a_device_of_another_maker_is_not_guessed_at() -> None:
    with pytest.raises(ReadFailed, match="JUNOS"):
        config_device.query().parse([Answer(b"JUNOS 12.1", 0)])
