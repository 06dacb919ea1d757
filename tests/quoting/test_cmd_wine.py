"""The laws of quoting through a cmd.exe that we did not write, on a command line and in a batch file."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from remediators.model import Query, Reading, Scope
from remediators.quoting import cmd
from remediators.sessions.windows import WindowsSession

pytest_plugins = ["tests.wine_host"]

HOSTILE = st.text(st.sampled_from("\"%^&|<>()! \\'`=,;:~@$*?[]{}#+-/.abPATHQRXCEF012\u00e9\u20ac"), max_size=25)
ANY = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=40)
KNOWN_HARD = [
    "%PATH%",
    "!PATH!",
    "^^",
    "a\\",
    '\\"',
    '""',
    " ",
    "",
    "%a:b%",
    "!X!",
    "%1",
    "%%",
    "&&",
    "x%!:!%^&",
    "! a:",
]

LIMITS = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.generate]
)


@dataclass
class BatchFileChannel:
    """A host whose SSH server puts the line into a batch file."""

    wine: object

    def run(self, line, seconds):
        return self.wine.script(line)

    def close(self):
        pass


def came_through(channel, wine, arguments):
    """What a program behind the channel saw of each argument."""

    def parse(answers):
        return [bytes.fromhex(line[1:-1]).decode() for answer in answers for line in answer.output.decode().split()]

    commands = tuple(cmd.program(wine.argv, argument) for argument in arguments)
    (seen,) = WindowsSession(lambda: channel).read([Query("q", commands, Scope(), parse)])
    return seen


@LIMITS
@given(st.lists(st.one_of(HOSTILE, ANY), min_size=20, max_size=40))
def test_any_text_comes_through_a_command_line_as_it_was(wine, wine_channel, arguments):
    assert came_through(wine_channel, wine, [*KNOWN_HARD, *arguments]) == [*KNOWN_HARD, *arguments]


@LIMITS
@given(st.lists(HOSTILE, min_size=20, max_size=40))
def test_any_text_comes_through_a_batch_file_as_it_was(wine, arguments):
    arguments = [text for text in [*KNOWN_HARD, *arguments] if text.isascii()]
    assert came_through(BatchFileChannel(wine), wine, arguments) == arguments


@settings(
    max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(HOSTILE, min_size=5, max_size=9))
def test_several_arguments_of_one_program_stay_apart(wine, wine_channel, arguments):
    def parse(answers):
        return [bytes.fromhex(line[1:-1]).decode() for line in answers[0].output.decode().split()]

    query = Query("q", (cmd.program(wine.argv, *arguments),), Scope(), parse)
    assert WindowsSession(lambda: wine_channel).read([query]) == [arguments]


def test_lines_written_to_a_file_are_the_lines_in_it(wine, wine_channel):
    lines = ['"a"=hex(7):61,00,\\', "  62,00", "100% & more <x> (y) ! : ^ |", "a b \\"]
    path = (cmd.Env("TEMP"), "\\lines.txt")
    query = Query("q", (*cmd.write_file(path, lines), cmd.show_file(path), cmd.delete_file(path)), Scope(), lambda a: a)
    (answers,) = WindowsSession(lambda: wine_channel).read([query])
    assert answers[len(lines)].output.decode().split("\r\n")[: len(lines)] == lines
    assert all(answer.ok for answer in answers)


@LIMITS
@given(st.lists(HOSTILE.filter(str.isascii), min_size=10, max_size=20))
def test_a_line_for_the_console_means_the_same_in_a_batch_file(wine, arguments):
    script = wine.root / "byhand.cmd"
    lines = [cmd.as_batch(cmd.program(wine.argv, argument).line) for argument in arguments]
    script.write_bytes("".join(f"@{line}\r\n" for line in lines).encode())
    output = wine.run(f"cmd.exe /d /c Z:{str(script).replace('/', chr(92))}").stdout.decode()
    assert [bytes.fromhex(line[1:-1]).decode() for line in output.split()] == arguments


@pytest.mark.parametrize("text", ["a\r\nb"])
def test_a_line_end_never_reaches_the_host(text):
    with pytest.raises(Exception, match="cannot be passed"):
        cmd.program("x", text)


def test_every_program_sees_the_end_of_its_input(wine_channel):
    query = Query(
        "q", (cmd.program("find", "x"), cmd.program("cmd", "/d", "/c", "set /p A=")), Scope(), lambda a: Reading()
    )
    assert WindowsSession(lambda: wine_channel).read([query]) == [Reading()]
