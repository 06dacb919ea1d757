"""Which algorithms an SSH connection may use: what is worn out only where somebody asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import paramiko

from remediators.model import UsageError
from remediators.transports.settings import SshSettings

_OPTIONS = {  # option of ssh -> where paramiko keeps what it will offer, in order of preference
    "kexalgorithms": "_preferred_kex",
    "hostkeyalgorithms": "_preferred_keys",
    "ciphers": "_preferred_ciphers",
    "macs": "_preferred_macs",
    "pubkeyacceptedalgorithms": "_preferred_pubkeys",
}
_OPTION_OF = {"key exchange": "KexAlgorithms", "host key": "HostKeyAlgorithms", "cipher": "Ciphers", "MAC": "MACs"}
_LEGACY = ("diffie-hellman-*-sha1", "ssh-rsa", "*-cbc", "hmac-md5*", "hmac-sha1-96")


def is_legacy(name: str) -> bool:
    """Whether an algorithm is one that OpenSSH has switched off by default as broken or worn out."""
    return any(fnmatchcase(name, pattern) for pattern in _LEGACY)


def allow(transport: paramiko.Transport, ssh: SshSettings, host: str) -> None:
    """
    Offer what the settings allow, and nothing else. To be called before the connection is agreed on.

    Raises `UsageError`, which names the host, where they leave nothing.
    """
    asked = dict(ssh.algorithms)
    for option, kept in _OPTIONS.items():
        known: tuple[str, ...] = getattr(paramiko.Transport, kept)
        usual = [name for name in known if ssh.legacy or not is_legacy(name)]
        wanted = _wanted(asked.get(option, ""), usual, known)
        if not wanted:
            raise UsageError(
                f"{host}: -o {option}={asked[option]} leaves none of the algorithms known here: {', '.join(known)}"
            )
        setattr(transport, kept, tuple(wanted))


def sign_as_understood(transport: paramiko.Transport) -> None:
    """Sign with SHA-1 for a server that tells of no better: old ones take an RSA key in no other way."""
    told = getattr(transport, "server_extensions", {}).get("server-sig-algs")
    mine = getattr(transport, _OPTIONS["pubkeyacceptedalgorithms"])
    if not told and "ssh-rsa" in mine:
        setattr(transport, _OPTIONS["pubkeyacceptedalgorithms"], tuple(n for n in mine if not n.startswith("rsa-")))


def _wanted(asked: str, usual: Sequence[str], known: Sequence[str]) -> list[str]:
    """ssh_config(5): ``+`` adds, ``-`` removes, ``^`` puts in front, a plain list replaces; ``*`` and ``?`` match."""
    if not asked:
        return list(usual)
    sign, names = (asked[0], asked[1:]) if asked[0] in "+-^" else ("", asked)
    named = [n for pattern in names.split(",") for n in known if fnmatchcase(n, pattern.strip())]
    if sign == "-":
        return [name for name in usual if name not in named]
    if sign == "+":
        return list(dict.fromkeys([*usual, *named]))
    return list(dict.fromkeys([*named, *(usual if sign == "^" else ())]))


def cure(what: str, theirs: Sequence[str]) -> str:
    """What to do where ``theirs`` and ours have none in common."""
    known = {name for kept in _OPTIONS.values() for name in getattr(paramiko.Transport, kept)}
    legacy = [name for name in theirs if name in known and is_legacy(name)]
    if not legacy:
        return "allow one of ours in the server's configuration"
    return (
        f"allow one of ours in the server's configuration; or, for this host alone and knowing that it is weak, "
        f"ansible_ssh_legacy_algorithms: true, or ansible_ssh_common_args: -o {_OPTION_OF[what]}=+{legacy[0]}"
    )
