"""
What a template may do and what it touched, while it is filled in.

Whatever comes out of a template that used a secret is secret. Only what the operator wrote (inventory, command line)
may refer to things outside the files. Both are kept for each thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Watch:
    """Whether a secret was used while this was watched."""

    touched: bool = False


class _Here(threading.local):
    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self.own = False
        self.folder = ""


_HERE = _Here()


@contextmanager
def watching() -> Iterator[Watch]:
    """Tell whether a secret is used; what is touched inside is touched around it too."""
    watch = Watch()
    _HERE.watches.append(watch)
    try:
        yield watch
    finally:
        _HERE.watches.pop()
        if watch.touched:
            touch()


def touch() -> None:
    """Note that a secret is used."""
    if _HERE.watches:
        _HERE.watches[-1].touched = True


@contextmanager
def written_in(folder: str, *, own: bool) -> Iterator[None]:
    """While this lasts, text is filled in that stands in a file of ``folder``; ``own`` where the operator wrote it."""
    before = _HERE.own, _HERE.folder
    _HERE.own, _HERE.folder = own, folder
    try:
        yield
    finally:
        _HERE.own, _HERE.folder = before


def is_own() -> bool:
    """Whether the operator wrote the text that is being filled in."""
    return _HERE.own


def folder() -> str:
    """The folder of the file that is being filled in."""
    return _HERE.folder
