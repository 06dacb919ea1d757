"""A session over channels that fail, and over the lab's Windows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from remediators.lab.world import build
from remediators.model import (
    Command,
    Dropped,
    Output,
    Query,
    ReadFailed,
    Refused,
    Scope,
    Step,
    TimedOut,
    Unreachable,
)
from remediators.quoting import cmd
from remediators.sessions.windows import WindowsSession


@dataclass
class Host:
    """A lab machine behind channels that can be lost: ``losses`` says for each line what happens to it."""

    losses: list[object] = field(default_factory=list)
    spec: dict[str, object] = field(default_factory=lambda: {"os": "2003"})
    lines: list[str] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    def __post_init__(self):
        self.machine = build("exch", self.spec)

    def open(self):
        self.opened += 1
        return self

    def run(self, line, seconds):
        self.lines.append(line)
        self.deadlines.append(seconds)
        loss = self.losses.pop(0) if self.losses else None
        if isinstance(loss, Exception):
            raise loss
        ran = self.machine.run(line)
        return Output(ran.stdout[: loss if isinstance(loss, int) else None], ran.stderr, ran.status)

    def close(self):
        self.closed += 1


def asks(*commands, parse=None):
    return Query(repr(commands), commands, Scope(), parse or (lambda answers: [a.text.strip() for a in answers]))


def does(*commands, always=False):
    return Step(commands, frozenset(), always)


def echo(text):
    return cmd.echo(text)


BAD = cmd.program("reg", "query", "HKLM\\Nope")


def test_all_questions_go_in_one_line():
    host = Host()
    assert WindowsSession(host.open).read([asks(echo("a"), echo("b")), asks(echo("c"))]) == [["a", "b"], ["c"]]
    assert len(host.lines) == 1
    assert host.opened == 1


def test_a_percent_sign_costs_a_line_to_learn_how_it_is_written_only_once():
    host = Host()
    session = WindowsSession(host.open)
    assert session.read([asks(echo("100%"))]) == [["100%"]]
    assert session.read([asks(echo("50%"))]) == [["50%"]]
    assert len(host.lines) == 3


def test_a_host_that_puts_lines_into_an_echoing_batch_file_is_understood():
    host = Host(spec={"os": "2003", "line_style": "script", "echo": True})
    assert WindowsSession(host.open).read([asks(echo("100% !PATH! ^"))]) == [["100% !PATH! ^"]]


def test_a_question_whose_answer_makes_no_sense_spoils_only_itself():
    def fails(answers):
        raise ReadFailed("access is denied")

    def breaks(answers):
        return answers[7]

    readings = WindowsSession(Host().open).read(
        [asks(echo("a"), parse=fails), asks(echo("b"), parse=breaks), asks(echo("c"))]
    )
    assert readings[0] == "access is denied"
    assert "IndexError" in readings[1]
    assert readings[2] == ["c"]


def test_a_question_that_is_too_long_is_not_sent():
    long = asks(Command("echo " + "x" * 9000, ""))
    assert WindowsSession(Host().open).read([long, asks(echo("c"))])[1] == ["c"]


def test_fallbacks_run_only_after_a_failure_and_the_last_status_counts():
    fallback = Command("echo fallback", "", only_after_failure=True)
    host = Host()
    first, second = WindowsSession(host.open).read([asks(BAD, fallback, fallback), asks(echo("x"), fallback)])
    assert first[1:] == ["fallback", ""]
    assert second == ["x", ""]


@pytest.mark.parametrize("loss", [Dropped("gone"), 60, 0])
def test_a_read_that_is_cut_off_is_read_again_once_over_a_new_connection(loss):
    host = Host([loss])
    assert WindowsSession(host.open).read([asks(echo("a"))]) == [["a"]]
    assert (host.opened, host.closed) == (2, 1)


def test_a_read_that_is_lost_twice_is_given_up():
    host = Host([Dropped("gone"), Dropped("gone")])
    with pytest.raises(Dropped):
        WindowsSession(host.open).read([asks(echo("a"))])
    assert host.closed == 2


@pytest.mark.parametrize("loss", [Dropped("gone"), TimedOut("late"), 90])
def test_a_write_whose_end_is_unknown_is_never_sent_twice(loss):
    host = Host()
    session = WindowsSession(host.open)
    session.read([asks(echo("a"))])
    host.losses = [loss]
    with pytest.raises((Dropped, TimedOut)):
        session.write([does(echo("written"))], [])
    assert sum("written" in line for line in host.lines) == 1
    assert session.read([asks(echo("b"))]) == [["b"]]
    assert host.opened == 2


def test_a_read_that_takes_too_long_is_not_tried_again():
    host = Host([TimedOut("late")])
    with pytest.raises(TimedOut):
        WindowsSession(host.open).read([asks(echo("a"))])
    assert len(host.lines) == 1


def test_nothing_is_written_to_a_host_that_does_not_answer_as_cmd_does():
    class Shell:
        lines: list[str] = []  # noqa: RUF012

        def run(self, line, seconds):
            self.lines.append(line)
            return Output(b"", b"sh: not found", 127)

        def close(self):
            pass

    shell = Shell()
    with pytest.raises(Unreachable):
        WindowsSession(lambda: shell).write([does(echo("written"))], [])
    assert not any("written" in line for line in shell.lines)


def test_a_write_and_its_reading_go_in_one_line():
    host = Host()
    session = WindowsSession(host.open)
    session.read([asks(echo("a"))])
    results, readings = session.write([does(echo("w"))], [asks(echo("r"))])
    assert [a.text.strip() for a in results[0].answers] == ["w"]
    assert readings == [["r"]]
    assert len(host.lines) == 2


def test_steps_stop_at_the_first_failure_and_always_steps_do_not():
    session = WindowsSession(Host().open)
    steps = [does(echo("a"), BAD, echo("b")), does(echo("c")), does(echo("d"), always=True), does(echo("e"))]
    results, readings = session.write(steps, [asks(echo("r"))])
    assert [[answer.status for answer in result.answers] for result in results] == [[0, 1, None], [None], [0], [None]]
    assert results[0].failed
    assert readings == [["r"]]


def test_a_failure_stops_the_lines_after_it_too():
    filler = [echo(f"{number}" + "x" * 2000) for number in range(9)]
    host = Host()
    session = WindowsSession(host.open)
    results, _ = session.write([does(BAD, *filler), does(echo("last"), always=True)], [])
    assert [answer.status for answer in results[0].answers] == [1] + [None] * 9
    assert results[1].answers[0].text.strip() == "last"
    assert len(host.lines) == 3  # the canary, the line with the failure, and what runs always


def test_a_step_that_needs_several_lines_is_done_whole():
    filler = [echo(f"{number}" + "x" * 2000) for number in range(9)]
    host = Host()
    results, _ = WindowsSession(host.open).write([does(*filler)], [])
    assert [answer.text.strip()[0] for answer in results[0].answers] == list("012345678")
    assert len(host.lines) > 3


def test_a_command_too_long_for_a_line_is_refused_before_anything_is_sent():
    host = Host()
    with pytest.raises(Refused, match="too long"):
        WindowsSession(host.open).write([does(Command("echo " + "x" * 9000, ""))], [])
    assert host.lines == []


def test_slow_commands_get_the_time_they_ask_for():
    host = Host()
    session = WindowsSession(host.open, patience=100)
    session.read([asks(*[echo("a")] * 5)])
    session.write([does(Command("echo b", "", seconds=600), Command("echo c", "", seconds=400))], [])
    assert host.deadlines == [100, 1060]


def test_garbage_is_no_answer():
    class Garbage(Host):
        def run(self, line, seconds):
            return Output(b"\x00\xff\xfe\x80garbage", b"", 0)

    with pytest.raises(Unreachable, match="garbage"):
        WindowsSession(Garbage().open).read([asks(echo("a"))])


def test_umlauts_come_in_the_code_page_that_the_host_names():
    for spec in ({"os": "2003", "language": "de", "codepage": 850}, {"os": "2008", "language": "de"}):
        host = Host(spec=spec)
        assert WindowsSession(host.open).read([asks(echo("Größe"))]) == [["Größe"]]
