"""A line to a server under wall-clock deadlines: whole replies come off it, however slowly or lavishly they arrive."""

from __future__ import annotations

import contextlib
import errno
import queue
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Self

CONNECT_SECONDS: Final = 30.0

_TURN = 0.5  # seconds after which a wait looks whether it is to be broken off
_LAST_LINE = re.compile(rb"(?:\A|\n)(?!\d{3}-)[^\n]*\n")
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EAFNOSUPPORT})

Found = list[tuple[Any, Any, int, str, Any]]


class NoConnection(Exception):
    """No connection came about. ``kind`` is ``unknown-host refused timeout unreachable`` or ``interrupted``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Line:
    """An open connection. Use it as a context; nothing here raises for what the other end does."""

    def __init__(self, connection: socket.socket, stop: threading.Event | None = None) -> None:
        self._connection = connection
        self._stop = stop
        self._waiting = b""
        self.error = ""
        self.peer = str(connection.getpeername()[0])
        self.literal = _literal(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def pending(self) -> bool:
        """Whether there is more than the replies that were taken."""
        return bool(self._waiting)

    def reply(self, seconds: float, most: int) -> tuple[bytes, str]:
        """
        The next reply, of ``most`` bytes at the most, and how it ended.

        ``whole``, ``closed`` or ``reset`` by the other end, ``late`` after ``seconds``, ``flood``, or ``stopped`` here.
        """
        end = time.monotonic() + seconds
        seen = 0  # what has been searched: a line that comes byte by byte is not searched from its start each time
        while True:
            last = _LAST_LINE.search(self._waiting, seen)
            if last:
                return self._take(last.end()), "whole"
            if len(self._waiting) > most:
                return self._take(len(self._waiting))[:most], "flood"
            seen = max(0, self._waiting.rfind(b"\n"))
            ended = self._hear(end)
            if ended:
                return self._take(len(self._waiting)), ended

    def ask(self, text: str, seconds: float, most: int) -> tuple[bytes, str]:
        """Say one line, and take the reply. Whatever is in the text, it stays one line."""
        line = "".join(character for character in text if " " <= character <= "~")
        try:
            self._connection.settimeout(seconds)
            self._connection.sendall(line.encode("ascii") + b"\r\n")
        except OSError as error:
            self.error = words(error)
            return b"", "late" if isinstance(error, TimeoutError) else "reset"
        return self.reply(seconds, most)

    def leave(self, seconds: float) -> None:
        """Say QUIT and hang up; whether anybody hears it is no matter."""
        with contextlib.suppress(OSError):
            self._connection.settimeout(seconds)
            self._connection.sendall(b"QUIT\r\n")
            self._connection.shutdown(socket.SHUT_WR)
            self._connection.recv(4096)

    def _take(self, count: int) -> bytes:
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _hear(self, end: float) -> str:
        """Wait for more; gives how it ended where no more will come."""
        left = end - time.monotonic()
        if self._stop is not None and self._stop.is_set():
            return "stopped"
        if left <= 0:
            return "late"
        self._connection.settimeout(left if self._stop is None else min(left, _TURN))
        try:
            more = self._connection.recv(16384)
        except TimeoutError:
            return ""
        except OSError as error:
            self.error = words(error)
            return "reset"
        self._waiting += more
        return "" if more else "closed"


def open_line(host: str, port: int, seconds: float, stop: threading.Event | None = None) -> Line:
    """
    Connect to the first address of ``host`` that answers; a dead one takes no more than its share of the seconds.

    Raises `NoConnection`.
    """
    end = time.monotonic() + seconds
    found = _addresses(host.strip().removeprefix("[").removesuffix("]"), port, end)
    refusal = NoConnection("unreachable", f"no address for {host}")
    for number, (family, kind, protocol, _, address) in enumerate(found):
        if stop is not None and stop.is_set():
            raise NoConnection("interrupted", "broken off")
        share = max(0.0, end - time.monotonic()) / (len(found) - number)
        try:
            return _connect(lambda: socket.socket(family, kind, protocol), address, share, stop)  # noqa: B023 - called here
        except OSError as error:
            refusal = _refusal(error, seconds)
    raise refusal


def words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()


def _connect(make: Callable[[], socket.socket], address: Any, seconds: float, stop: threading.Event | None) -> Line:
    connection = make()
    try:
        connection.settimeout(max(seconds, 0.001))
        connection.connect(address)
        return Line(connection, stop)
    except BaseException:
        connection.close()
        raise


def _refusal(error: OSError, seconds: float) -> NoConnection:
    if isinstance(error, TimeoutError):
        return NoConnection("timeout", f"no answer within {seconds:g} seconds")
    if isinstance(error, ConnectionError):
        return NoConnection("refused", words(error))
    return NoConnection("unreachable", words(error))


def _literal(connection: socket.socket) -> str:
    """This end's address as EHLO takes it from a client without a name (RFC 5321, 4.1.3 and 4.1.4)."""
    own = str(connection.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{own}]" if ":" in own else f"[{own}]"


def _addresses(host: str, port: int, end: float) -> Found:
    try:  # an address needs no resolver, and so no thread to wait for it
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, ValueError):  # a UnicodeError is a ValueError
        return _resolve(host, port, end)


def _resolve(host: str, port: int, end: float) -> Found:
    """Ask the resolver, which knows no deadline, from a thread that can be left behind."""
    answers: queue.SimpleQueue[Found | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        raise NoConnection("unknown-host", f"the name {host} was not resolved in time") from None
    if isinstance(answer, Exception):
        said = words(answer) if isinstance(answer, OSError) else "it is no name of a host"
        raise NoConnection("unknown-host", f"{host}: {said}")
    return answer
