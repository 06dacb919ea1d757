"""Event 4006: what the host's own programs say of it, in several languages and in every way of not saying it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.engine.reading import read_all
from remediators.lab.world import build
from remediators.model import Answer, Snapshot, Unread
from remediators.quoting.cmd import as_batch
from remediators.resources import events
from remediators.resources.events import EVENTS, Clock, Found, Remote, remote_in
from remediators.resources.semaphore import names_semaphore
from remediators.sessions.windows import WindowsSession
from tests.resources.test_registry_lab import LabChannel

TODAY = date(2026, 11, 25)
HEAD = '"Type","Event","Date Time","Source","ComputerName","Category","User","Description"'
TEXT = (
    "The connection was dropped by the remote host 10.1.1.1, mail.domain.com; the semaphore timeout period has expired."
)
GERMAN = "Die Verbindung wurde von 10.1.1.1, mail.domain.com getrennt; das Zeitlimit für die Semaphore wurde erreicht."
NONE = "INFO: No records available for the 'Application' log with the specified criteria."
NOT_RUN = Answer(b"", None)
US = "\r\nHKEY_CURRENT_USER\\Control Panel\\International\r\n    iDate\tREG_SZ\t0\r\n    s2359\tREG_SZ\tPM\r\n"


def row(when: str, text: str = TEXT, number: int = 4006, source: str = "MSExchangeTransport") -> str:
    return f'"Warning","{number}","{when}","{source}","EX1","Connection Manager","N/A","{text}"'


def said(*rows: str, status: int = 0, encoding: str = "utf-8") -> Answer:
    return Answer(("\r\n".join(rows) + "\r\n").encode(encoding), status, encoding)


RECORD = said(HEAD, row("1/2/2025 3:04:05 AM", "Service started.", 1000, "Other"))


def known(
    main: Answer,
    *,
    newest: Answer = RECORD,
    earlier: Answer = RECORD,
    locale: str = US,
    modern: Answer = NOT_RUN,
    wmi: Answer = NOT_RUN,
    most: int = 50,
) -> Snapshot:
    query = events.query(TODAY, most=most)
    return Snapshot().read(query, query.parse([said(locale), newest, earlier, main, modern, wmi]))


def found(main: Answer, **more) -> Found:
    return events.found(known(main, **more))


def why(main: Answer, **more) -> str:
    with pytest.raises(Unread) as unread:
        events.found(known(main, **more))
    return unread.value.message


# -- eventquery.vbs --------------------------------------------------------------------------------------------------


def test_the_event_of_the_article_is_found_with_its_remote_host() -> None:
    seen = found(said(HEAD, row("11/25/2026 2:05:06 PM"), row("11/24/2026 1:05:06 AM")))

    assert (seen.count, seen.others, seen.more, seen.via) == (2, 0, False, "eventquery")
    assert (seen.first, seen.last) == ("2026-11-24T01:05:06", "2026-11-25T14:05:06")
    assert seen.remotes == (Remote("10.1.1.1", "mail.domain.com", 2),)
    assert (seen.since, seen.young) == ("2026-11-17", False)


def test_an_event_4006_with_another_text_is_counted_apart() -> None:
    seen = found(said(HEAD, row("11/25/2026 2:05:06 PM", "The remote host rejected AUTH.")))

    assert (seen.count, seen.others, seen.first, seen.remotes) == (0, 1, "", ())


def test_other_sources_and_numbers_do_not_count() -> None:
    rows = [row("11/25/2026 2:05:06 PM", source="smtpsvc"), row("11/25/2026 2:05:06 PM", number=4007)]

    assert found(said(HEAD, *rows)).events == ()


def test_none_found_is_told_from_a_log_that_was_cleared() -> None:
    assert found(said(NONE)).count == 0
    assert "was cleared" in why(said(NONE), newest=said(NONE), earlier=said(NONE))


def test_a_log_that_begins_within_the_time_asked_for_says_so() -> None:
    assert found(said(NONE), earlier=said(NONE)).young
    assert found(said(HEAD, row("11/25/2026 2:05:06 PM")), earlier=said(NONE)).young


def test_a_log_whose_records_are_not_told_is_neither_cleared_nor_young() -> None:
    lost = said("ERROR", status=254)

    assert not found(said(NONE), newest=lost, earlier=lost).young


def test_the_log_is_never_gone_through_to_its_oldest_record() -> None:
    shown = [command.shown for command in events.query(TODAY).commands if "eventquery" in command.shown]

    assert all(" /r " in line and " -1" not in line for line in shown)


def test_as_many_as_were_asked_for_means_that_there_may_be_more() -> None:
    rows = [row("11/25/2026 2:05:06 PM")] * 3

    assert found(said(HEAD, *rows), most=3).more
    assert not found(said(HEAD, *rows), most=4).more
    assert found(said(HEAD, *rows), most=2).count == 2


def test_what_was_printed_before_the_script_was_ended_counts() -> None:
    ended = r'Script execution time was exceeded on script "C:\WINDOWS\system32\eventquery.vbs".'
    seen = found(said(HEAD, row("11/25/2026 2:05:06 PM"), ended, "Script execution was terminated.", status=1))

    assert (seen.count, seen.cut, seen.more) == (1, True, True)
    assert "terminated" not in seen.events[0].text
    assert found(said(HEAD, row("11/25/2026 2:05:06 PM"), ended)).cut


def test_a_script_that_was_ended_before_it_printed_anything_leaves_it_unread() -> None:
    ended = r'Script execution time was exceeded on script "C:\WINDOWS\system32\eventquery.vbs".'

    assert "in the time given" in why(said(ended, status=1), modern=said("", status=9009), wmi=said("", status=78))


@pytest.mark.parametrize(
    ("status", "word"), [(250, "WMI"), (254, "did not take the question"), (255, "gave up"), (5, "Administrators")]
)
def test_the_statuses_of_the_script_are_told_in_words(status: int, word: str) -> None:
    assert word in why(said("FEHLER", status=status), wmi=said("", status=78))


def test_a_host_with_none_of_the_programs_says_so() -> None:
    missing = said('Input Error: Can not find script file "C:\\WINDOWS\\system32\\eventquery.vbs".', status=1)
    reason = why(missing, modern=said("not recognized", status=9009), wmi=said("", status=77))

    assert "eventquery.vbs is not in" in reason
    assert "wmic never ran on this host" in reason


def test_localised_headings_and_words_do_not_matter() -> None:
    head = '"Typ","Ereignis","Datum und Uhrzeit","Quelle","Computername","Benutzer","Kategorie","Beschreibung"'
    line = f'"Warnung","4006","24.11.2026 13:05:06","MSExchangeTransport","EX1","N/V","Verbindungs-Manager","{GERMAN}"'
    seen = found(said(head, line, encoding="cp850"), locale="")

    assert (seen.count, seen.last) == (1, "2026-11-24T13:05:06")
    assert seen.events[0].text == GERMAN
    assert seen.remotes == (Remote("10.1.1.1", "mail.domain.com", 1),)


def test_a_text_with_line_ends_stays_one_event() -> None:
    seen = found(said(HEAD, row("11/25/2026 2:05:06 PM", "first\nsecond; the semaphore"), row("11/24/2026 2:05:06 PM")))

    assert len(seen.events) == 2
    assert seen.events[0].text == "first second; the semaphore"


def test_a_text_with_commas_and_quotation_marks_is_kept_whole() -> None:
    text = 'dropped by "mail", "again","and again"; the semaphore timeout'

    assert found(said(HEAD, row("11/25/2026 2:05:06 PM", text))).events[0].text == text


def test_terminal_escapes_in_a_text_are_made_harmless() -> None:
    event = found(said(HEAD, row("11/25/2026 2:05:06 PM", "\x1b[2J\u202e semaphore \x00"))).events[0]

    assert event.text.isprintable()
    assert event.semaphore


# -- the other programs ----------------------------------------------------------------------------------------------

XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='MSExchangeTransport'/><EventID Qualifiers='32772'>4006</EventID>"
    "<TimeCreated SystemTime='2026-11-25T13:05:06.000000000Z'/></System><EventData><Data>10.1.1.1</Data></EventData>"
    f"<RenderingInfo Culture='en-US'><Message>{TEXT}</Message></RenderingInfo></Event>"
)
MISSING = said("no script", status=1)


def test_wevtutil_is_believed_where_there_is_no_script() -> None:
    seen = found(MISSING, modern=said(XML + XML))

    assert (seen.count, seen.via, seen.last) == (2, "wevtutil", "2026-11-25T13:05:06+00:00")
    assert found(MISSING, modern=said("")).count == 0


def test_broken_xml_leaves_it_unread() -> None:
    assert "cannot be told apart" in why(MISSING, modern=said(XML[:-5]))
    assert "cannot be told apart" in why(MISSING, modern=said('<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>'))


def test_wmic_is_believed_where_it_ever_ran() -> None:
    one = f"\r\r\n\r\r\nMessage={TEXT}\r\r\nTimeGenerated=20261124130506.000000+060\r\r\n\r\r\n"
    two = one.replace("20261124", "20261125")
    seen = found(MISSING, modern=said("", status=9009), wmi=Answer((one + two).encode(), 0))

    assert (seen.count, seen.via) == (2, "wmic")
    assert (seen.first, seen.last) == ("2026-11-24T13:05:06+01:00", "2026-11-25T13:05:06+01:00")


# -- times, hosts, phrases -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "when", "iso"),
    [
        ("0", "2/3/2026 1:04:05 PM", "2026-02-03T13:04:05"),
        ("0", "2/3/2026 12:04:05 AM", "2026-02-03T00:04:05"),
        ("0", "2/3/2026 12:04:05 PM", "2026-02-03T12:04:05"),
        ("0", "2/3/26 13:04:05", "2026-02-03T13:04:05"),
        ("1", "03/02/2026 13:04:05", "2026-02-03T13:04:05"),
        ("1", "3-2-2026 13:04:05", "2026-02-03T13:04:05"),
        ("2", "2026/02/03 13:04:05", "2026-02-03T13:04:05"),
        ("2", "26-02-03 13:04:05", "2026-02-03T13:04:05"),
        ("", "2026-02-03 13:04:05", "2026-02-03T13:04:05"),
        ("", "23/2/2026 13:04:05", "2026-02-23T13:04:05"),
        ("", "2/23/2026 13:04", "2026-02-23T13:04:00"),
        ("", "03.02.2026 13:04:05", "2026-02-03T13:04:05"),
        ("", "2/3/2026 13:04:05", ""),  # nobody knows which is the month
        ("", "2/2/2026 13:04:05", "2026-02-02T13:04:05"),
        ("1", "3/2/2569 13:04:05", ""),  # a Buddhist year
        ("0", "2/30/2026 13:04:05", ""),
        ("0", "N/A", ""),
        ("0", "", ""),
    ],
)
def test_times_are_told_as_the_host_writes_them(order: str, when: str, iso: str) -> None:
    assert Clock(order).iso(when) == iso


def test_the_sign_for_the_afternoon_is_the_hosts_own() -> None:
    settings = "\r\n    s2359    REG_SZ    μμ\r\n    iDate    REG_SZ    1\r\n"

    assert Clock.of(settings).iso("3/2/2026 1:04:05 μμ") == "2026-02-03T13:04:05"
    assert Clock.of(settings).iso("3/2/2026 1:04:05 πμ") == "2026-02-03T01:04:05"


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        (TEXT, ("10.1.1.1", "mail.domain.com")),
        (GERMAN, ("10.1.1.1", "mail.domain.com")),
        ("dropped by the remote host 10.1.1.1; the semaphore", ("10.1.1.1", "")),
        ("dropped by the remote host MAIL2.Contoso.Local; the semaphore", ("", "mail2.contoso.local")),
        ("version 6.5.7638.1 and 999.1.1.1", ("", "")),
        ("the semaphore timeout period has expired.", ("", "")),
    ],
)
def test_the_remote_host_is_told_from_the_text(text: str, remote: tuple[str, str]) -> None:
    assert remote_in(text) == remote


@pytest.mark.parametrize(
    "text",
    [
        "Semaphore timeout period has expired.",
        "das Zeitlimit für die Semaphore wurde erreicht",
        "Le délai de temporisation de sémaphore a expiré",
        "El período de tiempo de espera del semáforo ha expirado",
        "Periodo di timeout del semaforo scaduto",
    ],
)
def test_the_phrase_is_known_in_several_languages(text: str) -> None:
    assert names_semaphore(text)
    assert not names_semaphore("The remote server did not respond to a connection attempt.")


# -- what is sent ----------------------------------------------------------------------------------------------------


def test_the_question_is_bounded_by_date_by_count_and_by_time() -> None:
    shown = [command.shown for command in events.query(TODAY, days=7, most=20, seconds=45).commands]
    main = next(line for line in shown if "ID eq 4006" in line)

    assert "//t:45" in main
    assert '"Datetime ge 11/17/2026,12:00:00AM"' in main
    assert "/r 20" in main


def test_without_a_date_the_count_is_the_bound() -> None:
    shown = " ".join(command.shown for command in events.query(None, most=20).commands)

    assert "/r 20" in shown
    assert not any(word in shown for word in ("Datetime", "timediff", "TimeGenerated>"))


def test_wmic_is_never_run_before_the_host_has_looked_whether_it_ever_ran() -> None:
    line = as_batch(events.query(TODAY).commands[-1].line)

    assert line.index("mofcompstatus") < line.index("exit 77") < line.index("wmic ntevent")


def test_two_questions_of_a_day_are_one() -> None:
    assert events.query(TODAY).name == events.query(TODAY).name
    assert events.query(TODAY).name != events.query(TODAY - timedelta(days=1)).name


# -- laws ------------------------------------------------------------------------------------------------------------

OUTPUT = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from([HEAD, row("1/2/2026 1:02:03"), '"', '","', "4006", "\n", TEXT, XML, "a=b"]), max_size=8
    ).map(lambda parts: "\n".join(parts).encode()),
)
STATUS = st.sampled_from([None, 0, 1, 5, 77, 78, 250, 254, 255, 9009, -1, -2147217394])
ANSWER = st.builds(Answer, OUTPUT, STATUS, st.sampled_from(["ascii", "utf-8", "cp850"]))


@given(st.lists(ANSWER, min_size=6, max_size=6))
def test_whatever_a_host_says_is_a_list_of_printable_events_or_unread(answers: list[Answer]) -> None:
    query = events.query(TODAY)
    after = Snapshot().read(query, query.parse(answers))
    try:
        seen = events.found(after)
    except Unread:
        return
    assert all(event.text.isprintable() and event.when.isprintable() for event in seen.events)
    assert seen.count + seen.others == len(seen.events)


@given(st.text(max_size=200))
def test_no_text_of_an_event_can_make_a_second_one_on_its_line(text: str) -> None:
    one_line = text.replace("\n", " ").replace("\r", " ")

    assert len(found(said(HEAD, row("11/25/2026 2:05:06 PM", one_line))).events) == 1


# -- the lab's Windows -----------------------------------------------------------------------------------------------

LAB_EVENT = {
    "source": "MSExchangeTransport",
    "id": 4006,
    "type": "warning",
    "category": "Connection Manager",
    "text": TEXT,
    "ago": 60,
    "every": 600,
    "count": 70,
}


@pytest.mark.parametrize("spec", [{"os": "2003"}, {"os": "2003", "language": "de", "codepage": 850}, {"os": "2008"}])
def test_the_labs_windows_is_asked_in_one_line(spec: dict) -> None:
    machine = build("exch", {**spec, "events": [LAB_EVENT]})
    today = datetime.now(UTC).date()
    session = WindowsSession(lambda: LabChannel(machine))

    seen = events.found(read_all(session, Snapshot(), lambda _: [events.query(today, most=50)]))

    assert (seen.count, seen.more) == (50, True)
    assert seen.remotes == (Remote("10.1.1.1", "mail.domain.com", 50),)
    assert machine.log == []


def test_of_a_huge_log_only_what_is_asked_for_is_read() -> None:
    noise = {"source": "Other", "id": 1, "text": "x", "every": 1, "count": 10_000_000}
    machine = build("exch", {"events": [LAB_EVENT, noise]})
    session = WindowsSession(lambda: LabChannel(machine))

    seen = events.found(read_all(session, Snapshot(), lambda _: [events.query(datetime.now(UTC).date(), most=20)]))

    assert (seen.count, seen.young) == (20, False)
    assert machine.events.read < 30


def test_a_log_that_was_cleared_today_is_told_to_be_young() -> None:
    machine = build("exch", {"events": [{**LAB_EVENT, "count": 2}]})
    session = WindowsSession(lambda: LabChannel(machine))

    seen = events.found(read_all(session, Snapshot(), lambda _: [events.query(datetime.now(UTC).date())]))

    assert (seen.count, seen.young) == (2, True)


def test_a_host_whose_clock_is_years_behind_is_understood_without_a_date() -> None:
    machine = build("exch", {"os": "2003", "events": [{**LAB_EVENT, "ago": 10**8}]})
    session = WindowsSession(lambda: LabChannel(machine))

    assert events.found(read_all(session, Snapshot(), lambda _: [events.query(None)])).count == 50


def test_the_scope_is_the_one_address() -> None:
    assert events.query(TODAY).scope.exact == {EVENTS}
