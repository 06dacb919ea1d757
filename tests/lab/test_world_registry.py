"""reg.exe in the lab, in both of its styles, and the files it exports and imports."""

import pytest

from remediators.lab.world import build

LAB = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Lab"
VALUES = {
    "text": {"type": "sz", "data": "plain"},
    "path": {"type": "expand_sz", "data": "%SystemRoot%\\x"},
    "list": {"type": "multi_sz", "data": ["a", "b c"]},
    "number": {"type": "dword", "data": 0x2F0},
    "big": {"type": "qword", "data": 2**40},
    "raw": {"type": "binary", "data": "00ff10"},
    "nothing": {"type": "none", "data": ""},
    "(Default)": {"type": "sz", "data": "unnamed"},
}


def machine(**spec):
    return build("exch01", {"registry": {"HKLM\\SOFTWARE\\Lab": VALUES}, **spec})


def stored(host, name, key=LAB):
    return host.state()["registry"][key].get(name)


def test_2003_prints_its_version_tabs_and_no_name():
    assert machine().run("reg query HKLM\\SOFTWARE\\Lab").stdout.decode() == (
        "\r\n! REG.EXE VERSION 3.0\r\n\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Lab\r\n"
        "    text\tREG_SZ\tplain\r\n"
        "    path\tREG_EXPAND_SZ\t%SystemRoot%\\x\r\n"
        "    list\tREG_MULTI_SZ\ta\\0b c\\0\\0\r\n"
        "    number\tREG_DWORD\t0x2f0\r\n"
        "    big\tREG_UNKNOWN\t0000000000010000\r\n"
        "    raw\tREG_BINARY\t00FF10\r\n"
        "    nothing\tREG_NONE\t\r\n"
        "    <NO NAME>\tREG_SZ\tunnamed\r\n\r\n"
    )


def test_2008_prints_four_blanks_and_default():
    assert machine(os="2008").run("reg query HKLM\\SOFTWARE\\Lab").stdout.decode() == (
        "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Lab\r\n"
        "    text    REG_SZ    plain\r\n"
        "    path    REG_EXPAND_SZ    %SystemRoot%\\x\r\n"
        "    list    REG_MULTI_SZ    a\\0b c\r\n"
        "    number    REG_DWORD    0x2f0\r\n"
        "    big    REG_QWORD    0x10000000000\r\n"
        "    raw    REG_BINARY    00FF10\r\n"
        "    nothing    REG_NONE    \r\n"
        "    (Default)    REG_SZ    unnamed\r\n\r\n"
    )


def test_a_missing_key_or_value_is_exit_code_1():
    for edition, text in [
        ("2003", "\r\nError:  The system was unable to find the specified registry key or value\r\n"),
        ("2008", "ERROR: The system was unable to find the specified registry key or value.\r\n"),
    ]:
        for line in ("reg query HKLM\\SOFTWARE\\None", "reg query HKLM\\SOFTWARE\\Lab /v none"):
            ran = machine(os=edition).run(line)
            assert (ran.stdout, ran.stderr.decode(), ran.status) == (b"", text, 1)


def test_an_unset_default_value_is_said_to_be_not_set():
    said = machine().run("reg query HKLM\\SOFTWARE\\Microsoft /ve").stdout
    assert b"    <NO NAME>\tREG_SZ\t(value not set)\r\n" in said


def test_subkeys_are_listed_and_read_with_s():
    host = build("exch01", {"registry": {"HKLM\\SOFTWARE\\Lab\\One": {"a": {"type": "sz", "data": "1"}}}})
    assert host.run("reg query HKLM\\SOFTWARE\\Lab").stdout.endswith(
        b"Lab\r\n\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Lab\\One\r\n"
    )
    assert b"Lab\\One\r\n    a\tREG_SZ\t1\r\n" in host.run("reg query HKLM\\SOFTWARE\\Lab /s").stdout


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ("/d plain", [1, "70006c00610069006e000000"]),
        ('/d "a \\"q\\" b\\\\"', [1, 'a "q" b\\'.encode("utf-16-le").hex() + "0000"]),
        ("/t REG_EXPAND_SZ /d x", [2, "78000000"]),
        ("/t REG_DWORD /d 4294967295", [4, "ffffffff"]),
        ("/t REG_DWORD /d 0x10", [4, "10000000"]),
        ("/t REG_BINARY /d 0aFF", [3, "0aff"]),
        ("/t REG_MULTI_SZ /d a\\0b", [7, "6100000062000000" + "0000"]),
        ("/t REG_MULTI_SZ /s , /d a\\0,b", [7, "a\\0\0b\0\0".encode("utf-16-le").hex()]),
        ("/t REG_NONE", [0, "0000"]),
    ],
)
def test_add_stores_the_bytes_that_windows_stores(arguments, value):
    host = machine()
    ran = host.run(f"reg add HKLM\\SOFTWARE\\Lab\\New /v x {arguments} /f")
    assert (ran.stdout, ran.status) == (b"\r\nThe operation completed successfully\r\n", 0)
    assert stored(host, "x", LAB + "\\New") == value


