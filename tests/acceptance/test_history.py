"""History as evidence: who did what, a chain that is proved, an export, and old details let go."""

import getpass
import json
import sqlite3
from contextlib import closing

import pytest

BOOK = r"""
- hosts: all
  tasks: [{registry: {key: HKLM\SOFTWARE\Ours, values: {Value: {type: sz, data: ours}}}}]
"""


@pytest.fixture
def done(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--change", "CHG1").code == 0
    return d


def test_a_run_says_who_did_it_and_for_which_ticket(done):
    (run,) = done.remediate("runs", "--output", "json").json
    assert (run["by"]["user"], run["change"]) == (getpass.getuser(), "CHG1")
    assert f"apply by {getpass.getuser()}  1 host" in done.remediate("runs").out


def test_the_chain_is_proved_and_every_alteration_is_told(done):
    ended = done.remediate("runs", "--verify")
    assert ended.code == 0
    assert "intact" in ended.out
    with closing(sqlite3.connect(done.folder / ".remediate" / "journal.db")) as journal, journal:
        journal.execute("UPDATE events SET body = replace(body, 'ours', 'theirs') WHERE kind = 'intent'")
    ended = done.remediate("runs", "--verify")
    assert ended.code == 1
    assert "NOT intact" in ended.err
    assert "intent of run" in ended.err
    assert "is not as it was written" in ended.err


def test_events_that_were_cut_off_at_the_end_are_missed(done):
    with closing(sqlite3.connect(done.folder / ".remediate" / "journal.db")) as journal, journal:
        journal.execute("DELETE FROM events WHERE kind = 'run-finished'")
    ended = done.remediate("runs", "--verify", "--output", "json")
    assert (ended.code, ended.json["intact"]) == (1, False)
    assert "a run was told of event" in ended.json["wrong"]


def test_every_event_is_exported_with_commands_and_values_before_and_after(done):
    lines = [json.loads(line) for line in done.remediate("runs", "--export", "-").out.splitlines()]
    intent = next(line for line in lines if line["kind"] == "intent")
    change = next(change for change in intent["body"]["changes"] if change["resource"].endswith(":Value"))
    assert (change["before"], change["after"]["data"]) == (None, "ours")
    assert any("reg add" in command for command in intent["body"]["commands"])
    assert all(line["chain"] for line in lines)
    assert done.remediate("runs", "--export", "all.jsonl").code == 0
    assert len((done.folder / "all.jsonl").read_text().splitlines()) == len(lines)


def test_details_are_let_go_after_their_time_and_the_chain_stays_whole(done):
    assert "No run" in done.remediate("runs", "--forget", "1d", "--yes").out
    ended = done.remediate("runs", "--forget", "0h", "--yes")
    assert ended.code == 0, ended.err
    assert b"theirs" not in done.written()
    assert b'"ours"' not in done.written()
    proved = done.remediate("runs", "--verify", "--output", "json").json
    assert proved["intact"]
    assert proved["let_go"] > 0
    assert done.remediate("rollback", "latest", "--yes").code == 5


def test_an_age_that_is_none_is_bad_usage(done):
    ended = done.remediate("runs", "--forget", "soon", "--yes")
    assert ended.code == 5
    assert "365d" in ended.err
