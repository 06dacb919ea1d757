"""The SSH door, asked by OpenSSH's own client and by paramiko."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import paramiko
import pytest

from remediators.lab.machine import Ran
from remediators.lab.serve import Lab, Served
from tests.lab.door_machines import Parrot


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    fleet = {
        "windows": {"machine": Parrot("WINDOWS"), "connection": "ssh"},
        "cygwin": {"machine": Parrot("CYGWIN"), "connection": "ssh", "status_bits": 8},
    }
    with Lab(fleet) as running:
        yield running


@contextmanager
def connected(lab: Lab, host: Served, **options: object) -> Iterator[paramiko.SSHClient]:
    with paramiko.SSHClient() as asked:
        asked.load_host_keys(str(lab.keyring.known_hosts))
        usual: dict[str, object] = {"password": host.password, "look_for_keys": False, "allow_agent": False}
        asked.connect(host.address, host.port or 0, host.user, **(usual | {"timeout": 5} | options))  # type: ignore[arg-type]
        wire = asked.get_transport() or pytest.fail("closed")
        yield asked
    wire.join(5)


def ask(asked: paramiko.SSHClient, line: str) -> tuple[bytes, bytes, int]:
    _, out, err = asked.exec_command(line, timeout=5)
    return out.read(), err.read(), out.channel.recv_exit_status()


def openssh(lab: Lab, host: Served, line: str) -> subprocess.CompletedProcess[bytes]:
    options = ["-F", "none", "-i", lab.keyring.ssh_key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
    options += ["-o", f"UserKnownHostsFile={lab.keyring.known_hosts}", "-o", "GlobalKnownHostsFile=none"]
    options += ["-o", "StrictHostKeyChecking=yes", "-p", str(host.port)]
    command = ["ssh", *options, f"{host.user}@{host.address}", line]
    return subprocess.run(command, check=False, capture_output=True, timeout=10)


def machine(lab: Lab, name: str) -> Parrot:
    found = lab.machines[name]
    assert isinstance(found, Parrot)
    return found


def test_openssh_runs_a_line_with_a_key_and_a_known_host(lab: Lab) -> None:
    line = "cmd /d /c \"echo ä & ^ %PATH%\" '!X!'"
    machine(lab, "windows").answers[line] = Ran(b"one\r\n\xff", b"two\r\n", 7)
    answer = openssh(lab, lab.hosts["windows"], line)
    assert (answer.stdout, answer.stderr, answer.returncode) == (b"one\r\n\xff", b"two\r\n", 7)
    assert machine(lab, "windows").lines[-1] == (line, None)


def test_paramiko_runs_lines_with_a_password_one_after_the_other(lab: Lab) -> None:
    with connected(lab, lab.hosts["windows"]) as asked:
        assert ask(asked, "first") == (b"first\r\n", b"", 0)
        assert ask(asked, "second") == (b"second\r\n", b"", 0)
        assert (asked.get_transport() or pytest.fail("closed")).remote_version == "SSH-2.0-OpenSSH_for_Windows_8.1"


@pytest.mark.parametrize(("name", "status"), [("windows", 0x80005006), ("cygwin", 6)])
def test_exit_codes_are_32_bits_or_8(lab: Lab, name: str, status: int) -> None:
    machine(lab, name).answers["adsutil"] = Ran(b"", b"", -2147463162)
    with connected(lab, lab.hosts[name]) as asked:
        assert ask(asked, "adsutil")[2] == status


def test_long_output_comes_whole(lab: Lab) -> None:
    out, err = b"0123456789abcdef" * 300000, b"x" * 100000
    machine(lab, "windows").answers["long"] = Ran(out, err, 0)
    assert openssh(lab, lab.hosts["windows"], "long").stdout == out
    assert openssh(lab, lab.hosts["windows"], "long").stderr == err


@pytest.mark.parametrize("options", [{"password": "wrong"}, {"username": "Nobody"}, {"password": None}])
def test_wrong_credentials_are_rejected(lab: Lab, options: dict[str, str]) -> None:
    host = lab.hosts["windows"]
    asked = paramiko.SSHClient()
    asked.load_host_keys(str(lab.keyring.known_hosts))
    logon = {"username": host.user, "password": host.password} | options
    with asked, pytest.raises(paramiko.SSHException):
        asked.connect(host.address, host.port or 0, look_for_keys=False, allow_agent=False, **logon)  # type: ignore[arg-type]


def test_a_key_that_nobody_knows_is_rejected(lab: Lab) -> None:
    host = lab.hosts["windows"]
    stranger = paramiko.ECDSAKey.generate()
    with pytest.raises(paramiko.AuthenticationException), connected(lab, host, pkey=stranger, password=None):
        pass


def test_only_commands_are_served(lab: Lab) -> None:
    with connected(lab, lab.hosts["windows"]) as asked:
        with pytest.raises(paramiko.SSHException):
            asked.invoke_shell()
        with pytest.raises(paramiko.SSHException):
            asked.open_sftp()


def test_a_slow_command_holds_nobody_else_up(lab: Lab) -> None:
    slow = machine(lab, "windows")
    with connected(lab, lab.hosts["windows"]) as asked, connected(lab, lab.hosts["windows"]) as other:
        _, out, _ = asked.exec_command("wait for it")
        assert ask(other, "ver")[0] == b"ver\r\n"
        assert not out.channel.exit_status_ready()
        slow.go.set()
        assert out.read() == b"wait for it\r\n"


def test_many_connections_at_the_same_time(lab: Lab) -> None:
    def one(number: int) -> bytes:
        with connected(lab, lab.hosts["windows"]) as asked:
            return ask(asked, f"echo {number}")[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(24))) == [f"echo {number}\r\n".encode() for number in range(24)]


@pytest.mark.parametrize(("fault", "runs"), [("drop-before-command", 0), ("drop-after-command", 1)])
def test_a_drop_comes_before_or_after_the_command_was_run(lab: Lab, fault: str, runs: int) -> None:
    lab.hosts["windows"].faults.add(fault, times=1, matching="fatal")
    machine(lab, "windows").lines.clear()
    with connected(lab, lab.hosts["windows"]) as asked:
        assert ask(asked, "harmless")[2] == 0
        assert ask(asked, "fatal") == (b"", b"", -1)
    assert [line for line, _ in machine(lab, "windows").lines].count("fatal") == runs


def test_a_drop_in_the_middle_of_the_answer(lab: Lab) -> None:
    lab.hosts["windows"].faults.add("drop-in-answer", times=1)
    with connected(lab, lab.hosts["windows"]) as asked:
        assert ask(asked, "12345678") == (b"12345", b"", -1)


def test_a_door_that_hangs_after_the_connection(lab: Lab) -> None:
    lab.hosts["windows"].faults.add("hang", times=1)
    host = lab.hosts["windows"]
    with pytest.raises(paramiko.SSHException, match="banner"), connected(lab, host, banner_timeout=0.3):
        pass


def test_a_door_that_hangs_after_the_log_on() -> None:
    with Lab({"host": {"machine": Parrot(), "connection": "ssh", "faults": ["hang-after-auth"]}}) as lab:
        host = lab.hosts["host"]
        with connected(lab, host) as asked, pytest.raises(paramiko.SSHException, match="Timeout"):
            (asked.get_transport() or pytest.fail("closed")).open_session(timeout=0.3)


def test_another_host_key_than_the_known_one(lab: Lab) -> None:
    lab.hosts["windows"].faults.add("wrong-host-key", times=1)
    answer = openssh(lab, lab.hosts["windows"], "ver")
    assert answer.returncode == 255
    assert b"REMOTE HOST IDENTIFICATION HAS CHANGED" in answer.stderr


def test_nobody_is_let_in_where_access_is_denied(lab: Lab) -> None:
    lab.hosts["windows"].faults.add("access-denied")
    with pytest.raises(paramiko.AuthenticationException), connected(lab, lab.hosts["windows"]):
        pass
    lab.hosts["windows"].faults.discard("access-denied")


def test_a_client_that_leaves_in_the_middle_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    machine = Parrot()
    with Lab({"host": {"machine": machine, "connection": "ssh"}}) as lab:
        with connected(lab, lab.hosts["host"]) as asked:
            asked.exec_command("wait for ever")
        machine.go.set()
    assert set(threading.enumerate()) <= before
