"""The fleets that a lab can be asked for, and what an operator's inventory says of a running one."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

Spec = Mapping[str, Any]
Fleet = Mapping[str, Spec]

# What only the doors read of a host's entry; everything else is for the machine behind them, see `world.build`.
# The doors also look at ``smtp`` (whether port 25 is served), ``os`` (what Identify says) and ``faults``.
DOOR_KEYS: Final = frozenset(
    {
        "address",  # a loopback address of its own, where ports are fixed
        "via",  # the Cisco device, or a list of them, in front of this host: each masks its greeting while it inspects
        "mask",  # a device: how a greeting looks that it has masked: pix, ios or cmap (the default is its own kind)
        "final_dot",  # a device: whether it drops the end of every message (dropped), or of those that come split
        "own_address",  # whether the host has its address (and its device sees it there) where ports are free, too
        "harms",  # registry values that stop mail: {cause, key, name, numbers, unless_offered: a verb}
        "trouble",  # whether mail to this host is dropped for a reason that nothing shows
        "variables",  # more variables of the host in the inventory
        "behind",  # the Cisco firewall that mail to this host passes: its inspection masks the greeting
        "connection",  # winrm, ssh, network_cli for a Cisco device, or none for a host that only speaks SMTP
        "transport",  # winrm: basic, ntlm or certificate
        "scheme",  # winrm: http or https
        "allow_unencrypted",  # winrm over http: whether messages may be read on the wire (the default for basic)
        "product",  # winrm: what Identify says
        "most_shells",  # winrm: shells that a user may have open
        "idle",  # winrm: seconds after which a forgotten shell is gone
        "key",  # ssh: whether the operator logs on with a key and not with the password
        "status_bits",  # ssh: 32, or 8 for services that cut exit codes
        "user",  # the user of the inventory, else the machine's first
        "groups",  # the groups of the inventory
        "machine",  # an object with `run` instead of data for one
    }
)

PARENTS: Final[Mapping[str, str]] = {"exchange_winrm": "exchange", "exchange_ssh": "exchange"}


_USERS: Final = {"Administrator": "Lab-secret 1"}


def _exchange(site: str, connection: str, **more: Any) -> Spec:
    return {"connection": connection, "groups": (f"exchange_{connection}", f"site_{site}"), "users": _USERS, **more}


def _device(kind: str, name: str, group: str, address: str) -> Spec:
    config = Path(__file__).parent / "configs" / f"{name}.cfg"
    users = {"admin": "Lab-secret 1"}
    kept = {"device": kind, "config": config, "users": users}
    return {"connection": "network_cli", "groups": (group, "site_berlin"), "address": address, **kept}


# A mail scanner that no vendor sells: its key is invented for the lab, like the profile of it in inventory/lab.yml.
SCANNER: Final = {"HKLM\\SOFTWARE\\LabInvented\\Heuristics": {"LabLevel": {"type": "REG_DWORD", "data": 2}}}

DEFAULT_FLEET: Final[Fleet] = {
    "exch01": _exchange(
        "berlin", "winrm", transport="ntlm", address="127.66.0.11", antivirus="savce9", registry=SCANNER
    ),
    "exch02": _exchange("berlin", "winrm", transport="ntlm", address="127.66.0.12", antivirus="savce9", language="de"),
    "exch03": _exchange("hamburg", "winrm", transport="basic", address="127.66.0.13"),
    "exch04": _exchange("hamburg", "winrm", transport="basic", scheme="https", address="127.66.0.14"),
    "exch05": _exchange("berlin", "ssh", address="127.66.0.15"),
    "exch06": _exchange("hamburg", "ssh", key=True, address="127.66.0.16"),
    "hub01": {
        "connection": "winrm",
        "transport": "ntlm",
        "groups": ("receivers", "site_berlin"),
        "users": _USERS,
        "exchange": False,
        "address": "127.66.0.21",
    },
    "rtr01": _device("ios", "rtr01", "routers", "127.66.0.31"),
    "fw01": _device("asa", "fw01", "firewalls", "127.66.0.32"),
    "pix01": _device("pix", "pix01", "pix", "127.66.0.33"),
}


def generate(count: int, connection: str = "winrm", **spec: Any) -> Fleet:
    """``count`` equal hosts ``host0001``, ``host0002`` … for measurements; ``spec`` is added to each of them."""
    return {
        f"host{number:04}": {"connection": connection, "groups": (connection,), **spec} for number in _from_1(count)
    }


def _from_1(count: int) -> range:
    return range(1, count + 1)


@dataclass(frozen=True, slots=True)
class Reached:
    """How an operator reaches one host of a running lab. Ports are ``None`` where nothing listens."""

    name: str
    spec: Spec
    address: str
    user: str
    password: str
    port: int | None
    smtp_port: int | None


@dataclass(frozen=True, slots=True)
class Keyring:
    """The files that an operator of the lab needs."""

    known_hosts: Path
    ssh_key: Path
    authority: Path
    certificate: Path
    certificate_key: Path


def document(hosts: Iterable[Reached], keyring: Keyring) -> dict[str, Any]:
    """An inventory in Ansible's form, ready for YAML."""
    hosts = tuple(hosts)
    groups: dict[str, Any] = {}
    for host in hosts:
        for group in host.spec.get("groups", ()):
            _group(groups, group).setdefault("hosts", {})[host.name] = {}
    everyone = {host.name: _variables(host, keyring) for host in hosts}
    return {"all": {"hosts": everyone, "children": groups}}


