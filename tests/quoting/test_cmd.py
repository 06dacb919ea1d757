"""The door to cmd.exe: what it lets through, what it refuses, and what it shows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.model import Refused
from remediators.quoting import cmd
from remediators.quoting.cmd import Env, Masked

TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), max_size=60)


@given(TEXT)
def test_nothing_in_an_encoded_line_is_special_to_either_interpreter(text):
    line = cmd.program("prog", text).line
    bare = re.sub(r"![A-Z][0-9A-F]*!", "", line)  # variables are expanded after both have parsed
    assert not set(bare) & set('"%!')
    assert not re.search(r"(?<!\^)[&|<>()]", bare)


@given(TEXT)
def test_expanding_each_variable_once_gives_the_quoted_argument_back(text):
    line = cmd.program("prog", text).line
    values = {"Q": '"', "R": "%", "X": "!", "C": "^"} | {n: t.lstrip("^") for n, t in cmd.spelled(line).items()}
    parsed = re.sub(r"\^(.)", r"\1", line)
    assert re.sub(r"!([A-Z][0-9A-F]*)!", lambda found: values[found[1]], parsed) == f"prog {cmd.argv(text)}"


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\0", "tab\t", "\x7f", "\x85", "\ud800"])
def test_characters_that_would_end_or_change_the_line_are_refused(text):
    with pytest.raises(Refused, match="cannot be passed"):
        cmd.program("prog", text)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("plain", "plain"),
        ("C:\\x\\", "C:\\x\\"),
        ("a b\\", '"a b\\\\"'),
        ('say "x"', '"say \\"x\\""'),
        ('a\\"b', '"a\\\\\\"b"'),
        ("a\\\\b c", '"a\\\\b c"'),
    ],
)
def test_backslashes_are_doubled_only_before_quotation_marks(text, quoted):
    assert cmd.argv(text) == quoted


def test_what_is_masked_is_sent_and_not_shown():
    command = cmd.program("reg", "add", "K", "/d", Masked("se cret"))
    assert "se cret" in command.line
    assert command.shown == f"reg add K /d {cmd.MASK}"
    (line,) = cmd.write_file((Env("TEMP"), "\\f"), [('"n"=', Masked("01,02"), ",\\")])
    assert line.shown == f'>"%TEMP%\\f" echo "n"={cmd.MASK},\\'


def test_what_is_too_long_for_a_line_is_refused():
    with pytest.raises(Refused, match="too many"):
        cmd.program("reg", "x" * 8000)


def test_a_script_host_takes_no_quotation_mark():
    with pytest.raises(Refused, match="quotation mark"):
        cmd.cscript(("x.vbs",), "SET", 'a"b')
    with pytest.raises(Refused, match="option of cscript"):
        cmd.cscript(("x.vbs",), "SET", "//nologo")
