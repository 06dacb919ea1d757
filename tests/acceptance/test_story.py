"""The main job, over WinRM and over SSH: plan, apply, an empty plan, rollback, the exact state before."""

import json
import stat

import pytest

BANNER = """\
- name: Banner
  hosts: all
  vars: {banner: Contoso ESMTP}
  tasks:
    - name: SMTP banner
      smtp_banner: {virtual_server: all, text: "{{ banner }}"}
      when: facts.exchange.version is version('6.5', '>=')
      cause: 4
      notify: Restart SMTP
      verify:
        smtp_greeting: {port: "{{ smtp_port }}", contains: "{{ banner }}"}
    - name: Fleet key
      registry:
        key: HKLM\\SOFTWARE\\Contoso\\Fleet
        values:
          (Default): {type: sz, data: "50% of \\"all\\" & <more>!"}
          Path: {type: expand_sz, data: '%SystemRoot%\\x\\'}
          Names: {type: multi_sz, data: [a, "", Zoë]}
          Number: {type: dword, data: 4294967295}
          Big: {type: qword, data: 18446744073709551615}
          Bytes: {type: binary, data: 00ff}
          Nothing: {type: none, data: ""}
          Umlaut: {type: sz, data: Grüße}
    - name: Indexing is off
      service: {name: W3SVC, state: stopped, start_mode: disabled}
  handlers:
    - name: Restart SMTP
      service: {name: SMTPSVC, state: restarted}
"""
FLEETS = {
    "winrm-ntlm": {"connection": "winrm", "transport": "ntlm"},
    "winrm-basic": {"connection": "winrm", "transport": "basic"},
    "winrm-https": {"connection": "winrm", "transport": "basic", "scheme": "https"},
    "ssh": {"connection": "ssh"},
    "ssh-key": {"connection": "ssh", "key": True},
    "ssh-2008": {"connection": "ssh", "os": "2008"},
    "winrm-2008-de": {"connection": "winrm", "os": "2008", "language": "de"},
    "ssh-de": {"connection": "ssh", "language": "de"},
}


@pytest.mark.parametrize("kind", sorted(FLEETS))
def test_plan_apply_empty_plan_rollback_and_the_state_before(desk, kind):
    d = desk({"one": FLEETS[kind], "two": FLEETS[kind]})
    d.write("book.yml", BANNER)
    before = d.states()

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "--detailed-exitcode")
    assert planned.code == 2, planned.err + planned.out
    assert d.states() == before
    applied = d.remediate("apply", "x.plan", "--yes", "--output", "json")
    assert applied.code == 0, applied.err + applied.out
    again = d.remediate("plan", "book.yml", "-i", "lab.yml", "--detailed-exitcode")
    assert again.code == 0, again.out
    changed = d.states()
    rolled = d.remediate("rollback", "latest", "--yes")

    assert rolled.code == 0, rolled.err + rolled.out
    assert changed != before
    assert d.states() == before
    assert {host["status"] for host in applied.json["hosts"]} == {"changed"}
    assert d.lab.open_shells == 0


def test_the_rollback_playbook_is_an_ordinary_playbook_and_brings_back_the_same(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BANNER)
    before = d.states()
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    run = json.loads(d.remediate("runs", "--output", "json").out)[0]["id"]

    back = d.remediate("apply", f".remediate/runs/{run}/rollback.yml", "-i", "lab.yml", "--yes")

    assert back.code == 0, back.out + back.err
    assert d.states() == before


def test_a_rollback_can_itself_be_rolled_back(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BANNER)
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    applied = d.states()
    assert d.remediate("rollback", "latest", "--yes").code == 0

    assert d.remediate("rollback", "latest", "--yes").code == 0

    assert d.states() == applied


def test_a_plan_is_one_remote_command_per_host_and_writes_nothing(desk):
    d = desk({"w": {"connection": "winrm", "transport": "basic"}, "s": {"connection": "ssh"}})
    d.write("book.yml", BANNER)

    assert d.remediate("plan", "book.yml", "-i", "lab.yml").code == 0

    assert dict(d.lab.hosts["w"].winrm.requests) == {"Create": 1, "Command": 1, "Receive": 1, "Delete": 1}
    assert d.lab.hosts["s"].ssh.requests["exec"] == 1
    assert list(d.lab.machines["w"].log) == list(d.lab.machines["s"].log) == []


