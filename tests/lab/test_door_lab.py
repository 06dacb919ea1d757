"""A lab as a whole: many hosts, their inventory, and nothing left behind."""

from __future__ import annotations

import smtplib
import socket
import stat
import subprocess
import threading
from pathlib import Path

import paramiko
import pytest
import yaml

from remediators.lab.inventory import DEFAULT_FLEET, generate, known_hosts_line
from remediators.lab.serve import FIXED_PORTS, Lab
from tests.lab.door_machines import Parrot
from tests.lab.test_door_ssh import ask as ask_ssh
from tests.lab.test_door_ssh import connected
from tests.lab.test_door_winrm import ask, client


def fleet() -> dict[str, dict[str, object]]:
    return {
        "exch01": {"machine": Parrot(), "transport": "ntlm", "groups": ("exchange_winrm", "site_berlin")},
        "exch02": {"machine": Parrot(), "transport": "basic", "groups": ("exchange_winrm", "site_hamburg")},
        "exch03": {"machine": Parrot(), "transport": "certificate", "scheme": "https", "groups": ("exchange_winrm",)},
        "exch04": {"machine": Parrot(), "connection": "ssh", "groups": ("exchange_ssh", "site_berlin")},
        "exch05": {"machine": Parrot(), "connection": "ssh", "key": True, "groups": ("exchange_ssh",)},
        "hub01": {"machine": Parrot(), "connection": "none", "groups": ("receivers",)},
    }


def test_the_inventory_is_ansibles(tmp_path: Path) -> None:
    with Lab(fleet()) as lab:
        told = yaml.safe_load(lab.write_inventory(tmp_path / "lab.yml").read_text())["all"]
        files, ports = lab.keyring, {name: host.port for name, host in lab.hosts.items()}
    assert told["hosts"]["exch01"]["ansible_winrm_transport"] == "ntlm"
    assert "ansible_winrm_message_encryption" not in told["hosts"]["exch01"]
    assert told["hosts"]["exch02"] == {
        "ansible_host": "127.0.0.1",
        "ansible_connection": "winrm",
        "ansible_user": "Administrator",
        "smtp_port": lab.hosts["exch02"].smtp_port,
        "ansible_port": ports["exch02"],
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "basic",
        "ansible_winrm_message_encryption": "never",
        "ansible_password": "Pässword 1:2",
    }
    assert told["hosts"]["exch03"]["ansible_winrm_ca_trust_path"] == str(files.authority)
    assert told["hosts"]["exch03"]["ansible_winrm_cert_pem"] == str(files.certificate)
    assert "ansible_password" not in told["hosts"]["exch03"]
    assert told["hosts"]["exch04"]["ansible_shell_type"] == "cmd"
    assert told["hosts"]["exch04"]["ansible_ssh_common_args"] == f"-o UserKnownHostsFile={files.known_hosts}"
    assert told["hosts"]["exch05"]["ansible_ssh_private_key_file"] == str(files.ssh_key)
    assert "ansible_port" not in told["hosts"]["hub01"]
    assert list(told["children"]) == ["exchange", "site_berlin", "site_hamburg", "receivers"]
    assert list(told["children"]["exchange"]["children"]["exchange_ssh"]["hosts"]) == ["exch04", "exch05"]
    assert list(told["children"]["site_berlin"]["hosts"]) == ["exch01", "exch04"]


def test_fixed_ports_are_windows_own_on_addresses_of_their_own(tmp_path: Path) -> None:
    given = fleet()
    given["hub01"]["address"] = "127.77.3.200"
    with Lab(given, ports="fixed", address_base="127.77.3.", folder=tmp_path) as lab:
        places = {name: (host.address, host.port, host.smtp_port) for name, host in lab.hosts.items()}
        assert places == {
            "exch01": ("127.77.3.11", 5985, 2525),
            "exch02": ("127.77.3.12", 5985, 2525),
            "exch03": ("127.77.3.13", 5986, 2525),
            "exch04": ("127.77.3.14", 2222, 2525),
            "exch05": ("127.77.3.15", 2222, 2525),
            "hub01": ("127.77.3.200", None, 2525),
        }
        assert ask(client(lab, "exch01"), "ver")[0] == b"ver\r\n"
        with connected(lab, lab.hosts["exch04"]) as asked:
            assert ask_ssh(asked, "ver")[0] == b"ver\r\n"
        lines = (tmp_path / "known_hosts").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["[127.77.3.14]:2222", "ssh-ed25519"],
        ["[127.77.3.15]:2222", "ssh-ed25519"],
    ]


def test_port_22_stands_alone_in_known_hosts() -> None:
    assert known_hosts_line("127.0.0.9", 22, "ssh-ed25519", "AAAA") == "127.0.0.9 ssh-ed25519 AAAA\n"