@pytest.mark.parametrize("bad", ["/t REG_DWORD /d 4294967296", "/t REG_DWORD /d x", "/t REG_QWORD /d 1", "/t REG_ODD",
                                 "/t REG_MULTI_SZ /d a\\0\\0b", "/y", "/t REG_BINARY /d 0g"])  # fmt: skip
def test_what_2003_does_not_know_is_refused_and_changes_nothing(bad):
    host = machine()
    before = host.state()
    assert host.run(f"reg add HKLM\\SOFTWARE\\Lab /v x {bad} /f").status == 1
    assert host.state() == before


def test_without_f_it_asks_and_does_nothing_at_the_end_of_the_input():
    host = machine()
    ran = host.run("reg add HKLM\\SOFTWARE\\Lab /v text /d other")
    assert ran.stdout.startswith(b"Value text exists, overwrite(Y/N)? ")
    host.run("reg delete HKLM\\SOFTWARE\\Lab")
    host.run("reg delete HKLM\\SOFTWARE\\Lab /v text")
    assert host.log == []
    host.run("echo Y|reg add HKLM\\SOFTWARE\\Lab /v text /d other")
    assert [str(entry) for entry in host.log] == [f"registry set {LAB}:text"]


def test_delete_takes_a_value_all_values_or_the_key():
    host = machine()
    assert host.run("reg delete HKLM\\SOFTWARE\\Lab /v text /f").status == 0
    assert stored(host, "text") is None
    assert host.run("reg delete HKLM\\SOFTWARE\\Lab /v text /f").status == 1
    host.run("reg delete HKLM\\SOFTWARE\\Lab /ve /f")
    assert stored(host, "") is None
    host.run("reg delete HKLM\\SOFTWARE\\Lab /va /f")
    assert host.state()["registry"][LAB] == {}
    host.run("reg delete HKLM\\SOFTWARE\\Lab /f")
    assert LAB not in host.state()["registry"]


def test_an_export_is_what_regedit_writes():
    odd = {'odd "q" \\': {"type": "sz", "data": 'a"b\\c'}, "long": {"type": "binary", "data": "ab" * 40}}
    host = build("exch01", {"registry": {"HKLM\\SOFTWARE\\Lab": {**VALUES, **odd}}})
    host.run("reg export HKLM\\SOFTWARE\\Lab C:\\lab.reg")
    raw = bytes.fromhex(host.state()["files"]["files"]["C:\\lab.reg"])
    assert raw[:2] == b"\xff\xfe"
    assert raw[2:].decode("utf-16-le") == (
        "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Lab]\r\n"
        '"text"="plain"\r\n'
        '"path"=hex(2):25,00,53,00,79,00,73,00,74,00,65,00,6d,00,52,00,6f,00,6f,00,74,\\\r\n'
        "  00,25,00,5c,00,78,00,00,00\r\n"
        '"list"=hex(7):61,00,00,00,62,00,20,00,63,00,00,00,00,00\r\n'
        '"number"=dword:000002f0\r\n'
        '"big"=hex(b):00,00,00,00,00,01,00,00\r\n'
        '"raw"=hex:00,ff,10\r\n'
        '"nothing"=hex(0):\r\n'
        '@="unnamed"\r\n'
        '"odd \\"q\\" \\\\"="a\\"b\\\\c"\r\n'
        '"long"=hex:' + "ab," * 22 + "\\\r\n  " + "ab," * 17 + "ab\r\n\r\n"
    )


def test_an_export_imports_to_the_same_state():
    host = machine()
    before = host.state()["registry"]
    host.run("reg export HKLM\\SOFTWARE\\Lab C:\\lab.reg&reg delete HKLM\\SOFTWARE\\Lab /f&reg import C:\\lab.reg")
    assert host.state()["registry"] == before


