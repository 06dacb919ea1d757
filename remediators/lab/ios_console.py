"""Who serves a session, and a console that is already privileged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from remediators.lab.asa_cli import AsaShell, PixShell
from remediators.lab.ios_cli import PRIVILEGED, Shell
from remediators.lab.ios_device import Device, Visit
from remediators.lab.ios_terminal import Terminal

_MORE: Final = "<--- More --->"


def terminal_for(
    device: Device, receive: Callable[[], str], send: Callable[[str], None], pause: Callable[[float], None]
) -> Terminal:
    """A terminal with the pager that a device of this platform has."""
    if device.platform == "ios":
        return Terminal(receive, send, pause)
    return Terminal(receive, send, pause, more=_MORE, erase="\r" + " " * len(_MORE) + "\r")


def shell(device: Device, terminal: Terminal, visit: Visit, level: int) -> Shell:
    """The session that a device of this platform serves."""
    kind = {"ios": Shell, "asa": AsaShell, "pix": PixShell}[device.platform]
    return kind(device, terminal, visit, level)


def console(device: Device, lines: Iterable[str]) -> str:
    """What a privileged session at the console shows for these lines, echo and prompts included."""
    shown: list[str] = []
    typed = iter([f"{line}\n" for line in lines])
    visit = Visit(0, "console", 0, lambda: None, shown.append)
    terminal = terminal_for(device, lambda: next(typed, ""), shown.append, lambda _: None)
    terminal.length = 0
    shell(device, terminal, visit, PRIVILEGED).converse()
    return "".join(shown)
