"""Labs that tell a story: what is wrong with their hosts is seen from where it would be seen, and only there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from remediators.lab.ios_console import console
from remediators.lab.mail_path import Inspection, Style
from remediators.lab.scenarios import find, names
from remediators.lab.serve import Lab, Served
from remediators.lab.world import WindowsMachine


def greeting(host: Served, *, inside: bool = False, seconds: float = 10.0) -> bytes | None:
    """The first bytes from port 25; empty where the other side closes, ``None`` where it says nothing."""
    port = host.smtp_inside_port if inside else host.smtp_port
    with socket.create_connection((host.address, port or 0), timeout=seconds) as wire:
        try:
            return wire.recv(600)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""


def run(name: str) -> Iterator[Lab]:
    with find(name).lab() as lab:
        yield lab


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    yield from run(f"kb919091/{request.param}")


with_scenario = pytest.mark.parametrize


def test_there_is_a_scenario_for_each_cause_and_each_pair_of_causes() -> None:
    known = set(names())
    numbers = [1, 2, 3, 4, 5, 6]

    assert {f"kb919091/cause{number}" for number in numbers} < known
    assert {f"kb919091/cause{a}+cause{b}" for a in numbers for b in numbers if a < b} < known
    assert {"kb919091/healthy", "kb919091/all"} < known


def test_every_scenario_that_has_a_name_can_be_built() -> None:
    for name in names():
        assert find(name).fleet


@pytest.mark.parametrize("name", ["kb919091", "kb919091/cause9", "kb1/healthy", ""])
def test_a_scenario_that_there_is_not_is_refused_with_a_list(name: str) -> None:
    with pytest.raises(ValueError, match=r"there are .*cause1"):
        find(name)


@with_scenario("lab", ["healthy"], indirect=True)
def test_healthy_hosts_greet_from_both_sides_of_the_firewall(lab: Lab) -> None:
    for inside in (False, True):
        assert (greeting(lab.hosts["exch02"], inside=inside) or b"").startswith(b"220 exch02.example.com Microsoft")


@with_scenario("lab", ["cause4"], indirect=True)
def test_a_broken_banner_is_silence_until_the_service_has_read_a_good_one(lab: Lab) -> None:
    assert greeting(lab.hosts["exch02"], seconds=0.2) is None
    host = lab.hosts["exch02"].machine
    host.run(r'cscript //nologo C:\Inetpub\AdminScripts\adsutil.vbs set smtpsvc/1/ConnectResponse "Mail"')
    assert greeting(lab.hosts["exch02"], seconds=0.2) is None
    host.run("net stop smtpsvc /y & net start smtpsvc")

    assert (greeting(lab.hosts["exch02"]) or b"").startswith(b"220 exch02.example.com Mail ready")


@with_scenario("lab", ["cause4-closes", "cause4-line", "cause4-absent"], indirect=True)
def test_no_greeting_has_several_faces_and_none_is_a_220(lab: Lab) -> None:
    assert not (greeting(lab.hosts["exch02"], seconds=0.2) or b"").startswith(b"220")
    assert (greeting(lab.hosts["exch03"]) or b"").startswith(b"220")


@with_scenario("lab", ["cause5", "cause5+pix", "cause5+asa"], indirect=True)
def test_the_firewall_masks_from_outside_and_not_behind_it(lab: Lab) -> None:
    host = lab.hosts["exch02"]
    masked = greeting(host) or b""

    assert masked.startswith(b"220")
    assert set(masked[3:]) <= set(b"*20 \r\n")
    assert (greeting(host, inside=True) or b"").startswith(b"220 exch02.example.com Microsoft")
    assert (greeting(lab.hosts["exch03"]) or b"").startswith(b"220 exch03")


@with_scenario("lab", ["cause5"], indirect=True)
def test_only_a_rule_that_an_interface_uses_masks(lab: Lab) -> None:
    device = lab.device("fw01")
    assert "***" in str(greeting(lab.hosts["exch02"]))
    console(device, ["configure terminal", "no ip inspect name OUTSIDE smtp", "end"])

    assert "ip inspect name SPARE smtp" in device.running()
    assert (greeting(lab.hosts["exch02"]) or b"").startswith(b"220 exch02")


@with_scenario("lab", ["cause5", "cause5+pix"], indirect=True)
def test_a_router_behind_the_inspection_sees_the_servers_own_greeting(lab: Lab) -> None:
    device = lab.device("rtr01" if "rtr01" in lab.hosts else "fw01")
    said = console(device, [f"telnet {lab.hosts['exch02'].address} 25", "quit"])

    assert "220 exch02.example.com Microsoft ESMTP MAIL Service" in said


def test_the_inventory_has_the_operators_data_or_has_not(tmp_path: Path) -> None:
    scenario = find("kb919091/healthy")
    with scenario.lab() as lab:
        with_data = yaml.safe_load(scenario.write(lab, tmp_path / "with").read_text())
        without = yaml.safe_load(scenario.write(lab, tmp_path / "without", data=False).read_text())

    assert with_data["all"]["hosts"] == without["all"]["hosts"]
    assert with_data["all"]["hosts"]["exch02"]["via"] == ["fw01"]
    assert "tnef_values" in with_data["all"]["children"]["exchange"]["vars"]
    assert "vars" not in without["all"]["children"]["exchange"]
    assert sorted(path.name for path in (tmp_path / "with" / "profiles").iterdir()) == ["savce9.yml", "smsmse.yml"]
    assert not (tmp_path / "without" / "profiles").exists()


def test_what_is_invented_says_so() -> None:
    for profile in find("kb919091/healthy").profiles.values():
        entries = [*profile["detect"], *profile["settings"], *profile.get("managed", ())]
        assert {entry["source"] for entry in entries} == {"invented for the lab"}


EVENTS = (
    r"cscript //nologo %windir%\system32\eventquery.vbs /l Application "
    r'/fi "ID eq 4006" /fi "Source eq MSExchangeTransport" /fo CSV /v /r 50'
)
QUEUE = r"wmic /namespace:\\root\MicrosoftExchangeV2 path Exchange_SMTPLink"
GET = f"{QUEUE} get LinkName,MessageCount,ExtendedStateInfo /format:csv <nul"
KICK = f"{QUEUE} where \"LinkName='exch02.example.com'\" call Kick <nul"


def said(lab: Lab, host: str, line: str) -> str:
    ran = lab.hosts[host].machine.run(line)
    return (ran.stdout + ran.stderr).decode("cp850")


def waiting(lab: Lab) -> int:
    """Messages for the receiver, as the sender tells."""
    rows = [line.split(",") for line in said(lab, "exch01", GET).split() if ",exch02.example.com," in line]
    return int(rows[0][-1])


def dropped(lab: Lab) -> int:
    """Events with the semaphore's text on the sender."""
    return said(lab, "exch01", EVENTS).count("semaphore timeout period")


