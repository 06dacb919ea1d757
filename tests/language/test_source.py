"""YAML as YAML 1.2 has it, and what is said when it is not."""

# ruff: noqa: E501, ISC004  messages stand on one line, as users see them

from __future__ import annotations

import os
from textwrap import dedent

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.language import LanguageError, Problem, Problems, Vocabulary, load_playbooks
from remediators.language.source import _why_unreadable, parse_yaml, read_yaml
from remediators.language.templating import render
from remediators.language.variables import Scope


def values(text: str):
    problems = Problems()
    document = parse_yaml("f.yml", text, problems)
    assert list(problems) == []
    return document.value


def mistakes(text: str) -> str:
    problems = Problems()
    document = parse_yaml("f.yml", text, problems)
    assert document is None or "a second time" in str(problems.errors[0])
    return "\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("null", None),
        ("''", ""),
        ("12:30", "12:30"),
        ("0123", "0123"),
        ("-07", "-07"),
        ("0", 0),
        ("+5", 5),
        ("-17", -17),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("6.", 6.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        (".inf", float("inf")),
        ("2026-11-28", "2026-11-28"),
        ("2026-11-28T22:00", "2026-11-28T22:00"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!int 7", 7),
        ("!!float 7", 7.0),
        ("=", "="),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text, value):
    assert values(f"a: {text}\n" if text != "-" else 'a: "-"\n') == {"a": value}


def test_keys_are_always_text():
    assert values("{1: a, true: b, 0123: c, on: d}") == {"1": "a", "true": "b", "0123": "c", "on": "d"}


def test_anchors_and_merge_keys_work_and_written_keys_win():
    text = """
        base: &base {a: 1, b: 2}
        more: &more {b: 3, c: 4}
        one: {<<: *base, b: 9}
        two: {<<: [*base, *more]}
        again: *base
        """
    found = values(dedent(text))
    assert found["one"] == {"a": 1, "b": 9}
    assert found["two"] == {"a": 1, "b": 2, "c": 4}
    assert found["again"] == {"a": 1, "b": 2}


def test_a_quoted_merge_key_is_a_key():
    assert values("{'<<': 1}") == {"<<": 1}


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(write):
    write.put("f.yml", b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  y\r\n")
    assert read_yaml("f.yml", Problems()).value == {"a": 1, "b": "x\ny\n"}


def test_an_empty_file_is_a_document_without_a_value():
    assert values("") is None
    assert values("# nothing\n") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nbb: 2\na: 3\n",
            "f.yml:3:1: the key 'a' is here a second time (the first is in line 1)\n    a: 3\n    ^",
        ),
        (
            "pw: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n",
            "f.yml:1:5: !vault: is a damaged vault text (letters are missing or were altered; take it from a copy)\n    pw: !vault |\n        ^",
        ),
        ("a: !foo 1\n", "f.yml:1:4: unknown tag '!foo'\n    a: !foo 1\n       ^^^^^^"),
        ("a: !!binary aGk=\n", "f.yml:1:4: unknown tag '!!binary'\n    a: !!binary aGk=\n       ^^^^^^^^^^^^^"),
        ("a: !!int x\n", "f.yml:1:4: this is no !!int\n    a: !!int x\n       ^^^^^^^"),
        (
            "a: {{ banner }}\n",
            "f.yml:1:5: a key must be text, not a mapping or a list "
            '(quote a template that begins a value: "{{ name }}")\n    a: {{ banner }}\n        ^^^^^^^^^^',
        ),
        ("a:\n\tb: 1\n", "f.yml:2:1: a tab cannot indent YAML (use blanks)\n    \tb: 1\n    ^"),
        (
            "a: b: c\n",
            'f.yml:1:5: a colon is not allowed here (quote the text: a: "b: c")\n    a: b: c\n        ^',
        ),
        ("a: @x\n", "f.yml:1:4: text cannot begin with '@' (quote it)\n    a: @x\n       ^"),
        (
            "--- 1\n--- 2\n",
            "f.yml:2:1: a second YAML document begins here, and a file holds one (use a file for each)\n    --- 2\n    ^",
        ),
        ("a: *b\n", "f.yml:1:4: this alias has no anchor before it\n    a: *b\n       ^"),
        ("a: &a 1\nb: &a 2\n", "f.yml:2:4: this anchor is defined twice\n    b: &a 2\n       ^"),
        ("a: &a [*a]\n", "f.yml:1:4: this anchor contains itself\n    a: &a [*a]\n       ^^^^^^^"),
        ("a: \x07\n", "f.yml:1:4: character U+0007 is not allowed in YAML\n    a: ?\n       ^"),
        ("? \n: 1\n", "f.yml:1:2: a key is missing before this colon\n    ? \n     ^"),
        ("<<: 1\n", "f.yml:1:5: a merge key (<<) takes a mapping or a list of mappings\n    <<: 1\n        ^"),
        (
            "a: [1\n",
            "f.yml:1:5: is not YAML: while parsing a flow sequence: did not find expected ',' or ']'\n    a: [1\n        ^",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_line_and_a_caret(text, message):
    assert mistakes(text) == message


def test_aliases_that_write_out_to_millions_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "its aliases write out to more values than any file needs" in mistakes("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 5000, "- " * 200 + "x", "[" * 200 + "]" * 200])
def test_deep_nesting_is_refused(text):
    assert "nested" in mistakes(text)


def test_a_duplicate_key_hides_nothing_else_that_is_wrong(tmp_path):
    path = tmp_path / "book.yml"
    path.write_text("- hosts: all\n  hosts: web\n  taks: []\n")
    vocabulary = Vocabulary(remediators={}, checks={}, facts=frozenset(), variables=frozenset())

    with pytest.raises(LanguageError) as caught:
        load_playbooks([path], vocabulary)

    assert "the key 'hosts' is here a second time" in caught.value.message
    assert "unknown key 'taks'" in caught.value.message


def test_every_duplicate_key_of_a_file_is_told_at_once():
    assert mistakes("a: 1\na: 2\nb: {c: 1, c: 2}\n").count("a second time") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\xfe\n", "f.yml:2:4: is not UTF-8: byte 0xff at offset 8 (save it as UTF-8)"),
        ("a: 1".encode("utf-16"), "f.yml: is UTF-16 text (save it as UTF-8)"),
        (
            b"$ANSIBLE_VAULT;1.1;AES256\n6162\n",
            "f.yml:1:1: is a damaged vault text (letters are missing or were altered; take it from a copy)",
        ),
    ],
)
def test_bytes_that_are_no_text_are_named(write, content, message):
    write.put("f.yml", content)
    problems = Problems()
    assert read_yaml("f.yml", problems) is None
    assert [str(problem) for problem in problems] == [message]


def test_a_missing_file_a_directory_and_a_file_that_is_too_large_are_named(write):
    os.mkdir("dir")  # noqa: PTH102
    write.put("large.yml", "a: " + "x" * 100)
    problems = Problems()
    for name in ("gone.yml", "dir"):
        assert read_yaml(name, problems) is None
    assert read_yaml("large.yml", problems, largest=50) is None
    assert [str(problem) for problem in problems] == [
        "gone.yml: there is no such file",
        "dir: is a directory, and a file is wanted",
        "large.yml: is larger than 0 MB, which is more than this kind of file may have",
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied"), "may not be read by this user"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
    ],
)
def test_why_a_file_cannot_be_read_is_said(error, said):
    assert _why_unreadable(error) == said


