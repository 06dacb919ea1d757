r"""
The script that repairs a metabase on the host itself: keep aside, stop, swap, start, look, and undo what failed.

Stopping IISADMIN may take away what the session rides on (HTTP SSL carries WinRM over HTTPS; 85 % sure), so all of it
is one ``.cmd`` file that the host's task scheduler runs, apart from any session. It waits for each service only so
long, never kills, starts again what ran, puts the files back where anything fails, and leaves a result file.

``at-work`` stands from before the start until the very end, so whoever reads later knows whether the script is at work;
its result ends in a line ``outcome: done`` or ``outcome: undone: WHY``.

Sources: the order of services is domain knowledge (IISADMIN, SMTPSVC, RESvc, POP3Svc, IMAP4Svc, NNTPSVC, W3SVC, then
others); ``schtasks`` on 2003 takes ``/st`` as HH:MM:SS, and midnight of today is past, so the task never starts by
itself; ``cscript //t`` ends a script after so many seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from remediators.model import Command
from remediators.quoting import cmd, on_host
from remediators.quoting.on_host import fails_with, only_after, unless_failed
from remediators.resources import service_control as control

STARTS_FIRST: Final = ("IISADMIN", "SMTPSVC", "RESVC", "POP3SVC", "IMAP4SVC", "NNTPSVC", "W3SVC")
_ADSUTIL: Final = '"%SystemDrive%\\Inetpub\\AdminScripts\\adsutil.vbs"'
_ENUMERATION: Final = 240  # seconds
_SLACK: Final = 300
_TURN: Final = 2
DONE, UNDONE, NO_RESULT, AT_WORK = 0, 1, 2, 3  # exit codes of `ended`
_VARIABLES: Final = (on_host.FAILED, "STOPPED", "SWAPPED", "ANEW", "UNDO", "LOST", "LEFT")
_OUTCOME: Final = "outcome: "


@dataclass(frozen=True, slots=True)
class Placing:
    """
    One file: where it goes, the copy that is put there, and the copy that is put back where anything fails.

    ``source`` is what the copy is made of first, where it is not made yet; without ``kept`` (or ``undo``) there is to
    be no file.
    """

    path: str
    kept: str | None
    undo: str | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """
    What a script does. ``folder`` is where it lives; ``aside`` are folders copied whole before anything else, and
    ``copies`` single files with where they go.

    ``stop`` and ``start`` are services in their order; ``flush`` makes IIS write its memory to disk instead of a swap.
    ``look`` are nodes that the enumeration must show afterwards; without any, nothing is enumerated.
    """

    folder: str
    name: str
    placings: tuple[Placing, ...]
    aside: tuple[str, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()
    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    flush: bool = False
    look: tuple[str, ...] = ()

    def file(self, ending: str) -> str:
        return f"{self.folder}\\{self.name}.{ending}"

    @property
    def seconds(self) -> float:
        """The most that it may take: each service stops and starts once, and once more where it is undone."""
        services = sum(control.patience(name) for name in (*self.stop, *self.start))
        return 2.0 * services + _ENUMERATION + _SLACK


def go(folder: str) -> str:
    """The file that stands while a script of this folder is at work."""
    return f"{folder}\\at-work"


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Services in the order in which they start."""
    known = {name: place for place, name in enumerate(STARTS_FIRST)}
    return tuple(sorted(dict.fromkeys(names), key=lambda name: (known.get(name.upper(), len(known)), name.upper())))


def lines(job: Job) -> list[str]:
    """The script, one line each. Raises `Refused` where a path cannot stand in it."""
    return [
        "@echo off",
        "setlocal",
        f"for %%v in ({' '.join(_VARIABLES)}) do set %%v=",
        f"if not exist {on_host.quoted(go(job.folder))} exit /b 0",
        *_keep(job),
        *(_write_memory(job) if job.flush else _swap(job)),
        *_look(job),
        *_undo(job),
        *_tell(job),
        on_host.removed(go(job.folder)),
    ]