def machine(lab: Lab, name: str) -> WindowsMachine:
    found = lab.hosts[name].machine
    assert isinstance(found, WindowsMachine)
    return found


@pytest.mark.parametrize("name", names())
def test_what_a_scenario_says_is_wrong_is_what_stands_in_the_way(name: str) -> None:
    scenario = find(name)
    with scenario.lab() as lab:
        found = [(cause, host) for cause, host in lab.obstacles("exch01", "exch02") if cause]

        assert found == sorted((cause, scenario.at[cause]) for cause in scenario.causes)
        assert [pair for pair in scenario.pairs if lab.obstacles(*pair)] == list(scenario.routes)
        assert (machine(lab, "exch01").mail_links()[1].count > 0) == bool(scenario.routes)


@with_scenario("lab", ["healthy"], indirect=True)
def test_a_healthy_sender_has_neither_queue_nor_the_event_but_its_look_alikes(lab: Lab) -> None:
    assert waiting(lab) == 0
    assert dropped(lab) == 0
    assert "4006" in said(lab, "exch01", EVENTS)


@with_scenario("lab", ["cause1"], indirect=True)
def test_mail_moves_once_the_cause_is_gone_and_the_link_is_kicked(lab: Lab) -> None:
    sender, before = machine(lab, "exch01"), dropped(lab)
    said(lab, "exch01", KICK)
    assert dropped(lab) == before + 1
    assert waiting(lab) >= 57
    key = r"HKLM\SOFTWARE\INTEL\LANDesk\VirusProtect6\CurrentVersion\Storages\InternetMail\RealTimeScan"
    assert lab.hosts["exch02"].machine.run(f"reg add {key} /v OnOff /t REG_DWORD /d 0 /f").status == 0
    assert waiting(lab) >= 57
    said(lab, "exch01", KICK)
    sender.advance(60)

    assert waiting(lab) == 0
    assert dropped(lab) == before + 1


