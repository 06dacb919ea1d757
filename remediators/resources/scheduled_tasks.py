r"""
A dead man's switch: a one-shot task on the host that puts back what is about to be changed, unless it is taken away.

``task:NAME`` is absent, ``armed`` (the file is there and the scheduler knows it), ``fired`` (it runs, or died),
``done`` (it ran to its end) or ``unscheduled`` (only its file is there). Its file is ``%SystemRoot%\Temp\NAME.cmd``;
a change's detail is ``minutes`` and ``lines``, what the file holds.

Microsoft's reference of ``schtasks create`` says: ``/st`` is needed for ONCE, ``/sd`` is today unless given and its
format depends on the locale, System has no password. That 2003 wants ``/st HH:MM:SS`` is from memory; later versions
want ``HH:MM``. No Windows has ever run this: `docs/guard.md`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from remediators.model import (
    ABSENT,
    Action,
    Address,
    Answer,
    Change,
    Command,
    Performance,
    Query,
    ReadFailed,
    Reading,
    Refused,
    Restoration,
    Scope,
    Snapshot,
    Step,
    Value,
)
from remediators.quoting import cmd
from remediators.resources import registry_addresses
from remediators.resources.registry import RegistryKind

ARMED, FIRED, DONE, UNSCHEDULED = "armed", "fired", "done", "unscheduled"
CLOCK: Final = Address("host", "clock")
VERSION: Final = Address("host", "version")
_ZONE: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
_CHANGES: Final = tuple(registry_addresses.value(_ZONE, name) for name in ("DaylightStart", "StandardStart"))
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,60}")
_TIME: Final = re.compile(r"(\d{1,2})\D(\d\d)\D(\d\d)(?:\D\d+)?\s*$")
_DAY: Final = 24 * 60 * 60
_STATES: Final[Mapping[int, Value]] = {0: ABSENT, 1: ARMED, 2: FIRED, 3: DONE}
_MARGIN: Final = dt.timedelta(hours=2)


def address(name: str) -> Address:
    """The address of a switch. Raises `Refused` for a name that is no plain word."""
    if not _NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name of a scheduled task of ours: letters, digits and hyphens")
    return Address("task", name)


def file_of(name: str) -> str:
    """The file of a switch on the host."""
    return f"%SystemRoot%\\Temp\\{name}.cmd"


@dataclass(frozen=True, slots=True)
class Clock:
    """The host's own time of day in seconds, and the dates that its text may mean: its locale decides which."""

    seconds: int
    dates: tuple[dt.date, ...]

    @classmethod
    def read(cls, text: str) -> Clock:
        """From ``%DATE% %TIME%``. Raises ValueError where there is no time in it."""
        found = _TIME.search(text)
        if not found or int(found[1]) > 23:
            raise ValueError(f"no time of day in {text!r}")
        hours, minutes, seconds = (int(part) for part in found.groups())
        return cls(hours * 3600 + minutes * 60 + seconds, tuple(_dates(text[: found.start()])))


def _dates(text: str) -> Iterator[dt.date]:
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    years = [number for number in numbers if number > 1900]
    rest = [number for number in numbers if number <= 1900]
    if len(years) != 1 or len(rest) != 2:
        return
    for month, day in dict.fromkeys([(rest[0], rest[1]), (rest[1], rest[0])]):
        try:
            yield dt.date(years[0], month, day)
        except ValueError:
            continue


def turns_of(raw: str, year: int) -> list[dt.datetime]:
    """
    When a clock changes in a year, local time, as a rule of TimeZoneInformation (hexadecimal) may say.

    Its 16 bytes are eight words: year, month, then day or weekday first; both ways to read them count, since which one
    the registry uses is known from memory only. A month of 0 is no change.
    """
    data = bytes.fromhex(raw)
    if len(data) != 16:
        raise ValueError("it has not 16 bytes")
    words = [int.from_bytes(data[place : place + 2], "little") for place in range(0, 16, 2)]
    readings = ((words[2], words[3], words[7]), (words[3], words[4], words[2]))
    return [turn for day, hour, weekday in readings if (turn := _turn(year, words[1], day, hour, weekday))]


def _turn(year: int, month: int, week: int, hour: int, weekday: int) -> dt.datetime | None:
    if not (1 <= month <= 12 and 1 <= week <= 5 and hour <= 23 and weekday <= 6):
        return None
    first = dt.date(year, month, 1)
    days = [first + dt.timedelta(days=n) for n in range(31) if (first + dt.timedelta(days=n)).month == month]
    fitting = [day for day in days if day.isoweekday() % 7 == weekday]  # Sunday is 0
    return dt.datetime.combine(fitting[min(week, len(fitting)) - 1], dt.time(hour))


