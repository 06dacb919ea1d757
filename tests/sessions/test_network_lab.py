"""Sessions with the lab's devices, which are an independent imitation: each bad input of the wire, over real SSH."""

import contextlib
import time

import pytest
import yaml

from remediators.lab.ios_device import Trip
from remediators.lab.serve import Lab
from remediators.model import (
    Address,
    AuthenticationFailed,
    Command,
    Dropped,
    Query,
    ReadFailed,
    Reading,
    Refused,
    Scope,
    Step,
    TransportError,
    Unreachable,
)
from remediators.sessions.network import NetworkSession
from remediators.transports.base import open_device, ping
from remediators.transports.settings import settings_of

IOS = """\
version 12.4
hostname branch1
!
archive
 path flash:backup
!
ip inspect name MAIL-OUT smtp timeout 3600
ip inspect name MAIL-OUT tcp
!
interface Dialer1
 description uplink, see %SYS-5-CONFIG_I: in the log
 ip address negotiated
 ip inspect MAIL-OUT out
!
end
"""
ASA = """\
hostname asa1
!
policy-map global_policy
 class inspection_default
  inspect ftp
  inspect esmtp
!
service-policy global_policy global
"""
PIX = """\
hostname pix1
fixup protocol smtp 25
fixup protocol ftp 21
"""
LONG = IOS.replace(
    "!\nend\n", "".join(f"!\ninterface Tunnel{number}\n no ip address\n" for number in range(30)) + "!\nend\n"
)
CONFIGS = {"ios": IOS, "asa": ASA, "pix": PIX}
TEXT = Address("command", "text")


@pytest.fixture
def desk(tmp_path):
    """Serve one device; gives it, and a session on it."""
    with contextlib.ExitStack() as stack:

        def start(platform="ios", variables=None, seconds=10.0, **spec):
            entry = {"connection": "network_cli", "device": platform, "config": CONFIGS[platform], **spec}
            lab = stack.enter_context(Lab({"d1": entry}))
            told = yaml.safe_load(lab.write_inventory(tmp_path / "lab.yml").read_text())["all"]
            settings = settings_of("d1", {**told["hosts"]["d1"], **(variables or {})})
            session = NetworkSession(lambda: open_device("d1", settings, seconds))
            stack.callback(session.close)
            session.settings = settings
            return lab.device("d1"), session

        yield start


def question(line, seconds=10.0):
    def parse(answers):
        return Reading({TEXT: (answers[0].text, answers[0].status)})

    return Query(line, (Command(line, line, seconds=seconds),), Scope(frozenset({TEXT})), parse)


def shown(session, line="show running-config"):
    reading = session.read([question(line)])[0]
    assert isinstance(reading, Reading), reading
    return reading.values[TEXT][0]


def step(*lines):
    return Step(tuple(Command(line, line, seconds=10.0) for line in lines), frozenset())


CHANGE = step("interface Dialer1", "no ip inspect MAIL-OUT out")


@pytest.mark.parametrize(("platform", "end"), [("ios", "\nend"), ("asa", "\n: end"), ("pix", "\n: end")])
def test_reading_and_ping_leave_no_trace_in_configuration_mode(desk, platform, end):
    device, session = desk(platform)
    met = ping("d1", session.settings, 10)

    assert shown(session).rstrip().endswith(end)
    assert met.runs
    assert device.lines() == []
    assert [line for line in device.lines(config=False) if line.startswith("conf")] == []


@pytest.mark.parametrize(
    ("platform", "lines", "gone"),
    [
        ("ios", ("interface Dialer1", "no ip inspect MAIL-OUT out"), " ip inspect MAIL-OUT out\n"),
        ("asa", ("policy-map global_policy", "class inspection_default", "no inspect esmtp"), "  inspect esmtp\n"),
        ("pix", ("no fixup protocol smtp 25",), "fixup protocol smtp 25\n"),
    ],
)
def test_lines_change_the_device_and_nothing_else_is_sent(desk, platform, lines, gone):
    device, session = desk(platform)
    assert f"\n{gone}" in shown(session)
    results, readings = session.write([step(*lines)], [question("show running-config")])

    assert not results[0].failed
    assert f"\n{gone}" not in device.running()
    assert f"\n{gone}" not in readings[0].values[TEXT][0]
    assert [line for line in device.lines() if line not in ("end", "exit")] == list(lines)


