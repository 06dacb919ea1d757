"""A client's whole process, measured: CPU, wall time and memory."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass
class Measured:
    cpu: float
    wall: float
    memory_kb: int


def measure(arguments, folder, environment):
    """Run a client to its end. Seconds of CPU (children that it waited for included) and of wall time, peak in KB."""
    began = time.monotonic()
    with (folder / "client.out").open("wb") as out:
        client = subprocess.Popen(arguments, cwd=folder, stdout=out, stderr=out, env=environment)
        _, status, usage = os.wait4(client.pid, 0)
        client.returncode = os.waitstatus_to_exitcode(status)
    if client.returncode:
        sys.exit(f"{arguments} ended with {client.returncode}:\n{(folder / 'client.out').read_text()[-2000:]}")
    return Measured(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss)


def row(title, count, m):
    print(
        f"{title:34} {count:5} hosts  CPU {m.cpu:7.2f} s  {1000 * m.cpu / count:7.1f} ms/host  wall {m.wall:6.2f} s  "
        f"{1000 * m.wall / count:7.1f} ms/host  peak {m.memory_kb / 1024:6.1f} MB",
        flush=True,
    )
