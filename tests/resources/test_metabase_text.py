"""What a MetaBase.xml says, whole or damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.resources import metabase_text as text
from remediators.resources.metabase_text import Contents

# As IIS 6 writes it (Microsoft, cc782923): a blank before the equals sign, attributes on lines of their own.
WHOLE = b"""<?xml version ="1.0"?>\r
<configuration xmlns="urn:microsoft-catalog:XML_Metabase_V64_0">\r
<MBProperty>\r
<IIS_Global\tLocation ="."\r
\t\tHistoryMajorVersionNumber="154"\r
\t\tSessionKey="49634462f0000000a4000000"\r
\t>\r
</IIS_Global>\r
<IIsConfigObject\tLocation ="/LM/DS2MB"\r
\t>\r
</IIsConfigObject>\r
<IIsConfigObject\tLocation ="/LM/EventManager"\r
\t>\r
</IIsConfigObject>\r
<IIsSmtpServer\tLocation ="/LM/SmtpSvc/1"\r
\t\tConnectResponse="Contoso &amp; Co"\r
\t\tServerBindings=":25:\r
\t\t\t10.0.0.1:25:"\r
\t>\r
\t<Custom\r
\t\tName="UnknownName_1"\r
\t\tID="1"\r
\t\tValue="x"\r
\t/>\r
</IIsSmtpServer>\r
</MBProperty>\r
</configuration>\r
"""


def test_a_whole_file_is_told_node_by_node():
    found = text.read(WHOLE)

    assert (found.broken, found.lacks, found.major) == ("", (), 154)
    assert set(found.nodes) == {"/LM/DS2MB", "/LM/EventManager", "/LM/SmtpSvc/1"}
    assert set(found.nodes["/LM/SmtpSvc/1"]) == {"ConnectResponse", "ServerBindings", "UnknownName_1"}
    assert found.counts == {"DS2MB": 1, "EVENTMANAGER": 1, "SMTPSVC": 1}


def test_no_value_of_a_property_and_no_key_is_kept_in_the_clear():
    found = str(text.read(WHOLE).value())

    assert "Contoso" not in found
    assert "49634462f" not in found


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "line 1: no element found"),
        (WHOLE[:-40], "not well-formed"),
        (WHOLE.replace(b"Contoso", b"\x02"), "invalid token"),
        (WHOLE.replace(b"&amp;", b"&"), "not well-formed"),
        (b"<html/>", "not IIS's"),
        (WHOLE.replace(b"urn:microsoft", b"urn:other"), "not IIS's"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + WHOLE[23:], "document type"),
    ],
)
def test_what_is_broken_says_how(raw, why):
    assert why in text.read(raw).broken


def test_what_stands_before_the_damage_is_known():
    assert set(text.read(WHOLE[: WHOLE.index(b"<IIsSmtpServer")]).nodes) == {"/LM/DS2MB", "/LM/EventManager"}


@pytest.mark.parametrize(
    ("gone", "lacks"),
    [
        (b'"/LM/DS2MB"', "/LM/DS2MB"),
        (b'"/LM/EventManager"', "/LM/EventManager"),
        (b'"/LM/SmtpSvc/1"', "an SMTP virtual server (/LM/SmtpSvc/1 or another number)"),
    ],
)
def test_a_node_that_is_gone_is_missed(gone, lacks):
    assert lacks in text.read(WHOLE.replace(gone, b'"/LM/Other"')).lacks


def test_a_virtual_server_without_bindings_is_missed():
    raw = WHOLE.replace(b"ServerBindings=", b"Other=")

    assert text.read(raw).lacks == (text.NO_BINDINGS,)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(raw):
    found = text.read(raw)

    assert found.broken
    assert Contents.of(found.value()) == found


@given(st.integers(0, len(WHOLE) - 20), st.integers(0, 8))
def test_a_file_that_lost_its_end_or_got_a_control_character_is_never_whole(place, character):
    assert text.read(WHOLE[:place]).broken
    assert text.read(WHOLE[:place] + bytes([character]) + WHOLE[place:]).broken


def test_a_schema_is_told_from_anything_else():
    assert text.broken_schema(b'<MetaData xmlns="x-urn:microsoft-catalog:MetaData_V7"/>') == ""
    assert text.broken_schema(WHOLE)
    assert text.broken_schema(b"")
