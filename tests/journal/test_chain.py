"""Nothing in the journal is altered, added or taken away unseen."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.journal import Event, Journal

COLUMNS = ("run", "kind", "host", "at", "body", "digest", "chain")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def filled(path, count=5):
    with Journal(path) as journal:
        for number in range(count):
            journal.append(Event(f"r{number % 2}", "result", "h", {"n": number}))
        return journal.head()


def forge(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def verdict(path, *heads):
    with Journal(path) as journal:
        return journal.verify(heads)


def test_a_journal_that_nobody_touched_is_whole(path):
    head = filled(path)
    found = verdict(path, head)
    assert (found.wrong, found.events, found.let_go, found.head) == (None, 5, 0, head)


@settings(max_examples=30, deadline=None)
@given(number=st.integers(1, 5), column=st.sampled_from(COLUMNS), value=st.text("abc0123", max_size=8))
def test_any_field_of_any_event_that_is_altered_is_found(tmp_path_factory, number, column, value):
    path = tmp_path_factory.mktemp("chain") / "journal.db"
    filled(path)
    forge(path, f"UPDATE events SET {column} = ? WHERE number = ?", value, number)
    assert verdict(path).wrong is not None


def test_an_event_that_was_taken_away_is_found_in_the_middle_and_at_the_end(path):
    head = filled(path)
    forge(path, "DELETE FROM events WHERE number = 5")
    assert verdict(path).wrong is None
    assert verdict(path, head).wrong == "the journal ends at event 4, and a run was told of event 5"
    forge(path, "DELETE FROM events WHERE number = 2")
    assert "event 3 (result of run r0" in verdict(path).wrong


def test_a_chain_that_was_made_anew_is_found_by_what_a_run_was_told(path):
    head = filled(path)
    path.unlink()
    for left in path.parent.glob("journal.db-*"):
        left.unlink()
    filled(path, 6)
    assert verdict(path).wrong is None
    assert verdict(path, head).wrong == "event 5 is another one than a run was told of"


def test_bodies_are_let_go_and_the_chain_stays_whole(path):
    head = filled(path)
    with Journal(path) as journal:
        assert journal.let_go(["r1"]) == 2
        assert [event.body["n"] for run in ("r0", "r1") for event in journal.events(run)] == [0, 2, 4]
        journal.append(Event("r2", "result"))
    found = verdict(path, head)
    assert (found.wrong, found.events, found.let_go) == (None, 6, 2)
    assert b'{"n": 1}' not in b"".join(part.read_bytes() for part in path.parent.iterdir())


def test_two_processes_write_one_chain(path):
    with Journal(path) as one, Journal(path) as other:
        for number in range(20):
            (one if number % 3 else other).append(Event("r", "result", "h", {"n": number}))
    assert verdict(path).wrong is None
    assert verdict(path).events == 20


def test_a_journal_of_the_first_version_gets_a_chain(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
            "INSERT INTO meta VALUES ('schema', '1');"
            "CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, kind TEXT NOT NULL,"
            " host TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL);"
            "CREATE INDEX events_of_run ON events (run, number);"
            "INSERT INTO events VALUES (3, 'r', 'result', 'h', 't', '{\"n\": 1}');"
        )
    with Journal(path) as journal:
        assert [event.body for event in journal.events("r")] == [{"n": 1}]
        journal.append(Event("r", "result", "h", {"n": 2}))
        assert journal.head().number == 4
    assert verdict(path).wrong is None


def test_a_head_of_an_empty_journal_holds(path):
    with Journal(path) as journal:
        assert journal.head().number == 0
        assert journal.verify([journal.head()]).wrong is None
