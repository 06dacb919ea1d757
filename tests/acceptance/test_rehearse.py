"""A plan is tried there and back on hosts that are made of it, and nothing else is contacted."""

import json
import socket

from remediators.lab.inventory import DEFAULT_FLEET

SECRET = "Top-hush-7"
WINDOWS = r"""
- name: first
  hosts: windows
  tasks:
    - name: keys
      registry:
        key: HKLM\SOFTWARE\Cfg\Deep
        values: {A: {type: multi_sz, data: [a, b]}, B: {type: binary, data: "01"}}
    - name: whole
      registry: {key: HKLM\SOFTWARE\Old, state: absent}
    - name: banner
      smtp_banner: {virtual_server: all, text: Rehearsed text}
      notify: again
      verify:
        smtp_greeting: {port: "{{ smtp_port }}", contains: Rehearsed text}
  handlers:
    - name: again
      service: {name: SMTPSVC, state: restarted, dependents: [Scanner]}
- name: second
  hosts: windows
  tasks:
    - name: off
      service: {name: W3SVC, state: stopped, start_mode: disabled}
    - name: again this key
      registry: {key: HKLM\SOFTWARE\Cfg\Deep, values: {A: {type: sz, data: other}}}
"""
DEVICES = """
- name: devices
  hosts: all
  tasks:
    - name: inspection
      ip_inspect: {}
      when: ansible_network_os | default('') is search('ios')
- name: firewalls
  hosts: all
  tasks:
    - name: esmtp
      smtp_fixup: {state: absent, allow_reload_fallback: true, allow_unarmed: true}
      verify: {smtp_greeting: {host: 192.0.2.225}}
      when: ansible_network_os | default('') is search('asa|pix')
"""
OLD = {"HKLM\\SOFTWARE\\Old\\Inner": {"x": {"type": "dword", "data": 7}, "(Default)": {"type": "sz", "data": "d"}}}


def _windows(**more):
    services = {"Scanner": {"depends": ["SMTPSVC"], "display": "A scanner of mail"}}
    return {"groups": ("windows",), "registry": OLD, "services": services, **more}


def fleet(*names):
    own = {"one": _windows(transport="ntlm"), "two": _windows(connection="ssh")}
    return {name: own.get(name) or DEFAULT_FLEET[name] for name in names}


def planned(desk, *names, book=None):
    d = desk(fleet(*names))
    both = (WINDOWS if {"one", "two"} & set(names) else "", DEVICES if {"rtr01", "fw01"} & set(names) else "")
    d.write("book.yml", book or "".join(both))
    made = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan")
    assert made.code == 0, made.out + made.err
    return d


def hosts_of(ended):
    return {host["name"]: host for host in ended.json["hosts"]}


def test_windows_goes_there_and_back_over_both_doors(desk):
    d = planned(desk, "one", "two")

    ended = d.remediate("rehearse", "x.plan", "--output", "json")

    assert ended.code == 0, ended.out + ended.err
    found = hosts_of(ended)
    assert {name: (host["applied"], host["back"], host["equal"]) for name, host in found.items()} == {
        "one": ("changed", "changed", True),
        "two": ("changed", "changed", True),
    }
    assert all(host["before"] == host["after"] and host["differences"] == [] for host in found.values())
    assert found["one"]["left_out"] == []
    applied = {item["task"]: item["status"] for item in ended.json["runs"]["apply"]["hosts"][0]["items"]}
    assert set(applied.values()) == {"changed"}
    assert "again" in applied


def test_devices_of_each_kind_go_there_and_back(desk):
    d = planned(desk, "rtr01", "fw01", "pix01")

    ended = d.remediate("rehearse", "x.plan", "--output", "json")

    assert ended.code == 0, ended.out + ended.err
    found = hosts_of(ended)
    assert {name: (host["applied"], host["back"], host["equal"]) for name, host in found.items()} == dict.fromkeys(
        ("rtr01", "fw01", "pix01"), ("changed", "changed", True)
    )
    assert [found[name]["simulated"] for name in ("rtr01", "fw01", "pix01")] == [
        "IOS router",
        "ASA firewall",
        "PIX firewall",
    ]


