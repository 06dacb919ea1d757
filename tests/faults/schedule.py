"""
One random schedule: a fleet, a playbook, one to three faults, and what must be so afterwards whatever they were.

`run` raises AssertionError with the seed, the faults that struck and everything that the command line said.
"""

import random
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from remediators.lab.ios_device import Device
from remediators.lab.serve import Lab
from tests.faults import book
from tests.faults.moments import Moments, PowerLoss, Watch
from tests.faults.tool import Tool
from tests.faults.truth import Spans, differing, everything, lies, strays, value

FOREIGN = "registry:HKLM\\SOFTWARE\\Other:V0"
CUT_SHORT = (130, -signal.SIGKILL)


@dataclass
class Told:
    """What one schedule did, in numbers."""

    seed: int
    hosts: int = 0
    planned: int = 0
    struck: list = field(default_factory=list)
    changes: int = 0
    ways: str = ""


class Schedule:
    def __init__(self, seed, folder):
        self.draw = random.Random(seed)
        self.told = Told(seed)
        self.folder = folder
        self.moments = Moments()
        self.tool = Tool(folder, self.moments)
        self.touched = set()
        self.options = {}
        self.during = []  # what is done between plan and apply
        self.threads = []
        self.restarted = set()  # hosts that went down
        self.killed = False
        self.twice = False

    def run(self):
        hosts = book.fleet(self.draw)
        self.book = book.playbook(self.draw, hosts)
        (self.folder / "book.yml").write_text(self.book, encoding="utf-8")
        lab = Lab(hosts, ports="free", folder=self.folder / "keys")
        try:
            lab.start()
            self.watch = Watch(lab, self.moments)
            self.machines = {name: host.machine for name, host in lab.hosts.items()}
            lab.write_inventory(self.folder / "lab.yml")
            self.told.hosts = len(hosts)
            self.before = self.stands()
            self._story(lab)
        except AssertionError as error:
            raise AssertionError(self._report(error)) from error
        finally:
            for thread in self.threads:
                thread.join()
            lab.stop()
        self.told.struck = list(self.moments.struck)
        return self.told

    def _report(self, error):
        said = "\n".join(map(str, self.tool.told))
        struck = "; ".join(self.moments.struck) or "nothing"
        return f"seed {self.told.seed}: {error}\nplanned: {self.names}\nstruck: {struck}\n{self.book}\n{said}"

    def stands(self):
        return {name: everything(machine) for name, machine in self.machines.items()}

    # The story.

    def _story(self, lab):
        self.names = []
        for _ in range(self.draw.randrange(1, 4)):
            name = self.draw.choice(sorted(FAULTS))
            self.names.append(name)
            FAULTS[name](self, lab)
        self.told.planned = len(self.names)
        ended = self._applied()
        self._well_again(lab)
        runs = self.tool.runs()
        if not runs:
            odd = [place for place in self._differing(self.before) if not self._is_touched(place)]
            assert not odd, f"there is no run, and hosts were changed: {odd}"
        documents = [self._document(run) for run in runs]
        for document in documents:
            others = {pair for other in documents if other is not document for pair in begun(other)}
            self._told_truly(document, ended, others)
        for document in documents:
            if not document["finished"] or _doubtful(document) or self.draw.random() < 0.2:
                self._recovered(document["id"])
        if runs and self.draw.random() < 0.4:
            self._goes_on(runs)
        self._goes_back(lab)
        self._left_clean(runs)

    def _applied(self):
        flags = ["-i", "lab.yml", "--yes", "--output", "jsonl", *self.options.get("flags", ())]
        target = "book.yml"
        if self.during or self.draw.random() < 0.3:
            planned = self.tool("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", *self.options.get("flags", ()))
            if planned.code in (0, 4) and (self.folder / "x.plan").exists():
                target = "x.plan"
            for change in self.during:
                change()
        mine = ["apply", target, *(flags if target == "book.yml" else flags[2:])]
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(Tool(self.folder, Moments()), "apply", "book.yml", *flags) if self.twice else None
            ended = self.tool(*mine, limit=self.options.get("limit"), jump=self.options.get("jump"))
        if other:
            self.tool.told.append(other.result())
        return ended

    def _well_again(self, lab):
        """The faults are over: no line runs, every device is up, nothing strikes any more."""
        self.moments.clear()
        for host in lab.hosts.values():
            for fault in tuple(host.faults):
                host.faults.discard(fault)
        for thread in self.threads:
            thread.join()
        assert self.watch.quiet(), "the lab does not come to rest"
        for machine in self.machines.values():
            if isinstance(machine, Device) and "reloading" in machine.events:
                assert machine.await_event("up", 30.0, machine.events.count("reloading"))

    def _told_truly(self, shown, ended, others):
        """``others`` are the changes of another run at the same time, which came before or after this one's."""
        wrong = lies(shown, self.machines, self.touched | others, cut_short=ended.code in CUT_SHORT)
        assert not wrong, f"the journal lies: {wrong}"
        odd = strays(shown, self.before, self.machines) if len(self.tool.runs()) == 1 else []
        odd = [place for place in odd if not self._is_touched(place)]
        assert not odd, f"changed, and named nowhere: {odd}"
        self.told.changes += sum(len(item["changes"]) for host in shown["hosts"] for item in host["items"])
        well = {host["status"] for host in shown["hosts"]} <= {"changed", "ok"}
        if not self.twice:
            assert well or ended.code, f"not all is well, and the exit code is 0: {shown['hosts']}"

    def _document(self, run):
        shown = self.tool("show", run, "--output", "json")
        assert shown.code == 0, f"a run cannot be shown: {shown}"
        return shown.json

    def _is_touched(self, stray):
        """Whether a place is one that this schedule changed itself."""
        name, _, place = stray.partition(" ")
        return (name in self.restarted and "'service'" in place) or (
            (name, FOREIGN) in self.touched and "Other" in place
        )

    def _recovered(self, run):
        looked = self.tool("recover", run, "--output", "json")
        assert looked.code in (0, 2), f"recover: {looked}"
        for host in looked.json["hosts"]:
            self._classed(host)
            if host["armed"]:
                self._disarmed(run, host["name"])
        if looked.json["hosts"]:
            assert self.watch.quiet()
            others = set() if len(self.tool.runs()) == 1 else {(name, "*") for name in self.machines}
            wrong = lies(self._document(run), self.machines, self.touched | others, cut_short=True)
            assert not wrong, f"after recover the journal lies: {wrong}"

    def _disarmed(self, run, name):
        """Confirm or revert an armed device; one that holds half of the change is not confirmed."""
        if self.draw.random() < 0.5:
            kept = self.tool("recover", run, "--confirm", name, "--output", "json")
            if not kept.json["hosts"][0]["armed"]:
                assert kept.code == 0, f"confirmed, and not well: {kept}"
                return
        back = self.tool("recover", run, "--revert", name)
        assert back.code == 0, f"not reverted: {back}"

    def _classed(self, host):
        """Of the changes of one address those are after that led to the value that is there, the others before."""
        values = Spans({"items": [{"outcome": "change", "changes": host["changes"]}]}).values
        for address, way in values.items():
            states = [change["state"] for change in host["changes"] if change["resource"] == address]
            now = value(self.machines[host["name"]], address)
            done = len(states) if now == way[-1] else 0 if now == way[0] else None
            done = max((n for n, one in enumerate(way) if one == now), default=None) if done is None else done
            right = ["foreign"] * len(states) if done is None else ["after"] * done + ["before"] * (len(states) - done)
            assert states == right, f"recover says of {host['name']} {address} {states}, and it is {now!r}: {right}"

    def _goes_on(self, runs):
        """On to the end: everything as planned, and nothing more to do."""
        self.told.ways += "on "
        self._resumed(runs[-1])
        ended = self.tool("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")
        assert ended.code == 0 or self.touched, f"it does not go on: {ended}"
        again = self.tool("plan", "book.yml", "-i", "lab.yml", "--output", "json").json
        left = [host["name"] for host in again["hosts"] if _undone(host)]
        assert not left, f"something is left to do on {left}"
        if ended.json.get("schema", "").startswith("remediate/run"):
            assert self.watch.quiet()
            wrong = lies(ended.json, self.machines)
            assert not wrong, f"the journal lies: {wrong}"

    def _resumed(self, run):
        """The newest run goes on where it stopped; what does not go on is named by the exit code."""
        ended = self.tool("resume", run, "--yes", "--output", "json")
        assert ended.code in (0, 2, 3), f"resume: {ended}"
        assert self.watch.quiet()
        documents = [self._document(run) for run in self.tool.runs()]
        for document in documents:
            others = {pair for other in documents if other is not document for pair in begun(other)}
            wrong = lies(document, self.machines, self.touched | others, cut_short=True)
            assert not wrong, f"after resume the journal lies: {wrong}"

    def _goes_back(self, lab):
        """All the way back, newest run first; the tool may be killed on it once more."""
        self.told.ways += "back"
        for run in reversed(self.tool.runs()):
            if self.draw.random() < 0.3:
                self.moments.at(
                    self.draw.choice(["line", "program", "event"]), self.draw.randrange(1, 15), "kill", self._kill
                )
                self.tool("rollback", run, "--yes", "--output", "jsonl")
                self._well_again(lab)
                self._settled()
            shells = self.watch.shells()
            back = self.tool("rollback", run, "--yes", "--output", "json")
            if back.code == 3 and (self.touched or self.restarted):
                names = ",".join(sorted(host["name"] for host in back.json["hosts"]))
                back = self.tool("rollback", run, "--yes", "--overwrite", names)
            assert back.code == 0, f"no way back: {back}"
            assert self.watch.quiet()
            assert self.watch.shells() <= shells, "a run that ended well left a shell open"
        odd = [place for place in self._differing(self.before) if not self._is_touched(place)]
        assert not odd, f"not as it was: {odd}"

    def _settled(self):
        """Devices that a killed rollback left armed go back at once."""
        run = self.tool.runs()[-1]
        looked = self.tool("recover", run, "--output", "json")
        for host in looked.json["hosts"]:
            if host["armed"]:
                self._disarmed(run, host["name"])

    def _differing(self, before):
        now = self.stands()
        return [f"{name} {place}" for name in now for place in differing(before[name], now[name])]

    def _left_clean(self, runs):
        """The chain is whole, and no lease is held."""
        proven = self.tool("runs", "--verify")
        assert proven.code == 0 or not runs, f"the chain is broken: {proven}"
        held = self.tool("locks", "--output", "json")
        assert held.json == [], f"leases are held: {held}"

    # What strikes.

    def _kill(self, _):
        self.killed = True
        self.tool.signal(signal.SIGKILL)

    def somebody(self):
        """Any host that runs Windows."""
        return self.draw.choice(sorted(name for name in self.machines if name != "r0"))

    def change(self, name):
        """Somebody else sets a value on a host."""
        machine = self.machines[name]
        if machine.registry.has("HKEY_LOCAL_MACHINE\\SOFTWARE\\Other"):
            machine.registry.set("HKEY_LOCAL_MACHINE\\SOFTWARE\\Other", "V0", 4, bytes.fromhex("addeadde"))
            self.touched.add((name, FOREIGN))


