"""Which reg.exe speaks for which view of the registry, on which Windows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from remediators.model import Command, Refused, Snapshot
from remediators.quoting import cmd
from remediators.quoting.cmd import Argument, Env, Part
from remediators.resources import host


@dataclass(frozen=True, slots=True)
class Reg:
    """A reg.exe, and the switch that makes it use a view."""

    program: str | tuple[Part, ...] = "reg"
    switches: tuple[str, ...] = ()

    def command(self, *arguments: Argument, fallback: bool = False) -> Command:
        """A command line. Raises `Refused` where an argument cannot be passed."""
        return cmd.program(self.program, *arguments, *self.switches, only_after_failure=fallback)

    def query(self, key: str, name: str | None = None, *, fallback: bool = False) -> Command:
        """Print a key, or one of its values; the name is empty for the unnamed one."""
        which: tuple[str, ...] = () if name is None else ("/v", name) if name else ("/ve",)
        return self.command("query", key, *which, fallback=fallback)


def reg(view: str, known: Snapshot) -> Reg:
    r"""
    The reg.exe for a view. Raises `Refused` where the host has no such view, `Unread`, and `OutOfScope` before
    `host.query` was asked.

    Vista and later take ``/reg:32`` and ``/reg:64``. On 2003 the program's own bits decide: SysWOW64 holds the 32-bit
    one, and a 32-bit shell reaches the 64-bit one by Sysnative, which needs hotfix 942589 (domain knowledge).
    """
    if view == "native":
        return Reg()
    if not host.is_64_bit(known):
        if view == "64":
            raise Refused("this Windows has 32 bits: it has no 64-bit view of the registry")
        return Reg()
    if host.version(known) >= (6, 0):
        return Reg(switches=(f"/reg:{view}",))
    if view == "32":
        return Reg((Env("SystemRoot"), "\\SysWOW64\\reg.exe"))
    return Reg((Env("SystemRoot"), "\\Sysnative\\reg.exe")) if known[host.SHELL_BITS] == "32" else Reg()


def fallback(command: Command) -> Command:
    return replace(command, only_after_failure=True)
