"""The variables of SSH. Pure."""

from __future__ import annotations

from collections.abc import Collection

from remediators.model import UsageError
from remediators.transports import ssh_arguments
from remediators.transports.settings import Settings, SshSettings
from remediators.transports.ssh_arguments import SshArguments
from remediators.transports.variables import Reading


def ssh(read: Reading) -> Settings:
    """Settings of a Windows host over SSH."""
    _check_shell(read)
    return reached_by_ssh(read, "ssh")


def reached_by_ssh(read: Reading, connection: str, heeded: Collection[str] = ()) -> Settings:
    """What SSH needs, whatever is spoken over it; ``heeded`` are the variables that somebody else will look at."""
    told = _arguments(read)
    identity = read.text("ansible_private_key_file", "ansible_ssh_private_key_file")
    checking = read.boolean(
        "ansible_paramiko_host_key_checking", "ansible_host_key_checking", "ansible_ssh_host_key_checking"
    )
    how = SshSettings(
        identities=(*((identity,) if identity else ()), *told.identities),
        passphrase=read.text("ansible_ssh_private_key_passphrase"),
        known_hosts=told.known_hosts,
        strict=told.strict or ("no" if checking is False else "yes"),
        jumps=told.jumps,
        algorithms=told.algorithms,
    )
    return Settings(
        read.host,
        connection,
        read.address("ansible_host", "ansible_ssh_host"),
        read.integer(1, 65535, "ansible_port", "ansible_ssh_port") or 22,
        read.text("ansible_user", "ansible_ssh_user"),
        read.text("ansible_password", "ansible_ssh_pass", "ansible_ssh_password"),
        ssh=how,
        connect_seconds=read.integer(1, 3600, "ansible_timeout", "ansible_ssh_timeout"),
        warnings=(*read.unheeded(heeded), *(f"{read.host}: {warning}" for warning in told.warnings)),
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
