"""Faults one by one, at the place where each of them bites; and that the suite itself sees a lie."""

import copy
import json
import os
import signal
import sqlite3
import subprocess
import threading

import pytest

from remediators.lab.serve import Lab
from tests.faults import great
from tests.faults.moments import Moments, Watch
from tests.faults.tool import Tool
from tests.faults.truth import everything, lies, strays, value

KEY = "HKLM\\SOFTWARE\\X"
BOOK = "- hosts: all\n  tasks:\n" + "".join(
    f"    - name: v{n}\n      registry: {{key: {KEY}, values: {{V{n}: {{type: dword, data: {n}}}}}}}\n"
    for n in range(3)
)


class Desk:
    """A lab, its moments, and the tool in a folder."""

    def __init__(self, folder, fleet):
        self.lab = Lab(fleet, ports="free", folder=folder / "keys")
        self.lab.start()
        self.lab.write_inventory(folder / "lab.yml")
        (folder / "book.yml").write_text(BOOK, encoding="utf-8")
        self.moments = Moments()
        self.tool, self.watch = Tool(folder, self.moments), Watch(self.lab, self.moments)
        self.machines = {name: host.machine for name, host in self.lab.hosts.items()}
        self.before = {name: everything(machine) for name, machine in self.machines.items()}

    def apply(self, *more, **fault):
        return self.tool("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "jsonl", *more, **fault)

    def shown(self):
        return self.tool("show", "latest", "--output", "json").json

    def unchanged(self):
        return {name: everything(machine) for name, machine in self.machines.items()} == self.before

    def put(self, name, number):
        self.machines["one"].registry.set("HKEY_LOCAL_MACHINE\\SOFTWARE\\X", name, 4, number.to_bytes(4, "little"))


@pytest.fixture
def desk(tmp_path):
    desks = []

    def make(fleet):
        desks.append(Desk(tmp_path, fleet))
        return desks[-1]

    yield make
    for one in desks:
        one.lab.stop()


@pytest.fixture
def one(desk):
    return desk({"one": {"connection": "ssh"}})


def words(document, host=0):
    return [change["result"] for item in document["hosts"][host]["items"] for change in item["changes"]]


def test_what_a_host_changes_between_a_write_and_its_reading_is_a_failure_that_is_named(one):
    def when_written(host):
        if value(one.machines["one"], f"registry:{KEY}:V1") is None:
            one.moments.at("program", 1, "look again", when_written)
        else:
            one.put("V1", 99)

    one.moments.at("program", 1, "look", when_written)

    ended = one.apply()

    assert ended.code == 2
    assert words(one.shown()) == ["verified", "verified", "failed", "not_started"]
    back = one.tool("rollback", "latest", "--yes")
    assert back.code == 0, back
    assert one.unchanged()


def test_what_policy_puts_back_after_a_minute_is_not_fought_over_on_the_way_back(one):
    assert one.apply().code == 0
    one.machines["one"].advance(60)
    one.put("V1", 7)

    back = one.tool("rollback", "latest", "--yes", "--output", "json")

    assert back.code == 3
    assert "V1 was changed by somebody else" in back.out
    assert one.tool("rollback", one.tool.runs()[0], "--yes", "--overwrite", "one").code == 0
    assert one.unchanged()


def test_a_host_that_changed_between_plan_and_apply_is_refused_and_the_others_go_on(desk):
    d = desk({"one": {"connection": "ssh"}, "two": {"connection": "winrm"}})
    assert d.tool("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    d.put("V1", 7)

    ended = d.tool("apply", "x.plan", "--yes", "--output", "json")

    assert ended.code == 3
    assert {host["name"]: host["status"] for host in ended.json["hosts"]} == {"one": "refused", "two": "changed"}
    assert not lies(ended.json, d.machines, {("one", f"registry:{KEY}:V1")})


def test_a_hung_host_is_given_up_and_the_others_are_done(desk):
    d = desk({f"h{number}": {"connection": "winrm"} for number in range(5)})
    d.lab.hosts["h3"].faults.add("hang")

    ended = d.apply("-T", "2")

    assert ended.code == 4
    done = {host["name"]: host["status"] for host in d.shown()["hosts"]}
    assert done == {"h0": "changed", "h1": "changed", "h2": "changed", "h3": "unreachable", "h4": "changed"}
    d.lab.hosts["h3"].faults.discard("hang")
    assert d.watch.quiet()
    assert d.watch.shells() == 0


def test_a_host_that_goes_down_with_a_service_stopped_is_told_and_brought_back(one):
    handled = BOOK + (
        "    - name: greeting\n      smtp_banner: {virtual_server: 1, text: hello}\n      notify: again\n"
        "  handlers:\n    - name: again\n      service: {name: SMTPSVC, state: restarted}\n"
    )
    (one.tool.folder / "book.yml").write_text(handled, encoding="utf-8")
    machine = one.machines["one"]

    def when_stopped(host):
        if value(machine, "service:SMTPSVC#state") == "stopped":
            one.watch.cut(host)
            one.tool.signal(signal.SIGKILL)
        else:
            one.moments.at("program", 1, "look again", when_stopped)

    one.moments.at("program", 1, "look", when_stopped)

    assert one.apply().code == -signal.SIGKILL
    assert one.watch.quiet()

    assert value(machine, "service:SMTPSVC#state") == "running"  # its line was whole, so the host finished alone
    looked = one.tool("recover", "latest", "--output", "json").json["hosts"][0]
    assert [action["state"] for action in looked["actions"]] == ["unfinished"]
    assert one.tool("rollback", "latest", "--yes").code == 0
    assert one.unchanged()


def test_on_a_full_disk_nothing_is_sent_that_could_not_be_journaled(one):
    for limit in (1, 40, 60, 80):
        ended = one.apply(limit=limit)
        one.moments.clear()
        assert one.watch.quiet()
        if one.tool.runs():
            assert not lies(one.shown(), one.machines, cut_short=True)
            back = one.tool("rollback", "latest", "--yes")
            assert back.code == 0, back
        assert ended.code in (0, 1)
        assert one.unchanged()
    assert one.apply().code == 0


@pytest.fixture
def small_disk(tmp_path):
    """A small file system where one can be mounted; elsewhere `None`: the limit of a file's length is tested."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = os.geteuid() == 0 and _mount("-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", place)
    yield place if mounted else None
    if mounted:
        subprocess.run(["umount", "-l", place], check=True)


def _mount(*arguments):
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0


def test_a_disk_that_fills_up_stops_the_run_before_a_write_and_the_way_back_is_open_when_there_is_room(one, small_disk):
    place = small_disk or one.tool.folder / "small"
    options = ["--state-dir", str(place / "state")]
    one.moments.at("event", 5, "disk full", lambda _: _fill(place))

    ended = one.apply(*options, limit=None if small_disk else 60)

    (place / "ballast").unlink(missing_ok=True)
    assert one.watch.quiet()
    assert ended.code in (0, 1)
    shown = one.tool("show", "latest", "--output", "json", *options)
    assert shown.code == 0, shown
    assert not lies(shown.json, one.machines, cut_short=True)
    assert one.tool("rollback", "latest", "--yes", *options).code == 0
    assert one.unchanged()


def _fill(place):
    with (place / "ballast").open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def test_in_a_state_directory_that_cannot_be_written_nothing_is_begun(one):
    state = one.tool.folder / "state"
    state.mkdir(mode=0o700)
    mounted = os.geteuid() == 0 and _mount("--bind", state, state) and _mount("-o", "remount,bind,ro", state)
    if not mounted:
        state.chmod(0o500)
    try:
        ended = one.apply("--state-dir", str(state)) if mounted or os.geteuid() else one.apply("--state-dir", "/proc/x")
    finally:
        if mounted:
            subprocess.run(["umount", "-l", state], check=True)
        state.chmod(0o700)

    assert ended.code == 1
    assert "state directory" in ended.err or "cannot be" in ended.err
    assert one.unchanged()


def test_a_backup_that_holds_the_journal_is_waited_for(one):
    held, release = threading.Event(), threading.Event()

    def hold():
        connection = sqlite3.connect(one.tool.state / "journal.db", timeout=30)
        connection.execute("BEGIN IMMEDIATE")
        held.set()
        release.wait(20)
        connection.rollback()
        connection.close()

    def strike(_):
        thread.start()
        held.wait(30)
        threading.Timer(1.0, release.set).start()

    thread = threading.Thread(target=hold)
    one.moments.at("event", 3, "locked", strike)

    ended = one.apply()
    thread.join()

    assert ended.code == 0
    assert words(one.shown()) == ["verified"] * 4
    assert one.tool("runs", "--verify").code == 0


def test_a_clock_that_jumps_back_a_day_leaves_history_in_its_order(one):
    assert one.apply().code == 0
    first = one.tool.runs()
    ended = one.tool("rollback", "latest", "--yes", jump="0:-86400")

    assert ended.code == 0, ended
    assert one.unchanged()
    assert len(one.tool.runs()) == 2
    assert one.tool("runs", "--verify").code == 0
    assert one.tool("show", first[0], "--output", "json").code == 0


def test_many_hosts_killed_and_resumed_again_and_again_all_end_as_planned_in_one_run(tmp_path):
    numbers = great.run(919091, tmp_path, hosts=16, kills=3)

    assert numbers.runs == 1
    assert numbers.doubtful > 0


# The suite itself.


def test_a_word_that_is_not_so_is_seen(one):
    assert one.apply().code == 0
    document = one.shown()
    assert not lies(document, one.machines)

    one.put("V1", 7)
    one.put("V9", 7)

    assert len(lies(document, one.machines)) == 1
    assert strays(document, one.before, one.machines) == ["one ('value', 'HKEY_LOCAL_MACHINE\\\\SOFTWARE\\\\X', 'V9')"]


@pytest.mark.parametrize("word", ["failed", "reverted", "not_started"])
def test_every_false_word_is_a_lie(one, word):
    assert one.apply().code == 0
    document = copy.deepcopy(one.shown())
    document["hosts"][0]["items"][1]["changes"][0]["result"] = word

    assert lies(json.loads(json.dumps(document)), one.machines)
