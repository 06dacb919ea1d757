"""Against the lab's doors: authentication and encryption with a server that checks them, and faults from inside."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
import yaml

from remediators.lab.machine import Ran
from remediators.lab.serve import Lab
from remediators.model import (
    AuthenticationFailed,
    Dropped,
    Output,
    QuotaExceeded,
    TimedOut,
    TransportError,
    Unreachable,
    UntrustedHost,
)
from remediators.transports.base import open_channel, ping
from remediators.transports.settings import settings_of

KINDS = {
    "basic": {"connection": "winrm", "transport": "basic", "scheme": "http"},
    "basic-tls": {"connection": "winrm", "transport": "basic", "scheme": "https"},
    "ntlm": {"connection": "winrm", "transport": "ntlm", "scheme": "http"},
    "ntlm-tls": {"connection": "winrm", "transport": "ntlm", "scheme": "https"},
    "certificate": {"connection": "winrm", "transport": "certificate", "scheme": "https"},
    "ssh": {"connection": "ssh"},
    "ssh-key": {"connection": "ssh", "key": True},
}
WINRM = [name for name, spec in KINDS.items() if spec["connection"] == "winrm"]


@dataclass
class Echo:
    """A machine that says what it was told; lines that begin with ``wait`` end when they are let go."""

    name: str
    users: Mapping[str, str] = field(default_factory=lambda: {"Administrator": "Pässword 1:2"})
    faults: Collection[str] = ()
    let_go: threading.Event = field(default_factory=threading.Event)
    lines: list[str] = field(default_factory=list)

    def run(self, line: str, codepage: int | None = None) -> Ran:
        self.lines.append(line)
        if line.startswith("wait"):
            self.let_go.wait(20)
        if line.startswith("much"):
            return Ran(b"\xff" * 400_000, b"\x80" * 200_000, -2147463162)
        return Ran(line.encode(), b"", 3)

    def greeting(self) -> bytes | None:
        return None


class Hosts:
    """The hosts of a running lab, by kind."""

    def __init__(self, lab: Lab, variables: Mapping[str, Mapping[str, object]]) -> None:
        self.lab, self.variables = lab, variables

    def reach(self, kind: str, seconds: float = 10, **more):
        return open_channel(kind, settings_of(kind, {**self.variables[kind], **more}), seconds)

    def requests(self, kind: str) -> dict[str, int]:
        return dict(self.lab.hosts[kind].winrm.requests)


@pytest.fixture
def hosts(tmp_path) -> Iterator[Hosts]:
    fleet = {kind: {**spec, "machine": Echo(kind), "smtp": False} for kind, spec in KINDS.items()}
    with Lab(fleet, folder=tmp_path) as lab:
        inventory = yaml.safe_load(lab.write_inventory(tmp_path / "inventory.yml").read_text())
        yield Hosts(lab, inventory["all"]["hosts"])
        for host in lab.hosts.values():
            host.machine.let_go.set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_in_carries_lines_and_answers(hosts: Hosts, kind: str):
    channel = hosts.reach(kind)
    outputs = [channel.run(line, 10) for line in ("echo one & <two>", "ä日")]
    channel.close()

    assert [output.stdout for output in outputs] == [b"echo one & <two>", "ä日".encode()]
    assert {output.status for output in outputs} == {3}


@pytest.mark.parametrize("kind", WINRM)
def test_one_line_costs_four_requests_and_leaves_no_shell(hosts: Hosts, kind: str):
    channel = hosts.reach(kind)
    channel.run("ver", 10)
    channel.close()

    assert hosts.requests(kind) == {"Create": 1, "Command": 1, "Receive": 1, "Delete": 1}
    assert hosts.lab.open_shells == 0


@pytest.mark.parametrize("kind", ["basic", "ntlm", "ssh"])
def test_much_output_in_bytes_that_are_no_text_comes_whole(hosts: Hosts, kind: str):
    channel = hosts.reach(kind)
    output = channel.run("much", 20)
    channel.close()

    assert output == Output(b"\xff" * 400_000, b"\x80" * 200_000, -2147463162)


@pytest.mark.parametrize("kind", ["basic", "basic-tls", "ntlm", "ntlm-tls", "ssh"])
def test_a_wrong_password_is_rejected(hosts: Hosts, kind: str):
    with pytest.raises(AuthenticationFailed, match="rejects user Administrator") as caught:
        hosts.reach(kind, ansible_password="hunter2")

    assert "hunter2" not in f"{caught.value.message} {caught.value.detail}"


def test_a_wrong_kind_of_authentication_names_the_right_one(hosts: Hosts):
    with pytest.raises(AuthenticationFailed, match="it accepts ntlm only"):
        hosts.reach("ntlm", ansible_winrm_transport="basic", ansible_winrm_message_encryption="never")


def test_a_certificate_of_another_authority_is_untrusted(hosts: Hosts):
    hosts.lab.hosts["ntlm-tls"].faults.add("wrong-certificate")
    with pytest.raises(UntrustedHost, match="ansible_winrm_ca_trust_path"):
        hosts.reach("ntlm-tls")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("hang", TimedOut),
        ("http500", Unreachable),
        ("quota", QuotaExceeded),
        ("access-denied", AuthenticationFailed),
        ("winrm-1.1", Unreachable),
        ("no-listener", TransportError),
    ],
)
@pytest.mark.parametrize("kind", ["basic", "ntlm"])
def test_faults_at_the_door_have_words_of_their_own(hosts: Hosts, kind: str, fault: str, error: type[Exception]):
    hosts.lab.hosts[kind].faults.add(fault)
    with pytest.raises(error, match=kind):
        hosts.reach(kind, 0.7)

    assert hosts.lab.open_shells == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("drop-before-command", Dropped),
        ("drop-after-command", Dropped),
        ("drop-in-answer", Dropped),
        ("quota-operations", QuotaExceeded),
        ("shell-expired", Dropped),
    ],
)
@pytest.mark.parametrize("kind", ["basic", "ntlm"])
def test_faults_at_a_command_have_words_of_their_own(hosts: Hosts, kind: str, fault: str, error: type[Exception]):
    channel = hosts.reach(kind)
    hosts.lab.hosts[kind].faults.add(fault, times=1)
    with pytest.raises(error, match=kind):
        channel.run("ver", 5)
    channel.close()

    again = hosts.reach(kind)  # a new session, with keys of its own
    assert again.run("ver", 5).stdout == b"ver"
    again.close()


@pytest.mark.parametrize("fault", ["drop-before-command", "drop-after-command", "drop-in-answer"])
def test_ssh_connections_that_go_away_are_dropped(hosts: Hosts, fault: str):
    channel = hosts.reach("ssh")
    hosts.lab.hosts["ssh"].faults.add(fault, times=1)
    with pytest.raises(Dropped, match="ssh"):
        channel.run("ver", 5)
    channel.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [("hang", TimedOut), ("wrong-host-key", UntrustedHost), ("access-denied", AuthenticationFailed)],
)
def test_faults_at_the_ssh_door_have_words_of_their_own(hosts: Hosts, fault: str, error: type[Exception]):
    hosts.lab.hosts["ssh"].faults.add(fault)
    with pytest.raises(error, match="ssh"):
        hosts.reach("ssh", 0.7)


def test_a_server_that_lets_in_and_then_says_nothing_is_given_up(hosts: Hosts):
    hosts.lab.hosts["ssh"].faults.add("hang-after-auth")
    begun = time.monotonic()
    with pytest.raises(TimedOut):
        hosts.reach("ssh", 2).run("ver", 1)

    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("kind", ["basic", "ntlm", "ntlm-tls"])
def test_a_command_that_hangs_is_ended_at_the_deadline_and_its_shell_deleted(hosts: Hosts, kind: str):
    channel = hosts.reach(kind)
    begun = time.monotonic()
    with pytest.raises(TimedOut, match="terminated and its shell deleted"):
        channel.run("wait", 0.5)
    channel.close()

    assert time.monotonic() - begun < 5
    assert hosts.lab.open_shells == 0
    assert hosts.requests(kind)["Signal"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_ping_says_what_it_met(hosts: Hosts, kind: str):
    met = ping(kind, settings_of(kind, hosts.variables[kind]), 10)

    assert met.runs
    assert met.answered.startswith("SSH-2.0-" if kind.startswith("ssh") else "Microsoft Corporation, OS: 5.2.3790")


def test_ping_survives_a_winrm_without_shells(hosts: Hosts):
    hosts.lab.hosts["ntlm"].faults.add("winrm-1.1")
    met = ping("ntlm", settings_of("ntlm", hosts.variables["ntlm"]), 10)

    assert not met.runs
    assert any("KB968930" in finding.cure for finding in met.findings)
