"""Six `exec_command` of paramiko on each host of an inventory, 20 hosts at once."""

import sys
from concurrent.futures import ThreadPoolExecutor

import paramiko
import yaml

from benchmarks.reads import KEY, NAMES, hosts_of


def work(host):
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        host["ansible_host"],
        host["ansible_port"],
        host["ansible_user"],
        host["ansible_password"],
        allow_agent=False,
        look_for_keys=False,
    )
    try:
        for name in NAMES:
            _, out, _ = client.exec_command(f'reg query "{KEY}" /v {name}')
            out.read()
            out.channel.recv_exit_status()
    finally:
        client.close()


with open(sys.argv[1], encoding="utf-8") as file:
    HOSTS = hosts_of(yaml.safe_load(file))
with ThreadPoolExecutor(20) as pool:
    list(pool.map(work, HOSTS))
