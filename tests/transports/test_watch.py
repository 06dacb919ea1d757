"""The deadlines of all connections are kept by one thread."""

import threading

from remediators.transports.deadlines import Deadline
from remediators.transports.ssh_transport import _ROOM, _Watch


def test_what_is_due_first_is_done_first_whatever_was_asked_first():
    watch, done, all_done = _Watch(), [], threading.Event()

    def last():
        done.append("later")
        all_done.set()

    watch.call(Deadline.after(0.3), last)
    watch.call(Deadline.after(0.05), lambda: done.append("sooner"))

    assert all_done.wait(30)
    assert done == ["sooner", "later"]


def test_a_moment_that_has_passed_is_due_at_once():
    watch, done = _Watch(), threading.Event()

    watch.call(Deadline.after(-1), done.set)

    assert done.wait(30)


def test_what_was_dropped_is_never_done():
    watch, done, other = _Watch(), [], threading.Event()

    watch.call(Deadline.after(0.05), lambda: done.append("no")).drop()
    watch.call(Deadline.after(0.2), other.set)

    assert other.wait(30)
    assert done == []


def test_an_action_that_hangs_holds_up_nobody_elses_deadline_and_is_waited_for_by_its_own():
    watch, hangs, goes_on, other = _Watch(), threading.Event(), threading.Event(), threading.Event()

    def hang():
        hangs.set()
        goes_on.wait(30)

    watched = watch.call(Deadline.after(0), hang)
    assert hangs.wait(30)
    watch.call(Deadline.after(0), other.set)
    assert other.wait(30)
    dropped = threading.Thread(target=watched.drop)
    dropped.start()

    assert dropped.is_alive()
    goes_on.set()
    dropped.join(30)
    assert not dropped.is_alive()


def test_what_was_dropped_is_forgotten_before_its_moment():
    watch = _Watch()

    for _ in range(5 * _ROOM):
        watch.call(Deadline.after(1000), list).drop()

    assert len(watch._waiting) <= _ROOM + 1
