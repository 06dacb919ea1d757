r"""
Files of the metabase as resources: ``file:C:\PATH`` with the value ``{"sha256", "kept"}``, or absent.

A change's detail says how: ``wanted`` (the value that it leads to), ``name`` (``repair`` or ``back``), ``folder`` where
the script lives, ``inetsrv``, ``how`` (``swap`` stops IISADMIN and all that runs with it, ``place`` changes the file
while it runs) and ``back`` (the same for the way back), ``from`` (what the copy is made of), ``aside`` (the SHA-256 of
every file that is copied aside), ``look`` (nodes that must be there afterwards), ``start`` (services to be started
besides those that run), ``restart`` and ``ran`` (false: what stops stays stopped, on this way and on the way back),
``dependents``, and ``alike``.

IIS writes ``MetaBase.xml`` anew on its own, so a file is read as having the wanted value where it is that file's
descendant: well-formed, of the same machine, no older, and with no fewer nodes of any service (``alike``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from remediators.model import (
    ABSENT,
    Action,
    Address,
    Answer,
    Change,
    Performance,
    Query,
    Reading,
    Refused,
    Restoration,
    Snapshot,
    Step,
    Value,
)
from remediators.resources import metabase_files as files
from remediators.resources import metabase_script as script
from remediators.resources import service_control as control
from remediators.resources import services
from remediators.resources.metabase_script import Job, Placing, in_order
from remediators.resources.metabase_text import Contents

WRITTEN_ANEW: Final = "as IIS writes it from memory"  # in the place of a hash that nobody can know beforehand
Detail = Mapping[str, Any]


def from_memory() -> dict[str, Any]:
    """The value of a file that IIS is to write from its memory."""
    return {"sha256": WRITTEN_ANEW, "kept": None}


def alike(value: Value, contents: Contents | None, counts: Mapping[str, int]) -> dict[str, Any]:
    """What a file must be to count as having ``value`` although IIS wrote it anew."""
    key, major = (contents.key, contents.major) if contents else ("", 0)
    return {"value": value, "key": key, "major": major, "counts": dict(counts)}


def is_alike(found: Contents, like: Mapping[str, Any]) -> bool:
    """Whether a file descends from the one that ``alike`` describes."""
    if found.broken or found.lacks or found.major < like["major"] or (like["key"] and found.key != like["key"]):
        return False
    counts = found.counts
    return all(counts.get(service, 0) >= count for service, count in like["counts"].items())


def question(path: str, detail: Detail) -> Query:
    """A file, when no script is at work on it any more. Raises `Refused`."""
    inner = files.file_question(path, str(detail["inetsrv"]))
    waiting = script.at_rest(str(detail["folder"]))
    like = detail.get("alike")
    name = f"{inner.name}:{detail['folder']}:{like['value']['sha256'] if like else ''}"
    commands = (waiting, *inner.commands)
    return Query(name, commands, inner.scope, lambda answers: _parse(answers, inner, detail))


def _parse(answers: Sequence[Answer], inner: Query, detail: Detail) -> Reading:
    if answers[0].status == script.AT_WORK:
        mark = script.go(str(detail["folder"]))
        why = (
            f"a repair script is still at work on the host, since {mark} is there; look again in a few minutes (if the "
            "host was started anew meanwhile, no script is: read the result beside that file, and delete it)"
        )
        return Reading(unread=dict.fromkeys(inner.scope.exact, why))
    reading = inner.parse(answers[1:])
    like = detail.get("alike")
    address = next(one for one in inner.scope.exact if one.kind == "file")
    said = files.contents_address(address.path)
    if like is None or address not in reading.values or reading.values[address] == like["value"]:
        return reading
    if is_alike(Contents.of(reading.values[said]), like):
        return Reading({**reading.values, address: like["value"]}, reading.unread)
    return reading


class FileKind:
    """How the files of the metabase are read, swapped and put back."""

    kinds = frozenset({"file"})

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Detail]
    ) -> Iterable[Query]:
        wanted = [(address, details[address]) for address in addresses if address in details]
        for address, detail in wanted:
            yield question(address.path, detail)
        if wanted:
            whats = ("state", "start_mode", "dependents")
            yield from services.read([services.part(files.SERVICE, what) for what in whats], known)

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        """One script for all of them: they are a pair."""
        return _steps(_job(changes, known), frozenset(change.address for change in changes)) if changes else []

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        if not change.detail:
            return f"{change.address}: files are written by metabase_repair only"
        if change.after is not ABSENT and not _kept(change.after) and not _anew(change.after):
            return f"{change.address}: no copy of it is kept on the host"
        try:
            self.write([change], known)
        except Refused as refusal:
            return f"{change.address}: {refusal.message}"
        return None

    def perform(self, action: Action, known: Snapshot) -> Performance:
        raise Refused(f"a file has no action {action.verb}")

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        groups: dict[str, list[Change]] = {}
        for change in changes:
            groups.setdefault(str((change.detail or {})["folder"]), []).append(change)
        return [_restoration(members) for members in groups.values()]

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        job = _job(changes, known)
        if job.stop or job.start:
            started = f"; {', '.join(job.start)} start" if job.start else "; what stops stays stopped"
            stopped = f"{', '.join(job.stop)} stop" if job.stop else "nothing runs that would have to stop"
            yield f"{stopped}{started}{control.price(files.SERVICE)}; the session itself may go and come back"
            yield f"the script gives up after {round(job.seconds / 60)} minutes at the most, and puts the files back"
        yield f"left behind on the host, never removed by this tool: {job.folder} and the copies beside it"


# -- one script for a pair -------------------------------------------------------------------------------------------


def _job(changes: Sequence[Change], known: Snapshot) -> Job:
    """What the script is to do on a host as it is known. Raises `Refused` and `Unread`."""
    detail: Detail = changes[0].detail or {}
    forward = all(change.after == (change.detail or {})["wanted"] for change in changes)
    name = str(detail["name"]) if forward else "back"
    flush = any(_anew(change.after) for change in changes)
    how = detail["how"] if forward else detail.get("back", detail["how"])
    stop, start = _services(detail, known, forward=forward) if how == "swap" and not flush else ((), ())
    schema = f"{detail['inetsrv']}\\MBSchema.xml"
    copies = ((schema, f"{detail['folder']}\\MBSchema.xml"),) if schema in detail.get("aside", {}) else ()
    return Job(
        str(detail["folder"]),
        name,
        tuple(_placing(change, name) for change in changes),
        aside=tuple(f"{detail['inetsrv']}\\{folder}" for folder in ("History", "MetaBack")) if name == "repair" else (),
        copies=copies if name == "repair" else (),
        stop=stop,
        start=start,
        flush=flush,
        look=tuple(detail.get("look", ())) if name == "repair" else (),
    )


def _services(detail: Detail, known: Snapshot, *, forward: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What runs and must stop, in that order, and what is to run afterwards."""
    runs = known[services.part(files.SERVICE, "state")] == "running"
    ran = [*services.running_dependents(files.SERVICE, known), files.SERVICE] if runs else []
    services.refuse_disabled(ran, known)
    control.refuse_protected(files.SERVICE, ran, detail.get("dependents", ()), allowed=True)
    again = bool(detail.get("restart", True)) if forward else bool(detail.get("ran", True))
    more = tuple(detail.get("start", ())) if forward else ()
    return tuple(ran), in_order((*(ran if again else ()), *more))


