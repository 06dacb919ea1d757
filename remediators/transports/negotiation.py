"""NTLM, Kerberos and CredSSP: pywinrm's authentication and message encryption, made to speak over our own `Wire`."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, cast

import requests
import winrm.transport as pywinrm
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError

from remediators.model import AuthenticationFailed, TransportError, Unreachable, UsageError
from remediators.transports.authentication import proxy_headers, rejected
from remediators.transports.deadlines import Deadline
from remediators.transports.settings import Settings
from remediators.transports.translation import Place, translated
from remediators.transports.wire import Reply, Wire, post_head

_EXTRAS = {"kerberos": "HAVE_KERBEROS", "credssp": "HAVE_CREDSSP", "ntlm": "HAVE_NTLM"}
_ENCRYPTION_TYPES = ("encryption type", "etype", "enctype", "arcfour", "rc4")


class Negotiated:
    """A login whose keys belong to one connection and die with it: there is no way to give it another one."""

    def __init__(self, wire: Wire, settings: Settings, place: Place) -> None:
        """Raises `UsageError` where the extra is not installed that this kind of authentication needs."""
        self._settings, self._place = settings, place
        _need(settings.winrm.transport)
        self._wire = wire
        self._adapter = _WireAdapter(wire, settings)
        self._transport = _Transport(self._adapter, settings)

    def post(self, message: bytes, deadline: Deadline) -> tuple[int, bytes]:
        self._adapter.deadline = deadline
        with translated(self._place, self._explain):
            return self._sent(message)

    def _sent(self, message: bytes) -> tuple[int, bytes]:
        try:
            return 200, self._transport.send_message(message)
        except WinRMTransportError as refused:
            return int(refused.code), str(refused.response_text).encode()

    def _explain(self, error: Exception, place: Place) -> TransportError:
        last = self._adapter.last
        if explained := _kerberos(error, place):
            return explained
        if isinstance(error, InvalidCredentialsError) or (last is not None and last.status == 401):
            return rejected(place, self._settings, last)
        used = self._settings.winrm.transport
        return Unreachable(f"{place.name}: {used} with {place} failed ({type(error).__name__}: {error})")

    def healthy(self) -> bool:
        return self._wire.alive()

    def close(self) -> None:
        self._wire.close()


def _need(transport: str) -> None:
    if not getattr(pywinrm, _EXTRAS[transport]):
        raise UsageError(
            f"ansible_winrm_transport: {transport} needs more software: pip install remediators[{transport}]"
        )


def _kerberos(error: BaseException, place: Place) -> AuthenticationFailed | None:
    """Kerberos' own troubles, known by the words of the GSSAPI libraries, which are not localised."""
    words = str(error)
    known = words.lower()
    if any(sign in known for sign in _ENCRYPTION_TYPES):
        return AuthenticationFailed(
            f"{place.name}: Kerberos found no encryption type that both sides allow ({words}): Windows Server 2003 "
            "knows RC4 only; use ansible_winrm_transport: ntlm, or set allow_weak_crypto and arcfour-hmac in krb5.conf"
        )
    if "kerberos" in known or "gss" in known or "credentials cache" in known:
        return AuthenticationFailed(
            f"{place.name}: Kerberos failed ({words}): is there a ticket (kinit USER@REALM, then klist), do the clocks "
            "agree within 5 minutes, and is ansible_host the name in the service principal HTTP/NAME?"
        )
    return None


class _Transport(pywinrm.Transport):
    """pywinrm's transport, every request of which goes through one adapter; the environment has no say."""

    def __init__(self, adapter: _WireAdapter, settings: Settings) -> None:
        options = settings.winrm
        super().__init__(
            endpoint=settings.endpoint,
            username=settings.user,
            password=settings.password or "",
            service=options.kerberos_service,
            ca_trust_path=None,  # type: ignore[arg-type]  # documented: no path from the environment
            server_cert_validation="validate" if options.validate else "ignore",
            kerberos_delegation=options.kerberos_delegation,
            kerberos_hostname_override=options.kerberos_hostname,
            auth_method=cast("Any", options.transport),
            message_encryption=cast("Any", options.message_encryption),
            send_cbt=options.send_cbt,
            proxy=None,
        )
        self._adapter = adapter

    def _send_message_request(
        self, session: requests.Session, prepared_request: requests.PreparedRequest
    ) -> requests.Response:
        if session.adapters.get("https://") is not self._adapter:
            session.trust_env = False
            session.mount("http://", self._adapter)
            session.mount("https://", self._adapter)
        return super()._send_message_request(session, prepared_request)


class _WireAdapter(BaseAdapter):
    """Requests' view of a `Wire`: the time-outs, proxies and certificates that requests would use are not asked."""

    def __init__(self, wire: Wire, settings: Settings) -> None:
        super().__init__()
        self._wire, self._settings = wire, settings
        self.deadline = Deadline.after(0)
        self.last: Reply | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() != "content-length"}
        headers |= proxy_headers(self._settings)
        head = post_head(self._settings.target, self._settings.address, self._settings.port, headers)
        self.last = self._wire.exchange(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body), self.deadline)
        return self._response(request, self.last)

    def _response(self, request: requests.PreparedRequest, reply: Reply) -> requests.Response:
        response = requests.Response()
        response.status_code, response.reason = reply.status, reply.reason
        # A redirection would make requests send the message again, elsewhere.
        response.headers = CaseInsensitiveDict({k: v for k, v in reply.headers.items() if k != "location"})
        response.raw = HTTPResponse(_Body(reply.body, self._wire), status=reply.status, preload_content=False)
        response.url = request.url or self._settings.endpoint
        response.request = request
        response.connection = cast("Any", self)  # the libraries' next step goes the same way
        return response

    def close(self) -> None:
        """Nothing to do: whoever opened the wire closes it."""


class _Body(io.BytesIO):
    """A body that was read whole; the libraries look through it for the TLS socket, to bind the login to it."""

    def __init__(self, body: bytes, wire: Wire) -> None:
        super().__init__(body)
        self.fp = SimpleNamespace(raw=SimpleNamespace(_sock=wire.socket))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
