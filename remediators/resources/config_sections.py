"""
From one order of lines to another with the least that can be typed: access lists and prefix lists.

An access list in use is never left empty, for an empty one lets everything through (IOS) or goes with its binding
(ASA): what is new is put in at its place first, and only then is the old taken out. ASA and PIX 6.3 have a place for a
line (``access-list NAME line 3 …``). IOS from 12.3 on numbers the entries without showing the numbers, so they are
dealt anew first (``ip access-list resequence``), which changes nothing that the list does; then each new entry gets a
number between two others. A single ``no access-list 101 …`` would remove the whole list on IOS, so entries of numbered
lists are taken out in the list's own section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from remediators.model import ABSENT, Refused, Snapshot
from remediators.resources.config_addresses import RELEASE, lines, platform, shape

Value = list[str] | None

_NUMBER = re.compile(r"access-list (\d+)$")
_SEQUENCE = re.compile(r"(ip(?:v6)? prefix-list \S+ seq \d+) ")
_SHOWN = re.compile(r"(\d+) ")
_USES = r"(?:access-group|access-class|access-list|list|address|prefix-list|match|RO|RW)"
_LIST = re.compile(r"(?:ip |ipv6 )?(?:access|prefix)-list ")


def section_lines(name: str, before: Value, after: Value, known: Snapshot) -> list[str]:
    """
    The lines that lead an access list or a prefix list from one value to another, section lines included.

    Raises `Refused` where there is no way that is exact and never leaves a list in use empty.
    """
    if before == after:
        return []
    if not after and before:
        _refuse_in_use(name, known)
    if name.startswith(("ip prefix-list", "ipv6 prefix-list")):
        return _prefix_list(before or [], after or [])
    if platform(known) == "ios":
        return _ios(name, before, after, known)
    return _asa(name, before or [], after or [])


def in_use(name: str, known: Snapshot) -> str | None:
    """A line that uses this list, with its parents, or ``None``."""
    if name.startswith("nat "):
        return None
    word = re.escape(name.rsplit(maxsplit=1)[-1])
    uses = re.compile(rf"\b{_USES} (?:\S+ )*?{word}(?: |$)")
    for path in lines(known):
        if not _LIST.match(path[0]) and uses.search(path[-1]):
            return " > ".join(path)
    return None


def _refuse_in_use(name: str, known: Snapshot) -> None:
    user = in_use(name, known)
    if user:
        raise Refused(
            f"`{name}` is used by `{user}`, and an empty list lets everything through: take it out of use first"
        )


# -- prefix lists stand in the order of their numbers ------------------------------------------------------------------


def _prefix_list(before: Sequence[str], after: Sequence[str]) -> list[str]:
    if list(after) != sorted(after, key=_order):
        raise Refused("a prefix list stands in the order of its numbers: give each line its `seq`, in that order")
    taken = {_number(line): line for line in before if line not in after}
    found: list[str] = []
    for line in (line for line in after if line not in before):
        same = taken.pop(_number(line), None) if _number(line) else None
        found += [f"no {same}", line] if same else [line]
    return found + [f"no {line}" for line in taken.values()]


def _number(line: str) -> str:
    found = _SEQUENCE.match(line)
    return found[1] if found else line


def _order(line: str) -> int:
    found = re.search(r" seq (\d+) ", line)
    return int(found[1]) if found else 0  # a description stands first


# -- ASA and PIX have a place for a line -------------------------------------------------------------------------------


def _asa(name: str, before: Sequence[str], after: Sequence[str]) -> list[str]:
    if after[: len(before)] == before:
        return list(after[len(before) :])
    _refuse_twice(name, (*before, *(line for line in after if line not in before)))
    _refuse_twice(name, after)
    new, gone, moved = _difference(before, after)
    now, found = list(before), list[str]()
    for index, line in enumerate(after):
        if line in moved:
            found.append(f"no {line}")
            now.remove(line)
        if line in moved or line in new:
            at = now.index(after[index - 1]) + 1 if index else 0
            found.append(line if at == len(now) else _at(name, line, at + 1))
            now.insert(at, line)
    return found + [f"no {line}" for line in before if line in gone]


def _at(name: str, line: str, number: int) -> str:
    if name.startswith("nat "):
        return re.sub(r"(?=source )", f"{number} ", line, count=1)
    return f"{name} line {number}{line.removeprefix(name)}"


# -- IOS --------------------------------------------------------------------------------------------------------------


def _ios(name: str, before: Value, after: Value, known: Snapshot) -> list[str]:
    if after is ABSENT or (not after and shape(name) == "flat"):
        return [f"no {name}"]
    nested = shape(name) == "nested"
    old, new = [_bare(name, line) for line in before or []], [_bare(name, line) for line in after]
    if new[: len(old)] == old:
        added = new[len(old) :]
        return [name, *added] if nested else [f"{name} {line}" for line in added]
    _refuse_twice(name, old)
    _refuse_twice(name, new)
    section = name if nested else _section(name)
    if all(_SHOWN.match(line) for line in (*old, *new)):
        return [section, *_numbered(old, new)]
    if _is_shorter(old, new):
        return [section, *(f"no {line}" for line in old if line not in new)]
    return _placed(section, old, new, known)


def _bare(name: str, line: str) -> str:
    return line if shape(name) == "nested" else line.removeprefix(f"{name} ")


def _section(name: str) -> str:
    """The section in which entries of a numbered access list can be worked on one by one."""
    found = _NUMBER.match(name)
    number = int(found[1]) if found else 0
    if 1 <= number <= 99 or 1300 <= number <= 1999:
        return f"ip access-list standard {number}"
    if 100 <= number <= 199 or 2000 <= number <= 2699:
        return f"ip access-list extended {number}"
    raise Refused(f"single lines of `{name}` cannot be changed: IOS has no section for lists of that number")


def _is_shorter(old: Sequence[str], new: Sequence[str]) -> bool:
    kept = [line for line in old if line in new]
    return kept == list(new)


def _numbered(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Entries that show their numbers (IOS XE 17) stand in their order by themselves."""
    if list(new) != sorted(new, key=lambda line: int(line.split()[0])):
        raise Refused("entries with numbers stand in the order of their numbers")
    gone = {line.split()[0]: line for line in old if line not in new}
    found: list[str] = []
    for line in (line for line in new if line not in old):
        number = line.split()[0]
        found += [f"no {number}", line] if gone.pop(number, None) else [line]
    return found + [f"no {number}" for number in gone]


