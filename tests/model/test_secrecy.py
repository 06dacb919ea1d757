"""Secrets stay secrets, and are found in whichever spelling they turn up."""

import base64
import json
import shlex
import urllib.parse
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.model.secrecy import MASK, KnownSecrets, Redactor, Secret, as_secret, holds_secret, secret_values

AWKWARD = 'p&ss "w%rd"\'<ü>!^|\\x'


SPELLINGS = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON with letters beyond ASCII": lambda s: json.dumps(s, ensure_ascii=False),
    "JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "Python": repr,
    "XML": escape,
    "an XML attribute": quoteattr,
    "a URL": lambda s: urllib.parse.quote(s, safe=""),
    "a URL's path": urllib.parse.quote,
    "a form": urllib.parse.quote_plus,
    "a POSIX shell": shlex.quote,
    "YAML": lambda s: "'" + s.replace("'", "''") + "'",
    "cmd, quotes doubled": lambda s: '"' + s.replace('"', '""') + '"',
    "cmd, quotes escaped": lambda s: '"' + s.replace('"', '\\"') + '"',
    "cmd, carets": lambda s: "".join("^" + c if c in '&|<>^()%!"' else c for c in s),
    "a batch file": lambda s: s.replace("%", "%%"),
    "hexadecimal": lambda s: s.encode().hex(),
    "hexadecimal in capitals": lambda s: s.encode().hex().upper(),
    "a .reg file": lambda s: s.encode("utf-16-le").hex(","),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 of PowerShell": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [AWKWARD, "hunter2x", "Zwölf Boxkämpfer", "a/b+c=d?e"])
def test_a_secret_is_found_in_every_spelling(spelling, secret):
    written = SPELLINGS[spelling](secret)

    shown = Redactor([secret]).text(f"before {written} after")

    assert written.strip("\"'") not in shown
    assert MASK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_base64_gives_nothing_away_wherever_the_secret_stands_in_it(before, after):
    secret = "correct horse battery"
    written = base64.b64encode(before + secret.encode() + after).decode()

    shown = Redactor([secret]).text(written)

    assert MASK in shown
    assert len(shown.replace(MASK, "")) <= len(written) - len(secret)


@settings(deadline=None)
@given(st.lists(st.text(min_size=3, max_size=12).filter(lambda t: len(t.strip()) > 2), min_size=1, max_size=5))
def test_no_known_secret_is_left_in_a_text(secrets):
    shown = Redactor(secrets).text(" | ".join(secrets))

    assert [secret for secret in secrets if secret.strip() in shown.replace(MASK, "")] == []


def test_many_secrets_are_found_as_well():
    redactor = Redactor(f"pass{number}word" for number in range(500))

    assert redactor.text("x pass77word y pass778 z") == f"x {MASK} y pass778 z"


def test_a_longer_secret_wins_over_one_inside_it():
    assert Redactor(["abc", "abcdef"]).text("abcdef") == MASK


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("ab", "ab, cab and abc 'ab'", f"{MASK}, cab and abc '{MASK}'"),
        ("x", "x is a box, /v 'x'", f"x is a box, /v '{MASK}'"),
        ("x", "x", MASK),
        ("", "nothing", "nothing"),
    ],
)
def test_a_short_secret_blots_out_no_more_than_itself(secret, text, shown):
    assert Redactor([secret]).text(text) == shown


def test_each_line_of_a_secret_of_several_lines_is_one():
    key = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----\n"

    shown = Redactor([key]).text("got MIIEvQIBADAN then BgkqhkiG9w0B; -----BEGIN KEY----- is no secret")

    assert shown == f"got {MASK} then {MASK}; -----BEGIN KEY----- is no secret"


def test_a_secret_that_becomes_known_later_is_found_from_then_on():
    known = KnownSecrets()
    redactor = Redactor([], known)
    assert redactor.text("tell hunter2x") == "tell hunter2x"

    known.learn({"a": ["hunter2x", 77777]})

    assert redactor.text("tell hunter2x and 77777") == f"tell {MASK} and {MASK}"


def test_a_value_is_searched_through_and_through():
    redactor = Redactor(["hunter2x", "12345"])

    assert redactor.value({"hunter2x": ["a hunter2x", 1]}) == {MASK: [f"a {MASK}", 1]}
    assert redactor.shows({"a": [{"hunter2x": 1}]})
    assert redactor.shows({"type": "REG_DWORD", "data": 12345})
    assert not redactor.shows({"a": ["hunter2", None, True, 1234]})


@pytest.mark.parametrize(
    "made",
    [
        lambda s: s + "x",
        lambda s: "x" + s,
        lambda s: s[1:],
        lambda s: s * 2,
        lambda s: s.upper(),
        lambda s: s.replace("u", "o"),
        lambda s: s.strip(),
        lambda s: s.join(["a", "b"]),
        lambda s: s.split("t")[0],
        lambda s: s.format(),
    ],
)
def test_what_is_made_of_a_secret_is_one(made):
    assert isinstance(made(Secret("hunter2x")), Secret)


def test_a_secret_does_not_show_itself_where_values_are_shown():
    assert repr(Secret("hunter2x")) == repr(MASK)
    assert "hunter2x" not in f"{[Secret('hunter2x')]}"
    assert "hunter2x" not in repr({"a": Secret("hunter2x")})
    assert Secret("hunter2x") == "hunter2x"
    assert json.dumps(Secret("hunter2x")) == '"hunter2x"'


def test_secrets_are_told_by_type_and_by_name():
    variables = {
        "user": "bob",
        "db": {"password": "by name", "port": 25},
        "banner": Secret("by type"),
        "api_token": 987654,
        "keys": [as_secret({"a": "inside"})],
        "secrets": {"any": "below"},
    }

    assert secret_values(variables) == {"by name", "by type", "987654", "inside", "below"}
    assert holds_secret(variables)
    assert not holds_secret({"user": ["bob"]})
