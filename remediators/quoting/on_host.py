r"""
Questions and scripts about files of a host, in cmd's own language.

Paths stand in quotation marks, where only a quotation mark and a percent sign would be special: such paths are refused.
Variables of ``for`` are named ``i``: the letters ``a d f n p s t x z`` would be taken for a modifier of ``%~``.
"""

from __future__ import annotations

import re
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


# -- a script that runs on the host by itself ------------------------------------------------------------------------
#
# Lines of a ``.cmd`` file. No labels and no blocks: each line stands for itself, so that the file reads from top to
# bottom, and variables are expanded where they are. What fails sets WHY, and nothing that is guarded runs any more.

FAILED = "WHY"
_WORDS = re.compile(r"[\w .,:;'\\/+-]+", re.ASCII)


def say(text: str) -> str:
    """Text for ``echo`` and ``set`` in a script: what cmd might take for its own language becomes a question mark."""
    return "".join(character if _WORDS.fullmatch(character) else "?" for character in text)


def unless_failed(line: str) -> str:
    """A line that runs only while nothing has failed."""
    return f"if not defined {FAILED} {line}"


def only_after(name: str, line: str) -> str:
    """A line that runs only where a variable is set."""
    return f"if defined {name} {line}"


def fails_with(why: str) -> str:
    """What a line is followed by: where its exit code is not 0 (HRESULTs are negative), the script has failed."""
    return unless_failed(f"if not %errorlevel%==0 set {FAILED}={say(why)}")


def copied(source: str, target: str) -> str:
    """Copy over what is there, byte for byte; an existing file keeps its permissions (CopyFile opens it)."""
    return f"copy /y /b {quoted(source)} {quoted(target)}>nul 2>&1"


def same(one: str, other: str) -> str:
    """Compare two files byte by byte: exit code 0 where they are the same."""
    return f"fc /b {quoted(one)} {quoted(other)}>nul 2>&1"


def all_copied(folder: str, target: str) -> tuple[str, ...]:
    """Copy the files of a folder, and see that each copy is the same; an empty or missing folder is no failure."""
    each = f'fc /b "%%~fi" "{quoted(target)[1:-1]}\\%%~nxi">nul 2>&1'
    leaf = say(folder.rpartition(chr(92))[2])
    wrong = f"if errorlevel 1 set {FAILED}=a file of {leaf} could not be kept aside: is the disk full?"
    return (
        made(target),
        f"copy /y /b {quoted(folder + chr(92) + '*.*')} {quoted(target)}>nul 2>&1",
        f"for %%i in ({quoted(folder + chr(92) + '*.*')}) do ({each}&{wrong})",
    )


def made(folder: str) -> str:
    """Make a folder with those above it, where there is none."""
    return f"if not exist {quoted(folder)} md {quoted(folder)}"


def told(path: str, text: str) -> str:
    """Add a line to a file. The text may have variables between percent signs."""
    return f">>{quoted(path)} echo {text}"


def removed(path: str) -> str:
    return f"if exist {quoted(path)} del /q {quoted(path)}"


def batch_line(command: Command) -> str:
    """A command of a session as a line of a script."""
    return cmd.as_batch(command.line)
