"""The state directory: private, whole files or the old ones, runs that are found by their names."""

import json
import os
import threading

import pytest

from remediators.journal import State, write_document, write_private
from remediators.model import JournalError, UsageError


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state")


def test_files_are_0600_and_folders_0700_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        state = State(tmp_path / "state")
        _, folder = state.new_run()
        state.key()
        write_document(folder / "plan.json", {})
    finally:
        os.umask(before)

    for path in [state.root, *state.root.rglob("*")]:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_a_file_that_was_readable_for_others_is_private_once_it_is_written_again(tmp_path):
    path = tmp_path / "plan"
    path.write_text("old")
    path.chmod(0o644)

    write_private(path, "new")

    assert (path.read_text(), mode(path)) == ("new", 0o600)


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "plan"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JournalError, match="plan cannot be written: No space left on device"):
        write_private(path, "new")

    assert [entry.name for entry in tmp_path.iterdir()] == ["plan"]
    assert path.read_text() == "old"


def test_what_is_no_plain_file_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()

    write_private(pipe, "plan")

    reader.join(10)
    assert heard == ["plan"]


def test_half_a_surrogate_pair_survives_a_document(tmp_path):
    write_document(tmp_path / "d", {"x": "a\ud800b"})

    assert json.loads((tmp_path / "d").read_text()) == {"x": "a\ud800b"}


def test_the_key_is_made_once_also_by_many_at_the_same_time(state):
    keys = []
    threads = [threading.Thread(target=lambda: keys.append(State(state.root).key())) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 12
    assert set(keys) == {state.key()}
    assert [entry.name for entry in state.root.iterdir() if "key" in entry.name] == ["hmac.key"]


@pytest.mark.parametrize("content", ["", "zz", "abc", "00" * 31])
def test_a_key_that_is_not_whole_is_refused(state, content):
    (state.root / "hmac.key").write_text(content)
    (state.root / "hmac.key").chmod(0o600)

    with pytest.raises(JournalError, match="not the key that was written"):
        state.key()


def test_a_state_directory_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(JournalError, match=r"state directory .* cannot be used: "):
        State(tmp_path / "file" / "state")


def test_a_run_s_folder_that_cannot_be_made_is_one_clear_line(state):
    state.runs.rmdir()
    state.runs.write_text("")

    with pytest.raises(JournalError, match="cannot be made"):
        state.new_run()


def test_runs_sort_by_the_time_they_began(state):
    runs = [state.new_run()[0] for _ in range(20)]

    assert runs == sorted(runs)
    assert state.find("latest")[0] == runs[-1]


def test_a_run_is_found_by_id_path_and_latest_and_nothing_outside_is(state, tmp_path):
    run, folder = state.new_run()
    (tmp_path / "elsewhere").mkdir()

    assert state.find(run) == state.find("latest") == state.find(str(folder)) == (run, folder)
    for name in ("../..", "..", ".", "", str(tmp_path / "elsewhere"), "no\x00thing"):
        with pytest.raises(UsageError, match="there is no run"):
            state.find(name)


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_state_directory_that_others_can_write_is_refused(tmp_path, mode):
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(mode)

    with pytest.raises(JournalError, match="can be written by others: chmod 700"):
        State(folder)

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["hmac.key", "vault.key"])
def test_a_key_that_others_can_read_is_refused(state, name):
    read = {"hmac.key": state.key, "vault.key": state.vault_password}[name]
    first = read()
    (state.root / name).chmod(0o640)

    with pytest.raises(JournalError, match="can be read by others: chmod 600"):
        read()

    (state.root / name).chmod(0o600)
    assert read() == first


def test_the_two_keys_of_a_state_directory_are_not_the_same_and_stay(state):
    assert bytes.fromhex(state.vault_password()) != state.key()
    assert State(state.root).vault_password() == state.vault_password()
    assert {path.stat().st_mode & 0o777 for path in state.root.glob("*.key")} == {0o600}
