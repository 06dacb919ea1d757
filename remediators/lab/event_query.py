r"""
eventquery.vbs of Windows Server 2003.

``cscript //nologo %windir%\system32\eventquery.vbs /l LOG /fi FILTER /fo FORM /v /r N /nh``

Source: Microsoft, "Eventquery" (cc772995), for switches, filters and operators; the columns' widths are those of the
shipped script. Exit codes: 0, 254 for what was asked wrongly, 255 and 250 for what went wrong.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from remediators.lab.event_log import LOGS, Event, Kind
from remediators.lab.process import Process

SCRIPT: Final = "eventquery.vbs"
_INVALID: Final = 254
_WITHOUT_CMDLIB: Final = 250
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {"eq": eq, "ne": ne, "ge": ge, "le": le, "gt": gt, "lt": lt}
_ORDERED: Final = frozenset({"datetime", "id"})
_FILTERS: Final = _ORDERED | {"type", "user", "computer", "source", "category"}
_DATETIME: Final = re.compile(r"(\d\d?)/(\d\d?)/(\d{4}|\d\d),(\d\d?):(\d\d):(\d\d)(AM|PM)", re.IGNORECASE)
_TYPES: Final = {
    "error": "error",
    "warning": "warning",
    "information": "information",
    "successaudit": "success",
    "failureaudit": "failure",
}
_WIDTHS: Final = (13, 6, 23, 17, 15, 20, 15, 0)
_COLUMNS: Final = ("type", "event", "date", "source", "computer", "user", "category", "description")
_RULE: Final = "-" * 78


class WrongError(Exception):
    """What the script says of its arguments before it quits with 254."""


@dataclass(slots=True)
class _Asked:
    """The switches, read."""

    logs: list[str] = field(default_factory=list)
    kinds: list[Callable[[Kind], bool]] = field(default_factory=list)
    times: list[Callable[[dt.datetime], bool]] = field(default_factory=list)
    form: str = "TABLE"
    verbose: bool = False
    bare: bool = False
    first: int = 0
    last: int | None = None
    oldest: int = 0
    before: dt.datetime | None = None  # no event after this is asked for


def eventquery(process: Process, words: list[str]) -> int:
    """Run the script with its arguments."""
    if not process.machine.cmdlib:
        process.say(f"{process.word('no-cmdlib')}\n")
        return _WITHOUT_CMDLIB
    try:
        asked = _read(process, words)
    except WrongError as error:
        process.say(f"{error}\n")
        return _INVALID
    logs = asked.logs or list(LOGS)
    for log in logs:
        _tell(process, asked, log)
    return 0


def _read(process: Process, words: Sequence[str]) -> _Asked:
    asked, rest = _Asked(), iter(words)
    for word in rest:
        switch = word.lower().replace("-", "/", 1) if word.startswith("-") else word.lower()
        match switch:
            case "/v":
                asked.verbose = True
            case "/nh":
                asked.bare = True
            case "/l" | "/fi" | "/fo" | "/r":
                _switch(process, asked, switch, _next(process, word, rest))
            case _:
                raise WrongError(process.word("eventquery-switch", word))
    if asked.bare and asked.form == "LIST":
        raise WrongError(process.word("eventquery-switch", "/nh"))
    return asked


def _next(process: Process, word: str, rest: Iterator[str]) -> str:
    following = next(rest, None)
    if following is None:
        raise WrongError(process.word("eventquery-value", word))
    return following


def _switch(process: Process, asked: _Asked, switch: str, value: str) -> None:
    match switch:
        case "/l":
            asked.logs += _logs(process, value)
        case "/fi":
            _filter(process, asked, value)
        case "/fo":
            asked.form = value.upper()
            if asked.form not in ("TABLE", "LIST", "CSV"):
                raise WrongError(process.word("eventquery-switch", value))
        case _:
            _range(process, asked, value)


def _logs(process: Process, value: str) -> list[str]:
    if value == "*":
        return list(LOGS)
    found = [log for log in LOGS if log.lower() == value.lower()]
    if not found:
        raise WrongError(process.word("eventquery-log", value))
    return found


def _range(process: Process, asked: _Asked, value: str) -> None:
    """``N`` the newest, ``-N`` the oldest, ``N-M`` from the Nth newest to the Mth."""
    found = re.fullmatch(r"(-?)(\d+)(?:-(\d+))?", value)
    if found is None or int(found[2]) == 0 or (found[1] and found[3]):
        raise WrongError(process.word("eventquery-range", value))
    number = int(found[2])
    if found[1]:
        asked.oldest = number
    elif found[3]:
        asked.first, asked.last = number - 1, int(found[3])
    else:
        asked.last = number


def _filter(process: Process, asked: _Asked, text: str) -> None:
    words = text.split(maxsplit=2)
    wrong = WrongError(process.word("eventquery-filter", text))
    if len(words) != 3:
        raise wrong
    name, operator, value = words[0].lower(), words[1].lower(), words[2].strip()
    if name not in _FILTERS or operator not in _OPERATORS or (operator not in ("eq", "ne") and name not in _ORDERED):
        raise wrong
    compare, wanted = _OPERATORS[operator], _wanted(process, name, value)
    if wanted is None:
        raise wrong
    if name == "datetime":
        asked.times.append(lambda when: compare(when.replace(microsecond=0), wanted))
        if operator in ("le", "lt") and isinstance(wanted, dt.datetime):
            asked.before = min(asked.before or wanted, wanted) + dt.timedelta(seconds=operator == "le")
    else:
        asked.kinds.append(lambda kind: compare(_of(process, kind, name), wanted))


def _wanted(process: Process, name: str, value: str) -> object | None:
    match name:
        case "id":
            return int(value) if value.isdigit() else None
        case "datetime":
            return _datetime(process, value)
        case "type":
            return _TYPES.get(value.lower().replace(" ", ""))
        case _:
            return value.lower()


def _datetime(process: Process, value: str) -> dt.datetime | None:
    found = _DATETIME.fullmatch(value)
    if found is None:
        return None
    month, day, year, hour, minute, second = (int(part) for part in found.groups()[:6])
    year += 2000 if year < 100 else 0
    hour = hour % 12 + (12 if found[7].upper() == "PM" else 0)
    try:
        local = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError:
        return None
    return local - process.machine.zone


def _of(process: Process, kind: Kind, name: str) -> object:
    match name:
        case "id":
            return kind.id
        case "type":
            return kind.type
        case "computer":
            return process.machine.computer.lower()
        case _:
            return str(getattr(kind, name)).lower()


def _tell(process: Process, asked: _Asked, log: str) -> None:
    log_of = process.machine.events
    events = log_of.newest_first([log], lambda kind: all(wanted(kind) for wanted in asked.kinds), asked.before)
    found: Iterable[Event] = (event for event in events if all(wanted(event.when) for wanted in asked.times))
    if asked.oldest:
        found = list(found)[-asked.oldest :]
    rows = [_row(process, event) for event in islice(found, asked.first, asked.last)]
    if not rows:
        process.say(process.word("eventquery-none", log) + "\n")
        return
    if not asked.bare:
        process.say(f"\n{_RULE}\n{process.word('eventquery-head', log, process.machine.computer)}\n{_RULE}\n")
    count = len(_COLUMNS) if asked.verbose else 5
    heads = [process.word(f"eventquery-{column}") for column in _COLUMNS[:count]]
    _FORMS[asked.form](process, heads, [row[:count] for row in rows], bare=asked.bare)


def _row(process: Process, event: Event) -> list[str]:
    kind, machine = event.kind, process.machine
    return [
        process.word(f"event-{kind.type}"),
        str(kind.id),
        _shown(process, event.when + machine.zone),
        kind.source,
        machine.computer,
        kind.user,
        kind.category,
        kind.message.replace("\r\n", " ").replace("\n", " "),
    ]


def _shown(process: Process, when: dt.datetime) -> str:
    """As VBScript shows a date where nobody changed the language's own form."""
    if process.machine.language == "de":
        return f"{when:%d.%m.%Y %H:%M:%S}"
    return f"{when.month}/{when.day}/{when.year} {when.hour % 12 or 12}:{when:%M:%S %p}"


def _table(process: Process, heads: list[str], rows: list[list[str]], *, bare: bool) -> None:
    lines = [] if bare else [heads, ["-" * (width or len(heads[-1])) for width in _WIDTHS[: len(heads)]]]
    for row in (*lines, *rows):
        cells = (cell[:width].ljust(width) if width else cell for cell, width in zip(row, _WIDTHS, strict=False))
        process.say(" ".join(cells) + "\n")


def _list(process: Process, heads: list[str], rows: list[list[str]], *, bare: bool) -> None:
    assert not bare
    width = max(map(len, heads)) + 2
    for row in rows:
        process.say("".join(f"{head + ':':<{width}}{cell}\n" for head, cell in zip(heads, row, strict=True)) + "\n")


def _csv(process: Process, heads: list[str], rows: list[list[str]], *, bare: bool) -> None:
    for row in ([] if bare else [heads]) + rows:
        process.say(",".join(f'"{cell}"' for cell in row) + "\n")


_FORMS: Final = {"TABLE": _table, "LIST": _list, "CSV": _csv}