def begun(document):
    """The changes that a run document says were begun."""
    items = ((host["name"], item) for host in document["hosts"] for item in host["items"])
    return {
        (name, change["resource"])
        for name, item in items
        for change in item["changes"]
        if change.get("result", "not_started") != "not_started"
    }


def _doubtful(document):
    return any(host["status"] == "unknown" for host in document["hosts"])


def _undone(host):
    """Whether a plan of a host would leave a value that is another now; tasks may contradict each other on the way."""
    values = Spans(host).values
    return host["status"] not in ("ok", "changes") or any(found[0] != found[-1] for found in values.values())


FAULTS = {}


def _fault(draw_it):
    FAULTS[draw_it.__name__.strip("_")] = draw_it
    return draw_it


def _soon(schedule):
    return schedule.draw.randrange(1, 26)


@_fault
def kill_at_an_event(schedule, lab):
    schedule.moments.at("event", _soon(schedule), "kill", schedule._kill)


@_fault
def kill_before_a_write(schedule, lab):
    schedule.moments.at("intent", schedule.draw.randrange(1, 8), "kill", schedule._kill)


@_fault
def kill_before_a_line(schedule, lab):
    schedule.moments.at("line", schedule.draw.randrange(1, 16), "kill", schedule._kill)


@_fault
def kill_inside_a_line(schedule, lab):
    schedule.moments.at("program", schedule.draw.randrange(1, 80), "kill", schedule._kill)


