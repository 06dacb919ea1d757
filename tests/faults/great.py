"""One run over many hosts that is killed again and again, and goes on each time until every host is as planned."""

import random
import signal
from dataclasses import dataclass

from remediators.lab.inventory import generate
from remediators.lab.serve import Lab
from tests.faults.moments import Moments, Watch
from tests.faults.schedule import begun
from tests.faults.tool import Tool
from tests.faults.truth import lies, value

BOOK = """\
- hosts: all
  tasks:
    - registry: {key: HKLM\\SOFTWARE\\Great, values: {A: {type: dword, data: 1}, B: {type: sz, data: two words}}}
    - metabase: {path: SmtpSvc/1, properties: {ConnectResponse: hello}}
      notify: again
    - service: {name: W3SVC, state: stopped}
  handlers:
    - name: again
      service: {name: SMTPSVC, state: restarted}
"""
WANTED = {
    "registry:HKLM\\SOFTWARE\\Great:A": {"type": "REG_DWORD", "data": 1},
    "registry:HKLM\\SOFTWARE\\Great:B": {"type": "REG_SZ", "data": "two words"},
    "metabase:SmtpSvc/1/ConnectResponse": "hello",
    "service:W3SVC#state": "stopped",
    "service:SMTPSVC#state": "running",
}


@dataclass
class Numbers:
    hosts: int
    kills: int
    runs: int
    events: int
    doubtful: int


def run(seed, folder, hosts=200, kills=10):
    """Kill and go on; gives the numbers, or raises AssertionError."""
    draw = random.Random(seed)
    fleet = {**generate(hosts - hosts // 4, most_shells=2 * kills), **_over_ssh(hosts // 4)}
    (folder / "book.yml").write_text(BOOK, encoding="utf-8")
    with Lab(fleet, ports="free", folder=folder / "keys") as lab:
        lab.write_inventory(folder / "lab.yml")
        moments = Moments()
        tool, watch = Tool(folder, moments), Watch(lab, moments)
        machines = {name: host.machine for name, host in lab.hosts.items()}
        doubtful = sum(_killed(draw, tool, watch, machines, 6 + 3 * hosts // kills) for _ in range(kills))
        _to_the_end(tool, watch, machines)
    return Numbers(hosts, kills, len(tool.runs()), moments.counts["event"], doubtful)


def _over_ssh(count):
    return {f"ssh{number:04}": {"connection": "ssh"} for number in range(1, count + 1)}


def _on(tool):
    """Begin the run, or go on with it."""
    if tool.runs():
        return tool("resume", "latest", "--yes", "--output", "jsonl")
    return tool("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "jsonl")


def _killed(draw, tool, watch, machines, most):
    """Go on, be killed among the writes, and look at every host; gives how many were in doubt."""
    watch.moments.at("intent", draw.randrange(1, most), "kill", lambda _: tool.signal(signal.SIGKILL))
    ended = _on(tool)
    assert ended.code == -signal.SIGKILL, ended
    watch.moments.clear()
    assert watch.quiet(), "the lab does not come to rest"
    document = tool("show", "latest", "--output", "json").json
    wrong = lies(document, machines, cut_short=True)
    assert not wrong, f"the journal lies: {wrong}"
    looked = tool("recover", "latest", "--output", "json")
    assert looked.code in (0, 2), looked
    wrong = lies(tool("show", "latest", "--output", "json").json, machines, cut_short=True)
    assert not wrong, f"after recover the journal lies: {wrong}"
    assert begun(document) or not document["finished"]
    return len(looked.json["hosts"])


def _to_the_end(tool, watch, machines):
    ended = _on(tool)
    assert ended.code == 0, ended
    assert watch.quiet(), "the lab does not come to rest"
    document = tool("show", "latest", "--output", "json").json
    assert {host["status"] for host in document["hosts"]} <= {"changed", "ok"}, document["totals"]
    assert not (said := lies(document, machines)), f"the journal lies: {said}"
    wrong = {
        name: address
        for name, machine in machines.items()
        for address, wanted in WANTED.items()
        if value(machine, address) != wanted
    }
    assert not wrong, f"not as planned: {wrong}"
    greetings = [name for name, machine in machines.items() if b"hello" not in (machine.greeting() or b"")]
    assert not greetings, f"never restarted: {greetings}"
    proven = tool("runs", "--verify")
    assert proven.code == 0, proven
    assert tool("locks", "--output", "json").json == []
