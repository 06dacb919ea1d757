"""
The full words of configuration lines, so that an abbreviation is seen before it is looked for and not found.

A device takes ``int Gi0/1`` and shows ``interface GigabitEthernet0/1``; only what it shows can be compared and put
back. The words are those of the lines that this tool's tasks are about, not a grammar: what is not known here passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

_ROOT = """
aaa new-model|aaa authentication|aaa authorization|aaa accounting|aaa group|aaa session-id|aaa-server|access-group
access-list|alias|archive|arp|asdm|banner|boot|boot-start-marker|boot-end-marker|bridge|class-map|clock timezone
clock summer-time|config-register|console|control-plane|crypto map|crypto isakmp|crypto ipsec|crypto ikev1|crypto ikev2
crypto dynamic-map|crypto pki|crypto ca|crypto key|dhcpd|dialer-list|dns|domain-name|dynamic-access-policy-record
enable secret|enable password|event|failover|fixup protocol smtp|fixup protocol dns|fixup protocol ftp
fixup protocol http|fixup protocol h323|fixup protocol rsh|fixup protocol rtsp|fixup protocol sip|fixup protocol skinny
fixup protocol sqlnet|fixup protocol tftp|fixup protocol ils|fixup protocol esp-ike|fixup protocol pptp|floodguard
flow-sampler|ftp|global|group|group-object|group-policy|hostname|http|icmp|interface *|ip access-list extended
ip access-list standard|ip access-list logging|ip address|ip audit|ip bgp-community|ip bootp|ip cef|ip classless
ip default-gateway|ip default-network|ip dhcp|ip domain|ip domain-lookup|ip domain-name|ip domain-list|ip finger
ip flow-export|ip flow-cache|ip flow-top-talkers|ip forward-protocol|ip ftp|ip host|ip http|ip igmp|ip inspect name
ip inspect audit-trail|ip inspect log|ip inspect dns-timeout|ip inspect max-incomplete|ip inspect one-minute
ip inspect tcp|ip inspect udp|ip inspect hashtable-size|ip inspect alert-off|ip inspect WAAS|ip ips|ip local
ip multicast|ip multicast-routing|ip name-server|ip nat|ip nbar|ip policy|ip port-map|ip prefix-list|ip radius|ip route
ip routing|ip rcmd|ip scp|ip sla|ip source-route|ip ssh|ip subnet-zero|ip tacacs|ip tcp|ip telnet|ip tftp|ip urlfilter
ip verify|ip virtual-reassembly|ip vrf|ipv6|isakmp|key|line console|line con|line aux|line vty|line tty|lldp|logging|mac
mac-address|mac-address-table|macro|management-access|map-class|memory|mode|monitor|mtu|multilink|name|names|nameif|nat
nat-control|network-clock|no|ntp|object|object-group|object-group-search|pager|parameter-map|passwd|password|pdm
policy-map|prefix-list|priority-queue|privilege|prompt|redundancy|regex|resource|rmon|route|route-map|router|same-security-traffic
scheduler|security|service|service-policy|sla|snmp|snmp-server|spanning-tree|ssh|ssl|static|stp|subscriber|switch|sysopt
table-map|tacacs-server|radius-server|tcp-map|telnet|terminal|tftp|tftp-server|threat-detection|time-range|timeout|track
tunnel-group|tunnel-group-map|url-block|url-server|username|version|virtual|vlan|vpdn|vpdn-group|vpn|vpnclient|vtp|vrf
webvpn|xlate|zone|zone-pair
"""
_INTERFACE = """
arp|backup|bandwidth|bridge-group|carrier-delay|cdp|channel-group|clock|compress|crypto map|crypto ipsec|delay
description|dialer|dialer-group|dot1q|duplex|encapsulation|fair-queue|frame-relay|full-duplex|half-duplex|hold-queue
ip access-group|ip address|ip accounting|ip authentication|ip broadcast-address|ip directed-broadcast|ip flow
ip helper-address|ip hello-interval|ip hold-time|ip igmp|ip inspect|ip ips|ip mask-reply|ip mroute-cache
ip mtu|ip multicast|ip nat
ip nbar|ip nhrp|ip ospf|ip pim|ip policy|ip proxy-arp|ip redirects|ip rip|ip route-cache|ip split-horizon
ip summary-address|ip tcp|ip unnumbered|ip unreachables|ip urlfilter|ip verify|ip virtual-reassembly|ip vrf|ip wccp
ipv6|keepalive|lldp|load-interval|logging|mac-address|management-only|media-type|mls|mop|mtu|nameif|negotiation|no|ntp|peer
ppp|pppoe|pppoe-client|priority-group|pvc|rate-limit|random-detect|security-level|service-module|service-policy|shutdown
snmp|spanning-tree|speed|standby|storm-control|switchport|traffic-shape|traffic-policy|tunnel|tx-ring-limit|vlan
vrf|zone-member
"""
_LINE = """
absolute-timeout|access-class|accounting|authorization|autocommand|autoselect|exec|exec-timeout|exec-banner|escape-character
flowcontrol|history|ip|ipv6|length|location|logging|login|logout-warning|modem|motd-banner|no|notify|padding|parity|password
privilege|rotary|rxspeed|session-limit|session-timeout|speed|stopbits|telnet|terminal-type|timeout|transport input
transport output|transport preferred|txspeed|vacant-message|width
"""
_TYPES = (
    *("ATM", "BRI", "BVI", "Async", "Dialer", "Ethernet", "FastEthernet", "FortyGigabitEthernet", "GigabitEthernet"),
    *("Group-Async", "HundredGigE", "Loopback", "Management", "Multilink", "NVI", "Null", "Port-channel", "Redundant"),
    *("Serial", "TenGigabitEthernet", "Tunnel", "TwentyFiveGigE", "Virtual-Access", "Virtual-Template", "Vlan"),
)
_NAME = re.compile(r"([A-Za-z-]+?) ?(\d.*)?$")
_ASA_TYPES = frozenset(
    {"ethernet", "gb-ethernet", "inside", "outside", "dmz"}
)  # PIX 6 writes its types in small letters


def full_form(line: str, parents: Sequence[str] = ()) -> str | None:
    """
    The line without abbreviations, as a device would show it; ``None`` where it has none that is known.

    Raises ValueError where a word is short for several.
    """
    prefix, text = ("no ", line.removeprefix("no ")) if line.startswith("no ") else ("", line)
    words = text.split(" ")
    found = [*_full(words, _vocabulary(_context(parents)))]
    if not parents and found[:1] == ["interface"] and len(words) > 1:
        found[1:] = [_interface(" ".join(words[1:]))]
    whole = prefix + " ".join(found)
    return None if whole == line else whole


def _full(words: Sequence[str], known: dict[str, Any]) -> Iterator[str]:
    for position, word in enumerate(words):
        longer = [one for one in known if one.startswith(word)] if word and word not in known else []
        if len(longer) > 1:
            raise ValueError(f"{word!r} is short for one of {', '.join(sorted(longer))}: write it in full")
        whole = longer[0] if longer else word
        yield whole
        known = known.get(whole, {})
        if not known:
            yield from words[position + 1 :]
            return


def _interface(name: str) -> str:
    found = _NAME.match(name)
    if not found or found[1] in _ASA_TYPES or found[2] is None:
        return name
    longer = [one for one in _TYPES if one.lower().startswith(found[1].lower())]
    exact = [one for one in longer if one.lower() == found[1].lower()]
    if len(exact or longer) > 1:
        raise ValueError(f"{found[1]!r} is short for one of {', '.join(longer)}: write it in full")
    return f"{(exact or longer)[0]}{found[2]}" if longer else name


def _context(parents: Sequence[str]) -> str:
    if not parents:
        return _ROOT
    if len(parents) > 1:
        return ""
    return {"interface": _INTERFACE, "line": _LINE}.get(parents[0].partition(" ")[0], "")


@lru_cache(maxsize=8)
def _vocabulary(phrases: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for phrase in phrases.replace("\n", "|").split("|"):
        node = found
        for word in phrase.split():
            if word != "*":
                node = node.setdefault(word, {})
    return found
