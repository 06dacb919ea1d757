"""How a play goes over its hosts, key by key: what needs no inventory is checked early, the rest when it is bound."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from remediators.language.draft import Layer
from remediators.language.inventory import Inventory
from remediators.language.natives import TemplateFault
from remediators.language.patterns import select
from remediators.language.plays import Play
from remediators.language.problems import Problems, did_you_mean, kind_of
from remediators.language.source import Place
from remediators.language.templating import has_template, render
from remediators.language.variables import Scope
from remediators.model.rollout import ORDERS, Apart, Pace
from remediators.model.windows import KEYS as WINDOW_KEYS
from remediators.model.windows import Window, WindowMistake, read_window

PACE_KEYS = (
    "serial",
    "max_fail_percentage",
    "any_errors_fatal",
    "order",
    "throttle",
    "canary",
    "soak",
    "never_together",
    "window",
)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%\Z")
_LENGTH = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s?)?\Z")
_SPANS = (86400, 3600, 60, 1)
_SIZES = "a number of hosts, or a percent such as 30%"


class _Wrong(Exception):
    """What is wrong with a value; ``path`` is where within it."""

    def __init__(self, what: str, hint: str = "", path: tuple[Any, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.hint, self.path = what, hint, path


def check_pace(body: Mapping[str, Any], place: Place, where: str, problems: Problems) -> dict[str, Any]:
    """The keys of a play that say how it goes over its hosts, as they were written, with what is wrong told."""
    given = {key: body[key] for key in PACE_KEYS if key in body and body[key] is not None}
    for key, value in given.items():
        if not has_template(value):
            _read(key, value, place, where, problems)
    if "soak" in given and "canary" not in given and "serial" not in given:
        what = "soak waits after the first wave, and this play has only one"
        problems.add(place.at("soak").key.problem(where, what, "write canary: 1, or serial"))
    return given


def check_throttle(value: Any, place: Place, where: str, problems: Problems) -> int | None:
    """The throttle of a task."""
    return None if value is None else _read("throttle", value, place, where, problems)


def bound_pace(
    play: Play, hosts: Sequence[str], inventory: Inventory, extra: tuple[Layer, ...], problems: Problems
) -> Pace:
    """How a play goes over its hosts, templates filled in from ``-e`` and the play's own variables."""
    if not play.pace:
        return Pace()
    where, place = f"play {play.name!r}", play.place
    scope = Scope((*extra, *play.layers), {}, {}, foreign=frozenset(map(id, play.layers)))
    values: dict[str, Any] = {}
    for key, written in play.pace.items():
        try:
            value = render(written, scope) if has_template(written) else written
        except TemplateFault as fault:
            hint = fault.hint or f"{key} takes variables from --extra-vars and from the play's vars"
            problems.add((fault.place or place.at(key)).problem(where, fault.what, hint, fault.word))
            continue
        values[key] = _read(key, value, place, where, problems)
    found = {key: value for key, value in values.items() if value is not None}
    finder = _Finder(inventory, place, where, problems)
    if isinstance(found.get("canary"), list):
        names = select(inventory, found["canary"], problems, place.at("canary"), where)
        found["canary"] = finder.canaries(names, hosts)
    if "never_together" in found:
        found["never_together"] = tuple(finder.apart(found["never_together"]))
    return Pace(**found)


class _Finder:
    """Hosts that the keys of a play name."""

    def __init__(self, inventory: Inventory, place: Place, where: str, problems: Problems) -> None:
        self.inventory = inventory
        self.place = place
        self.where = where
        self.problems = problems

    def canaries(self, names: Sequence[str], hosts: Sequence[str]) -> tuple[str, ...] | None:
        """Canaries are hosts of the play; with ``--limit`` perhaps not all of them, but never none."""
        mine = tuple(name for name in names if name in hosts)
        if names and hosts and not mine:
            what = f"none of the canaries ({', '.join(names[:5])}) is a host of this run"
            self.problems.add(self.place.at("canary").problem(self.where, what, "name hosts of the play"))
        return mine or None

    def apart(self, entries: Sequence[Any]) -> Iterator[Apart]:
        """Each group by itself; hosts that are named one by one are a group together."""
        single: list[str] = []
        for number, entry in enumerate(entries):
            at = self.place.at("never_together", number)
            if isinstance(entry, str) and entry in self.inventory.groups:
                yield Apart(entry, tuple(self.inventory.members[entry]))
            elif isinstance(entry, str) and entry in self.inventory.hosts:
                single.append(entry)
            else:
                names = select(self.inventory, entry, self.problems, at, self.where)
                if names:
                    yield Apart(entry if isinstance(entry, str) else ", ".join(entry), tuple(names))
        if len(single) == 1:
            at, what = self.place.at("never_together"), f"{single[0]!r} is a single host, which is always alone"
            self.problems.add(at.problem(self.where, what, "name groups, or at least two hosts"))
        elif single:
            yield Apart(", ".join(single), tuple(dict.fromkeys(single)))


