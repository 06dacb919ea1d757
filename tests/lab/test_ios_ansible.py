"""The lab's routers, driven by Ansible's `cisco.ios` over `network_cli`: a client that shares nothing with ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from remediators.lab.serve import Lab

CONFIGS = Path(__file__).parent / "configs"
NAMES = ("branch", "edge-xe", "zones")
BOOK = """\
- hosts: routers
  gather_facts: false
  tasks:
    - name: show
      cisco.ios.ios_command:
        commands: [show version, show running-config]
    - name: change and save
      cisco.ios.ios_config:
        lines: [ip inspect name BY-ANSIBLE tcp timeout 30]
        save_when: modified
    - name: change nothing the second time
      cisco.ios.ios_config:
        lines: [ip inspect name BY-ANSIBLE tcp timeout 30]
"""


@pytest.fixture
def lab(tmp_path):
    fleet = {
        name: {
            "connection": "network_cli",
            "device": "ios",
            "config": CONFIGS / f"{name}.cfg",
            "groups": ("routers",),
        }
        for name in NAMES
    }
    with Lab(fleet, folder=tmp_path / "keys") as running:
        running.write_inventory(tmp_path / "lab.yml")
        yield running


def play(folder, lab):
    """Run the playbook; what came of each task, by host."""
    (folder / "book.yml").write_text(BOOK, encoding="utf-8")
    (folder / ".ssh").mkdir()
    lab.write_known_hosts(folder / ".ssh" / "known_hosts")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "lab.yml", "book.yml"],
        cwd=folder,
        env={
            **os.environ,
            "HOME": str(folder),  # its known_hosts are believed, and nothing else
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(folder / "pc"),
            "ANSIBLE_NETWORK_CLI_SSH_TYPE": "paramiko",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (ran,) = json.loads(done.stdout[done.stdout.index("{") :])["plays"]
    return {task["task"]["name"]: task["hosts"] for task in ran["tasks"]}


def test_ansible_shows_changes_and_saves_with_the_inventory_that_the_lab_writes(lab, tmp_path):
    before = {name: lab.device(name).running() for name in NAMES}

    told = play(tmp_path, lab)

    for name in NAMES:
        device = lab.device(name)
        assert told["show"][name]["stdout"][1].rstrip().endswith("\nend")
        assert told["change and save"][name]["updates"] == ["ip inspect name BY-ANSIBLE tcp timeout 30"]
        assert told["change nothing the second time"][name]["changed"] is False
        assert device.running() != before[name]
        assert device.startup() == device.running()
        assert device.lines(config=True) == ["ip inspect name BY-ANSIBLE tcp timeout 30", "end"]
