"""Checks that watch a host, and the kick: through the command line, against the lab's queues and event logs."""

import json
import signal
import time

import pytest

BOOK = """\
- name: Mail moves again
  hosts: all
  tasks:
    - name: A mark
      registry: {key: HKLM\\SOFTWARE\\Contoso\\Fleet, values: {Mark: {type: sz, data: x}}}
      notify: Try the queues again
      verify:
        smtp_ehlo: {port: "{{ smtp_port }}", has: [X-EXPS, X-LINK2STATE, XEXCH50]}
        queue_drains: {at_most: 0, minutes: 2, every: 0.3}
        event_absent: {minutes: 0.01, every: 0.2}
  handlers:
    - name: Try the queues again
      queue_kick: {}
"""
EVENT = {
    "source": "MSExchangeTransport",
    "id": 4006,
    "type": "warning",
    "text": "The connection was dropped by the remote host 10.1.1.1, mail2; the semaphore timeout period has expired.",
    "ago": 300,
}
STUCK = {"connection": "winrm", "transport": "basic", "events": [EVENT]}
STUCK["queue"] = {"mail2.contoso.com": {"messages": 40, "oldest": 7200, "drain": 100}}


def items(ended):
    return {item["task"]: item for host in ended.json["hosts"] for item in host["items"]}


@pytest.fixture
def bench(desk):
    def make(book=BOOK, **spec):
        made = desk({"one": {**STUCK, **spec}})
        made.write("book.yml", book)
        return made

    return make


def test_a_kick_is_planned_as_an_action_done_once_and_seen_to_work(bench):
    d = bench()

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "-v")
    assert planned.code == 0, planned.err
    assert "call Kick" in planned.out
    assert "never run on a real Exchange server" in planned.out
    assert d.lab.machines["one"].flow.links[1].count == 40

    applied = d.remediate("apply", "x.plan", "--yes", "--output", "json")
    assert applied.code == 0, applied.err + applied.out
    assert {item["status"] for item in items(applied).values()} == {"changed"}
    assert d.lab.machines["one"].flow.links[1].count == 0

    back = d.remediate("rollback", applied.json["id"], "--yes", "--output", "json")
    assert back.code == 0, back.err + back.out


def test_a_queue_that_does_not_drain_fails_the_task(bench):
    d = bench(BOOK.replace("      notify: Try the queues again\n", "").replace("minutes: 2", "minutes: 0.02"))

    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")

    assert applied.code != 0
    assert items(applied)["A mark"]["status"] == "failed"
    assert "queue_drains: 40 messages wait" in items(applied)["A mark"]["result_reason"]


def test_a_host_on_which_wmic_never_ran_is_not_kicked_and_not_written_to(bench):
    d = bench(wmic="never-ran")
    before = d.states()

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json")

    assert items(planned)["Try the queues again"]["outcome"] == "refused"
    assert "wmic never ran on this host" in items(planned)["Try the queues again"]["reason"]
    assert d.states() == before


def test_a_kick_as_a_task_is_a_mistake_with_its_place(bench):
    d = bench("- hosts: all\n  tasks:\n    - name: Kick\n      queue_kick: {}\n")

    said = d.remediate("plan", "book.yml", "-i", "lab.yml")

    assert said.code == 5
    assert "book.yml:4:7" in said.err
    assert "only handlers do it" in said.err


def test_an_interrupt_ends_a_long_watch(bench):
    book = BOOK.replace("minutes: 0.01, every: 0.2", "minutes: 200, every: 3000")
    d = bench(book)
    running = d.start("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")
    deadline = time.monotonic() + 60
    machine = d.lab.machines["one"]
    while not (machine.flow.links[1].count == 0 and machine.log) and time.monotonic() < deadline:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=90)

    assert "Traceback" not in err
    (item,) = [item for item in json.loads(out)["hosts"][0]["items"] if item["task"] == "A mark"]
    assert item["status"] == "failed"
    assert "broken off after" in item["result_reason"]
