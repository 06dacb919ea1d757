"""What carries sessions through a device to the hosts behind it is told; mail taken out of inspection is not."""

import pytest

from remediators.model import Answer, Change, Snapshot
from remediators.resources.config_company import holder_of_lock, logged_on, reload_in
from remediators.resources.config_lines import address, running
from remediators.resources.config_transit import cut_off

IOS = """version 12.4
ip inspect name MAIL smtp
ip inspect name MAIL tcp
ip inspect name ONLY smtp
interface FastEthernet0/0
 ip address 192.0.2.1 255.255.255.0
 ip inspect MAIL in
 ip inspect ONLY out
interface FastEthernet0/1
 ip address 198.51.100.1 255.255.255.0
 ip access-group OUTSIDE in
interface FastEthernet0/2
 ip address 203.0.113.1 255.255.255.0
 ip access-group ELSEWHERE in
ip access-list extended OUTSIDE
 permit ip any any
ip access-list extended ELSEWHERE
 permit ip any any
access-list 10 permit 192.0.2.0 0.0.0.255
access-list 20 permit any
ip nat inside source list 10 interface FastEthernet0/1 overload
end
"""
ASA = """ASA Version 9.1(7)
interface GigabitEthernet0/0
 nameif outside
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 ip address 192.0.2.1 255.255.255.0 standby 192.0.2.2
object network MAIL
 host 192.0.2.25
access-list OUT extended permit tcp any object MAIL eq 25
access-list FREE extended permit ip any any
access-group OUT in interface outside
Cryptochecksum:0
: end
"""
PIX = """PIX Version 6.3(5)
ip address outside 198.51.100.1 255.255.255.0
ip address inside 192.0.2.1 255.255.255.0
access-group OUT in interface outside
Cryptochecksum:0
: end
"""
NEAR = {"exch01": "192.0.2.25"}
FAR = {"exch01": "10.9.9.9"}


def reasons(text, where, *, gone=False, behind=NEAR, management="198.51.100.1"):
    query = running()
    known = Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))
    change = Change(where, "present", None) if gone else Change(where, None, "present")
    return cut_off([change], known, management, behind)


@pytest.mark.parametrize(
    ("text", "where", "gone"),
    [
        (IOS, address("ip address 192.0.2.9 255.255.255.0", ["interface FastEthernet0/0"]), False),
        (IOS, address("shutdown", ["interface FastEthernet0/0"]), False),
        (IOS, address("ip access-group OUTSIDE in", ["interface FastEthernet0/0"]), False),
        (IOS, address("ip access-group OUTSIDE in", ["interface FastEthernet0/1"]), True),
        (IOS, address("ip nat inside", ["interface FastEthernet0/0"]), False),
        (IOS, address("ip inspect MAIL in", ["interface FastEthernet0/0"]), True),
        (IOS, address("ip inspect name MAIL tcp"), True),
        (IOS, address("ip access-list extended OUTSIDE"), False),
        (IOS, address("access-list 10"), False),
        (IOS, address("ip nat inside source list 20 interface FastEthernet0/1"), False),
        (IOS, address("ip route 10.0.0.0 255.0.0.0 192.0.2.3"), False),
        (IOS, address("router ospf 1"), True),
        (IOS, address("zone-pair security A source B destination C"), False),
        (ASA, address("access-group FREE in interface inside"), False),
        (ASA, address("access-group FREE global"), False),
        (ASA, address("access-list OUT"), False),
        (ASA, address("host 192.0.2.26", ["object network MAIL"]), False),
        (ASA, address("nat (inside,outside) static 198.51.100.25", ["object network MAIL"]), False),
        (ASA, address("security-level 0", ["interface GigabitEthernet0/1"]), False),
        (PIX, address("static (inside,outside) 198.51.100.25 192.0.2.25"), True),
        (PIX, address("access-group OUT in interface outside"), True),
    ],
)
def test_what_carries_their_sessions_is_told(text, where, gone):
    assert len(reasons(text, where, gone=gone)) == 1


@pytest.mark.parametrize(
    ("text", "where", "gone"),
    [
        (IOS, address("ip inspect name MAIL smtp"), True),
        (IOS, address("ip inspect name ONLY smtp"), True),
        (IOS, address("ip inspect ONLY out", ["interface FastEthernet0/0"]), True),
        (IOS, address("ip inspect name ONLY tcp"), False),
        (IOS, address("ip access-group ELSEWHERE in", ["interface FastEthernet0/2"]), True),
        (IOS, address("ip access-list extended ELSEWHERE"), False),
        (IOS, address("access-list 20"), False),
        (IOS, address("description x", ["interface FastEthernet0/0"]), False),
        (ASA, address("access-list FREE"), False),
        (ASA, address("inspect esmtp", ["policy-map global_policy", "class inspection_default"]), True),
        (PIX, address("fixup protocol smtp 25"), True),
    ],
)
def test_all_else_is_not_and_cause_five_can_be_mended_without_a_grant(text, where, gone):
    assert reasons(text, where, gone=gone) == []


def test_where_the_way_to_a_host_cannot_be_told_every_interface_may_be_on_it():
    where = address("ip access-group ELSEWHERE in", ["interface FastEthernet0/2"])

    assert reasons(IOS, where, behind=FAR)
    assert reasons(IOS, where, management="router.example")
    assert reasons(IOS, where, behind={"exch01": "exch01.example"})


def test_with_nobody_behind_nothing_is_told():
    assert reasons(IOS, address("shutdown", ["interface FastEthernet0/0"]), behind={}) == []


def test_who_holds_the_lock_is_told():
    locked = "Parser Configure Lock\n----\nOwner PID         : 3\nUser              : bob\nState             : LOCKED\n"

    assert holder_of_lock(locked) == "bob"
    assert holder_of_lock(locked.replace("LOCKED", "FREE")) == ""
    assert holder_of_lock("% Invalid input detected at '^' marker.") == ""


def test_other_users_are_told_and_our_own_sessions_are_not():
    told = (
        "    Line       User       Host(s)              Idle       Location\n"
        "*514 vty 0     admin      idle                 00:00:00 192.0.2.5\n"
        " 515 vty 1     admin      idle                 00:00:00 192.0.2.5\n"
        "   0 con 0                idle                 00:10:00\n"
        " 518 vty 4     bob        idle                 00:02:00 192.0.2.9\n"
        "\n  Interface    User               Mode         Idle     Peer Address\n"
    )

    assert list(logged_on(told)) == ["somebody on con 0", "bob on vty 4 (192.0.2.9)"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Reload scheduled for 12:00:00 UTC (in 4 minutes and 55 seconds) by admin", 295),
        ("Reload scheduled (in 1 hours and 2 minutes and 3 seconds)", 3723),
        ("Reload scheduled (in 59 seconds)", 59),
        ("Reload scheduled (in 1 hour)", 3600),
        ("No reload is scheduled.", None),
    ],
)
def test_how_long_until_a_reload(text, seconds):
    assert reload_in(text) == seconds
