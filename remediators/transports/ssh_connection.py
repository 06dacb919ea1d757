"""An authenticated SSH connection to a host, through other hosts where the settings say so."""

from __future__ import annotations

import contextlib
import getpass
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from remediators.model import (
    AuthenticationFailed,
    Dropped,
    TimedOut,
    TransportError,
    Unreachable,
    UntrustedHost,
)
from remediators.transports import known_hosts, sockets
from remediators.transports.deadlines import Deadline
from remediators.transports.known_hosts import Entry, Verdict
from remediators.transports.settings import Settings, SshSettings
from remediators.transports.ssh_keys import Keyring, usual_keys
from remediators.transports.translation import Place, translated

_LOG = "remediators.transports.paramiko"
logging.getLogger(_LOG).addHandler(logging.NullHandler())
logging.getLogger(_LOG).propagate = False  # what went wrong is raised, in words of ours

KEYRING = Keyring()
KNOWN = known_hosts.Files()

_ACCEPTED: dict[str, Entry] = {}  # what accept-new let in, for this run
_ACCEPTING = threading.Lock()
_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")  # the signatures of one kind of key


class QuickSocket(socket.socket):
    """
    Acknowledges what it reads at once.

    Linux goes back to delayed acknowledgements by itself, and a server that has not switched Nagle's delay off waits
    for them: 40 ms in each direction. So it is asked for again after every read (tcp(7), TCP_QUICKACK).
    """

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = super().recv(size, flags)
        if hasattr(socket, "TCP_QUICKACK"):
            with contextlib.suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


class Transport(paramiko.Transport):
    """paramiko's transport, which remembers what the server offered and leaves no thread behind."""

    offered: dict[str, list[str]] | None = None

    def _really_parse_kex_init(self, m: paramiko.Message, ignore_first_byte: bool = False) -> Any:
        parsed = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        self.offered = {name: list(value) for name, value in parsed.items() if isinstance(value, list)}
        return parsed

    def cut(self) -> None:
        """Close the connection now; whoever waits on it wakes up."""
        with contextlib.suppress(OSError, EOFError):
            if isinstance(self.sock, socket.socket):
                self.sock.shutdown(socket.SHUT_RDWR)  # a read in another thread is not woken by closing alone
        self.close()
        self.sock.close()

    def end(self) -> None:
        """Close the connection and wait for its threads."""
        self.cut()
        if self.is_alive() and self is not threading.current_thread():
            self.join(2)
        self.packetizer.complete_handshake()  # its timer would otherwise run on for seconds


@dataclass(slots=True)
class Connection:
    """Transports from the first hop to the host itself; the last one is where commands run."""

    hops: list[Transport] = field(default_factory=list)

    @property
    def transport(self) -> Transport:
        return self.hops[-1]

    def cut(self) -> None:
        for hop in reversed(self.hops):
            hop.cut()

    def close(self) -> None:
        for hop in reversed(self.hops):
            hop.end()


@dataclass(frozen=True, slots=True)
class _Hop:
    """One host on the way: how it is named in messages, and who we are there."""

    place: Place
    user: str
    password: str | None
    ssh: SshSettings


def place_of(settings: Settings) -> Place:
    return Place(
        settings.host_name,
        settings.address,
        settings.port,
        "SSH server",
        "start the SSH server on the host and let its port through the firewall, or set ansible_port (see "
        "docs/prerequisites.md)",
    )


