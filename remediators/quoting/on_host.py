r"""
Questions and scripts about files of a host, in cmd's own language.

Paths stand in quotation marks, where only a quotation mark and a percent sign would be special: such paths are refused.
Variables of ``for`` are named ``i``: the letters ``a d f n p s t x z`` would be taken for a modifier of ``%~``.
"""

from __future__ import annotations

from dataclasses import replace

from remediators.model import Command, Refused
from remediators.quoting import cmd


def quoted(path: str) -> str:
    """A path (or another text) in quotation marks. Raises `Refused` where it cannot stand there."""
    bad = set(path) & set('"%')
    if bad:
        raise Refused(f"{path!r} has a {min(bad)} in it, which cannot be passed to a Windows command interpreter")
    return f'"{cmd.check(path)}"'


def listing(pattern: str, *, seconds: float = 60.0) -> Command:
    """``LENGTH*DATE*PATH`` of each file that a path or a pattern names; an asterisk is in none of the three."""
    return cmd.script(
        f"for %i in ({quoted(pattern)}) do @echo %~zi*%~ti*%~fi", seconds=seconds, shown=f"dir {quoted(pattern)}"
    )


def show(path: str, *, seconds: float) -> Command:
    """A file's bytes by ``type``, which may take some time where it is long."""
    quoted(path)
    return replace(cmd.show_file((path,)), seconds=seconds)
