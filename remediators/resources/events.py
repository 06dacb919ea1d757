r"""
Event 4006 of MSExchangeTransport in the Application log: the sign of KB 919091, on the host that sends.

Asked with the host's own ``eventquery.vbs`` (Windows XP and 2003; Microsoft, cc772995), with ``wevtutil`` where there
is none (Windows 6.0 and later; Microsoft, "wevtutil", and "Consuming Events" for ``timediff``), and with ``wmic`` where
neither is there and it ever ran. Bounded by date and by count, and by a deadline of the script's own (``cscript
//T``), so that what was found until then counts and the rest of the batch goes on. Slow: ask it last.

``events:Application/MSExchangeTransport/4006`` holds ``{"via", "most", "cut", "since", "young", "events"}``; `found`
makes objects of it. Headings are localised and their order is not sure: rows are told by digits and positions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from xml.etree import ElementTree as ET

from remediators.model import Address, Answer, Command, Query, Reading, Scope, Snapshot, Value
from remediators.quoting import cmd
from remediators.resources import wmic
from remediators.resources.semaphore import names_semaphore

LOG: Final = "Application"
SOURCE: Final = "MSExchangeTransport"
NUMBER: Final = 4006
EVENTS: Final = Address("events", f"{LOG}/{SOURCE}/{NUMBER}")

MOST: Final = 50
DAYS: Final = 7
SECONDS: Final = 90  # for the script; a large log is read to its end for every filter
_NEWEST_SECONDS, _EARLIER_SECONDS = 30, 30
_SHOWN: Final = 1000  # characters of a text that are kept


@dataclass(frozen=True, slots=True)
class Remote:
    """A server that the events name, and how often."""

    address: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Event:
    """
    One event. ``when`` is the time as the host wrote it, ``at`` the same as ISO 8601 (empty where it cannot be told).

    ``text`` is safe to print.
    """

    when: str
    at: str
    text: str

    @property
    def semaphore(self) -> bool:
        return names_semaphore(self.text)

    @property
    def remote(self) -> tuple[str, str]:
        """Address and name of the remote host in the text; either may be empty."""
        return remote_in(self.text)


@dataclass(frozen=True, slots=True)
class Found:
    """
    What was found, newest first. ``cut`` says that the time was up before all was read; ``via`` which program told.

    ``since`` is the day from which on they were asked for (ISO 8601); ``young`` says that the log has no record from
    before that day, so that it cannot tell of all of the time.
    """

    events: tuple[Event, ...]
    via: str = ""
    most: int = MOST
    cut: bool = False
    since: str = ""
    young: bool = False

    @property
    def semaphore(self) -> tuple[Event, ...]:
        """Those with the phrase of KB 919091; 4006 has other texts, too."""
        return tuple(event for event in self.events if event.semaphore)

    @property
    def count(self) -> int:
        return len(self.semaphore)

    @property
    def others(self) -> int:
        """How many 4006 there are with other texts."""
        return len(self.events) - self.count

    @property
    def last(self) -> str:
        """The newest one's time, as ISO 8601 or else as the host wrote it; empty where there is none."""
        return _time(self.semaphore[0]) if self.semaphore else ""

    @property
    def first(self) -> str:
        """The time of the oldest one that was read."""
        return _time(self.semaphore[-1]) if self.semaphore else ""

    @property
    def more(self) -> bool:
        """Whether there may be more of them than were read."""
        return self.cut or len(self.events) >= self.most

    @property
    def remotes(self) -> tuple[Remote, ...]:
        """The servers that those with the phrase name, most often named first."""
        counted = Counter(event.remote for event in self.semaphore if any(event.remote))
        return tuple(Remote(*remote, count) for remote, count in counted.most_common())


