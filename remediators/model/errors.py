"""
Whose fault it is decides what the operator does next, so it decides the type.

RemediationError
├─ UsageError              what was written is wrong (exit 5), with file, line and column where known
├─ TransportError          the wire: the host counts as unreachable
│  ├─ Unreachable          nothing answered, or what answered cannot be used
│  ├─ AuthenticationFailed wrong user, password or key
│  ├─ UntrustedHost        unknown host key, bad certificate, unencrypted channel without an opt-in
│  ├─ TimedOut             the wall-clock deadline passed; the session is closed
│  ├─ QuotaExceeded        the host refuses more shells, commands or connections
│  └─ Dropped              the connection went away; what was under way is unknown
├─ RemoteError             the host answered, and the answer was no
│  ├─ ReadFailed           a question could not be answered
│  ├─ Unread               this value was not read, or read with loss
│  └─ Refused              we will not do this, with the reason
├─ Drift                   the host is no longer as the plan found it
├─ JournalError            we could not remember, therefore we did not act
└─ OutOfScope              our own mistake: an answer was used that nobody asked for
"""

from __future__ import annotations


class RemediationError(Exception):
    """Carries one line for the person who must act, and detail for ``-v``."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class UsageError(RemediationError):
    """What was written is wrong."""


class TransportError(RemediationError):
    """The wire."""


class Unreachable(TransportError):
    """Nothing usable answered."""


class AuthenticationFailed(TransportError):
    """The host knows neither this user nor this password or key."""


class UntrustedHost(TransportError):
    """The host could not prove who it is, or the channel is not safe for credentials."""


class TimedOut(TransportError):
    """The wall-clock deadline passed. ``heard`` is what had come until then."""

    def __init__(self, message: str, detail: str = "", heard: bytes = b"") -> None:
        super().__init__(message, detail)
        self.heard = heard


class QuotaExceeded(TransportError):
    """The host refuses more shells, commands or connections for now."""


class Dropped(TransportError):
    """The connection went away; what was under way is unknown."""


class RemoteError(RemediationError):
    """The host answered, and the answer was no."""


class ReadFailed(RemoteError):
    """A question could not be answered."""


class Unread(RemoteError):
    """This value was not read, or was read with loss; unread is not absent."""


class Refused(RemoteError):
    """We will not do this."""


class Drift(RemediationError):
    """The host is no longer as the plan found it."""


class JournalError(RemediationError):
    """We could not remember, therefore we did not act."""


class OutOfScope(RemediationError):
    """An answer was used that nobody asked for: a mistake of ours."""
