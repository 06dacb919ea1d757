"""Change windows and freeze calendars on the command line; the way back asks neither."""

import json
from datetime import UTC, datetime, timedelta

import pytest

BOOK = r"""
- hosts: all
{lines}
  tasks: [{{registry: {{key: HKLM\SOFTWARE\X, values: {{V: {{type: sz, data: new}}}}}}}}]
"""
YEAR = timedelta(days=365)


def at(moment):
    return moment.strftime("%Y-%m-%dT%H:%M")


def now():
    return datetime.now(UTC)


@pytest.fixture
def d(desk):
    made = desk({"one": {"connection": "ssh"}, "two": {"connection": "ssh"}})
    made.write("book.yml", BOOK.format(lines=""))
    return made


def windowed(d, start, end):
    d.write("book.yml", BOOK.format(lines=f"  window: {{start: {at(start)}, end: {at(end)}, timezone: UTC}}"))


def apply(d, *more):
    return d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", *more)


def refused(d, ended, *words):
    assert ended.code == 3, ended.out + ended.err
    assert all(word in ended.err for word in words), ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert d.remediate("runs").out.startswith("No runs yet")
    assert all("HKLM\\SOFTWARE\\X" not in str(state) for state in d.states().values())


def test_an_open_window_lets_a_run_through_and_its_end_is_the_end_of_the_plan(d):
    end = (now() + YEAR).replace(second=0, microsecond=0)
    windowed(d, now() - YEAR, end)
    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan")
    assert "Window: " in planned.out
    assert json.loads((d.folder / "x.plan").read_text())["extra"]["expires"] == end.isoformat().replace("+00:00", "Z")
    assert d.remediate("apply", "x.plan", "--yes").code == 0


def test_outside_of_the_window_of_its_play_a_plan_is_refused(d):
    windowed(d, now() + YEAR, now() + 2 * YEAR)
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    refused(d, d.remediate("apply", "x.plan", "--yes"), "the change window", "opens at", "--outside-window REASON")


def test_a_window_that_is_over_refuses_a_playbook(d):
    windowed(d, now() - 2 * YEAR, now() - YEAR)
    refused(d, apply(d), "the change window", "is over")


def test_a_window_of_the_command_line_is_asked_as_well(d):
    windowed(d, now() - YEAR, now() + YEAR)
    refused(d, apply(d, "--window", f"{at(now() + YEAR)}/{at(now() + 2 * YEAR)} UTC"), "opens at")


def test_a_window_for_the_plan_is_kept_in_it(d):
    later = f"{at(now() + YEAR)}/{at(now() + 2 * YEAR)} UTC"
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "--window", later).code == 0
    refused(d, d.remediate("apply", "x.plan", "--yes"), "opens at")


def test_a_reason_opens_the_window_and_is_recorded(d):
    windowed(d, now() - 2 * YEAR, now() - YEAR)
    assert apply(d, "--outside-window", "mail is down, INC42").code == 0
    assert '"outside_window": "mail is down, INC42"' in d.remediate("runs", "--export", "-").out


def test_no_window_bars_the_way_back(d):
    windowed(d, now() - 2 * YEAR, now() - YEAR)
    before = d.states()
    assert apply(d, "--outside-window", "x").code == 0
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == before


def test_a_window_that_closes_too_soon_is_closed(d):
    """The first guess of what an apply takes includes all that its checks may take."""
    lines = f"  window: {{start: 2020-01-01T00:00, end: '{(now() + timedelta(seconds=35)).isoformat()}'}}"
    check = "verify: {tcp_port: {port: 25}}"
    text = BOOK.format(lines=lines).replace("tasks: [{registry", f"tasks: [{{{check}, registry")
    d.write("book.yml", text)
    ended = apply(d)
    assert ended.code == 3, ended.out + ended.err
    assert "an apply plus a rollback take" in ended.out
    assert all("HKLM\\SOFTWARE\\X" not in str(state) for state in d.states().values())


@pytest.mark.parametrize(
    "text", ["tonight", "22:00/02:00", "22:00/02:00 Europe/Bern", "2026-11-29T22:00/2026-11-28T22:00"]
)
def test_a_window_that_makes_no_sense_is_bad_usage_before_any_host_is_asked(d, text):
    for command in ("plan", "apply"):
        yes = ["--yes"] if command == "apply" else []
        ended = d.remediate(command, "book.yml", "-i", "lab.yml", "--window", text, *yes)
        assert ended.code == 5
        assert f"--window {text}: " in ended.err
    assert not d.lab.hosts["one"].ssh.requests["connect"]


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//
BEGIN:VEVENT
UID:1
DTSTAMP:20200101T000000Z
SUMMARY:Quarter end
{lines}
END:VEVENT
END:VCALENDAR
"""


def calendar(d, *lines):
    return d.write("freeze.ics", CALENDAR.format(lines="\n".join(lines)).replace("\n", "\r\n"))


def stamp(moment):
    return moment.strftime("%Y%m%dT%H%M%SZ")


def test_a_freeze_bars_every_host_while_it_lasts(d):
    calendar(d, f"DTSTART:{stamp(now() - YEAR)}", f"DTEND:{stamp(now() + YEAR)}")
    refused(d, apply(d, "--freeze", "freeze.ics"), "the freeze 'Quarter end' of freeze.ics lasts until")
    assert apply(d, "--freeze", "freeze.ics", "--outside-window", "INC42").code == 0


def test_a_freeze_that_comes_again_every_day_is_known(d):
    calendar(d, "DTSTART;VALUE=DATE:20200101", "DTEND;VALUE=DATE:20200102", "RRULE:FREQ=DAILY")
    refused(d, apply(d, "--freeze", "freeze.ics"), "the freeze 'Quarter end'")


def test_the_calendar_of_the_project_is_kept_with_the_plan(d):
    calendar(d, f"DTSTART:{stamp(now() - YEAR)}", f"DTEND:{stamp(now() + YEAR)}")
    d.write("remediate.toml", 'freeze = "freeze.ics"\n')
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    d.write("remediate.toml", "")
    refused(d, d.remediate("apply", "x.plan", "--yes"), "the freeze 'Quarter end'")


def test_a_freeze_that_is_over_or_was_cancelled_bars_nobody(d):
    calendar(d, "STATUS:CANCELLED", f"DTSTART:{stamp(now() - YEAR)}", f"DTEND:{stamp(now() + YEAR)}")
    d.write("old.ics", CALENDAR.format(lines="DTSTART:20200101T000000Z\nDTEND:20200102T000000Z"))
    assert apply(d, "--freeze", "freeze.ics", "--freeze", "old.ics").code == 0


@pytest.mark.parametrize(
    "text", [None, "hello", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:never\nEND:VEVENT\nEND:VCALENDAR\n"]
)
def test_a_calendar_that_cannot_be_read_is_no_freedom(d, text):
    if text is not None:
        d.write("freeze.ics", text)
    ended = apply(d, "--freeze", "freeze.ics")
    assert ended.code == 5
    assert "the freeze calendar" in ended.err
    assert len(ended.err.strip().splitlines()) == 1