def _placing(change: Change, name: str) -> Placing:
    detail = change.detail or {}
    kept = None if change.after is ABSENT else _kept(change.after)
    source = detail.get("from") if change.after == detail["wanted"] else None
    own = f"{detail['folder']}\\before-{name}-{change.address.path.rpartition(chr(92))[2]}"
    undo = None if change.before is ABSENT else _kept(change.before) if name == "repair" else own
    return Placing(change.address.path, kept, undo, source)


def _kept(value: Value) -> str | None:
    return str(value["kept"]) if value.get("kept") else None


def _anew(value: Value) -> bool:
    return value is not ABSENT and value.get("sha256") == WRITTEN_ANEW


def _steps(job: Job, settles: frozenset[Address]) -> list[Step]:
    """Preparing touches nothing; then one command starts the script and waits; what is cleared is cleared always."""
    return [
        Step(script.prepared(job), frozenset()),
        Step(script.started(job), settles, report=script.ended(job), outlives=job.seconds),
        Step(script.cleared(job), frozenset(), always=True),
    ]


def _restoration(changes: Sequence[Change]) -> Restoration:
    detail = changes[0].detail or {}
    put_back = {c.address.path: "absent" if c.before is ABSENT else dict(c.before) for c in changes}
    instead = {c.address.path: dict((c.detail or {})["alike"]) for c in changes if (c.detail or {}).get("alike")}
    how = detail.get("back", detail["how"])
    options: dict[str, Any] = {"put_back": put_back, "folder": detail["folder"], "how": how}
    options |= {"instead": instead} if instead else {}
    options |= {} if detail.get("ran", True) else {"restart": False}
    paths = ", ".join(put_back)
    return Restoration(
        "metabase_repair", options, f"{paths}: the exact files from before", tuple(c.address for c in changes)
    )