def test_an_apply_is_one_command_per_changing_task_between_two_readings(desk):
    d = desk({"s": {"connection": "ssh"}})
    d.write(
        "book.yml",
        "- hosts: all\n  tasks:\n"
        + "".join(
            f"    - name: v{n}\n      registry: {{key: HKLM\\SOFTWARE, values: {{V{n}: {{type: dword, data: {n}}}}}}}\n"
            for n in range(4)
        ),
    )
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    planned = d.lab.hosts["s"].ssh.requests["exec"]

    assert d.remediate("apply", "x.plan", "--yes").code == 0

    assert planned == 1
    assert d.lab.hosts["s"].ssh.requests["exec"] - planned == 1 + 4 + 1


def test_apply_refuses_a_host_that_changed_in_between_and_still_does_the_others(desk):
    d = desk({"drifted": {"connection": "ssh"}, "same": {"connection": "ssh"}})
    d.write("book.yml", BANNER)
    d.write(
        "other.yml",
        "- hosts: drifted\n  tasks:\n    - metabase: {path: SmtpSvc/1, properties: {ConnectResponse: somebody else}}\n",
    )
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    assert d.remediate("apply", "other.yml", "-i", "lab.yml", "--yes").code == 0
    before = d.states()

    applied = d.remediate("apply", "x.plan", "--yes", "--output", "json")

    assert applied.code == 3
    hosts = {host["name"]: host for host in applied.json["hosts"]}
    assert hosts["drifted"]["status"] == "refused"
    assert "somebody else" in hosts["drifted"]["error"]
    assert hosts["same"]["status"] == "changed"
    assert d.states()["drifted"] == before["drifted"]


def test_rollback_puts_back_only_some_hosts_with_limit(desk):
    d = desk({"one": {"connection": "ssh"}, "two": {"connection": "ssh"}})
    d.write("book.yml", BANNER)
    before = d.states()
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    applied = d.states()

    assert d.remediate("rollback", "latest", "-l", "one", "--yes").code == 0

    assert d.states()["one"] == before["one"]
    assert d.states()["two"] == applied["two"]


def test_files_are_private_and_the_way_back_by_hand_is_there(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BANNER)
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0

    root = d.folder / ".remediate"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    run = next((root / "runs").iterdir())
    by_hand = (run / "manual" / "one.cmd").read_text()
    assert 'adsutil.vbs" DELETE SmtpSvc/1/ConnectResponse' in by_hand
    assert "net start" in by_hand


def test_passwords_are_in_nothing_that_a_run_writes_or_prints(desk):
    d = desk({"one": {"connection": "winrm", "transport": "ntlm"}, "two": {"connection": "ssh"}})
    d.write("book.yml", BANNER)
    shown = [
        d.remediate("ping", "-i", "lab.yml", "all", "-vvv"),
        d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "-vvv"),
        d.remediate("apply", "x.plan", "--yes", "-vvv"),
        d.remediate("show", "latest", "-vvv"),
    ]

    everything = d.written() + (d.folder / "x.plan").read_bytes()
    everything += "".join(ended.out + ended.err for ended in shown).encode()
    for host in d.lab.hosts.values():
        assert host.password
        assert host.password.encode() not in everything


def test_documents_have_the_shape_of_the_contract(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BANNER)

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "--output", "json")

    plan = planned.json
    assert plan == json.loads((d.folder / "x.plan").read_text())
    assert plan["schema"] == "remediate/plan/1"
    assert plan["digest"].startswith("sha256:")
    assert plan["playbooks"][0]["path"] == "book.yml"
    assert plan["hosts"][0]["status"] == "changes"
    banner = plan["hosts"][0]["items"][0]
    assert banner["outcome"] == "change"
    assert banner["changes"] == [
        {"resource": "metabase:SmtpSvc/1/ConnectResponse", "before": None, "after": "Contoso ESMTP"}
    ]
    assert banner["actions"] == ["service:SMTPSVC restarted"]
    assert plan["totals"]["unreachable"] == 0
    values = {c["resource"]: c["after"] for c in plan["hosts"][0]["items"][1]["changes"]}
    assert values["registry-key:HKLM\\SOFTWARE\\Contoso"] == "present"
    assert values["registry:HKLM\\SOFTWARE\\Contoso\\Fleet:Big"] == {"type": "REG_QWORD", "data": 18446744073709551615}
