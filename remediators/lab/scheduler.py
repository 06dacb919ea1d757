"""The task scheduler of a simulated Windows, and as much of ``schtasks.exe`` as people use for tasks that run once."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from remediators.lab.process import Process, crt_arguments

if TYPE_CHECKING:
    from remediators.lab.world import WindowsMachine

_OLD_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)")
_NEW_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_OLD_WORDS: Final = frozenset({"/create", "/tn", "/tr", "/sc", "/st", "/sd", "/ru", "/rp"})


@dataclass(slots=True)
class Scheduled:
    """A task that runs once: ``at`` that local time of the host by itself, or never (any more)."""

    name: str
    line: str
    at: dt.datetime | None = None


def due(machine: WindowsMachine) -> list[Scheduled]:
    """The tasks whose time has come since this was last asked; each is given once."""
    now = machine.local()
    found = [task for task in machine.tasks.values() if task.at is not None and task.at <= now]
    found.sort(key=lambda task: task.at or now)
    for task in found:
        task.at = None
    return found


def schtasks_exe(process: Process) -> int:
    """A task that is run by hand runs to its end at once; on a real host it runs beside us."""
    words = crt_arguments(process.tail)
    verb = words[0].lower() if words else "/query"
    given = {word.lower(): value for word, value in zip(words, [*words[1:], ""], strict=True) if word.startswith("/")}
    match verb:
        case "/create":
            return _create(process, given)
        case "/query":
            return _query(process, given)
        case "/run" | "/delete" if given.get("/tn"):
            return _found(process, verb, given)
        case _:
            return _wrong(process)


def _wrong(process: Process, word: str = "task-syntax") -> int:
    process.complain(process.word(word) + "\n")
    return 1


def _create(process: Process, given: dict[str, str]) -> int:
    machine = process.machine
    if not {"/tn", "/tr", "/sc", "/st"} <= set(given) or given["/sc"].lower() != "once":
        return _wrong(process)
    time = (_NEW_TIME if machine.vista else _OLD_TIME).fullmatch(given["/st"])
    if time is None or (not machine.vista and set(given) - _OLD_WORDS):
        return _wrong(process)
    name = given["/tn"]
    if name.upper() in machine.tasks and not (process.ask("") or "").upper().startswith(machine.yes):
        return 1
    now = machine.local()
    hour, minute, *seconds = (int(part) for part in time.groups())
    at = dt.datetime.combine(now.date(), dt.time(hour, minute, seconds[0] if seconds else 0))
    machine.tasks[name.upper()] = Scheduled(name, given["/tr"], at if at > now else None)
    machine.wrote("task", "create", name)
    process.say(process.word("task-made", name) + "\n")
    return 0


def _query(process: Process, given: dict[str, str]) -> int:
    """Every task; on 2003 there is no way to ask for one."""
    if "/nh" not in given:
        process.say('"TaskName","Next Run Time","Status"\n')
    for task in process.machine.tasks.values():
        when = task.at.strftime("%H:%M:%S, %m/%d/%Y") if task.at else "Never"
        process.say(f'"{task.name}","{when}",""\n')
    return 0


def _found(process: Process, verb: str, given: dict[str, str]) -> int:
    machine, name = process.machine, given["/tn"]
    task = machine.tasks.get(name.upper())
    if task is None:
        return _wrong(process, "task-missing")
    if verb == "/run":
        machine.wrote("task", "run", name)
        process.say(process.word("task-run", name) + "\n")
        machine.run_task(task.line)
        return 0
    if "/f" not in given and not (process.ask("") or "").upper().startswith(machine.yes):
        return 1
    del machine.tasks[name.upper()]
    machine.wrote("task", "delete", name)
    process.say(process.word("task-gone", name) + "\n")
    return 0