def query(today: date | None, *, days: int = DAYS, most: int = MOST, seconds: int = SECONDS) -> Query:
    """
    The newest ``most`` events of the last ``days`` before ``today`` (this side's date; a day more is asked for).

    Without ``today`` they are bounded by count only, so that a host whose clock is far off is understood as well.
    ``seconds`` is the script's own deadline on the host. Whether the log is empty is told by its newest record, and
    whether it goes back far enough by the newest one from before: its oldest (``/r -1``) would be found only by going
    through all of it, which in a huge log takes minutes.
    """
    since = today - timedelta(days=days + 1) if today else None
    commands = (
        cmd.program("reg", "query", r"HKCU\Control Panel\International"),
        _eventquery(_NEWEST_SECONDS, "/r", "1"),
        _eventquery(_EARLIER_SECONDS, *_earlier(since), "/r", "1"),
        _eventquery(seconds, *_filters(since), "/r", str(most)),
        _wevtutil(days + 1 if today else None, most, seconds),
        _by_wmic(since, seconds),
    )
    name = f"events:{EVENTS.identity}:{since.isoformat() if since else 'all'}:{most}"
    return Query(name, commands, Scope(frozenset({EVENTS})), lambda answers: _parse(answers, since, most), partial=True)


def found(known: Snapshot) -> Found:
    """What was read. Raises `Unread`, and `OutOfScope` where nobody asked."""
    value = known[EVENTS]
    events = tuple(Event(**event) for event in value["events"])
    return Found(events, value["via"], value["most"], value["cut"], value["since"], value["young"])


def remote_in(text: str) -> tuple[str, str]:
    """
    Address and name of the remote host that an event's text names; either may be empty.

    ``… by the remote host 10.1.1.1, mail.domain.com; the semaphore …``: the text is localised, so the first IPv4
    address and the first name with dots in it after that count; without an address, the first name with dots.
    """
    address = next((m for m in _IPV4.finditer(text) if all(int(part) < 256 for part in m[0].split("."))), None)
    names = _NAME.finditer(text, address.end() if address else 0)
    name = next((m[0] for m in names if not _IPV4.fullmatch(m[0])), "")
    return (address[0] if address else "", name.lower())


# -- commands --------------------------------------------------------------------------------------------------------

_SCRIPT: Final = (cmd.Env("windir"), r"\system32\eventquery.vbs")
_SCRIPT_THERE: Final = r"%windir%\system32\eventquery.vbs"


def _filters(since: date | None) -> tuple[str, ...]:
    words = ("/fi", f"ID eq {NUMBER}", "/fi", f"Source eq {SOURCE}")
    return (*words, "/fi", f"Datetime ge {_midnight(since)}") if since else words


def _earlier(since: date | None) -> tuple[str, ...]:
    return ("/fi", f"Datetime lt {_midnight(since)}") if since else ()


def _midnight(day: date) -> str:
    """The form of a date is the script's own, whatever the locale: mm/dd/yy(yyyy),hh:mm:ssAM (cc772995)."""
    return f"{day:%m/%d/%Y},12:00:00AM"


def _eventquery(seconds: int, *words: str) -> Command:
    options = ("//nologo", f"//t:{seconds}", _SCRIPT, "/l", LOG, *words, "/fo", "CSV", "/v")
    return cmd.program("cscript", *options, seconds=seconds + 30.0)


def _wevtutil(days: int | None, most: int, seconds: int) -> Command:
    system = f"Provider[@Name='{SOURCE}'] and (EventID={NUMBER})"
    if days is not None:  # timediff() is in milliseconds, by the host's own clock
        system += f" and TimeCreated[timediff(@SystemTime) <= {days * 86_400_000}]"
    words = ("qe", LOG, f"/q:*[System[{system}]]", f"/c:{most}", "/rd:true", "/f:RenderedXml")
    return cmd.program("wevtutil", *words, seconds=seconds + 30.0, only_after_failure=True)


def _by_wmic(since: date | None, seconds: int) -> Command:
    where = f"LogFile='{LOG}' and SourceName='{SOURCE}' and EventCode={NUMBER}"
    if since is not None:
        where += f" and TimeGenerated>='{since:%Y%m%d}000000.000000+000'"
    text = f'ntevent where "{where}" get Message,TimeGenerated /format:list'
    return wmic.command(text, seconds=seconds + 30.0, unless_there=_SCRIPT_THERE, only_after_failure=True)


# -- answers ---------------------------------------------------------------------------------------------------------

_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)")
_NAME = re.compile(r"(?<![\w.-])[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]*(?![\w-])")
_ROW = re.compile(r'"([^"]*)","(\d+)","([^"]*)","([^"]*)","([^"]*)"(?:,"(.*))?', re.DOTALL)
_MISSING: Final = "eventquery.vbs is not in %windir%\\system32, wevtutil is not there either"
_SCRIPT_STATUS: Final = {  # cc772995's script, by its own statuses
    250: "eventquery.vbs could not ask WMI: does the WMI service run, and is Microsoft.CmdLib registered?",
    254: "eventquery.vbs did not take the question",
    255: "eventquery.vbs gave up",
    5: "access to the event log is denied: the account must be in Administrators",
}


