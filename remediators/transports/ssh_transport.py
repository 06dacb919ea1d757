"""paramiko's transport, made quick and made to end."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import paramiko

from remediators.model import TimedOut
from remediators.transports.deadlines import Deadline

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

    timer = threading.Timer(max(deadline.remaining(), 0.001), fire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if not fired.is_set() and not isinstance(error, TimeoutError):
            raise
        connection.cut()
        raise TimedOut(late) from error
    finally:
        timer.cancel()
        timer.join()
