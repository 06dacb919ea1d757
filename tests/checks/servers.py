"""Servers of our own making for the checks' tests: they say what they are told, over real sockets on loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Serve = Callable[[socket.socket, threading.Event], None]


@contextmanager
def server(serve: Serve, family: socket.AddressFamily = socket.AF_INET) -> Iterator[int]:
    """One connection after the other is handed to ``serve``, until the caller has seen enough."""
    done = threading.Event()

    def accept() -> None:
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                serve(connection, done)

    where = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.create_server((where, 0), family=family) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def until_end(connection: socket.socket, done: threading.Event) -> bytes:
    """Everything that the other end says until it hangs up or the caller has seen enough."""
    heard = b""
    connection.settimeout(0.05)
    while not done.is_set():
        try:
            more = connection.recv(65536)
        except TimeoutError:
            continue
        if not more:
            break
        heard += more
    return heard


def saying(raw: bytes) -> contextlib.AbstractContextManager[int]:
    """A server that says this and no more, and stays until the other end hangs up."""

    def serve(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(raw)
        until_end(connection, done)

    return server(serve)


def talking(
    greeting: bytes, answers: Mapping[bytes, bytes], heard: list[bytes]
) -> contextlib.AbstractContextManager[int]:
    """A server with an answer for each verb; ``heard`` gets the lines that it was told."""

    def serve(connection: socket.socket, done: threading.Event) -> None:
        connection.settimeout(30)
        connection.sendall(greeting)
        with connection.makefile("rb") as lines:
            for line in lines:
                heard.append(line)
                verb = line.split()[0].upper() if line.split() else b""
                connection.sendall(answers.get(verb, b"500 5.3.3 Unrecognized command\r\n"))
                if verb == b"QUIT":
                    return

    return server(serve)
