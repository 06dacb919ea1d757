"""Measure an inventory of ten thousand hosts: our loader beside PyYAML's CSafeLoader, our command beside Ansible's."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOSTS, SITES, CLUSTERS = 10_000, 50, 20
ROUNDS = 5


def text(hosts=HOSTS):
    """An inventory with variables of ``all``, of groups of two kinds, and five of each host."""
    each = hosts // SITES
    lines = [
        "all:",
        "  vars:",
        "    ansible_connection: winrm",
        '    banner: "220 {{ inventory_hostname }} ESMTP"',
        "  children:",
    ]
    for site in range(SITES):
        lines += [
            f"    site{site:02d}:",
            "      vars:",
            f"        site: s{site:02d}",
            f"        ntp: [10.{site}.0.1, 10.{site}.0.2]",
        ]
        lines += ["        smtp:", "          port: 25", f"          relay: mail{site}.contoso.com", "      hosts:"]
        for number in range(site * each, (site + 1) * each):
            lines += [
                f"        exch{number:05d}.contoso.com:",
                f"          ansible_host: 10.{site}.{number % each // 250}.{number % 250}",
            ]
            lines += [
                f"          rack: {number % 40}",
                "          role: mailbox",
                f"          cluster: dag{number % CLUSTERS}",
                "          disks: [C, D, E]",
            ]
    lines += ["    dags:", "      children:"]
    for cluster in range(CLUSTERS):
        lines += [
            f"        dag{cluster:02d}:",
            "          vars:",
            f"            dag_name: DAG{cluster}",
            "          hosts:",
        ]
        lines += [f"            exch{number:05d}.contoso.com:" for number in range(cluster, hosts, CLUSTERS)]
    return "\n".join(lines) + "\n"


OURS = """
import sys, time
from remediators.language import load_inventory
began = time.perf_counter()
found = load_inventory([sys.argv[1]])
print(time.perf_counter() - began)
"""
PYYAML = """
import sys, time, yaml
raw = open(sys.argv[1], "rb").read()
began = time.perf_counter()
yaml.load(raw, yaml.CSafeLoader)
print(time.perf_counter() - began)
"""


def loading(code, path):
    """The best of some rounds, each in a process of its own: seconds of loading, and peak memory in MB."""
    best, memory = float("inf"), 0
    for _ in range(ROUNDS):
        watched = f"{code}\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        done = subprocess.run([sys.executable, "-c", watched, path], capture_output=True, text=True, check=True)
        seconds, kilobytes = done.stdout.split()
        best, memory = min(best, float(seconds)), max(memory, int(kilobytes) // 1024)
    return best, memory


def running(program, path, rounds):
    """Seconds of CPU of ``PROGRAM --list``, start-up included, the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [*program, "-i", path, "--list"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main():
    beside = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "hosts.yml")
        Path(path).write_text(text(), encoding="utf-8")
        began = time.monotonic()
        (ours, memory), (plain, plain_memory) = loading(OURS, path), loading(PYYAML, path)
        command = running([str(beside / "remediate"), "inventory"], path, ROUNDS)
        ansible = running([str(beside / "ansible-inventory")], path, 1)
    print(f"{HOSTS} hosts, {len(text()) / 1e6:.1f} MB of YAML, measured in {time.monotonic() - began:.0f} s")
    print(f"load_inventory         {ours:6.2f} s  {memory:4} MB")
    print(
        f"yaml.CSafeLoader       {plain:6.2f} s  {plain_memory:4} MB   ours takes {ours / plain:.2f} of it (limit 1.5)"
    )
    print(f"remediate inventory    {command:6.2f} s of CPU")
    print(f"ansible-inventory      {ansible:6.2f} s of CPU   {ansible / command:.0f} times ours (at least 10)")


if __name__ == "__main__":
    main()
