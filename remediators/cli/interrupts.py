"""Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once. A closed terminal ends nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

INTERRUPTED = 130
ONE_WISH = 0.1  # seconds: a terminal and `timeout` both tell the process and its group, and mean it once


@contextmanager
def finishing(stop: threading.Event) -> Iterator[None]:
    """
    While hosts are changed: finish the item in hand on every host, verify, stop.

    What is under way at the second interrupt has its intent in the journal and no result, which is what *unknown*
    means. A terminal that is closed (SIGHUP) does not stop the work: the journal and the run's folder tell of it.
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _heeding(
            stop,
            "finishing the item in hand on every host, then stopping (again: stop now)",
            "stopped at once; what was under way is unknown and named in the journal",
        ):
            yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def reading(stop: threading.Event) -> Iterator[None]:
    """
    While hosts are only read: let those in flight end, so that no shell stays open on them, and begin no other.

    Raises `KeyboardInterrupt` afterwards: half a plan is none.
    """
    with _heeding(stop, "waiting for the hosts in flight, then stopping (again: stop now)", "stopped at once"):
        yield
    if stop.is_set():
        raise KeyboardInterrupt


@contextmanager
def _heeding(stop: threading.Event, first: str, second: str) -> Iterator[None]:
    asked: list[float] = []

    def interrupt(*_: Any) -> None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            stop.set()
            _say(first)
        elif asked[-1] - asked[0] > ONE_WISH:
            _say(second)
            os._exit(INTERRUPTED)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        click.echo(text, err=True)
