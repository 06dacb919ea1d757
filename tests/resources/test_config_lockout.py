"""A change to what the session came in by is told, and no other."""

from __future__ import annotations

import pytest

from remediators.model import Address, Answer, Change, Snapshot
from remediators.resources.config_lines import address, running
from remediators.resources.config_lockout import lockout

IOS = """version 12.4
interface FastEthernet0/0
 ip address 192.0.2.1 255.255.255.0
 ip access-group INSIDE in
interface FastEthernet0/1
 ip address 198.51.100.1 255.255.255.0
 ip access-group OUTSIDE in
ip access-list extended INSIDE
 permit ip any any
ip access-list extended OUTSIDE
 permit ip any any
access-list 10 permit 192.0.2.0 0.0.0.255
access-list 20 permit any
line vty 0 4
 access-class 10 in
 transport input ssh
end
"""
ASA = """ASA Version 9.1(7)
interface GigabitEthernet0/0
 nameif outside
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 ip address 192.0.2.1 255.255.255.0 standby 192.0.2.2
access-list IN extended permit ip any any
access-list OUT extended permit ip any any
access-group IN in interface inside
access-group OUT in interface outside
Cryptochecksum:0
: end
"""
PIX = """PIX Version 6.3(5)
nameif ethernet0 outside security0
ip address outside 198.51.100.1 255.255.255.0
ip address inside 192.0.2.1 255.255.255.0
access-group OUT in interface outside
Cryptochecksum:0
: end
"""


def reasons(text: str, where: Address, management: str | None = "192.0.2.1") -> list[str]:
    query = running()
    known = Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))
    return lockout([Change(where, None, "present")], known, management)


@pytest.mark.parametrize(
    "where",
    [
        address("transport input telnet", ["line vty 0 4"]),
        address("access-class 20 in", ["line vty 0 4"]),
        address("no login", ["line con 0"]),
        address("aaa new-model"),
        address("no aaa new-model"),
        address("username bob privilege 15"),
        address("crypto key generate rsa"),
        address("ip ssh version 2"),
        address("ip address 192.0.2.9 255.255.255.0", ["interface FastEthernet0/0"]),
        address("no ip address", ["interface FastEthernet0/0"]),
        address("ip access-group OUTSIDE in", ["interface FastEthernet0/0"]),
        address("shutdown", ["interface FastEthernet0/0"]),
        address("interface FastEthernet0/0"),
        address("access-list 10"),
        address("ip access-list extended INSIDE"),
        address("ip route 0.0.0.0 0.0.0.0 192.0.2.254"),
    ],
)
def test_what_the_session_lives_on_is_told(where: Address) -> None:
    assert len(reasons(IOS, where)) == 1


@pytest.mark.parametrize(
    "where",
    [
        address("ip inspect name A tcp"),
        address("ip inspect A in", ["interface FastEthernet0/0"]),
        address("description x", ["interface FastEthernet0/0"]),
        address("ip access-group INSIDE in", ["interface FastEthernet0/1"]),
        address("shutdown", ["interface FastEthernet0/1"]),
        address("ip access-list extended OUTSIDE"),
        address("access-list 20"),
        address("inspect esmtp", ["policy-map P", "class c"]),
    ],
)
def test_all_else_is_not(where: Address) -> None:
    assert reasons(IOS, where) == []


def test_where_the_address_is_on_no_interface_every_interface_may_be_the_one() -> None:
    where = address("shutdown", ["interface FastEthernet0/1"])

    assert "may be on the interface of this session" in reasons(IOS, where, "router.example")[0]
    assert reasons(IOS, where, None)
    assert reasons(IOS, address("ip inspect A in", ["interface FastEthernet0/1"]), None) == []


def test_a_firewall_is_reached_by_an_interface_with_a_name() -> None:
    assert reasons(ASA, address("access-group IN in interface inside"))
    assert reasons(ASA, address("access-list IN"))
    assert reasons(ASA, address("ssh 192.0.2.0 255.255.255.0 inside"))
    assert reasons(ASA, address("access-group OUT in interface outside")) == []
    assert reasons(ASA, address("access-list OUT")) == []


def test_pix_has_its_addresses_on_the_first_level() -> None:
    assert reasons(PIX, address("ip address inside 192.0.2.7 255.255.255.0"))
    assert reasons(PIX, address("ip address outside 198.51.100.7 255.255.255.0")) == []
    assert reasons(PIX, address("fixup protocol smtp 25")) == []


def test_each_reason_names_its_line_once() -> None:
    where = address("transport input ssh", ["line vty 0 4"])

    assert reasons(IOS, where) == ["`line vty 0 4 > transport input ssh` is where sessions come in"]
