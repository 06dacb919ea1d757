"""``verify``: does what a run set still hold? ``status``: where does a run stand, seen from another terminal?"""

import pytest

from remediators.lab.world import build
from tests.acceptance.test_interrupted import BOOK as THREE
from tests.acceptance.test_interrupted import Gate

BOOK = r"""
- hosts: all
  tasks:
    - name: Value
      registry: {key: HKLM\SOFTWARE\Ours, values: {Value: {type: sz, data: ours}}}
    - name: Banner
      smtp_banner: {text: Contoso ESMTP}
      notify: Restart SMTP
      verify: {smtp_greeting: {port: "{{ smtp_port }}", contains: Contoso}}
  handlers:
    - name: Restart SMTP
      service: {name: SMTPSVC, state: restarted}
"""


@pytest.fixture
def done(desk):
    d = desk({"one": {"connection": "ssh"}, "two": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    ended = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert ended.code == 0, ended.out + ended.err
    return d


def test_what_a_run_set_holds_and_nothing_is_written_to_look(done):
    before = done.states()
    ended = done.remediate("verify", "latest", "-v")
    assert ended.code == 0, ended.err
    assert "one ok: 3 of 3 changes hold" in ended.out
    assert "smtp_greeting (Banner): well" in ended.out
    assert done.states() == before


def test_a_value_that_policy_put_back_and_one_that_somebody_changed_are_told_apart(done):
    done.lab.machines["one"].run(r"reg delete HKLM\SOFTWARE\Ours /v Value /f")
    done.lab.machines["two"].run(r"reg add HKLM\SOFTWARE\Ours /v Value /d theirs /f")
    ended = done.remediate("verify", "latest", "--output", "json")
    assert ended.code == 2
    states = {
        host["name"]: {change["resource"]: (change["state"], change.get("now")) for change in host["changes"]}
        for host in ended.json["hosts"]
    }
    value = r"registry:HKLM\SOFTWARE\Ours:Value"
    assert states["one"][value] == ("before", None)
    assert states["two"][value] == ("foreign", {"type": "REG_SZ", "data": "theirs"})
    assert "was put back: it is absent" in done.remediate("verify", "latest", "-l", "one").out


def test_the_world_is_looked_at_again_too(done):
    done.lab.machines["one"].run("net stop SMTPSVC")
    ended = done.remediate("verify", "latest", "-l", "one", "--after", "0s")
    assert ended.code == 2
    assert "one differs: 3 of 3 changes hold" in ended.out
    assert "smtp_greeting (Banner): " in ended.out


def test_a_host_that_is_away_is_unreachable_and_the_others_are_looked_at(done):
    done.lab.hosts["one"].faults.add("no-listener")
    ended = done.remediate("verify", "latest")
    assert ended.code == 4
    assert "one unreachable: " in ended.out
    assert "two ok" in ended.out


def test_a_time_that_is_none_is_bad_usage(done):
    ended = done.remediate("verify", "latest", "--after", "soon")
    assert ended.code == 5
    assert "65m" in ended.err


def test_a_secret_stays_hidden(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write(
        "book.yml",
        "- hosts: all\n  vars: {our_password: hush-hush-1}\n  tasks:\n"
        "    - registry: {key: HKLM\\SOFTWARE\\Ours, values: {Pin: {type: sz, data: '{{ our_password }}'}}}\n",
    )
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    assert d.remediate("verify", "latest").code == 0
    d.lab.machines["one"].run(r"reg add HKLM\SOFTWARE\Ours /v Pin /d hush-hush-2 /f")
    ended = d.remediate("verify", "latest", "--output", "json", "-vv")
    assert ended.code == 2
    assert "hush-hush" not in ended.out + ended.err


def test_a_run_that_is_over_says_so(done):
    ended = done.remediate("status", "--output", "json").json
    assert (ended["running"], ended["hosts"]["finished"]) == (False, {"changed": 2})
    assert "over" in done.remediate("status").out


def test_a_run_under_way_shows_the_host_in_flight_and_what_is_done_there(desk):
    gate = Gate(build("one", {}), "reg add HKLM\\SOFTWARE\\X /v V1")
    d = desk({"one": {"connection": "ssh", "machine": gate}, "two": {"connection": "ssh"}})
    d.write("book.yml", THREE)
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes", "-f", "1")
    try:
        assert gate.reached.wait(60)
        ended = d.remediate("status", "--output", "json").json
        assert ended["running"]
        assert ended["hosts"]["in_flight"] == [{"name": "one", "task": "v1"}]
        assert ended["hosts"]["left"] == ["two"]
    finally:
        gate.open.set()
        process.communicate(timeout=60)


def test_a_service_that_is_down_while_it_restarts_is_named(desk):
    gate = Gate(build("one", {}), "net stop ")
    d = desk({"one": {"connection": "ssh", "machine": gate}})
    d.write("book.yml", BOOK)
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    try:
        assert gate.reached.wait(60)
        ended = d.remediate("status").out
        assert "in flight: one (Restart SMTP)" in ended
        assert "down: one: service:SMTPSVC#state" in ended
    finally:
        gate.open.set()
        process.communicate(timeout=60)
