"""As much HTTP/1.1 as WinRM's clients speak: one request after the other on a kept connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

SOAP_TYPE: Final = "application/soap+xml;charset=UTF-8"
MOST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its header names in lower case and its whole body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def keeps_connection(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


@dataclass(frozen=True, slots=True)
class Response:
    """A response; ``cut`` drops the connection in the middle of it."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = SOAP_TYPE
    headers: Sequence[tuple[str, str]] = ()
    cut: bool = False


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """
    The next request, or ``None`` where the client has closed the connection between two requests.

    Raises EOFError where it ends within one, and for what is not HTTP at all.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = _three(first)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise EOFError(f"a body of {length} bytes")
    return Request(method, path, headers, await reader.readexactly(int(length)))


def _three(line: str) -> tuple[str, str, str]:
    method, _, rest = line.partition(" ")
    path, _, version = rest.partition(" ")
    if not version.startswith("HTTP/1."):
        raise EOFError(f"not HTTP: {line[:80]!r}")
    return method, path, version


def encode_response(response: Response) -> bytes:
    """The bytes of a response, with its length."""
    lines = [f"HTTP/1.1 {response.status.value} {response.status.phrase}", "Server: Microsoft-HTTPAPI/1.0"]
    if response.body:
        lines.append(f"Content-Type: {response.content_type}")
    lines += (f"{name}: {value}" for name, value in response.headers)
    lines += [f"Content-Length: {len(response.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + response.body