@_fault
def kill_after_a_line(schedule, lab):
    schedule.moments.at("said", schedule.draw.randrange(1, 16), "kill", schedule._kill)


@_fault
def kill_while_a_device_is_changed(schedule, lab):
    schedule.moments.at("device-line", schedule.draw.randrange(1, 60), "kill", schedule._kill)


@_fault
def interrupt(schedule, lab):
    number = schedule.draw.choice([signal.SIGINT, signal.SIGTERM])
    schedule.moments.at("event", _soon(schedule), "interrupt", lambda _: schedule.tool.signal(number))


@_fault
def connections_cut(schedule, lab):
    kind = schedule.draw.choice(["event", "line", "program", "said", "device-line"])
    schedule.moments.at(kind, _soon(schedule), "cut", lambda host: schedule.watch.cut(host or "h0"))


def _door(schedule, lab, *names, most=1):
    name, host = schedule.draw.choice(names), schedule.somebody()
    times = schedule.draw.randrange(1, most + 1)
    lab.hosts[host].faults.add(name, times=times, skip=schedule.draw.randrange(12))
    schedule.moments.struck.append(f"{name} {times} times on {host}, if it came to that")


@_fault
def answer_lost(schedule, lab):
    _door(schedule, lab, "drop-before-command", "drop-after-command", "drop-in-answer")


