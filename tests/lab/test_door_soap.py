"""Envelopes and pieces of output, without any wire."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.lab import door_soap as soap
from remediators.lab.door_shells import Running
from remediators.lab.machine import Ran

NOBODY = soap.Envelope("action", "resource", "uuid:1", None, {}, None, None, None)


@pytest.mark.parametrize(
    ("text", "length"),
    [("PT20S", 20), ("PT1M0.5S", 60.5), ("P1DT1H", 90000), ("PT0S", 0), ("", None), ("P", None), ("20", None)],
)
def test_durations_are_read_as_xml_schema_writes_them(text: str, length: float | None) -> None:
    assert soap.seconds(text) == length


@pytest.mark.parametrize("text", [b"", b"<a/>", b"<a", "<é/>".encode("latin-1")])
def test_what_is_no_envelope_is_malformed(text: bytes) -> None:
    with pytest.raises(soap.Malformed):
        soap.parse(text)


@given(st.binary(max_size=400), st.binary(max_size=400), st.integers(1, 97))
@settings(max_examples=60)
def test_output_in_pieces_is_the_output(out: bytes, err: bytes, most: int) -> None:
    streams, statuses = asyncio.run(_fetched(Ran(out, err, -7), most))
    assert b"".join(piece.data for piece in streams if piece.name == "stdout") == out
    assert b"".join(piece.data for piece in streams if piece.name == "stderr") == err
    assert statuses == [None] * (len(statuses) - 1) + [-7]
    assert len(statuses) == max(-(-(len(out) + len(err)) // most), 1)


async def _fetched(ran: Ran, most: int) -> tuple[list[soap.Stream], list[int | None]]:
    end = asyncio.get_running_loop().create_future()
    end.set_result(ran)
    running, streams, statuses = Running(end), list[soap.Stream](), list[int | None]()
    while not statuses or statuses[-1] is None:
        pieces, status = running.take(most)
        assert sum(len(piece.data) for piece in pieces) <= most
        streams += pieces
        statuses.append(status)
    return streams, statuses


def test_a_fault_has_the_code_where_windows_has_it() -> None:
    root = ET.fromstring(soap.refuse(NOBODY, soap.DENIED, 'EX<"CH'))
    found = root.find(".//{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}WSManFault")
    assert found is not None
    assert (found.get("Code"), found.get("Machine")) == ("5", 'EX<"CH')
    assert root.find(".//{http://www.w3.org/2003/05/soap-envelope}Fault") is not None


def test_an_answer_says_what_it_answers() -> None:
    root = ET.fromstring(soap.started(NOBODY, "7"))
    assert [one.text for one in root.iter("{http://schemas.xmlsoap.org/ws/2004/08/addressing}RelatesTo")] == ["uuid:1"]
