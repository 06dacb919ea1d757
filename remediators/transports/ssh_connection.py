"""An authenticated SSH connection to a host, through other hosts where the settings say so."""

from __future__ import annotations

import getpass
from dataclasses import replace
from typing import Any

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from remediators.model import AuthenticationFailed, Dropped, TransportError, Unreachable
from remediators.transports import host_keys, sockets, ssh_algorithms
from remediators.transports.deadlines import Deadline
from remediators.transports.settings import Settings
from remediators.transports.ssh_login import Hop, log_in
from remediators.transports.ssh_transport import LOG, Connection, QuickSocket, Transport, bounded
from remediators.transports.translation import Place, translated


def place_of(settings: Settings) -> Place:
    return Place(
        settings.host_name,
        settings.address,
        settings.port,
        "SSH server",
        "start the SSH server on the host and let its port through the firewall, or set ansible_port (see "
        "docs/prerequisites.md)",
    )


def connect(settings: Settings, deadline: Deadline) -> Connection:
    """Connect through all hops, check every host key, log in. Raises `TransportError`, `UsageError`."""
    connection = Connection()
    hops = _route(settings)
    place = hops[-1].place
    late = f"{place.name}: no SSH session with {place} within {deadline.seconds:g} s: {place.cure}"
    try:
        with bounded(connection, deadline, late):
            for hop in hops:
                _add(connection, hop, deadline)
    except BaseException:
        connection.close()
        raise
    return connection


def _route(settings: Settings) -> list[Hop]:
    user = settings.user or getpass.getuser()
    jumps = [
        Hop(
            Place(settings.host_name, jump.host, jump.port, "SSH server (jump host)", "check ProxyJump"),
            jump.user or user,
            None,
            replace(settings.ssh, algorithms=()),  # as in ssh, they are for the host itself
        )
        for jump in settings.ssh.jumps
    ]
    return [*jumps, Hop(place_of(settings), user, settings.password, settings.ssh)]


def _add(connection: Connection, hop: Hop, deadline: Deadline) -> None:
    with translated(hop.place, lambda error, place: _explain(error, place, connection)):
        opened = _open(connection, hop.place, deadline)
        transport = _transport(opened)
        connection.hops.append(transport)
        ssh_algorithms.allow(transport, hop.ssh, hop.place.name)
        own = host_keys.keys_of(hop.place, hop.ssh)
        host_keys.prefer(transport, own)
        _start(transport, deadline)
        host_keys.check(hop.place, hop.ssh, own, transport.get_remote_server_key())
        transport.auth_timeout = deadline.left()
        if hop.ssh.sha1_signatures:
            ssh_algorithms.sign_as_understood(transport)
        log_in(transport, hop)


def _open(connection: Connection, place: Place, deadline: Deadline) -> Any:
    if not connection.hops:
        opened = sockets.connect(place.address, place.port, deadline)
        return QuickSocket(opened.family, opened.type, opened.proto, fileno=opened.detach())
    there = (place.address, place.port)
    return connection.transport.open_channel("direct-tcpip", there, ("127.0.0.1", 0), timeout=deadline.left())


def _transport(opened: Any) -> Transport:
    try:
        transport = Transport(opened)
    except BaseException:
        opened.close()
        raise
    transport.set_log_channel(LOG)
    return transport


def _start(transport: Transport, deadline: Deadline) -> None:
    """Agree on keys. The time limits of paramiko are set beyond ours, which says what was being waited for."""
    transport.banner_timeout = transport.handshake_timeout = deadline.left() + 5
    transport.start_client(timeout=deadline.left() + 5)


def explained(error: Exception, place: Place) -> TransportError:
    """What an error of an open session means: whatever it is, the session is over."""
    return Dropped(
        f"{place.name}: the SSH connection to {place} was lost ({_words(error)}); what was under way is unknown"
    )


def _explain(error: Exception, place: Place, connection: Connection) -> TransportError:
    transport = connection.hops[-1] if connection.hops else None
    if isinstance(error, IncompatiblePeer):
        return Unreachable(f"{place.name}: {place} and we have nothing in common: {_missing(error, transport)}")
    if isinstance(error, paramiko.ChannelException):
        return Unreachable(f"{place.name}: the jump host cannot reach {place} ({error.text or error})")
    if isinstance(error, paramiko.AuthenticationException) or (transport and transport.initial_kex_done):
        return AuthenticationFailed(
            f"{place.name}: {place} ended the login ({_words(error)}): too many keys tried, or the account is locked"
        )
    if "Incompatible version (1." in str(error):
        return Unreachable(
            f"{place.name}: {place} speaks SSH 1 only ({_words(error)}), which is broken and not spoken here: it must "
            "be worked on at its console, or through a newer software (PIX from 7.0 on, IOS from 12.3(4)T on)"
        )
    return Unreachable(
        f"{place.name}: no SSH with {place} ({_words(error)}): is it an SSH server, and does it take "
        "connections from here?"
    )


def _missing(error: Exception, transport: Transport | None) -> str:
    """Which algorithms the server offers where none of ours is among them."""
    words = str(error)
    kinds = {
        "kex": ("kex_algo_list", "key exchange", "preferred_kex"),
        "host key": ("server_key_algo_list", "host key", "preferred_keys"),
        "ciphers": ("server_encrypt_algo_list", "cipher", "preferred_ciphers"),
        "macs": ("server_mac_algo_list", "MAC", "preferred_macs"),
    }
    for sign, (name, what, ours) in kinds.items():
        if sign in words and transport is not None and transport.offered:
            theirs = transport.offered.get(name, [])
            return (
                f"its {what} algorithms are {', '.join(theirs) or 'none'}, ours are "
                f"{', '.join(getattr(transport, ours))}: {ssh_algorithms.cure(what, theirs)}"
            )
    return words


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
