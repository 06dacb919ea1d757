"""`guard: 10m` on Windows: the host puts itself back unless the run takes the switch away. Against the lab only."""

import datetime as dt

import pytest

FAILING = "      verify: {smtp_greeting: {contains: nobody says this, port: 1, timeout: 1}}\n"
BOOK = r"""
- hosts: all
  tasks:
    - name: risky
      guard: 10m
      registry: {key: HKLM\SOFTWARE\Cfg, values: {T: {type: sz, data: 'a "b" %c% & ^d!'}, U: {type: dword, data: 2}}}
"""
OLD = {"HKLM\\SOFTWARE\\Cfg": {"U": {"type": "dword", "data": 1}, "T": {"type": "sz", "data": "old %x% ^&"}}}


def noon(**spec):
    """A host whose clock is far from midnight."""
    now = dt.datetime.now(dt.UTC)
    minutes = 12 * 60 - now.hour * 60 - now.minute
    return {"connection": "winrm", "registry": OLD, "utc_offset": minutes, **spec}


def set_up(desk, book=BOOK, **spec):
    d = desk({"one": noon(**spec)})
    d.write("book.yml", book)
    return d, d.lab.machines["one"]


def applied(d):
    return d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")


def doubts(d, *wish):
    return d.remediate("recover", "latest", *wish, "--output", "json").json["hosts"]


@pytest.mark.parametrize("os", ["2003", "2008"])
def test_the_switch_is_armed_first_and_taken_away_last(desk, os):
    d, machine = set_up(desk, os=os)
    before = machine.state()["files"]

    ended = applied(d)

    assert ended.code == 0, ended.out + ended.err
    written = [str(one) for one in machine.log]
    own = [place for place, text in enumerate(written) if "registry set" in text]
    assert written.index(next(text for text in written if text.startswith("task create"))) < min(own)
    assert written.index(next(text for text in written if text.startswith("task delete"))) > max(own)
    assert machine.tasks == {}
    assert machine.state()["files"] == before


def test_the_plan_has_its_address_its_file_and_its_commands(desk):
    d, _ = set_up(desk)

    made = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"][0]["items"]

    first, last = made[0]["changes"][0], made[-1]["changes"][0]
    assert first["resource"].startswith("task:remediate-")
    assert (first["after"], last["before"], last["after"]) == ("armed", "armed", None)
    assert any("reg add" in line and "old" in line for line in first["detail"]["lines"])
    assert any(command.startswith("schtasks /create") for command in made[0]["commands"])


def test_where_the_run_fails_the_host_puts_itself_back_and_recover_tells(desk):
    d, machine = set_up(desk, BOOK + FAILING)
    before = machine.state()["registry"]

    ended = applied(d)

    assert ended.code == 2
    assert "was armed and is not taken away" in ended.json["hosts"][0]["error"]
    assert machine.state()["registry"] != before
    (armed,) = doubts(d)
    assert armed["status"] == "unknown"
    assert "is armed" in armed["error"]
    machine.advance(11 * 60)
    assert machine.state()["registry"] == before
    (fired,) = doubts(d)
    assert fired["status"] == "reverted"
    assert "has fired" in fired["error"]


def test_recover_confirm_keeps_the_changes_and_takes_the_switch_away(desk):
    d, machine = set_up(desk, BOOK + FAILING)
    assert applied(d).code == 2

    doubts(d, "--confirm", "one")

    assert machine.tasks == {}
    after = machine.state()["registry"]
    machine.advance(60 * 60)
    assert machine.state()["registry"] == after
    assert doubts(d) == []


def test_a_rollback_takes_the_switch_away_too(desk):
    d, machine = set_up(desk, BOOK + FAILING)
    before = machine.state()
    assert applied(d).code == 2

    back = d.remediate("rollback", "latest", "--yes")

    assert back.code == 0, back.out + back.err
    assert machine.tasks == {}
    assert machine.state() == before


def test_put_back_at_once_takes_the_switch_away_too(desk):
    d, machine = set_up(desk, BOOK + FAILING + "      on_verify_failure: rollback\n")
    before = machine.state()

    ended = applied(d)

    assert ended.code == 2
    assert machine.state() == before
    assert machine.tasks == {}


def refusal(d):
    made = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"][0]["items"]
    assert {item["outcome"] for item in made} == {"refused"}
    return made[0]["reason"]


def test_a_secret_is_not_written_into_a_file_on_the_host(desk):
    d, _ = set_up(desk, BOOK + "      sensitive: true\n")

    assert "the switch would keep it in a file on the host" in refusal(d)


def test_what_would_fire_after_midnight_is_refused(desk):
    d, machine = set_up(desk)
    machine.advance((11 * 60 + 55) * 60)

    assert "midnight" in refusal(d)


def test_a_switch_across_a_change_of_the_clock_is_refused(desk):
    d, machine = set_up(desk)
    today = machine.local()
    week, weekday = min((today.day - 1) // 7 + 1, 5), today.isoweekday() % 7
    words = (0, today.month, week, today.hour, 0, 0, 0, weekday)
    raw = b"".join(word.to_bytes(2, "little") for word in words)
    key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
    machine.registry.set(key, "DaylightStart", 3, raw)

    assert "daylight saving" in refusal(d)


def test_a_switch_that_was_left_behind_is_met_before_the_next(desk):
    d, machine = set_up(desk, BOOK + FAILING)
    assert applied(d).code == 2
    machine.advance(11 * 60)

    again = applied(d)

    assert again.code in (2, 3)
    assert "from an earlier run" in again.out
