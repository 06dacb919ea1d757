"""What tests lean on: the log of writes, the whole state, cheap machines, one line at a time."""

import json
import threading
import time

import pytest

from remediators.lab.machine import Machine, Ran
from remediators.lab.world import build

READS = [
    "ver",
    "chcp",
    "set",
    "reg query HKLM\\SOFTWARE /s",
    "sc query state= all",
    "sc qc SMTPSVC",
    "sc enumdepend IISADMIN 9000",
    "net start",
    "cscript //nologo C:\\Inetpub\\AdminScripts\\adsutil.vbs ENUM_ALL",
    "dir /b C:\\",
    "type nothing >nul 2>&1",
    "ver|find \"5.\" >nul",
    "net stop IISADMIN",
]


def test_reading_leaves_neither_a_trace_in_the_log_nor_in_the_state():
    host = build("exch01", {"antivirus": "savce9"})
    before = host.state()
    for line in READS:
        host.run(line)
    assert (host.log, host.state()) == ([], before)


def test_every_write_is_in_the_log():
    host = build("exch01", {})
    host.run("reg add HKLM\\SOFTWARE\\Lab /v a /f")
    host.run("reg delete HKLM\\SOFTWARE\\Lab /v a /f")
    host.run("reg delete HKLM\\SOFTWARE\\Lab /f")
    host.run("sc stop SMTPSVC&net start SMTPSVC")
    host.run("cscript //nologo C:\\Inetpub\\AdminScripts\\adsutil.vbs SET smtpsvc/1/ConnectResponse x")
    host.run("echo x>C:\\f.txt&del C:\\f.txt")
    lab = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Lab"
    assert [str(entry) for entry in host.log] == [
        f"registry create {lab}",
        f"registry set {lab}:a",
        f"registry unset {lab}:a",
        f"registry delete {lab}",
        "service stop SMTPSVC",
        "service start SMTPSVC",
        "metabase set SmtpSvc/1/ConnectResponse",
        "file write C:\\f.txt",
        "file delete C:\\f.txt",
    ]


def test_a_change_and_its_way_back_leave_the_state_as_it_was():
    host = build("exch01", {})
    before = host.state()
    host.run("reg add HKLM\\SOFTWARE\\Lab /v a /f&net stop SMTPSVC&echo x>C:\\f.txt")
    assert host.state() != before
    host.run("reg delete HKLM\\SOFTWARE\\Lab /f&net start SMTPSVC&del C:\\f.txt")
    assert host.state() == before


def test_the_state_survives_json():
    host = build("exch01", {"cluster": True, "antivirus": "savce9"})
    host.run("echo x>C:\\f.txt")
    assert json.loads(json.dumps(host.state())) == host.state()


def test_what_the_lab_does_not_know_is_refused():
    for spec in ({"oss": "2003"}, {"faults": ["odd"]}, {"services": {"A": {"colour": 1}}}, {"registry": {"HKXX\\A": {}}}):
        with pytest.raises(ValueError, match=r"not known to the lab|not a registry key"):
            build("exch01", spec)


def test_a_machine_is_what_the_doors_expect():
    host: Machine = build("exch01", {"faults": ["quota"], "users": {"lab": "pw"}, "smtp": False})
    assert (host.name, dict(host.users), set(host.faults)) == ("exch01", {"lab": "pw"}, {"quota"})
    assert host.greeting() is None
    assert host.run("cmd /c exit -2147463162") == Ran(b"", b"", -2147463162)
    assert host.run("exit 2147504134").status == -2147463162


def test_hundreds_of_machines_are_cheap_and_do_not_share_what_they_write():
    began = time.process_time()
    hosts = [build(f"exch{n:03}", {}) for n in range(300)]
    for host in hosts:
        host.run(f"reg add HKLM\\SOFTWARE\\Lab /v a /d {host.name} /f&echo x>C:\\f.txt")
    assert time.process_time() - began < 3
    data = {host.state()["registry"]["HKEY_LOCAL_MACHINE\\SOFTWARE\\Lab"]["a"][1] for host in hosts}
    assert len(data) == 300


def test_a_simple_line_takes_well_under_a_millisecond():
    host = build("exch01", {})
    began = time.process_time()
    for _ in range(1000):
        host.run("ver>nul&echo hi")
    assert time.process_time() - began < 1


def test_lines_on_one_machine_run_one_after_the_other():
    host = build("exch01", {})
    host.run("echo.>C:\\n.txt")
    line = "for /l %i in (1,1,20) do @echo x>>C:\\n.txt"
    threads = [threading.Thread(target=host.run, args=(line,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert host.run("type C:\\n.txt").stdout.count(b"x") == 160


def test_no_line_makes_a_machine_raise():
    host = build("exch01", {})
    for line in ["", " ", "(", ")", "|", "&", "&&", ">", "<", "2>", "if", "for", "for %", "cmd", "cmd /c", "reg", "sc", "net", "cscript",
                 "find", "findstr", "chcp x", "set /a 1/0", "set /a x(", "call", "%", "!", "^", '"', "reg add", "net stop", "sc config",
                 "sc enumdepend SMTPSVC x", "ping -n x 127.0.0.1", "copy", "move a", "del", "for /f %i in (", "for /l %i in (a,b,c) do @echo %i",
                 "exit x", "echo \ud800", "type \0", "cd \0", "reg import x", "for /f \"tokens=\" %i in (\"a\") do @echo %i", "timeout /t 1",
                 "if cmdextversion x echo a", "findstr ( x", "for /f \"skip=x\" %i in (\"a\") do @echo", "set /a 09", "more nothing"]:  # fmt: skip
        assert isinstance(host.run(line), Ran)