def test_an_address_that_is_taken_is_an_error_and_leaves_nothing() -> None:
    threads = set(threading.enumerate())
    with socket.create_server(("127.77.4.12", FIXED_PORTS["http"])):
        lab = Lab(fleet(), ports="fixed", address_base="127.77.4.")
        with pytest.raises(OSError, match="in use"):
            lab.start()
    assert set(threading.enumerate()) <= threads
    with Lab(fleet(), ports="fixed", address_base="127.77.4."):
        pass


def test_hundreds_of_hosts_start_in_one_thread_and_leave_none() -> None:
    threads, files = set(threading.enumerate()), _open_files()
    many: dict[str, dict[str, object]] = {f"w{n}": {"machine": Parrot(), "transport": "ntlm"} for n in range(150)}
    many |= {f"s{n}": {"machine": Parrot(), "connection": "ssh", "smtp": False} for n in range(150)}
    with Lab(many) as lab:
        assert [thread.name for thread in set(threading.enumerate()) - threads] == ["lab-doors"]
        assert ask(client(lab, "w149"), "ver")[0] == b"ver\r\n"
        with connected(lab, lab.hosts["s149"]) as asked:
            assert ask_ssh(asked, "ver")[0] == b"ver\r\n"
    assert set(threading.enumerate()) <= threads
    assert _open_files() <= files


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_open_connections_of_every_kind_are_cut_at_the_end() -> None:
    threads = set(threading.enumerate())
    lab = Lab(fleet())
    lab.start()
    asked = client(lab, "exch01")
    asked.open_shell()
    with connected(lab, lab.hosts["exch04"]) as over_ssh:
        hub = lab.hosts["hub01"]
        with socket.create_connection((hub.address, hub.smtp_port or 0), timeout=5) as smtp:
            assert smtp.recv(4) == b"220 "
            lab.stop()
            with pytest.raises((paramiko.SSHException, OSError, EOFError)):
                over_ssh.exec_command("ver", timeout=5)
    asked.transport.close_session()
    assert set(threading.enumerate()) <= threads


def test_keys_are_for_their_owner_only_and_go_with_the_lab() -> None:
    with Lab(fleet()) as lab:
        files = lab.keyring
        secrets = [path for path in files.ssh_key.parent.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
        assert {files.ssh_key, files.certificate_key} < set(secrets)
        assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
        subprocess.run(["ssh-keygen", "-y", "-f", files.ssh_key], check=True, capture_output=True)
    assert not files.ssh_key.parent.exists()
    with pytest.raises(RuntimeError, match="not running"):
        lab.keyring  # noqa: B018


def test_a_lab_may_run_again() -> None:
    lab = Lab(fleet())
    for _ in range(2):
        with lab:
            assert ask(client(lab, "exch02"), "ver")[0] == b"ver\r\n"


def test_equal_hosts_are_generated_in_any_number() -> None:
    made = generate(120, "ssh", machine=Parrot())
    assert (len(made), min(made), max(made)) == (120, "host0001", "host0120")
    with Lab(made) as lab, connected(lab, lab.hosts["host0120"]) as asked:
        assert ask_ssh(asked, "ver")[0] == b"ver\r\n"


def test_the_fleet_of_the_demo_answers_over_every_door() -> None:
    with Lab(DEFAULT_FLEET) as lab:
        for name, host in lab.hosts.items():
            if host.connection == "network_cli":
                assert lab.device(name).hostname == name
                continue
            if host.winrm is not None:
                options = {"user": host.user, "password": host.password, "transport": host.spec["transport"]}
                never = "never" if options["transport"] == "basic" else "auto"
                out, _, status = ask(client(lab, name, message_encryption=never, **options), "hostname")
            else:
                with connected(lab, host) as asked:
                    out, _, status = ask_ssh(asked, "hostname")
            assert (out.strip().lower(), status) == (name.encode(), 0)
            with smtplib.SMTP(host.address, host.smtp_port or 0, timeout=5) as smtp:
                assert smtp.ehlo()[1].startswith(f"{name}.example.com Hello".encode())
        assert lab.open_shells == 0


def test_faults_in_the_data_reach_the_machine_or_its_door() -> None:
    fleet = {"host": {"transport": "basic", "faults": ["quota", "access-denied"]}}
    with Lab(fleet) as lab:
        assert set(lab.machines["host"].faults) == {"quota"}
        assert list(lab.hosts["host"].faults) == ["access-denied", "quota"]


def test_data_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="colour"):
        Lab({"host": {"colour": "red"}}).start()


def test_a_machine_without_smtp_has_no_smtp_door() -> None:
    with Lab({"host": {"smtp": False, "os": "2008"}}) as lab:
        assert lab.hosts["host"].smtp_port is None
        out, _, _ = ask(client(lab, "host", user="Administrator", password="Lab-secret 1", transport="ntlm"), "ver")
        assert b"Version 6.0.6002" in out
