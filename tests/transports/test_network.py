"""A device channel against bad devices: each of them gives one clear line, of the right kind."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from remediators.model import (
    AuthenticationFailed,
    Dropped,
    ReadFailed,
    Refused,
    TimedOut,
    Unreachable,
    UntrustedHost,
    UsageError,
)
from remediators.transports.base import ping
from remediators.transports.settings import settings_of
from remediators.transports.ssh_transport import Transport
from tests.transports import network_double as double
from tests.transports.network_double import variables

serve = pytest.fixture(double.serving)

SYSTEM = (
    "Context Name      Class      Interfaces           URL\n"
    "*admin            default    Gi0/0                disk0:/admin.cfg\n"
    " inside           default    Gi0/1                disk0:/inside.cfg\n\n"
    "Total active Security Contexts: 2\n"
)


def test_a_running_config_is_read_whole_without_echo_and_prompt(serve):
    _, reach = serve(double.ios())

    assert reach().ask("show running-config", 5).text == double.RUNNING


def test_connecting_says_who_answers(serve):
    _, reach = serve(double.ios())
    device = reach().device

    assert (device.platform, device.version, device.name, device.privilege) == ("ios", "15.7(3)M2", "R1", 15)


@pytest.mark.parametrize(
    ("script", "network_os"),
    [
        (double.ios, "cisco.ios.ios"),
        (double.ios, "cisco.iosxe.iosxe"),
        (double.asa, "cisco.asa.asa"),
        (double.pix, "pix"),
    ],
)
def test_connecting_and_reading_never_enter_configuration_mode(serve, script, network_os):
    """netmiko's ASA driver does, to set the width of the terminal."""
    device, reach = serve(script(), ansible_network_os=network_os)
    reach().ask("show running-config", 5)

    assert device.lines[-1].endswith("# show running-config")
    assert not [line for line in device.lines if "configure" in line or "(config" in line]


def test_ping_never_enters_configuration_mode_and_names_the_device(serve, tmp_path):
    device, _ = serve(double.asa())
    met = ping("fw1", settings_of("fw1", variables(device, tmp_path, {"ansible_network_os": "asa"})), 5)

    assert (met.answered, met.user, met.runs) == ("ASA 9.8(2)", "admin", True)
    assert not [line for line in device.lines if "configure" in line or "(config" in line]


def test_the_pager_of_a_pix_is_a_line_of_its_configuration_and_is_left_alone(serve):
    device, reach = serve(double.pix(), ansible_network_os="pix")

    assert reach().ask("show running-config", 5).text.endswith(": end\n")
    assert not [line for line in device.lines if "pager" in line]


def test_the_enable_secret_is_given_where_it_is_asked_for(serve):
    _, reach = serve(double.ios(user_mode=True, secret="opensesame"), **ENABLE)

    assert reach().prompt == "R1#"


def test_enable_without_a_secret(serve):
    _, reach = serve(double.ios(user_mode=True), ansible_become=True)

    assert reach().prompt == "R1#"


ENABLE = {"ansible_become": True, "ansible_become_method": "enable", "ansible_become_password": "opensesame"}
NO_PAGER = {"terminal length 0": double.INVALID}