@with_scenario("lab", ["cause4"], indirect=True)
def test_events_go_on_as_long_as_the_cause_is_there(lab: Lab) -> None:
    before = dropped(lab)
    machine(lab, "exch01").advance(3600)

    assert dropped(lab) == before + 4


@with_scenario("lab", ["cause5"], indirect=True)
def test_without_a_kick_mail_moves_at_the_next_attempt(lab: Lab) -> None:
    console(lab.device("fw01"), ["configure terminal", "no ip inspect name OUTSIDE smtp", "end"])
    assert waiting(lab) >= 57
    machine(lab, "exch01").advance(900)

    assert waiting(lab) == 0


@with_scenario("lab", ["cause1+huge-log"], indirect=True)
def test_of_a_huge_log_only_what_is_asked_for_is_made(lab: Lab) -> None:
    assert dropped(lab) == 36
    assert machine(lab, "exch01").events.read < 100


@with_scenario("lab", ["cause1+cleared-log"], indirect=True)
def test_a_cleared_log_says_that_it_has_nothing(lab: Lab) -> None:
    assert "No records available for the 'Application' log" in said(lab, "exch01", EVENTS)


@with_scenario("lab", ["cause1+wmic-never-ran"], indirect=True)
def test_the_first_run_of_wmic_is_a_write(lab: Lab) -> None:
    sender = machine(lab, "exch01")
    said(lab, "exch01", EVENTS)
    assert sender.log == []
    said(lab, "exch01", GET)

    assert "wmic install wbem" in [str(write) for write in sender.log]


@with_scenario("lab", ["cause1+no-wmic"], indirect=True)
def test_a_missing_wmic_is_an_unknown_command(lab: Lab) -> None:
    assert "is not recognized" in said(lab, "exch01", GET)


@with_scenario("lab", ["cause1+no-cmdlib"], indirect=True)
def test_without_its_library_the_event_query_says_so(lab: Lab) -> None:
    assert lab.hosts["exch01"].machine.run(EVENTS).status == 250
    assert "CmdLib" in said(lab, "exch01", EVENTS)


@with_scenario("lab", ["stopped"], indirect=True)
def test_a_service_that_nobody_started_is_refused_from_the_beginning(lab: Lab) -> None:
    with pytest.raises(ConnectionRefusedError):
        greeting(lab.hosts["exch02"])
    lab.hosts["exch02"].machine.run("net start smtpsvc")

    assert (greeting(lab.hosts["exch02"]) or b"").startswith(b"220")


@with_scenario("lab", ["healthy"], indirect=True)
def test_a_stopped_service_refuses_connections_and_a_started_one_takes_them_again(lab: Lab) -> None:
    host = lab.hosts["exch02"]
    host.machine.run("net stop smtpsvc")
    for port in (host.smtp_port, host.smtp_inside_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host.address, port or 0), timeout=5)
    host.machine.run("net start smtpsvc")

    assert (greeting(host) or b"").startswith(b"220")
    assert (greeting(host, inside=True) or b"").startswith(b"220")


