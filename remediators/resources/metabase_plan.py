r"""
What is to be done about a metabase, from what was read of it: nothing, a flush, a swap, or a refusal with its reasons.

File broken, memory whole: IIS writes its memory anew, nothing stops. Memory broken, or IISADMIN stopped with a broken
file: the newest good pair takes the place of the files. The way back to a file with which IISADMIN could not start puts
it in its place while IISADMIN runs: the files are as they were before, and mail goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from remediators.model import ABSENT, Address, Query, Refused, Snapshot, Unread, Value
from remediators.resources import host, services
from remediators.resources import metabase_choice as choice
from remediators.resources import metabase_files as files
from remediators.resources import metabase_swap as swap
from remediators.resources import metabase_text as text
from remediators.resources.metabase_choice import Candidate
from remediators.resources.metabase_files import Health, Place, Sign
from remediators.resources.metabase_script import in_order

_CATCHES_UP = (
    "Active Directory's changes since then come back by themselves (DS2MB, from LM/DS2MB/HighWaterMarks): wait for its "
    "next poll; with a much older file the marks must be cleared by hand"
)
_AUTOMATIC = frozenset({"auto", "delayed"})


@dataclass(frozen=True, slots=True)
class Repair:
    """Which values are wanted, how they come about, and what the plan says of it. Nothing at all where all is well."""

    values: Mapping[Address, Value] = field(default_factory=dict)
    details: Mapping[Address, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


# -- questions -------------------------------------------------------------------------------------------------------


def questions(known: Snapshot, today: date) -> Iterator[Query]:
    """Health first; what is kept only where something is wrong, or to see whose file it is."""
    yield from files.questions(known, today)
    if not known.readable(files.PLACE):
        return
    place = files.place(known)
    yield from choice.listings(place)
    if not known.readable(files.listing_address(f"{place.history}\\*.*")) or not known.knows(
        files.contents_address(place.metabase)
    ):
        return
    suspect = not files.health(known).healthy or choice.foreign(place, known, least=1)
    yield from choice.everything(place, known) if suspect else choice.newest(place, known)
    if suspect:
        yield from _modes(known)


def _modes(known: Snapshot) -> Iterator[Query]:
    """How the services start that depend on IISADMIN: where it does not run, those that would are started with it."""
    names = [name for name, _ in _dependents(known)]
    yield from services.read([services.part(name, what) for name in names for what in ("state", "start_mode")], known)


def _dependents(known: Snapshot) -> list[tuple[str, str]]:
    if not known.readable(services.part(files.SERVICE, "dependents")):
        return []
    return services.dependents(files.SERVICE, known)


# -- what is to be done ----------------------------------------------------------------------------------------------


def repair(known: Snapshot, *, verbs_missing: Sequence[str] = (), dependents: Sequence[str] = ()) -> Repair:
    """Raises `Refused` with all that was seen, and `Unread`."""
    _refuse_strangers(known)
    place = files.place(known)
    health = _with_more(files.health(known), place, known, verbs_missing)
    if not health.signs:
        return _nothing_to_do(health)
    _refuse_unproven(health)
    if health.file_only:
        return _flush(place, health, known)
    return _swap(place, health, known, dependents)


def _refuse_strangers(known: Snapshot) -> None:
    number = host.version(known)
    if number[:2] != (5, 2):
        raise Refused(
            f"IIS 6 is part of Windows Server 2003 (5.2) only, and this host is {known[host.VERSION]}: its metabase is "
            "kept in other files"
        )
    if known[host.SHELL_BITS] != "64" and host.is_64_bit(known):
        raise Refused("a 32-bit shell on a 64-bit Windows sees other files in system32 than IIS does")
    if not services.exists(files.SERVICE, known):
        raise Refused("IIS is not installed here: there is no service IISADMIN")
    if not files.place(known).exchange:
        raise Refused("Exchange is not installed here, so what a whole metabase must hold is not known")


def _with_more(health: Health, place: Place, known: Snapshot, verbs: Sequence[str]) -> Health:
    """The signs that health alone does not tell: whose file it is, and what was seen from outside."""
    foreign = choice.foreign(place, known) if _listed(place, known) else ()
    outside = (Sign("verbs", f"EHLO does not give {', '.join(verbs)}"),) if verbs else ()
    state = "broken" if foreign and health.file == "whole" else health.file
    return replace(health, file=state, signs=(*health.signs, *foreign, *outside))


def _listed(place: Place, known: Snapshot) -> bool:
    return all(known.readable(files.listing_address(f"{f}\\*.*")) for f in (place.history, place.backups))


def _nothing_to_do(health: Health) -> Repair:
    if health.file == "whole" and health.memory in ("whole", "stopped"):
        return Repair()
    raise Unread(f"whether the metabase is whole cannot be told: {health.words}")


def _refuse_unproven(health: Health) -> None:
    if "unread" in (health.file, health.memory):
        raise Refused(f"the metabase was not read whole, so nothing is done about it. Seen: {health.words}")
    if not health.proven:
        raise Refused(f"two independent signs must prove that the metabase is corrupt. Seen: {health.words}")


def _flush(place: Place, health: Health, known: Snapshot) -> Repair:
    address = files.file_address(place.metabase)
    memory = known[files.MEMORY]["paths"]
    detail = {
        **_common(place, known, known[address]),
        "wanted": swap.from_memory(),
        "how": "place",
        "alike": swap.alike(swap.from_memory(), None, text.counted(memory)),
        "look": _looked_for(memory),
    }
    notes = (
        f"corrupt: {health.words}",
        f"{place.metabase} is written anew from what IIS has in memory; nothing stops",
    )
    return Repair({address: swap.from_memory()}, {address: detail}, notes)


def _swap(place: Place, health: Health, known: Snapshot, dependents: Sequence[str]) -> Repair:
    best = _best(place, health, known)
    found = best.contents
    if found is None:
        raise Refused(f"{best.pair.name} was not read")
    metabase, schema = files.file_address(place.metabase), files.file_address(place.schema)
    start = _start(known)
    common = {
        **_common(place, known, known[metabase] or {"sha256": f"missing-{found.sha256}"}),
        "how": "swap",
        "back": "swap" if _could_start(place, known) else "place",
        "ran": known[services.part(files.SERVICE, "state")] == "running",
        "start": list(start),
        "look": _looked_for(path.upper() for path in found.nodes),
        **({"dependents": list(dependents)} if dependents else {}),
    }
    wanted = {
        metabase: {"sha256": found.sha256, "kept": place.kept(place.metabase, found.sha256)},
        schema: {"sha256": best.schema, "kept": place.kept(place.schema, best.schema)},
    }
    details: dict[Address, Mapping[str, Any]] = {
        metabase: {
            **common,
            "wanted": wanted[metabase],
            "from": best.pair.metabase,
            "alike": swap.alike(wanted[metabase], found, found.counts),
        },
        schema: {**common, "wanted": wanted[schema], "from": best.pair.schema},
    }
    running: dict[Address, Value] = {services.part(name, "state"): "running" for name in start}
    return Repair({**wanted, **running}, details, _notes(best, health, place, known))


def _could_start(place: Place, known: Snapshot) -> bool:
    """Whether IISADMIN could start with the file that is there now, so that the way back may stop it."""
    damaged = files.contents(place.metabase, known)
    return (damaged is not None and not damaged.broken) or known[services.part(files.SERVICE, "state")] != "running"


def _common(place: Place, known: Snapshot, before: Value) -> dict[str, Any]:
    folder = place.kept("", before["sha256"] if before is not ABSENT else "0" * 16).rstrip("\\")
    return {"name": "repair", "inetsrv": place.folder, "folder": folder, "aside": _aside(place, known)}


def _aside(place: Place, known: Snapshot) -> dict[str, str]:
    """The hash of every file that is copied aside; what could not be read here is compared on the host alone."""
    paths = [place.metabase, place.schema, *(row.path for row in choice.kept_files(place, known))]
    values = {path: _hash(path, known) for path in paths}
    return {path: value for path, value in values.items() if value}


def _hash(path: str, known: Snapshot) -> str:
    address = files.file_address(path)
    if not known.readable(address):
        return "not read: compared byte by byte on the host"
    value = known[address]
    return "" if value is ABSENT else str(value["sha256"])


def _best(place: Place, health: Health, known: Snapshot) -> Candidate:
    found = choice.candidates(place, known)
    if not found:
        raise Refused(
            f"the metabase is corrupt, and there is no pair of files to put it right with: {place.history} and "
            f"{place.backups} hold none. Seen: {health.words}"
        )
    if found[0].wrong:
        tried = " | ".join(candidate.words for candidate in found[:10])
        raise Refused(
            f"the metabase is corrupt, and none of {len(found)} pairs that are kept can put it right: {tried}. "
            f"Seen: {health.words}"
        )
    return found[0]


def _start(known: Snapshot) -> tuple[str, ...]:
    """What is started besides what runs: where IISADMIN does not run, it and what starts with Windows."""
    if known[services.part(files.SERVICE, "state")] == "running":
        return ()
    modes = {name: services.part(name, "start_mode") for name, _ in _dependents(known)}
    own = [name for name, mode in modes.items() if known.readable(mode) and known[mode] in _AUTOMATIC]
    return in_order([files.SERVICE, *own])


def _looked_for(paths: Iterable[str]) -> list[str]:
    """Nodes that must be enumerated afterwards, as adsutil spells paths."""
    known = {path.upper().removeprefix("/LM/") for path in paths}
    servers = sorted(p for p in known if p.startswith("SMTPSVC/") and p.removeprefix("SMTPSVC/").isdigit())
    return [*servers, "DS2MB", "EVENTMANAGER"]


def _notes(best: Candidate, health: Health, place: Place, known: Snapshot) -> tuple[str, ...]:
    found = best.contents
    memory = known[files.MEMORY]["paths"] if known.readable(files.MEMORY) else []
    damaged = files.contents(place.metabase, known)
    gone = choice.lost(found, damaged, memory) if found else []
    others = [one.words for one in choice.candidates(place, known) if one.wrong]
    return (
        f"corrupt: {health.words}",
        f"put right with {best.pair.metabase} of {best.pair.when}",
        *(f"lost with it: {text}" for text in gone),
        *(() if gone else ("nothing of what could be read is lost with it",)),
        *_beside(damaged, place),
        *(f"not taken: {words}" for words in others[:10]),
        _CATCHES_UP,
    )


def _beside(damaged: text.Contents | None, place: Place) -> Iterator[str]:
    if damaged is None or damaged.broken:
        yield f"what stood in {place.metabase} behind the damage could not be compared"
    elif not damaged.lacks:
        yield f"{place.metabase} itself is whole; it is kept aside, for memory is written over it when IISADMIN stops"


# -- the way back ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Back:
    """Files that are to be there again, from the copies that a run kept."""

    files: Mapping[str, Value]
    folder: str
    how: str
    restart: bool
    instead: Mapping[str, Mapping[str, Any]]
    dependents: Sequence[str] = ()

    def desired(self) -> dict[Address, Value]:
        return {files.file_address(path): value for path, value in self.files.items()}

    def details(self, known: Snapshot) -> dict[Address, Mapping[str, Any]]:
        state = services.part(files.SERVICE, "state")
        ran = known.readable(state) and known[state] == "running"
        return {files.file_address(path): self.detail(path, ran=ran) for path in self.files}

    def detail(self, path: str, *, ran: bool = True) -> dict[str, Any]:
        inetsrv = self.folder.rpartition("\\remediate\\")[0]
        if not inetsrv:
            raise Refused(f"{self.folder} is not a folder in which copies of the metabase are kept")
        like = {"alike": dict(self.instead[path])} if path in self.instead else {}
        return {
            "name": "back",
            "inetsrv": inetsrv,
            "folder": self.folder,
            "how": self.how,
            "restart": self.restart,
            "ran": ran,
            "wanted": self.files[path],
            **({"dependents": list(self.dependents)} if self.dependents else {}),
            **like,
        }


def questions_back(back: Back, known: Snapshot) -> Iterator[Query]:
    for path in back.files:
        yield swap.question(path, back.detail(path))
    yield from services.read([services.part(files.SERVICE, w) for w in ("state", "start_mode", "dependents")], known)
