"""Running a line on a machine as every door does it, from a thread of its own."""

from __future__ import annotations

import traceback
from typing import Final

from remediators.lab.door_faults import GARBAGE, Faults
from remediators.lab.machine import Machine, Ran

CRASHED: Final = -1073741819  # 0xC0000005, access violation: how a program that crashes ends on Windows


def run(machine: Machine, faults: Faults, line: str, codepage: int | None = None) -> Ran:
    """What the machine says to ``line``; a machine that raises crashed, and says why on its error stream."""
    try:
        ran = machine.run(line, codepage)
    except Exception:  # noqa: BLE001  # the thread's edge: a bug of a machine must not stop its door
        return Ran(b"", traceback.format_exc().encode(), CRASHED)
    return Ran(GARBAGE, ran.stderr, ran.status) if faults.strikes("garbage-output", line) else ran
