"""Variables from the command line."""

# ruff: noqa: E501  messages stand on one line, as users see them

from __future__ import annotations

import pytest

from remediators.language import LanguageError, parse_extra_vars


def flat(*arguments: str):
    result = {}
    for layer in reversed(parse_extra_vars(arguments)):
        result.update(layer.values)
    return result


def test_pairs_are_text_json_keeps_types_and_the_last_wins(write):
    write.put("v.yml", "a: 1\nb: [x]\n")
    assert flat("a=1 b='x y'", "a=2") == {"a": "2", "b": "x y"}
    assert flat('{"a": 1, "b": "\\ud83d\\ude00"}') == {"a": 1, "b": "😀"}
    assert flat("@v.yml", "a=z") == {"a": "z", "b": ["x"]}
    assert flat("empty=") == {"empty": ""}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (
            "novalue",
            "--extra-vars:1:1: 'novalue' is no variable (write name=value, JSON, or @file)\n    novalue\n    ^^^^^^^",
        ),
        ("a='x", "--extra-vars: the quotes do not match: No closing quotation"),
        ("[1]", "--extra-vars:1:1: must be a mapping of names to values, not a list\n    [1]\n    ^^^"),
        ("@gone.yml", "gone.yml: there is no such file"),
        ("facts=1", "--extra-vars:1:1: 'facts' cannot be set: it is a name of the language\n    facts=1\n    ^^^^^"),
        (
            '{"a": 1, "a": 2}',
            '--extra-vars:1:10: the key \'a\' is here a second time (the first is in line 1)\n    {"a": 1, "a": 2}\n             ^^^',
        ),
    ],
)
def test_what_is_wrong_is_said(write, argument, message):
    with pytest.raises(LanguageError) as caught:
        parse_extra_vars([argument])
    assert caught.value.message == message
