"""
A host's WinRM service: HTTP with Basic, NTLM or certificates, and the remote shell of WS-Management.

After [MS-WSMV] and what WinRM 2.0 of Windows Server 2003 and 2008 answers. What it asks of the machine behind it is
one thing only: run this line.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from remediators.lab import door_soap as soap
from remediators.lab.door_faults import Faults
from remediators.lab.door_http import Request, Response, encode_response, read_request
from remediators.lab.door_loop import Listener, swallow
from remediators.lab.door_ntlm import Acceptor, Rejected, Sealed, message_type
from remediators.lab.door_runs import run
from remediators.lab.door_shells import IDLE_SECONDS, MOST_SHELLS, Running, Shell, Shells, gone
from remediators.lab.door_soap import CMD, SHELL, TRANSFER, Envelope, Faulted
from remediators.lab.door_users import password_of, user_without_domain
from remediators.lab.machine import Machine

MUTUAL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
ENCRYPTED: Final = "multipart/encrypted"
# What base64 and the envelope around it leave of a message of a given size.
_ENVELOPE_BYTES: Final = 3072
_DEFAULT_ENVELOPE: Final = 153600
_BROKEN: Final = {"http500": HTTPStatus.INTERNAL_SERVER_ERROR, "http503": HTTPStatus.SERVICE_UNAVAILABLE}
_LONGEST_WAIT: Final = 60.0
_DEFAULT_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class WinRMSettings:
    """
    How the service of a host is set up.

    ``accepts`` has the ways to log on: ``basic``, ``ntlm``, ``certificate``. ``certificates`` maps the SHA-256
    fingerprints of client certificates to users. ``idle`` is in seconds.
    """

    accepts: frozenset[str] = frozenset({"basic", "ntlm"})
    allow_unencrypted: bool = False
    product: str = "OS: 5.2.3790 SP: 2.0 Stack: 2.0"
    most_shells: int = MOST_SHELLS
    idle: float = IDLE_SECONDS
    certificates: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Talk:
    """One connection: who is at its other end once that is known, and the keys of its messages."""

    secure: bool
    certificate: bytes | None
    user: str | None = None
    ntlm: Acceptor | None = None
    sealed: Sealed | None = None


class _Cut(Exception):
    """The connection goes away without an answer."""


class WinRMDoor:
    """
    The service of one host, in the event loop of the lab.

    ``requests`` counts what was asked, by operation; ``open_shells`` must be 0 when a client has gone.
    """

    def __init__(
        self,
        machine: Machine,
        pool: Executor,
        faults: Faults,
        settings: WinRMSettings,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: Counter[str] = Counter()
        self._machine = machine
        self._pool = pool
        self._faults = faults
        self._settings = settings
        self._secure = tls is not None
        self._shells = Shells(settings.most_shells)
        self._listener = Listener(self._converse, tls)
        self.open = self._listener.open
        self.close = self._listener.close
        self._actions: Mapping[str, Callable[[Envelope, str], Awaitable[bytes]]] = {
            f"{TRANSFER}/Create": self._create,
            f"{TRANSFER}/Delete": self._delete,
            f"{SHELL}/Command": self._command,
            f"{SHELL}/Receive": self._receive,
            f"{SHELL}/Send": self._send,
            f"{SHELL}/Signal": self._signal,
        }

    @property
    def open_shells(self) -> int:
        return len(self._shells)

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        if "no-listener" in self._faults:
            writer.transport.abort()
            return
        if self._faults.strikes("hang"):
            await swallow(reader)
            return
        talk = _Talk(self._secure, _client_certificate(writer))
        while (request := await read_request(reader)) is not None:
            try:
                response = await self._answer(talk, request)
            except _Cut:
                writer.transport.abort()
                return
            if not await _send_response(writer, response) or not request.keeps_connection:
                return

    async def _answer(self, talk: _Talk, request: Request) -> Response:
        broken = next((status for fault, status in _BROKEN.items() if self._faults.strikes(fault)), None)
        if broken is not None:
            return Response(broken)
        if request.method != "POST" or not request.path.startswith("/wsman"):
            return Response(HTTPStatus.NOT_FOUND)
        if request.headers.get("wsmanidentify", "").lower() == "unauthenticated":
            return self._identify_stranger(request)
        challenge = self._log_on(talk, request)
        if challenge is not None:
            return challenge
        if not request.body:
            return Response(HTTPStatus.OK)
        return await self._operate(talk, request)

    def _identify_stranger(self, request: Request) -> Response:
        self.requests["Identify"] += 1
        try:
            if soap.parse(request.body).identifies:
                stack = self._settings.product.partition("Stack: ")[2]
                return Response(HTTPStatus.OK, soap.identified(f"OS: 0.0.0 SP: 0.0 Stack: {self._stack(stack)}"))
        except soap.Malformed:
            pass
        return Response(HTTPStatus.BAD_REQUEST)

    def _stack(self, stack: str) -> str:
        return "1.1" if "winrm-1.1" in self._faults else stack

    # Logging on.

    def _log_on(self, talk: _Talk, request: Request) -> Response | None:
        """``None`` where the user is known, else the answer that asks for more."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and self._basic_is_welcome(talk):
            talk.user = self._basic_user(token)
        elif scheme.lower() in ("negotiate", "ntlm") and "ntlm" in self._settings.accepts:
            return self._negotiate(talk, scheme, token)
        elif scheme == MUTUAL and "certificate" in self._settings.accepts:
            talk.user = self._settings.certificates.get(talk.certificate or b"")
        elif scheme or talk.sealed is None:
            talk.user = None
        return None if talk.user is not None else self._who_are_you(talk)

    def _basic_is_welcome(self, talk: _Talk) -> bool:
        return "basic" in self._settings.accepts and (talk.secure or self._settings.allow_unencrypted)

    def _basic_user(self, token: str) -> str | None:
        try:
            raw = base64.b64decode(token, validate=True)
        except binascii.Error:
            return None
        user, colon, password = _text(raw).partition(":")
        return user if colon and password_of(self._machine.users, user) == password else None

    def _who_are_you(self, talk: _Talk) -> Response:
        offers = ["Negotiate"] if "ntlm" in self._settings.accepts else []
        offers += ['Basic realm="WSMAN"'] if self._basic_is_welcome(talk) else []
        offers += [MUTUAL] if talk.secure and "certificate" in self._settings.accepts else []
        return Response(HTTPStatus.UNAUTHORIZED, headers=[("WWW-Authenticate", offer) for offer in offers])

    def _negotiate(self, talk: _Talk, scheme: str, token: str) -> Response | None:
        try:
            message = base64.b64decode(token, validate=True)
            if message_type(message) == 1:
                talk.user, talk.sealed = None, None
                talk.ntlm = Acceptor(self._machine.name, self._machine.users)
                answer = base64.b64encode(talk.ntlm.challenge(message)).decode()
                return Response(HTTPStatus.UNAUTHORIZED, headers=[("WWW-Authenticate", f"{scheme} {answer}")])
            if talk.ntlm is None:
                return self._who_are_you(talk)
            talk.user, talk.sealed = talk.ntlm.authenticate(message)
        except (binascii.Error, Rejected):
            talk.user, talk.ntlm, talk.sealed = None, None, None
            return self._who_are_you(talk)
        return None

    # Messages and their encryption.

    async def _operate(self, talk: _Talk, request: Request) -> Response:
        sealed = request.headers.get("content-type", "").lower().startswith(ENCRYPTED)
        if not sealed and not talk.secure and not self._settings.allow_unencrypted:
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            text = _unseal(talk, request) if sealed else request.body
            envelope = soap.parse(text)
        except (Rejected, soap.Malformed):
            return Response(HTTPStatus.BAD_REQUEST)
        status, answer = await self._perform(envelope, talk.user or "")
        cut = envelope.action == f"{SHELL}/Receive" and self._faults.strikes("drop-in-answer")
        if sealed and talk.sealed is not None:
            kind, answer = talk.sealed.seal_message(answer)
            return Response(status, answer, kind, cut=cut)
        return Response(status, answer, cut=cut)

    async def _perform(self, request: Envelope, user: str) -> tuple[HTTPStatus, bytes]:
        if request.identifies:
            self.requests["Identify"] += 1
            product, _, stack = self._settings.product.partition("Stack: ")
            return HTTPStatus.OK, soap.identified(f"{product}Stack: {self._stack(stack)}")
        self.requests[request.action.rsplit("/", 1)[-1]] += 1
        try:
            return HTTPStatus.OK, await self._action(request)(request, user)
        except Faulted as faulted:
            return HTTPStatus.INTERNAL_SERVER_ERROR, soap.refuse(request, faulted.fault, self._machine.name)

    def _action(self, request: Envelope) -> Callable[[Envelope, str], Awaitable[bytes]]:
        if request.resource.lower() != CMD or "winrm-1.1" in self._faults:
            raise Faulted(soap.NO_RESOURCE)
        if self._faults.strikes("access-denied"):
            raise Faulted(soap.DENIED)
        if request.action not in self._actions:
            raise Faulted(soap.NO_ACTION)
        return self._actions[request.action]

    # The operations of the shell.

    async def _create(self, request: Envelope, user: str) -> bytes:
        if self._faults.strikes("quota"):
            raise Faulted(soap.TOO_MANY_SHELLS.about(most=self._settings.most_shells))
        idle = soap.seconds("".join(soap.texts(request.body, "rsp:IdleTimeOut")))
        idle = min(idle or self._settings.idle, self._settings.idle)
        shell = Shell(user_without_domain(user).lower(), request.options, idle)
        self._shells.add(shell)
        return soap.created(request, shell.id, f"{self._machine.name}\\{user_without_domain(user)}", idle)

    async def _delete(self, request: Envelope, user: str) -> bytes:
        self._shells.remove(self._shell(request, user).id)
        return soap.done(request)

    def _shell(self, request: Envelope, user: str) -> Shell:
        if request.shell_id is None:
            raise Faulted(soap.BAD_SELECTORS)
        shell = self._shells.get(request.shell_id)
        if shell.user != user_without_domain(user).lower():
            raise Faulted(soap.DENIED)
        return shell

    async def _command(self, request: Envelope, user: str) -> bytes:
        shell = self._shell(request, user)
        line = " ".join([*soap.texts(request.body, "rsp:Command"), *soap.texts(request.body, "rsp:Arguments")])
        if request.options.get("WINRS_SKIP_CMD_SHELL", "").upper() == "TRUE":
            raise Faulted(soap.BAD_OPTIONS)
        if self._faults.strikes("quota-operations"):
            raise Faulted(soap.TOO_MANY_OPERATIONS)
        if self._faults.strikes("drop-before-command", line):
            raise _Cut
        work = partial(run, self._machine, self._faults, line, shell.codepage)
        running = Running(asyncio.get_running_loop().run_in_executor(self._pool, work))
        shell.commands[running.id] = running
        if self._faults.strikes("drop-after-command", line):
            await asyncio.wait([running.end])
            raise _Cut
        return soap.started(request, running.id)

    async def _receive(self, request: Envelope, user: str) -> bytes:
        if self._faults.strikes("shell-expired"):
            self._shells.remove(self._shell(request, user).id)
            raise Faulted(gone(request.shell_id or ""))
        shell = self._shell(request, user)
        wanted = soap.child(request.body, "rsp:DesiredStream")
        running = shell.command(None if wanted is None else wanted.get("CommandId"))
        wait = _DEFAULT_WAIT if request.seconds is None else request.seconds
        await asyncio.wait([running.end], timeout=min(wait, _LONGEST_WAIT))
        if not running.end.done():
            raise Faulted(soap.TIMED_OUT)
        if running.end.cancelled():
            raise Faulted(soap.ABORTED)
        size = min(request.max_size or _DEFAULT_ENVELOPE, _DEFAULT_ENVELOPE)
        return soap.received(request, running.id, *running.take((size - _ENVELOPE_BYTES) * 3 // 4))

    async def _send(self, request: Envelope, user: str) -> bytes:
        shell = self._shell(request, user)
        stream = soap.child(request.body, "rsp:Stream")
        if stream is None:
            raise Faulted(soap.NO_COMMAND)
        running = shell.command(stream.get("CommandId"))
        if running.stdin_ended:
            raise Faulted(soap.NO_COMMAND)
        running.stdin_ended = stream.get("End", "").lower() in ("true", "1")
        return soap.done(request)

    async def _signal(self, request: Envelope, user: str) -> bytes:
        shell = self._shell(request, user)
        command_id = None if request.body is None else request.body.get("CommandId")
        running = shell.command(command_id)
        code = "".join(soap.texts(request.body, "rsp:Code"))
        if code.lower().endswith("/signal/terminate"):
            running.end.cancel()
            del shell.commands[running.id]
        return soap.done(request)


def _text(raw: bytes) -> str:
    """Clients send UTF-8 or their ANSI code page, and do not say which."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _client_certificate(writer: StreamWriter) -> bytes | None:
    """The SHA-256 fingerprint of the certificate that the client showed."""
    session = writer.get_extra_info("ssl_object")
    shown = None if session is None else session.getpeercert(binary_form=True)
    return sha256(shown).digest() if shown else None


def _unseal(talk: _Talk, request: Request) -> bytes:
    if talk.sealed is None:
        raise Rejected("an encrypted message from a stranger")
    return talk.sealed.unseal_message(request.headers["content-type"], request.body)


async def _send_response(writer: StreamWriter, response: Response) -> bool:
    """Whether the connection is still there afterwards."""
    raw = encode_response(response)
    writer.write(raw[: len(raw) // 2] if response.cut else raw)
    await writer.drain()
    if response.cut:
        writer.close()
    return not response.cut
