"""The same inventories through `ansible-inventory`: groups, hosts and variables must come out alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from remediators.language import load_inventory, resolve_hosts

FILES = {
    "hosts.yml": """
all:
  vars: {site: none, port: 25}
  hosts: {lone: , "[::1]:2222": }
  children:
    exchange:
      vars: {tier: mail}
      hosts: {"exch[01:03].x": {rack: 1}, "db-[a:c:2]": , exch02.x: {rack: 2}}
      children: {frontend: {hosts: {exch01.x: }, vars: {tier: front}}}
    berlin: {hosts: {exch01.x: {site: berlin}, "gw:22": }}
""",
    "hosts.ini": r"""
; comment
lone ansible_host=10.0.0.1 # comment
[exchange]
exch[01:03] rack=1 name="a b" list=[1,2] flag=True low=true zip=0123 neg=-1 f=1.50 none=None
exch02 rack=2 path='C:\Temp' q="it's" tuple=1,2
v6 ansible_host=fe80::1
gw:2222
[exchange:vars]
banner = Contoso ESMTP "mail" # not a comment
num = 5
dict = {'a': 1}
url=http://x/?a=b
[front:children]
exchange
[front:vars]
num=4
""",
    "dir/01-x.yml": "a: {hosts: {h1: {v: 1}}, vars: {w: 1}}\n",
    "dir/02-y": "[a]\nh1 v=2\n[b]\nh2\n[b:vars]\nansible_group_priority=5\nw=3\n",
    "dir/group_vars/a.yml": "gv: a\nyes_is_text_here: 'yes'\n",
    "dir/group_vars/all/one.yml": "all_one: 1\n",
    "dir/group_vars/all/two.json": '{"all_two": [1, 2]}\n',
    "dir/host_vars/h1": "hv: 1\n",
    "dir/ignored.bak": "nonsense: [\n",
}


def ansible() -> str:
    """The path of ansible-inventory: where a variable says, beside this Python, or on the path."""
    named = os.environ.get("ANSIBLE_INVENTORY_BIN")
    found = (
        named
        or shutil.which("ansible-inventory", path=str(Path(sys.executable).parent))
        or shutil.which("ansible-inventory")
    )
    assert found, "ansible-core is a development dependency: install it, or set ANSIBLE_INVENTORY_BIN"
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("inventories")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def theirs(root: Path, source: str):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "ANSIBLE_LOCAL_TEMP": str(root / "tmp"),
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        [ansible(), "-i", source, "--list"], cwd=root, env=environment, capture_output=True, check=True, timeout=120
    )
    document = json.loads(done.stdout)
    variables = document.pop("_meta")["hostvars"]
    return document, variables


@pytest.mark.parametrize("source", ["hosts.yml", "hosts.ini", "dir", "h1,h2,"])
def test_hosts_groups_and_variables_are_those_of_ansible(folder, source, monkeypatch):
    groups, variables = theirs(folder, source)
    monkeypatch.chdir(folder)
    inventory = load_inventory([source])
    resolved = resolve_hosts(inventory, inventory.hosts)
    assert {name: dict(host.variables) for name, host in resolved.items()} == {
        name: variables.get(name, {}) for name in inventory.hosts
    }
    assert set(inventory.hosts) >= set(variables)
    for name, body in groups.items():
        if name != "all":
            assert set(inventory.groups[name].hosts) == set(body.get("hosts", []))
        assert set(inventory.groups[name].children) >= set(body.get("children", []))
