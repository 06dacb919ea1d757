"""From the variables of a host to how it is reached. Pure: nothing is opened, and no file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.model import UsageError
from remediators.transports.ssh_arguments import Jump
from remediators.transports.variables import KNOWN_VARIABLES, Reading
from remediators.transports.wire import Proxy

__all__ = ["KNOWN_VARIABLES", "Jump", "NetworkSettings", "Settings", "SshSettings", "WinrmSettings", "settings_of"]

_OTHER_CONNECTIONS = {
    "psrp": "use ansible_connection: winrm, which reaches the same listener and needs no PowerShell",
    "local": "only hosts over winrm, ssh or network_cli are worked on; for this machine, run an SSH server and use ssh",
    "netconf": "use ansible_connection: network_cli for Cisco IOS, IOS XE, ASA and PIX",
    "httpapi": "use ansible_connection: network_cli for Cisco IOS, IOS XE, ASA and PIX",
    "paramiko": "use ansible_connection: ssh",
    "paramiko_ssh": "use ansible_connection: ssh",
    "libssh": "use ansible_connection: ssh",
}


@dataclass(frozen=True, slots=True)
class WinrmSettings:
    """
    How WinRM is spoken.

    ``transport`` is ``basic ntlm certificate kerberos credssp``; ``message_encryption`` is ``auto always never``;
    ``validate`` says whether the certificate is checked; seconds are for one operation and for one answer.
    """

    scheme: str = "https"
    path: str = "/wsman"
    transport: str = "ntlm"
    validate: bool = True
    ca_trust_path: str | None = None
    cert_pem: str | None = None
    cert_key_pem: str | None = None
    message_encryption: str = "auto"
    allow_unencrypted: bool = False
    operation_seconds: int = 20
    read_seconds: int = 30
    kerberos_delegation: bool = False
    kerberos_hostname: str | None = None
    kerberos_service: str = "HTTP"
    send_cbt: bool = True
    codepage: int | None = None
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True)
class SshSettings:
    """
    How SSH is spoken.

    ``strict`` is ``yes no accept-new``. Without ``known_hosts`` the user's and the system's files are used, without
    ``identities`` the user's default keys; the agent is asked too. ``legacy`` allows what is broken or worn out (SHA-1
    key exchange and signatures, CBC, MD5); ``algorithms`` are changes to what is allowed, as ssh's own options say
    them (``kexalgorithms``, ``+diffie-hellman-group14-sha1``).
    """

    identities: tuple[str, ...] = ()
    passphrase: str | None = field(default=None, repr=False)
    known_hosts: tuple[str, ...] = ()
    strict: str = "yes"
    jumps: tuple[Jump, ...] = ()
    legacy: bool = True
    algorithms: tuple[tuple[str, str], ...] = ()
    sha1_signatures: bool = False  # sign so where a server tells of nothing better


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """
    What is said of a network device.

    ``platform`` is ``ios asa pix``, ``device_type`` netmiko's name for it. ``become`` asks for the enable mode, with
    ``secret`` where the device wants one. ``context`` is the security context that the address must lead to.
    """

    platform: str = "ios"
    device_type: str = "cisco_ios"
    become: bool = False
    secret: str | None = field(default=None, repr=False)
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """
    How one host is reached: ``connection`` is ``winrm``, ``ssh`` or ``network_cli``, and says which parts count.

    ``user`` is ``None`` where SSH uses the name of the user who runs this. ``connect_seconds`` is the most that
    connecting may take, if the inventory says so. ``warnings`` are for the operator.
    """

    host_name: str
    connection: str
    address: str
    port: int
    user: str | None
    password: str | None = field(default=None, repr=False)
    winrm: WinrmSettings = WinrmSettings()
    ssh: SshSettings = SshSettings()
    network: NetworkSettings = NetworkSettings()
    connect_seconds: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """What stands in a request's first line: a path, or for a proxy the whole URL."""
        return self.endpoint if self.winrm.proxy and self.winrm.scheme == "http" else self.winrm.path

    @property
    def endpoint(self) -> str:
        """The URL of the WinRM listener."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.winrm.scheme}://{host}:{self.port}{self.winrm.path}"


def settings_of(host_name: str, variables: Mapping[str, Any], *, allow_unencrypted: bool = False) -> Settings:
    """
    Read how a host is reached from its resolved variables.

    ``allow_unencrypted`` accepts Basic over plain HTTP, as ``ansible_winrm_message_encryption: never`` does. Raises
    `UsageError` that names host, variable, value and what is allowed.
    """
    read = Reading(host_name, variables)
    connection = _connection(read)
    if connection == "winrm":
        from remediators.transports.winrm_settings import winrm

        return winrm(read, allow_unencrypted=allow_unencrypted)
    if connection == "network_cli":
        from remediators.transports.network_settings import network

        return network(read)
    from remediators.transports.ssh_settings import ssh

    return ssh(read)


def _connection(read: Reading) -> str:
    named = read.text("ansible_connection")
    short = (named or "ssh").lower().rpartition(".")[2]
    if short in ("winrm", "ssh", "network_cli"):
        return short
    if short == "smart":  # what Ansible up to 2.19 calls its choice of ssh
        return "ssh"
    advice = _OTHER_CONNECTIONS.get(short, "use winrm, ssh or network_cli")
    raise UsageError(f"{read.host}: ansible_connection: {named} is not supported: {advice}")
