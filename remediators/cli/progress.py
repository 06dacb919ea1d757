"""Who is in flight: one overall bar and a table on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, cast

import click

MOST_ROWS = 25
FRAMES_A_SECOND = 4


@dataclass(slots=True)
class Flight:
    """What is told of hosts while they are worked on; threads may call it."""

    total: int
    lines: bool
    flying: dict[str, float] = field(default_factory=dict)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begun(self, name: str) -> None:
        with self.lock:
            self.flying[name] = time.monotonic()

    def ended(self, name: str, status: str, *, tell: bool = True) -> None:
        with self.lock:
            began = self.flying.pop(name, time.monotonic())
            self.done += 1
            if self.lines and tell:
                click.echo(
                    f"{name}: {status} ({time.monotonic() - began:.1f} s, {self.done} of {self.total})", err=True
                )


@contextmanager
def flight(total: int, *, title: str, quiet: bool) -> Iterator[Flight]:
    """
    Show progress while the block runs.

    On a terminal a bar and at most 25 hosts, 4 times a second; elsewhere a line for each host that ends, unless
    ``quiet``.
    """
    terminal = sys.stderr.isatty() and not quiet
    board = Flight(total, lines=not terminal and not quiet)
    if not terminal:
        yield board
        return
    from rich.live import Live

    with Live(
        get_renderable=lambda: _picture(board, title),
        refresh_per_second=FRAMES_A_SECOND,
        transient=True,
        redirect_stdout=False,
        console=_console(),
    ):
        yield board


def _console() -> Any:
    from rich.console import Console

    return Console(file=cast("IO[str]", _Terminal(sys.stderr)))


class _Terminal:
    """A terminal that may be closed while a run goes on: then nobody reads, and the run goes on."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def _picture(board: Flight, title: str) -> Any:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    with board.lock:
        rows = list(board.flying.items())
        done = board.done
    table = Table.grid(padding=(0, 2))
    for name, began in rows[:MOST_ROWS]:
        table.add_row(Text(name), Text(f"{time.monotonic() - began:5.1f} s"))
    more = [Text(f"and {len(rows) - MOST_ROWS} more")] if len(rows) > MOST_ROWS else []
    head = Text(f"{title}: {done} of {board.total} hosts, {len(rows)} in flight")
    return Group(head, ProgressBar(total=max(board.total, 1), completed=done, width=60), table, *more)
