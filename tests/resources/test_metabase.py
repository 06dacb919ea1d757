"""The metabase: what adsutil.vbs prints, and what it is given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.model import Address, Answer, Change, Refused, Snapshot, Unread, Value
from remediators.resources import metabase
from remediators.resources.metabase import MetabaseKind, children_address, property_address

from .windows_model import Windows

KIND = MetabaseKind()
BANNER = property_address("SmtpSvc/1", "ConnectResponse")
NOT_SET = -2147463162


def read(address: Address, text: str | bytes, status: int = 0, encoding: str = "utf-8") -> Snapshot:
    (query,) = metabase.read([address])
    raw = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode(encoding)
    return Snapshot().read(query, query.parse([Answer(raw, status, encoding)]))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('ConnectResponse                 : (STRING) "Contoso ESMTP"\n', "Contoso ESMTP"),
        ('connectresponse                 : (String) "a ""b"" (c) : d"\n', 'a ""b"" (c) : d'),
        ('ConnectResponse                 : (STRING) ""\n', ""),
        ("ConnectResponse                 : (INTEGER) 7697601\n", {"type": "INTEGER", "data": 7697601}),
        ("ConnectResponse                 : (BOOLEAN) True\n", {"type": "BOOLEAN", "data": True}),
        ("ConnectResponse                 : (BOOLEAN) Falsch\n", {"type": "BOOLEAN", "data": False}),
        ("ConnectResponse                 : (EXPANDSZ) %windir%\\x\n", {"type": "EXPANDSZ", "data": "%windir%\\x"}),
        (
            'ConnectResponse                 : (LIST)  (2 Items)\n  ":25:"\n  "10.0.0.1:25:"\n',
            {"type": "LIST", "data": [":25:", "10.0.0.1:25:"]},
        ),
        ("ConnectResponse                 : (LIST)  (0 Elemente)\n", {"type": "LIST", "data": []}),
    ],
)
def test_each_type_of_property_is_read_as_it_is(text: str, value: Value) -> None:
    assert read(BANNER, text)[BANNER] == value


def test_a_name_of_32_characters_and_more_has_no_padding_and_vbscripts_type() -> None:
    address = property_address("SmtpSvc/1", "SmtpRemoteProgressiveRetryMinutes")
    text = 'SmtpRemoteProgressiveRetryMinutes: (String) "10,10,10,15"\n'

    assert read(address, text)[address] == "10,10,10,15"


@pytest.mark.parametrize("status", [NOT_SET, 2147504134, 6])
def test_a_property_that_is_not_set_is_absent_whatever_the_words_are(status: int) -> None:
    assert read(BANNER, 'Der Parameter "ConnectResponse" ist nicht gesetzt.\n', status)[BANNER] is None


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        (
            "The path requested could not be found.\nErrNumber: -2147024893 (0x80070003)\nError Trying To GET …\n",
            -2147024893,
            "there is no virtual server 1 on this host",
        ),
        (
            "Access is denied for the requested path or property.\nErrNumber: -2147024891 (0x80070005)\n",
            5,
            "must be in Administrators",
        ),
        ("ErrNumber: -2147024748 (0x80070094)\n", -2147024748, "in use by another application"),
        (
            'Input Error: Can not find script file "C:\\Inetpub\\AdminScripts\\adsutil.vbs".\n',
            1,
            "is it at %SystemDrive%",
        ),
        ("ErrNumber: -2147463168 (0x80005000)\n", -2147463168, "failed with 0x80005000"),
        ('ConnectResponse                 : (STRING) "one\ntwo"\n', 0, "several lines"),
        ('ConnectResponse                 : (STRING) "**********"\n', 0, "is a secret"),
        ("ConnectResponse                 : (BINARY) 0x1 2\n", 0, "BINARY"),
        ('ConnectResponse                 : (LIST)  (1 Items)\n  "a\nb"\n', 0, "line by line"),
        ('Other                           : (STRING) "text"\n', 0, "no line for this property"),
        ("", 0, "no line for this property"),
    ],
)
def test_what_cannot_be_read_exactly_is_unread_with_its_reason(text: str, status: int, reason: str) -> None:
    with pytest.raises(Unread, match=reason):
        read(BANNER, text, status)[BANNER]


def test_bytes_that_are_no_text_are_unread() -> None:
    with pytest.raises(Unread, match="no text in ascii"):
        read(BANNER, b'ConnectResponse                 : (STRING) "Gr\x81\xe1e"\r\n', encoding="ascii")[BANNER]


def test_a_question_mark_under_an_oem_code_page_is_doubted() -> None:
    text = 'ConnectResponse                 : (STRING) "How?"\n'

    assert BANNER in read(BANNER, text, encoding="cp850").doubts
    assert not read(BANNER, text, encoding="utf-8").doubts


def test_children_are_the_names_below_a_node() -> None:
    address = children_address("SmtpSvc")
    text = "[/smtpsvc/1]\n[/smtpsvc/2]\n[/smtpsvc/Info]\n\n"

    assert read(address, text)[address] == ["1", "2", "Info"]


def test_without_the_smtp_service_the_reason_says_so() -> None:
    address = children_address("SmtpSvc")

    with pytest.raises(Unread, match="the SMTP service is not installed"):
        read(address, "ErrNumber: -2147024893 (0x80070003)\n", -2147024893)[address]


def test_the_script_is_called_where_the_host_has_it() -> None:
    (query,) = metabase.read([BANNER])

    assert query.commands[0].shown == (
        'cscript //nologo "%SystemDrive%\\Inetpub\\AdminScripts\\adsutil.vbs" GET SmtpSvc/1/ConnectResponse'
    )


# -- what is sent -----------------------------------------------------------------------------------------------------


def sent(*changes: Change) -> list[str]:
    prefix = 'cscript //nologo "%SystemDrive%\\Inetpub\\AdminScripts\\adsutil.vbs" '
    return [c.shown.removeprefix(prefix) for s in KIND.write(changes, Snapshot()) for c in s.commands]


def test_properties_are_set_before_others_are_deleted() -> None:
    gone = Change(property_address("SmtpSvc/1", "Old"), "x", None)

    assert sent(gone, Change(BANNER, None, "Contoso ESMTP")) == [
        'SET SmtpSvc/1/ConnectResponse "Contoso ESMTP"',
        "DELETE SmtpSvc/1/Old",
    ]


def test_a_property_that_is_not_set_is_never_deleted() -> None:
    with pytest.raises(Refused, match="nothing to delete"):
        sent(Change(BANNER, None, None))


def test_lists_and_numbers_are_set_as_plain_arguments() -> None:
    assert sent(
        Change(BANNER, None, {"type": "LIST", "data": [":25:", "a b"]}),
        Change(BANNER, None, {"type": "INTEGER", "data": 5}),
        Change(BANNER, None, {"type": "BOOLEAN", "data": False}),
    ) == [
        'SET SmtpSvc/1/ConnectResponse :25: "a b"',
        "SET SmtpSvc/1/ConnectResponse 5",
        "SET SmtpSvc/1/ConnectResponse False",
    ]


def test_a_sensitive_value_is_not_shown() -> None:
    (line,) = sent(Change(BANNER, None, "hunter2!", sensitive=True))

    assert "hunter2" not in line


@pytest.mark.parametrize("text", ['a "b"', "//x", "-s:other", "-S:other", "", "a\nb", "a\x00b"])
def test_text_that_adsutil_would_not_take_as_it_is_is_unwritable(text: str) -> None:
    assert KIND.unwritable(Change(BANNER, None, text), Snapshot())
    assert "could not be put back" in (KIND.unwritable(Change(BANNER, text, "x"), Snapshot()) or "")


def test_an_empty_list_could_not_be_put_back() -> None:
    assert KIND.unwritable(Change(BANNER, {"type": "LIST", "data": []}, "x"), Snapshot())


def test_the_way_back_is_one_task_for_each_node() -> None:
    other = property_address("SmtpSvc/2", "SmartHost")
    (first, second) = KIND.restore(
        [Change(BANNER, None, "x"), Change(other, "absent", None), Change(property_address("SmtpSvc/1", "A"), "a", "b")]
    )

    assert first.remediator == "metabase"
    assert first.options == {"path": "SmtpSvc/1", "properties": {"ConnectResponse": "absent", "A": "a"}}
    assert second.options["properties"] == {"SmartHost": {"type": "STRING", "data": "absent"}}


PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"'), min_size=1).filter(
    lambda text: not text.startswith("//") and not text.lower().startswith("-s:") and text != "*" * 10
)


@settings(max_examples=60)
@given(before=st.none() | PLAIN, after=st.none() | PLAIN)
def test_whatever_is_written_can_be_put_back(before: str | None, after: str | None) -> None:
    windows = Windows(nodes={"SmtpSvc/1"})
    key = "SMTPSVC/1/CONNECTRESPONSE"
    if before is not None:
        windows.metabase[key] = f'(STRING) "{before}"'
    change = Change(BANNER, before, after)
    if before == after:
        return

    windows.write(KIND.write([change], Snapshot()))
    there = windows.read(metabase.read([BANNER]))[BANNER]
    windows.write(KIND.write([change.inverse()], Snapshot()))

    assert there == after
    assert windows.read(metabase.read([BANNER]))[BANNER] == before
