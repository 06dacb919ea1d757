"""Looks at a server's port 25: from this machine, and from a router by its own `telnet HOST 25`."""

from __future__ import annotations

import re
import threading
from typing import Any

from remediators.model import Host, Session, UsageError
from remediators.model.diagnosis import Look, Unknown

_LAST_PORT = 65535
CONNECT_SECONDS, REPLY_SECONDS = 10.0, 15.0
# What IOS says of a connection that it opens (Cisco, "Terminal Services"): `Trying 192.0.2.1, 25 ... Open`.
_OPEN = re.compile(r"\bOpen\s*\n")
_WHOLE = re.compile(r"\bOpen\s*\n(?:\d{3}-[^\n]*\n)*(?!\d{3}-)[^\n]+\n|\[Connection to [^\n]* closed", re.IGNORECASE)
_CLOSED = re.compile(r"\n?\[Connection to [^\n]* closed[^\n]*\]?\s*$", re.IGNORECASE)
_NO_CONNECTION = (
    (re.compile(r"% ?Connection refused", re.IGNORECASE), "refused"),
    (re.compile(r"% ?Connection timed out", re.IGNORECASE), "timeout"),
    (re.compile(r"% ?(?:Destination unreachable|.*gateway or host down)", re.IGNORECASE), "unreachable"),
)
_NO_MEANS = {
    "windows": "a Windows host has no command that tells what a TCP port says (none whose source is known), and a "
    "router of the fleet has: --from ROUTER",
    "asa": "ASA has no telnet client: take it from a router behind it",
    "pix": "PIX has no telnet client: take it from a router behind it",
}


def place_of(host: Host) -> tuple[str, int]:
    """
    Address and port of a host's SMTP service, from its variables (``ansible_host``, ``smtp_port``).

    Raises `UsageError` for what is no port.
    """
    port = str(host.variables.get("smtp_port", 25)).strip()
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) <= _LAST_PORT:
        raise UsageError(f"{host.name}: smtp_port is {port!r}, and a port is a number from 1 to {_LAST_PORT}")
    return str(host.variables.get("ansible_host", host.name)), int(port)


def from_here(host: Host, seconds: float, stop: threading.Event) -> Look:
    """Greeting and verbs, as this machine sees them; ``seconds`` is the longest wait for the greeting."""
    from remediators.checks import smtp_probe

    address, port = place_of(host)
    probe = smtp_probe.look(
        address, port, seconds, connect_seconds=CONNECT_SECONDS, reply_seconds=REPLY_SECONDS, stop=stop
    )
    return _look(probe, seconds)


def from_device(host: Host, session: Session, server: Host, seconds: float, platform: str) -> Look | Unknown:
    """The greeting as a router sees it, or why it cannot be had from this host. Raises what the session raises."""
    if platform != "ios":
        return Unknown(f"{host.name}: {_NO_MEANS.get(platform, 'nothing is known that it could look with')}")
    speaker: Any = session
    address = server.variables.get("ansible_host", server.name)
    # smtp_port is how this machine comes in; servers talk to each other on 25.
    said, ended = speaker.overhear(f"telnet {address} 25", seconds, until=_WHOLE, leave="QUIT")
    return heard(host.name, said, seconds, ended=ended)


def heard(name: str, said: str, seconds: float, *, ended: bool) -> Look | Unknown:
    """What a router's `telnet` shows. Pure."""
    from remediators.checks import smtp_probe
    from remediators.transports.network_text import quiet

    text = quiet(said)
    for pattern, kind in _NO_CONNECTION:
        if pattern.search(text):
            return Look(kind, smtp_probe.CLASSES[kind])
    opened = _OPEN.search(text)
    if opened is None:
        words = " ".join(text.split())[:160]
        return Unknown(f"{name}: its telnet opened no connection: {words or 'it said nothing'}")
    greeting = text[opened.end() :]
    closed = _CLOSED.search(greeting)
    body = greeting[: closed.start()] + "\n" if closed else greeting
    end = "closed" if closed and not body.strip() else "whole" if ended else "late"
    raw = body.strip("\n").replace("\n", "\r\n")
    probe = smtp_probe.hear(f"{raw}\r\n".encode("ascii", "replace") if raw else b"", end)
    return _look(probe, seconds)


def _look(probe: Any, seconds: float) -> Look:
    from remediators.checks import smtp_probe

    first = probe.text.split()[:1] if probe.kind == "ok" else []
    names = tuple(name for name in first if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", name))
    late = probe.kind == "silent" or (probe.kind == "unfinished" and probe.fault == smtp_probe.CUT_OFF["late"])
    waited = f" within {seconds:g} s" if late else ""
    verbs = "" if probe.ehlo in ("ok", "not-asked") else f"; EHLO: {_ehlo(probe)}"
    return Look(
        probe.kind, f"{probe.words}{waited}{verbs}", probe.ehlo, frozenset(probe.verbs), names, seconds if late else 0.0
    )


def _ehlo(probe: Any) -> str:
    from remediators.checks import smtp_probe

    return smtp_probe.EHLO_CLASSES[probe.ehlo]