def start(clock: Clock, minutes: int, rules: Sequence[str], *, seconds: bool) -> str:
    """
    When the switch is to fire, as ``/st`` takes it. ``rules`` are those of the host's time zone, ``seconds`` for 2003.

    Raises `Refused` across midnight and around a change to or from daylight saving.
    """
    at = clock.seconds + 60 * minutes
    at = at if seconds else -(-at // 60) * 60
    if at >= _DAY - 60:
        raise Refused(
            "the switch would fire after midnight of the host, for which schtasks needs a date in the format of the "
            "host's locale: do it earlier, or later"
        )
    _refuse_turn(clock, at, rules)
    text = f"{at // 3600:02}:{at // 60 % 60:02}"
    return f"{text}:{at % 60:02}" if seconds else text


def _refuse_turn(clock: Clock, at: int, rules: Sequence[str]) -> None:
    real = [rule for rule in rules if int(rule[4:8] or "0", 16)]
    if real and not clock.dates:
        raise Refused("the host's date cannot be told, so neither can whether its clock is about to change")
    for date in clock.dates:
        begin = dt.datetime.combine(date, dt.time())
        for turn in (turn for rule in real for turn in turns_of(rule, date.year)):
            near = begin + dt.timedelta(seconds=clock.seconds) - _MARGIN <= turn
            if near and turn <= begin + dt.timedelta(seconds=at) + _MARGIN:
                raise Refused(
                    f"the host's clock may change to or from daylight saving at {turn:%H:%M}: not across that"
                )


# -- what is asked and sent --------------------------------------------------------------------------------------------


def clock() -> Query:
    """The host's date and time of day."""
    command = cmd.echo(cmd.Env("DATE"), " ", cmd.Env("TIME"))
    return Query("host:clock", (command,), Scope(frozenset({CLOCK})), _clock)


def _clock(answers: Sequence[Answer]) -> Reading:
    text = " ".join(answers[0].text.split())
    try:
        Clock.read(text)
    except ValueError as error:
        raise ReadFailed(f"the host's clock cannot be read: {error}") from error
    return Reading({CLOCK: text})


def _state(where: Address) -> Query:
    name = where.path
    mark, file = _quoted(name, "fired"), _quoted(name, "cmd")
    over = f'find "done" {mark}>nul&(if not errorlevel 1 exit 3)&exit 2'
    text = f"(if exist {mark} ({over}))&(if exist {file} exit 1)&exit 0"
    shown = f"if exist {mark} type {mark}"
    # `/query` takes no name on 2003: the whole list is searched.
    listed = cmd.script(f'schtasks /query /fo csv /nh|find /i "{name}"', shown=f'schtasks /query | find "{name}"')
    commands = (cmd.script(text, shown=shown), listed)
    return Query(f"task:{where.identity}", commands, Scope(frozenset({where})), lambda answers: _told(answers, where))


def _told(answers: Sequence[Answer], where: Address) -> Reading:
    state, listed = answers
    if state.status is None or state.status not in _STATES:
        return Reading(unread={where: f"its files could not be looked for: {' '.join(state.text.split())[:200]}"})
    value = _STATES[state.status]
    if value == ARMED and where.identity not in listed.text.upper():
        value = UNSCHEDULED
    return Reading({} if value is ABSENT else {where: value})


def _quoted(name: str, ending: str) -> str:
    return f'"%SystemRoot%\\Temp\\{name}.{ending}"'


class TaskKind:
    """How a switch is read, armed and taken away. Restoring leaves none: it was never there before."""

    kinds = frozenset({"task"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        yield clock()
        yield from RegistryKind().queries(_CHANGES, known, {})
        yield from (_state(where) for where in addresses)

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        return [step for change in changes for step in _steps(change, known)]

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        return None if change.after in (ABSENT, ARMED) else f"{change.address} cannot be made {change.after}"

    def perform(self, action: Action, known: Snapshot) -> Performance:
        raise Refused(f"a scheduled task has no action {action.verb}")

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        return [
            Restoration("dead_man_switch", {"name": change.address.path}, "the switch is taken away", (change.address,))
            for change in changes
            if change.after == ARMED
        ]

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        return ()


def _steps(change: Change, known: Snapshot) -> Iterator[Step]:
    name, settles = change.address.path, frozenset({change.address})
    if change.after is ABSENT:
        yield Step((_taken_away(name, was=change.before),), settles)
        return
    detail = change.detail or {}
    if "lines" not in detail:
        return  # the inverse of taking it away: nobody wants that back
    yield Step(_file(name, detail["lines"]), frozenset())
    yield Step((_created(name, int(detail["minutes"]), known),), settles)


def _taken_away(name: str, *, was: Value) -> Command:
    """Delete the task, then its file; where it has fired nothing, unless it is known to have."""
    files = f"del /q {_quoted(name, 'cmd')}"
    gone = f"schtasks /delete /tn {name} /f"
    if was in (FIRED, DONE):
        return cmd.script(f"{gone}&{files}&del /q {_quoted(name, 'fired')}")
    return cmd.script(f"if exist {_quoted(name, 'fired')} (exit 1) else ({gone}&{files})")


def _file(name: str, lines: Sequence[str]) -> tuple[Command, ...]:
    return cmd.write_file((cmd.Env("SystemRoot"), f"\\Temp\\{name}.cmd"), lines)


def _created(name: str, minutes: int, known: Snapshot) -> Command:
    old = str(known[VERSION]).startswith("5.")
    rules = [str(known[where]["data"]) for where in _CHANGES if known[where] is not ABSENT]
    if len(rules) < len(_CHANGES):
        raise Refused("the host does not tell when its clock changes to and from daylight saving")
    at = start(Clock.read(str(known[CLOCK])), minutes, rules, seconds=old)
    file = (cmd.Env("SystemRoot"), f"\\Temp\\{name}.cmd")
    made = cmd.program("schtasks", "/create", "/tn", name, "/tr", file, "/sc", "once", "/st", at, "/ru", "SYSTEM")
    when = f"({minutes} minutes later by the host's clock)"
    return replace(made, shown=made.shown.replace(f"/st {at}", f"/st {when}"))
