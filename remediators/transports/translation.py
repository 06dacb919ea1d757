"""
Foreign errors become ours here, and nowhere else: whose fault it is, and what to do about it.

The words are for the person who must act: what was tried, where, what came back, and the remedy.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from remediators.model import Dropped, RemediationError, TimedOut, TransportError, Unreachable, UntrustedHost
from remediators.transports.wire import NotHttp, NoTls, ProxyRefused
from remediators.transports.wsman import NotWsman


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is spoken to: the host's name in the inventory, its address, and what should answer there."""

    name: str
    address: str
    port: int
    service: str  # "WinRM listener", "SSH server"
    cure: str  # what to do where nothing listens

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


Explain = Callable[[Exception, Place], TransportError]


@contextmanager
def translated(place: Place, explain: Explain | None = None) -> Iterator[None]:
    """
    Turn every error of sockets and TLS into one of ours that names the place and the remedy.

    ``explain`` knows the errors of a client library; with it nothing foreign passes at all, because a broken server
    makes such libraries raise whatever their parsing happens to raise.
    """
    try:
        yield
    except RemediationError:
        raise
    except Exception as theirs:
        ours = socket_error(theirs, place) or (explain(theirs, place) if explain else None)
        if ours is None:
            raise
        raise ours from theirs


def socket_error(error: Exception, place: Place) -> TransportError | None:
    """What an error of a socket, of TLS or of the codec means; ``None`` for any other."""
    for kind, explain in _TABLE:
        if isinstance(error, kind):
            return explain(error, place)
    return None


def _refused(error: Exception, place: Place) -> TransportError:
    return Unreachable(f"{place.name}: no {place.service} at {place} ({_words(error)}): {place.cure}")


def _timed_out(error: Exception, place: Place) -> TransportError:
    return TimedOut(
        f"{place.name}: no answer from the {place.service} at {place} in time ({error}): is the host up, and does "
        f"a firewall drop this port? {place.cure}"
    )


def _dropped(error: Exception, place: Place) -> TransportError:
    return Dropped(f"{place.name}: the connection to {place} was closed ({error}); what was under way is unknown")


def _unknown_name(error: Exception, place: Place) -> TransportError:
    return Unreachable(
        f"{place.name}: the name {place.address} cannot be resolved ({_words(error)}): set ansible_host to its address"
    )


def _certificate(error: Exception, place: Place) -> TransportError:
    words = getattr(error, "verify_message", "") or _words(error)
    return UntrustedHost(
        f"{place.name}: the certificate of {place} is not trusted: {words}: set ansible_winrm_ca_trust_path to the "
        "certificate of the authority that signed it (or to the certificate itself), reach the host by the name in "
        "its certificate, or give up the check with ansible_winrm_server_cert_validation: ignore"
    )


def _tls(error: Exception, place: Place) -> TransportError:
    words = _words(error)
    if "WRONG_VERSION_NUMBER" in words or "HTTP_REQUEST" in words:
        cure = "it does not speak TLS there: ansible_winrm_scheme: http, usually with ansible_port: 5985"
    elif "CERTIFICATE_REQUIRED" in words or "BAD_CERTIFICATE" in words or "UNKNOWN_CA" in words:
        cure = "it does not accept our certificate: see ansible_winrm_cert_pem and the host's certificate mapping"
    else:
        cure = (
            "is it a TLS port, with a certificate bound to it? Windows Server 2003 knows TLS 1.0 only, which current "
            "libraries refuse: use NTLM with message encryption over HTTP there (ansible_winrm_scheme: http, "
            "ansible_winrm_transport: ntlm)"
        )
    return Unreachable(f"{place.name}: no TLS with {place} ({words}): {cure}")


def _not_http(error: Exception, place: Place) -> TransportError:
    words = _words(error)
    cure = "it answers with TLS: ansible_winrm_scheme: https" if words.startswith("'\\x15\\x03") else place.cure
    return Unreachable(f"{place.name}: what answers at {place} is no WinRM listener (it said {words}): {cure}")


def _proxy(error: Exception, place: Place) -> TransportError:
    return Unreachable(f"{place.name}: no way to {place}: {_words(error)}: check ansible_winrm_proxy")


def _not_wsman(error: Exception, place: Place) -> TransportError:
    return Unreachable(
        f"{place.name}: what answers at {place} does not speak WS-Management ({_words(error)}): check ansible_port, "
        "ansible_winrm_scheme and ansible_winrm_path"
    )


def _no_route(error: Exception, place: Place) -> TransportError:
    return Unreachable(
        f"{place.name}: {place} cannot be reached ({_words(error)}): is the host up, and is there a route?"
    )


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


_TABLE: tuple[tuple[type[Exception], Explain], ...] = (  # the first that fits, so the particular before the general
    (ssl.SSLCertVerificationError, _certificate),
    (ssl.SSLZeroReturnError, _dropped),
    (ssl.SSLEOFError, _dropped),
    (ssl.SSLError, _tls),
    (NoTls, _tls),
    (NotHttp, _not_http),
    (ProxyRefused, _proxy),
    (NotWsman, _not_wsman),
    (socket.gaierror, _unknown_name),
    (ConnectionRefusedError, _refused),
    (TimeoutError, _timed_out),
    (ConnectionError, _dropped),
    (OSError, _no_route),
)