@pytest.mark.parametrize(
    ("script", "more", "error", "words"),
    [
        (double.ios(), {"ansible_password": "wrong"}, AuthenticationFailed, "rejects user admin with the password"),
        (
            double.ios(user_mode=True, secret="another"),
            ENABLE,
            AuthenticationFailed,
            "does not let admin into its enable mode.*ansible_become_password",
        ),
        (
            double.ios(user_mode=True, secret="another"),
            {"ansible_become": True},
            AuthenticationFailed,
            "asks for an enable secret: set ansible_become_password",
        ),
        (double.ios(user_mode=True), {}, AuthenticationFailed, "admin has no privileges at R1>: set ansible_become"),
        (
            double.ios(said={"show privilege": "Current privilege level is 7\n"}),
            {},
            AuthenticationFailed,
            "privilege level 7: level 15 is needed",
        ),
        (
            double.ios(said={"show privilege": "Command authorization failed.\n"}),
            {},
            AuthenticationFailed,
            "Command authorization failed",
        ),
        (double.asa(), {}, Unreachable, r"it is ASA \(9.8\(2\)\).*set ansible_network_os: cisco.asa.asa"),
        (double.ios(), {"ansible_network_os": "asa"}, Unreachable, r"it is IOS \(15.7.*ansible_network_os: cisco.ios"),
        (
            double.pix(),
            {"ansible_network_os": "asa"},
            Unreachable,
            r"it is PIX 6 \(6.3\(5\)\).*ansible_network_os: pix",
        ),
        (double.asa(), {"ansible_network_os": "pix"}, Unreachable, "it is ASA"),
        (
            double.ios(said={"show version": "JUNOS 21.4R1\n"}),
            {},
            Unreachable,
            "no device that is known here .it says 'JUNOS 21.4R1'",
        ),
        (
            double.ios(said=NO_PAGER, pager=" --More-- "),
            {},
            ReadFailed,
            "the pager cannot be switched off .terminal length 0: % Invalid input",
        ),
        (double.ios(prompt="login as: "), {}, Unreachable, "no prompt of a Cisco device.*'login as:'"),
        (double.ios(name="R1-stby"), {}, Refused, "the standby unit of a pair"),
        (
            double.asa(said={"show failover": "Failover On\n\tThis host: Secondary - Standby Ready\n"}),
            {"ansible_network_os": "asa"},
            Refused,
            "the standby unit of a pair .Secondary - Standby Ready",
        ),
        (
            double.asa(said={"show mode": "Security context mode: multiple\n", "show context": SYSTEM}),
            {"ansible_network_os": "asa"},
            Refused,
            "the system execution space",
        ),
        (
            double.asa(name="asa1/dmz", said={"show mode": "Security context mode: multiple\n", "show context": ""}),
            {"ansible_network_os": "asa", "ansible_network_context": "inside"},
            Refused,
            "the context dmz, and ansible_network_context names inside",
        ),
        (double.asa(), {"ansible_network_os": "asa", "ansible_network_context": "inside"}, Refused, "no security cont"),
        (double.ios(drops={"show version"}), {}, Dropped, "lost after `show version` was sent and before its answer"),
        (double.ios(silent={"show version"}), {}, TimedOut, "no end of the answer to `show version` within"),
    ],
)
def test_each_bad_device_gives_one_clear_line_of_the_right_kind(serve, script, more, error, words):
    _, reach = serve(script, seconds=1.5, **more)

    with pytest.raises(error, match=words) as raised:
        reach()

    assert str(raised.value).startswith("fw1: ")
    assert "\n" not in str(raised.value)


def test_a_device_that_ends_the_session_at_once(serve):
    _, reach = serve(double.ios(banner="% No free lines\n", prompt="", drops={""}))

    with pytest.raises(Unreachable, match="ended the session before its first prompt"):
        reach()


def test_an_active_unit_and_the_named_context_are_worked_on(serve):
    said = {
        "show mode": "Security context mode: multiple\n",
        "show context": "Context Name      Class\n inside           default    Gi0/0  disk0:/i.cfg\n",
        "show failover": "Failover On\nThis host:    Primary - Active\n",
    }
    _, reach = serve(double.asa(said=said), ansible_network_os="asa", ansible_network_context="inside")
    device = reach().device

    assert (device.context, device.failover) == ("inside", "Primary - Active")


def test_an_unknown_host_key_is_refused_in_the_same_words_as_for_windows_hosts(serve, tmp_path):
    (tmp_path / "empty").write_text("")
    _, reach = serve(double.ios())

    with pytest.raises(UntrustedHost, match=r"the host key of .* is not known .*ssh-keyscan"):
        reach(ansible_ssh_common_args=f"-o UserKnownHostsFile={tmp_path / 'empty'}")


SHA1 = ("diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1")


def test_a_device_with_legacy_algorithms_only_is_refused_with_the_missing_one_and_the_remedy(serve):
    _, reach = serve(double.ios(kex=SHA1))

    with pytest.raises(Unreachable, match=r"its key exchange algorithms are diffie-hellman-group14-sha1.*") as raised:
        reach()

    assert "ansible_ssh_legacy_algorithms: true" in str(raised.value)
    assert "-o KexAlgorithms=+diffie-hellman-group14-sha1" in str(raised.value)


def test_legacy_algorithms_are_a_choice_of_each_host(serve):
    device, reach = serve(double.ios(kex=SHA1))

    assert reach(ansible_ssh_legacy_algorithms=True).prompt == "R1#"
    assert device.sessions == 1


def test_legacy_algorithms_are_allowed_as_ssh_itself_is_told(serve, tmp_path):
    device, reach = serve(double.ios(kex=SHA1))
    known = device.known_hosts(tmp_path / "known")
    args = f"-o UserKnownHostsFile={known} -o KexAlgorithms=+diffie-hellman-group14-sha1"

    assert reach(ansible_ssh_common_args=args).prompt == "R1#"


