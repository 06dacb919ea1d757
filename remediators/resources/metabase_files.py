r"""
How the metabase of IIS 6 looks on disk and in memory, and which signs of damage it shows. Reads only.

IISADMIN holds the metabase in memory and writes it over ``MetaBase.xml`` when it stops and about a minute after a
change (ms525213), so the two are told apart. Nothing here makes a host write: ``adsutil enum_all`` and ``type`` only;
and where IISADMIN does not run, ``adsutil`` is left alone, since asking for its object would start it (90 % sure).

Files come over the session by ``type``, byte for byte, and are hashed here: Windows 2003 has no command that is known
to print a SHA-256 (``certutil -hashfile`` is documented for later versions only). What ``type`` did not carry whole (a
Ctrl-Z may end it) is told by the file's length, and is *unread*.

``file:C:\PATH`` is ``{"sha256", "kept"}``: where a copy of a file with that content is kept on the host, or would be.
``host:metabase-file C:\PATH`` is what the file says (`metabase_text.Contents`), ``host:metabase-place`` where things
are, ``host:metabase-memory`` what enumeration showed, ``host:metabase-events`` how many events 4275 were found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from remediators.model import (
    ABSENT,
    Address,
    Answer,
    OutOfScope,
    Query,
    ReadFailed,
    Reading,
    Scope,
    Snapshot,
    Unread,
    Value,
)
from remediators.quoting import cmd, on_host
from remediators.resources import metabase_text, services
from remediators.resources.metabase_text import Contents

PLACE: Final = Address("host", "metabase-place")
MEMORY: Final = Address("host", "metabase-memory")
EVENTS: Final = Address("host", "metabase-events")
SERVICE: Final = "IISADMIN"
NO_OBJECT: Final = 0x800401E4  # KB 839390: GetObject fails, the sign of a corrupt metabase
SECONDS: Final = 300.0  # an enumeration goes through thousands of nodes; a file of some MB comes over the wire

# -- where things are ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    r"""
    Where a host has its metabase. ``folder`` is ``…\System32\Inetsrv``; ``exchange`` whether Exchange is there.

    ``MetadataFile`` (KB 321142) moves ``MetaBase.xml`` only; that the schema, the history and the backups stay where
    they are is derived (70 % sure).
    """

    folder: str
    metabase: str
    exchange: bool

    @property
    def schema(self) -> str:
        return f"{self.folder}\\MBSchema.xml"

    @property
    def history(self) -> str:
        return f"{self.folder}\\History"

    @property
    def backups(self) -> str:
        return f"{self.folder}\\MetaBack"

    def kept(self, path: str, sha256: str) -> str:
        """Where a file with this content is kept: a function of the content, so that a reading can tell it."""
        return kept(self.folder, path, sha256)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the host: its length in bytes, and its date as the host writes it."""

    path: str
    size: int
    when: str


def kept(folder: str, path: str, sha256: str) -> str:
    """The same for a folder (`Place.folder`) alone."""
    return f"{folder}\\remediate\\{sha256[:16]}\\{path.rpartition(chr(92))[2]}"


def place(known: Snapshot) -> Place:
    """Raises `Unread`, and `OutOfScope` where nobody asked."""
    return Place(**known[PLACE])


def file_address(path: str) -> Address:
    return Address("file", path)


def contents_address(path: str) -> Address:
    return Address("host", f"metabase-file {path}")


def listing_address(pattern: str) -> Address:
    return Address("host", f"metabase-listing {pattern}")


def contents(path: str, known: Snapshot) -> Contents | None:
    """What a file says, or ``None`` where there is none. Raises `Unread`, `OutOfScope`."""
    value = known[contents_address(path)]
    return None if value is ABSENT else Contents.of(value)


def listed(pattern: str, known: Snapshot) -> list[Listed]:
    """The files that a pattern names. Raises `Unread`, `OutOfScope`."""
    return [Listed(*row) for row in known[listing_address(pattern)] or ()]


# -- questions -------------------------------------------------------------------------------------------------------

