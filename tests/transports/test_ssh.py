"""An SSH channel against OpenSSH's own server, and against servers that break the protocol."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from remediators.model import (
    AuthenticationFailed,
    Dropped,
    Output,
    TimedOut,
    Unreachable,
    UntrustedHost,
    UsageError,
)
from remediators.transports import host_keys, ssh
from remediators.transports.base import open_channel, ping
from remediators.transports.settings import settings_of
from remediators.transports.ssh_keys import Keyring, load_key
from tests.transports.openssh import Sshd, keygen, start_sshd, stop_sshd


def reach(variables, seconds: float = 10):
    return open_channel("exch01", settings_of("exch01", variables), seconds)


def run_once(variables, line: str, seconds: float = 10) -> Output:
    channel = reach(variables)
    try:
        return channel.run(line, seconds)
    finally:
        channel.close()


def no_new_threads(before: set[threading.Thread]) -> bool:
    """Whether all threads have ended that were not there before; one that was told to end may take a moment."""
    for thread in set(threading.enumerate()) - before:
        thread.join(1)
    return set(threading.enumerate()) <= before


@pytest.fixture(autouse=True)
def no_agent_and_no_keys_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def own_sshd(tmp_path: Path) -> Iterator[Sshd]:
    """One that a test may kill."""
    server = start_sshd(tmp_path / "own")
    yield server
    stop_sshd(server)


def test_output_error_output_and_status_come_back(sshd: Sshd):
    assert run_once(sshd.variables(), "printf out; printf err >&2; exit 7") == Output(b"out", b"err", 7)


def test_several_lines_run_on_one_connection(sshd: Sshd):
    channel = reach(sshd.variables())
    outputs = [channel.run(f"printf {number}; exit {number}", 10) for number in (1, 2, 3)]
    channel.close()

    assert [(output.stdout, output.status) for output in outputs] == [(b"1", 1), (b"2", 2), (b"3", 3)]


def test_standard_input_is_at_its_end(sshd: Sshd):
    assert run_once(sshd.variables(), "cat; printf end") == Output(b"end", b"", 0)


def test_much_on_both_outputs_does_not_block(sshd: Sshd):
    line = "head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"
    output = run_once(sshd.variables(), line)

    assert (len(output.stdout), len(output.stderr), output.status) == (3000000, 6000000, 0)


def test_output_is_any_bytes(sshd: Sshd):
    assert run_once(sshd.variables(), r"printf '\377\376\000\201'").stdout == b"\xff\xfe\x00\x81"


def test_a_command_that_was_killed_has_no_status(sshd: Sshd):
    assert run_once(sshd.variables(), "kill -9 $$").status is None


def test_a_command_that_does_not_end_is_given_up_at_the_deadline(sshd: Sshd):
    channel = reach(sshd.variables())
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=r"no end of the command line within 0.5 s"):
        channel.run("printf x; sleep 5", 0.5)
    with pytest.raises(Dropped, match="nothing of this command line was sent"):
        channel.run("true", 1)
    channel.close()

    assert 0.4 < time.monotonic() - begun < 3


def test_closing_leaves_no_thread_behind(sshd: Sshd):
    before = set(threading.enumerate())
    run_once(sshd.variables(), "true")

    assert no_new_threads(before)


def test_a_connection_lost_in_mid_command_is_dropped(own_sshd: Sshd):
    channel = reach(own_sshd.variables())
    threading.Timer(0.3, own_sshd.kill_sessions).start()
    with pytest.raises(Dropped, match="unknown"):
        channel.run("printf half; sleep 5", 20)
    channel.close()


def test_output_without_end_is_given_up(sshd: Sshd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ssh, "OUTPUT_LIMIT", 1_000_000)
    channel = reach(sshd.variables())
    with pytest.raises(Dropped, match="1000000 bytes"):
        channel.run("head -c 50000000 /dev/zero", 20)
    channel.close()


# ---------------------------------------------------------------------------------------------------- host keys


def test_an_unknown_host_key_is_not_trusted_and_the_remedy_works(sshd: Sshd, tmp_path: Path):
    known = tmp_path / "known_hosts"
    variables = sshd.variables(ansible_ssh_common_args=f"-o UserKnownHostsFile={known}")
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(sshd.folder / "host.pub")], check=True, capture_output=True, text=True
    ).stdout.split()[1]
    with pytest.raises(UntrustedHost) as caught:
        reach(variables)

    assert f"ssh-ed25519 {shown}" in caught.value.message
    remedy = caught.value.message.split("`")[1]
    assert remedy == f"ssh-keyscan -p {sshd.port} 127.0.0.1 >> {known}"
    subprocess.run(remedy, shell=True, check=True, capture_output=True)
    assert run_once(variables, "printf ok").stdout == b"ok"


def test_a_changed_host_key_has_words_of_its_own(sshd: Sshd, tmp_path: Path):
    known, other = tmp_path / "known_hosts", keygen(tmp_path / "other").with_suffix(".pub")
    known.write_text(f"[127.0.0.1]:{sshd.port} {other.read_text()}")
    for strict in ("yes", "accept-new"):
        args = f"-o UserKnownHostsFile={known} -o StrictHostKeyChecking={strict}"
        with pytest.raises(UntrustedHost, match=f"has changed.*{known}:1.*ssh-keygen -f {known} -R"):
            reach(sshd.variables(ansible_ssh_common_args=args))


def test_a_hashed_file_is_understood(sshd: Sshd, tmp_path: Path):
    known = tmp_path / "known_hosts"
    shutil.copy(sshd.known_hosts, known)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    variables = sshd.variables(ansible_ssh_common_args=f"-o UserKnownHostsFile={known}")

    assert run_once(variables, "printf ok").stdout == b"ok"


@pytest.mark.parametrize(
    "more",
    [
        {"ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"},
        {"ansible_ssh_common_args": "", "ansible_host_key_checking": False},
    ],
)
def test_the_check_can_be_switched_off(sshd: Sshd, more):
    assert run_once(sshd.variables(**more), "printf ok").stdout == b"ok"


def test_accept_new_trusts_the_first_key_for_this_run(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host_keys, "_ACCEPTED", {})
    args = f"-o UserKnownHostsFile={tmp_path / 'none'} -o StrictHostKeyChecking=accept-new"
    variables = sshd.variables(ansible_ssh_common_args=args)
    assert run_once(variables, "printf ok").stdout == b"ok"

    second = start_sshd(tmp_path / "second")
    try:
        name = f"[127.0.0.1]:{second.port}"
        host_keys._ACCEPTED[name] = host_keys._ACCEPTED[f"[127.0.0.1]:{sshd.port}"]
        with pytest.raises(UntrustedHost, match="accepted in this run"):
            reach(second.variables(ansible_ssh_common_args=args))
    finally:
        stop_sshd(second)


def test_a_known_key_of_another_kind_is_asked_for_first(tmp_path: Path):
    keygen(tmp_path / "rsa", "-t", "rsa", "-b", "2048")
    server = start_sshd(tmp_path / "two", f"HostKey {tmp_path / 'rsa'}")
    try:
        rsa = " ".join((tmp_path / "rsa.pub").read_text().split()[:2])
        server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {rsa}\n")
        assert run_once(server.variables(), "printf ok").stdout == b"ok"
    finally:
        stop_sshd(server)


# ---------------------------------------------------------------------------------------------------- who we are


def test_a_key_that_the_server_does_not_know_is_rejected(sshd: Sshd, tmp_path: Path):
    key = keygen(tmp_path / "stranger")
    with pytest.raises(AuthenticationFailed, match=rf"rejects user .* with {key} \(it accepts publickey"):
        reach(sshd.variables(ansible_ssh_private_key_file=str(key)))


def test_nothing_to_prove_who_we_are(sshd: Sshd):
    with pytest.raises(AuthenticationFailed, match="neither key nor password"):
        reach(sshd.variables(ansible_ssh_private_key_file=None))


def test_a_password_where_only_keys_are_taken(sshd: Sshd):
    with pytest.raises(AuthenticationFailed, match=r"the password.*accepts publickey") as caught:
        reach(sshd.variables(ansible_ssh_private_key_file=None, ansible_password="hunter2"))

    assert "hunter2" not in caught.value.message


def test_a_default_key_is_used_where_none_is_named(sshd: Sshd, tmp_path: Path):
    (tmp_path / ".ssh").mkdir()
    shutil.copy(sshd.key, tmp_path / ".ssh" / "id_ed25519")

    assert run_once(sshd.variables(ansible_ssh_private_key_file=None), "printf ok").stdout == b"ok"


def test_an_agents_key_is_used(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    where = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(where)], stdout=subprocess.DEVNULL)
    try:
        while not where.exists():
            time.sleep(0.01)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(where))
        subprocess.run(["ssh-add", "-q", str(sshd.key)], check=True, capture_output=True)
        assert run_once(sshd.variables(ansible_ssh_private_key_file=None), "printf ok").stdout == b"ok"
    finally:
        agent.kill()
        agent.wait()


def test_an_encrypted_key_needs_its_passphrase(sshd: Sshd, tmp_path: Path):
    key = tmp_path / "locked"
    shutil.copy(sshd.key, key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "open sesame", "-f", str(key)], check=True, capture_output=True)
    variables = sshd.variables(ansible_ssh_private_key_file=str(key))
    with pytest.raises(AuthenticationFailed, match=r"is encrypted.*ssh-add"):
        reach(variables)
    with pytest.raises(AuthenticationFailed, match="does not open with this passphrase"):
        reach({**variables, "ansible_ssh_private_key_passphrase": "wrong"})

    assert run_once({**variables, "ansible_ssh_private_key_passphrase": "open sesame"}, "printf ok").stdout == b"ok"


@pytest.mark.parametrize(
    "kind", [("-t", "rsa", "-b", "2048"), ("-t", "ecdsa"), ("-t", "rsa", "-b", "2048", "-m", "PEM")]
)
def test_keys_of_every_kind_and_form_are_read(tmp_path: Path, kind: tuple[str, ...]):
    for passphrase in ("", "open sesame"):
        path = tmp_path / f"key{len(passphrase)}"
        subprocess.run(["ssh-keygen", "-q", *kind, "-N", passphrase, "-f", str(path)], check=True)
        shown = path.with_suffix(".pub").read_text().split()[1]
        assert load_key(str(path), passphrase or None).get_base64() == shown


@pytest.mark.parametrize("content", [None, b"", b"no key\n", b"\xff\xfe"])
def test_a_key_file_that_cannot_be_used_is_bad_usage(tmp_path: Path, content: bytes | None):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=f"ansible_ssh_private_key_file: {path}"):
        load_key(str(path), None)


def test_a_key_is_loaded_once_for_all_hosts(tmp_path: Path):
    path, loads = str(keygen(tmp_path / "key")), []

    def load(path, passphrase):
        loads.append(path)
        return load_key(path, passphrase)

    ring = Keyring(load)
    threads = [threading.Thread(target=ring.key, args=(path, None)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert loads == [path]


# ---------------------------------------------------------------------------------------------------- jump hosts


def test_a_host_is_reached_through_others(sshd: Sshd, own_sshd: Sshd):
    own_sshd.known_hosts.write_text(sshd.known_hosts.read_text() + own_sshd.known_hosts.read_text())
    hop = f"127.0.0.1:{own_sshd.port}"
    args = f"-o UserKnownHostsFile={own_sshd.known_hosts} -o ProxyJump={hop},{hop} -i {own_sshd.key}"
    before = set(threading.enumerate())

    assert run_once(sshd.variables(ansible_ssh_common_args=args), "printf ok").stdout == b"ok"
    assert no_new_threads(before)


def test_a_jump_hosts_key_is_checked(sshd: Sshd, own_sshd: Sshd):
    args = f"-o UserKnownHostsFile={sshd.known_hosts} -J 127.0.0.1:{own_sshd.port}"
    with pytest.raises(UntrustedHost, match=f"127.0.0.1:{own_sshd.port} is not known"):
        reach(sshd.variables(ansible_ssh_common_args=args))


def test_a_host_that_the_jump_host_cannot_reach(own_sshd: Sshd, free_port: int):
    args = f"-o UserKnownHostsFile={own_sshd.known_hosts} -J 127.0.0.1:{own_sshd.port}"
    variables = own_sshd.variables(ansible_ssh_common_args=args, ansible_port=free_port)
    with pytest.raises(Unreachable, match=f"the jump host cannot reach 127.0.0.1:{free_port}"):
        reach(variables)


# ---------------------------------------------------------------------------------------------------- broken servers


def server_that_says(said: bytes) -> tuple[socket.socket, threading.Thread]:
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(said)
            connection.recv(4096)

    thread = threading.Thread(target=answer)
    thread.start()
    return server, thread


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is it an SSH server"),
        (b"", "no SSH with"),
        (b"SSH-1.5-old\r\n", "no SSH with|nothing in common"),
        (b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff", "no SSH with"),
    ],
)
def test_servers_that_speak_no_ssh_are_unreachable(said: bytes, words: str):
    before = set(threading.enumerate())
    server, thread = server_that_says(said)
    with server:
        variables = {
            "ansible_host": "127.0.0.1",
            "ansible_port": server.getsockname()[1],
            "ansible_shell_type": "cmd",
            "ansible_user": "u",
            "ansible_password": "p",
        }
        with pytest.raises(Unreachable, match=words):
            reach(variables, 5)
        thread.join()

    assert no_new_threads(before)


def test_a_server_that_accepts_and_says_nothing_is_given_up_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as server:
        variables = {
            "ansible_host": "127.0.0.1",
            "ansible_port": server.getsockname()[1],
            "ansible_shell_type": "cmd",
            "ansible_user": "u",
        }
        begun = time.monotonic()
        with pytest.raises(TimedOut, match=r"within 0.5 s"):
            reach(variables, 0.5)

    assert 0.4 < time.monotonic() - begun < 3


def test_nobody_listens(free_port: int):
    variables = {"ansible_host": "127.0.0.1", "ansible_port": free_port, "ansible_shell_type": "cmd"}
    with pytest.raises(Unreachable, match=rf"no SSH server at 127.0.0.1:{free_port} \(Connection refused\)"):
        reach(variables, 5)


def test_no_common_algorithm_is_named(tmp_path: Path):
    server = start_sshd(tmp_path / "modern", "Ciphers chacha20-poly1305@openssh.com")
    try:
        with pytest.raises(Unreachable, match=r"cipher algorithms are chacha20-poly1305@openssh.com, ours are .*aes"):
            reach(server.variables())
    finally:
        stop_sshd(server)


def test_ping_names_the_server_and_a_shell_that_is_not_cmd(sshd: Sshd):
    met = ping("exch01", settings_of("exch01", sshd.variables()), 10)

    assert met.answered.startswith("SSH-2.0-OpenSSH")
    assert any("cmd.exe" in finding.symptom for finding in met.findings)