def converse(host: Served, *parts: bytes, inside: bool = False) -> list[bytes]:
    """Say the parts one after the other, each when the last one was answered; the first line of each answer."""
    port = host.smtp_inside_port if inside else host.smtp_port
    heard: list[bytes] = []
    with socket.create_connection((host.address, port or 0), timeout=10) as wire, wire.makefile("rb") as lines:
        for part in (b"", *parts):
            wire.sendall(part)
            heard.append(lines.readline())
            while lines and heard[-1][3:4] == b"-" and lines.readline()[3:4] == b"-":
                pass
    return heard


MESSAGE = (b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n", b"DATA\r\n")


@with_scenario("lab", ["healthy"], indirect=True)
def test_a_message_is_taken_where_nothing_is_in_its_way(lab: Lab) -> None:
    heard = converse(lab.hosts["exch02"], b"HELO x\r\n", *MESSAGE, b"Subject: x\r\n\r\nbody\r\n.\r\n", b"QUIT\r\n")

    assert [line[:3] for line in heard] == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
    smtp = lab.hosts["exch02"].smtp
    assert smtp is not None
    assert smtp.mail == [b"Subject: x\r\n\r\nbody\r\n"]


@with_scenario("lab", ["cause3", "cause5"], indirect=True)
def test_the_final_dot_of_a_message_gets_lost(lab: Lab) -> None:
    host = lab.hosts["exch02"]
    with (
        socket.create_connection((host.address, host.smtp_port or 0), timeout=10) as wire,
        wire.makefile("rb") as lines,
    ):
        for part in (b"", b"HELO x\r\n", *MESSAGE):
            wire.sendall(part)
            assert lines.readline()[:1] in (b"2", b"3")
        wire.sendall(b"body\r\n.\r\n")
        wire.shutdown(socket.SHUT_WR)

        assert lines.read() == b""
    assert host.smtp is not None
    assert host.smtp.mail == []


def test_a_dot_that_comes_whole_passes_a_firewall_that_only_loses_split_ones() -> None:
    inspection = Inspection(dot="split")

    assert not inspection.swallows(b"body\r\n.\r\n")
    assert inspection.swallows(b".\r\n")
    assert Inspection(dot="dropped").swallows(b"body\r\n.\r\n")


@with_scenario("lab", ["cause5"], indirect=True)
def test_inspection_of_smtp_knows_no_extensions(lab: Lab) -> None:
    assert converse(lab.hosts["exch02"], b"EHLO x\r\n")[1].startswith(b"500")
    assert converse(lab.hosts["exch02"], b"EHLO x\r\n", inside=True)[1].startswith(b"250")


@with_scenario("lab", ["cause5+asa"], indirect=True)
def test_inspection_of_esmtp_hides_the_verbs_of_exchange(lab: Lab) -> None:
    host = lab.hosts["exch02"]
    with (
        socket.create_connection((host.address, host.smtp_port or 0), timeout=10) as wire,
        wire.makefile("rb") as lines,
    ):
        lines.readline()
        wire.sendall(b"EHLO x\r\n")
        offered = [lines.readline() for _ in range(18)]

    assert b"250-SIZE\r\n" in offered
    assert b"250-XXXXXXXXXXXX\r\n" in offered
    assert not [line for line in offered if b"LINK2STATE" in line]


SAMPLES = [  # of KB 320027 and KB Q295725
    b"220 *********0***************************************************************** ************2*************",
    b"220*******************************************************0*2******0***********************",
    b"220 SMTP/cmap_________________________________________ read",
]


@pytest.mark.parametrize(("style", "sample"), [*zip(("pix", "ios", "cmap"), SAMPLES, strict=True)])
def test_a_masked_greeting_has_the_form_of_a_published_sample(style: Style, sample: bytes) -> None:
    masked = Inspection(style=style).mask(b"220 exch02.example.com Microsoft ESMTP MAIL Service, Version: 6.0.3790\r\n")
    shape = {bytes([byte]) for byte in sample[3:]} | {b"0", b"2", b"\r", b"\n"}

    assert masked[:4] == sample[:4]
    assert {bytes([byte]) for byte in masked[3:]} <= shape