_PARAMETERS: Final = r"HKLM\SOFTWARE\Microsoft\INetMgr\Parameters"  # KB 321142
_EXCHANGE: Final = r"HKLM\SOFTWARE\Microsoft\Exchange\Setup"
_SCRIPT: Final = r'"%SystemDrive%\Inetpub\AdminScripts\adsutil.vbs"'
_NO_SCRIPT, _STOPPED = 3, 4  # statuses of our own
_EVENT: Final = 4275  # source "IIS Config": the XML file could not be parsed
_DAYS: Final = 7


def questions(known: Snapshot, today: date) -> Iterator[Query]:
    """
    All that `health` needs, in two rounds: where things are, memory, events and services; then the two files.

    ``today`` bounds the search for events.
    """
    yield place_question()
    yield _memory()
    yield from services.read([services.part(SERVICE, what) for what in ("state", "start_mode", "dependents")], known)
    if known.readable(PLACE):
        found = place(known)
        yield file_question(found.metabase, found.folder)
        yield file_question(found.schema, found.folder)
    yield _events(today)


def place_question() -> Query:
    commands = (
        cmd.echo(cmd.Env("SystemRoot")),
        cmd.program("reg", "query", _PARAMETERS, "/v", "MetadataFile"),
        cmd.program("reg", "query", _EXCHANGE),
    )
    return Query(str(PLACE), commands, Scope(frozenset({PLACE})), _parse_place)


def _memory() -> Query:
    r"""
    The nodes that enumeration shows, one ``[/PATH]`` each (domain knowledge of adsutil's output), and errors' numbers.

    The enumeration of a whole metabase is some MB long; what does not matter stays on the host.
    """
    tests = f'sc query "{SERVICE}"|find " {_STOPPED} ">nul&(if errorlevel 1 exit {_STOPPED})'
    asked = f'cscript //nologo //t:240 {_SCRIPT} ENUM_ALL|findstr /r /c:"^\\[/" /c:"(0x8"'
    text = f"{tests}&(if not exist {_SCRIPT} exit {_NO_SCRIPT})&{asked}"
    command = cmd.script(text, seconds=SECONDS, shown=f"cscript //nologo {_SCRIPT} ENUM_ALL")
    return Query(str(MEMORY), (command,), Scope(frozenset({MEMORY})), lambda answers: _parse_memory(answers[0]))


def _events(today: date) -> Query:
    """Event 4275 in the System log; ``eventquery.vbs`` takes the date in this form whatever the locale (cc772995)."""
    since = today - timedelta(days=_DAYS + 1)
    filters = ("/fi", f"ID eq {_EVENT}", "/fi", f"Datetime ge {since:%m/%d/%Y},12:00:00AM")
    script = (cmd.Env("windir"), r"\system32\eventquery.vbs")
    words = ("//nologo", "//t:60", script, "/l", "System", *filters, "/r", "10", "/fo", "CSV")
    command = cmd.program("cscript", *words, seconds=90)
    name = f"{EVENTS}:{since.isoformat()}"
    return Query(name, (command,), Scope(frozenset({EVENTS})), lambda answers: _parse_events(answers[0]))


def file_question(path: str, folder: str) -> Query:
    """A file's bytes, as a hash and as what it says; ``folder`` is `Place.folder`. Raises `Refused`."""
    addresses = frozenset({file_address(path), contents_address(path)})
    commands = (on_host.listing(path), on_host.show(path, seconds=SECONDS))
    name = f"metabase-file:{path.upper()}"
    return Query(name, commands, Scope(addresses), lambda answers: parse_file(answers, path, folder))


def listing_question(pattern: str) -> Query:
    r"""The files that a pattern such as ``C:\FOLDER\*.*`` names; none where there is no such folder."""
    address = listing_address(pattern)
    return Query(
        str(address),
        (on_host.listing(pattern),),
        Scope(frozenset({address})),
        lambda answers: Reading({address: [[row.path, row.size, row.when] for row in _rows(answers[0])]}),
    )


# -- answers ---------------------------------------------------------------------------------------------------------

_FILE_VALUE = re.compile(
    r"^\s{2,4}MetadataFile(?:\t+|\s{2,})REG_(?:EXPAND_)?SZ(?:\t+|\s{2,})(.+?)\s*$", re.MULTILINE | re.IGNORECASE
)
_NODE = re.compile(r"^\[(/.+)\]\s*$", re.MULTILINE)
_NUMBER = re.compile(r"\((0x8[0-9A-Fa-f]{7})\)")
_EVENT_ROW = re.compile(rf'^"[^"]*","{_EVENT}"', re.MULTILINE)
_SCHEMA = re.compile(r"(MBSchema[^\\]*\.xml|\.SC\d+)$", re.IGNORECASE)
_LISTED = re.compile(r"^(\d+)\*([^*\r\n]*)\*([^*\r\n]+?)\r?$", re.MULTILINE)


