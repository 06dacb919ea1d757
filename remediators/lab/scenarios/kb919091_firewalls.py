"""The devices on the way to the receiver: a firewall of each kind, and behind a PIX or an ASA a router to look from."""

from __future__ import annotations

from typing import Any, Final

_USERS: Final = {"admin": "Lab-secret 1"}
_CREDIT: Final = {"connection": "network_cli", "users": _USERS, "own_address": True}

_ROUTER: Final = """\
version 12.4
hostname {name}
!
no aaa new-model
!
{rules}no ip domain lookup
!
username admin privilege 15 secret 5 $1$wxyz$0123456789abcdefghijk.
!
archive
 path flash:archive
!
interface FastEthernet0/0
 description inside
 ip address 192.0.2.1 255.255.255.0
!
interface FastEthernet0/1
 description outside
 ip address 198.51.100.1 255.255.255.0
 ip access-group 111 in
{bound}!
ip route 0.0.0.0 0.0.0.0 198.51.100.254
!
access-list 111 permit tcp any host 192.0.2.25 eq smtp
access-list 111 permit tcp any any established
access-list 111 deny   ip any any log
!
line con 0
line vty 0 4
 login local
 transport input ssh
!
end
"""
# SPARE inspects SMTP and no interface uses it: a name that nothing is bound to is no cause.
_RULES: Final = """\
ip inspect name SPARE smtp
ip inspect name OUTSIDE tcp
ip inspect name OUTSIDE udp
ip inspect name OUTSIDE ftp
"""
_BOUND: Final = " ip inspect OUTSIDE out\n"

# Zone-based: another command than the one that KB 919091 names, and in this lab it masks nothing.
_ZONES: Final = """\
class-map type inspect match-any MAIL
 match protocol smtp
!
policy-map type inspect OUTWARD
 class type inspect MAIL
  inspect
 class class-default
  drop
!
zone security INSIDE
zone security OUTSIDE
zone-pair security OUT source INSIDE destination OUTSIDE
 service-policy type inspect OUTWARD
!
"""

_PIX: Final = """\
: Saved
:
PIX Version 6.3(5)
interface ethernet0 auto
interface ethernet1 100full
nameif ethernet0 outside security0
nameif ethernet1 inside security100
hostname fw01
fixup protocol dns maximum-length 512
fixup protocol ftp 21
fixup protocol http 80
{inspects}names
access-list outside_in permit tcp any host 198.51.100.25 eq smtp
access-list outside_in deny ip any any
pager lines 24
ip address outside 198.51.100.2 255.255.255.0
ip address inside 192.0.2.1 255.255.255.0
static (inside,outside) 198.51.100.25 192.0.2.25 netmask 255.255.255.255 0 0
access-group outside_in in interface outside
username admin password 0000000000000000 encrypted privilege 15
terminal width 80
Cryptochecksum:00000000000000000000000000000000
: end
"""
_ASA: Final = """\
: Saved
:
ASA Version 8.2(5)
!
hostname fw01
names
!
interface Ethernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.2 255.255.255.0
!
interface Ethernet0/1
 nameif inside
 security-level 100
 ip address 192.0.2.1 255.255.255.0
!
access-list OUTSIDE extended permit tcp any host 198.51.100.25 eq smtp
pager lines 24
no failover
access-group OUTSIDE in interface outside
username admin password 0000000000000000 encrypted privilege 15
!
class-map inspection_default
 match default-inspection-traffic
!
policy-map global_policy
 class inspection_default
  inspect dns
  inspect ftp
{inspects}  inspect sqlnet
policy-map spare_policy
 class inspection_default
  inspect esmtp
!
service-policy global_policy global
Cryptochecksum:00000000000000000000000000000000
: end
"""


def firewalls(kind: str, *, inspects: bool) -> dict[str, dict[str, Any]]:
    """The devices, from the controller's side inward; ``kind`` is ios, pix, asa or zone-firewall."""
    common = {**_CREDIT, "address": "127.66.91.1", "groups": ("firewalls", kind)}
    match kind:
        case "pix":
            config = _PIX.format(inspects="fixup protocol smtp 25\n" if inspects else "")
        case "asa":
            config = _ASA.format(inspects="  inspect esmtp\n" if inspects else "")
        case "zone-firewall":
            config = _ROUTER.format(name="fw01", rules=_ZONES, bound=" zone-member security OUTSIDE\n")
            return {"fw01": {**common, "groups": ("firewalls", "ios"), "device": "ios", "config": config}}
        case _:
            rules = _RULES + ("ip inspect name OUTSIDE smtp\n" if inspects else "")
            return {
                "fw01": {**common, "device": "ios", "config": _ROUTER.format(name="fw01", rules=rules, bound=_BOUND)}
            }
    router = _ROUTER.format(name="rtr01", rules="", bound="")
    return {
        "fw01": {**common, "device": kind, "config": config},
        "rtr01": {**_CREDIT, "address": "127.66.91.2", "groups": ("routers",), "device": "ios", "config": router},
    }
