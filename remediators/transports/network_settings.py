"""The variables of network devices. Pure."""

from __future__ import annotations

import difflib
from dataclasses import replace

from remediators.model import UsageError
from remediators.transports.settings import NetworkSettings, Settings
from remediators.transports.ssh_settings import reached_by_ssh
from remediators.transports.variables import Reading

PLATFORMS = {  # what an inventory calls it -> our platform, netmiko's device type
    "cisco.ios.ios": ("ios", "cisco_ios"),
    "ios": ("ios", "cisco_ios"),
    "cisco.iosxe.iosxe": ("ios", "cisco_xe"),
    "iosxe": ("ios", "cisco_xe"),
    "cisco.asa.asa": ("asa", "cisco_asa"),
    "asa": ("asa", "cisco_asa"),
    "pix": ("pix", "cisco_asa"),  # netmiko has no type for it: see network_terminal
}
_HEEDED = ("ansible_become",)


def network(read: Reading) -> Settings:
    """Settings of a network device. Raises `UsageError`."""
    platform, device_type = _platform(read)
    become, warnings = _become(read)
    secret = read.text("ansible_become_pass", "ansible_become_password") if become else None
    found = reached_by_ssh(read, "network_cli", _HEEDED)
    legacy = read.boolean("ansible_ssh_legacy_algorithms") or False
    return replace(
        found,
        ssh=replace(found.ssh, legacy=legacy, sha1_signatures=legacy),
        network=NetworkSettings(platform, device_type, become, secret, read.text("ansible_network_context")),
        warnings=(*found.warnings, *warnings, *_weak(read, legacy=legacy)),
    )


def _platform(read: Reading) -> tuple[str, str]:
    named = read.text("ansible_network_os")
    if named is None:
        raise UsageError(f"{read.host}: ansible_network_os is missing: network_cli needs it ({_names()})")
    name = named.strip().lower()
    if name.startswith("cisco.iosxe"):
        return PLATFORMS["iosxe"]
    if name in PLATFORMS:
        return PLATFORMS[name]
    near = difflib.get_close_matches(name, PLATFORMS, 1, 0.5)
    hint = f": did you mean {near[0]}?" if near else f": it can be {_names()}"
    raise UsageError(f"{read.host}: ansible_network_os: {named} is not supported{hint}")


def _names() -> str:
    return ", ".join(PLATFORMS)


def _become(read: Reading) -> tuple[bool, tuple[str, ...]]:
    asked = read.boolean("ansible_become") or False
    method = read.text("ansible_become_method")
    if asked and (method or "enable").lower().rpartition(".")[2] != "enable":
        raise UsageError(f"{read.host}: ansible_become_method cannot be {method!r}: it must be enable for a device")
    if not asked and read.found("ansible_become_pass", "ansible_become_password"):
        return False, (f"{read.host}: ansible_become_password is given and not used: ansible_become is not true",)
    return asked, ()


def _weak(read: Reading, *, legacy: bool) -> tuple[str, ...]:
    if not legacy:
        return ()
    return (f"{read.host}: legacy SSH algorithms (SHA-1, CBC, MD5) are allowed for this device",)
