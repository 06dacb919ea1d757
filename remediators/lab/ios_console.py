"""Who serves a session, and a console that is already privileged."""

from __future__ import annotations

from collections.abc import Iterable

from remediators.lab.ios_cli import PRIVILEGED, Shell
from remediators.lab.ios_device import Device, Visit
from remediators.lab.ios_terminal import Terminal


def shell(device: Device, terminal: Terminal, visit: Visit, level: int) -> Shell:
    """The session that a device of this platform serves."""
    return Shell(device, terminal, visit, level)


def console(device: Device, lines: Iterable[str]) -> str:
    """What a privileged session at the console shows for these lines, echo and prompts included."""
    shown: list[str] = []
    typed = iter([f"{line}\n" for line in lines])
    visit = Visit(0, "console", 0, lambda: None, shown.append)
    terminal = Terminal(lambda: next(typed, ""), shown.append, lambda _: None)
    terminal.length = 0
    shell(device, terminal, visit, PRIVILEGED).converse()
    return "".join(shown)