@contextlib.contextmanager
def bounded(connection: Connection, deadline: Deadline, late: str) -> Iterator[None]:
    """
    Cut the connection at the deadline, whatever is being waited for then.

    paramiko waits for some answers without any limit. Raises `TimedOut` with the words of ``late`` for a TimeoutError
    inside, and for whatever the cut leads to.
    """
    fired = threading.Event()

    def fire() -> None:
        fired.set()
        connection.cut()

    timer = threading.Timer(max(deadline.remaining(), 0.001), fire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if not fired.is_set() and not isinstance(error, TimeoutError):
            raise
        connection.cut()
        raise TimedOut(late) from error
    finally:
        timer.cancel()
        timer.join()


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


def _route(settings: Settings) -> list[_Hop]:
    user = settings.user or getpass.getuser()
    jumps = [
        _Hop(
            Place(settings.host_name, jump.host, jump.port, "SSH server (jump host)", "check ProxyJump"),
            jump.user or user,
            None,
            settings.ssh,
        )
        for jump in settings.ssh.jumps
    ]
    return [*jumps, _Hop(place_of(settings), user, settings.password, settings.ssh)]


def _add(connection: Connection, hop: _Hop, deadline: Deadline) -> None:
    with translated(hop.place, lambda error, place: _explain(error, place, connection)):
        opened = _open(connection, hop.place, deadline)
        transport = _transport(opened)
        connection.hops.append(transport)
        own = known_hosts.of_host(_entries(hop.ssh), hop.place.address, hop.place.port)
        _prefer(transport, own)
        _start(transport, deadline)
        _check_key(hop, own, transport.get_remote_server_key())
        transport.auth_timeout = deadline.left()
        _log_in(transport, hop)


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
    transport.set_log_channel(_LOG)
    return transport


def _start(transport: Transport, deadline: Deadline) -> None:
    """Agree on keys. The time limits of paramiko are set beyond ours, which says what was being waited for."""
    transport.banner_timeout = transport.handshake_timeout = deadline.left() + 5
    transport.start_client(timeout=deadline.left() + 5)


# ---------------------------------------------------------------------------------------------------- host keys


def _entries(ssh: SshSettings) -> tuple[Entry, ...]:
    if ssh.strict == "no":
        return ()
    return KNOWN.entries((*(ssh.known_hosts or known_hosts.USUAL_FILES), *known_hosts.SYSTEM_FILES))


def _prefer(transport: Transport, own: Sequence[Entry]) -> None:
    """Ask first for the kinds of key that are known of this host, as OpenSSH does."""
    options = transport.get_security_options()
    kinds = {kind for entry in own for kind in (_RSA if entry.kind == "ssh-rsa" else (entry.kind,))}
    options.key_types = sorted(options.key_types, key=lambda kind: kind not in kinds)


def _check_key(hop: _Hop, own: Sequence[Entry], key: paramiko.PKey) -> None:
    """Raises `UntrustedHost` unless the key is known, new and new ones are accepted, or nobody asked for a check."""
    if hop.ssh.strict == "no":
        return
    kind, blob = key.get_name(), key.asbytes()
    verdict, entry = known_hosts.judge(own, kind, blob)
    if verdict is Verdict.UNKNOWN and hop.ssh.strict == "accept-new":
        verdict, entry = _accept(hop.place, Entry("", kind, blob, where="accepted in this run"))
    if verdict is not Verdict.KNOWN:
        raise UntrustedHost(_unknown_key(hop, verdict, entry, f"{kind} {known_hosts.fingerprint(blob)}"))


def _accept(place: Place, shown: Entry) -> tuple[Verdict, Entry]:
    with _ACCEPTING:
        kept = _ACCEPTED.setdefault(known_hosts.name_of(place.address, place.port), shown)
    return (Verdict.KNOWN if kept.blob == shown.blob else Verdict.CHANGED), kept


def _unknown_key(hop: _Hop, verdict: Verdict, entry: Entry | None, shown: str) -> str:
    place, file = hop.place, (hop.ssh.known_hosts or known_hosts.USUAL_FILES)[0]
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


# ---------------------------------------------------------------------------------------------------- who we are


def _log_in(transport: Transport, hop: _Hop) -> None:
    """
    Try keys, then the password; with a password and no key file, the password alone.

    Servers count failures, so what was not asked for is not tried. Raises `AuthenticationFailed`.
    """
    tried: list[str] = []
    with _agent(hop) as agent_keys:
        for key, name in _keys(hop, agent_keys):
            tried.append(name)
            if _accepted(transport, hop.user, key):
                return
    if hop.password is not None:
        tried.append("the password")
        with contextlib.suppress(paramiko.AuthenticationException):
            transport.auth_password(hop.user, hop.password)
    if not transport.is_authenticated():
        raise AuthenticationFailed(_rejection(transport, hop, tried))


def _keys(hop: _Hop, agent_keys: Sequence[paramiko.PKey]) -> Iterator[tuple[paramiko.PKey, str]]:
    locked: AuthenticationFailed | None = None
    for path in hop.ssh.identities:
        try:
            yield KEYRING.key(path, hop.ssh.passphrase), path
        except AuthenticationFailed as error:
            locked = error
    yield from ((key, "a key of the agent") for key in agent_keys)
    if locked is not None and hop.password is None:
        raise AuthenticationFailed(f"{hop.place.name}: {locked.message}")
    if not hop.ssh.identities and hop.password is None:
        yield from ((key, "a default key") for key in usual_keys(KEYRING))


@contextlib.contextmanager
def _agent(hop: _Hop) -> Iterator[Sequence[paramiko.PKey]]:
    """The agent's keys, which sign only as long as the agent is connected."""
    if hop.password is not None:
        yield ()
        return
    agent = paramiko.Agent()
    try:
        yield agent.get_keys()
    finally:
        agent.close()


def _accepted(transport: Transport, user: str, key: paramiko.PKey) -> bool:
    with contextlib.suppress(paramiko.AuthenticationException):
        transport.auth_publickey(user, key)
    return transport.is_authenticated()


def _rejection(transport: Transport, hop: _Hop, tried: Sequence[str]) -> str:
    allowed = _allowed(transport, hop.user)
    return (
        f"{hop.place.name}: {hop.place} rejects user {hop.user} with {', '.join(tried) or 'neither key nor password'}"
        + (f" (it accepts {', '.join(allowed)})" if allowed else "")
        + ": check ansible_user, ansible_password and ansible_ssh_private_key_file, and the host's authorized_keys"
    )


def _allowed(transport: Transport, user: str) -> Sequence[str]:
    """What the server would take, as it tells to whoever asks for nothing."""
    try:
        transport.auth_none(user)
    except paramiko.BadAuthenticationType as refusal:
        return refusal.allowed_types
    except (paramiko.SSHException, EOFError, OSError):
        return ()
    return ()


# ---------------------------------------------------------------------------------------------------- errors


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
            theirs = ", ".join(transport.offered.get(name, ())) or "none"
            return (
                f"its {what} algorithms are {theirs}, ours are {', '.join(getattr(transport, ours))}: allow one of "
                "ours in the server's configuration"
            )
    return words


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
