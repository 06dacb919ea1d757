"""What ping met, and what is to be done about it. Pure."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from dataclasses import dataclass

from remediators.model import Output
from remediators.transports.settings import Settings
from remediators.transports.wsman import Identity

# Prints PROCESSOR_ARCHITECTURE and, in a 32-bit process on 64-bit Windows, PROCESSOR_ARCHITEW6432. It changes nothing,
# and has no character that any shell could take for something else.
QUESTION = "set PROCESSOR_ARCHITE"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a host that will give trouble, and what cures it."""

    symptom: str
    cure: str

    def __str__(self) -> str:
        return f"{self.symptom}: {self.cure}"


@dataclass(frozen=True, slots=True)
class Met:
    """
    Who answered.

    ``transport`` is ``WinRM (ntlm, encrypted)`` or ``SSH``, ``place`` its URL or address, ``answered`` how the service
    names itself. ``runs`` says whether a command line was run there.
    """

    transport: str
    place: str
    user: str
    answered: str
    runs: bool
    findings: tuple[Finding, ...] = ()


def met_winrm(settings: Settings, identity: Identity, output: Output | None) -> Met:
    """What WinRM's answer to Identify, and the answer to `QUESTION` if there was one, say of a host."""
    winrm = settings.winrm
    safe = winrm.scheme == "https" or (winrm.transport != "basic" and winrm.message_encryption != "never")
    return Met(
        f"WinRM ({winrm.transport}, {'encrypted' if safe else 'not encrypted'})",
        settings.endpoint,
        settings.user or "by certificate",
        ", ".join(part for part in (identity.vendor, identity.version) if part),
        output is not None,
        (*_winrm_findings(settings, identity, safe=safe), *_of_output(output, "WinRM service")),
    )


def met_ssh(settings: Settings, user: str, server: str, output: Output) -> Met:
    """What the server's banner and the answer to `QUESTION` say of a host."""
    return Met(
        "SSH",
        f"{settings.address}:{settings.port}",
        user,
        server,
        runs=True,
        findings=(*_ssh_findings(settings), *_of_output(output, "SSH server")),
    )


def met_device(settings: Settings, device: object, refusal: str | None) -> Met:
    """What a network device told of itself."""
    trouble = [Finding(refusal.removeprefix(f"{settings.host_name}: "), "it is not worked on")] if refusal else []
    return Met(
        f"SSH (network_cli, {settings.network.device_type})",
        f"{settings.address}:{settings.port}",
        settings.user or getpass.getuser(),
        str(device),
        runs=True,
        findings=(*_ssh_findings(settings), *_device_findings(settings), *trouble),
    )


def _device_findings(settings: Settings) -> Iterator[Finding]:
    if settings.ssh.legacy:
        yield Finding(
            "legacy SSH algorithms (SHA-1, CBC, MD5) are allowed",
            "newer software on the device, and no ansible_ssh_legacy_algorithms",
        )


def _winrm_findings(settings: Settings, identity: Identity, *, safe: bool) -> Iterator[Finding]:
    if identity.stack.startswith("1."):
        yield Finding(
            f"WinRM {identity.stack} answers, which has no remote shell",
            "install KB968930 (WinRM 2.0; Windows Server 2003 needs SP2), or an SSH server",
        )
    if not safe:
        yield Finding(
            "messages are not encrypted, everybody on the way can read them",
            "ansible_winrm_transport: ntlm, or ansible_winrm_scheme: https",
        )
    if settings.winrm.scheme == "https" and not settings.winrm.validate:
        yield Finding(
            "the certificate was not checked",
            "ansible_winrm_ca_trust_path, and ansible_winrm_server_cert_validation: validate",
        )


def _ssh_findings(settings: Settings) -> Iterator[Finding]:
    if settings.ssh.strict == "no":
        yield Finding("the host key was not checked", "add it to known_hosts, and leave StrictHostKeyChecking on")


def _of_output(output: Output | None, server: str) -> Iterator[Finding]:
    if output is None:
        return
    told = dict(re.findall(rb"(?im)^(PROCESSOR_ARCHITE\w+)=(\w+)", output.stdout))
    names = {name.upper() for name in told}
    if b"PROCESSOR_ARCHITEW6432" in names:
        yield Finding(
            f"the {server} is a 32-bit process on 64-bit Windows, so SOFTWARE and system32 are silently redirected",
            "install the 64-bit one, or give `view: 64` wherever a registry key below SOFTWARE is named",
        )
    elif b"PROCESSOR_ARCHITECTURE" not in names:
        yield Finding(
            "commands are not run by Windows' cmd.exe",
            "set the server's shell to cmd.exe (OpenSSH: remove DefaultShell below HKLM\\SOFTWARE\\OpenSSH)",
        )
