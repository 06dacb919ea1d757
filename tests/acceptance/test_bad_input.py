"""Whatever is wrong: one clear line that names host or file and the remedy, the right exit code, no traceback."""

import json

import pytest

OK = "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\X, values: {V: {type: dword, data: 1}}}\n"
SSH = {"connection": "ssh"}
WINRM = {"connection": "winrm", "transport": "basic"}


@pytest.fixture
def one(desk):
    return desk({"good": SSH})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- hosts: all\n  tasks: [\n", "bad.yml:2:10"),
        ("- hosts: all\n  taks: []\n", "did you mean 'tasks'?"),
        ("- hosts: all\n  tasks:\n    - registri: {key: HKLM\\X}\n", "did you mean 'registry'?"),
        ("- hosts: all\n  tasks:\n    - registry: {key: HKLM\\X, stat: absent}\n", "did you mean 'state'?"),
        ("- hosts: all\n  tasks:\n    - registry: {key: HKLM\\X, state: gone}\n", "bad.yml:3:"),
        ("- hosts: all\n  tasks:\n    - registry: {key: '{{ nokey }}', state: absent}\n", "nokey"),
        ("- hosts: all\n  tasks:\n    - registry: {key: '{{ a + }}', state: absent}\n", "bad.yml:3:"),
        ("- hosts: all\n  hosts: good\n  tasks: []\n", "bad.yml:2:3"),
        ("- hosts: nobody\n  tasks:\n    - registry: {key: HKLM\\X\\Y, state: absent}\n", "nobody"),
        ("- hosts: all\n  tasks:\n    - service: {name: X, state: restarted}\n", "handler"),
        ("- hosts: all\n  tasks:\n    - registry: {key: HKCU\\X, state: absent}\n", "HKU\\SID"),
        ("- hosts: all\n  strategy: free\n  tasks: []\n", "strategy"),
        ("- hosts: all\n  tasks:\n    - registry: {key: HKLM\\X, state: absent}\n      register: x\n", "register"),
        (
            "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\X, values: {V: {type: dword, data: 4294967296}}}\n",
            "4294967296",
        ),
        ("- hosts: all\n  tasks:\n    - registry: {key: HKLM\\X, values: {V: {type: dword, data: x}}}\n", "bad.yml:3:"),
        ("", "bad.yml"),
        ("just text\n", "bad.yml:1:1"),
    ],
)
def test_a_playbook_that_is_wrong_is_told_by_line_and_nothing_is_contacted(one, text, told):
    one.write("bad.yml", text)

    ended = one.remediate("plan", "bad.yml", "-i", "lab.yml")

    assert ended.code == 5
    assert told in ended.err
    assert ended.out == ""
    assert one.lab.hosts["good"].ssh.requests["connect"] == 0


def test_all_errors_of_all_files_are_told_at_once(one):
    one.write("a.yml", "- hosts: all\n  taks: []\n")
    one.write("b.yml", "- hosts: all\n  tasks:\n    - registri: {}\n    - registry: {kee: x}\n")

    ended = one.remediate("validate", "a.yml", "b.yml", "-i", "lab.yml")

    assert ended.code == 5
    assert "a.yml:2:3" in ended.err
    assert "b.yml:3:7" in ended.err
    assert "b.yml:4:18" in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan", "gone.yml", "-i", "lab.yml"], "gone.yml"),
        (["plan", "ok.yml", "-i", "gone.yml"], "gone.yml"),
        (["plan", "ok.yml"], "no inventory"),
        (["plan", "ok.yml", "-i", "lab.yml", "-l", "nobody"], "nobody"),
        (["plan", "ok.yml", "-i", "lab.yml", "--expect-hosts", "2"], "--expect-hosts"),
        (["plan", "ok.yml", "-i", "lab.yml", "--no-such-flag"], "no-such-flag"),
        (["apply", "ok.yml", "-i", "lab.yml"], "--yes"),
        (["rollback", "nothing"], "nothing"),
        (["show", "nothing"], "nothing"),
        (["plann"], "did you mean plan"),
        (["ping", "-i", "lab.yml", "godo"], "good"),
        (["doc", "registri"], "did you mean registry"),
    ],
)
def test_bad_usage_is_told_and_ends_with_5(one, arguments, told):
    one.write("ok.yml", OK)

    ended = one.remediate(*arguments)

    assert ended.code == 5, ended.out + ended.err
    assert told in ended.err