def _parse_place(answers: Sequence[Answer]) -> Reading:
    root, moved, exchange = answers
    system = root.text.strip()
    if not re.fullmatch(r"[A-Za-z]:\\[^%!\"]+", system):
        raise ReadFailed(f"the host does not say where Windows is: {' '.join(system.split())[:100]}")
    folder = f"{system}\\System32\\Inetsrv"
    given = _FILE_VALUE.search(moved.text) if moved.ok else None
    path = given[1] if given else f"{folder}\\MetaBase.xml"
    if not re.fullmatch(r"[A-Za-z]:\\[^%\"*?]+", path):
        return Reading(unread={PLACE: f"MetadataFile in {_PARAMETERS} is {path!r}, which is no plain path"})
    return Reading({PLACE: {"folder": folder, "metabase": path, "exchange": exchange.ok}})


def _parse_memory(answer: Answer) -> Reading:
    paths = [f"/LM{path.upper()}" for path in _NODE.findall(answer.text)]
    number = _NUMBER.search(answer.text)
    if answer.status == _STOPPED:
        return Reading({MEMORY: {"running": False, "error": 0, "paths": []}})
    if answer.status == _NO_SCRIPT:
        return Reading(
            unread={MEMORY: r"there is no adsutil.vbs at %SystemDrive%\Inetpub\AdminScripts to look at it with"}
        )
    if not paths and not number:
        return Reading(unread={MEMORY: "adsutil.vbs enumerated nothing, and gave no error that can be told"})
    return Reading({MEMORY: {"running": True, "error": int(number[1], 16) if number else 0, "paths": paths}})


def _parse_events(answer: Answer) -> Reading:
    if answer.status != 0:
        return Reading(unread={EVENTS: "the System log was not read: eventquery.vbs gave no answer in time"})
    return Reading({EVENTS: len(_EVENT_ROW.findall(answer.text))})


def parse_file(answers: Sequence[Answer], path: str, folder: str) -> Reading:
    """What `file_question` was told."""
    file, said = file_address(path), contents_address(path)
    rows = _rows(answers[0])
    if not rows:
        return Reading()
    raw = answers[1].output
    if answers[1].status != 0 or len(raw) != rows[0].size:
        came = f"{len(raw)} of its {rows[0].size} bytes came over by type"
        return Reading(unread=dict.fromkeys((file, said), f"{came}, so that it could not be put back exactly"))
    found = _schema(raw) if _SCHEMA.search(path) else metabase_text.read(raw)
    return Reading({file: {"sha256": found.sha256, "kept": kept(folder, path, found.sha256)}, said: found.value()})


def _schema(raw: bytes) -> Contents:
    return Contents(metabase_text.hash_of(raw), len(raw), metabase_text.broken_schema(raw))


def _rows(answer: Answer) -> list[Listed]:
    return [Listed(path, int(size), when.strip()) for size, when, path in _LISTED.findall(answer.text)]