def _group(groups: dict[str, Any], name: str) -> dict[str, Any]:
    parent = PARENTS.get(name)
    if parent is not None:
        groups = groups.setdefault(parent, {}).setdefault("children", {})
    found: dict[str, Any] = groups.setdefault(name, {})
    return found


def _variables(host: Reached, keyring: Keyring) -> dict[str, Any]:
    connection = host.spec.get("connection", "winrm")
    told: dict[str, Any] = {
        "ansible_host": host.address,
        "ansible_connection": connection,
        "ansible_user": host.user,
    }
    if host.smtp_port is not None:
        told |= {"smtp_port": host.smtp_port}
    if host.port is not None:
        told |= {"ansible_port": host.port}
    if "via" in host.spec:
        told |= {"via": host.spec["via"]}
    told |= host.spec.get("variables", {})
    match connection:
        case "winrm":
            return told | _winrm(host, keyring)
        case "ssh":
            return told | _ssh(host, keyring)
        case "network_cli":
            return told | _of_a_device(host, keyring)
        case _:
            return told


def _winrm(host: Reached, keyring: Keyring) -> dict[str, Any]:
    transport, scheme = host.spec.get("transport", "ntlm"), host.spec.get("scheme", "http")
    told = {"ansible_winrm_scheme": scheme, "ansible_winrm_transport": transport}
    if scheme == "https":
        told |= {"ansible_winrm_ca_trust_path": str(keyring.authority)}
    elif transport == "basic":
        told |= {"ansible_winrm_message_encryption": "never"}
    if transport != "certificate":
        return told | {"ansible_password": host.password}
    return told | {
        "ansible_winrm_cert_pem": str(keyring.certificate),
        "ansible_winrm_cert_key_pem": str(keyring.certificate_key),
    }


def _ssh(host: Reached, keyring: Keyring) -> dict[str, Any]:
    told = {
        "ansible_shell_type": "cmd",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={shlex.quote(str(keyring.known_hosts))}",
    }
    if host.spec.get("key"):
        return told | {"ansible_ssh_private_key_file": str(keyring.ssh_key)}
    return told | {"ansible_password": host.password}


_NETWORK_OS: Final = {"ios": "cisco.ios.ios", "asa": "cisco.asa.asa", "pix": "pix"}


def _of_a_device(host: Reached, keyring: Keyring) -> dict[str, Any]:
    told = {
        "ansible_network_os": _NETWORK_OS[str(host.spec.get("device", "ios"))],
        "ansible_password": host.password,
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={shlex.quote(str(keyring.known_hosts))}",
    }
    secret = host.spec.get("secret", "Enable-secret 1")
    if secret is None:
        return told
    return told | {"ansible_become": True, "ansible_become_method": "enable", "ansible_become_password": secret}


def known_hosts_line(address: str, port: int, key_type: str, key: str) -> str:
    """A line of OpenSSH's known_hosts, with its line end."""
    place = address if port == 22 else f"[{address}]:{port}"
    return f"{place} {key_type} {key}\n"