def _keep(job: Job) -> Iterator[str]:
    """Copies of everything, compared byte by byte, before anything is touched."""
    for placing in job.placings:
        if placing.undo:
            yield from _copy(placing.path, placing.undo, "could not be kept aside: is the disk full?")
        if placing.source and placing.kept:
            yield from _copy(placing.source, placing.kept, "could not be kept aside: is the disk full?")
    for source, target in job.copies:
        yield from _copy(source, target, "could not be kept aside: is the disk full?")
    for folder in job.aside:
        yield from map(unless_failed, on_host.all_copied(folder, f"{job.folder}\\{_leaf(folder)}"))


def _copy(source: str, target: str, why: str) -> Iterator[str]:
    yield unless_failed(on_host.made(target.rpartition("\\")[0]))
    yield unless_failed(on_host.copied(source, target))
    yield unless_failed(on_host.same(source, target))
    yield fails_with(f"{source} {why}")


def _swap(job: Job) -> Iterator[str]:
    if job.stop:
        yield unless_failed("set STOPPED=1")
    for name in job.stop:
        yield unless_failed(on_host.batch_line(control.stop(name)))
        yield fails_with(f"{name} did not stop in time")
    yield from _compare_again(job)
    yield unless_failed("set SWAPPED=1")
    for placing in job.placings:
        yield from map(unless_failed, _place(placing.path, placing.kept))
        yield fails_with(f"{placing.path} could not be written over")
    for name in job.start:
        yield unless_failed(on_host.batch_line(control.start(name)))
        yield fails_with(f"{name} did not start with the files that were put there")


def _compare_again(job: Job) -> Iterator[str]:
    """IISADMIN writes its memory over the file when it stops: what came of that is kept beside the file before."""
    for placing in job.placings:
        if not placing.undo or not job.stop:
            continue
        anew = f"{job.folder}\\after-stop-{_leaf(placing.path)}"
        yield unless_failed(on_host.same(placing.path, placing.undo))
        yield unless_failed("if not %errorlevel%==0 set ANEW=1")
        yield unless_failed(only_after("ANEW", on_host.copied(placing.path, anew)))


def _place(path: str, kept: str | None) -> Iterator[str]:
    if kept is None:
        yield on_host.removed(path)
        yield f"if exist {on_host.quoted(path)} (cmd /d /c exit 1) else (cmd /d /c exit 0)"
        return
    yield on_host.copied(kept, path)
    yield on_host.same(kept, path)


def _write_memory(job: Job) -> Iterator[str]:
    """``iiscnfg /save /nb``: memory to disk, without a backup (cc738365 and 70 % sure of ``/nb``)."""
    yield unless_failed("set SWAPPED=1")
    script = '"%SystemRoot%\\system32\\iiscnfg.vbs"'
    yield unless_failed(f"cscript //nologo //t:{_ENUMERATION} {script} /save /nb>nul 2>&1")
    yield fails_with("iiscnfg could not make IIS write its memory to disk")
    for placing in job.placings:
        if placing.undo:
            yield unless_failed(on_host.same(placing.path, placing.undo))
            yield unless_failed(f"if %errorlevel%==0 set WHY=IIS did not write {on_host.say(placing.path)} anew")


def _look(job: Job) -> Iterator[str]:
    if not job.look:
        return
    seen = on_host.quoted(job.file("nodes"))
    yield unless_failed(f"cscript //nologo //t:{_ENUMERATION} {_ADSUTIL} ENUM_ALL>{seen} 2>&1")
    yield fails_with("adsutil enum_all fails with the files that were put there")
    for node in job.look:
        yield unless_failed(f"find /i {on_host.quoted(f'[/{node}]')} {seen}>nul 2>&1")
        yield fails_with(f"adsutil enum_all does not show /{node} with the files that were put there")


