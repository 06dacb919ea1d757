"""Mail without inspection on IOS (cause 5 of KB 919091): CBAC's `ip inspect name NAME smtp`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, StrictBool

from remediators.catalog.ios_config import DeviceOptions
from remediators.model import ABSENT, Address, Change, Query, Refused, Remediator, Snapshot, Value
from remediators.resources import config_lines as config
from remediators.resources.config_addresses import lines
from remediators.resources.config_text import Path

RULE = re.compile(r"ip inspect name (\S+) (\S+)(?: .*)?$")
_ZONE_MAIL = re.compile(r"class-map type inspect (?!\w+ match)")
MATCH = re.compile(r"match protocol e?smtp\b")
BINDING = re.compile(r"ip inspect (\S+) (?:in|out)$")


class IpInspectOptions(DeviceOptions):
    protocols: tuple[Literal["smtp", "esmtp"], ...] = Field(
        default=("smtp", "esmtp"), min_length=1, description="What is no longer inspected."
    )
    inspection: str = Field(default="all", pattern=r"^\S+$", description="The name of one inspection, or all of them.")
    state: Literal["absent"] = Field(default="absent", description="Inspection of mail can only be taken out.")
    when_last: Literal["refuse", "unbind"] = Field(
        default="refuse",
        description="Where nothing else would be left in a name that interfaces use: refuse, or unbind it there first.",
    )
    allow_no_tcp: StrictBool = Field(
        default=False, description="Take mail out even if nothing else in the name opens the way back for it (tcp)."
    )
    ensure_tcp: StrictBool = Field(
        default=False, description="Add `ip inspect name NAME tcp` first, where mail is taken out of a name without it."
    )


@dataclass(frozen=True, slots=True)
class _Inspection:
    """A set of rules: its lines by protocol, and where interfaces use it."""

    name: str
    rules: tuple[tuple[str, str], ...]  # protocol, line
    bound: tuple[Path, ...]

    def without(self, protocols: Sequence[str]) -> tuple[str, ...]:
        return tuple(protocol for protocol, _ in self.rules if protocol not in protocols)

    def of(self, protocols: Sequence[str]) -> list[str]:
        return [line for protocol, line in self.rules if protocol in protocols]


class IpInspect(Remediator):
    """
    IOS no longer inspects SMTP, in all inspections or in one.

    Inspection (CBAC) also opens the way back for what it inspects. So mail is only taken out of an inspection that
    interfaces use where `tcp` in the same inspection does that for it.

    ```yaml
    - name: No inspection of mail
      ip_inspect: {inspection: all, ensure_tcp: true}
      cause: 5
    ```
    """

    name = "ip_inspect"
    platform = "ios"
    Options = IpInspectOptions

    def queries(self, options: IpInspectOptions, known: Snapshot) -> Iterable[Query]:
        return [config.running()]

    def desired(self, options: IpInspectOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        _refuse_others(snapshot)
        touched = [one for one in _chosen(options, snapshot) if one.of(options.protocols)]
        reasons = [reason for one in touched if (reason := _refusal(one, options))]
        if reasons:
            raise Refused("; ".join(reasons))
        return {address: value for one in touched for address, value in _wanted(one, options).items()}

    def leave(self, options: IpInspectOptions) -> Mapping[str, Any]:
        return options.leave()

    def notes(self, options: IpInspectOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        if options.inspection != "all" and not any(_chosen(options, snapshot)):
            names = ", ".join(sorted({one.name for one in _inspections(snapshot)})) or "none"
            yield f"there is no inspection {options.inspection} (there are: {names})"
        yield from _by_zones(snapshot)
        if changes:
            yield "connections that are open keep their inspection until they end"


def _by_zones(known: Snapshot) -> Iterator[str]:
    """What a zone-based firewall, which is another thing than CBAC, does with mail: it is not touched."""
    paths = list(lines(known))
    mail = {path[0]: path[1] for path in paths if len(path) == 2 and _ZONE_MAIL.match(path[0]) and MATCH.match(path[1])}
    for path in paths:
        classes = (head for head in mail if path[1:2] == (f"class type inspect {head.rsplit(maxsplit=1)[-1]}",))
        for head in classes if len(path) == 3 and path[2].split()[0] == "inspect" else ():
            yield (
                f"mail is inspected by the zone-based firewall too: `{mail[head]}` in `{head}`, used by `{path[0]}`; "
                "this task does not touch that, change it by hand"
            )


def _refuse_others(known: Snapshot) -> None:
    if known[config.PLATFORM] != "ios":
        raise Refused("this device speaks the language of PIX or ASA, which has no `ip inspect`: use smtp_fixup")


def _chosen(options: IpInspectOptions, known: Snapshot) -> Iterator[_Inspection]:
    return (one for one in _inspections(known) if options.inspection in ("all", one.name))


def _inspections(known: Snapshot) -> Iterator[_Inspection]:
    rules: dict[str, list[tuple[str, str]]] = {}
    bound: dict[str, list[Path]] = {}
    for path in lines(known):
        rule = RULE.match(path[0]) if len(path) == 1 else None
        if rule:
            rules.setdefault(rule[1], []).append((rule[2], path[0]))
        binding = BINDING.match(path[1]) if len(path) == 2 and path[0].startswith("interface ") else None
        if binding:
            bound.setdefault(binding[1], []).append(path)
    return (_Inspection(name, tuple(found), tuple(bound.get(name, ()))) for name, found in rules.items())


def _refusal(one: _Inspection, options: IpInspectOptions) -> str | None:
    """Why mail is not taken out of an inspection, and what would allow it."""
    left = one.without(options.protocols)
    if not one.bound or "tcp" in left or options.ensure_tcp:
        return None
    where = ", ".join(f"{path[0].removeprefix('interface ')} ({path[1].split()[-1]})" for path in one.bound)
    offer = f"`ensure_tcp: true` adds `ip inspect name {one.name} tcp` first"
    if not left and options.when_last == "refuse":
        return (
            f"{one.name} would have nothing left to inspect while it is used on {where}: {offer}, `when_last: unbind` "
            "with `allow_no_tcp: true` takes it off there"
        )
    if not options.allow_no_tcp:
        return (
            f"without {' and '.join(options.protocols)} nothing in {one.name}, used on {where}, opens the way back for "
            f"mail: {offer}, `allow_no_tcp: true` goes on all the same"
        )
    return None


def _wanted(one: _Inspection, options: IpInspectOptions) -> dict[Address, Value]:
    """First what opens the way back, then off the interfaces where nothing is left, and then the rules."""
    wanted: dict[Address, Value] = {}
    left = one.without(options.protocols)
    if options.ensure_tcp and one.bound and "tcp" not in left:
        wanted[config.address(f"ip inspect name {one.name} tcp")] = "present"
        left = (*left, "tcp")
    if not left:
        wanted |= {config.address(path[1], path[:1]): ABSENT for path in one.bound}
    return wanted | {config.address(line): ABSENT for line in one.of(options.protocols)}