@pytest.mark.parametrize(
    "spec",
    [
        {"chatter": 2},
        {"chatter": 1, "stubborn_chatter": True},
        {"chatter": 3, "stubborn_chatter": True},
        {"echo_delay": 0.005},
    ],
)
def test_chatter_and_slow_echo_change_nothing_of_what_is_read(desk, spec):
    _, quiet = desk()
    _, session = desk(**spec)

    assert shown(session) == shown(quiet)


def test_chatter_between_lines_is_no_rejection(desk):
    device, session = desk(chatter=1, stubborn_chatter=True)
    results, _ = session.write([CHANGE], [])

    assert [answer.ok for answer in results[0].answers] == [True, True]
    assert " ip inspect MAIL-OUT out" not in device.running()


def test_a_rejected_line_in_the_middle_stops_everything(desk):
    device, session = desk()
    results, readings = session.write(
        [step("interface Dialer1", "no ip inspct MAIL-OUT out", "shutdown")], [question("show running-config")]
    )

    assert [answer.status for answer in results[0].answers] == [0, 1, None]
    assert "% Invalid input detected at '^' marker." in results[0].words
    assert isinstance(readings[0], Reading)
    assert "shutdown" not in device.lines()


CONTEXTS = {"admin": "hostname admin\n", "dmz": ASA.replace("asa1", "dmz")}


@pytest.mark.parametrize(
    ("variables", "start", "words"),
    [
        ({}, "", "the system execution space"),
        ({"ansible_network_context": "dmz"}, "admin", "the context admin, and ansible_network_context names dmz"),
    ],
)
def test_another_context_than_the_named_one_is_refused(desk, variables, start, words):
    device, session = desk("asa", variables, contexts=CONTEXTS, start_context=start)

    with pytest.raises(Refused, match=words):
        session.read([question("show running-config")])

    assert device.lines() == []


def test_the_named_context_is_worked_on(desk):
    _, session = desk("asa", {"ansible_network_context": "dmz"}, contexts=CONTEXTS, start_context="dmz")

    assert "  inspect esmtp\n" in shown(session)


@pytest.mark.parametrize("platform", ["asa", "pix"])
def test_a_standby_unit_is_refused_and_an_active_one_is_not(tmp_path, platform):
    entry = {"connection": "network_cli", "device": platform, "config": CONFIGS[platform]}
    fleet = {
        "one": {**entry, "failover": {"peer": "two", "state": "active"}},
        "two": {**entry, "failover": {"peer": "one", "state": "standby"}},
    }
    with Lab(fleet) as lab:
        hosts = yaml.safe_load(lab.write_inventory(tmp_path / "lab.yml").read_text())["all"]["hosts"]
        active = open_device("one", settings_of("one", hosts["one"]), 10)
        active.close()
        with pytest.raises(Refused, match="the standby unit of a pair"):
            open_device("two", settings_of("two", hosts["two"]), 10)
        met = ping("two", settings_of("two", hosts["two"]), 10)

    assert "Active" in active.device.failover
    assert ["the standby unit" in str(finding) for finding in met.findings] == [True]


@pytest.mark.parametrize(
    ("spec", "variables", "error", "words"),
    [
        ({}, {"ansible_become_password": "wrong"}, AuthenticationFailed, "does not let admin into its enable mode"),
        ({}, {"ansible_become": False}, AuthenticationFailed, "has no privileges at branch1>"),
        ({"levels": {"admin": 7}, "secret": None}, {"ansible_become": False}, AuthenticationFailed, "level 7"),
        ({}, {"ansible_network_os": "asa"}, Unreachable, r"it is IOS \(12.4.*ansible_network_os: cisco.ios.ios"),
        ({"platform": "asa"}, {"ansible_network_os": "ios"}, Unreachable, "it is ASA .*ansible_network_os: cisco.asa"),
        ({"platform": "pix"}, {"ansible_network_os": "asa"}, Unreachable, "it is PIX 6 .*ansible_network_os: pix"),
        (
            {"pager": "fixed", "config": LONG},
            {},
            ReadFailed,
            "the pager cannot be switched off|a pager stopped the output",
        ),
        ({"prompt": "??? "}, {}, Unreachable, "no prompt of a Cisco device"),
        ({"legacy": True}, {}, Unreachable, r"diffie-hellman-group14-sha1.*ansible_ssh_legacy_algorithms"),
    ],
)
def test_each_bad_device_gives_one_clear_line(desk, spec, variables, error, words):
    _, session = desk(variables=variables, seconds=3.0, **spec)

    with pytest.raises(error, match=words) as raised:
        session.read([question("show running-config")])

    assert "\n" not in raised.value.message


