"""One event loop in one thread for all doors of a lab, and the threads in which their machines run commands."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

# A machine may be a slow program outside (Wine): many of them may wait at the same time.
RUNNERS: Final = 64
BACKLOG: Final = 128

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Loop:
    """An asyncio loop in a background thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab-doors", daemon=True)
        self.pool = ThreadPoolExecutor(RUNNERS, thread_name_prefix="lab-machine")

    def start(self) -> None:
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run ``work`` in the loop and wait for its result; not from inside the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call_soon(self, work: Coroutine[Any, Any, None], seconds: float = 5.0) -> None:
        """Run ``work`` in the loop and wait for it, but no longer: the loop may be about to end."""
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            waiting.result(seconds)

    def stop(self) -> None:
        """End the loop, its thread, and the threads of the machines once their commands have ended."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self._loop.close()


class Listener:
    """One listening address with the conversations that it leads."""

    def __init__(self, converse: Converse, tls: ssl.SSLContext | None = None) -> None:
        self._converse = converse
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self, address: str, port: int) -> int:
        """Listen; gives the port, chosen by the system where ``port`` is 0. Raises OSError."""
        self._server = await asyncio.start_server(self._meet, address, port, ssl=self._tls, backlog=BACKLOG)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and cut every conversation."""
        if self._server is not None:
            self._server.close()
        for task, writer in tuple(self._talks.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports that were cut close their sockets in the next turn

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._talks[task] = writer
        task.add_done_callback(self._talks.pop)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
                await self._converse(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def swallow(reader: asyncio.StreamReader) -> None:
    """Read until the other side gives up, and say nothing."""
    while await reader.read(65536):
        pass
