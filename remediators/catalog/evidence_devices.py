"""
What `remediate diagnose` asks of a Cisco device, and what its running configuration is a sign of. Pure; reads only.

An inspection of mail counts where it is in use: on IOS a name that an interface uses, on ASA a policy map that is in
service, on PIX before 7 always. What inspects mail in another way than KB 919091 names (zone-based firewall, a FWSM)
is named, to be changed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from remediators.catalog import ip_inspect, smtp_fixup
from remediators.model import Host, OutOfScope, Query, Snapshot, Unread
from remediators.model.diagnosis import HostEvidence, Sign
from remediators.resources import config_lines as config
from remediators.resources.config_addresses import lines
from remediators.resources.config_text import Path

MAIL = ("smtp", "esmtp")
_SERVICE = re.compile(r"service-policy (\S+) (?:global|interface \S+)")
_ZONE_CLASS = re.compile(r"class-map type inspect (?:match-(?:any|all) )?(\S+)$")
_ZONE_POLICY = re.compile(r"policy-map type inspect (\S+)$")
_ZONE_USE = re.compile(r"service-policy type inspect (\S+)")


@dataclass(frozen=True, slots=True)
class DeviceEvidence:
    """Questions to one device, and its evidence."""

    host: Host
    platform: str

    def queries(self, known: Snapshot) -> Iterator[Query]:
        yield config.running()

    def evidence(self, known: Snapshot) -> HostEvidence:
        """What its configuration tells. Never raises for what a device has said."""
        try:
            platform = str(known[config.PLATFORM])
        except (Unread, OutOfScope) as error:
            sign = Sign("inspection", "unread", f"{self.host.name}: {error.message}")
            return HostEvidence(self.host.name, self.platform, signs={sign.kind: sign})
        found = list(lines(known))
        sign = _ios(self.host.name, found) if platform == "ios" else _firewall(self.host.name, found)
        return HostEvidence(self.host.name, platform, signs={sign.kind: sign}, facts={"platform": platform})


def look_alike(name: str, words: str) -> Sign | None:
    """The sign of a device that is none of those that can be worked on, by what it was refused with."""
    if re.search(r"\bFWSM\b|Firewall Services Module", words):
        return Sign(
            "inspection",
            "look-alike",
            f"{name}: a Firewall Services Module, which inspects SMTP as a PIX does (fixup, inspect smtp): by hand",
            {"manual": True},
        )
    return None


def _ios(name: str, found: Sequence[Path]) -> Sign:
    known = (match for path in found if len(path) == 1 and (match := ip_inspect.RULE.match(path[0])))
    rules = {match[1]: match[2] for match in known if match[2] in MAIL}
    down = {path[0] for path in found if len(path) == 2 and path[1] == "shutdown"}
    uses = [
        (match[1], path[0].removeprefix("interface "))
        for path in found
        if len(path) == 2 and path[0] not in down and (match := ip_inspect.BINDING.match(path[1]))
    ]
    bound = [(rule, where) for rule, where in uses if rule in rules]
    if bound:
        names = list(dict.fromkeys(rule for rule, _ in bound))
        told = ", ".join(f"`ip inspect name {rule} {rules[rule]}`, used on {where}" for rule, where in bound)
        return Sign("inspection", "bound", f"{name}: {told}", {"names": names})
    zones = _zones(found)
    if zones:
        words = f"{name}: the zone-based firewall inspects SMTP (policy map {', '.join(zones)}): by hand"
        return Sign("inspection", "look-alike", words, {"manual": True})
    return _idle(name, list(rules), "no interface that is up uses it")


def _zones(found: Sequence[Path]) -> list[str]:
    """Inspecting policy maps of the zone-based firewall that match SMTP and that a pair of zones uses."""
    matching = {
        match[1]
        for path in found
        if len(path) == 2 and (match := _ZONE_CLASS.match(path[0])) and ip_inspect.MATCH.match(path[1])
    }
    used = {m[1] for path in found if path[0].startswith("zone-pair ") and (m := _ZONE_USE.match(path[-1]))}
    policies = {
        match[1]
        for path in found
        if len(path) >= 2 and (match := _ZONE_POLICY.match(path[0])) and path[1].split()[-1] in matching
    }
    return sorted(policies & used)


def _firewall(name: str, found: Sequence[Path]) -> Sign:
    fixups = [path[0] for path in found if len(path) == 1 and smtp_fixup.FIXUP.match(path[0])]
    if fixups:
        return Sign("inspection", "bound", f"{name}: `{'`, `'.join(fixups)}`", {"names": []})
    maps = {
        path[0].removeprefix("policy-map ")
        for path in found
        if len(path) == 3 and path[0].startswith("policy-map ") and smtp_fixup.INSPECT.match(path[2])
    }
    used = {match[1] for path in found if len(path) == 1 and (match := _SERVICE.match(path[0]))}
    if maps & used:
        names = sorted(maps & used)
        return Sign(
            "inspection", "bound", f"{name}: `inspect esmtp` in {', '.join(names)}, in service", {"names": names}
        )
    return _idle(name, sorted(maps), "it is not in service")


def _idle(name: str, rules: Sequence[str], why: str) -> Sign:
    if not rules:
        return Sign("inspection", "none", f"{name}: its configuration does not inspect SMTP")
    return Sign("inspection", "unbound", f"{name}: {', '.join(rules)} would inspect SMTP, but {why}")
