"""The host's clock, when a switch fires, and when none is armed."""

import datetime as dt

import pytest

from remediators.model import Refused
from remediators.resources.scheduled_tasks import Clock, address, start, turns_of


def rule(*words):
    return b"".join(word.to_bytes(2, "little") for word in words).hex()


NONE = rule(0, 0, 0, 0, 0, 0, 0, 0)
# The last Sunday of March at 2: with the day before the hour (time fields), and with the weekday before the day.
FIELDS, SYSTEM_TIME = rule(0, 3, 5, 2, 0, 0, 0, 0), rule(0, 3, 0, 5, 2, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "seconds", "dates"),
    [
        ("Wed 11/25/2026 14:05:01.12", 50701, {dt.date(2026, 11, 25)}),
        ("25.11.2026 14:05:01,12", 50701, {dt.date(2026, 11, 25)}),
        ("2026-03-04  9:05:01.12", 32701, {dt.date(2026, 3, 4), dt.date(2026, 4, 3)}),
        ("nothing 09:05:01", 32701, set()),
    ],
)
def test_a_clock_is_read_in_the_form_of_any_locale(text, seconds, dates):
    found = Clock.read(text)

    assert (found.seconds, set(found.dates)) == (seconds, dates)


@pytest.mark.parametrize("text", ["", "ECHO is off.", "!DATE! !TIME!", "25:99:99.00"])
def test_what_is_no_time_is_told(text):
    with pytest.raises(ValueError, match="no time of day"):
        Clock.read(text)


def at(text):
    return Clock.read(text)


def test_2003_takes_seconds_and_later_versions_the_next_whole_minute():
    clock = at("25.11.2026 14:05:01,12")

    assert start(clock, 10, [NONE, NONE], seconds=True) == "14:15:01"
    assert start(clock, 10, [NONE, NONE], seconds=False) == "14:16"


def test_nothing_fires_after_midnight():
    assert start(at("25.11.2026 23:40:00,00"), 10, [], seconds=True) == "23:50:00"
    with pytest.raises(Refused, match="midnight"):
        start(at("25.11.2026 23:55:00,00"), 10, [], seconds=True)


@pytest.mark.parametrize("raw", [FIELDS, SYSTEM_TIME])
def test_both_ways_to_read_a_rule_count(raw):
    assert "2026-03-29T02:00:00" in [turn.isoformat() for turn in turns_of(raw, 2026)]
    with pytest.raises(Refused, match="daylight saving"):
        start(at("29.03.2026 01:55:00,00"), 10, [NONE, raw], seconds=True)
    assert start(at("29.03.2026 12:00:00,00"), 10, [NONE, raw], seconds=True) == "12:10:00"
    assert start(at("22.03.2026 01:55:00,00"), 10, [NONE, raw], seconds=True) == "02:05:00"


def test_a_date_that_cannot_be_told_is_no_reason_where_the_clock_never_changes():
    clock = at("nothing 09:05:01")

    assert start(clock, 10, [NONE, NONE], seconds=True) == "09:15:01"
    with pytest.raises(Refused, match="date cannot be told"):
        start(clock, 10, [NONE, FIELDS], seconds=True)


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "a%b", "x" * 61])
def test_a_name_is_one_plain_word(name):
    with pytest.raises(Refused):
        address(name)
