"""Whether a host is the one it should be, by its key."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Sequence

import paramiko

from remediators.model import UntrustedHost
from remediators.transports import known_hosts
from remediators.transports.known_hosts import Entry, Verdict
from remediators.transports.settings import SshSettings
from remediators.transports.translation import Place

KNOWN = known_hosts.Files()

_ACCEPTED: dict[str, Entry] = {}  # what accept-new let in, for this run
_ACCEPTING = threading.Lock()
_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")  # the signatures of one kind of key


def keys_of(place: Place, ssh: SshSettings) -> tuple[Entry, ...]:
    """What the known_hosts files say of a host; nothing where nobody wants it checked."""
    if ssh.strict == "no":
        return ()
    files = (*(ssh.known_hosts or known_hosts.USUAL_FILES), *known_hosts.SYSTEM_FILES)
    return known_hosts.of_host(KNOWN.entries(files), place.address, place.port)


def prefer(transport: paramiko.Transport, own: Sequence[Entry]) -> None:
    """Ask first for the kinds of key that are known of this host, as OpenSSH does."""
    options = transport.get_security_options()
    kinds = {kind for entry in own for kind in (_RSA if entry.kind == "ssh-rsa" else (entry.kind,))}
    options.key_types = sorted(options.key_types, key=lambda kind: kind not in kinds)


def check(place: Place, ssh: SshSettings, own: Sequence[Entry], key: paramiko.PKey) -> None:
    """Raises `UntrustedHost` unless the key is known, new and new ones are accepted, or nobody asked for a check."""
    if ssh.strict == "no":
        return
    kind, blob = key.get_name(), key.asbytes()
    verdict, entry = known_hosts.judge(own, kind, blob)
    if verdict is Verdict.UNKNOWN and ssh.strict == "accept-new":
        verdict, entry = _accept(place, Entry("", kind, blob, where="accepted in this run"))
    if verdict is not Verdict.KNOWN:
        raise UntrustedHost(_unknown_key(place, ssh, verdict, entry, f"{kind} {known_hosts.fingerprint(blob)}"))


def _accept(place: Place, shown: Entry) -> tuple[Verdict, Entry]:
    with _ACCEPTING:
        kept = _ACCEPTED.setdefault(known_hosts.name_of(place.address, place.port), shown)
    return (Verdict.KNOWN if kept.blob == shown.blob else Verdict.CHANGED), kept


def _unknown_key(place: Place, ssh: SshSettings, verdict: Verdict, entry: Entry | None, shown: str) -> str:
    first = (ssh.known_hosts or known_hosts.USUAL_FILES)[0]
    file = first if first.startswith("~") else shlex.quote(first)  # a shell expands ~ only where it is not quoted
    scan = f"ssh-keyscan -p {place.port} {place.address} >> {file}"
    where = entry.where if entry else ""
    if verdict is Verdict.REVOKED:
        return f"{place.name}: the host key of {place} ({shown}) is revoked in {where}: it must not be trusted any more"
    if verdict is Verdict.CHANGED:
        return (
            f"{place.name}: the host key of {place} has changed: it shows {shown}, and {where} has another one: "
            "somebody may be in between, or the host was set up anew; if so, remove the old key with "
            f"`ssh-keygen -f {file} -R '{known_hosts.name_of(place.address, place.port)}'` and add the new one with "
            f"`{scan}`"
        )
    return (
        f"{place.name}: the host key of {place} is not known ({shown}): compare this fingerprint with the host's own, "
        f"then run `{scan}`"
    )
