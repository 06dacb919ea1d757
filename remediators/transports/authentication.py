"""
How a WinRM listener learns who we are.

Basic and client certificates need one header; NTLM, Kerberos and CredSSP, with their message encryption, are
pywinrm's transport, whose HTTP session is made to speak over our own `Wire`.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from remediators.model import AuthenticationFailed, UsageError
from remediators.transports.deadlines import Deadline
from remediators.transports.settings import Settings, WinrmSettings
from remediators.transports.translation import Place, translated
from remediators.transports.wire import Reply, Wire, post, post_head

CONTENT = {"Content-Type": "application/soap+xml;charset=UTF-8", "User-Agent": "remediate"}
CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

_OFFERS = {"basic": "basic", "negotiate": "ntlm", "kerberos": "kerberos", "credssp": "credssp", "ntlm": "ntlm"}


class Login(Protocol):
    """An authenticated way to post one message on one connection."""

    def post(self, message: bytes, deadline: Deadline) -> tuple[int, bytes]:
        """Status and (decrypted) body of the answer. Raises `TransportError`."""

    def healthy(self) -> bool:
        """Whether the connection can still be used."""

    def close(self) -> None:
        """Close the connection."""


def log_in(settings: Settings, place: Place, deadline: Deadline) -> Login:
    """Connect; who we are is proved with the first message. Raises `TransportError`, `UsageError`."""
    winrm = settings.winrm
    with translated(place):
        wire = Wire(settings.address, settings.port, _tls(winrm), deadline, winrm.proxy)
    if winrm.transport in ("basic", "certificate"):
        return Plain(wire, settings, place)
    try:
        from remediators.transports.negotiation import Negotiated

        return Negotiated(wire, settings, place)
    except BaseException:
        wire.close()
        raise


def _tls(winrm: WinrmSettings) -> ssl.SSLContext | None:
    if winrm.scheme != "https":
        return None
    return tls_context(winrm.validate, winrm.ca_trust_path, winrm.cert_pem, winrm.cert_key_pem)


@lru_cache(maxsize=64)
def tls_context(validate: bool, trust: str | None, cert: str | None, key: str | None) -> ssl.SSLContext:
    """
    A context that checks certificates against ``trust`` (a file or folder) or else the system's authorities.

    Made once for all hosts with the same settings: reading the authorities costs 20 ms. Raises `UsageError` where a
    file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _use("ansible_winrm_ca_trust_path", trust, lambda: _trust(context, validate=validate, path=trust))
    if cert:
        _use("ansible_winrm_cert_pem", cert, lambda: context.load_cert_chain(cert, key))
    return context


def _use(variable: str, path: str | None, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ValueError) as error:
        raise UsageError(f"{variable}: {path} cannot be used: {error}") from error


def _trust(context: ssl.SSLContext, *, validate: bool, path: str | None) -> None:
    if not validate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif path is None:
        context.load_default_certs()
    elif Path(path).is_dir():
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)


class Plain:
    """Basic and certificates: the same header with every message."""

    def __init__(self, wire: Wire, settings: Settings, place: Place) -> None:
        self._wire, self._settings, self._place = wire, settings, place
        headers = {**CONTENT, "Authorization": _authorization(settings), **proxy_headers(settings)}
        self._head = post_head(settings.target, settings.address, settings.port, headers)

    def post(self, message: bytes, deadline: Deadline) -> tuple[int, bytes]:
        with translated(self._place):
            reply = self._wire.exchange(post(self._head, message), deadline)
        if reply.status == 401:
            raise rejected(self._place, self._settings, reply)
        return reply.status, reply.body

    def healthy(self) -> bool:
        return self._wire.alive()

    def close(self) -> None:
        self._wire.close()


def proxy_headers(settings: Settings) -> dict[str, str]:
    """What a proxy wants to see with every request; where there is a tunnel, nothing."""
    proxy = settings.winrm.proxy
    if proxy is None or not proxy.authorization or settings.winrm.scheme == "https":
        return {}
    return {"Proxy-Authorization": proxy.authorization}


def _authorization(settings: Settings) -> str:
    if settings.winrm.transport == "certificate":
        return CERTIFICATE
    secret = f"{settings.user}:{settings.password or ''}".encode()
    return "Basic " + base64.b64encode(secret).decode("ascii")


def rejected(place: Place, settings: Settings, reply: Reply | None) -> AuthenticationFailed:
    """A 401, with what the listener would have taken instead where that is the trouble."""
    used = settings.winrm.transport
    offered = _offered(reply)
    message = f"{place.name}: {place} rejects user {settings.user or '(by certificate)'} with {used}"
    if offered and used not in offered:
        return AuthenticationFailed(
            f"{message}: it accepts {', '.join(offered)} only: set ansible_winrm_transport accordingly, or allow "
            f"{used} in the WinRM service's configuration"
        )
    plain = used == "basic" and settings.winrm.scheme == "http"
    return AuthenticationFailed(
        f"{message}: wrong user or password, or the account is locked or may not log on over the network"
        + (", or the service refuses unencrypted messages (winrm/config/service AllowUnencrypted)" if plain else "")
        + (f" (it accepts {', '.join(offered)})" if offered else "")
    )


def _offered(reply: Reply | None) -> list[str]:
    """The kinds of authentication in ``WWW-Authenticate``, by the names of ansible_winrm_transport."""
    value = reply.headers.get("www-authenticate", "") if reply else ""
    schemes = (part.split()[0].lower() for part in value.split(",") if part.strip())
    return list(dict.fromkeys(_OFFERS[scheme] for scheme in schemes if scheme in _OFFERS))