def test_algorithms_that_nobody_knows_leave_nothing_to_offer(serve, tmp_path):
    device, reach = serve(double.ios())
    known = device.known_hosts(tmp_path / "known")

    with pytest.raises(UsageError, match="fw1: -o kexalgorithms=rot13 leaves none of the algorithms known here"):
        reach(ansible_ssh_common_args=f"-o UserKnownHostsFile={known} -o KexAlgorithms=rot13")


def test_a_banner_with_lines_like_prompts_is_not_taken_for_one(serve):
    _, reach = serve(double.ios(banner="#######\nWelcome#\nusers> only\nR1#\n*** do not enter ***\n"))

    assert reach().prompt == "R1#"


def test_an_echo_that_comes_letter_by_letter(serve):
    _, reach = serve(double.ios(slow_echo=True))

    assert reach().ask("show running-config", 5).text == double.RUNNING


MESSAGE = "\n*Mar  1 18:46:11.035: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.7)\n"


def test_messages_after_the_prompt_do_not_hide_it(serve):
    _, reach = serve(double.ios(late={"show version": MESSAGE}))
    channel = reach()

    assert [channel.ask("show version", 5).text, channel.ask("show running-config", 5).text] == [
        double.IOS_VERSION,
        double.RUNNING,
    ]


def test_a_prompt_that_a_message_made_the_device_draw_again_is_not_the_end(serve):
    _, reach = serve(double.ios(late={"show version": f"{MESSAGE}R1#"}))
    channel = reach()
    channel.ask("show version", 5)

    assert channel.ask("show running-config", 5).text == double.RUNNING


def test_bytes_that_are_no_utf8_arrive_as_they_are(serve):
    _, reach = serve(double.ios(said={"show running-config": "description Z\udcfcrich\n"}))

    assert reach().ask("show running-config", 5).text.encode("utf-8", "surrogateescape") == b"description Z\xfcrich\n"


def test_a_question_with_an_answer_is_answered_and_others_are_broken_off(serve):
    asks = {"reload in 5": ["Save? [yes/no]: ", "Proceed with reload? [confirm]"]}
    device, reach = serve(double.ios(asks=asks, said={"reload in 5": ""}))
    channel = reach()

    assert channel.ask("reload in 5", 5, answers={"Save": "no", "Proceed": ""}).rejection is None
    assert channel.ask("reload in 5", 5, answers={"Save": "no"}).question == "Proceed with reload? [confirm]"
    assert device.replies == ["no", "", "no", "\x03"]


def test_a_pager_that_comes_up_later_is_an_error_and_not_an_answer(serve):
    _, reach = serve(double.ios(pager=" --More-- "))

    with pytest.raises(ReadFailed, match="a pager stopped the output"):
        reach().ask("show running-config", 5)


def test_the_deadline_is_kept_and_the_connection_closed(serve):
    _, reach = serve(double.ios(silent={"show clock"}))
    channel = reach()
    began = time.monotonic()

    with pytest.raises(TimedOut, match=r"within 0\.3 s"):
        channel.ask("show clock", 0.3)
    with pytest.raises(Dropped):
        channel.ask("show version", 5)

    assert time.monotonic() - began < 3


def test_an_error_carries_the_transcript_with_secrets_masked(serve):
    config = "username bob secret 5 $1$abcd$efgh\nsnmp-server community s3cr3t RO\n"
    script = double.ios(user_mode=True, secret="opensesame", said={"show run": config}, silent={"show clock"})
    _, reach = serve(script, **ENABLE)
    channel = reach()
    channel.ask("show run", 5)
    channel.ask("username eve password topsecret", 5, shown="username eve password ********")

    with pytest.raises(TimedOut) as raised:
        channel.ask("show clock", 0.3)

    told = raised.value.detail
    assert ">>> show running-config" not in told
    assert ">>> show clock" in told
    assert "snmp-server community ********" in told
    assert [word for word in ("opensesame", "letmein", "s3cr3t", "$1$", "topsecret") if word in told] == []


def test_closing_leaves_no_thread_and_no_filter_behind(serve):
    _, reach = serve(double.ios())
    filters = list(logging.getLogger("netmiko").filters)
    channel = reach()
    opened = [thread for thread in threading.enumerate() if isinstance(thread, Transport)]
    channel.close()

    assert len(opened) == 1
    assert not opened[0].is_alive()
    assert logging.getLogger("netmiko").filters == filters
