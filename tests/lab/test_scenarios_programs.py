"""eventquery.vbs, wmic and wevtutil of the lab: what they print, in which form, and with which exit code."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.lab.wmi_query import QueryError, cim_datetime, condition
from remediators.lab.world import WindowsMachine, build

SCRIPT = r"cscript //nologo %windir%\system32\eventquery.vbs"
DROPPED: dict[str, Any] = {
    "source": "MSExchangeTransport",
    "id": 4006,
    "type": "warning",
    "category": "@connection-manager",
    "text": "@event-4006",
    "strings": ["10.1.1.1", "mail.example.com"],
    "ago": 100,
    "every": 900,
    "count": 5,
}
STORE: dict[str, Any] = {"source": "MSExchangeIS", "id": 1221, "text": "free space", "ago": 50, "every": 9, "count": 2}
LINKS = r"wmic /namespace:\\root\MicrosoftExchangeV2 path Exchange_SMTPLink"


def machine(**more: Any) -> WindowsMachine:
    return build("exch01", {"events": [DROPPED, STORE], **more})


def said(host: WindowsMachine, line: str) -> str:
    ran = host.run(line)
    assert ran.status == 0, ran
    return ran.stdout.decode("cp850")


def rows(text: str) -> list[dict[str, str]]:
    """The CSV part of an answer."""
    return list(csv.DictReader(io.StringIO(text[text.index('"') :])))


# -- eventquery.vbs


def test_csv_has_all_columns_with_v_and_the_newest_comes_first() -> None:
    found = rows(said(machine(), f'{SCRIPT} /l Application /fi "ID eq 4006" /fo CSV /v'))

    assert list(found[0]) == [
        "Type", "Event", "Date Time", "Source", "ComputerName", "User", "Category", "Description",
    ]  # fmt: skip
    assert len(found) == 5
    assert found[0]["Description"].endswith("10.1.1.1, mail.example.com; the semaphore timeout period has expired.")
    assert (found[0]["Type"], found[0]["Category"]) == ("Warning", "Connection Manager")
    times = [dt.datetime.strptime(row["Date Time"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=dt.UTC) for row in found]
    assert times == sorted(times, reverse=True)


def test_a_table_has_the_widths_of_the_script_and_cuts_long_sources() -> None:
    lines = said(machine(), f'{SCRIPT} /l Application /fi "ID eq 4006" /r 1').splitlines()

    assert lines[-2] == " ".join("-" * width for width in (13, 6, 23, 17, 15))
    assert lines[-1][:21] == "Warning       4006   "
    assert lines[-1][45:62] == "MSExchangeTranspo"
    assert "Listing the events in 'Application' log of host 'EXCH01'" in lines


def test_a_list_has_one_property_a_line() -> None:
    text = said(machine(), f'{SCRIPT} /l Application /fi "Source eq msexchangeis" /fo LIST /v')

    assert text.count("Event:        1221") == 2
    assert "Description:  free space" in text


def test_without_a_heading_only_rows_are_left() -> None:
    host = machine()
    whole, bare = (said(host, f"{SCRIPT} /l Application /fo CSV {more}") for more in ("", "/nh"))

    assert whole.endswith(bare.partition("\r\n")[2])
    assert '"Event"' not in bare


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("/r 3", ["1221", "1221", "4006"]),
        ("/r -2", ["4006", "4006"]),
        ("/r 2-3", ["1221", "4006"]),
        ('/fi "ID ge 4000"', ["4006"] * 5),
        ('/fi "ID lt 4000"', ["1221"] * 2),
        ('/fi "Type eq WARNING"', ["4006"] * 5),
        ('/fi "Type ne WARNING"', ["1221"] * 2),
        ('/fi "Category eq Connection Manager" /r 1', ["4006"]),
        ('/fi "Computer eq EXCH01" /fi "User eq N/A" /r 1', ["1221"]),
    ],
)
def test_filters_and_ranges(asked: str, ids: list[str]) -> None:
    assert [row["Event"] for row in rows(said(machine(), f"{SCRIPT} /l Application /fo CSV {asked}"))] == ids


def test_a_filter_by_time_is_in_the_hosts_own_time() -> None:
    host = machine(utc_offset=120)
    since = host.now() + dt.timedelta(hours=2, seconds=-1200)
    asked = f'{SCRIPT} /l Application /fo CSV /fi "ID eq 4006" /fi "Datetime gt {since:%m/%d/%Y,%I:%M:%S%p}"'

    assert len(rows(said(host, asked))) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        "/l Nowhere",
        '/fi "ID eq x"',
        '/fi "ID"',
        '/fi "Source gt x"',
        '/fi "Datetime gt yesterday"',
        '/fi "Datetime gt 13/40/2026,01:00:00AM"',
        "/fo XML",
        "/r 0",
        "/r",
        "/zz",
        "/fo LIST /nh",
    ],
)
def test_what_is_asked_wrongly_ends_with_254(wrong: str) -> None:
    ran = machine().run(f"{SCRIPT} {wrong}")

    assert (ran.status, ran.stderr) == (254, b"")
    assert ran.stdout.startswith(b"ERROR: ")


def test_nothing_found_is_told_and_is_no_failure() -> None:
    assert said(machine(), f"{SCRIPT} /l System") == (
        "INFO: No records available for the 'System' log with the specified criteria.\r\n"
    )


def test_a_german_host_speaks_german_and_writes_its_own_dates() -> None:
    text = said(machine(language="de"), f'{SCRIPT} /l Application /fi "Type eq WARNING" /fo CSV /v /r 1')

    assert "Auflisten der Ereignisse" in text
    assert re.search(r'"Warnung","4006","\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d"', text)
    assert "Das Zeitlimit für die Semaphore wurde erreicht" not in text
    assert "das Zeitlimit für die Semaphore wurde erreicht" in text


@pytest.mark.parametrize("edition", ["2000", "2008"])
def test_only_2003_has_the_script(edition: str) -> None:
    assert b"Can not find script file" in machine(os=edition).run(f"{SCRIPT} /l Application").stdout


# -- wmic


def test_lines_end_in_cr_cr_lf_on_a_pipe() -> None:
    ran = machine().run('wmic ntevent where "EventCode=4006" get TimeGenerated,EventCode /format:list <nul')

    assert ran.stdout.startswith(b"\r\r\n\r\r\nEventCode=4006\r\r\nTimeGenerated=")
    assert ran.stdout.count(b"EventCode=4006") == 5
    assert not re.search(rb"[^\r]\r\n", ran.stdout)


def test_csv_has_the_node_in_front_and_its_columns_sorted() -> None:
    text = said(machine(), 'wmic ntevent where "EventCode=1221" get Type,EventCode,Message /format:csv')

    assert text.split() == ["Node,EventCode,Message,Type", *["EXCH01,1221,free", "space,Information"] * 2]


def test_into_a_file_it_writes_utf_16() -> None:
    host = machine()
    said(host, r"wmic os get Caption /value >C:\Temp\os.txt")

    assert "Caption=Microsoft Windows Server 2003" in host.files.read(r"C:\Temp\os.txt").decode("utf-16")


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ("wmic nonsense get x", 44135, b"Alias not found"),
        (r"wmic /namespace:\\root\nowhere path x get y", -2147217394, b"0x8004100e"),
        ("wmic path Win32_Nothing get y", -2147217392, b"0x80041010"),
        ('wmic ntevent where "EventCode==" get Type', -2147217385, b"0x80041017"),
        ("wmic ntevent get Nothing", -2147217385, b"0x80041017"),
        (f"{LINKS} where \"LinkName='x'\" call Nothing", -2147217388, b"0x80041014"),
    ],
)
def test_what_there_is_not_has_its_number(line: str, status: int, told: bytes) -> None:
    ran = machine().run(line)

    assert ran.status == status
    assert told in ran.stderr


def test_no_instance_is_no_failure() -> None:
    ran = machine().run('wmic ntevent where "EventCode=9" get Type')

    assert (ran.status, ran.stdout, ran.stderr) == (0, b"", b"No Instance(s) Available.\r\r\n")


def test_times_are_the_hosts_own_with_the_minutes_from_utc() -> None:
    host = machine(utc_offset=-300)
    text = said(host, "wmic os get LocalDateTime /value")
    told = re.search(r"LocalDateTime=(\S+)", text)

    assert told is not None
    assert told[1].endswith("-300")
    when = cim_datetime(told[1])
    assert when is not None
    assert abs(when - host.now()) < dt.timedelta(minutes=2)


def test_a_server_without_exchange_has_no_queues() -> None:
    assert b"0x8004100e" in machine(exchange=False).run(f"{LINKS} get LinkName").stderr


def test_a_stopped_service_shows_no_links() -> None:
    host = machine(queue={"a": {"messages": 3}})
    assert "MessageCount=3" in said(host, f"{LINKS} get MessageCount /value")
    host.run("net stop smtpsvc")

    assert b"No Instance" in host.run(f"{LINKS} get MessageCount /value").stderr


def test_a_kick_is_a_write_and_reading_is_none() -> None:
    host = machine(queue={"a": {"messages": 3}})
    said(host, f"{LINKS} get LinkName,MessageCount /value")
    assert host.log == []

    assert "ReturnValue = 0;" in said(host, f"{LINKS} where \"LinkName='a'\" call Kick")
    assert [str(write) for write in host.log] == ["queue kick a"]


def test_the_log_file_tells_how_many_records_there_are() -> None:
    text = said(machine(), "wmic nteventlog where \"LogfileName='Application'\" get NumberOfRecords /value")

    assert "NumberOfRecords=7" in text


# -- WQL

ROW = {"eventcode": 4006, "type": "Warning", "message": "the semaphore\r\nexpired", "category": None, "up": True}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("EventCode=4006", True),
        ("EventCode='4006'", True),
        ("EventCode<>4006 or Type='warning'", True),
        ("not EventCode=4006", False),
        ('(EventCode>4000 and EventCode<=4006) and Type!="Error"', True),
        ("Message like '%semaphore%'", True),
        ("Message like 'semaphore%'", False),
        ("Category=1", False),
        ("up=TRUE", True),
        ("EventCode=4006 and Nothing=1", None),
        ("EventCode=1 and Nothing=1", False),
        ("EventCode=4006 or Nothing=1", True),
    ],
)
def test_conditions(text: str, *, holds: bool | None) -> None:
    assert condition(text)(ROW) is holds


@pytest.mark.parametrize("text", ["", "a", "a=", "a=1 and", "(a=1", "a=1)", "=1", "a ~ 1", "a=1 b=2"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        condition(text)


@given(st.text(alphabet="ab =<>'\"()%andorlike\\", max_size=30))
def test_any_text_is_a_condition_or_is_refused(text: str) -> None:
    try:
        condition(text)({"a": "b"})
    except QueryError:
        return


# -- wevtutil


def test_wevtutil_tells_events_as_xml_and_as_text() -> None:
    host = machine(os="2008")
    recent = "TimeCreated[timediff(@SystemTime) <= 1200000]"
    query = f"*[System[Provider[@Name='MSExchangeTransport'] and (EventID=4006) and {recent}]]"
    xml = said(host, f'wevtutil qe Application "/q:{query}" /rd:true /f:xml')
    text = said(host, f'wevtutil qe Application "/q:{query}" /c:1 /f:text')

    events = list(ET.fromstring(f"<all>{xml}</all>"))
    assert len(events) == 2
    assert text.count("Event ID: 4006") == 1


@pytest.mark.parametrize(
    ("line", "status"),
    [("wevtutil", 87), ("wevtutil qe Nowhere", 15007), ('wevtutil qe Application "/q:*[EventData[x]]"', 15001)],
)
def test_what_wevtutil_is_asked_wrongly(line: str, status: int) -> None:
    assert machine(os="2008").run(line).status == status


def test_a_log_can_be_cleared_which_is_a_write() -> None:
    host = machine(os="2008")
    said(host, "wevtutil cl Application")

    assert said(host, "wevtutil gli Application") == "numberOfLogRecords: 0\r\n"
    assert [str(write) for write in host.log] == ["events clear Application"]
