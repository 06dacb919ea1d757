"""What the doors do when they are told to be ill."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import paramiko
import pytest
import requests
from winrm.exceptions import WinRMTransportError
from winrm.exceptions import WSManFaultError as PywinrmFault

from remediators.lab.door_faults import DOOR_FAULTS, Faults
from remediators.lab.machine import FAULTS
from remediators.lab.serve import Lab
from tests.lab.door_machines import Parrot
from tests.lab.test_door_winrm import ask, client, endpoint, machine


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    fleet = {
        "basic": {"machine": Parrot("BASIC"), "transport": "basic"},
        "ntlm": {"machine": Parrot("NTLM"), "transport": "ntlm"},
        "https": {"machine": Parrot("HTTPS"), "transport": "basic", "scheme": "https"},
    }
    with Lab(fleet) as running:
        yield running


def test_the_doors_know_every_fault_of_a_machine() -> None:
    assert FAULTS <= DOOR_FAULTS


def test_a_fault_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="no such fault: 'dropp'; there are access-denied"):
        Faults().add("dropp")


def test_a_fault_strikes_as_often_and_as_late_as_it_was_told() -> None:
    faults = Faults()
    faults.add("hang", times=2, skip=1)
    assert [faults.strikes("hang") for _ in range(4)] == [False, True, True, False]
    assert "hang" not in faults


def test_a_fault_strikes_only_lines_that_match() -> None:
    faults = Faults()
    faults.add("drop-after-command", times=1, matching="reg add")
    assert not faults.strikes("drop-after-command", "reg query")
    assert faults.strikes("drop-after-command", "cmd /c reg add HKLM")


def test_a_machines_own_fault_holds_until_the_machine_is_well() -> None:
    ill = Parrot(faults={"quota"})
    faults = Faults(lambda: ill.faults)
    assert faults.strikes("quota")
    assert list(faults) == ["quota"]
    ill.faults = ()
    assert not faults.strikes("quota")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("quota", 2150859173), ("quota-operations", 2150859174), ("access-denied", 5), ("shell-expired", 2150858843)],
)
def test_faults_of_the_protocol_carry_their_code(lab: Lab, fault: str, code: int) -> None:
    lab.hosts["ntlm"].faults.add(fault, times=1)
    asked = client(lab, "ntlm")
    with pytest.raises(PywinrmFault) as refused:
        _without_leaving_a_shell(lambda: ask(asked, "ver"))
    assert refused.value.wsman_fault_code == code
    asked.transport.close_session()
    assert lab.open_shells == 0


def _without_leaving_a_shell(act: Callable[[], object]) -> None:
    """pywinrm closes in `finally`; where the shell is gone by then, the first fault is the one to look at."""
    try:
        act()
    except PywinrmFault as error:
        raise (error.__context__ if isinstance(error.__context__, PywinrmFault) else error) from None


def test_winrm_1_1_names_itself_and_has_no_shell(lab: Lab) -> None:
    faults = lab.hosts["basic"].faults
    faults.add("winrm-1.1")
    headers = {"WSMANIDENTIFY": "unauthenticated"}
    envelope = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        '<Identify xmlns="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
    )
    answer = requests.post(endpoint(lab.hosts["basic"]), envelope, headers=headers, timeout=5)
    assert "Stack: 1.1" in answer.text
    asked = client(lab, "basic")
    with pytest.raises(PywinrmFault, match="resource URI"):
        asked.open_shell()
    asked.transport.close_session()
    faults.discard("winrm-1.1")


@pytest.mark.parametrize(("fault", "status"), [("http500", 500), ("http503", 503)])
def test_http_errors_without_a_fault_inside(lab: Lab, fault: str, status: int) -> None:
    lab.hosts["basic"].faults.add(fault, times=1)
    asked = client(lab, "basic")
    with pytest.raises(WinRMTransportError) as refused:
        asked.open_shell()
    assert (refused.value.code, refused.value.response_text) == (status, "")
    asked.transport.close_session()


@pytest.mark.parametrize("name", ["basic", "ntlm", "https"])
@pytest.mark.parametrize(("fault", "runs"), [("drop-before-command", 0), ("drop-after-command", 1)])
def test_a_drop_comes_before_or_after_the_command_was_run(lab: Lab, name: str, fault: str, runs: int) -> None:
    lab.hosts[name].faults.add(fault, times=1, matching="fatal")
    asked = client(lab, name)
    shell = asked.open_shell()
    with pytest.raises(requests.exceptions.ConnectionError):
        asked.run_command(shell, "fatal")
    asked.transport.close_session()
    assert [line for line, _ in machine(lab, name).lines].count("fatal") == runs
    machine(lab, name).lines.clear()
    assert lab.open_shells == 1
    client(lab, name).close_shell(shell)


def test_a_drop_in_the_middle_of_the_answer(lab: Lab) -> None:
    lab.hosts["basic"].faults.add("drop-in-answer", times=1)
    asked = client(lab, "basic")
    shell = asked.open_shell()
    command = asked.run_command(shell, "ver")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        asked.get_command_output(shell, command)
    asked.close_shell(shell)


def test_garbage_comes_back_as_it_is(lab: Lab) -> None:
    lab.hosts["ntlm"].faults.add("garbage-output", times=1)
    out, _, _ = ask(client(lab, "ntlm"), "ver")
    for page in ("ascii", "utf-8", "cp1252"):
        with pytest.raises(UnicodeDecodeError):
            out.decode(page)


def test_a_hanging_door_accepts_and_says_nothing(lab: Lab) -> None:
    lab.hosts["basic"].faults.add("hang", times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(endpoint(lab.hosts["basic"]), "x", timeout=0.2)


def test_a_certificate_of_somebody_else(lab: Lab) -> None:
    lab.hosts["https"].faults.add("wrong-certificate", times=1)
    asked = client(lab, "https")
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        asked.open_shell()
    asked.transport.close_session()
    assert ask(client(lab, "https"), "ver")[2] == 0


@pytest.mark.parametrize("connection", ["winrm", "ssh"])
def test_without_a_listener_nobody_answers(connection: str) -> None:
    ill = {"machine": Parrot(), "connection": connection, "faults": ["no-listener"]}
    with Lab({"host": ill}) as lab, pytest.raises(ConnectionRefusedError):
        socket.create_connection((lab.hosts["host"].address, lab.hosts["host"].port or 0), timeout=5)


@pytest.mark.parametrize("connection", ["winrm", "ssh"])
def test_a_listener_may_go_while_the_lab_runs(connection: str) -> None:
    with Lab({"host": {"machine": Parrot(), "connection": connection}}) as lab:
        host = lab.hosts["host"]
        host.faults.add("no-listener")
        with socket.create_connection((host.address, host.port or 0), timeout=5) as wire:
            assert wire.recv(10) == b""


def test_a_machine_that_raises_crashed_and_its_door_goes_on() -> None:
    class Broken(Parrot):
        def run(self, line: str, codepage: int | None = None) -> object:  # type: ignore[override]
            raise ZeroDivisionError(line)

    with Lab({"host": {"machine": Broken(), "transport": "basic"}}) as lab:
        out, err, status = ask(client(lab, "host"), "ver")
        assert (out, status) == (b"", 0xC0000005)
        assert b"ZeroDivisionError: ver" in err


def test_the_fault_names_of_ssh_are_kept_for_ssh() -> None:
    with Lab({"host": {"machine": Parrot(), "connection": "ssh", "faults": ["wrong-host-key"]}}) as lab:
        host = lab.hosts["host"]
        with paramiko.SSHClient() as asked:
            asked.load_host_keys(str(lab.keyring.known_hosts))
            with pytest.raises(paramiko.BadHostKeyException):
                asked.connect(
                    host.address, host.port or 0, host.user, host.password, look_for_keys=False, allow_agent=False
                )