def test_an_existing_export_is_not_overwritten_unasked():
    host = machine()
    host.run("echo kept>C:\\lab.reg")
    assert host.run("reg export HKLM\\SOFTWARE\\Lab C:\\lab.reg").status == 1
    assert host.run("type C:\\lab.reg").stdout == b"kept\r\n"
    assert host.run("reg export HKLM\\SOFTWARE\\Lab C:\\lab.reg /y").status == 1
    assert machine(os="2008").run("echo x>C:\\l.reg&reg export HKLM\\SOFTWARE\\Lab C:\\l.reg /y").status == 0


@pytest.mark.parametrize("head", ["Windows Registry Editor Version 5.00", "REGEDIT4"])
def test_an_ascii_file_made_by_echo_imports(head):
    host = machine()
    lines = [head, "", "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Lab]", '"new"=hex(0b):01,00,00,00,00,\\', "  00,00,80",
             '"text"=-', '"q\\\\"="v"', "[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Exchange]"]  # fmt: skip
    for line in lines:
        host.run(f"echo.{line.replace('^', '^^')}>>C:\\in.reg")
    assert host.run("reg import C:\\in.reg").status == 0
    assert stored(host, "new") == [11, "0100000000000080"]
    assert stored(host, "text") is None
    assert stored(host, "q\\") == [1, "76000000"]
    assert "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Exchange\\Setup" not in host.state()["registry"]


def test_what_is_no_registry_file_is_refused():
    host = machine()
    assert host.run("echo hello>C:\\in.reg&reg import C:\\in.reg").status == 1
    assert host.run("reg import C:\\nothing.reg").status == 1


def test_2008_reports_an_import_on_standard_error():
    host = machine(os="2008")
    ran = host.run("reg export HKLM\\SOFTWARE\\Lab C:\\l.reg>nul&reg import C:\\l.reg")
    assert (ran.stdout, ran.stderr) == (b"", b"The operation completed successfully.\r\n")


def test_a_denied_key_can_neither_be_read_nor_written():
    host = machine(denied=["HKLM\\SOFTWARE\\Lab\\Secret"])
    ran = host.run("reg query HKLM\\SOFTWARE\\Lab\\Secret")
    assert (ran.stderr, ran.status) == (b"\r\nError:  Access is denied.\r\n", 1)
    assert host.run("reg add HKLM\\SOFTWARE\\Lab\\Secret /v x /f").status == 1
    assert host.run("reg delete HKLM\\SOFTWARE\\Lab /f").status == 1
    assert stored(host, "text")


def test_the_32_bit_view_is_wow6432node():
    host = build("x", {"os": "2008", "architecture": "x64"})
    host.run("reg add HKLM\\SOFTWARE\\Lab /v a /d 32 /f /reg:32&reg add HKLM\\SOFTWARE\\Lab /v a /d 64 /f")
    found = host.state()["registry"]
    assert found["HKEY_LOCAL_MACHINE\\SOFTWARE\\Wow6432Node\\Lab"]["a"][1] == "330032000000"
    assert found[LAB]["a"][1] == "360034000000"
    assert b"REG_SZ    32" in host.run("%windir%\\SysWOW64\\reg.exe query HKLM\\SOFTWARE\\Lab /v a").stdout
    assert build("x", {"architecture": "x64"}).run("reg query HKLM\\SOFTWARE /reg:32").status == 1


def test_a_32_bit_shell_sees_the_32_bit_view():
    host = build("x", {"os": "2008", "architecture": "x64", "bits": 32})
    host.run("reg add HKLM\\SOFTWARE\\Lab /v a /f")
    assert "HKEY_LOCAL_MACHINE\\SOFTWARE\\Wow6432Node\\Lab" in host.state()["registry"]
    host.run("%windir%\\Sysnative\\reg.exe add HKLM\\SOFTWARE\\Lab /v a /f")
    assert LAB in host.state()["registry"]


def test_hives_have_short_and_long_names():
    host = build("x", {})
    host.run("reg add HKCU\\Software\\Lab /f&reg add HKEY_CLASSES_ROOT\\.lab /f")
    found = host.state()["registry"]
    assert "HKEY_USERS\\S-1-5-21-1004336348-1177238915-682003330-500\\Software\\Lab" in found
    assert "HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes\\.lab" in found
    assert host.run("reg query HKXX\\Software").status == 1