def test_a_mixed_plan_says_that_it_is_about_the_lab_and_what_it_does_not_tell(desk):
    d = planned(desk, "one", "rtr01")

    ended = d.remediate("rehearse", "x.plan", "-v")

    assert ended.code == 0, ended.out + ended.err
    assert "None of its hosts was contacted" in ended.out
    assert "one as a simulated Windows Server 2003: there and back" in ended.out
    assert "equal to the byte" in ended.out
    assert "untold" in ended.out
    assert "Rehearsed on 2 simulated hosts: 2 equal to the byte afterwards." in ended.out
    assert "Apply, in the lab" in ended.out


def test_no_address_of_the_inventory_is_connected_to_and_no_run_is_left_behind(desk):
    d = planned(desk, "one", "two", "rtr01")
    doors = [port for host in d.lab.hosts.values() for port in (host.port, host.smtp_port) if port]
    d.lab.stop()
    listeners = [socket.create_server(("127.0.0.1", port)) for port in doors]
    state = sorted(str(path) for path in (d.folder / ".remediate").rglob("*"))

    ended = d.remediate("rehearse", "x.plan", "--output", "json")

    assert ended.code == 0, ended.out + ended.err
    for listener in listeners:
        listener.setblocking(False)
        met = _met(listener)
        listener.close()
        assert met is None
    assert sorted(str(path) for path in (d.folder / ".remediate").rglob("*")) == state


def _met(listener):
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return None
    connection.close()
    return connection


def test_the_inventory_need_not_be_there(desk):
    d = planned(desk, "one", "rtr01")
    (d.folder / "lab.yml").unlink()

    ended = d.remediate("rehearse", "x.plan")

    assert ended.code == 0, ended.out + ended.err


SECRETS = rf"""
- hosts: windows
  tasks:
    - name: hush
      sensitive: true
      registry: {{key: HKLM\SOFTWARE\Cfg, values: {{T: {{type: sz, data: {SECRET}}}}}}}
"""


def test_a_secret_has_a_stand_in_and_that_is_said(desk):
    d = planned(desk, "one", book=SECRETS)

    ended = d.remediate("rehearse", "x.plan", "--output", "json")

    assert ended.code == 0, ended.out + ended.err
    assert r"registry:HKLM\SOFTWARE\Cfg:T" in hosts_of(ended)["one"]["stand_ins"]
    assert SECRET not in ended.out + ended.err


COMMANDS = """
- hosts: windows
  tasks:
    - name: known
      registry: {key: HKLM\\SOFTWARE\\Cfg, values: {T: {type: dword, data: 1}}}
    - name: what nobody knows
      command: {name: thing, probe: "exit 1", apply: "echo x", revert: "echo y", desired: {rc: 0}}
"""


def test_what_no_lab_can_have_is_left_out_and_counts_as_refused(desk):
    d = planned(desk, "one", book=COMMANDS)

    ended = d.remediate("rehearse", "x.plan", "--output", "json")

    assert ended.code == 3
    one = hosts_of(ended)["one"]
    assert one["equal"]
    assert [text.partition(":")[0] for text in one["left_out"]] == ["what nobody knows"]


def test_an_edited_plan_is_refused_as_apply_does(desk):
    d = planned(desk, "one")
    document = json.loads((d.folder / "x.plan").read_text())
    document["hosts"][0]["items"][0]["task"] = "another"
    d.write("x.plan", json.dumps(document))

    assert d.remediate("rehearse", "x.plan").code == 3


def test_a_playbook_is_no_plan_and_the_way_to_one_is_told(desk):
    d = planned(desk, "one")

    ended = d.remediate("rehearse", "book.yml")

    assert ended.code == 5
    assert "remediate plan book.yml --out FILE" in ended.err