def _placed(section: str, old: Sequence[str], new: Sequence[str], known: Snapshot) -> list[str]:
    """Deal the hidden numbers anew, then put every new entry between its neighbours and take the old ones out."""
    if section.startswith("ipv6"):
        raise Refused(f"`{section}` can only be appended to: its entries have no numbers that could be dealt anew")
    if section.split()[2] == "standard":
        raise Refused(f"`{section}` can only be appended to: IOS orders the hosts of standard lists itself")
    if any(line.startswith("remark ") for line in (*old, *new) if (line in old) != (line in new)):
        raise Refused(f"`{section}`: a remark has no number of its own, so it cannot be put back at its place")
    _refuse_old(section, known)
    added, _, moved = _difference(old, new)
    if any(line.startswith("remark ") for line in moved) or _after_a_remark(new, added | moved):
        raise Refused(f"`{section}`: a remark belongs to the entry after it, so nothing can be put between the two")
    step = 10 * (len(new) // 10 + 1)
    name = section.removeprefix("ip access-list ").split(" ", 1)[1]
    return [f"ip access-list resequence {name} {step} {step}", section, *_between(old, new, step)]


def _after_a_remark(new: Sequence[str], put: set[str]) -> bool:
    """Whether an entry would have to go between a remark and what follows it now."""
    last = ""
    for line in new:
        if line in put and last.startswith("remark "):
            return True
        last = last if line in put else line
    return False


def _between(old: Sequence[str], new: Sequence[str], step: int) -> list[str]:
    entries = [line for line in old if not line.startswith("remark ")]
    number = {line: step * (index + 1) for index, line in enumerate(entries)}
    added, gone, moved = _difference(old, new)
    found: list[str] = []
    last = 0
    for line in (line for line in new if not line.startswith("remark ")):
        if line in moved:
            found.append(f"no {number[line]}")
        if line in moved or line in added:
            last += 1
            found.append(f"{last} {line}")
        else:
            last = number[line]
    return found + [f"no {number[line]}" for line in entries if line in gone]


def _refuse_old(section: str, known: Snapshot) -> None:
    """Entries have numbers since 12.2(14)S and 12.3(2)T (Cisco, "IP Access List Entry Sequence Numbering")."""
    release = str(known[RELEASE]) if known.readable(RELEASE) else ""
    found = re.match(r"(\d+)\.(\d+)", release)
    if not found or (int(found[1]), int(found[2])) < (12, 3):
        raise Refused(
            f"`{section}` can only be appended to: IOS {release or 'of unknown release'} does not number entries"
        )


# -- both -------------------------------------------------------------------------------------------------------------


def _difference(before: Sequence[str], after: Sequence[str]) -> tuple[set[str], set[str], set[str]]:
    """What is new, what is gone, and what is there before and after but must change its place."""
    kept: set[str] = set()
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        kept |= set(before[block.a : block.a + block.size])
    return set(after) - set(before), set(before) - set(after), (set(before) & set(after)) - kept


def _refuse_twice(name: str, wanted: Iterable[str]) -> None:
    seen: set[str] = set()
    for line in wanted:
        if line in seen:
            raise Refused(
                f"`{line}` stands twice in `{name}`, so its lines cannot be told apart; they can only be added to"
            )
        seen.add(line)


# -- policy maps ------------------------------------------------------------------------------------------------------


def turned(before: Sequence[str], after: Sequence[str], known: Snapshot) -> tuple[list[str], list[str]] | None:
    """
    The classes of a policy map that must be taken out, and those to be put (back) in, to get their order.

    ``None`` where adding at the end and taking out is enough. IOS keeps ``class-default`` last by itself.
    """
    if platform(known) == "ios":
        if "class class-default" in after[:-1]:
            raise Refused("IOS keeps `class class-default` as the last of a policy map: say it last")
        before, after = ([line for line in one if line != "class class-default"] for one in (before, after))
    kept = [line for line in before if line in after]
    if list(after[: len(kept)]) == kept:
        return None
    same = (one == other for one, other in zip(before, after, strict=False))
    first = next((index for index, equal in enumerate(same) if not equal), min(len(before), len(after)))
    return list(before[first:]), list(after[first:])


# -- route maps -------------------------------------------------------------------------------------------------------


def refuse_disorder(name: str, after: Value) -> None:
    """Raise `Refused` where the entries of a route map do not stand in the order of their numbers, as they will."""
    numbers = [int(line.rsplit(maxsplit=1)[-1]) for line in after or ()]
    if numbers != sorted(set(numbers)):
        raise Refused(f"`{name}` stands in the order of its numbers: give its entries in that order, each number once")
