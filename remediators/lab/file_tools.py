"""``fc.exe /b`` and ``schtasks.exe`` of Windows Server 2003, as far as people use them to compare files and to run."""

from __future__ import annotations

from typing import Final

from remediators.lab.files import clean
from remediators.lab.process import Process, crt_arguments

_SAME, _DIFFERENT, _CANNOT = 0, 1, 2
_SHOWN: Final = 20


def fc_exe(process: Process) -> int:
    """Compare two files byte by byte: 0 the same, 1 different, 2 one of them cannot be opened."""
    words = [word for word in crt_arguments(process.tail) if not word.startswith("/")]
    paths = [clean(word, process.cwd) for word in words]
    for path in paths:
        if not process.machine.files.is_file(path):
            process.complain(process.word("fc-missing", path.upper()) + "\n")
            return _CANNOT
    if len(paths) != 2:
        return _CANNOT
    left, right = (process.machine.files.read(path) for path in paths)
    process.say(f"Comparing files {paths[0]} and {paths[1].upper()}\n")
    if left == right:
        process.say(process.word("fc-same") + "\n\n\n")
        return _SAME
    wrong = [place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b]
    process.say("".join(f"{place:08X}: {left[place]:02X} {right[place]:02X}\n" for place in wrong[:_SHOWN]))
    if len(left) != len(right):
        longer = paths if len(left) > len(right) else paths[::-1]
        process.say(process.word("fc-longer", *longer) + "\n\n\n")
    return _DIFFERENT


def schtasks_exe(process: Process) -> int:
    """``/create``, ``/run`` and ``/delete``. A task runs to its end at once; on a real host it runs beside us."""
    words = crt_arguments(process.tail)
    verb = words[0].lower() if words else ""
    given = {word.lower(): value for word, value in zip(words, [*words[1:], ""], strict=True) if word.startswith("/")}
    name = given.get("/tn", "")
    tasks = process.machine.tasks
    if verb == "/create" and {"/tn", "/tr", "/sc"} <= set(given):
        tasks[name.upper()] = given["/tr"]
        process.machine.wrote("task", "create", name)
        process.say(process.word("task-made", name) + "\n")
        return 0
    if verb not in ("/run", "/delete") or not name:
        process.complain(process.word("task-syntax") + "\n")
        return 1
    if name.upper() not in tasks:
        process.complain(process.word("task-missing") + "\n")
        return 1
    if verb == "/run":
        process.machine.wrote("task", "run", name)
        process.say(process.word("task-run", name) + "\n")
        process.machine.run_task(tasks[name.upper()])
        return 0
    if "/f" not in given and not (process.ask("") or "").upper().startswith(process.machine.yes):
        return 1
    del tasks[name.upper()]
    process.machine.wrote("task", "delete", name)
    process.say(process.word("task-gone", name) + "\n")
    return 0
