"""Two real processes on one state directory: one of them works on a host, and the other is told who does."""

import json

import pytest

from remediators.lab.world import build
from tests.acceptance.test_interrupted import Gate

BOOK = r"""
- hosts: all
  tasks:
    - registry: {key: HKLM\SOFTWARE\X, values: {V0: {type: dword, data: 0}}}
    - registry: {key: HKLM\SOFTWARE\X, values: {V1: {type: dword, data: 1}}}
    - registry: {key: HKLM\SOFTWARE\X, values: {V2: {type: dword, data: 2}}}
"""
OTHER = BOOK.replace("SOFTWARE\\X", "SOFTWARE\\Y")


@pytest.fixture
def busy(desk):
    """A run that stands still in the middle of host ``one``; ``two`` is free."""
    gate = Gate(build("one", {}), r"reg add HKLM\SOFTWARE\X /v V1")
    d = desk({"one": {"connection": "ssh", "machine": gate}, "two": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    d.write("other.yml", OTHER)
    d.process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes", "-l", "one")
    d.gate = gate
    assert gate.reached.wait(60)
    yield d
    gate.open.set()
    d.process.kill()
    d.process.communicate(timeout=60)


def finished(d):
    d.gate.open.set()
    out, err = d.process.communicate(timeout=60)
    return d.process.returncode, out, err


def locks(d):
    return d.remediate("locks", "--output", "json").json


def test_a_second_run_is_refused_and_told_who_works_there(busy):
    runs = busy.remediate("runs").out
    ended = busy.remediate("apply", "other.yml", "-i", "lab.yml", "--yes", "-l", "one")
    assert ended.code == 3
    assert "one is held by run 2" in ended.err
    assert "--take-over REASON" in ended.err
    assert busy.remediate("runs").out == runs
    assert finished(busy)[0] == 0
    assert "SOFTWARE\\Y" not in str(busy.states()["one"])


def test_only_the_hosts_that_are_held_are_refused(busy):
    ended = busy.remediate("apply", "other.yml", "-i", "lab.yml", "--yes", "--output", "json")
    assert ended.code == 3
    assert {host["name"]: host["status"] for host in ended.json["hosts"]} == {"one": "refused", "two": "changed"}


def test_the_way_back_is_barred_by_the_lease_of_a_run_at_work_and_by_nothing_else(busy):
    ended = busy.remediate("rollback", "latest", "--yes")
    assert ended.code == 3
    assert "one is held by run" in ended.err
    assert finished(busy)[0] == 0
    assert busy.remediate("rollback", "latest", "--yes").code == 0


def test_locks_tells_who_holds_what_and_nothing_is_left_afterwards(busy):
    lease = locks(busy)[0]
    assert (lease["host"], lease["purpose"], lease["pid"]) == ("one", "apply", busy.process.pid)
    assert "one  run 2" in busy.remediate("locks").out
    assert finished(busy)[0] == 0
    assert locks(busy) == []
    assert busy.remediate("locks").out == "No host is held.\n"


def test_the_lease_of_a_run_that_was_killed_holds_nobody_up(busy):
    busy.process.kill()
    busy.process.wait(60)
    busy.gate.open.set()
    assert locks(busy) == []
    assert busy.remediate("rollback", "latest", "--yes").code == 0


@pytest.mark.parametrize("how", ["take-over", "release"])
def test_a_run_that_lost_its_lease_writes_nothing_more_and_says_why(busy, how):
    if how == "release":
        ended = busy.remediate("locks", "--release", "one", "--reason", "CHG7 comes first")
        assert (ended.code, ended.out[:28]) == (0, "one: released from run " + ended.out[23:28])
    else:
        ended = busy.remediate(
            "apply", "other.yml", "-i", "lab.yml", "--yes", "-l", "one", "--take-over", "CHG7 comes first"
        )
        assert ended.code == 0, ended.out + ended.err
    code, out, _ = finished(busy)
    assert code == 2
    assert "the lease of this run was" in out
    state = str(busy.states()["one"])
    assert "V2" not in state.split("SOFTWARE\\Y", maxsplit=1)[0] if how == "release" else "V2" in state
    events = [json.loads(line) for line in busy.remediate("runs", "--export", "-").out.splitlines()]
    kind = "lease-released" if how == "release" else "lease-taken-over"
    told = [event["body"] for event in events if event["kind"] == kind]
    assert [body["reason"] for body in told] == ["CHG7 comes first"]
    assert busy.remediate("runs", "--verify").code == 0


@pytest.mark.parametrize(
    "flags", [["--release", "one"], ["--reason", "x"], ["--release", "elsewhere", "--reason", "x"]]
)
def test_a_lease_is_released_with_a_reason_and_only_where_there_is_one(desk, flags):
    d = desk({})
    assert d.remediate("locks", *flags).code == 5


def test_a_device_is_not_confirmed_or_reverted_while_its_run_is_at_work(busy):
    ended = busy.remediate("recover", "latest", "--revert", "one")
    assert ended.code == 3
    assert "one is held by run" in ended.err
    assert finished(busy)[0] == 0
