"""Who we are, to an SSH server: keys, the agent, a password."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import paramiko

from remediators.model import AuthenticationFailed
from remediators.transports.settings import SshSettings
from remediators.transports.ssh_keys import Keyring, usual_keys
from remediators.transports.translation import Place

KEYRING = Keyring()


@dataclass(frozen=True, slots=True)
class Hop:
    """One host on the way: how it is named in messages, and who we are there."""

    place: Place
    user: str
    password: str | None
    ssh: SshSettings


def log_in(transport: paramiko.Transport, hop: Hop) -> None:
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


def _keys(hop: Hop, agent_keys: Sequence[paramiko.PKey]) -> Iterator[tuple[paramiko.PKey, str]]:
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
def _agent(hop: Hop) -> Iterator[Sequence[paramiko.PKey]]:
    """The agent's keys, which sign only as long as the agent is connected."""
    if hop.password is not None:
        yield ()
        return
    agent = paramiko.Agent()
    try:
        yield agent.get_keys()
    finally:
        agent.close()


def _accepted(transport: paramiko.Transport, user: str, key: paramiko.PKey) -> bool:
    with contextlib.suppress(paramiko.AuthenticationException):
        transport.auth_publickey(user, key)
    return transport.is_authenticated()


def _rejection(transport: paramiko.Transport, hop: Hop, tried: Sequence[str]) -> str:
    allowed = _allowed(transport, hop.user)
    return (
        f"{hop.place.name}: {hop.place} rejects user {hop.user} with {', '.join(tried) or 'neither key nor password'}"
        + (f" (it accepts {', '.join(allowed)})" if allowed else "")
        + ": check ansible_user, ansible_password and ansible_ssh_private_key_file, and the host's authorized_keys"
    )


def _allowed(transport: paramiko.Transport, user: str) -> Sequence[str]:
    """What the server would take, as it tells to whoever asks for nothing."""
    try:
        transport.auth_none(user)
    except paramiko.BadAuthenticationType as refusal:
        return refusal.allowed_types
    except (paramiko.SSHException, EOFError, OSError):
        return ()
    return ()