@_fault
def shell_expired(schedule, lab):
    schedule.moments.at("line", _soon(schedule), "shells gone", schedule.watch.expire)


@_fault
def bad_answers(schedule, lab):
    _door(schedule, lab, "http500", "http503", "access-denied", "quota", "quota-operations", "shell-expired", most=5)


@_fault
def garbage(schedule, lab):
    _door(schedule, lab, "garbage-output")


@_fault
def keys_renewed(schedule, lab):
    schedule.moments.at("line", _soon(schedule), "rekey", schedule.watch.rekey)


@_fault
def hung_host(schedule, lab):
    lab.hosts[schedule.somebody()].faults.add("hang", skip=schedule.draw.randrange(3))
    schedule.options["flags"] = ("-T", "2")
    schedule.moments.struck.append("a host hangs")


def _reboot(schedule, host):
    schedule.restarted.add(host)
    schedule.touched |= {(host, f"service:{s.name}#state") for s in getattr(schedule.machines[host], "services", ())}
    schedule.watch.reboot(host)


@_fault
def reboot_between(schedule, lab):
    schedule.moments.at("said", _soon(schedule), "reboot", lambda host: _reboot(schedule, host))


@_fault
def power_lost_inside_a_line(schedule, lab):
    def strike(host):
        _reboot(schedule, host)
        raise PowerLoss

    schedule.moments.at("program", schedule.draw.randrange(1, 80), "power loss", strike)


@_fault
def device_reloads(schedule, lab):
    schedule.moments.at("device-line", schedule.draw.randrange(1, 60), "reload", schedule.watch.reboot)


@_fault
def changed_by_somebody_else(schedule, lab):
    kind = schedule.draw.choice(["line", "program", "said"])
    schedule.moments.at(kind, _soon(schedule), "foreign change", schedule.change)


@_fault
def changed_between_plan_and_apply(schedule, lab):
    host = schedule.somebody()
    schedule.during.append(lambda: schedule.change(host))
    schedule.moments.struck.append("changed between plan and apply")


@_fault
def disk_full(schedule, lab):
    schedule.options["limit"] = schedule.draw.randrange(16, 220)
    schedule.moments.struck.append(f"no file longer than {schedule.options['limit']} KiB")


@_fault
def clock_jumps(schedule, lab):
    seconds = schedule.draw.choice([-86400, -3600, 3600, 86400])
    schedule.options["jump"] = f"{schedule.draw.randrange(0, 60)}:{seconds}"
    for machine in schedule.machines.values():
        if not isinstance(machine, Device):
            machine.advance(schedule.draw.choice([-7200, 7200]))
    schedule.moments.struck.append(f"clock jumps {schedule.options['jump']}")


@_fault
def journal_locked(schedule, lab):
    def hold():
        path = schedule.tool.state / "journal.db"
        if not path.exists():
            return
        connection = sqlite3.connect(path, timeout=30)
        connection.execute("BEGIN IMMEDIATE")
        threading.Event().wait(0.7)
        connection.rollback()
        connection.close()

    def strike(_):
        schedule.threads.append(threading.Thread(target=hold))
        schedule.threads[-1].start()

    schedule.moments.at("event", _soon(schedule), "journal locked by a backup", strike)


@_fault
def two_runs_at_once(schedule, lab):
    if "r0" not in schedule.machines:
        schedule.twice = True
        schedule.moments.struck.append("two runs at once")


def run(seed, folder):
    """Run the schedule of a seed in an empty folder; gives what it did, or raises AssertionError."""
    return Schedule(seed, folder).run()
