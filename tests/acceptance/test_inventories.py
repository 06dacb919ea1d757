"""Inventories of other kinds than one YAML file, all the way to hosts."""

import json

import pytest
import yaml

BOOK = r"""
- hosts: all
  tasks:
    - name: value
      registry: {key: HKLM\SOFTWARE\Ours, values: {Value: {type: sz, data: ours}}}
"""


@pytest.fixture
def two(desk):
    d = desk({name: {"connection": "winrm", "transport": "basic"} for name in ("one", "two")})
    d.hosts = yaml.safe_load((d.folder / "lab.yml").read_text())["all"]["hosts"]
    return d


def without_passwords(two):
    return {name: {k: v for k, v in values.items() if k != "ansible_password"} for name, values in two.hosts.items()}


def test_a_password_beside_the_playbook_is_found_again_when_its_plan_is_applied(two):
    two.write("play/book.yml", BOOK)
    two.write("play/group_vars/all.yml", yaml.safe_dump({"ansible_password": two.hosts["one"]["ansible_password"]}))
    two.write("hosts.yml", yaml.safe_dump({"all": {"hosts": without_passwords(two)}}))
    basic = "--allow-unencrypted"
    planned = two.remediate("plan", "play/book.yml", "-i", "hosts.yml", "--out", "plan.json", basic)
    assert planned.code == 0, planned.err
    applied = two.remediate("apply", "plan.json", "--yes", basic)
    assert applied.code == 0, applied.out + applied.err


def test_a_script_a_folder_of_variables_and_a_list_are_an_inventory(two):
    two.write("book.yml", BOOK)
    listed = {"lab": {"hosts": ["one"]}, "_meta": {"hostvars": without_passwords(two)}}
    script = two.folder / two.write("inv/10-script", f"#!/usr/bin/env python3\nprint({json.dumps(listed)!r})\n")
    script.chmod(0o755)
    two.write("inv/group_vars/all/secret", yaml.safe_dump({"ansible_password": two.hosts["one"]["ansible_password"]}))
    two.write("inv/host_vars/two.json", json.dumps(without_passwords(two)["two"]))
    pinged = two.remediate("ping", "all", "-i", "inv", "-i", "two,", "--allow-unencrypted", "--output", "json")
    assert pinged.code == 0, pinged.out + pinged.err
    explained = two.remediate("inventory", "-i", "inv", "-i", "two,", "--explain", "two", "ansible_password")
    assert explained.out == (
        'two: ansible_password = "********"\n  set by all in inv/group_vars/all/secret:1:1\n  overrode nothing\n'
    )