def test_a_user_who_comes_in_between_the_levels_is_raised_to_the_highest(desk):
    _, session = desk(levels={"admin": 7})

    assert shown(session).rstrip().endswith("\nend")


def test_a_device_with_legacy_algorithms_by_opt_in(desk):
    _, session = desk(legacy=True, variables={"ansible_ssh_legacy_algorithms": True})

    assert shown(session).rstrip().endswith("\nend")


def test_a_truncated_configuration_is_no_answer(desk):
    _, session = desk(truncate=5)

    assert "is not whole" in session.read([question("show running-config")])[0]


@pytest.mark.parametrize(("when", "reached"), [("before", False), ("after", True)])
def test_a_connection_lost_at_a_line_is_dropped_and_the_line_is_never_sent_again(desk, when, reached):
    device, session = desk()
    device.trips.append(Trip("no ip inspect MAIL-OUT out", drop=when))

    with pytest.raises(Dropped, match="`no ip inspect MAIL-OUT out` was sent"):
        session.write([CHANGE], [])

    assert device.lines().count("no ip inspect MAIL-OUT out") == 1
    assert (" ip inspect MAIL-OUT out" not in device.running()) is reached
    assert shown(session).rstrip().endswith("\nend")


def test_a_device_that_falls_silent_is_given_up_at_the_deadline(desk):
    device, session = desk(seconds=1.0)
    device.trips.append(Trip("no ip inspect MAIL-OUT out", mute=True))
    began = time.monotonic()

    with pytest.raises(TransportError):
        session.write([Step((Command("no ip inspect MAIL-OUT out", "", seconds=0.5),), frozenset())], [])

    assert time.monotonic() - began < 5


def test_a_revert_timer_is_armed_confirmed_and_leaves_configuration_mode(desk):
    device, session = desk()
    session.read([question("show running-config")])

    assert [answer.ok for answer in session.execute(["configure terminal revert timer 5"], 10)] == [True]
    session.write([CHANGE], [])
    proof = session.again()
    assert [answer.ok for answer in proof.execute(["configure confirm", "write memory"], 10)] == [True, True]
    proof.close()
    assert device.events == ["armed", "confirmed", "saved"]


def test_an_armed_change_that_is_not_confirmed_is_gone_after_revert_now(desk):
    device, session = desk()
    before = device.running()
    session.execute(["configure terminal revert timer 5"], 10)
    session.write([CHANGE], [])

    assert session.execute(["configure revert now"], 10)[0].ok
    assert device.running() == before


def test_a_timer_that_cannot_be_armed_is_told(desk):
    device, session = desk(config=IOS.replace("archive\n path flash:backup\n!\n", ""))
    answers = session.execute(["configure terminal revert timer 5", "write memory"], 10)

    assert [answer.ok for answer in answers] == [False]
    assert device.events == []


def test_reload_in_is_armed_without_saving_and_cancelled(desk):
    device, session = desk()
    session.write([CHANGE], [])

    assert [answer.ok for answer in session.execute(["reload in 5", "reload cancel"], 10)] == [True, True]
    assert shown(session).rstrip().endswith("\nend")
    assert device.events == ["reload-armed", "reload-cancelled"]
    assert device.startup() != device.running()


def test_a_save_into_a_full_nvram_is_told(desk):
    _, session = desk(nvram="full")

    assert not session.execute(["write memory"], 10)[0].ok


def test_copy_running_startup_is_answered(desk):
    device, session = desk()

    assert session.execute(["copy running-config startup-config"], 10)[0].ok
    assert device.events == ["saved"]


def test_no_free_line_for_a_second_session(desk):
    _, session = desk(vty=1)
    session.read([question("show running-config")])

    with pytest.raises(TransportError):
        session.again()

    assert shown(session).rstrip().endswith("\nend")
