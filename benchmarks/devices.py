"""
Plan and apply on Cisco devices beside nornir_netmiko and Ansible: wall time and CPU of each client's whole process.

All change the same line on the same devices of the lab, 20 at once. nornir and Ansible change and save without a net;
`remediate apply` keeps the configuration, arms each device, changes, reads back, proves all through a new session,
confirms, saves, and compares what was saved.
"""

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import measure, row
from remediators.lab.serve import Lab

CONFIG = Path(__file__).parents[1] / "tests" / "lab" / "configs" / "branch.cfg"
CHILDREN = Path(__file__).parent
BOOK = "- hosts: routers\n  tasks:\n    - ip_inspect: {inspection: MAIL-OUT, protocols: [smtp]}\n"
ANSIBLE = """\
- hosts: routers
  gather_facts: false
  tasks:
    - cisco.ios.ios_config:
        lines: [no ip inspect name MAIL-OUT smtp]
        match: none
        save_when: modified
"""
BIN = Path(sys.executable).parent


def clients(folder):
    """What is measured: a title, and the command line."""
    ours = str(BIN / "remediate")
    nornir = [sys.executable, str(CHILDREN / "nornir_client.py"), "lab.yml", str(folder / "keys" / "known_hosts")]
    return {
        "remediate plan": [ours, "plan", "book.yml", "-i", "lab.yml", "--output", "json"],
        "nornir show": [*nornir, "show"],
        "remediate apply": [ours, "apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json"],
        "nornir show, change, save": [*nornir, "change"],
        "ansible ios_config": [str(BIN / "ansible-playbook"), "-f", "20", "-i", "lab.yml", "ansible.yml"],
    }


def fleet(count):
    spec = {"connection": "network_cli", "device": "ios", "config": CONFIG, "groups": ("routers",)}
    return {f"router{number:03}": spec for number in range(1, count + 1)}


def one(title, count):
    """Measure one client on a fresh fleet, and see that it did what it was to do."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Lab(fleet(count), ports="free", folder=folder / "keys") as lab:
            lab.write_inventory(folder / "lab.yml")
            (folder / ".ssh").mkdir()
            lab.write_known_hosts(folder / ".ssh" / "known_hosts")
            (folder / "book.yml").write_text(BOOK, encoding="utf-8")
            (folder / "ansible.yml").write_text(ANSIBLE, encoding="utf-8")
            measured = measure(clients(folder)[title], folder, environment(folder))
            changed = [host for host in lab.hosts if " smtp timeout" not in lab.device(host).running()]
            saved = [host for host in changed if lab.device(host).startup() == lab.device(host).running()]
    wanted = 0 if title in ("remediate plan", "nornir show") else count
    if (len(changed), len(saved)) != (wanted, wanted):
        sys.exit(f"{title}: {len(changed)} changed and {len(saved)} saved instead of {wanted}")
    row(title, count, measured)
    return measured


def environment(folder):
    """For all clients; what is Ansible's makes it as fast as it is with host keys checked."""
    return {
        **os.environ,
        "PYTHONPATH": str(CHILDREN.parent),
        "HOME": str(folder),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(folder / "pc"),
        "ANSIBLE_NETWORK_CLI_SSH_TYPE": "paramiko",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
    }


def compare(count):
    """Measure all clients at this size; gives what the targets say."""
    found = {title: one(title, count) for title in clients(Path())}
    plan, show = found["remediate plan"].wall, found["nornir show"].wall
    apply, change, ansible = (
        found[title].wall for title in ("remediate apply", "nornir show, change, save", "ansible ios_config")
    )
    return [
        f"{count} devices: plan {plan / show:.2f} of nornir's show (to reach: 1.20)",
        f"{count} devices: safe apply {apply / change:.2f} of nornir's unsafe change (to reach: 3.00)",
        f"{count} devices: safe apply {ansible / apply:.1f} times faster than ios_config (to reach: 8.0)",
    ]
