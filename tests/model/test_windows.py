"""Change windows: wall clocks of several zones, and the nights on which they are turned."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.model.windows import DAYS, Window, WindowMistake, read_window, read_window_text

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC"]
MOMENTS = st.floats(0, 700).map(lambda days: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days))
TIMES = st.builds(lambda h, m: f"{h:02d}:{m:02d}", st.integers(0, 23), st.integers(0, 59))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "end", "opens", "closes"),
    [
        ("Europe/Berlin", "2026-11-28T22:00", "2026-11-29T02:00", "2026-11-28T21:00", "2026-11-29T01:00"),
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T04:00", "2026-10-24T20:00", "2026-10-25T03:00"),  # 7 hours
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T04:00", "2026-03-28T21:00", "2026-03-29T02:00"),  # 5 hours
        ("America/New_York", "2026-10-31T22:00", "2026-11-01T04:00", "2026-11-01T02:00", "2026-11-01T09:00"),
        ("Australia/Lord_Howe", "2026-04-04T22:00", "2026-04-05T04:00", "2026-04-04T11:00", "2026-04-04T17:30"),
        ("Asia/Kolkata", "2026-11-28 22:00", "2026-11-29 02:00", "2026-11-28T16:30", "2026-11-28T20:30"),
    ],
)
def test_a_window_is_open_between_its_two_wall_clock_moments(zone, start, end, opens, closes):
    window = read_window({"start": start, "end": end, "timezone": zone})
    assert window.open_until(utc(opens) - timedelta(seconds=1)) is None
    assert window.open_until(utc(opens)) == utc(closes)
    assert window.open_until(utc(closes) - timedelta(seconds=1)) == utc(closes)
    assert window.open_until(utc(closes)) is None
    assert window.opens_after(utc(opens) - timedelta(days=400)) == utc(opens)
    assert window.opens_after(utc(opens)) is None
    assert window.last_close(utc(opens)) == utc(closes)


@pytest.mark.parametrize(
    ("key", "moment", "zone", "words"),
    [
        ("start", "2026-10-25T02:30", "Europe/Berlin", ["comes twice", "02:30+02:00", "02:30+01:00"]),
        ("start", "2026-03-29T02:30", "Europe/Berlin", ["does not exist", "03:30+02:00", "01:30+01:00"]),
        ("start", "2026-11-01T01:30", "America/New_York", ["comes twice", "-04:00", "-05:00"]),
        ("start", "2026-10-04T02:15", "Australia/Lord_Howe", ["does not exist", "+11:00", "+10:30"]),
    ],
)
def test_a_moment_that_comes_twice_or_never_is_not_guessed_at(key, moment, zone, words):
    with pytest.raises(WindowMistake) as wrong:
        read_window({"start": moment, "end": "2027-12-01T00:00", "timezone": zone})
    assert wrong.value.key == key
    assert all(word in str(wrong.value) for word in words)


def test_an_offset_says_which_of_the_two_moments_is_meant():
    window = read_window({"start": "2026-10-25T02:30+01:00", "end": "2026-10-25T05:00", "timezone": "Europe/Berlin"})
    assert window.opens_after(utc("2026-10-01")) == utc("2026-10-25T01:30")


@given(st.sampled_from(ZONES), TIMES, TIMES, st.lists(st.sampled_from(DAYS), max_size=3), MOMENTS)
def test_a_recurring_window_is_open_only_when_the_wall_clock_says_so(zone, start, end, days, now):
    if start == end:
        return
    window = read_window({"start": start, "end": end, "timezone": zone, "days": days or None})
    if window.open_until(now) is None:
        return
    wall = now.astimezone(ZoneInfo(zone))
    clock = f"{wall:%H:%M}"
    assert start <= clock < end if start < end else clock >= start or clock < end
    begun = wall.date() - timedelta(days=1) if end < start and clock < end else wall.date()
    assert not days or DAYS[begun.weekday()] in days


@given(st.sampled_from(ZONES), TIMES, TIMES, MOMENTS)
def test_what_opens_next_is_open_then_and_not_before(zone, start, end, now):
    if start == end:
        return
    window = read_window({"start": start, "end": end, "timezone": zone})
    opens = window.opens_after(now)
    assert opens is not None
    assert now < opens < now + timedelta(days=3)
    assert window.open_until(opens) is not None
    assert window.open_until(opens - timedelta(seconds=1)) is None


@given(st.sampled_from(ZONES), TIMES, TIMES, MOMENTS)
def test_an_ordinary_day_is_open_when_the_wall_clock_says_so(zone, start, end, now):
    wall = now.astimezone(ZoneInfo(zone))
    turned = {(wall + timedelta(days=days)).utcoffset() for days in (-2, -1, 0, 1, 2)}
    clock = f"{wall:%H:%M}"
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if start == end or len(turned) > 1 or not inside:
        return
    assert read_window({"start": start, "end": end, "timezone": zone}).open_until(now) is not None


@given(st.sampled_from(ZONES), TIMES, TIMES, MOMENTS)
def test_a_window_is_the_same_after_it_was_written_down(zone, start, end, now):
    if start == end:
        return
    window = read_window({"start": start, "end": end, "timezone": zone})
    again = Window(**{**window.document(), "days": tuple(window.document()["days"])})
    assert again == window


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins():
    window = read_window_text("22:00/02:00 Europe/Berlin")
    saturdays = read_window({"start": "22:00", "end": "02:00", "timezone": "Europe/Berlin", "days": "Saturday"})
    sunday_night = utc("2026-11-29T00:30")  # 01:30 in Berlin, on a Sunday
    assert window.open_until(sunday_night) == saturdays.open_until(sunday_night) == utc("2026-11-29T01:00")
    assert saturdays.open_until(sunday_night + timedelta(days=1)) is None
    assert saturdays.last_close(sunday_night) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("tonight", "a mapping with start and end"),
        ({"start": "22:00"}, "'end' of the window is missing"),
        ({"start": "22:00", "end": "02:00"}, "'timezone' of the window is missing"),
        ({"start": "22:00", "end": "22:00", "timezone": "UTC"}, "ends when it begins"),
        ({"start": "2026-11-28T22:00", "end": "02:00", "timezone": "UTC"}, "a date and the other a time of day"),
        ({"start": "2026-11-28T22:00", "end": "2026-11-28T21:00", "timezone": "UTC"}, "ends before it begins"),
        ({"start": "2026-11-28", "end": "2026-11-29", "timezone": "UTC"}, "has no time of day"),
        ({"start": "soon", "end": "later"}, "is no date and time"),
        ({"start": "22:00", "end": "02:00", "timezone": "Europe/Bern"}, "there is no time zone 'Europe/Bern'"),
        ({"start": "22:00", "end": "02:00", "timezone": "UTC", "days": ["someday"]}, "no day of the week"),
        ({"start": "22:00", "end": "02:00", "zone": "UTC"}, "unknown key 'zone'"),
        ({"start": [], "end": "02:00"}, "must be a moment"),
        ({"start": "2026-11-28T22:00", "end": "2026-11-29T22:00", "days": "sat"}, "days are for times of day"),
    ],
)
def test_a_window_that_makes_no_sense_says_why(body, words):
    with pytest.raises(WindowMistake, match=words):
        read_window(body)


def test_times_without_quotes_are_what_yaml_makes_of_them():
    assert read_window({"start": 22 * 60, "end": 2 * 60, "timezone": "UTC"}).start == "22:00"
