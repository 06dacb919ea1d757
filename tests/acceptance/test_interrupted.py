"""A run that dies: what was intended and what was verified is in the journal, and the way back works."""

import json
import signal
import threading
import time

import pytest

from remediators.cli.interrupts import ONE_WISH

BOOK = "- hosts: all\n  tasks:\n" + "".join(
    f"    - name: v{n}\n      registry: {{key: HKLM\\SOFTWARE\\X, values: {{V{n}: {{type: dword, data: {n}}}}}}}\n"
    for n in range(3)
)


class Gate:
    """A machine whose chosen command waits until it is let through, and says when it was reached."""

    def __init__(self, machine, word):
        self.machine = machine
        self.word = word
        self.reached = threading.Event()
        self.open = threading.Event()

    def __getattr__(self, name):
        return getattr(self.machine, name)

    def run(self, line, codepage=None):
        if self.word in line and not self.reached.is_set():
            self.reached.set()
            self.open.wait(60)
        return self.machine.run(line, codepage)


@pytest.fixture
def gated(desk):
    """A host that stops at the write of V1."""
    from remediators.lab.world import build

    gate = Gate(build("one", {}), "reg add HKLM\\SOFTWARE\\X /v V1")
    d = desk({"one": {"connection": "ssh", "machine": gate}})
    d.write("book.yml", BOOK)
    yield d, gate
    gate.open.set()


def last_run(d):
    return json.loads(d.remediate("show", "latest", "--output", "json").out)


def test_a_killed_run_tells_what_was_intended_and_what_was_verified(gated):
    d, gate = gated
    before = d.states()
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert gate.reached.wait(30)

    process.kill()
    process.communicate(timeout=30)
    gate.open.set()

    run = last_run(d)
    words = [change["result"] for item in run["hosts"][0]["items"] for change in item["changes"]]
    assert words == ["verified", "verified", "unknown", "not_started"]
    assert run["hosts"][0]["status"] == "unknown"
    assert run["finished"] == ""
    assert "did not end" in d.remediate("runs").out
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == before


def test_the_first_interrupt_finishes_the_item_in_hand_and_stops(gated):
    d, gate = gated
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert gate.reached.wait(30)

    process.send_signal(signal.SIGINT)
    assert "finishing the item in hand" in process.stderr.readline()
    gate.open.set()
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    words = [change["result"] for item in last_run(d)["hosts"][0]["items"] for change in item["changes"]]
    assert words == ["verified", "verified", "verified", "not_started"]
    assert "not_started" in out


def test_the_second_interrupt_stops_at_once_and_what_is_unknown_is_said_to_be_unknown(gated):
    d, gate = gated
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert gate.reached.wait(30)

    process.send_signal(signal.SIGINT)
    assert "finishing the item in hand" in process.stderr.readline()
    time.sleep(2 * ONE_WISH)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode == 130
    words = [change["result"] for item in last_run(d)["hosts"][0]["items"] for change in item["changes"]]
    assert words == ["verified", "verified", "unknown", "not_started"]


def test_a_dropped_connection_mid_apply_is_read_again_and_never_assumed(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    d.lab.hosts["one"].faults.add("drop-after-command", times=1, matching="V1 /t")

    applied = d.remediate("apply", "x.plan", "--yes", "--output", "json")

    assert applied.code == 0, applied.out
    assert [item["status"] for item in applied.json["hosts"][0]["items"]] == ["changed"] * 3


def test_a_service_that_does_not_stop_is_told_and_nothing_after_it_is_begun(desk):
    d = desk({"one": {"connection": "ssh", "services": {"Slow": {"state": "running", "stuck": True}}}})
    d.write(
        "book.yml", "- hosts: all\n  tasks:\n    - service: {name: Slow, state: stopped}\n" + BOOK.split("tasks:\n")[1]
    )

    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")

    items = applied.json["hosts"][0]["items"]
    assert applied.code == 2
    assert items[0]["status"] in ("failed", "unknown")
    assert [item["status"] for item in items[1:]] == ["not_started"] * 3


def test_an_unfinished_restart_is_finished_by_rollback(desk):
    from remediators.lab.world import build

    gate = Gate(build("one", {}), "net stop")
    d = desk({"one": {"connection": "ssh", "machine": gate}})
    d.write(
        "book.yml",
        "- hosts: all\n  tasks:\n    - smtp_banner: {virtual_server: 1, text: hello}\n      notify: again\n"
        "  handlers:\n    - name: again\n      service: {name: SMTPSVC, state: restarted}\n",
    )
    before = d.states()
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert gate.reached.wait(30)
    process.kill()
    process.communicate(timeout=30)
    gate.machine.run("net stop SMTPSVC")

    back = d.remediate("rollback", "latest", "--yes")
    after = d.states()
    gate.open.set()

    assert back.code == 0, back.out
    assert after == before
