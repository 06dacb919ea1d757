"""A lab's host whose metabase is read, planned for and repaired as the engine does it, without a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from remediators.engine.reading import read_all
from remediators.lab.world import WindowsMachine, build
from remediators.model import Change, Dropped, Output, Query, Reading, Snapshot
from remediators.resources import host, services
from remediators.resources.commands import CommandKind
from remediators.resources.metabase import MetabaseKind
from remediators.resources.metabase_swap import FileKind
from remediators.resources.services import ServiceKind
from remediators.sessions.windows import WindowsSession

from .test_catalog import CATALOG

KINDS = {"file": FileKind(), "service": ServiceKind(), "command": CommandKind(), "metabase": MetabaseKind()}
INETSRV = r"C:\WINDOWS\system32\inetsrv"
METABASE = rf"{INETSRV}\MetaBase.xml"
STOPPED = {name: {"state": "stopped"} for name in ("IISADMIN", "SMTPSVC", "W3SVC", "HTTPFilter", "RESvc")}


@dataclass
class Channel:
    """A session that rides on HTTPS: it is gone when HTTP SSL stopped meanwhile, though the line runs to its end."""

    machine: WindowsMachine
    https: bool = False
    lines: list[str] = field(default_factory=list)

    def run(self, line: str, seconds: float) -> Output:
        self.lines.append(line)
        before = len(self.machine.log)
        ran = self.machine.run(line)
        if self.https and any(str(written) == "service stop HTTPFilter" for written in self.machine.log[before:]):
            raise Dropped("the connection went away")
        return Output(ran.stdout, ran.stderr, ran.status)

    def close(self) -> None:
        """There is nothing to close."""


class Bench:
    """One host with a session on it."""

    def __init__(self, *, https: bool = False, **spec: Any) -> None:
        self.machine = build("exch", spec)
        self.channel = Channel(self.machine, https)
        self.session = WindowsSession(lambda: self.channel)
        self.remediator = CATALOG["metabase_repair"]

    def look(self, ask: Any) -> Snapshot:
        return read_all(self.session, Snapshot(), lambda known: [host.query(), *ask(known)])

    def options(self, **options: Any) -> Any:
        return self.remediator.Options.model_validate(options)

    def planned(self, **options: Any) -> tuple[list[Change], Snapshot]:
        """Raises `Refused` and `Unread` as the plan would say them."""
        given = self.options(**options)
        known = self.look(lambda known: self.remediator.queries(given, known))
        wanted = self.remediator.desired(given, known)
        details = self.remediator.details(given, known)
        found = [Change(a, known[a], v, detail=details.get(a)) for a, v in wanted.items() if known[a] != v]
        self.notes = list(self.remediator.notes(given, known, found))
        return found, known

    def apply(self, changes: list[Change], known: Snapshot) -> list[str]:
        """Write them; gives what the host said of the file's script."""
        said = []
        for kind, one in KINDS.items():
            members = [change for change in changes if change.address.kind == kind]
            assert [why for change in members if (why := one.unwritable(change, known))] == []
            if members:
                results, _ = self.session.write(one.write(members, known), [])
                said += [answer.text for result in results for answer in result.answers if "outcome:" in answer.text]
        return said

    def repair(self, **options: Any) -> str:
        """Plan and apply; gives the outcome that the script told."""
        return " ".join(" ".join(self.apply(*self.planned(**options))).split())

    def back(self, changes: list[Change]) -> str:
        """Apply the way back of changes, as the rollback playbook says it."""
        said = []
        for kind in dict.fromkeys(change.address.kind for change in changes):
            of_kind = [change for change in changes if change.address.kind == kind]
            for way in KINDS[kind].restore(of_kind):
                remediator = CATALOG[way.remediator]
                given = remediator.Options.model_validate(dict(way.options))
                known = self.look(lambda known, r=remediator, g=given: r.queries(g, known))
                details = remediator.details(given, known)
                wanted = remediator.desired(given, known)
                made = [Change(a, known[a], v, detail=details.get(a)) for a, v in wanted.items() if known[a] != v]
                said += self.apply(made, known)
        return " ".join(" ".join(said).split())

    def file(self, path: str = METABASE) -> bytes:
        return self.machine.files.read(path)

    def running(self) -> set[str]:
        return {service.name for service in self.machine.services if self.machine.services.look(service) == 4}

    def kept(self) -> list[str]:
        return [path for path in self.machine.state()["files"]["files"] if "remediate" in path]


def state(bench: Bench) -> dict[str, Any]:
    """What a rollback must bring back: all but what is left behind and what IIS writes of its own (its history)."""
    found = bench.machine.state()
    files = {p: raw for p, raw in found["files"]["files"].items() if "remediate" not in p and "History" not in p}
    return {"services": found["services"], "registry": found["registry"], "files": files}


def read(bench: Bench, query: Query) -> Reading:
    reading = bench.session.read([query])[0]
    assert isinstance(reading, Reading), reading
    return reading


__all__ = ["INETSRV", "METABASE", "STOPPED", "Bench", "read", "services", "state"]
