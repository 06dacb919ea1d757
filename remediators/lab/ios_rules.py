"""
What each platform's configuration mode knows: sections, lines that replace one another, lines shown when negated.

Sources: Cisco IOS Security Command Reference (``ip inspect name``, ``ip access-list``), Cisco ASA Series Command
Reference (``inspect esmtp``, ``policy-map``), Cisco PIX Firewall Command Reference 6.3 (``fixup protocol``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# A line that opens a section -> the mode's name in the prompt, by the mode that it is typed in ("" is global).
Sections = Sequence[tuple[str, str, str]]

_IOS_SECTIONS: Final[Sections] = (
    ("", r"interface \S+\.\d+", "config-subif"),
    ("", r"interface ", "config-if"),
    ("", r"router ", "config-router"),
    ("config-router", r"address-family ", "config-router-af"),
    ("", r"line ", "config-line"),
    ("", r"ip access-list extended ", "config-ext-nacl"),
    ("", r"ip access-list standard ", "config-std-nacl"),
    ("", r"route-map ", "config-route-map"),
    ("", r"class-map ", "config-cmap"),
    ("", r"policy-map ", "config-pmap"),
    ("config-pmap", r"class ", "config-pmap-c"),
    ("config-pmap-c", r"police ", "config-pmap-c-police"),
    ("", r"parameter-map ", "config-profile"),
    ("", r"archive$", "config-archive"),
    ("config-archive", r"log config$", "config-archive-log-cfg"),
    ("", r"ip dhcp pool ", "dhcp-config"),
    ("", r"crypto isakmp policy ", "config-isakmp"),
    ("", r"crypto map \S+ \d+ ", "config-crypto-map"),
    ("", r"crypto pki trustpoint ", "ca-trustpoint"),
    ("", r"crypto pki certificate chain ", "config-cert-chain"),
    ("", r"crypto ipsec (profile|transform-set) ", "cfg-crypto-trans"),
    ("", r"key chain ", "config-keychain"),
    ("", r"vlan \d", "config-vlan"),
    ("", r"vrf definition ", "config-vrf"),
    ("", r"ip vrf ", "config-vrf"),
    ("", r"aaa group server ", "config-sg"),
    ("", r"controller ", "config-controller"),
    ("", r"zone security ", "config-sec-zone"),
    ("", r"zone-pair security ", "config-sec-zone-pair"),
    ("", r"object-group ", "config-network-group"),
    ("", r"ip sla \d", "config-ip-sla"),
    ("", r"track \d", "config-track"),
)
_ASA_SECTIONS: Final[Sections] = (
    ("", r"interface ", "config-if"),
    ("", r"class-map ", "config-cmap"),
    ("", r"policy-map ", "config-pmap"),
    ("config-pmap", r"class ", "config-pmap-c"),
    ("config-pmap", r"parameters$", "config-pmap-p"),
    ("config-pmap", r"match ", "config-pmap-c"),
    ("", r"object network ", "config-network-object"),
    ("", r"object service ", "config-service-object"),
    ("", r"object-group network ", "config-network-object-group"),
    ("", r"object-group service ", "config-service-object-group"),
    ("", r"object-group ", "config-object-group"),
    ("", r"tunnel-group \S+ general-attributes", "config-tunnel-general"),
    ("", r"tunnel-group \S+ ipsec-attributes", "config-tunnel-ipsec"),
    ("", r"group-policy \S+ attributes", "config-group-policy"),
    ("", r"aaa-server \S+ (protocol|\()", "config-aaa-server-host"),
    ("", r"username \S+ attributes", "config-username"),
    ("", r"dns server-group ", "config-dns-server-group"),
    ("", r"webvpn$", "config-webvpn"),
    ("", r"crypto ca (trustpoint|certificate chain) ", "config-ca-trustpoint"),
    ("", r"crypto (isakmp|ikev1) policy ", "config-isakmp-policy"),
    ("", r"context ", "config-ctx"),
    ("", r"route-map ", "config-route-map"),
    ("", r"router ", "config-router"),
)

# Lines of which there is one: the text that matches is what they have in common. Their negation ignores the rest.
_TOP_ONCE: Final = (
    r"hostname(?= )",
    r"enable (secret|password)\b",
    r"ip domain[ -]name\b",
    r"domain-name\b",
    r"clock timezone\b",
    r"logging (buffered|trap|facility|console|monitor|asdm)\b",
    r"snmp-server (location|contact|community \S+)",
    r"ntp clock-period\b",
    r"username \S+(?! attributes)(?= )",
    r"ip inspect name \S+ \S+",
    r"ip inspect (max-incomplete \S+|one-minute \S+|tcp \S+|udp \S+|dns-timeout|hashtable-size|WAAS \S+)",
    r"banner \S+",
    r"class-map (?:type inspect )?(?:match-(?:any|all) )?(\S+)$",
    r"config-register\b",
    r"mtu \S+",
    r"timeout (?!uauth)\S+",
    r"passwd\b",
    r"prompt\b",
    r"monitor-interface\b",
    r"ip default-gateway\b",
    r"terminal width\b",
    r"failover (lan unit|key|link|polltime unit)",
)
_SECTION_ONCE: Final = (
    r"description\b",
    r"ip address\b(?!.* secondary$)",
    r"bandwidth\b",
    r"(delay|duplex|speed|mtu|encapsulation|nameif|security-level|load-interval|hold-queue|dialer pool)\b",
    r"ip (mtu|tcp adjust-mss|nat (?:inside|outside)|virtual-reassembly|ospf cost|verify unicast)\b",
    r"(exec-timeout|password|session-timeout|privilege level|transport (?:input|output|preferred)|length|stopbits)\b",
    r"(path|maximum|time-period|router-id|default-information)\b",
    r"police\b",
)
# Lines of which there is one, and whose negation must name it: an access group of a direction.
_SLOTS: Final = (
    r"ip inspect (?!name )\S+ (in|out)$",
    r"ip access-group \S+ (in|out)$",
    r"access-class \S+ (in|out)\b",
    r"service-policy (?:type inspect )?(input|output) \S+$",
    r"access-group \S+ (in|out) interface (\S+)$",
    r"service-policy \S+ (global|interface \S+)$",
)
# What is on unless negated, and is shown only when negated.
_SHOWN_NEGATED: Final = (
    r"service pad$",
    r"ip (domain[ -]lookup|source-route|bootp server|gratuitous-arps)$",
    r"ip (redirects|unreachables|proxy-arp|route-cache|mroute-cache)$",
    r"(cdp enable|mop enabled|auto-summary|keepalive|login)$",
    r"fixup protocol (smtp 25|ftp 21|http 80|rsh 514|rtsp 554|sqlnet 1521|skinny 2000|sip 5060)$",
)
# What is shown both ways.
_SHOWN_BOTH: Final = (
    r"ip (http server|http secure-server|address)\b",
    r"service password-encryption$",
    r"(nameif|security-level)\b",
    r"fixup protocol ",
)
_INCOMPLETE: Final = (
    r"(ip|interface|router|line|access-list|policy-map|class-map|crypto|username|hostname|snmp-server|route-map)$",
    r"ip (access-list|access-list (extended|standard)|route|inspect name|nat|domain|address|access-group \S+)$",
    r"(fixup|fixup protocol|inspect|class|policy-map type inspect|service-policy|access-class|object network)$",
)
_ADDING_INCOMPLETE: Final = (
    r"ip inspect( name \S+)?$",
    r"ip inspect (?!name |audit-trail|alert-off)\S+$",
    r"fixup protocol \S+$",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """One platform's rules, as compiled patterns."""

    platform: str
    sections: Sequence[tuple[str, re.Pattern[str], str]]
    once: Sequence[re.Pattern[str]]
    once_in_section: Sequence[re.Pattern[str]]
    slots: Sequence[re.Pattern[str]]
    shown_negated: Sequence[re.Pattern[str]]
    shown_both: Sequence[re.Pattern[str]]
    incomplete: Sequence[re.Pattern[str]]
    adding_incomplete: Sequence[re.Pattern[str]]


