"""Lines of the running configuration of IOS, ASA and PIX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, model_validator

from remediators.catalog.options import Options
from remediators.model import ABSENT, Address, Change, Query, Refused, Remediator, Snapshot, Value, is_below
from remediators.quoting import config_line
from remediators.resources import config_lines as config
from remediators.resources.config_addresses import inside, is_ordered, lines, path_of, place, shape
from remediators.resources.config_rules import opposite, slot
from remediators.resources.config_text import Path
from remediators.resources.config_words import full_form

_ASKS = re.compile(
    r"(?:no )?(?:banner|macro name|menu|certificate|key-string|crypto key|crypto (?:pki|ca) "
    r"(?:authenticate|enroll|import|export))\b(?!-)"
)
_ACTS = re.compile(
    r"(?:no )?(?:boot|license|reload|tclsh|setup|do|default|end|exit|quit|show|write|copy|clear|configure)\b(?!-)"
)
# What a device has without showing it: `no X` shows that it is off, and nothing shows that it is on.
_SILENT = re.compile(
    r"ip (?:domain[ -]lookup|source-route|bootp server|proxy-arp|redirects|unreachables|route-cache|mroute-cache|"
    r"gratuitous-arps)|cdp (?:run|enable)|service (?:pad|dhcp)|mop enabled|keepalive|logging console|auto-summary|"
    r"synchronization|snmp trap link-status|lldp run"
)
# What a device shows either way: `no X` is a line like any other.
_SHOWN_EITHER_WAY = re.compile(
    r"ip (?:http (?:secure-)?server|finger|classless|subnet-zero|cef|forward-protocol nd)|fixup protocol|aaa new-model|"
    r"service password-encryption|switchport|nat-control|failover|snmp-server enable traps"
)


class DeviceOptions(Options):
    """How a device may be changed: what all tasks on devices have in common."""

    allow_unarmed: StrictBool = Field(
        default=False, description="Change a device that cannot revert by itself if it is no longer reached."
    )
    allow_reload_fallback: StrictBool = Field(
        default=False, description="Where there is no revert timer, arm the device with a reload, which is an outage."
    )
    allow_lockout_risk: StrictBool = Field(
        default=False, description="Change what the session itself comes in by: vty lines, aaa, its interface."
    )
    save: Literal["always", "never", "when_clean"] = Field(
        default="when_clean",
        description="Whether the startup config is written; when_clean: if nothing else was unsaved.",
    )

    def leave(self) -> dict[str, Any]:
        """What was said about arming and saving, as the engine asks for it."""
        names = ("allow_unarmed", "allow_reload_fallback", "allow_lockout_risk", "save")
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


def _typed(text: str) -> str:
    try:
        return config_line.check(text)
    except Refused as refusal:
        raise ValueError(refusal.message) from refusal


Typed = Annotated[str, AfterValidator(_typed)]


class IosConfigOptions(DeviceOptions):
    lines: tuple[Typed, ...] = Field(min_length=1, description="The lines, in full, as the running config shows them.")
    parents: tuple[Typed, ...] = Field(default=(), description="The sections that they stand in, outermost first.")
    state: Literal["present", "absent"] = Field(
        default="present", description="present adds what is missing, absent takes the lines and all in them out."
    )
    whole: StrictBool = Field(
        default=False,
        description="The lines are all that the one ordered section in parents has (an access list, a prefix list, a "
        "route map's entries, a policy map's classes), in this order.",
    )
    as_shown: StrictBool = Field(
        default=False, description="Take the lines as they are, even if they look abbreviated or begin with no."
    )

    @model_validator(mode="after")
    def _fits(self) -> IosConfigOptions:
        for position, text in enumerate((*self.parents, *self.lines)):
            above = self.parents[:position] if position < len(self.parents) else self.parents
            _refuse_questions(text, as_shown=self.as_shown)
            if not self.as_shown:
                _refuse_short(text, above)
        if any(parent.startswith("no ") for parent in self.parents):
            raise ValueError("a section cannot begin with no")
        if self.whole:
            self._one_section()
        elif self.state == "present":
            _refuse_rivals(self.paths())
        return self

    def _one_section(self) -> None:
        if len(self.parents) != 1 or not is_ordered(self.parents) or self.state != "present":
            raise ValueError("whole goes with one ordered section in parents, such as `ip access-list extended NAME`")
        name = config.address(self.parents[0])
        strange = next((line for line in self.lines if place(self._in_section(line)).address != name), None)
        if strange:
            raise ValueError(f"{strange!r} is no line of `{self.parents[0]}`")
        if "class class-default" in self.lines[:-1]:
            raise ValueError("`class class-default` is always the last of a policy map's classes")

    def _in_section(self, line: str) -> Path:
        return (*self.parents, line) if shape(self.parents[0]) in ("nested", "classes") else (line,)

    def paths(self) -> list[Path]:
        return [(*self.parents, line) for line in self.lines]


class IosConfig(Remediator):
    """
    Lines of a device's running configuration are there, or are not.

    Write them in full and exactly as `show running-config` shows them. What a new line replaces (another description,
    another address) is part of the change and comes back with a rollback.

    ```yaml
    - name: Mail goes out without inspection on the backup line
      ios_config:
        parents: [interface Dialer1]
        lines: [ip inspect OLDMAIL out]
        state: absent
    ```
    """

    name = "ios_config"
    platform = "ios"
    Options = IosConfigOptions

    def queries(self, options: IosConfigOptions, known: Snapshot) -> Iterable[Query]:
        return [config.running()]

    def desired(self, options: IosConfigOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        if options.whole:
            return _whole(options.parents, options.lines, snapshot)
        if options.state == "absent":
            return _gone(options.paths(), snapshot)
        return _there(options.paths(), snapshot, as_shown=options.as_shown)

    def leave(self, options: IosConfigOptions) -> Mapping[str, Any]:
        return options.leave()

    def notes(self, options: IosConfigOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        return _longer(options.paths(), snapshot) if options.state == "absent" else ()


# -- what is refused before any device is asked ------------------------------------------------------------------------


def _refuse_questions(text: str, *, as_shown: bool) -> None:
    if _ASKS.match(text) or (_ACTS.match(text) and not as_shown):
        raise ValueError(
            f"{text!r} is no line that stands by itself in a running config: it asks questions, takes several lines or "
            "does something at once"
        )


def _refuse_short(text: str, parents: Sequence[str]) -> None:
    full = full_form(text, parents)
    if full:
        raise ValueError(f"{text!r} is abbreviated, and a running config is compared word by word: write {full!r}")


def _refuse_rivals(paths: Iterable[Path]) -> None:
    taken: dict[object, str] = {}
    for path in paths:
        key = slot(path)
        if key and taken.setdefault(key, path[-1]) != path[-1]:
            raise ValueError(f"{taken[key]!r} and {path[-1]!r} take each other's place: only one of them can be there")


# -- what is wanted ----------------------------------------------------------------------------------------------------


def _there(paths: Sequence[Path], known: Snapshot, *, as_shown: bool) -> dict[Address, Value]:
    """Every line with its parents, and what they replace gone."""
    wanted: dict[Address, Value] = {}
    for path in paths:
        for deep in range(1, len(path) + 1):
            _want(path[:deep], known, wanted, as_shown=as_shown)
    return wanted


def _whole(section: Path, wanted: Sequence[str], known: Snapshot) -> dict[Address, Value]:
    """An ordered section exactly so; what stands in entries that go goes with them."""
    where = config.address(section[0])
    below = section if shape(section[0]) == "classes" else ()
    gone = [line for line in known[where] or () if line not in wanted]
    inner = [path for line in gone for path in reversed([*_removable((*below, line), known)])]
    return {**{config.address(path[-1], path[:-1]): ABSENT for path in inner}, where: list(wanted)}


def _want(path: Path, known: Snapshot, wanted: dict[Address, Value], *, as_shown: bool) -> None:
    spot = place(path)
    if spot.entry is not None or is_ordered(path):
        value = list(wanted.get(spot.address, known[spot.address]) or ())
        new = spot.entry is not None and spot.entry not in value
        wanted[spot.address] = [*value, spot.entry] if new else value
        if not wanted[spot.address] and shape(path[0]) in ("flat", "entries"):
            raise Refused(f"`{path[0]}` alone is no line: say what stands in it")
        return
    other = config.address(opposite(path[-1]), path[:-1])
    if known[spot.address] is ABSENT and (known[other] is not ABSENT or _SILENT.match(path[-1])):
        if known[other] is not ABSENT:
            _refuse_negation(path, as_shown=as_shown, shown=True)
        wanted[other] = ABSENT
        return
    if known[spot.address] is ABSENT:
        _refuse_negation(path, as_shown=as_shown, shown=False)
    wanted |= {spot.address: "present", **dict.fromkeys(_rivals(path, known), ABSENT)}


def _refuse_negation(path: Path, *, as_shown: bool, shown: bool) -> None:
    line = path[-1]
    if as_shown or not line.startswith("no "):
        return
    positive = line.removeprefix("no ")
    if shown:
        raise Refused(f"`{positive}` is in the running config: to take it out say `state: absent` with `{positive}`")
    if slot(path) is None and not _SILENT.match(positive) and not _SHOWN_EITHER_WAY.match(positive):
        raise Refused(
            f"neither `{positive}` nor `{line}` is in the running config, so whether it is on cannot be told: say "
            f"`state: absent` with `{positive}` if it must not be configured, or `as_shown: true` if `{line}` will show"
        )


def _rivals(path: Path, known: Snapshot) -> list[Address]:
    """What this line takes the place of."""
    key = slot(path)
    if key is None:
        return []
    return [
        config.address(other[-1], other[:-1])
        for other in lines(known)
        if len(other) == len(path) and other != path and other[:-1] == path[:-1] and slot(other) == key
    ]


def _gone(paths: Sequence[Path], known: Snapshot) -> dict[Address, Value]:
    """The lines absent, with all that is in them, innermost first."""
    wanted: dict[Address, Value] = {}
    for path in paths:
        for head in _heads(path, known):
            for below in reversed([*_removable(head, known)]):
                wanted[place(below).address] = ABSENT
        _without(path, known, wanted)
    return wanted


def _longer(paths: Sequence[Path], known: Snapshot) -> Iterator[str]:
    """Of lines that are to go and are not there: those that only begin so, and stay."""
    there = [*lines(known)]
    for path in paths:
        longer = [one[-1] for one in there if one[:-1] == path[:-1] and one[-1].startswith(f"{path[-1]} ")]
        if longer and path not in there:
            more = f" (and {len(longer) - 1} more)" if len(longer) > 1 else ""
            yield f"there is no line `{path[-1]}`; `{longer[0]}`{more} begins so and stays: say it whole to take it out"


def _removable(head: Path, known: Snapshot) -> Iterator[Path]:
    """What has an address of its own in a section that goes. Raises `Refused` where it could not come back."""
    _refuse_opaque(head, known)
    return (path for path in inside(head, known) if place(path).entry is None)


def _heads(path: Path, known: Snapshot) -> list[Path]:
    """The sections that go: of a whole route map those of all its entries."""
    if is_ordered(path) and shape(path[0]) == "entries":
        return [(entry,) for entry in known[config.address(path[0])] or ()]
    return [path]


def _without(path: Path, known: Snapshot, wanted: dict[Address, Value]) -> None:
    spot = place(path)
    before = wanted.get(spot.address, known[spot.address])
    if spot.entry is None or before is ABSENT:
        wanted[spot.address] = ABSENT
        return
    rest = [entry for entry in before if entry != spot.entry]
    wanted[spot.address] = rest if rest or shape(path[0]) in ("nested", "classes") else ABSENT


def _refuse_opaque(path: Path, known: Snapshot) -> None:
    where = config.address(path[-1], path[:-1])
    held = next((one for one in known.unread if is_below(one, where)), None)
    if held:
        raise Refused(f"`{path[-1]}` holds `{path_of(held)[-1]}`, a text of several lines that could not be put back")
