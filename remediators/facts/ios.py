"""What templates may ask about a Cisco device, and how it is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from remediators.model import ABSENT, Address, Query, Snapshot
from remediators.resources import config_device as device

_SAID = "the device's own `show version`"


@dataclass(slots=True)  # not frozen: a Protocol's attributes are settable
class DeviceFact:
    """A part of what a device says of itself; null on a device with other software."""

    name: str
    description: str
    address: Address
    software: tuple[str, ...]
    source: str = _SAID
    platform: str = "ios"

    def queries(self, known: Snapshot) -> Iterable[Query]:
        return [device.query()]

    def value(self, snapshot: Snapshot) -> Any:
        return snapshot[self.address] if snapshot[device.SOFTWARE] in self.software else ABSENT


_IOS = ("ios", "ios-xe")
_ASA = ("asa", "pix")


def device_facts() -> tuple[DeviceFact, ...]:
    return (
        DeviceFact("ios.version", "The release of IOS or IOS XE, such as 12.4(25d).", device.VERSION, _IOS),
        DeviceFact("ios.hostname", "The name that an IOS device has given itself.", device.HOSTNAME, _IOS),
        DeviceFact("ios.image", "The file that an IOS device has started.", device.IMAGE, _IOS),
        DeviceFact("asa.version", "The release of ASA or PIX, such as 9.1(7) or 6.3(5).", device.VERSION, _ASA),
    )