def test_the_caret_stands_under_the_word_also_behind_tabs_and_wide_letters():
    problem = Problem("f", 1, 6, "", "what", "", "\t日本: x", 1)
    assert str(problem).split("\n")[2] == "    \t" + " " * 6 + "^"


def test_a_long_line_is_cut_around_the_place():
    problem = Problem("f", 1, 1001, "", "what", "", "a" * 1000 + "b" + "a" * 1000, 1)
    source, caret = str(problem).split("\n")[1:]
    assert len(source) < 200
    assert source[caret.index("^")] == "b"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("ansible_password: hunter2", "ansible_password: ********"),
        ("host1 ansible_password=hunter2 port=1", "host1 ansible_password=******** port=1"),
        ('{"api_token": "abc", "x": 1}', '{"api_token": ********, "x": 1}'),
        ("db_secret: 'a b'", "db_secret: ********"),
        ('password: "{{ other }}"', "password: ********"),
        ("port: 25", "port: 25"),
    ],
)
def test_a_secret_is_starred_in_the_source_line(line, shown):
    assert str(Problem("f", 1, 1, "", "what", "", line)).split("\n")[1] == f"    {shown}"


_plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("C", "Z")), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(_plain_json)
@settings(max_examples=60, deadline=None)
def test_what_json_says_is_read_back_as_it_was(value):
    import json

    assert values(json.dumps({"a": value})) == {"a": value}


@given(_plain_json)
@settings(max_examples=60, deadline=None)
def test_the_place_of_every_value_is_found(value):
    from remediators.language.source import Place

    text = yaml.safe_dump({"k": value, "last": 1}, default_flow_style=False)
    problems = Problems()
    document = parse_yaml("f", text, problems)
    line = text.rstrip("\n").count("\n") + 1
    assert str(Place(document, ("last",), on_key=True)) == f"f:{line}:1"


@pytest.mark.parametrize("text", ["{{ nothing }}", "{% raw %}", "a {# b", "plain", "{{ 'q\"' }}\\ é😀\n{% endraw %}"])
def test_unsafe_text_is_never_filled_in(text):
    problems = Problems()
    quoted = yaml.dump(text, default_style='"', allow_unicode=True).strip()

    found = parse_yaml("f.yml", f"a: !unsafe {quoted}\n!unsafe {quoted}: 1\n", problems)

    assert problems.errors == []
    assert render(found.value, Scope([], {}, {})) == {"a": text, text: 1}


def test_unsafe_text_stands_as_it_is_where_nothing_is_filled_in():
    found = parse_yaml("f.yml", 'a: !unsafe "{{ x }}"\n', Problems(), templates=False)

    assert found.value == {"a": "{{ x }}"}


def test_unsafe_stands_before_text_only():
    problems = Problems()

    parse_yaml("f.yml", "a: !unsafe [x]\n", problems)

    assert "!unsafe stands before text only" in str(problems.errors[0])