# -- what it means ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sign:
    """
    One sign of damage. Signs of different ``kind`` are independent: ``file``, ``memory``, ``difference`` (memory holds
    what the file does not), ``events``, ``service``, and ``verbs``, which is seen from outside.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """
    How the metabase looks. ``file`` is ``whole broken missing unread``, ``memory`` is ``whole broken stopped unread``.

    ``unread`` says in plain words what could not be told, and ``seen`` what is in order.
    """

    file: str
    memory: str
    signs: tuple[Sign, ...] = ()
    seen: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        return self.file == "whole" and self.memory == "whole"

    @property
    def proven(self) -> bool:
        """Whether two independent signs say that it is corrupt."""
        return len({sign.kind for sign in self.signs}) > 1

    @property
    def file_only(self) -> bool:
        """Whether memory is in order and only the file on disk is broken: IIS can write it anew."""
        return self.memory == "whole" and self.file in ("broken", "missing")

    @property
    def words(self) -> str:
        """What was seen, in one line."""
        said = [*(sign.text for sign in self.signs), *self.seen, *self.unread]
        return "; ".join(said) or "nothing was seen"


def health(known: Snapshot) -> Health:
    """What the answers to `questions` mean together. Never raises: what was not read is said to be unread."""
    parts = (_of_file(known), _of_memory(known), _of_service(known), _of_events(known))
    file, memory, _, _ = parts
    signs = [sign for part in parts for sign in part.signs]
    differs = _difference(known, file.state, memory.state)
    return Health(
        file.state,
        memory.state,
        (*signs, *differs),
        tuple(text for part in parts for text in part.seen),
        tuple(text for part in parts for text in part.unread),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    state: str = ""
    signs: tuple[Sign, ...] = ()
    seen: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def _value(address: Address, known: Snapshot) -> tuple[Any, str]:
    """A value, or why there is none."""
    try:
        return known[address], ""
    except Unread as error:
        return None, error.message
    except OutOfScope:
        return None, f"{address} was not asked for"


def _of_file(known: Snapshot) -> _Part:
    where, why = _value(PLACE, known)
    if why:
        return _Part("unread", unread=(why,))
    path = Place(**where).metabase
    value, why = _value(contents_address(path), known)
    if why:
        return _Part("unread", unread=(why,))
    if value is ABSENT:
        return _Part("missing", (Sign("file", f"there is no {path}"),))
    found = Contents.of(value)
    if found.broken:
        return _Part("broken", (Sign("file", f"{path} is {found.broken}"),))
    if found.lacks:
        return _Part("broken", (Sign("file", f"{path} lacks {', '.join(found.lacks)}"),))
    return _Part("whole", seen=(f"{path} is well-formed and holds {len(found.nodes)} nodes",))


def _of_memory(known: Snapshot) -> _Part:
    value, why = _value(MEMORY, known)
    if why or value is ABSENT:
        return _Part("unread", unread=(why or f"{MEMORY} was not read",))
    if not value["running"]:
        return _Part("stopped", seen=(f"{SERVICE} does not run",))
    if value["error"] == NO_OBJECT:
        text = f"adsutil enum_all fails with 0x{NO_OBJECT:08x}, the sign of a corrupt metabase (KB 839390)"
        return _Part("broken", (Sign("memory", text),))
    if value["error"]:
        return _Part("unread", unread=(f"adsutil enum_all fails with 0x{value['error']:08X}",))
    lost = metabase_text.missing(value["paths"])
    if lost:
        return _Part("broken", (Sign("memory", f"what IIS has in memory lacks {', '.join(lost)}"),))
    return _Part("whole", seen=(f"adsutil enumerates {len(value['paths'])} nodes in memory",))


def _of_service(known: Snapshot) -> _Part:
    state, why = _value(services.part(SERVICE, "state"), known)
    mode, _ = _value(services.part(SERVICE, "start_mode"), known)
    if why:
        return _Part(unread=(why,))
    if state == "stopped" and mode in ("auto", "delayed"):
        return _Part(signs=(Sign("service", f"{SERVICE} does not run although it starts with Windows"),))
    return _Part()


def _of_events(known: Snapshot) -> _Part:
    count, why = _value(EVENTS, known)
    if why:
        return _Part(unread=(why,))
    text = f"event {_EVENT} (the XML file could not be parsed) is in the System log of the last {_DAYS} days"
    return _Part(signs=(Sign("events", text),)) if count else _Part()


def _difference(known: Snapshot, file: str, memory: str) -> tuple[Sign, ...]:
    """Memory, read by other means than the file, corroborates that the file has lost something."""
    if memory != "whole" or file not in ("broken", "missing"):
        return ()
    found = contents(place(known).metabase, known)
    lost = set(known[MEMORY]["paths"]) - (found.paths if found else frozenset())
    if not lost:
        return ()
    return (Sign("difference", f"IIS has {len(lost)} nodes in memory that the file on disk does not give"),)


def as_value(health: Health) -> Value:
    """As plain JSON, for documents."""
    signs = [{"kind": sign.kind, "text": sign.text} for sign in health.signs]
    return {
        "file": health.file,
        "memory": health.memory,
        "signs": signs,
        "seen": [*health.seen],
        "unread": [*health.unread],
    }
