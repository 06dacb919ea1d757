"""A configuration is read whole or not at all, every line as the device showed it."""

from __future__ import annotations

import pytest

from remediators.model import ABSENT, Address, Answer, ReadFailed, Snapshot, Unread
from remediators.resources.config_lines import PLATFORM, RELEASE, address, running, same
from remediators.resources.config_text import read

IOS = """Building configuration...

Current configuration : 1234 bytes
!
! Last configuration change at 09:00:00 UTC Mon Nov 23 2026
version 12.4
hostname R1
ntp clock-period 17179738
!
interface Dialer1
 description two  blanks > arrow : colon
 ip inspect OUT out
!
access-list 101 remark first
access-list 101 permit ip any any
ip access-list extended MAIL
 permit tcp any any eq smtp
 deny   ip any any
policy-map P
 class B
  inspect esmtp
 class A
route-map R permit 10
 match ip address 101
route-map R deny 20
crypto pki certificate chain C
 certificate self-signed 01
  3082022B 30820194
  \tquit
banner motd ^C
ip inspect name X smtp
end
^C
line vty 0 4
 login
end
"""
ASA = """: Saved
:
ASA Version 9.1(7)
!
hostname fw
policy-map global_policy
 class inspection_default
  inspect esmtp
Cryptochecksum:0123
: end
"""


def known(text: str) -> Snapshot:
    query = running()
    return Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))


def test_lines_are_there_with_their_parents_and_all_else_is_absent() -> None:
    seen = known(IOS)

    assert seen[address("ip inspect OUT out", ["interface Dialer1"])] == "present"
    assert seen[address("description two  blanks > arrow : colon", ["interface Dialer1"])] == "present"
    assert seen[address("ip inspect OUT in", ["interface Dialer1"])] is ABSENT
    assert seen[address("ip inspect name X smtp")] is ABSENT, "it is in a banner"
    assert (seen[PLATFORM], seen[RELEASE]) == ("ios", "12.4")


def test_where_order_matters_the_value_is_the_list() -> None:
    seen = known(IOS)

    assert seen[address("access-list 101")] == ["access-list 101 remark first", "access-list 101 permit ip any any"]
    assert seen[address("ip access-list extended MAIL")] == ["permit tcp any any eq smtp", "deny   ip any any"]
    assert seen[address("policy-map P")] == ["class B", "class A"]
    assert seen[address("route-map R")] == ["route-map R permit 10", "route-map R deny 20"]
    assert seen[address("match ip address 101", ["route-map R permit 10"])] == "present"
    assert seen[address("inspect esmtp", ["policy-map P", "class B"])] == "present"


@pytest.mark.parametrize(
    "where",
    [address("banner motd"), address("certificate self-signed 01", ["crypto pki certificate chain C"])],
)
def test_texts_of_several_lines_are_known_to_be_there_and_not_read(where: Address) -> None:
    with pytest.raises(Unread, match="several lines"):
        known(IOS)[where]


def test_the_languages_are_told_apart() -> None:
    assert known(ASA)[PLATFORM] == "asa"
    assert read(ASA.replace("ASA Version 9.1(7)", "PIX Version 6.3(5)")).platform == "pix"
    assert read(ASA.replace("ASA Version 9.1(7)", "PIX Version 7.2(4)")).platform == "asa"


@pytest.mark.parametrize("cut", range(1, IOS.count("\n")))
def test_a_config_that_is_cut_off_anywhere_is_not_whole(cut: int) -> None:
    text = "\n".join(IOS.split("\n")[:cut])

    with pytest.raises(ReadFailed, match="not whole"):
        read(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (IOS.replace("version 12.4\n", ""), "privilege is too low"),
        (IOS.replace("hostname R1", " --More-- "), "the pager stopped it in line 7"),
        (IOS.replace("hostname R1", "hostname \x08R1"), "control characters"),
        (IOS.replace("hostname R1", "end\nhostname R1"), "goes on after its end mark"),
        (IOS + "R1#\n", "ends with 'R1#'"),
        (ASA.replace(": end\n", ""), "not with its end mark"),
        (ASA.replace("Cryptochecksum:0123\n", ""), "no Cryptochecksum"),
        (ASA.replace("hostname fw", "<--- More --->"), "the pager"),
        (ASA.replace("ASA Version 9.1(7)", ""), "no line `ASA Version`"),
    ],
)
def test_what_is_not_proven_whole_is_not_used(text: str, reason: str) -> None:
    with pytest.raises(ReadFailed, match=reason):
        read(text)


def test_a_device_that_refuses_to_show_it_is_told_in_its_words() -> None:
    with pytest.raises(ReadFailed, match="% Invalid input"):
        running().parse([Answer(b"% Invalid input detected at '^' marker.", 1)])


def test_times_sizes_and_checksums_are_no_difference() -> None:
    startup = (
        IOS.replace("Building configuration...\n\nCurrent configuration : 1234", "Using 1200 out of 196600")
        .replace("09:00:00", "10:11:12")
        .replace("17179738", "17179999")
        .replace("01\n  3082022B 30820194\n  \tquit", "01 nvram:IOS-Self-Sig#1.cer")
    )

    assert same(IOS, startup) == []
    assert same(ASA, ASA.replace("0123", "9999").replace(": Saved", ": Written by x at 1")) == []


def test_lines_that_differ_are_named_with_their_parents() -> None:
    startup = IOS.replace(" ip inspect OUT out\n", "").replace("hostname R1", "hostname R2")

    assert same(IOS, startup) == ["- hostname R2", "+ hostname R1", "+ interface Dialer1 > ip inspect OUT out"]


def test_another_order_in_an_access_list_is_a_difference() -> None:
    lines = "access-list 101 remark first\naccess-list 101 permit ip any any\n"

    assert same(IOS, IOS.replace(lines, "\n".join(reversed(lines.strip().split("\n"))) + "\n"))


def test_a_startup_config_that_is_cut_off_is_not_compared() -> None:
    with pytest.raises(ReadFailed):
        same(IOS, IOS[:200])
