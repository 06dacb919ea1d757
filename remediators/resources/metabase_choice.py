r"""
Which pair of files a broken metabase can be put right with, and what would be lost. Pure, but for its questions.

``History`` holds pairs ``MetaBase_MAJOR_MINOR.xml`` and ``MBSchema_MAJOR_MINOR.xml`` (90 % sure of the form of the
names), ``MetaBack`` backups ``NAME.MDn`` and ``NAME.SCn``. A pair can be restored on the machine that wrote it only
(ms525246), which its SessionKey tells: a backup with another key is encrypted for a restore with ``iisback``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remediators.model import Query, Snapshot, Unread
from remediators.resources import metabase_files as files
from remediators.resources.metabase_files import Listed, Place, Sign
from remediators.resources.metabase_text import Contents

_HISTORY: Final = re.compile(r"MetaBase_(\d{1,10})_(\d{1,10})\.xml", re.IGNORECASE)
_BACKUP: Final = re.compile(r"(.+)\.MD(\d+)", re.IGNORECASE)
_OUTVOTES: Final = 2  # pairs of the history that must agree against the file on disk
_FEW: Final = 12  # nodes named in a note; the rest are counted


@dataclass(frozen=True, slots=True)
class Pair:
    """A metabase with its schema, and when it was written, as the host says it."""

    metabase: str
    schema: str
    when: str
    backup: bool

    @property
    def name(self) -> str:
        return self.metabase.rpartition("\\")[2]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair that was looked at; ``wrong`` are the reasons why it cannot be used."""

    pair: Pair
    contents: Contents | None
    schema: str
    wrong: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return f"{self.pair.name} of {self.pair.when}: {'; '.join(self.wrong) or 'whole'}"


# -- questions -------------------------------------------------------------------------------------------------------


def listings(place: Place) -> Iterator[Query]:
    """The names, lengths and dates of all that is kept."""
    yield files.listing_question(f"{place.history}\\*.*")
    yield files.listing_question(f"{place.backups}\\*.*")


def everything(place: Place, known: Snapshot) -> Iterator[Query]:
    """Every file that is kept."""
    for row in kept_files(place, known):
        yield files.file_question(row.path, place.folder)


def newest(place: Place, known: Snapshot) -> Iterator[Query]:
    """The newest file of the history, to see whose it is."""
    history = [pair for pair in pairs(place, known) if not pair.backup]
    if history:
        yield files.file_question(max(history, key=lambda pair: pair.name.upper()).metabase, place.folder)


def kept_files(place: Place, known: Snapshot) -> list[Listed]:
    """All files of the history and the backups. Raises `Unread`, and `OutOfScope` before they were listed."""
    return [row for folder in (place.history, place.backups) for row in files.listed(f"{folder}\\*.*", known)]


def pairs(place: Place, known: Snapshot) -> list[Pair]:
    """What of it makes a pair. A metabase without its schema makes none."""
    rows = kept_files(place, known)
    there = {row.path.upper(): row.path for row in rows}
    found = []
    for row in rows:
        folder, _, name = row.path.rpartition("\\")
        old, backup = _HISTORY.fullmatch(name), _BACKUP.fullmatch(name)
        schema = (
            f"{folder}\\MBSchema_{old[1]}_{old[2]}.xml"
            if old
            else f"{folder}\\{backup[1]}.SC{backup[2]}"
            if backup
            else ""
        )
        if schema.upper() in there:
            found.append(Pair(row.path, there[schema.upper()], row.when, backup is not None))
    return found


# -- which one -------------------------------------------------------------------------------------------------------


def candidates(place: Place, known: Snapshot) -> list[Candidate]:
    """All pairs with what is wrong with each, those that can be used first, the newest of them in front."""
    damaged = _contents(place.metabase, known)
    looked = [_look(pair, known) for pair in pairs(place, known)]
    key = whose(damaged, looked)
    own = [one for one in looked if one.contents and not one.contents.broken and one.contents.key == key]
    fullest = _fullest(one.contents for one in own if one.contents)
    judged = [_judge(one, damaged, key, fullest) for one in looked]
    return sorted(judged, key=lambda one: (not one.wrong, one.contents.major if one.contents else 0), reverse=True)


