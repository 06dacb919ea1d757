"""The lab's IIS: memory and files are two things, and a stop writes the one over the other."""

from __future__ import annotations

import pytest

from remediators.lab import iis_files
from remediators.lab.world import build

INETSRV = "C:\\WINDOWS\\system32\\inetsrv"
METABASE = f"{INETSRV}\\MetaBase.xml"


def machine(**iis):
    return build("exch", {"iis": iis})


def status(host, line):
    return host.run(line).status


def test_a_host_that_nothing_was_said_of_shows_its_memory_and_counts_no_files():
    host = build("exch", {})
    before = host.state()

    host.run('cscript //nologo C:\\Inetpub\\AdminScripts\\adsutil.vbs set smtpsvc/1/ConnectResponse "Hello"')

    assert b'ConnectResponse="Hello"' in host.run(f"type {METABASE}").stdout
    assert host.state()["files"] == before["files"]


def test_a_stop_writes_memory_over_the_file_and_the_file_before_goes_to_the_history():
    host = machine(file="cut")
    damaged = host.files.read(METABASE)

    host.run("net stop IISADMIN /y")

    assert host.files.read(METABASE) != damaged
    assert host.files.read(f"{INETSRV}\\History\\MetaBase_0000000154_0000000000.xml") == damaged


def test_the_history_keeps_ten_pairs():
    host = machine(file="whole")
    for _ in range(12):
        host.iis.flush()

    names = iis_files.pairs(host)
    assert len(names) == 20
    assert "MetaBase_0000000165_0000000000.xml" in names
    assert "MetaBase_0000000154_0000000000.xml" not in names


def test_iisadmin_does_not_start_with_a_broken_file_and_logs_it():
    host = build("exch", {"iis": {"file": "character"}, "services": {"IISADMIN": {"state": "stopped"}}})

    host.run("net start IISADMIN")

    assert b"STOPPED" in host.run("sc query IISADMIN").stdout
    told = host.run('cscript //nologo C:\\WINDOWS\\system32\\eventquery.vbs /l System /fi "ID eq 4275" /fo CSV').stdout
    assert b'"4275"' in told


def test_a_file_that_was_put_there_is_what_iis_has_after_a_start():
    host = machine(file="lost", memory="lost")
    assert not host.iis.sinks
    host.run("net stop IISADMIN /y")
    host.run(f"copy /y {INETSRV}\\History\\MetaBase_0000000153_0000000000.xml {METABASE}")

    host.run("net start IISADMIN")

    assert host.iis.sinks
    assert host.metabase.node("SmtpSvc/1").properties["SERVERBINDINGS"][1] == [":25:"]


def test_an_unreadable_memory_is_told_by_the_number_of_kb_839390():
    ran = machine(memory="unreadable").run("cscript //nologo C:\\Inetpub\\AdminScripts\\adsutil.vbs enum_all")

    assert b"(0x800401E4)" in ran.stdout
    assert ran.status == -2147221020


@pytest.mark.parametrize("wrong", [{"file": "odd"}, {"memory": "odd"}, {"history": ["odd"]}, {"colour": "red"}])
def test_what_the_lab_does_not_know_is_an_error(wrong):
    with pytest.raises(ValueError, match="know no"):
        machine(**wrong)


def test_iisback_makes_lists_and_deletes():
    host = machine(file="whole")
    call = "cscript //nologo C:\\WINDOWS\\system32\\iisback.vbs"

    assert status(host, f"{call} /backup /b kb_1 /v 0") == 0
    assert status(host, f"{call} /backup /b kb_1 /v 0") == -2147024816
    assert status(host, f"{call} /backup /b kb-1") == 1
    assert b"kb_1" in host.run(f"{call} /list").stdout
    assert status(host, f"{call} /delete /b kb_1 /v 0") == 0
    assert b"No backups exist." in host.run(f"{call} /list").stdout


def test_fc_tells_by_its_exit_code():
    host = machine(file="cut")

    assert status(host, f"fc /b {METABASE} {METABASE}") == 0
    assert status(host, f"fc /b {METABASE} {INETSRV}\\MBSchema.xml") == 1
    assert status(host, f"fc /b {METABASE} {INETSRV}\\nothing.xml") == 2


def test_a_task_runs_once_it_is_told_to_and_is_gone_when_deleted():
    host = build("exch", {})
    host.files.write("C:\\Temp\\t.cmd", b"@echo hello>C:\\Temp\\said.txt\r\n")

    assert status(host, "schtasks /create /tn ours /tr C:\\Temp\\t.cmd /sc once /st 00:00:00 /ru SYSTEM") == 0
    assert not host.files.is_file("C:\\Temp\\said.txt")
    assert status(host, "schtasks /run /tn ours") == 0
    assert host.files.read("C:\\Temp\\said.txt") == b"hello\r\n"
    assert status(host, "schtasks /delete /tn ours /f") == 0
    assert status(host, "schtasks /run /tn ours") == 1


def test_a_full_disk_takes_no_more():
    host = machine(file="whole", space=100)

    assert status(host, f"copy /y {METABASE} C:\\Temp\\copy.xml") == 1
