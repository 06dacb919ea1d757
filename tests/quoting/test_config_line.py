"""What reaches a device is one line, as it is; secrets in it are not shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.model import Refused
from remediators.quoting import config_line


@given(st.text(max_size=300))
def test_every_line_is_taken_as_it_is_or_refused(text: str) -> None:
    try:
        command = config_line.line(text)
    except Refused:
        return
    assert command.line == text
    assert command.line.isascii()
    assert command.line.isprintable()
    assert not set("?\r\n\t\x03\x1a") & set(command.line)
    assert command.line == command.line.strip()
    assert len(command.line) <= 254


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("interface Gi0/1\nshutdown", "U\\+000A"),
        ("description a\tb", "U\\+0009"),
        ("description caf\u00e9", "U\\+00E9"),
        ("description who?", "question mark"),
        (" shutdown", "blanks around"),
        ("! a comment", "comment"),
        ("x" * 255, "255 characters"),
    ],
)
def test_what_a_device_would_take_differently_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        config_line.line(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("enable secret 5 $1$abc", "enable secret 5 ********"),
        ("username bob privilege 15 secret 5 $1$x", "username bob privilege 15 secret 5 ********"),
        ("snmp-server community public RO", "snmp-server community ******** RO"),
        ("crypto isakmp key s3 address 192.0.2.1", "crypto isakmp key ******** address 192.0.2.1"),
        ("ip inspect name A smtp", "ip inspect name A smtp"),
        ("service password-encryption", "service password-encryption"),
        ("description the key is under the mat", "description the key is under the mat"),
        ("match community 5", "match community 5"),
    ],
)
def test_secrets_are_sent_and_not_shown(text: str, shown: str) -> None:
    command = config_line.line(text)

    assert (command.line, command.shown) == (text, shown)


def test_a_part_that_is_said_to_be_secret_is_not_shown() -> None:
    command = config_line.line("hostname ", config_line.Masked("r1"))

    assert (command.line, command.shown) == ("hostname r1", "hostname ********")


def test_a_refusal_does_not_tell_the_secret() -> None:
    with pytest.raises(Refused) as caught:
        config_line.line("enable secret 0 what?")

    assert "what" not in caught.value.message.replace("question", "")