def _parse(answers: Sequence[Answer], since: date | None, most: int) -> Reading:
    locale, newest, earlier, main, modern, wmi = answers
    day = since.isoformat() if since else ""
    try:
        if modern.status == 0:
            return Reading({EVENTS: _value(_of_xml(modern.text), "wevtutil", most, since=day)})
        if wmi.status == 0:
            return Reading({EVENTS: _value(_of_wmic(wmi.text), "wmic", most, since=day)})
    except ValueError as error:
        return Reading(unread={EVENTS: f"the {LOG} log's answer cannot be told apart: {error}"})
    rows = _rows(main.text)
    if main.status != 0 and not rows:
        return Reading(unread={EVENTS: _why(main, wmi)})
    if not rows and _has_none(newest):
        empty = f"the {LOG} log has no record at all: it was cleared, so that it has no event {NUMBER} says nothing"
        return Reading(unread={EVENTS: empty})
    clock = Clock.of(locale.text)
    mine = [row for row in rows if row[1] == str(NUMBER) and row[3].upper() == SOURCE.upper()]
    events = [_event(row[2], clock.iso(row[2]), row[5]) for row in mine]
    cut = main.status != 0 or _names_script(main.text, rows)
    return Reading(
        {EVENTS: _value(events, "eventquery", most, cut=cut, since=day, young=bool(day) and _has_none(earlier))}
    )


def _has_none(answer: Answer) -> bool:
    """Whether the script has looked and found no record."""
    return answer.status == 0 and not _rows(answer.text)


def _value(
    events: Sequence[Value], via: str, most: int, *, since: str, cut: bool = False, young: bool = False
) -> Value:
    return {
        "via": via,
        "most": most,
        "cut": cut,
        "since": since,
        "young": young,
        "events": list(events[:most]),
    }


def _event(when: str, at: str, text: str) -> dict[str, str]:
    return {"when": wmic.printable(when), "at": at, "text": wmic.printable(text)[:_SHOWN]}


def _rows(text: str) -> list[tuple[str, str, str, str, str, str]]:
    """
    ``(type, number, time, source, computer, description)`` of each row of ``/fo CSV /v``.

    The heading has no number in its second place. A text with line ends or quotation marks in it, which the script
    does not escape, ends at a quotation mark at the end of a line.
    """
    rows: list[str] = []
    for line in text.replace("\r", "").split("\n"):
        if _ROW.match(line):
            rows.append(line.rstrip())
        elif rows and not rows[-1].endswith('"'):
            rows[-1] += f" {line.strip()}"
    return [row for line in rows for row in _row(line)]


def _row(line: str) -> Iterator[tuple[str, str, str, str, str, str]]:
    match = _ROW.fullmatch(line)
    if match:
        kind, number, when, source, computer, rest = match.groups()
        # Behind these come category, user and description, in this order or with the first two swapped.
        description = (rest or "").split('","', 2)[-1].removesuffix('"')
        yield kind, number, when, source, computer, description


def _names_script(text: str, rows: Sequence[object]) -> bool:
    """Whether the script was ended by its deadline: cscript says so, in its own language, with the script's path."""
    return bool(rows) and any("EVENTQUERY.VBS" in line.upper() for line in text.splitlines() if not _ROW.match(line))


def _why(main: Answer, wmi: Answer) -> str:
    if main.status in _SCRIPT_STATUS:
        return _SCRIPT_STATUS[main.status]
    if wmi.status == wmic.IS_THERE:  # the script is there, and yet nothing came of it
        said = " ".join(wmic.printable(main.text).split())[:200]
        return f"the {LOG} log was not read in the time given for it, or the script failed: {said or 'it said nothing'}"
    return f"{_MISSING}, and {wmic.why(wmi)}"


def _of_xml(text: str) -> list[dict[str, str]]:
    """Events of ``wevtutil /f:RenderedXml``: one element after the other, times in UTC. Raises ValueError."""
    try:
        root = ET.fromstring(f"<all>{_XML_HEAD.sub('', text)}</all>")  # noqa: S314 - no entities are declared
    except ET.ParseError as error:
        raise ValueError(f"its XML is broken ({error})") from error
    return [_of_element(event) for event in root if event.tag.endswith("Event")]


