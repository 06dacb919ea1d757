"""Measure `remediate plan` beside plain clients: CPU, wall time and memory of each client's whole process."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reads import PLAYBOOK
from remediators.lab.inventory import generate
from remediators.lab.serve import Lab

SIZES = [1, 10, 50, 200]
CHILDREN = Path(__file__).parent


@dataclass
class Measured:
    cpu: float
    wall: float
    memory_kb: int


def measure(arguments, folder):
    """Run a client to its end. Seconds of CPU and of wall time, peak memory in KB."""
    began = time.monotonic()
    with (folder / "client.out").open("wb") as out:
        client = subprocess.Popen(
            arguments, cwd=folder, stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": str(CHILDREN.parent)}
        )
        _, status, usage = os.wait4(client.pid, 0)
        client.returncode = os.waitstatus_to_exitcode(status)
    if client.returncode:
        sys.exit(f"{arguments} ended with {client.returncode}:\n{(folder / 'client.out').read_text()[-2000:]}")
    return Measured(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss)


def compare(connection, count):
    """Measure ours and the plain client on ``count`` fresh hosts; print both rows. Gives ours, theirs, requests."""
    theirs = "plain_winrm.py" if connection == "winrm" else "plain_paramiko.py"
    with tempfile.TemporaryDirectory() as name, Lab(fleet(count, connection), ports="free", folder=Path(name)) as lab:
        folder = Path(name)
        lab.write_inventory(folder / "lab.yml")
        (folder / "six.yml").write_text(PLAYBOOK, encoding="utf-8")
        remediate = str(Path(sys.executable).with_name("remediate"))
        ours = measure([remediate, "plan", "six.yml", "-i", "lab.yml", "--output", "json"], folder)
        counters = [host.winrm.requests if host.winrm else host.ssh.requests for host in lab.hosts.values()]
        requests = max(sum(n for verb, n in counter.items() if verb in COUNTED) for counter in counters)
        plain = measure([sys.executable, str(CHILDREN / theirs), "lab.yml"], folder)
    row(f"{connection} remediate plan", count, ours)
    row(f"{connection} {theirs[:-3]} x 6", count, plain)
    return ours, plain, requests


COUNTED = ("Identify", "Create", "Command", "Receive", "Send", "Signal", "Delete", "exec")


def fleet(count, connection):
    return generate(count, connection, **({"transport": "basic"} if connection == "winrm" else {}))


def row(title, count, m):
    print(
        f"{title:34} {count:5} hosts  CPU {m.cpu:7.2f} s  {1000 * m.cpu / count:7.1f} ms/host  wall {m.wall:6.2f} s  "
        f"{1000 * m.wall / count:7.1f} ms/host  peak {m.memory_kb / 1024:6.1f} MB",
        flush=True,
    )


def main():
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    told = []
    for connection in ("winrm", "ssh"):
        for count in sizes:
            ours, plain, requests = compare(connection, count)
            limit = 90 + 0.15 * min(count, 20)
            told.append(
                f"{connection} at {count}: {ours.cpu / plain.cpu:.2f} of the plain client's CPU, {requests} "
                f"requests a host, {ours.memory_kb / 1024:.0f} MB (limit {limit:.0f})"
            )
    print("\n".join(told))


if __name__ == "__main__":
    main()