def foreign(place: Place, known: Snapshot, least: int = _OUTVOTES) -> tuple[Sign, ...]:
    """A sign where so many pairs of the history agree on another key than the file on disk has."""
    damaged = _contents(place.metabase, known)
    kept = [_contents(pair.metabase, known) for pair in pairs(place, known) if not pair.backup]
    keys = Counter(one.key for one in kept if one and not one.broken and one.key)
    if not damaged or not damaged.key or damaged.key in keys or max(keys.values(), default=0) < least:
        return ()
    return (Sign("file", f"{place.metabase} has another SessionKey than the history: it is another machine's"),)


def whose(damaged: Contents | None, looked: Sequence[Candidate]) -> str:
    """The key of this machine, from the file and the history; empty where they do not agree and none outvotes it."""
    counted = Counter(
        one.contents.key for one in looked if one.contents and not one.contents.broken and not one.pair.backup
    )
    counted.pop("", None)
    own = damaged.key if damaged else ""
    if own and (own in counted or not counted):
        return own
    (first, count), (_, other) = [*counted.most_common(2), ("", 0), ("", 0)][:2]
    return first if count > other and (not own or count >= _OUTVOTES) else ""


def lost(candidate: Contents, damaged: Contents | None, memory: Iterable[str]) -> list[str]:
    """What would be lost with a candidate, node by node, as far as the damaged file and memory show it."""
    there = {path.upper(): path for path in candidate.nodes}
    shown = {path.upper(): path for path in (*memory, *(damaged.nodes if damaged else ()))}
    gone = [f"{shown[path]} is not in it" for path in sorted(shown) if path not in there]
    changed = [_changed(path, candidate, damaged) for path in damaged.nodes] if damaged else []
    return _few([*gone, *(text for text in changed if text)])


def _changed(path: str, candidate: Contents, damaged: Contents) -> str:
    spelled = {p.upper(): p for p in candidate.nodes}.get(path.upper())
    if spelled is None:
        return ""
    now, then = damaged.nodes[path], candidate.nodes[spelled]
    names = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    return f"{path} has {', '.join(names)} as {'it was' if len(names) == 1 else 'they were'} then" if names else ""


def _few(texts: Sequence[str]) -> list[str]:
    return [*texts[:_FEW], *([f"and {len(texts) - _FEW} nodes more"] if len(texts) > _FEW else [])]


def _look(pair: Pair, known: Snapshot) -> Candidate:
    """A pair with what could not be read of it; ``schema`` is its hash."""
    wrong = []
    schema = None
    try:
        schema = files.contents(pair.schema, known)
        if schema is None or schema.broken:
            wrong.append(f"its schema is {schema.broken if schema else 'not there'}")
        found = files.contents(pair.metabase, known)
    except Unread as error:
        return Candidate(pair, None, "", (error.message,))
    return Candidate(pair, found, schema.sha256 if schema else "", tuple(wrong))


def _contents(path: str, known: Snapshot) -> Contents | None:
    return files.contents(path, known) if known.readable(files.contents_address(path)) else None


def _fullest(all_of: Iterable[Contents]) -> dict[str, int]:
    most: dict[str, int] = {}
    for one in all_of:
        for service, count in one.counts.items():
            most[service] = max(count, most.get(service, 0))
    return most


def _judge(one: Candidate, damaged: Contents | None, key: str, fullest: Mapping[str, int]) -> Candidate:
    found = one.contents
    if found is None:
        return Candidate(one.pair, None, one.schema, one.wrong or ("it is not there any more",))
    if found.broken:
        return Candidate(one.pair, found, one.schema, (*one.wrong, found.broken))
    wrong = [*one.wrong, *_strange(found, damaged, key)]
    wrong += [f"it lacks {', '.join(found.lacks)}"] if found.lacks else []
    for service, count in sorted(fullest.items()) if not found.lacks else ():
        here = found.counts.get(service, 0)
        if here < count:
            wrong.append(f"it has {here} nodes of {service}, and the fullest pair has {count}")
    return Candidate(one.pair, found, one.schema, tuple(wrong))


def _strange(found: Contents, damaged: Contents | None, key: str) -> Iterator[str]:
    if damaged and found.sha256 == damaged.sha256:
        yield "it is the damaged file itself"
    if not key:
        yield "whether it is this machine's cannot be told: the SessionKeys that are kept do not agree"
    elif found.key != key:
        yield "its SessionKey is not this machine's"
