"""
wevtutil.exe of Windows Server 2008: ``wevtutil qe LOG [/q:XPATH] [/c:N] [/rd:true] [/f:FORM]``, ``gli``, ``cl``.

Of XPath it knows what people write: ``*[System[Provider[@Name='P'] and (EventID=4006) and TimeCreated[timediff(
@SystemTime) <= 86400000]]]``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final
from xml.sax.saxutils import escape

from remediators.lab.event_log import LOGS, Event, Kind
from remediators.lab.process import Process, crt_arguments

_INVALID: Final = 87
_NO_CHANNEL: Final = 15007
_BAD_QUERY: Final = 15001
_SHAPE: Final = re.compile(r"\*(\[System\[(?P<body>.*)\]\])?|Event/System\[(?P<other>.*)\]", re.DOTALL)
_LEVELS: Final = {"error": 2, "warning": 3, "information": 4, "success": 0, "failure": 0}
_PART: Final = re.compile(
    r"""Provider\[@Name=['"](?P<source>[^'"]*)['"]\]|\(?\(?EventID\)?\s*=\s*(?P<id>\d+)\)?|Level\s*=\s*(?P<level>\d)"""
    r"""|TimeCreated\[timediff\(@SystemTime\)\s*(?:<=|&lt;=)\s*(?P<ago>\d+)\]"""
    r"""|TimeCreated\[@SystemTime\s*(?:>=|&gt;=)\s*['"](?P<since>[^'"]*)['"]\]"""
)
_NS: Final = "http://schemas.microsoft.com/win/2004/08/events/event"


def wevtutil_exe(process: Process) -> int:
    words = crt_arguments(process.tail)
    verb = words[0].lower() if words else ""
    if verb not in ("qe", "query-events", "cl", "clear-log", "gli", "get-log-info") or len(words) < 2:
        process.complain(process.word("wevtutil-syntax") + "\n")
        return _INVALID
    log = next((log for log in LOGS if log.lower() == words[1].lower()), None)
    if log is None:
        process.complain(process.word("wevtutil-channel") + "\n")
        return _NO_CHANNEL
    if verb in ("cl", "clear-log"):
        process.machine.wrote("events", "clear", log)
        process.machine.events.clear(log)
        return 0
    if verb in ("gli", "get-log-info"):
        process.say(f"numberOfLogRecords: {process.machine.events.count(log)}\n")
        return 0
    return _query(process, log, words[2:])


def _query(process: Process, log: str, words: Sequence[str]) -> int:
    switches = {name.lower().lstrip("/-"): value for name, _, value in (word.partition(":") for word in words)}
    wanted = _wanted(process, switches.get("q", switches.get("query", "*")))
    if wanted is None:
        process.complain(process.word("wevtutil-query") + "\n")
        return _BAD_QUERY
    kinds, events = wanted
    count = int(switches.get("c", switches.get("count", "0")) or 0)
    found = (event for event in process.machine.events.newest_first([log], kinds) if events(event))
    if switches.get("rd", switches.get("reversedirection", "false")).lower() == "true":
        chosen = list(islice(found, count or None))
    else:
        chosen = list(found)[::-1][: count or None]
    form = switches.get("f", switches.get("format", "xml")).lower()
    for place, event in enumerate(chosen):
        process.say(_as_text(process, event, place) if form == "text" else _as_xml(process, event, form))
    return 0


Wanted = tuple[Callable[[Kind], bool], Callable[[Event], bool]]


def _wanted(process: Process, query: str) -> Wanted | None:
    """What a query wants of kinds of events and of their times; ``None`` where it is none that is known here."""
    shape = _SHAPE.fullmatch(query.strip())
    if shape is None:
        return None
    body = shape["body"] or shape["other"] or ""
    parts = list(_PART.finditer(body))
    if re.sub(r"\s+|\band\b|[()]", "", _PART.sub("", body)):
        return None
    given = {name: value for part in parts for name, value in part.groupdict().items() if value is not None}
    since = _since(process, given)

    def kinds(kind: Kind) -> bool:
        return (
            given.get("source", kind.source).lower() == kind.source.lower()
            and int(given.get("id", kind.id)) == kind.id
            and int(given.get("level", _LEVELS[kind.type])) == _LEVELS[kind.type]
        )

    return kinds, lambda event: since is None or event.when >= since


def _since(process: Process, given: dict[str, str]) -> dt.datetime | None:
    if "ago" in given:
        return process.machine.now() - dt.timedelta(milliseconds=int(given["ago"]))
    if "since" in given:
        return dt.datetime.fromisoformat(given["since"]).replace(tzinfo=dt.UTC)
    return None


def _as_text(process: Process, event: Event, place: int) -> str:
    kind = event.kind
    local = event.when + process.machine.zone
    fields = (
        ("Log Name", kind.log),
        ("Source", kind.source),
        ("Date", f"{local:%Y-%m-%dT%H:%M:%S}.000"),
        ("Event ID", str(kind.id)),
        ("Task", kind.category),
        ("Level", process.word(f"event-{kind.type}")),
        ("Opcode", "N/A"),
        ("Keyword", "Classic"),
        ("User", kind.user),
        ("User Name", kind.user),
        ("Computer", process.machine.fqdn),
    )
    return f"Event[{place}]:\n" + "".join(f"  {n}: {v}\n" for n, v in fields) + f"  Description: \n{kind.message}\n\n"


def _as_xml(process: Process, event: Event, form: str) -> str:
    """``RenderedXml`` has the text as well, in the language of whoever asks (wevtutil qe /?)."""
    kind = event.kind
    message = f"<RenderingInfo Culture='en-US'><Message>{escape(kind.message)}</Message></RenderingInfo>"
    data = "".join(f"<Data>{escape(one)}</Data>" for one in kind.strings)
    return (
        f"<Event xmlns='{_NS}'><System><Provider Name='{kind.source}'/><EventID Qualifiers='{kind.identifier >> 16}'>"
        f"{kind.id}</EventID><Level>{_LEVELS[kind.type]}</Level><Task>0</Task>"
        f"<TimeCreated SystemTime='{event.when:%Y-%m-%dT%H:%M:%S}.000000000Z'/>"
        f"<EventRecordID>{event.number}</EventRecordID><Channel>{kind.log}</Channel>"
        f"<Computer>{process.machine.fqdn}</Computer></System><EventData>{data}</EventData>"
        f"{message if form == 'renderedxml' else ''}</Event>\n"
    )
