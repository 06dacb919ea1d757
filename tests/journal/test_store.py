"""The journal remembers what it was told before it returns, or says that it could not."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.journal import Event, Journal
from remediators.model import JournalError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(st.characters()),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def mode(path):
    return path.stat().st_mode & 0o777


def kinds(path, run="r"):
    with Journal(path) as journal:
        return [event.kind for event in journal.events(run)]


def test_what_was_appended_is_read_by_another_process_before_the_journal_is_closed(path):
    with Journal(path) as journal:
        journal.append(Event("r", "intent", "h", {"a": 1}))
        code = (
            f"import sqlite3; print(sqlite3.connect({str(path)!r}).execute('select kind, body from events').fetchall())"
        )
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert told.strip() == """[('intent', '{"a": 1}')]"""


def test_what_was_appended_outlives_a_process_that_is_killed(path):
    code = (
        "import os, signal, pathlib; from remediators.journal import Event, Journal;"
        f"Journal(pathlib.Path({str(path)!r})).append(Event('r', 'intent', 'h')); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False)

    assert ended.returncode == -signal.SIGKILL
    assert kinds(path) == ["intent"]


def test_every_commit_is_flushed_to_disk(path):
    with Journal(path) as journal:
        connection = journal._connect()
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_all_files_of_the_journal_are_private_whatever_the_umask(path):
    before = os.umask(0)
    try:
        with Journal(path) as journal:
            journal.append(Event("r", "intent"))
            modes = {entry.name: mode(entry) for entry in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert set(modes) == {"journal.db", "journal.db-wal", "journal.db-shm"}
    assert set(modes.values()) == {0o600}


def test_events_of_many_threads_are_all_there_and_each_thread_s_are_in_its_order(path):
    def work(number):
        for turn in range(20):
            journal.append(Event("r", "note", f"h{number}", {"turn": turn}))

    with Journal(path) as journal:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        events = journal.events("r")

    assert len(events) == 320
    assert [event.number for event in events] == sorted({event.number for event in events})
    for number in range(16):
        assert [event.body["turn"] for event in events if event.host == f"h{number}"] == list(range(20))


@settings(max_examples=15, deadline=None)
@given(bodies=st.lists(st.dictionaries(st.text(st.characters()), JSON, max_size=3), max_size=4))
def test_any_json_comes_back_as_it_was_even_half_a_surrogate_pair(tmp_path_factory, bodies):
    with Journal(tmp_path_factory.mktemp("j") / "journal.db") as journal:
        for body in bodies:
            journal.append(Event("r", "note", "h\ud800", body))
        assert [event.body for event in journal.events("r")] == bodies


def test_what_is_no_json_is_refused_and_the_journal_goes_on(path):
    with Journal(path) as journal:
        with pytest.raises(JournalError, match="kind odd cannot be written"):
            journal.append(Event("r", "odd", body={"x": object()}))
        journal.append(Event("r", "good"))
        assert [event.kind for event in journal.events("r")] == ["good"]


def test_a_closed_journal_says_so_instead_of_waiting_for_ever(path):
    journal = Journal(path)
    journal.close()
    journal.close()

    with pytest.raises(JournalError, match="closed"):
        journal.append(Event("r", "late"))


def test_a_journal_of_another_version_is_refused_and_left_as_it_is(path):
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '9'")
        connection.execute("DROP TABLE events")
    connection.close()

    with pytest.raises(JournalError, match=r"written by another version \(schema 9, this one reads 2\)"):
        Journal(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'events'").fetchall() == []
    connection.close()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be taken for a header" * 40, b"{}"])
def test_a_file_that_is_no_journal_is_one_clear_line(path, content):
    path.write_bytes(content)

    with pytest.raises(JournalError, match=r"journal\.db cannot be used"):
        Journal(path)


def test_a_folder_in_the_journal_s_place_is_one_clear_line(path):
    path.mkdir()

    with pytest.raises(JournalError, match="cannot be used"):
        Journal(path)


def test_a_locked_journal_refuses_and_goes_on_when_it_is_free(path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda where, timeout: connect(where, timeout=0.05))
    with Journal(path) as journal:
        other = connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="locked; nothing more is sent"):
            journal.append(Event("r", "intent"))
        other.execute("ROLLBACK")
        other.close()
        journal.append(Event("r", "later"))

    assert kinds(path) == ["later"]


def test_a_full_disk_is_told_to_everybody_who_waits(path):
    """A limit on the size of files stands for the full disk: SQLite meets both as an error of write()."""
    code = f"""
import pathlib, resource, signal, threading
from remediators.journal import Event, Journal
from remediators.model import JournalError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(pathlib.Path({str(path)!r}))
journal.append(Event("r", "before"))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
told = []
def work():
    try:
        journal.append(Event("r", "big", "h", {{"x": "y" * 200_000}}))
    except JournalError as error:
        told.append(error.message)
threads = [threading.Thread(target=work) for _ in range(5)]
[t.start() for t in threads]
[t.join(20) for t in threads]
print(len(told), "nothing more is sent" in told[0])
journal.close()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert ended.stdout.split() == ["5", "True"], ended.stderr
    assert kinds(path) == ["before"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_an_uncommitted_tail_is_harmless(path):
    with Journal(path) as journal:
        journal.append(Event("r", "whole"))
        wal = path.with_name("journal.db-wal").read_bytes()
        main = path.read_bytes()
    torn = path.with_name("torn.db")
    torn.write_bytes(main)
    torn.with_name("torn.db-wal").write_bytes(wal + wal[32:500])

    assert kinds(torn) == ["whole"]
    assert json.dumps(kinds(path)) == '["whole"]'
