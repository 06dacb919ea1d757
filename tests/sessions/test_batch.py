"""Packing command lines and taking answers apart, without a host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.model import Answer, Command, Dropped, Query, Reading, Scope, Step, Unreachable
from remediators.quoting.cmd import LONGEST_LINE
from remediators.sessions import batch
from remediators.sessions.batch import BATCH, RAW, Going

TOKEN = "0123456789abcdef"
CANARY = f'{TOKEN}[%%"!^]\r\n'


def query(*lines, fallbacks=()):
    commands = tuple(Command(line, line, n in fallbacks) for n, line in enumerate(lines))
    return Query(str(lines), commands, Scope(), lambda answers: Reading())


def answer(*parts, page="Active code page: 437", end=True):
    text = CANARY + f"{page}\r\n{TOKEN}0:0\r\n" + "".join(parts) + (f"{TOKEN}end\r\n" if end else "")
    return text.encode("cp437")


def test_answers_are_told_apart_with_their_status_and_encoding():
    heard = batch.unpack(answer(f"one\r\n{TOKEN}1:0\r\n", f"no line end{TOKEN}2:-2147463162\r\n"), TOKEN, 3, BATCH)
    assert heard.answers == (
        Answer(b"one\r\n", 0, "cp437"),
        Answer(b"no line end", -2147463162, "cp437"),
        Answer(b"", None, "cp437"),
    )
    assert heard.style == RAW


def test_a_status_of_32_bits_comes_back_signed():
    heard = batch.unpack(answer(f"{TOKEN}1:2147504134\r\n"), TOKEN, 1, BATCH)
    assert heard.answers[0].status == 2147504134 - 2**32


def test_an_answer_that_is_cut_off_is_not_believed():
    whole = answer(f"one\r\n{TOKEN}1:0\r\n")
    for length in range(len(CANARY), len(whole) - len("end\r\n")):
        with pytest.raises(Dropped):
            batch.unpack(whole[:length], TOKEN, 1, BATCH)


def test_a_fence_that_a_command_printed_itself_is_output():
    forged = "ffffffffffffffff1:0\r\nffffffffffffffffend\r\n"
    heard = batch.unpack(answer(f"{forged}{TOKEN}1:1\r\n"), TOKEN, 1, BATCH)
    assert heard.answers == (Answer(forged.encode(), 1, "cp437"),)


def test_fences_out_of_order_tell_nothing():
    for forged in (f"{TOKEN}1:0\r\n", f"{TOKEN}2:0\r\n"):
        output = answer(f"{TOKEN}1:1\r\n", forged, f"{TOKEN}2:1\r\n")
        with pytest.raises(Unreachable, match="out of order"):
            batch.unpack(output, TOKEN, 2, BATCH)


def test_what_is_not_cmd_is_told_apart_from_a_cmd_that_gets_the_line_changed():
    with pytest.raises(Unreachable, match=r"cmd.exe must run the commands there.*ansible_shell_type"):
        batch.unpack(b"bash: syntax error near unexpected token `chcp'\n\x1b[2Jx", TOKEN, 1, BATCH)
    with pytest.raises(Unreachable, match=r"quotation marks changed.*hand the line over as it is") as caught:
        batch.unpack(b'!M![!R!!Q!!X!!C!]\r\nActive code page: 0\r\n!M!end\\" <nul 2>&1', TOKEN, 1, BATCH)
    assert "\n" not in str(caught.value)


def test_an_echoed_line_is_no_fence():
    line, _ = batch.take(batch.pieces([query("ver")]), TOKEN, batch.OWN_PAGE, BATCH, Going())
    echoed = f"C:\\>{line}\r\n".encode()
    heard = batch.unpack(echoed + answer(f"x\r\n{TOKEN}1:0\r\n"), TOKEN, 1, BATCH)
    assert heard.answers == (Answer(b"x\r\n", 0, "cp437"),)


def test_a_shell_that_is_not_cmd_is_named_for_what_it_said():
    with pytest.raises(Unreachable, match="sh: 1: set: not found"):
        batch.unpack(b"sh: 1: set: not found\n", TOKEN, 1, BATCH)


def test_an_interpreter_that_mangles_special_characters_is_not_used():
    with pytest.raises(Unreachable, match="safely"):
        batch.unpack(f'{TOKEN}[%"^]\r\n{TOKEN}0:0\r\n{TOKEN}end'.encode(), TOKEN, 0, BATCH)


@pytest.mark.parametrize(
    ("said", "encoding"),
    [
        (b"Active code page: 437\r\n", "cp437"),
        (b"Aktive Codepage: 850.\r\n", "cp850"),
        (b"Active code page: 65001\r\n", "utf-8"),
        (b"Active code page: 0\r\n", "ascii"),
        (b"Active code page: 4711\r\n", "ascii"),
        (b"chcp is not there\r\n", "ascii"),
    ],
)
def test_the_digits_of_chcp_name_the_encoding(said, encoding):
    assert batch.encoding_of(said) == encoding


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=30))
def test_every_command_is_packed_once_and_no_line_is_too_long(sizes):
    waiting = batch.pieces([query("x" * size) for size in sizes])
    count, lines = 0, []
    while count < len(waiting):
        line, taken = batch.take(waiting[count:], TOKEN, batch.UNKNOWN_PAGE, BATCH, Going())
        assert taken >= 1
        lines.append(line)
        count += taken
    assert all(len(line) <= LONGEST_LINE for line in lines)
    assert [len(x) for line in lines for x in line.split("&") if set(x) == {"x"}] == sizes


def test_a_batch_that_fits_is_one_line():
    line, taken = batch.take(batch.pieces([query("a", "b"), query("c")]), TOKEN, batch.OWN_PAGE, RAW, Going())
    assert taken == 3
    assert line.startswith('set R=%&set Q=^"&')
    assert line.endswith('!M!end" <nul 2>&1')


def test_a_failed_write_stops_the_steps_after_it_but_not_those_that_run_always():
    stop = Step((Command("a", "a"),), frozenset())
    start = Step((Command("b", "b"),), frozenset(), always=True)
    first, again, last = batch.pieces([stop, stop, start])
    going = batch.proceed(Going(), first, Answer(b"", 1))
    assert not batch.wanted(going, again)
    assert batch.wanted(going, last)


def test_a_fallback_that_works_makes_its_step_go_on():
    step = Step((Command("a", "a"), Command("b", "b", only_after_failure=True), Command("c", "c")), frozenset())
    first, second, third = batch.pieces([step])
    going = batch.proceed(Going(), first, Answer(b"", 1))
    assert batch.wanted(going, second)
    assert batch.wanted(batch.proceed(going, second, Answer(b"", 0)), third)
    assert not batch.wanted(batch.proceed(going, second, Answer(b"", 1)), third)
