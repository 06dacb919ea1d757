"""The command line against a Windows that we did not write: Wine, behind a real sshd and behind the lab's WinRM."""

import json
import subprocess
import time

import pytest
import yaml

from remediators.lab.machine import Ran
from remediators.lab.serve import Lab
from tests.acceptance.conftest import Desk

pytest_plugins = ["tests.wine_host"]

BOOK = """\
- name: Every type
  hosts: wine
  tasks:
    - name: values
      registry:
        key: HKLM\\SOFTWARE\\Remediators\\{{ inventory_hostname }}\\Deep
        values:
          (Default): {type: sz, data: 'plain "quoted" 50% & more! ^'}
          Text: {type: sz, data: 'C:\\Program Files\\x\\'}
          Empty: {type: sz, data: ''}
          Path: {type: expand_sz, data: '%SystemRoot%\\system32'}
          Names: {type: multi_sz, data: [alpha, beta gamma, "100%"]}
          Gap: {type: multi_sz, data: [a, "", b]}
          None at all: {type: multi_sz, data: []}
          Number: {type: dword, data: 4294967295}
          Big: {type: qword, data: 18446744073709551615}
          Bytes: {type: binary, data: 00ff10}
          Nothing: {type: none, data: ""}
          odd/name 100% & co: {type: dword, data: 1}
    - name: the other view
      registry: {key: HKLM\\SOFTWARE\\Remediators32, view: 32, values: {V: {type: dword, data: 32}}}
    - name: changed
      registry: {key: HKLM\\SOFTWARE\\RemediatorsOld, values: {Was: {type: sz, data: new}, Gone: absent}}
    - name: a key goes whole
      registry: {key: HKLM\\SOFTWARE\\RemediatorsGone\\Whole, state: absent}
"""


class WineMachine:
    """The lab's doors in front of Wine: `run` hands the line to a real (if foreign) cmd.exe."""

    def __init__(self, wine):
        self.name = "wine"
        self.users = {"Administrator": "Lab-secret 1"}
        self.faults = frozenset()
        self.wine = wine

    def run(self, line, codepage=None):
        out = self.wine.run(f'cmd.exe /c "{line}"')
        return Ran(out.stdout, out.stderr, out.status)

    def greeting(self):
        return None


@pytest.fixture(params=["sshd", "winrm"])
def wine_desk(request, tmp_path, wine):
    if request.param == "winrm":
        with Lab(
            {"wine": {"connection": "winrm", "transport": "basic", "machine": WineMachine(wine)}},
            ports="free",
            folder=tmp_path / "keys",
        ) as lab:
            yield Desk(tmp_path, lab)
        return
    sshd = request.getfixturevalue("wine_sshd")
    with Lab({}, ports="free", folder=tmp_path / "keys") as lab:
        d = Desk(tmp_path, lab)
        d.write("lab.yml", yaml.safe_dump({"all": {"hosts": {"wine": sshd.variables()}}}))
        yield d


def export(wine, key):
    """A key as regedit would write it, or None where it does not exist."""
    file = wine.root / "export.reg"
    file.unlink(missing_ok=True)
    wine.run(f'reg export "{key}" "Z:{str(file).replace("/", chr(92))}" /y')
    return file.read_bytes().decode("utf-16") if file.exists() else None


def test_every_registry_type_goes_in_is_verified_and_comes_out_again(wine, wine_desk):
    d = wine_desk
    for line in (
        "reg delete HKLM\\SOFTWARE\\Remediators /f",
        "reg add HKLM\\SOFTWARE\\RemediatorsOld /v Was /t REG_MULTI_SZ /d a\\0b /f",
        "reg add HKLM\\SOFTWARE\\RemediatorsOld /v Gone /t REG_BINARY /d 0102 /f",
        "reg add HKLM\\SOFTWARE\\RemediatorsGone\\Whole\\Inner /v X /t REG_EXPAND_SZ /d ^%TEMP^% /f",
        "reg add HKLM\\SOFTWARE\\RemediatorsGone\\Whole /v Y /t REG_QWORD /d 7 /f",
    ):
        wine.run(line)
    d.write("book.yml", BOOK)
    before = [export(wine, f"HKLM\\SOFTWARE\\{name}") for name in ("RemediatorsOld", "RemediatorsGone")]

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "--detailed-exitcode")
    assert planned.code == 2, planned.out + planned.err
    applied = d.remediate("apply", "x.plan", "--yes", "--output", "json")
    assert applied.code == 0, applied.out + applied.err
    inside = export(wine, "HKLM\\SOFTWARE\\Remediators")
    again = d.remediate("plan", "book.yml", "-i", "lab.yml", "--detailed-exitcode")
    assert again.code == 0, again.out
    back = d.remediate("rollback", "latest", "--yes", "--output", "json")

    assert back.code == 0, back.out + back.err
    assert '"Big"=hex(b):ff,ff,ff,ff,ff,ff,ff,ff' in inside
    assert '"Gap"=hex(7):61,00,00,00,00,00,62,00,00,00,00,00' in inside
    assert '"Number"=dword:ffffffff' in inside
    left = export(wine, "HKLM\\SOFTWARE\\Remediators")
    assert left is None, left + back.out
    assert export(wine, "HKLM\\SOFTWARE\\WOW6432Node\\Remediators32") is None
    assert [export(wine, f"HKLM\\SOFTWARE\\{name}") for name in ("RemediatorsOld", "RemediatorsGone")] == before
    assert json.loads(applied.out)["totals"]["verified"] > 20


def gone(program):
    """Wait for the end of a stopped service's process: Wine cannot start it again before."""
    ends = time.monotonic() + 30
    while subprocess.run(["pgrep", "-f", program.name], capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_service_stops_and_comes_back(wine, wine_desk, tmp_path):
    d = wine_desk
    service = tmp_path / "service.c"
    service.write_text(SERVICE)
    program = wine.root / "remediated.exe"
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O1", "-o", str(program), str(service)], check=True)
    path = "Z:" + str(program).replace("/", "\\")
    made = wine.run(f"sc create Remediated binPath= {path} start= demand")
    begun = wine.run("net start Remediated")
    d.write("book.yml", "- hosts: wine\n  tasks:\n    - service: {name: Remediated, state: stopped}\n")

    def running():
        return b"4  RUNNING" in wine.run("sc query Remediated").stdout

    assert running(), (made, begun)
    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert applied.code == 0, applied.out + applied.err
    assert not running()
    gone(program)
    back = d.remediate("rollback", "latest", "--yes")
    again = running()
    wine.run("net stop Remediated")
    wine.run("sc delete Remediated")

    assert back.code == 0, back.out + back.err
    assert again


SERVICE = r"""
#include <windows.h>
static SERVICE_STATUS_HANDLE handle; static HANDLE stop;
static void tell(DWORD state) {
    SERVICE_STATUS s = {SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP, 0, 0, 0, 0};
    SetServiceStatus(handle, &s);
}
static void WINAPI control(DWORD code) {
    if (code == SERVICE_CONTROL_STOP) { tell(SERVICE_STOP_PENDING); SetEvent(stop); }
}
static void WINAPI run(DWORD n, LPSTR *v) {
    stop = CreateEventA(NULL, TRUE, FALSE, NULL);
    handle = RegisterServiceCtrlHandlerA("Remediated", control);
    tell(SERVICE_RUNNING); WaitForSingleObject(stop, INFINITE); tell(SERVICE_STOPPED);
}
int main(void) {
    SERVICE_TABLE_ENTRYA table[] = {{"Remediated", run}, {NULL, NULL}};
    return !StartServiceCtrlDispatcherA(table);
}
"""
