"""Which hosts a pattern means: ``a:b``, ``a:&b``, ``a:!b``, globs, ``~regex``, ``group[0:3]``, ``@file``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from remediators.language.inventory import Inventory
from remediators.language.natives import TemplateFault
from remediators.language.problems import Problems, did_you_mean
from remediators.language.regexes import compiled
from remediators.language.source import LineDocument, Place, read_text

_SUBSCRIPT = re.compile(r"(?P<base>.+)\[(?:(?P<one>-?\d{1,9})|(?P<first>\d{0,9})[:-](?P<last>\d{0,9}))\]\Z")
_OPENING, _CLOSING = "([{", ")]}"

Told = Callable[[str, str, str], None]  # what is wrong, hint, the word


def select(
    inventory: Inventory, pattern: str | Sequence[str], problems: Problems, place: Place, where: str = ""
) -> list[str]:
    """
    Hosts that a pattern means, in Ansible's order: as they are named, and within a group in the group's order.

    A part that matches nothing is a problem at ``place``, and so is a pattern that leaves no host.
    """

    def told(what: str, hint: str, word: str) -> None:
        problems.add(place.problem(where, what, hint, word))

    before = len(problems.errors)
    parts = [part for text in ([pattern] if isinstance(pattern, str) else pattern) for part in _parts(inventory, text)]
    parts = [part for text in parts for part in _from_file(text, problems)]
    chosen = _chosen(inventory, parts, told)
    if not chosen and len(problems.errors) == before:
        told(f"the pattern {':'.join(parts)!r} leaves no host", "", "")
    return list(chosen)


def limited(inventory: Inventory, hosts: Iterable[str], limit: str | None, problems: Problems) -> list[str]:
    """Those of the hosts that ``--limit`` means, too."""
    if limit is None:
        return list(hosts)
    allowed = set(select(inventory, limit, problems, Place(LineDocument("--limit", limit), (1, limit))))
    return [host for host in hosts if host in allowed]


def split(pattern: str) -> list[str]:
    """Parts of a pattern, separated by commas or colons outside of brackets."""
    parts, depth = [""], 0
    for char in pattern:
        depth += (char in _OPENING) - (char in _CLOSING)
        if char in ",:" and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def _parts(inventory: Inventory, pattern: str) -> Iterator[str]:
    """An address with colons in it is one part where a host is named so."""
    for piece in pattern.split(",") if any(":" in host for host in inventory.hosts) else [pattern]:
        if piece.strip().lstrip("!&") in inventory.hosts:
            yield piece.strip()
        else:
            yield from split(piece)


def _from_file(part: str, problems: Problems) -> Iterator[str]:
    """``@file``: one pattern on each line, except comments."""
    if not part.startswith("@"):
        yield part
        return
    found = read_text(Path(part[1:]), problems)
    for line in found[0].splitlines() if found else ():
        if line.strip() and not line.lstrip().startswith("#"):
            yield from split(line)


def _chosen(inventory: Inventory, parts: Sequence[str], told: Told) -> dict[str, None]:
    """First what is named, then ``&``, then ``!``, in whatever order they are written, as in Ansible."""
    named = [part for part in parts if part[0] not in "!&"]
    if parts and not named:
        told(f"the pattern {':'.join(parts)!r} only takes away", f"write 'all:{':'.join(parts)}'", "")
        return {}
    chosen = dict.fromkeys(host for part in named for host in _matching(inventory, part, told))
    for part in parts:
        if part[0] == "&":
            kept = set(_narrowing(inventory, part[1:], told))
            chosen = {host: None for host in chosen if host in kept}
    for part in parts:
        if part[0] == "!":
            gone = set(_narrowing(inventory, part[1:], told))
            chosen = {host: None for host in chosen if host not in gone}
    return chosen


def _narrowing(inventory: Inventory, part: str, told: Told) -> Sequence[str]:
    """Hosts behind ``&`` or ``!``, where a group that is empty for now is no mistake."""
    return () if inventory.members.get(part) == [] else _matching(inventory, part, told)


def _matching(inventory: Inventory, part: str, told: Told) -> Sequence[str]:
    """Hosts of one part, without its sign."""
    if not part.strip("~ "):
        told(
            "a part of the pattern has a sign and no name",
            "write the name of a host or group behind '!', '&' or '~'",
            "",
        )
        return []
    if part.startswith("~"):
        return _by_regex(inventory, part[1:], told)
    if part in inventory.hosts:
        return [part]
    subscript = _SUBSCRIPT.match(part)
    if subscript and (inside := _by_name(inventory, subscript["base"])):
        return _member(inside, subscript) or _nothing(inventory, part, told, f" ({len(inside)} hosts there)")
    return _by_name(inventory, part) or _nothing(inventory, subscript["base"] if subscript else part, told)


def _by_name(inventory: Inventory, name: str) -> Sequence[str]:
    """A host of this name wins over a group of this name, as in Ansible."""
    if name in inventory.hosts:
        return [name]
    if name in inventory.members:
        return inventory.members[name]
    if not any(char in name for char in "*?["):
        return []
    return _union(inventory, re.compile(fnmatch.translate(name)).match)


def _by_regex(inventory: Inventory, pattern: str, told: Told) -> Sequence[str]:
    try:
        found = _union(inventory, compiled(pattern, ignorecase=False, multiline=False).match)
    except TemplateFault as fault:
        told(fault.what, fault.hint, pattern)
        return []
    return found or _nothing(inventory, "~" + pattern, told)


def _union(inventory: Inventory, matches: Callable[[str], object]) -> list[str]:
    """Hosts of the groups that match by name, then hosts that match by their own."""
    groups = (members for name, members in inventory.members.items() if matches(name))
    chosen = dict.fromkeys(host for members in groups for host in members)
    chosen.update((host, None) for host in inventory.hosts if matches(host))
    return list(chosen)


def _member(hosts: Sequence[str], subscript: re.Match[str]) -> Sequence[str]:
    if subscript["one"] is not None:
        number = int(subscript["one"])
        return [hosts[number]] if -len(hosts) <= number < len(hosts) else []
    first = int(subscript["first"] or 0)
    return hosts[first : int(subscript["last"]) + 1] if subscript["last"] else hosts[first:]


def _nothing(inventory: Inventory, part: str, told: Told, more: str = "") -> Sequence[str]:
    if part in inventory.groups:
        told(f"the group {part!r} has no hosts", "", part)
        return []
    if not inventory.hosts:
        told("the inventory has no hosts", "", part)
        return []
    if part[0] == "~" or more:
        told(f"{part!r} matches nothing{more}", "", part)
        return []
    what = (
        f"{part!r} matches nothing"
        if any(char in part for char in "*?[")
        else f"no host and no group is named {part!r}"
    )
    told(what, did_you_mean(part, [*inventory.groups, *inventory.hosts]), part)
    return []
