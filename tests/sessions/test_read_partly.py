"""Half an answer counts: what a host had said before the time was up, and no more than that."""

import re
from dataclasses import replace

import pytest

from remediators.lab.world import build
from remediators.model import Command, Output, Query, Scope, TimedOut
from remediators.quoting import cmd
from remediators.sessions.windows import WindowsSession


class Slow:
    """A lab machine that stops saying anything in the middle of the command of this number."""

    def __init__(self, stops_in, *, said=b"", dead=False):
        self.machine = build("exch", {"os": "2003"})
        self.stops_in, self.said, self.dead = stops_in, said, dead
        self.limits = []

    def open(self):
        return self

    def run(self, line, seconds):
        self.limits.append(seconds)
        output = self.machine.run(line).stdout
        fences = list(re.finditer(rb"[0-9a-f]{16}(\d+):-?\d+\r\n", output))
        stop = next((fence for fence in fences if int(fence[1]) == self.stops_in - 1), None)
        if stop is None:
            return Output(output, b"", 0)
        raise TimedOut("exch: too late", heard=b"" if self.dead else output[: stop.end()] + self.said)

    def close(self):
        pass


def asks(word, *, partial=False):
    command = replace(cmd.echo(word), seconds=5.0)
    parse = lambda answers: [(a.text.strip(), a.status) for a in answers]  # noqa: E731
    return Query(word, (command,), Scope(), parse, partial)


QUESTIONS = [asks("one"), asks("two"), asks("three")]


def test_what_was_answered_before_counts_and_the_rest_has_the_reason():
    found = WindowsSession(Slow(3, said=b"thr").open).read_partly(QUESTIONS, 60.0)

    assert found[:2] == [[("one", 0)], [("two", 0)]]
    assert "the time given for reading this host was up" in found[2]
    assert "exch: too late" in found[2]


def test_a_question_that_can_use_half_an_answer_gets_it():
    found = WindowsSession(Slow(3, said=b"thr").open).read_partly([*QUESTIONS[:2], asks("three", partial=True)], 60.0)

    assert found[2] == [("thr", None)]


def test_a_host_that_said_nothing_at_all_is_late():
    with pytest.raises(TimedOut):
        WindowsSession(Slow(2, dead=True).open).read_partly(QUESTIONS, 60.0)


def test_a_line_gets_no_more_than_the_seconds_given():
    host = Slow(9)
    long = Query("long", (Command("echo x", "echo x", seconds=900.0),), Scope(), lambda answers: answers[0].ok)
    WindowsSession(host.open).read_partly([long], 60.0)

    assert max(host.limits) == 60.0


def test_all_answers_are_as_read_would_give_them_where_nothing_is_late():
    host = Slow(9)

    assert WindowsSession(host.open).read_partly(QUESTIONS, 60.0) == WindowsSession(host.open).read(QUESTIONS)


def test_after_a_late_answer_the_session_reads_on():
    host = Slow(3)
    session = WindowsSession(host.open)
    session.read_partly(QUESTIONS, 60.0)
    host.stops_in = 9

    assert session.read(QUESTIONS[:1]) == [[("one", 0)]]
