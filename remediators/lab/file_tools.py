"""``fc.exe /b`` of Windows Server 2003, as far as people use it to compare files."""

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
