"""Leases on hosts: one run at a time, also where several people use one state directory."""

import subprocess
import sys
import threading

import pytest

from remediators.journal import Held, Leases, Lost
from remediators.journal import leases as module
from remediators.journal.leases import LASTS
from remediators.model import JournalError


class Clock:
    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leases(tmp_path, clock):
    return Leases(tmp_path / "leases.db", clock)


def take(leases, run, *hosts, **more):
    return leases.take(hosts, run, "apply", "somebody@desk", **more)


def test_a_host_belongs_to_one_run_at_a_time(leases):
    assert set(take(leases, "one", "a", "b").ours) == {"a", "b"}
    second = take(leases, "two", "B", "c")
    assert set(second.ours) == {"c"}
    assert second.theirs["B"].run == "one"
    assert "run one (apply by somebody@desk since 2027-" in str(second.theirs["B"])


def test_what_is_given_back_is_free(leases):
    taken = take(leases, "one", "a")
    leases.give_back(taken.ours.values())
    assert set(take(leases, "two", "a").ours) == {"a"}


def test_a_lease_that_nobody_renews_expires(leases, clock, monkeypatch):
    elsewhere(monkeypatch, lambda: take(leases, "one", "a"))
    clock.now += LASTS - 1
    assert take(leases, "two", "a").theirs
    clock.now += 2
    assert set(take(leases, "two", "a").ours) == {"a"}


def elsewhere(monkeypatch, act):
    """Something that is done on another machine."""
    with monkeypatch.context() as patched:
        patched.setattr(module, "_place", lambda: "another machine")
        return act()


def test_a_renewed_lease_goes_on(leases, clock, monkeypatch):
    taken = elsewhere(monkeypatch, lambda: take(leases, "one", "a"))
    clock.now += LASTS - 1
    leases.renew(taken.ours.values())
    clock.now += LASTS - 1
    assert take(leases, "two", "a").theirs


def test_the_lease_of_a_process_that_is_gone_does_not_hold(tmp_path):
    code = (
        "import sys; from pathlib import Path; from remediators.journal import Leases; "
        "Leases(Path(sys.argv[1])).take(['a'], 'one', 'apply', 'x'); print('held', flush=True); sys.stdin.read()"
    )
    path = tmp_path / "leases.db"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        assert take(Leases(path), "two", "a").theirs["a"].pid == other.pid
    finally:
        other.kill()
        other.communicate(timeout=30)
    assert set(take(Leases(path), "two", "a").ours) == {"a"}


def test_a_process_number_that_is_used_again_is_not_the_same_process(leases, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(module, "_born", lambda pid: "long ago")
        take(leases, "one", "a")
    assert set(take(leases, "two", "a").ours) == {"a"}


def test_taking_over_breaks_a_lease_and_its_run_learns_of_it(leases):
    first = take(leases, "one", "a", "b")
    second = take(leases, "two", "a", take_over=True)
    assert [lease.run for lease in second.broken] == ["one"]
    with pytest.raises(Lost, match="a: the lease of this run was taken over by run two"):
        leases.ask(first.ours["a"])
    leases.ask(first.ours["b"])
    leases.ask(second.ours["a"])


def test_what_was_taken_over_is_neither_renewed_nor_given_back_by_its_old_run(leases):
    first = take(leases, "one", "a")
    second = take(leases, "two", "a", take_over=True)
    leases.renew(first.ours.values())
    leases.give_back(first.ours.values())
    leases.ask(second.ours["a"])


def test_a_fence_number_never_comes_again(leases):
    seen = []
    for run in ("one", "two", "three"):
        taken = take(leases, run, "a", "b")
        seen += [lease.fence for lease in taken.ours.values()]
        leases.give_back(taken.ours.values())
    assert seen == sorted(set(seen))


def test_a_released_lease_is_lost(leases):
    taken = take(leases, "one", "a")
    assert leases.release("A").run == "one"
    assert leases.release("a") is None
    with pytest.raises(Lost, match="released"):
        leases.ask(taken.ours["a"])


def test_an_expired_lease_that_nobody_took_is_still_ours_when_we_ask(leases, clock):
    taken = take(leases, "one", "a")
    clock.now += 10 * LASTS
    leases.ask(taken.ours["a"])
    assert leases.all()[0].until == clock.now + LASTS


def test_while_a_run_works_its_leases_are_renewed_and_given_back_afterwards(leases, clock):
    renewed = threading.Event()
    renew = leases.renew

    def seen(rows):
        renew(rows)
        renewed.set()

    leases.renew = seen
    taken = take(leases, "one", "a")
    with Held(leases, taken, seconds=0.01) as held:
        clock.now += 5
        renewed.clear()
        assert renewed.wait(30)
        held.ask("a")
        assert leases.all()[0].until == clock.now + LASTS
        with pytest.raises(Lost, match="no lease"):
            held.ask("b")
    assert leases.all() == []
    assert not [thread for thread in threading.enumerate() if thread.name == "leases"]


def test_many_runs_at_once_never_share_a_host(tmp_path):
    path = tmp_path / "leases.db"
    Leases(path)
    start, got = threading.Barrier(8), []

    def ask(number):
        start.wait(30)
        got.extend(Leases(path).take(["a", "b"], f"run{number}", "apply", "x").ours)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == ["a", "b"]


def test_only_the_owner_reads_the_file(leases, tmp_path):
    assert (tmp_path / "leases.db").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path):
    (tmp_path / "leases.db").write_text("hello " * 200)
    with pytest.raises(JournalError, match=r"the leases in .* cannot be used"):
        Leases(tmp_path / "leases.db")
