"""Colours by meaning, and none where they are not wanted; a word always says it too."""

from __future__ import annotations

import os
from collections.abc import Callable

Style = Callable[[str, str], str]  # role, text -> text

_COLOURS = {  # Ansible's, so that eyes need not learn anew
    "ok": "\x1b[32m",
    "change": "\x1b[33m",
    "skipped": "\x1b[36m",
    "failed": "\x1b[31m",
    "unreachable": "\x1b[1;31m",
    "refused": "\x1b[1;35m",
    "host": "\x1b[1m",
    "quiet": "\x1b[2m",
    "added": "\x1b[32m",
    "removed": "\x1b[31m",
}


def plain(_: str, text: str) -> str:
    return text


def coloured(role: str, text: str) -> str:
    colour = _COLOURS.get(role)
    return f"{colour}{text}\x1b[0m" if colour and text else text


def choose(when: str, *, terminal: bool) -> Style:
    """``when`` is ``always``, ``never`` or ``auto``: on a terminal, unless NO_COLOR is set (no-color.org)."""
    if when == "auto":
        when = "always" if terminal and not os.environ.get("NO_COLOR") else "never"
    return coloured if when == "always" else plain
