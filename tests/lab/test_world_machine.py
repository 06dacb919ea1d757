"""What tests lean on: the log of writes, the whole state, cheap machines, one line at a time."""

import json
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    'ver|find "5." >nul',
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
    for spec in (
        {"oss": "2003"},
        {"faults": ["odd"]},
        {"services": {"A": {"colour": 1}}},
        {"registry": {"HKXX\\A": {}}},
    ):
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


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "(",
        "|",
        "2>",
        "if",
        "for %",
        "for /f %i in (",
        "for /l %i in (a,b,c) do @echo %i",
        'for /f "tokens=" %i in ("a") do @echo %i',
        "for /l %i in (1,0,1) do @rem",
        "cmd /c",
        "set /a 1/0",
        "set /a x(",
        "set /a 09",
        "%",
        "!",
        "^",
        '"',
        "exit x",
        "echo \ud800",
        "type \0",
        "if cmdextversion x echo a",
        "findstr [z-a] x",
        "ping -n x 127.0.0.1",
        "sc enumdepend SMTPSVC x",
        "(" * 4000,
    ],
)
def test_no_odd_line_makes_a_machine_raise(line):
    assert isinstance(build("exch01", {}).run(line), Ran)


FRAGMENTS = """
( ) & && | || > >> < 2>&1 " ^ % ! %i @ == / * 1 x \\ é Ж
echo set if for not errorlevel exist in do /f /l call cmd /c /v:on exit type del copy move dir md rd cd
reg query add delete export import HKLM\\SOFTWARE /v /ve /t /d /s REG_DWORD REG_MULTI_SZ C:\\f.reg
sc config SMTPSVC start= auto qc enumdepend net start stop /y find findstr more chcp 65001 ping -n
cscript //nologo C:\\Inetpub\\AdminScripts\\adsutil.vbs GET SET ENUM /P FIND DELETE smtpsvc/1/X smtpsvc
"""
WORDS = FRAGMENTS.split()


@given(words=st.lists(st.sampled_from(WORDS), max_size=12), blank=st.sampled_from([" ", ""]))
@settings(max_examples=300, deadline=None)
def test_no_line_at_all_makes_a_machine_raise(words, blank):
    host = build("exch01", {})
    assert isinstance(host.run(blank.join(words)), Ran)
    assert json.dumps(host.state())