def test_a_plan_that_was_edited_or_is_of_another_version_or_for_hosts_that_are_gone_is_refused(one):
    one.write("ok.yml", OK)
    assert one.remediate("plan", "ok.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    plan = json.loads((one.folder / "x.plan").read_text())
    one.write("edited.plan", json.dumps({**plan, "tool": "mine"}))
    one.write("newer.plan", json.dumps({**plan, "schema": "remediate/plan/9"}))
    one.write("torn.plan", json.dumps(plan)[:-40])
    one.write("other.yml", "all: {hosts: {another: {}}}\n")

    assert "edited" in one.remediate("apply", "edited.plan", "--yes").err
    assert "remediate/plan/9" in one.remediate("apply", "newer.plan", "--yes").err
    assert "torn.plan" in one.remediate("apply", "torn.plan", "--yes").err
    gone = one.remediate("apply", "x.plan", "-i", "other.yml", "--yes")
    assert gone.code == 5
    assert "good" in gone.err


def unreachable(desk, spec, *more, fault=None, variables="", timeout="5"):
    d = desk({"bad": spec, "good": SSH})
    if fault:
        d.lab.hosts["bad"].faults.add(fault)
    if variables:
        text = (d.folder / "lab.yml").read_text()
        d.write("lab.yml", text)
        d.write("host_vars/bad.yml", variables)
    d.write("ok.yml", OK)
    return d, d.remediate("plan", "ok.yml", "-i", "lab.yml", "-T", timeout, "--output", "json", *more)


@pytest.mark.parametrize(
    ("spec", "fault", "variables", "told"),
    [
        (WINRM, None, "ansible_password: wrong-one\n", "password"),
        (SSH, None, "ansible_password: wrong-one\n", "password"),
        (SSH, "wrong-host-key", "", "host key"),
        ({**WINRM, "scheme": "https"}, "wrong-certificate", "", "certificate"),
        (WINRM, None, "ansible_port: 1\n", "no WinRM listener"),
        (SSH, None, "ansible_port: 1\n", "refused"),
        (WINRM, "hang", "", "in time"),
        (SSH, "hang", "", "5 s"),
        (WINRM, "http500", "", "500"),
        (WINRM, "quota", "", "quota"),
        (WINRM, None, "ansible_winrm_message_encryption: auto\n", "encrypt"),
    ],
)
def test_a_host_that_cannot_be_reached_is_told_and_the_others_go_on(desk, spec, fault, variables, told):
    d, ended = unreachable(desk, spec, fault=fault, variables=variables)

    hosts = {host["name"]: host for host in ended.json["hosts"]}
    assert ended.code == 4, ended.err
    assert hosts["bad"]["status"] == "unreachable"
    assert told in hosts["bad"]["error"]
    assert "\n" not in hosts["bad"]["error"]
    assert "wrong-one" not in ended.out + ended.err
    assert hosts["good"]["status"] == "changes"
    assert d.lab.open_shells == 0


def test_output_that_is_no_text_fails_what_it_spoils_and_nothing_else(desk):
    _, ended = unreachable(desk, WINRM, fault="garbage-output")

    hosts = {host["name"]: host for host in ended.json["hosts"]}
    assert ended.code in (1, 4)
    assert hosts["bad"]["status"] in ("failed", "unreachable")
    assert hosts["good"]["status"] == "changes"


def test_a_value_of_an_unexpected_type_is_shown_as_it_is_and_comes_back_as_it_was(desk):
    odd = {"HKLM\\SOFTWARE\\X": {"V": {"type": "REG_RESOURCE_LIST", "data": "0102ff"}}}
    d = desk({"odd": {**SSH, "registry": odd}})
    d.write("ok.yml", OK)
    before = d.states()

    planned = d.remediate("plan", "ok.yml", "-i", "lab.yml", "--output", "json")
    change = planned.json["hosts"][0]["items"][0]["changes"][0]

    assert change["before"] == {"type": "REG_RESOURCE_LIST", "data": "0102ff"}
    assert d.remediate("apply", "ok.yml", "-i", "lab.yml", "--yes").code == 0
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == before


def test_windows_2000_is_refused_by_version_with_the_reason(desk):
    d = desk({"old": {**SSH, "os": "2000"}})
    d.write("ok.yml", OK)

    planned = d.remediate("plan", "ok.yml", "-i", "lab.yml", "--output", "json")

    assert planned.code == 0
    assert planned.json["hosts"][0]["status"] == "refused"
    assert "2000" in planned.json["hosts"][0]["error"]
    assert planned.json["totals"]["refused"] == 1
    assert d.remediate("apply", "ok.yml", "-i", "lab.yml", "--yes").code == 3


def test_a_registry_key_that_may_not_be_read_is_unread_and_not_absent(desk):
    d = desk({"shut": {**SSH, "registry": {"HKLM\\SOFTWARE\\X": {}}, "denied": ["HKLM\\SOFTWARE\\X"]}})
    d.write("ok.yml", OK)

    planned = d.remediate("plan", "ok.yml", "-i", "lab.yml", "--output", "json")

    assert planned.code == 1
    assert planned.json["hosts"][0]["items"][0]["outcome"] == "failed"
    assert "was not read" in planned.json["hosts"][0]["items"][0]["reason"]
