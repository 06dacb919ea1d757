"""Measure `remediate plan` beside plain clients: CPU, wall time and memory of each client's whole process."""

import compileall
import os
import sys
import tempfile
from pathlib import Path

import remediators
from benchmarks import devices
from benchmarks.measuring import measure, row
from benchmarks.reads import PLAYBOOK
from remediators.lab.inventory import generate
from remediators.lab.serve import Lab

SIZES = [1, 10, 50, 200]
DEVICES = [50]
CHILDREN = Path(__file__).parent


def compare(connection, count):
    """Measure ours and the plain client on ``count`` fresh hosts; print both rows. Gives ours, theirs, requests."""
    theirs = "plain_winrm.py" if connection == "winrm" else "plain_paramiko.py"
    with tempfile.TemporaryDirectory() as name, Lab(fleet(count, connection), ports="free", folder=Path(name)) as lab:
        folder = Path(name)
        lab.write_inventory(folder / "lab.yml")
        (folder / "six.yml").write_text(PLAYBOOK, encoding="utf-8")
        remediate = str(Path(sys.executable).with_name("remediate"))
        environment = {**os.environ, "PYTHONPATH": str(CHILDREN.parent)}
        ours = measure([remediate, "plan", "six.yml", "-i", "lab.yml", "--output", "json"], folder, environment)
        counters = [host.winrm.requests if host.winrm else host.ssh.requests for host in lab.hosts.values()]
        requests = max(sum(n for verb, n in counter.items() if verb in COUNTED) for counter in counters)
        plain = measure([sys.executable, str(CHILDREN / theirs), "lab.yml"], folder, environment)
    row(f"{connection} remediate plan", count, ours)
    row(f"{connection} {theirs[:-3]} x 6", count, plain)
    return ours, plain, requests


COUNTED = ("Identify", "Create", "Command", "Receive", "Send", "Signal", "Delete", "exec")


def fleet(count, connection):
    return generate(count, connection, **({"transport": "basic"} if connection == "winrm" else {}))


def main():
    compileall.compile_dir(Path(remediators.__file__).parent, quiet=2)  # as pip does when it installs
    kinds = [word for word in sys.argv[1:] if not word.isdigit()] or ["winrm", "ssh", "devices"]
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()]
    told = []
    for count in (sizes or DEVICES) if "devices" in kinds else ():
        told += devices.compare(count)
    for connection in (kind for kind in kinds if kind != "devices"):
        for count in sizes or SIZES:
            ours, plain, requests = compare(connection, count)
            limit = 90 + 0.15 * min(count, 20)
            told.append(
                f"{connection} at {count}: {ours.cpu / plain.cpu:.2f} of the plain client's CPU, {requests} "
                f"requests a host, {ours.memory_kb / 1024:.0f} MB (limit {limit:.0f})"
            )
    print("\n".join(told))


if __name__ == "__main__":
    main()