def _undo(job: Job) -> Iterator[str]:
    """Put back what was there, and start what ran; each line is tried whatever became of the one before."""
    yield only_after(on_host.FAILED, "if defined SWAPPED set UNDO=1")
    for name in reversed(job.start) if not job.flush else ():
        yield only_after("UNDO", on_host.batch_line(control.stop(name)))
    for placing in job.placings:
        yield from (only_after("UNDO", line) for line in _place(placing.path, placing.undo))
        yield only_after("UNDO", "if not %errorlevel%==0 set LOST=1")
    for name in in_order(job.stop):
        yield only_after(on_host.FAILED, only_after("STOPPED", on_host.batch_line(control.start(name))))
        left = f"if not %errorlevel%==0 set LEFT=%LEFT% {on_host.say(name)}"
        yield only_after(on_host.FAILED, only_after("STOPPED", left))


def _tell(job: Job) -> Iterator[str]:
    result = job.file("result")
    anew = "IISADMIN wrote its memory over the file when it stopped. What it wrote is kept in after-stop files."
    yield only_after("ANEW", on_host.told(result, anew))
    yield only_after("LOST", on_host.told(result, "NOT ALL FILES COULD BE PUT BACK. Their copies are in this folder."))
    yield only_after("LEFT", on_host.told(result, "These services do not run again:%LEFT%"))
    yield only_after(on_host.FAILED, on_host.told(result, f"{_OUTCOME}undone: %WHY%"))
    yield unless_failed(on_host.told(result, f"{_OUTCOME}done"))


def _leaf(path: str) -> str:
    return path.rpartition("\\")[2]


# -- what is sent ----------------------------------------------------------------------------------------------------


def prepared(job: Job) -> tuple[Command, ...]:
    """Put the script on the host, and hand it to the task scheduler. Nothing of the metabase is touched yet."""
    folder, script = job.folder, job.file("cmd")
    first = (
        cmd.script(on_host.made(folder), shown=f"md {on_host.quoted(folder)}"),
        cmd.delete_file((job.file("result"),)),
        *cmd.write_file((script,), lines(job)),
    )
    made = cmd.program(
        "schtasks", "/create", "/tn", task(job), "/tr", script, "/sc", "once", "/st", "00:00:00", "/ru", "SYSTEM"
    )
    return (*first, made, *cmd.write_file((go(folder),), ["at work"]))


def started(job: Job) -> tuple[Command, ...]:
    """Run it, and wait for its end."""
    mark = on_host.quoted(go(job.folder))
    run = f"schtasks /run /tn {on_host.quoted(task(job))}"
    return (cmd.script(f"{run}&if errorlevel 1 (del /q {mark}&exit 1)", shown=run), ended(job))


def task(job: Job) -> str:
    """The name of its task in the scheduler."""
    return f"remediate {job.name} {_leaf(job.folder)}"


def cleared(job: Job) -> tuple[Command, ...]:
    """What is taken away again, whatever happened: the task, and the mark where the script never ran."""
    return (cmd.program("schtasks", "/delete", "/tn", task(job), "/f"), cmd.delete_file((job.file("nodes"),)))


def ended(job: Job) -> Command:
    """Wait for the end of the script and print its result: exit 0 where it is done, 1 undone, 3 still at work."""
    mark, result = on_host.quoted(go(job.folder)), on_host.quoted(job.file("result"))
    tests = f"(if exist {mark} exit {AT_WORK})&(if not exist {result} exit {NO_RESULT})"
    over = f'type {result}&find "{_OUTCOME}done" {result}>nul&(if errorlevel 1 exit {UNDONE})&exit {DONE}'
    text = f"echo off&{_waits(mark, job.seconds)}&{tests}&{over}"
    return cmd.script(text, seconds=job.seconds + 60, shown=f"type {result}")


def at_rest(folder: str, seconds: float = 60.0) -> Command:
    """Wait until no script of this folder is at work: exit 0, or 3 where one still is."""
    mark = on_host.quoted(go(folder))
    text = f"echo off&{_waits(mark, seconds)}&(if exist {mark} exit {AT_WORK})&exit 0"
    return cmd.script(text, seconds=seconds + 60, shown=f"if exist {mark} rem a script is at work")


def _waits(mark: str, seconds: float) -> str:
    turns = max(1, int(seconds) // _TURN)
    return f"(for /l %i in (1,1,{turns}) do (if exist {mark} ping -n {_TURN + 1} 127.0.0.1>nul))"
