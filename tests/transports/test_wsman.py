"""The codec: what is said and understood, whatever the characters."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.model import Refused
from remediators.transports import wsman

XML_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="￾￿", include_characters="\t\n\r"))


@given(line=XML_TEXT, shell=XML_TEXT)
def test_every_line_that_xml_can_carry_arrives_whole(line: str, shell: str):
    root = ET.fromstring(wsman.command("http://h:5985/wsman", 20, shell, line))

    assert root.findtext(f".//{{{wsman.SHELL}}}Command") == line
    assert root.findtext(f".//{{{wsman.WSMAN}}}Selector") == shell


@pytest.mark.parametrize("char", ["\0", "\x08", "\x1f", "\ud800", "￾", "￿"])
def test_what_xml_cannot_carry_is_refused(char: str):
    with pytest.raises(Refused, match=f"U\\+{ord(char):04X}"):
        wsman.command("http://h/wsman", 20, "S", f"a{char}b")


@given(st.binary(max_size=200))
def test_no_answer_however_broken_raises_anything_but_our_error(body: bytes):
    with pytest.raises(wsman.NotWsman):
        wsman.parse(body)


def test_entities_are_never_expanded():
    bomb = b'<!DOCTYPE s [<!ENTITY a "aaaa">]><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">&a;</s:Envelope>'
    with pytest.raises(wsman.NotWsman):
        wsman.parse(bomb)


def test_messages_have_ids_of_their_own():
    first, second = (
        ET.fromstring(wsman.delete("http://h/wsman", 20, "S")).findtext(f".//{{{wsman.ADDRESSING}}}MessageID")
        for _ in range(2)
    )
    assert first != second


@pytest.mark.parametrize(
    ("version", "stack"), [("OS: 5.2.3790 SP: 2.0 Stack: 2.0", "2.0"), ("Stack: 1.1", "1.1"), ("", ""), ("8.5", "")]
)
def test_the_stack_is_read_from_the_version(version: str, stack: str):
    assert wsman.Identity("Microsoft Corporation", version, "").stack == stack