def _compiled(patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _rules(platform: str, sections: Sections) -> Rules:
    return Rules(
        platform,
        tuple((where, re.compile(pattern), mode) for where, pattern, mode in sections),
        _compiled(_TOP_ONCE),
        _compiled(_SECTION_ONCE),
        _compiled(_SLOTS),
        _compiled(_SHOWN_NEGATED),
        _compiled(_SHOWN_BOTH),
        _compiled(_INCOMPLETE),
        _compiled(_ADDING_INCOMPLETE),
    )


RULES: Final = {
    "ios": _rules("ios", _IOS_SECTIONS),
    "asa": _rules("asa", _ASA_SECTIONS),
    "pix": _rules("pix", ()),
}

_PROTOCOLS: Final = (
    "cuseeme|dns|esmtp|finger|fragment|ftp|h323|http|https|icmp|imap|imap3|netshow|ntp|parameter|pop3|pptp|rcmd|"
    "realaudio|rpc|rtsp|sip|skinny|smtp|sqlnet|sqlsrv|ssh|streamworks|tcp|telnet|tftp|udp|vdolive"
)
_ASA_PROTOCOLS: Final = (
    "ctiqbe|dcerpc|dns|esmtp|ftp|gtp|h323|http|icmp|ils|im|ip-options|ipsec-pass-thru|mgcp|mmp|netbios|pptp|rsh|rtsp|"
    "sip|skinny|snmp|sqlnet|sunrpc|tftp|waas|xdmcp"
)

_IOS_IP: Final = (
    "arp|as-path|audit|auth-proxy|bootp|cef|classless|community-list|default-gateway|default-network|dhcp|"
    "dns|domain|domain-lookup|domain-name|finger|flow-cache|flow-export|flow-top-talkers|forward-protocol|ftp|"
    "gratuitous-arps|host|http|icmp|igmp|ips|local|multicast-routing|name-server|nat|nbar|pim|port-map|prefix-list|"
    "radius|rcmd|route|routing|rsvp|scp|sla|source-route|ssh|subnet-zero|tacacs|tcp|telnet|tftp|urlfilter|vrf|wccp"
)
_IOS_TOP: Final = (
    f"ip {_IOS_IP} **",
    "ip access-list extended|standard|log-update|logging|resequence|role-based **",
    "line vty|console|aux|tty **",
    f"ip inspect name * {_PROTOCOLS} **",
    "ip inspect name *",
    "ip inspect",
    "ip inspect alert-off|audit-trail|log|max-incomplete|one-minute|tcp|udp|dns-timeout|hashtable-size|WAAS **",
    (
        "aaa|access-list|alias|archive|arp|boot|buffers|bridge|call|cdp|class-map|clock|config-register|control-plane|"
        "controller|crypto|dial-peer|dialer-list|dot11|enable|exception|file|gateway|hostname|interface|ipv6|isdn|key|kron|"
        "l2tp-class|license|lldp|logging|login|mac-address-table|map-class|memory|mls|multilink|ntp|object-group|"
        "parameter-map|policy-map|power|privilege|process|prompt|radius-server|redundancy|resource|rmon|route-map|router|"
        "scheduler|security|service|snmp-server|spanning-tree|stackwise|subscriber|tacacs-server|tftp-server|track|"
        "transport|username|version|vlan|vpdn|vpdn-group|vrf|vtp|xconnect|zone|zone-pair|banner|default **"
    ),
)
_IOS_IF: Final = (
    (
        "ip access-group|address|arp|bandwidth-percent|dhcp|flow|helper-address|icmp|igmp|ips|load-sharing|mask-reply|"
        "mroute-cache|mtu|nat|nbar|ospf|pim|policy|proxy-arp|redirects|rip|route-cache|rsvp|split-horizon|"
        "summary-address|tcp|unnumbered|unreachables|urd|verify|virtual-reassembly|vrf|wccp **"
    ),
    "ip inspect * in|out",
    (
        "arp|backup|bandwidth|bridge-group|carrier-delay|cdp|channel-group|clock|crypto|delay|description|dialer|"
        "dialer-group|dot1q|duplex|encapsulation|fair-queue|flowcontrol|half-duplex|hold-queue|ipv6|isdn|keepalive|"
        "lldp|load-interval|logging|mac-address|max-reserved-bandwidth|media-type|mls|mop|mpls|mtu|negotiation|ntp|peer|"
        "ppp|pppoe|pppoe-client|priority-group|pvc|random-detect|rate-limit|serial|service-policy|shutdown|snmp|"
        "spanning-tree|speed|standby|storm-control|switchport|tunnel|tx-ring-limit|vrf|vrrp|zone-member **"
    ),
)
_PMAP_C: Final = (
    f"inspect {_ASA_PROTOCOLS} **",
    "inspect **",
    "bandwidth|compression|drop|fair-queue|pass|police|priority|queue-limit|random-detect|service-policy|set|shape **",
)
_ACL: Final = ("permit|deny|remark|evaluate|dynamic **", "#", "# permit|deny|remark|evaluate|dynamic **")

_ASA_TOP: Final = (
    (
        "aaa|aaa-server|access-group|access-list|alias|arp|asdm|auth-prompt|auto-update|banner|boot|ca|checkheaps|class|"
        "class-map|client-update|clock|command-alias|compression|config-register|console|context|crypto|ctl-file|ddns|dhcpd|"
        "dhcprelay|dns|domain-name|dynamic-access-policy-record|dynamic-map|enable|established|failover|filter|firewall|"
        "fragment|ftp|global|group-delimiter|group-policy|hostname|http|icmp|imap4s|interface|ip|ipsec|ipv6|isakmp|"
        "key|ldap|logging|mac-address|mac-list|management-access|mgcp-map|monitor-interface|mroute|mtu|multicast-routing|"
        "name|names|nat|ntp|object|object-group|pager|passwd|pim|policy-map|pop3s|prefix-list|privilege|prompt|regex|"
        "route|route-map|router|same-security-traffic|service|service-policy|setup|sla|smtp-server|smtps|snmp|snmp-server|"
        "ssh|ssl|static|sunrpc-server|sysopt|tcp-map|telnet|tftp-server|threat-detection|time-range|timeout|track|"
        "tunnel-group|tunnel-group-map|url-block|url-cache|url-server|username|virtual|vpdn|vpn-sessiondb|webvpn **"
    ),
    "terminal width *",
)
_PIX_TOP: Final = (
    (
        "aaa|aaa-server|access-group|access-list|alias|apply|arp|auth-prompt|banner|ca|clock|conduit|crypto|dhcpd|"
        "domain-name|dynamic-map|eeprom|enable|established|failover|filter|floodguard|fragment|global|hostname|http|icmp|"
        "igmp|interface|ip|ipsec|isakmp|logging|mac-list|management-access|mroute|mtu|multicast|name|nameif|names|nat|ntp|"
        "object-group|outbound|pager|passwd|pdm|privilege|rip|route|route-map|router|routing|service|setup|sysopt|snmp-server|"
        "ssh|static|telnet|terminal|tftp-server|timeout|url-block|url-cache|url-server|username|virtual|vpdn|vpnclient|"
        "vpngroup **"
    ),
    "fixup protocol ctiqbe|dns|esp-ike|ftp|h323|http|icmp|ils|mgcp|pptp|rsh|rtsp|sip|skinny|smtp|snmp|sqlnet|tftp **",
)

# Mode -> what may be said there. Other modes take what their sections already have, and any line at all where that
# says nothing: there are hundreds of them.
SENTENCES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "ios": {
        "": _IOS_TOP,
        "config-if": _IOS_IF,
        "config-subif": _IOS_IF,
        "config-pmap-c": _PMAP_C[1:],
        "config-pmap": ("class|description **",),
        "config-router-af": (
            (
                "aggregate-address|auto-summary|bgp|default-information|default-metric|distance|distribute-list|import|"
                "maximum-paths|neighbor|network|redistribute|summary-address|synchronization|table-map|timers **"
            ),
        ),
        "config-cmap": ("match|description **",),
        "config-ext-nacl": _ACL,
        "config-std-nacl": _ACL,
        "config-route-map": ("match|set|description|continue **",),
        "config-archive": ("path|maximum|time-period|write-memory|rollback|log **",),
        "config-line": (
            (
                "access-class|authorization|accounting|absolute-timeout|autocommand|autohangup|autoselect|databits|"
                "escape-character|exec|exec-banner|exec-timeout|flowcontrol|history|length|location|lockable|logging|"
                "login|logout-warning|modem|monitor|motd-banner|no-exec|notify|parity|password|privilege|refuse-message|"
                "rotary|rxspeed|session-limit|session-timeout|speed|stopbits|terminal-type|transport|txspeed|width **"
            ),
        ),
    },
    "asa": {
        "": _ASA_TOP,
        "config-pmap-c": (_PMAP_C[0], "drop|drop-connection|log|mask|police|priority|reset|set|user-statistics|csc **"),
        "config-pmap": ("class|description|parameters|match **",),
        "config-pmap-p": (
            (
                "mask-banner|allow-tls|mail-relay|special-character|id-randomization|message-length|tls-proxy|"
                "nat-rewrite|protocol-enforcement|dns-guard|tcp-inspection **"
            ),
        ),
        "config-cmap": ("match|description **",),
        "config-if": (
            (
                "authentication|delay|description|duplex|flowcontrol|hello-interval|igmp|ip|ipv6|mac-address|"
                "management-only|mfib|multicast|nameif|ospf|pim|pppoe|rip|security-level|shutdown|speed|vlan **"
            ),
        ),
    },
    "pix": {"": _PIX_TOP},
}
