"""Cause 6 over the command line: planned, repaired, told, and put back; a backup that a task asks for."""

import json
from pathlib import Path

import pytest

from remediators.lab import scenarios
from remediators.lab.scenarios.kb919091 import RECEIVER

from .conftest import Desk

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "cause6-metabase.yml"

BOOK = """
- hosts: all
  tasks:
    - name: The metabase is whole
      metabase_repair: {}
"""
LOST = {"file": "lost", "memory": "lost", "history": ["whole", "lost"]}
METABASE = r"C:\WINDOWS\system32\inetsrv\MetaBase.xml"


@pytest.fixture(params=["ssh", "winrm"])
def damaged(request, desk):
    d = desk({"one": {"connection": request.param, "iis": LOST}})
    d.write("book.yml", BOOK)
    return d


def test_from_the_plan_to_the_exact_files_from_before(damaged):
    machine = damaged.lab.machines["one"]
    before, services = machine.files.read(METABASE), machine.state()["services"]

    plan = damaged.remediate("plan", "book.yml", "-i", "lab.yml")
    assert plan.code == 0, plan.err
    for words in ("put right with", "MetaBase_0000000152", "mail stops meanwhile", "left behind on the host"):
        assert words in plan.out
    assert machine.files.read(METABASE) == before

    run = damaged.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert run.code == 0, run.out
    assert machine.iis.sinks
    assert "0 to change" in damaged.remediate("plan", "book.yml", "-i", "lab.yml").out

    back = damaged.remediate("rollback", "latest", "--yes")
    assert back.code == 0, back.out
    assert machine.files.read(METABASE) == before
    assert machine.state()["services"] == services


def test_the_journal_has_the_hash_of_every_file_that_was_kept_before_it_was_touched(damaged):
    damaged.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")

    events = [
        json.loads(line) for path in damaged.folder.rglob("events.jsonl") for line in path.read_text().splitlines()
    ]
    intent = next(event for event in events if event["kind"] == "intent")
    kept = intent["changes"][0]["detail"]["aside"]
    assert len(kept) == 6
    assert all(len(value) == 64 for value in kept.values())


def test_a_repair_that_was_undone_on_the_host_says_so(damaged):
    machine = damaged.lab.machines["one"]
    assert damaged.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "plan.json").code == 0
    machine.services.find("SMTPSVC").fails = 1067
    before = machine.files.read(METABASE)

    run = damaged.remediate("apply", "plan.json", "-i", "lab.yml", "--yes")

    assert run.code == 2, run.out
    assert "undone: SMTPSVC did not start with the files that were put there" in run.out
    assert machine.files.read(METABASE) == before


def test_a_backup_is_an_item_of_the_plan_and_goes_with_the_rollback(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write(
        "book.yml",
        "- hosts: all\n  tasks:\n    - smtp_banner: {text: Contoso, backup: true}\n"
        "    - metabase: {path: SmtpSvc/1, properties: {SmartHost: relay}, backup: true}\n",
    )
    before = d.states()

    plan = d.remediate("plan", "book.yml", "-i", "lab.yml")
    assert plan.out.count("command:iisback remediate_") == 2, plan.out

    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    machine = d.lab.machines["one"]
    backups = machine.files.match(r"C:\WINDOWS\system32\inetsrv\MetaBack\*.MD0")
    assert len(backups) == 2
    assert "0 to change" in d.remediate("plan", "book.yml", "-i", "lab.yml").out

    back = d.remediate("rollback", "latest", "--yes")
    assert back.code == 0, back.out
    assert d.states() == before


@pytest.mark.parametrize("connection", ["ssh", "winrm"])
def test_a_session_that_dies_while_the_script_runs_is_no_loss(desk, connection):
    d = desk({"one": {"connection": connection, "iis": LOST}})
    d.write("book.yml", BOOK)
    d.lab.hosts["one"].faults.add("drop-after-command", times=1, matching="schtasks /run")

    run = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")

    assert run.code == 0, run.out
    assert "verified=1" in run.out
    assert d.lab.machines["one"].tasks == {}


@pytest.mark.parametrize("name", ["cause6", "cause6-lost", "cause6-down", "broken-file"])
def test_the_playbook_of_cause_6_mends_what_a_story_of_the_lab_broke_and_its_rollback_brings_it_back(name, tmp_path):
    scenario = scenarios.find(f"kb919091/{name}")
    with scenario.lab(folder=tmp_path / "keys") as lab:
        desk = Desk(tmp_path, lab)
        scenario.write(lab, tmp_path)
        machine = lab.machines[RECEIVER]
        before, services = machine.files.read(METABASE), machine.state()["services"]
        options = ("-i", "inventory.yml", "-l", RECEIVER, "--yes")

        run = desk.remediate("apply", str(PLAYBOOK), *options)
        assert run.code == 0, run.out + run.err
        assert b"X-LINK2STATE" in machine.mouth().verbs

        back = desk.remediate("rollback", "latest", "--yes")
        assert back.code == 0, back.out
        assert machine.files.read(METABASE) == before
        assert machine.state()["services"] == services


def test_the_way_back_can_be_run_at_the_hosts_own_console(damaged):
    machine = damaged.lab.machines["one"]
    before = machine.files.read(METABASE)
    assert damaged.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    assert machine.files.read(METABASE) != before
    (by_hand,) = damaged.folder.rglob("manual/one.cmd")

    machine.files.write("C:\\Temp\\back.cmd", by_hand.read_bytes())
    machine.run("C:\\Temp\\back.cmd")

    assert machine.files.read(METABASE) == before
    assert machine.tasks == {}
