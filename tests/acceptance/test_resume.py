"""`remediate resume`: a run that stopped at any point is gone on with, and ends as one that nobody disturbed."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from remediators.lab.ios_device import Trip
from remediators.lab.machine import Ran
from remediators.lab.services import RUNNING, STOP_PENDING, STOPPED
from remediators.lab.world import build
from tests.acceptance.conftest import REMEDIATE
from tests.acceptance.test_devices import device
from tests.acceptance.test_devices_engine import BOOK as ROUTER_BOOK
from tests.acceptance.test_devices_engine import until
from tests.acceptance.test_interrupted import BOOK, gated
from tests.acceptance.test_safety_runs import SECRET, SECRET_BOOK

__all__ = ["gated"]

KEY = "HKLM\\SOFTWARE\\X"
RESTART_BOOK = (
    "- hosts: all\n  tasks:\n    - smtp_banner: {virtual_server: 1, text: hello}\n      notify: again\n"
    "  handlers:\n    - name: again\n      service: {name: SMTPSVC, state: restarted}\n"
)
WRITES = ("reg add", "reg import", "reg delete", "net stop", "net start", "adsutil", "cscript")


OWN_TERMINAL = (  # a process whose terminal this is: it is told when that is closed
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Counted:
    """A machine that remembers every line that writes, and may stop at one of them, before or after it ran."""

    def __init__(self, machine, word=""):
        self.machine, self.word = machine, word
        self.after = self.away = False
        self.reached, self.open, self.over = threading.Event(), threading.Event(), threading.Event()
        self.lines = []
        self.all = []

    def __getattr__(self, name):
        return getattr(self.machine, name)

    def run(self, line, codepage=None):
        mine = self.word and self.word in line and not self.reached.is_set()
        mine = mine and (self.word == "reg query" or any(word in line for word in WRITES))
        try:
            return self._stopped_at(line, codepage) if mine else self._ran(line, codepage)
        finally:
            if mine:
                self.over.set()

    def _ran(self, line, codepage):
        self.all.append(line)
        if any(word in line for word in WRITES):
            self.lines.append(line)
        return self.machine.run(line, codepage)

    def _stopped_at(self, line, codepage):
        ran = self._ran(line, codepage) if self.after else None
        self.reached.set()
        self.open.wait(60)
        if self.away:  # the line never came to the host
            return Ran(b"", b"", 1)
        return ran or self._ran(line, codepage)

    def again(self, word):
        """Stop once more: at the next line that writes and has this word in it."""
        self.word, self.after, self.away = word, False, False
        for event in (self.reached, self.open, self.over):
            event.clear()

    def count(self, text):
        return sum(line.count(text) for line in self.lines)


@pytest.fixture
def killed(desk):
    """A run that was killed when a host was about to run, or had just run, a line with this word in it."""
    gates = []

    def make(book, word, *, after=False, away=False, hosts=("one",), flags=(), saved=False, spec=None):
        counted = {name: Counted(build(name, spec or {})) for name in hosts}
        gate = counted[hosts[0]]
        gate.word, gate.after, gate.away = word, after, away
        gates.append(gate)
        d = desk({name: {"connection": "ssh", "machine": one} for name, one in counted.items()})
        d.write("book.yml", book)
        d.before = d.states()
        target = ("book.yml", "-i", "lab.yml")
        if saved:  # then the first line is one of the run
            gate.word = ""
            assert d.remediate("plan", *target, "--out", "x.plan").code == 0
            gate.word, target = word, ("x.plan",)
        process = d.start("apply", *target, "--yes", "-f", "1", *flags)
        assert gate.reached.wait(60)
        process.kill()
        process.communicate(timeout=30)
        gate.open.set()
        assert gate.over.wait(30)
        return d, counted

    yield make
    for gate in gates:
        gate.open.set()


def resumed(d, *more):
    return d.remediate("resume", "latest", "--yes", "--output", "json", *more)


def well(d, ended):
    """Every host verified, nothing left, the chain intact, and the way back leads to what was there before."""
    assert ended.code == 0, ended.out + ended.err
    statuses = {host["name"]: host["status"] for host in ended.json["hosts"]}
    assert set(statuses.values()) <= {"changed", "ok"}, statuses
    words = {
        change.get("result") for host in ended.json["hosts"] for item in host["items"] for change in item["changes"]
    }
    assert words == {"verified"}
    assert d.remediate("show", "latest", "--output", "json").json == ended.json
    assert d.remediate("runs", "--verify").code == 0
    assert "nothing is left" in d.remediate("resume", "latest", "--yes").out
    assert d.remediate("verify", "latest").code == 0
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--detailed-exitcode").code == 0


def runs(d):
    return sorted((d.folder / ".remediate" / "runs").iterdir())


def kinds(d, run):
    return [json.loads(line)["kind"] for line in (run / "events.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("word", "after"), [("V1 /t", False), ("V2 /t", True)])
def test_killed_inside_a_write_it_goes_on_and_nothing_is_written_twice(killed, word, after):
    d, hosts = killed(BOOK, word, after=after, hosts=("one", "two"))

    ended = resumed(d)

    well(d, ended)
    for name, host in hosts.items():
        assert [host.count(f"V{n} /t") for n in range(3)] == [1, 1, 1], (name, host.lines)
    assert len(runs(d)) == 1
    assert {"run-started", "run-resumed", "run-finished"} <= set(kinds(d, runs(d)[0]))
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == d.before


def test_killed_before_the_first_write_it_begins(killed):
    d, hosts = killed(BOOK, "reg query", saved=True)

    assert resumed(d).code == 0
    assert [hosts["one"].count(f"V{n} /t") for n in range(3)] == [1, 1, 1]


def test_a_service_that_was_stopped_and_not_started_is_started_and_not_stopped_again(killed):
    d, hosts = killed(RESTART_BOOK, "net stop", away=True)
    host = hosts["one"]
    host.machine.run("net stop SMTPSVC")
    assert host.services.find("SMTPSVC").state == STOPPED
    host.lines.clear()

    ended = resumed(d)

    assert ended.code == 0, ended.out + ended.err
    assert host.services.find("SMTPSVC").state == RUNNING
    assert (host.count("net stop"), host.count("net start")) == (0, 1)
    assert [item["status"] for item in ended.json["hosts"][0]["items"]] == ["changed", "changed"]
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == d.before


def test_a_service_that_is_still_stopping_is_waited_for(killed):
    d, hosts = killed(RESTART_BOOK, "net stop", away=True)
    service = hosts["one"].services.find("SMTPSVC")
    service.state, service.polls_left = STOP_PENDING, 4

    ended = resumed(d)

    assert ended.code == 0, ended.out + ended.err
    assert service.state == RUNNING
    assert hosts["one"].count("net start") == 1


def test_a_value_of_somebody_else_refuses_its_host_and_the_others_go_on(killed):
    d, hosts = killed(BOOK, "V1 /t", hosts=("one", "two"))
    hosts["one"].machine.run(f"reg add {KEY} /v V0 /t REG_SZ /d theirs /f")
    hosts["one"].lines.clear()

    ended = resumed(d)

    assert ended.code == 3, ended.out + ended.err
    assert {host["name"]: host["status"] for host in ended.json["hosts"]} == {"one": "refused", "two": "changed"}
    assert "V0 is REG_SZ" in ended.json["hosts"][0]["error"]
    assert hosts["one"].lines == []


def test_a_connection_that_was_lost_is_made_again_and_the_host_finished(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    d.lab.hosts["one"].faults.add("drop-before-command", times=50, skip=2)
    broken = d.remediate("apply", "x.plan", "--yes")
    assert broken.code in (2, 4), broken.out + broken.err
    assert f"remediate resume {runs(d)[0].name}" in broken.out
    d.lab.hosts["one"].faults.discard("drop-before-command")

    ended = resumed(d)

    assert ended.code == 0, ended.out + ended.err
    assert {item["status"] for item in ended.json["hosts"][0]["items"]} == {"changed"}


def test_a_switch_that_was_armed_stays_the_same_and_is_taken_away_at_the_end(killed):
    book = BOOK.replace("registry:", "guard: 10m\n      registry:", 1)
    minutes = (
        12 * 60 - datetime.now(UTC).hour * 60 - datetime.now(UTC).minute
    )  # a host whose clock is far from midnight
    d, hosts = killed(book, "V1 /t", spec={"utc_offset": minutes})
    assert hosts["one"].machine.tasks

    ended = resumed(d)

    assert ended.code == 0, ended.out + ended.err
    assert hosts["one"].machine.tasks == {}
    assert sum("schtasks /create" in line for line in hosts["one"].all) == 1
    assert [hosts["one"].count(f"V{n} /t") for n in range(3)] == [1, 1, 1]


def test_only_the_hosts_that_are_asked_for(killed):
    d, _ = killed(BOOK, "V1 /t", hosts=("one", "two"))

    ended = resumed(d, "-l", "two")

    assert ended.code == 0, ended.out + ended.err
    assert {host["name"]: host["status"] for host in ended.json["hosts"]} == {"one": "unknown", "two": "changed"}
    assert "one  unknown" in d.remediate("resume", "latest").out
    assert resumed(d).code == 0


def test_what_a_rollback_has_put_back_is_not_done_again(killed):
    d, hosts = killed(BOOK, "V1 /t")
    run = runs(d)[0].name
    assert d.remediate("rollback", run, "--yes").code == 0
    hosts["one"].lines.clear()

    ended = d.remediate("resume", run, "--yes")

    assert ended.code in (2, 3), ended.out
    assert "put it back since: plan again" in ended.out
    assert hosts["one"].lines == []


def test_a_run_that_is_still_at_work_is_not_gone_on_with(gated):
    d, gate = gated
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert gate.reached.wait(60)
    try:
        refused = d.remediate("resume", "latest", "--yes")
    finally:
        gate.open.set()
        process.communicate(timeout=60)

    assert refused.code == 3
    assert "one is held by run" in refused.err
    assert process.returncode == 0
    assert "nothing is left" in d.remediate("resume", "latest").out


def test_a_killed_rollback_is_gone_on_with_too(killed):
    d, hosts = killed(BOOK, "V2 /t", after=True)
    gate = hosts["one"]
    gate.again("V1")
    process = d.start("rollback", "latest", "--yes")
    assert gate.reached.wait(60), gate.lines
    process.kill()
    process.communicate(timeout=60)
    gate.open.set()
    assert gate.over.wait(30)

    ended = resumed(d)

    assert ended.code == 0, ended.out + ended.err
    assert ended.json["kind"] == "rollback"
    assert d.states() == d.before


def test_secrets_are_found_again_and_told_nowhere(killed):
    given = ("-e", f"pin_password={SECRET}")
    d, hosts = killed(SECRET_BOOK + BOOK.split("tasks:\n")[1], "V0 /t", flags=given)
    assert "made with secret --extra-vars" in d.remediate("resume", "latest", "--yes").err

    ended = resumed(d, *given)

    assert ended.code == 0, ended.out + ended.err
    assert SECRET in str(hosts["one"].machine.run(f"reg query {KEY}"))
    assert SECRET not in ended.out + ended.err
    assert SECRET.encode() not in d.written()
    assert d.remediate("rollback", "latest", "--yes", *given).code == 0
    assert d.states() == d.before


# How a run is stopped, and what does not stop it.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_go_on_and_does(gated, number):
    d, gate = gated
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert gate.reached.wait(60)
    process.send_signal(number)
    assert "finishing the item in hand" in process.stderr.readline()
    gate.open.set()
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert f"Left: one. To go on: remediate resume {runs(d)[0].name}" in out
    ended = resumed(d)
    assert ended.code == 0, ended.out + ended.err
    assert [item["status"] for item in ended.json["hosts"][0]["items"]] == ["changed"] * 3


def test_a_terminal_that_is_closed_does_not_stop_a_run(gated):
    d, gate = gated
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL, REMEDIATE, "apply", "book.yml", "-i", "lab.yml", "--yes"],
        cwd=d.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    assert gate.reached.wait(60)
    os.close(ours)  # the session's leader is sent SIGHUP, and every write fails from now on
    gate.open.set()

    assert process.wait(60) == 0
    shown = d.remediate("show", "latest", "--output", "json").json
    assert shown["hosts"][0]["status"] == "changed"
    assert (runs(d)[0] / "run.json").is_file()


def test_a_disk_that_is_full_half_way_stops_the_run_and_it_is_gone_on_with(desk):
    """A limit on the size of files stands for the full disk."""
    d = desk({"one": {"connection": "ssh"}})
    long = "x" * 1000
    tasks = [
        f"    - name: w{n}\n      registry: {{key: HKLM\\SOFTWARE\\X, values: {{W{n}: {{type: sz, data: {long}}}}}}}\n"
        for n in range(20)
    ]
    d.write("book.yml", "- hosts: all\n  tasks:\n" + "".join(tasks))
    before = d.states()
    ended = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; ulimit -f 180; exec {REMEDIATE} apply book.yml -i lab.yml --yes"],
        cwd=d.folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "was stopped" in ended.stderr
    assert d.states() != before
    done = json.loads(d.remediate("show", "latest", "--output", "json").out)["hosts"][0]["items"]
    for item in done:  # what is in the host is in the journal
        (change,) = item["changes"][-1:]
        there = d.lab.machines["one"].registry.get(KEY.replace("HKLM", "HKEY_LOCAL_MACHINE"), item["task"].upper())
        assert (there is not None) <= (change["result"] != "not_started")

    assert resumed(d).code == 0
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == before


# Devices.


def killed_at(d, word):
    """Kill an apply when its router has done a line, and has not said so yet."""
    router = d.lab.device("branch")
    router.trips.append(Trip(word, mute=True))
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    try:
        assert until(lambda: any(word in entry.line for entry in tuple(router.log)))
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    router.mute = False
    return router


@pytest.fixture
def branch(desk):
    d = desk({"branch": device("branch")})
    d.write("book.yml", ROUTER_BOOK)
    (planned,) = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]
    return d, planned


@pytest.mark.parametrize(
    ("moment", "events"),
    [
        ("changed", ["armed", "confirmed", "saved"]),
        ("confirmed", ["armed", "confirmed", "saved"]),
        ("saved", ["armed", "confirmed", "saved"]),
        ("armed", ["armed", "confirmed", "saved"]),
    ],
)
def test_a_router_of_a_dead_run_is_finished_under_the_timer_that_runs(branch, moment, events):
    d, planned = branch
    lines = {
        "armed": planned["arming"]["arm"][-1],
        "changed": planned["items"][0]["commands"][-1],
        "confirmed": planned["arming"]["confirm"][-1],
        "saved": planned["arming"]["save"][-1],
    }
    before = d.lab.device("branch").running()
    router = killed_at(d, lines[moment])

    ended = resumed(d)

    assert ended.code == 0, ended.out + ended.err
    assert ended.json["hosts"][0]["status"] == "changed"
    assert list(dict.fromkeys(router.events)) == events
    assert router.startup() == router.running()
    assert router.lines().count(planned["items"][0]["commands"][-1]) == 1
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert sorted(router.running().splitlines()) == sorted(before.splitlines())
