"""Scheduled tasks of a simulated Windows really run, on its own clock."""

import datetime as dt

from remediators.lab.world import build


def machine(**spec):
    minutes = 12 * 60 - dt.datetime.now(dt.UTC).hour * 60 - dt.datetime.now(dt.UTC).minute
    return build("one", {"utc_offset": minutes, **spec})


def create(one, when="12:30:00", more=""):
    return one.run(rf'schtasks /create /tn T /tr "cmd /c echo x>C:\Temp\x.txt" /sc once /st {when} /ru SYSTEM{more}')


def test_a_task_runs_once_when_its_time_has_come_and_not_before():
    one = machine()
    assert create(one).status == 0
    one.advance(60)
    assert not one.files.is_file("C:\\Temp\\x.txt")

    one.advance(35 * 60)
    one.run("ver")
    assert one.files.is_file("C:\\Temp\\x.txt")

    one.files.delete("C:\\Temp\\x.txt")
    one.advance(24 * 60 * 60)
    one.run("ver")
    assert not one.files.is_file("C:\\Temp\\x.txt")


def test_a_task_that_was_deleted_never_runs():
    one = machine()
    create(one)
    one.run("schtasks /delete /tn T /f")
    one.advance(60 * 60)
    one.run("ver")

    assert not one.files.is_file("C:\\Temp\\x.txt")


def test_a_time_that_is_past_never_comes():
    one = machine()
    create(one, "00:00:00")
    one.advance(60 * 60)
    one.run("ver")

    assert not one.files.is_file("C:\\Temp\\x.txt")


def test_2003_wants_seconds_and_knows_no_force_and_later_versions_want_none():
    assert create(machine(), "12:30").status == 1
    assert create(machine(), more=" /f").status == 1
    assert create(machine(os="2008"), "12:30").status == 0
    assert create(machine(os="2008")).status == 1


def test_a_name_that_is_taken_is_asked_about_and_nobody_answers():
    one = machine()
    create(one)

    assert create(one).status == 1


def test_the_list_has_every_task():
    one = machine()
    create(one)

    assert one.run("schtasks /query /fo csv /nh").stdout.startswith(b'"T","12:30:00, ')


def test_the_clock_on_the_wall_is_that_of_the_time_zone():
    assert machine().run("echo %TIME%").stdout.startswith(b"12:")