def _of_element(event: ET.Element) -> dict[str, str]:
    created = next((e.get("SystemTime", "") for e in event.iter() if e.tag.endswith("TimeCreated")), "")
    text = next((e.text or "" for e in event.iter() if e.tag.endswith("Message")), "")
    data = " ".join(e.text or "" for e in event.iter() if e.tag.endswith("}Data") or e.tag == "Data")
    at = f"{created[:19]}+00:00" if _XML_TIME.match(created) else ""
    return _event(created, at, text or data)


def _of_wmic(text: str) -> list[dict[str, str]]:
    """Events of ``wmic ntevent``; newest first. Raises ValueError."""
    records = wmic.records(text, ("Message", "TimeGenerated"))
    events = [_event(r["TimeGenerated"], wmic.when(r["TimeGenerated"]), r["Message"]) for r in records]
    return sorted(events, key=lambda event: event["at"], reverse=True)


# -- the host's way of writing times ---------------------------------------------------------------------------------

_XML_HEAD = re.compile(r"<\?xml[^>]*\?>|\ufeff")
_XML_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_TIME = re.compile(r"(\d{1,4})(\D)(\d{1,2})\D(\d{1,4})\D+(\d{1,2})\D(\d{2})(?:\D(\d{2}))?\s*(\D*)")


@dataclass(frozen=True, slots=True)
class Clock:
    r"""
    How a host writes dates and times, from ``HKCU\Control Panel\International``: Windows' LOCALE_IDATE (0 month
    first, 1 day first, 2 year first) and LOCALE_S2359, the sign for the afternoon.
    """

    order: str = ""
    afternoon: str = "PM"

    @classmethod
    def of(cls, text: str) -> Clock:
        """From what ``reg query`` printed; what it does not tell stays unknown."""
        values = {match[1].upper(): match[2].strip() for match in _SETTING.finditer(text.replace("\r", ""))}
        return cls(values.get("IDATE", ""), values.get("S2359", "") or "PM")

    def iso(self, when: str) -> str:
        """A time as the host wrote it, as ISO 8601 without a zone; empty where day and month cannot be told apart."""
        match = _TIME.search(when)
        if not match:
            return ""
        first, mark, second, third, hour, minute, sec, sign = match.groups(default="0")
        # Where dates have full stops in them, the day comes first (domain knowledge, 90 % sure).
        day = _date(self.order or ("1" if mark == "." else ""), first, second, third)
        try:
            hours = _hour(int(hour), sign.strip(), self.afternoon)
            return datetime(*day, hours, int(minute), int(sec)).isoformat() if day else ""  # noqa: DTZ001 - host's own
        except ValueError:
            return ""


_SETTING = re.compile(
    r"^\s{2,4}(iDate|s2359)(?:\t+|\s{2,})REG_\w+(?:(?:\t+|\s{2,})(.*))?$", re.MULTILINE | re.IGNORECASE
)


def _date(order: str, first: str, second: str, third: str) -> tuple[int, int, int] | None:
    numbers = [int(first), int(second), int(third)]
    if len(first) == 4:
        return _likely(numbers[0], numbers[1], numbers[2])
    year = numbers[2] if len(third) == 4 else 2000 + numbers[2]
    if order == "2" and len(third) != 4:
        return _likely(2000 + numbers[0], numbers[1], numbers[2])
    if numbers[0] > 12 >= numbers[1]:
        return _likely(year, numbers[1], numbers[0])
    if numbers[1] > 12 >= numbers[0] or order == "0" or numbers[0] == numbers[1]:
        return _likely(year, numbers[0], numbers[1])
    return _likely(year, numbers[1], numbers[0]) if order == "1" else None


def _likely(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    """A date, unless its year is of another calendar."""
    return (year, month, day) if 1995 <= year < 2100 else None


def _hour(hour: int, sign: str, afternoon: str) -> int:
    if not sign:
        return hour
    is_afternoon = sign.upper() in (afternoon.upper(), "PM")
    return hour % 12 + (12 if is_afternoon else 0) if hour <= 12 else hour


def _time(event: Event) -> str:
    return event.at or event.when
