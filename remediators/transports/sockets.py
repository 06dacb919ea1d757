"""Opening a TCP connection under a wall-clock deadline, names included."""

from __future__ import annotations

import queue
import socket
import threading
from typing import Any

from remediators.transports.deadlines import Deadline

Found = list[tuple[Any, Any, int, str, Any]]


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """
    Connect to the first address of ``host`` that answers, with Nagle's delay off.

    Raises OSError (the last one seen), TimeoutError at the deadline.
    """
    refusal: OSError = OSError(f"no address for {host}")
    for family, kind, protocol, _, address in _addresses(host, port, deadline):
        try:
            return _open(socket.socket(family, kind, protocol), address, deadline)
        except OSError as error:
            refusal = error
    raise refusal


def _open(opened: socket.socket, address: Any, deadline: Deadline) -> socket.socket:
    try:
        opened.settimeout(deadline.left())
        opened.connect(address)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        opened.close()
        raise
    return opened


def _addresses(host: str, port: int, deadline: Deadline) -> Found:
    try:  # an address needs no resolver, and so no thread to wait for it
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return _resolve(host, port, deadline)


def _resolve(host: str, port: int, deadline: Deadline) -> Found:
    """Ask the resolver, which knows no deadline, from a thread that can be left behind."""
    answers: queue.SimpleQueue[Found | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError(f"the name {host} was not resolved within {deadline.seconds:g} s") from None
    if isinstance(answer, OSError):
        raise answer
    return answer
