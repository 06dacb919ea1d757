"""paramiko's transport, made quick and made to end."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import paramiko

from remediators.model import TimedOut
from remediators.transports.deadlines import Deadline

_ROOM = 1000  # entries that are kept before those are looked for that nobody waits for any more
LOG = "remediators.transports.paramiko"
logging.getLogger(LOG).addHandler(logging.NullHandler())
logging.getLogger(LOG).propagate = False  # what went wrong is raised, in words of ours


class QuickSocket(socket.socket):
    """
    Acknowledges what it reads at once.

    Linux goes back to delayed acknowledgements by itself, and a server that has not switched Nagle's delay off waits
    for them: 40 ms in each direction. So it is asked for again after every read (tcp(7), TCP_QUICKACK).
    """

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = super().recv(size, flags)
        if hasattr(socket, "TCP_QUICKACK"):
            with contextlib.suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


class Transport(paramiko.Transport):
    """paramiko's transport, which remembers what the server offered and leaves no thread behind."""

    offered: dict[str, list[str]] | None = None

    def _really_parse_kex_init(self, m: paramiko.Message, ignore_first_byte: bool = False) -> Any:
        parsed = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        self.offered = {name: list(value) for name, value in parsed.items() if isinstance(value, list)}
        return parsed

    def cut(self) -> None:
        """Close the connection now; whoever waits on it wakes up."""
        with contextlib.suppress(OSError, EOFError):
            if isinstance(self.sock, socket.socket):
                self.sock.shutdown(socket.SHUT_RDWR)  # a read in another thread is not woken by closing alone
        self.close()
        self.sock.close()

    def end(self) -> None:
        """Close the connection and wait for its threads."""
        self.cut()
        if self.is_alive() and self is not threading.current_thread():
            self.join(2)
        self.packetizer.complete_handshake()  # its timer would otherwise run on for seconds


@dataclass(slots=True)
class Connection:
    """Transports from the first hop to the host itself; the last one is where commands run."""

    hops: list[Transport] = field(default_factory=list)

    @property
    def transport(self) -> Transport:
        return self.hops[-1]

    def cut(self) -> None:
        for hop in reversed(self.hops):
            hop.cut()

    def close(self) -> None:
        for hop in reversed(self.hops):
            hop.end()


@dataclass(slots=True)
class _Watched:
    """Something to be done at a moment, unless it is dropped before; dropping waits for it where it has begun."""

    action: Callable[[], None] | None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def drop(self) -> None:
        with self.lock:
            self.action = None

    def due(self) -> None:
        with self.lock:
            if self.action is not None:
                self.action()
                self.action = None


class _Watch:
    """One thread that keeps the deadlines of all connections: a thread for each line that is sent would cost more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, _Watched]] = []
        self._number = itertools.count()
        self._thread: threading.Thread | None = None
        self._room = _ROOM

    def call(self, deadline: Deadline, action: Callable[[], None]) -> _Watched:
        watched = _Watched(action)
        with self._changed:
            self._forget()
            entry = (deadline.ends, next(self._number), watched)
            heapq.heappush(self._waiting, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="deadlines", daemon=True)
                self._thread.start()
            elif self._waiting[0] is entry:
                self._changed.notify()
        return watched

    def _forget(self) -> None:
        """Most are dropped long before their moment: they are not kept until then."""
        if len(self._waiting) > self._room:
            self._waiting = [entry for entry in self._waiting if entry[2].action is not None]
            heapq.heapify(self._waiting)
            self._room = max(_ROOM, 2 * len(self._waiting))

    def _keep(self) -> None:
        while True:
            with self._changed:
                while not self._waiting or self._waiting[0][0] > time.monotonic():
                    left = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    self._changed.wait(left)
                watched = heapq.heappop(self._waiting)[2]
            # Cutting a connection may take its time, and the deadlines of others must not wait for that.
            threading.Thread(target=watched.due, name="deadline", daemon=True).start()


_WATCH = _Watch()


@contextlib.contextmanager
def bounded(connection: Connection, deadline: Deadline, late: str) -> Iterator[None]:
    """
    Cut the connection at the deadline, whatever is being waited for then.

    paramiko waits for some answers without any limit. Raises `TimedOut` with the words of ``late`` for a TimeoutError
    inside, and for whatever the cut leads to.
    """
    fired = threading.Event()

    def fire() -> None:
        fired.set()
        connection.cut()

    watched = _WATCH.call(deadline, fire)
    try:
        yield
    except Exception as error:
        if not fired.is_set() and not isinstance(error, TimeoutError):
            raise
        connection.cut()
        raise TimedOut(late) from error
    finally:
        watched.drop()