def _read(key: str, value: Any, place: Place, where: str, problems: Problems) -> Any:
    """The value of a key; ``None`` where it makes no sense, which is told."""
    try:
        return _READERS[key](value)
    except _Wrong as wrong:
        problems.add(place.at(key, *wrong.path).problem(where, f"{key}: {wrong.what}", wrong.hint))
    return None


def _serial(value: Any) -> tuple[int | str, ...]:
    if isinstance(value, list):
        if not value:
            raise _Wrong("an empty list has no wave", f"write {_SIZES}")
        return tuple(_size(part, (number,)) for number, part in enumerate(value))
    return (_size(value),)


def _size(value: Any, path: tuple[Any, ...] = ()) -> int | str:
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = _PERCENT.match(value.strip()) if isinstance(value, str) else None
    if found and 0 < float(found[1]) <= 100:
        return f"{found[1]}%"
    raise _Wrong(f"{_shown(value)} is no size of a wave", f"write {_SIZES}", path)


def _percentage(value: Any) -> float:
    text = value.strip().rstrip("%").strip() if isinstance(value, str) else value
    try:
        number = math.nan if isinstance(text, bool) else float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 100:
        raise _Wrong(f"{_shown(value)} is no percentage", "write a number from 0 to 100")
    return number


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


def _order(value: Any) -> str:
    if value not in ORDERS:
        hint = (did_you_mean(value, ORDERS) if isinstance(value, str) else "") or f"one of {', '.join(ORDERS)}"
        raise _Wrong(f"{_shown(value)} is no order", hint)
    return str(value)


def _count(value: Any) -> int | None:
    """As in Ansible 0 is no throttle at all."""
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _Wrong(f"{_shown(value)} is no number of hosts", "write how many may be worked on at once")
    return value or None


def _canary(value: Any) -> int | str | list[str]:
    """A number, a percent, or patterns of hosts."""
    if isinstance(value, int) or (isinstance(value, str) and (_PERCENT.match(value) or value.isdigit())):
        return _size(value)
    patterns = value if isinstance(value, list) else [value]
    if not patterns or not all(isinstance(part, str) and part.strip() for part in patterns):
        raise _Wrong(f"{_shown(value)} names no host", f"write {_SIZES}, or names of hosts")
    return patterns


def _soak(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    found = _LENGTH.match(value.replace(" ", "")) if isinstance(value, str) and value.strip() else None
    seconds = sum(int(part) * size for part, size in zip(found.groups(), _SPANS, strict=True) if part) if found else 0
    if seconds <= 0:
        raise _Wrong(f"{_shown(value)} is no length of time", "write 90s, 10m, 2h or 1h30m")
    return float(seconds)


def _apart(value: Any) -> list[Any]:
    entries = value if isinstance(value, list) else [value]
    for number, entry in enumerate(entries):
        parts = entry if isinstance(entry, list) else [entry]
        if not parts or not all(isinstance(part, str) and part.strip() for part in parts):
            path = (number,) if isinstance(value, list) else ()
            raise _Wrong(f"{_shown(entry)} names no group", "write names of groups of the inventory", path)
    if not entries:
        raise _Wrong("an empty list keeps nobody apart", "write names of groups of the inventory")
    return entries


def _window(value: Any) -> Window:
    try:
        return read_window(value)
    except WindowMistake as mistake:
        inside = isinstance(value, dict) and mistake.key in value and mistake.key in WINDOW_KEYS
        raise _Wrong(mistake.what, mistake.hint, (mistake.key,) if inside else ()) from None


def _shown(value: Any) -> str:
    return kind_of(value) if isinstance(value, dict | list) or value is None else repr(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "serial": _serial,
    "max_fail_percentage": _percentage,
    "any_errors_fatal": _flag,
    "order": _order,
    "throttle": _count,
    "canary": _canary,
    "soak": _soak,
    "never_together": _apart,
    "window": _window,
}
