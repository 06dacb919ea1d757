"""What the text of a device means. Literal forms from Cisco's references, and one law."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.transports.network_devices import context, failover, identified, is_standby, privilege
from remediators.transports.network_text import (
    Exchange,
    after_echo,
    agreed,
    chatters,
    prompt_at_end,
    quiet,
    rejection,
)
from remediators.transports.network_transcript import masked

MESSAGES = [
    "*Mar  1 18:46:11.035: %SYS-5-CONFIG_I: Configured from console by vty0 (192.0.2.7)",
    "*Mar  1 18:46:11.035 UTC: %SYS-5-CONFIG_I: Configured from console by vty0",
    "000019: .Nov 25 2026 10:00:00.123 CET: %LINEPROTO-5-UPDOWN: Line protocol on Interface Di1, changed state to up",
    "00:00:46: %LINK-3-UPDOWN: Interface FastEthernet0/0, changed state to up",
    "1w2d: %FW-6-SESS_AUDIT_TRAIL: tcp session initiator (192.0.2.1:33192) sent 22 bytes",
    "%ASA-5-111008: User 'admin' executed the 'show version' command.",
    "Nov 25 2026 10:00:00 asa1 : %ASA-6-302013: Built outbound TCP connection 1",
    "***",
    "*** --- SHUTDOWN in 0:05:00 ---",
]
NO_MESSAGES = [
    " description see %SYS-5-CONFIG_I: for details",
    "hostname R1",
    "!",
    "% Invalid input detected at '^' marker.",
    "%Error opening nvram:/startup-config (No space left on device)",
    "*** do not enter ***",
    "ip inspect log drop-pkt",
]


@pytest.mark.parametrize("line", MESSAGES)
def test_lines_that_nobody_asked_for_are_known(line):
    assert quiet(f"hostname R1\n{line}\nend\n") == "hostname R1\nend\n"
    assert prompt_at_end(f"end\nR1#\n{line}\n", "R1") == "R1#"
    assert prompt_at_end(f"end\nR1#{line}\n", "R1") == "R1#"


@pytest.mark.parametrize("line", NO_MESSAGES)
def test_lines_of_a_configuration_and_errors_are_not_taken_for_messages(line):
    assert not chatters(f"{line}\n")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("               ^\n% Invalid input detected at '^' marker.\n\n", "% Invalid input detected at '^' marker."),
        ("% Incomplete command.\n\n", "% Incomplete command."),
        ('% Ambiguous command:  "sh"\n', '% Ambiguous command: "sh"'),
        ("Command authorization failed.\n\n", "Command authorization failed."),
        ("ERROR: % Invalid input detected at '^' marker.\n", "ERROR: % Invalid input detected at '^' marker."),
        ("Type help or '?' for a list of available commands.\n", "Type help or '?' for a list of available commands."),
        ("startup-config file open failed (Not enough space)\n", "startup-config file open failed (Not enough space)"),
        (
            "%Error opening nvram:/startup-config (No space left on device)\n",
            "%Error opening nvram:/startup-config (No space left on device)",
        ),
        (f"{MESSAGES[0]}\n% Invalid input\n", "% Invalid input"),
        ("", None),
        ("Building configuration...\n[OK]\n", None),
        (f"{MESSAGES[0]}\n", None),
        ("% Warning: this may take a while\n", None),
        ("WARNING: no rule is left\n", None),
        ("%No Rollback Confirmed Change pending\n", None),
        ("banner motd ^C\n% Invalid input\n^C\n" + "!\n" * 20 + "end\n", None),
    ],
)
def test_a_line_that_was_not_taken_is_told_by_the_devices_words(said, words):
    assert rejection(said) == words


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("end\nR1#", "R1#"),
        ("end\nR1# ", "R1#"),
        ("end\nR1>", "R1>"),
        ("\na-very-long-host(config-if)#", "a-very-long-host(config-if)#"),
        ("\nNEW(config)#", "NEW(config)#"),
        ("\nasa1/ctx(config-pmap-c)#", "asa1/ctx(config-pmap-c)#"),
        ("\nR1(ca-trustpoint)#", "R1(ca-trustpoint)#"),
        ("\nR2(ca-trustpoint)#", None),
        ("banner of R2#", None),
        ("R1# show", None),
        ("\nR2#", None),
    ],
)
def test_a_prompt_is_the_devices_own_name_or_any_in_configuration_mode(text, prompt):
    assert prompt_at_end(text, "R1") == prompt


@pytest.mark.parametrize(
    "echo",
    [
        "show clock\n",
        "\nR1#show clock\n",
        f"\n{MESSAGES[0]}\nR1#show clock\n",
        f"sho\n{MESSAGES[0]}\nw clock\n",
        "show clock \x08\n",
    ],
)
def test_the_echo_is_left_out_whatever_came_before_or_into_it(echo):
    assert after_echo(f"{echo}10:00:00\nR1#", "show clock", "R1") == "10:00:00\nR1#"


def test_what_comes_before_the_echo_is_no_answer():
    assert after_echo("\nR1#", "show clock", "R1") is None


def test_a_long_line_is_known_by_its_end():
    line = "access-list outside_access_in extended permit tcp any host 192.0.2.25 eq smtp log"

    assert after_echo(f"${line[30:]}\nR1#", line, "R1") == "R1#"


@pytest.mark.parametrize("cut", [66, 70, 75])
def test_a_long_line_is_known_though_the_terminal_shifted_it(cut):
    line = "access-list outside_access_in extended permit tcp any host 192.0.2.25 eq smtp log"
    room = "\b" * cut
    shifted = f"{line[:cut]}{room}${line[cut - 9 : cut + 1]}{' ' * (cut - 11)}{room[11:]}{line[cut + 1 :]}"

    assert after_echo(f"{shifted}\nERROR: no\nfw(config)#", line, "fw") == "ERROR: no\nfw(config)#"
    assert after_echo(shifted, line, "fw") is None


def test_too_much_output_is_given_up(monkeypatch):
    monkeypatch.setattr("remediators.transports.network_text.OUTPUT_LIMIT", 10)

    with pytest.raises(EOFError):
        Exchange("show tech", "R1").add("x" * 11)


CONFIG = st.lists(
    st.sampled_from(["!", "hostname R1", " ip address 192.0.2.1", "end", *NO_MESSAGES, *MESSAGES]), max_size=12
)


@settings(max_examples=200)
@given(CONFIG, st.lists(st.tuples(st.integers(0, 12), st.integers(0, 99)), max_size=4))
def test_of_two_answers_only_what_both_have_is_kept(lines, noise):
    """A banner may have lines like messages: what is in both answers was asked for."""
    mixed = list(lines)
    for place, number in noise:
        mixed.insert(min(place, len(mixed)), f"00:00:{number:02}: %NOISE-5-MIXED: number {number}")
    text, mixture = "".join(f"{line}\n" for line in lines), "".join(f"{line}\n" for line in mixed)

    assert agreed(mixture, text) == text
    assert agreed(text, mixture) == text


def test_answers_that_differ_are_not_reconciled():
    assert agreed("a\nb\n", "a\nc\n") is None


@pytest.mark.parametrize(
    ("version", "platform"),
    [
        ("Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.7(3)M2, RELEASE", ("ios", "15.7(3)M2")),
        ("Cisco IOS XE Software, Version 16.09.04\nCisco IOS Software [Fuji], Virtual", ("ios", "16.09.04")),
        (
            "Cisco Internetwork Operating System Software\nIOS (tm) C2600 Software (C2600-IK9O3S3-M), Version 12.3(26)",
            ("ios", "12.3(26)"),
        ),
        ("\nCisco Adaptive Security Appliance Software Version 9.8(2)\n", ("asa", "9.8(2)")),
        ("Cisco PIX Security Appliance Software Version 7.2(4)\n", ("asa", "7.2(4)")),
        ("Cisco PIX Firewall Version 6.3(5)\n", ("pix", "6.3(5)")),
        ("Cisco IOS XR Software, Version 6.1.4[Default]\n", ("iosxr", "6.1.4[Default]")),
        ("Cisco Nexus Operating System (NX-OS) Software\n  system:    version 7.0(3)\n", ("nxos", "7.0(3)")),
        ("Linux\n", None),
    ],
)
def test_the_platform_is_told_by_show_version(version, platform):
    assert identified(version) == platform


def test_privileges_and_failover_are_read():
    assert privilege("Current privilege level is 15\n") == 15
    assert privilege("Username : admin\nCurrent privilege level : 2\n") == 2
    assert privilege("Command authorization failed.\n") is None
    assert failover("Failover Off\n") == "off"
    assert (
        failover("Failover On\nCable status: Normal\n\tThis host: Primary - Active \n\tOther host: x\n")
        == "Primary - Active"
    )


@pytest.mark.parametrize(
    ("prompt", "state", "standby"),
    [
        ("fw", "off", False),
        ("fw", "Primary - Active", False),
        ("fw", "Secondary - Standby Ready", True),
        ("fw", "Primary - Failed", True),
        ("fw/sec/stby", "off", True),
        ("R1-stby", "off", True),
        ("fw-standby-site", "off", False),
    ],
)
def test_a_standby_unit_is_known_by_prompt_or_state(prompt, state, standby):
    assert is_standby(prompt, state) is standby


@pytest.mark.parametrize(
    ("prompt", "listing", "name"),
    [
        ("fw/dmz", "", "dmz"),
        ("fw/pri/act", "Context Name      Class\n inside           default\n", "inside"),
        (
            "fw",
            "Context Name      Class\n*admin     default\n inside    default\n\nTotal active Security Contexts: 2\n",
            None,
        ),
        ("fw", "Context Name      Class\n*admin            default\n\nTotal active Security Contexts: 1\n", None),
    ],
)
def test_the_context_is_told_by_the_prompt_or_by_what_is_seen_from_inside(prompt, listing, name):
    assert context(prompt, listing) == name


@pytest.mark.parametrize(
    "line",
    [
        "enable secret 5 $1$SECRET",
        "enable password SECRET encrypted",
        "passwd SECRET encrypted",
        "username bob privilege 15 secret 9 $9$SECRET",
        "snmp-server community SECRET RO",
        "snmp-server host 192.0.2.1 SECRET",
        "snmp-server host 192.0.2.1 version 2c SECRET config",
        "snmp-server host inside 192.0.2.1 community SECRET",
        "tacacs-server key 7 SECRET",
        "radius-server host 192.0.2.1 key SECRET",
        "crypto isakmp key SECRET address 192.0.2.1",
        " pre-shared-key SECRET",
        " ikev2 remote-authentication pre-shared-key SECRET",
        " ppp chap password 7 SECRET",
        " ip ospf message-digest-key 1 md5 7 SECRET",
        " ip ospf authentication-key SECRET",
        "ntp authentication-key 1 md5 SECRET 7",
        "  key-string 7 SECRET",
        "failover key SECRET",
        "  3082024B 308201B4 A0030201 02020101",
    ],
)
def test_secrets_of_a_configuration_are_masked(line):
    shown = masked(f"!\n{line}\n!\n")

    assert "SECRET" not in shown
    assert "3082024B" not in shown
    assert "********" in shown


LINES = st.lists(
    st.sampled_from(
        [
            "!",
            "interface Dialer1",
            " description R1# is the uplink",
            "R1",
            "#",
            "banner login ^C",
            "R2#",
            "% x",
            "end",
            "",
        ]
    ),
    max_size=10,
)


@settings(max_examples=200)
@given(LINES, st.lists(st.integers(0, 200), max_size=6), st.sampled_from(["", "\nR1#", f"\n{MESSAGES[0]}\nR1#"]))
def test_an_answer_is_the_same_however_it_is_cut_into_pieces(lines, cuts, before):
    answer = "".join(f"{line}\n" for line in lines)
    text = f"{before}show running-config\n{answer}R1#"
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    exchange = Exchange("show running-config", "R1")
    heard = [exchange.heard()]
    for start, end in itertools.pairwise(places):
        exchange.add(text[start:end])
        heard.append(exchange.heard())

    assert heard[-1].text == answer
    assert heard[-1].prompt == "R1#"
    assert set(heard[:-1]) == {None}
