"""Six `run_cmd` of pywinrm on each host of an inventory, 20 hosts at once."""

import sys
from concurrent.futures import ThreadPoolExecutor

import winrm
import yaml

from benchmarks.reads import KEY, NAMES, hosts_of


def work(host):
    session = winrm.Session(
        f"http://{host['ansible_host']}:{host['ansible_port']}/wsman",
        auth=(host["ansible_user"], host["ansible_password"]),
        transport="basic",
    )
    return [session.run_cmd("reg", ["query", f'"{KEY}"', "/v", name]).status_code for name in NAMES]


with open(sys.argv[1], encoding="utf-8") as file:
    HOSTS = hosts_of(yaml.safe_load(file))
with ThreadPoolExecutor(20) as pool:
    DONE = list(pool.map(work, HOSTS))
assert len(DONE) == len(HOSTS)
