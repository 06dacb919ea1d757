"""From the variables of a host to how it is reached. Pure: nothing is opened, and no file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.model import UsageError
from remediators.transports import ssh_arguments
from remediators.transports.ssh_arguments import Jump, SshArguments
from remediators.transports.variables import KNOWN_VARIABLES, Reading

__all__ = ["KNOWN_VARIABLES", "Jump", "Settings", "SshSettings", "WinrmSettings", "settings_of"]

_OTHER_CONNECTIONS = {
    "psrp": "use ansible_connection: winrm, which reaches the same listener and needs no PowerShell",
    "local": "only hosts over winrm or ssh are worked on; for this machine, run an SSH server and use ssh",
    "network_cli": "network devices are not supported; Windows hosts are, over winrm or ssh",
    "netconf": "network devices are not supported; Windows hosts are, over winrm or ssh",
    "httpapi": "network devices are not supported; Windows hosts are, over winrm or ssh",
    "paramiko": "use ansible_connection: ssh",
    "paramiko_ssh": "use ansible_connection: ssh",
    "libssh": "use ansible_connection: ssh",
}
_TRANSPORTS = {
    "basic": "basic",
    "plaintext": "basic",
    "ssl": "basic",
    "ntlm": "ntlm",
    "negotiate": "ntlm",
    "certificate": "certificate",
    "kerberos": "kerberos",
    "credssp": "credssp",
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
    send_cbt: bool = True
    codepage: int | None = None


@dataclass(frozen=True, slots=True)
class SshSettings:
    """
    How SSH is spoken.

    ``strict`` is ``yes no accept-new``. Without ``known_hosts`` the user's and the system's files are used, without
    ``identities`` the user's default keys; the agent is asked too.
    """

    identities: tuple[str, ...] = ()
    passphrase: str | None = field(default=None, repr=False)
    known_hosts: tuple[str, ...] = ()
    strict: str = "yes"
    jumps: tuple[Jump, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """
    How one host is reached: ``connection`` is ``winrm`` or ``ssh``, and says which of the two parts counts.

    ``user`` is ``None`` where SSH uses the name of the user who runs this. ``warnings`` are for the operator.
    """

    host_name: str
    connection: str
    address: str
    port: int
    user: str | None
    password: str | None = field(default=None, repr=False)
    winrm: WinrmSettings = WinrmSettings()
    ssh: SshSettings = SshSettings()
    warnings: tuple[str, ...] = ()

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
        return _winrm(read, allow_unencrypted=allow_unencrypted)
    return _ssh(read)


def _connection(read: Reading) -> str:
    named = read.text("ansible_connection")
    short = (named or "ssh").lower().rpartition(".")[2]
    if short in ("winrm", "ssh"):
        return short
    if short == "smart":  # what Ansible up to 2.19 calls its choice of ssh
        return "ssh"
    advice = _OTHER_CONNECTIONS.get(short, "use winrm or ssh")
    raise UsageError(f"{read.host}: ansible_connection: {named} is not supported: {advice}")


def _address(read: Reading, *names: str) -> str:
    address = read.text(*names) or read.host
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if not bare or any(letter.isspace() or letter in "/@\\" for letter in bare) or not bare.isascii():
        raise read.wrong("ansible_host", address, "a host name or an address")
    return bare


# ---------------------------------------------------------------------------------------------------- WinRM


def _winrm(read: Reading, *, allow_unencrypted: bool) -> Settings:
    scheme, port = _scheme_and_port(read)
    transport = _transport(read)
    user = read.text("ansible_ssh_user", "ansible_user", "ansible_winrm_user")
    password = read.text("ansible_ssh_pass", "ansible_password", "ansible_winrm_pass", "ansible_winrm_password")
    _check_credentials(read, transport, scheme, user, password)
    return Settings(
        read.host,
        "winrm",
        _address(read, "ansible_ssh_host", "ansible_host", "ansible_winrm_host"),
        port,
        _principal(read, transport, user),
        password,
        winrm=_winrm_settings(read, scheme, transport, allow_unencrypted=allow_unencrypted),
        warnings=_kerberos_warnings(read, transport, password),
    )


def _winrm_settings(read: Reading, scheme: str, transport: str, *, allow_unencrypted: bool) -> WinrmSettings:
    encryption = read.choice({"auto", "always", "never"}, "ansible_winrm_message_encryption") or "auto"
    if encryption == "always" and transport in ("basic", "certificate"):
        raise UsageError(
            f"{read.host}: ansible_winrm_message_encryption: always is impossible with {transport}: use ntlm, kerberos "
            "or credssp"
        )
    validation = read.choice({"validate", "ignore"}, "ansible_winrm_server_cert_validation")
    operation, reading = _seconds(read)
    return WinrmSettings(
        scheme=scheme,
        path=_path(read),
        transport=transport,
        validate=validation != "ignore",
        ca_trust_path=read.text("ansible_winrm_ca_trust_path"),
        cert_pem=read.text("ansible_winrm_cert_pem"),
        cert_key_pem=read.text("ansible_winrm_cert_key_pem"),
        message_encryption=encryption,
        allow_unencrypted=allow_unencrypted or encryption == "never",
        operation_seconds=operation,
        read_seconds=reading,
        kerberos_delegation=read.boolean("ansible_winrm_kerberos_delegation") or False,
        kerberos_hostname=read.text("ansible_winrm_kerberos_hostname_override"),
        send_cbt=read.boolean("ansible_winrm_send_cbt") is not False,
        codepage=read.integer(1, 65535, "ansible_winrm_codepage"),
    )


def _scheme_and_port(read: Reading) -> tuple[str, int]:
    """As in Ansible: https on 5986, but http on 5985."""
    scheme = read.choice({"http", "https"}, "ansible_winrm_scheme")
    port = read.integer(1, 65535, "ansible_ssh_port", "ansible_port", "ansible_winrm_port")
    if scheme is None:
        scheme = "http" if port == 5985 else "https"
    if port is None:
        port = 5985 if scheme == "http" else 5986
    return scheme, port


def _path(read: Reading) -> str:
    path = read.text("ansible_winrm_path") or "/wsman"
    if not path.isascii() or any(letter.isspace() for letter in path):
        raise read.wrong("ansible_winrm_path", path, "a path such as /wsman")
    return path if path.startswith("/") else f"/{path}"


def _transport(read: Reading) -> str:
    """The first supported one of what is listed; NTLM, whose messages are encrypted, where nothing is."""
    found = read.found("ansible_winrm_transport")
    if found is None:
        certificate = read.text("ansible_winrm_cert_pem") and not read.text("ansible_password")
        return "certificate" if certificate else "ntlm"
    name, value = found
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise read.wrong(name, value, f"one or more of {', '.join(_TRANSPORTS)}")
    for one in listed:
        if one.strip().lower() in _TRANSPORTS:
            return _TRANSPORTS[one.strip().lower()]
    raise read.wrong(name, value, f"one or more of {', '.join(_TRANSPORTS)}")


def _check_credentials(read: Reading, transport: str, scheme: str, user: str | None, password: str | None) -> None:
    if transport == "certificate":
        if scheme != "https":
            raise UsageError(f"{read.host}: ansible_winrm_transport: certificate needs ansible_winrm_scheme: https")
        _need(read, transport, "ansible_winrm_cert_pem", read.text("ansible_winrm_cert_pem"))
        _need(read, transport, "ansible_winrm_cert_key_pem", read.text("ansible_winrm_cert_key_pem"))
        return
    _need(read, transport, "ansible_user (or -u)", user)
    if transport != "kerberos":
        _need(read, transport, "ansible_password (or -k)", password)


def _need(read: Reading, transport: str, name: str, value: str | None) -> None:
    if value is None:
        raise UsageError(f"{read.host}: {name} is missing: WinRM with {transport} needs it")


def _principal(read: Reading, transport: str, user: str | None) -> str | None:
    """With Kerberos, the user in the realm that was named."""
    realm = read.text("ansible_winrm_realm")
    if transport == "kerberos" and realm and user and "@" not in user:
        return f"{user}@{realm}"
    return user


def _seconds(read: Reading) -> tuple[int, int]:
    """How long one operation may take on the host, and how long an answer may take to come: always longer."""
    both = read.integer(1, 3600, "ansible_winrm_connection_timeout")
    operation = read.integer(1, 3600, "ansible_winrm_operation_timeout_sec") or both or 20
    reading = read.integer(1, 7200, "ansible_winrm_read_timeout_sec") or operation + 10
    if reading <= operation:
        raise read.wrong("ansible_winrm_read_timeout_sec", reading, f"more than the operation's {operation} s")
    return operation, reading


def _kerberos_warnings(read: Reading, transport: str, password: str | None) -> tuple[str, ...]:
    given = [name for name in ("kinit_mode", "kinit_cmd", "kinit_args") if read.text(f"ansible_winrm_{name}")]
    manual = read.choice({"managed", "manual"}, "ansible_winrm_kinit_mode") == "manual"
    warnings = [
        f"{read.host}: ansible_winrm_{name} is not honoured: no ticket is fetched here, run kinit before"
        for name in given
        if not (name == "kinit_mode" and manual)
    ]
    if transport == "kerberos" and password is not None and not given:
        warnings.append(f"{read.host}: ansible_password is not used with kerberos: run kinit before")
    return tuple(warnings)


# ---------------------------------------------------------------------------------------------------- SSH


def _ssh(read: Reading) -> Settings:
    _check_shell(read)
    told = _arguments(read)
    identity = read.text("ansible_private_key_file", "ansible_ssh_private_key_file")
    checking = read.boolean(
        "ansible_paramiko_host_key_checking", "ansible_host_key_checking", "ansible_ssh_host_key_checking"
    )
    ssh = SshSettings(
        identities=(*((identity,) if identity else ()), *told.identities),
        passphrase=read.text("ansible_ssh_private_key_passphrase"),
        known_hosts=told.known_hosts,
        strict=told.strict or ("no" if checking is False else "yes"),
        jumps=told.jumps,
    )
    return Settings(
        read.host,
        "ssh",
        _address(read, "ansible_host", "ansible_ssh_host"),
        read.integer(1, 65535, "ansible_port", "ansible_ssh_port") or 22,
        read.text("ansible_user", "ansible_ssh_user"),
        read.text("ansible_password", "ansible_ssh_pass", "ansible_ssh_password"),
        ssh=ssh,
        warnings=tuple(f"{read.host}: {warning}" for warning in told.warnings),
    )


def _check_shell(read: Reading) -> None:
    """Windows over SSH is spoken to through cmd.exe, and an inventory for Ansible says which shell answers."""
    shell = read.text("ansible_shell_type")
    if shell == "cmd":
        return
    said = f"is {shell}" if shell else "is missing"
    other = "" if read.text("ansible_connection") else ", or ansible_connection: winrm if it is reached over WinRM"
    raise UsageError(f"{read.host}: ansible_shell_type {said}: ansible_shell_type: cmd is needed over SSH{other}")


def _arguments(read: Reading) -> SshArguments:
    texts = [read.text(f"ansible_ssh_{name}") or "" for name in ("args", "common_args", "extra_args")]
    try:
        return ssh_arguments.parse(" ".join(texts))
    except ValueError as error:
        raise UsageError(f"{read.host}: ansible_ssh_common_args: {error}") from error
