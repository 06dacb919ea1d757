"""A WinRM listener that does what its script says, and may be broken at any point of it."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Self

SOAP = "http://www.w3.org/2003/05/soap-envelope"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"

Answer = bytes | tuple[float, bytes] | Callable[[socket.socket], None]  # a pair is an answer that takes its time


def http(body: str, status: str = "200 OK", *more: str) -> bytes:
    raw = body.encode()
    lines = [f"HTTP/1.1 {status}", "Server: Microsoft-HTTPAPI/2.0", f"Content-Length: {len(raw)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def soap(body: str) -> bytes:
    return http(f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>')


def fault(code: int, words: str = "Worte des Hosts") -> bytes:
    body = (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>{words}</s:Text></s:Reason>"
        f'<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}"/>'
        "</s:Detail></s:Fault>"
    )
    envelope = f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'
    return http(envelope, "500 Internal Server Error")


CREATED = soap(
    f'<x:ResourceCreated xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" xmlns:w="{WSMAN}"><w:SelectorSet>'
    '<w:Selector Name="ShellId">AAAA-1</w:Selector></w:SelectorSet></x:ResourceCreated>'
)
STARTED = soap(f'<r:CommandResponse xmlns:r="{SHELL}"><r:CommandId>BBBB-2</r:CommandId></r:CommandResponse>')
DELETED = soap("")
SIGNALLED = soap(f'<r:SignalResponse xmlns:r="{SHELL}"/>')
TIMED_OUT = fault(2150858793)


def received(stdout: bytes = b"", stderr: bytes = b"", status: int | None = None) -> bytes:
    streams = "".join(
        f'<r:Stream Name="{name}" CommandId="BBBB-2">{base64.b64encode(data).decode()}</r:Stream>'
        for name, data in (("stdout", stdout), ("stderr", stderr))
        if data
    )
    state, code = ("Running", "") if status is None else ("Done", f"<r:ExitCode>{status}</r:ExitCode>")
    told = f'<r:CommandState CommandId="BBBB-2" State="{SHELL}/CommandState/{state}">{code}</r:CommandState>'
    return soap(f'<r:ReceiveResponse xmlns:r="{SHELL}">{streams}{told}</r:ReceiveResponse>')


def drop(connection: socket.socket) -> None:
    """The connection goes away."""


def drop_half_way(answer: bytes) -> Answer:
    return lambda connection: connection.sendall(answer[: len(answer) // 2])


class Listener:
    """
    Gives one answer of its script after another, over as many connections as come; then it is silent.

    ``requests`` has the bodies in the order in which they came, ``connections`` counts.
    """

    def __init__(self, script: Sequence[Answer], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self.heads: list[str] = []
        self.connections = 0
        self.over = threading.Event()
        self._script = iter(script)
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        with socket.create_connection(("127.0.0.1", self.port)):  # wakes what waits in accept
            pass
        for thread in self._threads:
            thread.join(5)
        self._server.close()

    @property
    def actions(self) -> list[str]:
        """Create, Command … in the order in which they were asked for."""
        names = ("Create", "Command", "Receive", "Signal", "Delete", "Identify")
        return [
            next((name for name in names if f"/{name}</a:Action>" in body or f":{name}/>" in body), "?")
            for body in self.requests
        ]

    def variables(self, **more):
        return {
            "ansible_connection": "winrm",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": "admin",
            "ansible_password": "secret",
            "ansible_winrm_scheme": "https" if self._tls else "http",
            "ansible_winrm_transport": "basic",
            "ansible_winrm_message_encryption": "never",
            **more,
        }

    def _accept(self) -> None:
        while True:
            connection, _ = self._server.accept()
            if self.over.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._answer(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def _answer(self, connection: socket.socket) -> None:
        self.connections += 1
        with connection.makefile("rb") as stream:
            while (request := self._read(stream)) is not None:
                self.requests.append(request)
                answer = next(self._script, self._silence)
                if callable(answer):
                    answer(connection)
                    return
                if isinstance(answer, tuple):
                    self.over.wait(answer[0])
                    answer = answer[1]
                connection.sendall(answer)

    def _read(self, stream) -> str | None:
        length, head = 0, []
        while (line := stream.readline()) not in (b"\r\n", b""):
            head.append(line.decode())
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not head:
            return None
        self.heads.append("".join(head))
        return stream.read(length).decode()

    def _silence(self, connection: socket.socket) -> None:
        self.over.wait(30)
