"""
Leases on hosts: two runs never work on one host at once, also those of several people on one state directory.

A lease is a row with an owner, a purpose, an expiry and a fence number that never repeats. It is renewed while its run
works, and asked for again before every write. It ends with its run, with its expiry, or with its process where that ran
on this machine and is gone; a lease that still holds is only broken by a person, with a reason.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from remediators.model import JournalError, RemediationError

LASTS = 60.0  # seconds that a lease holds without being renewed
_PARTS = 4  # it is renewed so many times in that span
_PATIENCE = 30.0  # seconds to wait for another process that is writing
_TABLES = """
CREATE TABLE IF NOT EXISTS leases (
    host TEXT PRIMARY KEY, run TEXT NOT NULL, purpose TEXT NOT NULL, owner TEXT NOT NULL, place TEXT NOT NULL,
    pid INTEGER NOT NULL, born TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL, fence INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS fences (number INTEGER PRIMARY KEY AUTOINCREMENT);
"""
_COLUMNS = "host, run, purpose, owner, place, pid, born, since, until, fence"


@dataclass(frozen=True, slots=True)
class Lease:
    """
    Who works on a host. ``since`` and ``until`` are seconds since 1970.

    ``place`` and ``born`` tell whether ``pid`` is a process of this machine and still the same one.
    """

    host: str
    run: str
    purpose: str
    owner: str
    place: str
    pid: int
    born: str
    since: float
    until: float
    fence: int = 0

    def holds(self, now: float) -> bool:
        """Whether it counts: it has not expired, and its process is not known to be gone."""
        return now < self.until and not (self.place == _place() and _born(self.pid) != self.born)

    def __str__(self) -> str:
        return f"run {self.run} ({self.purpose} by {self.owner} since {_stamp(self.since)})"

    def document(self) -> dict[str, Any]:
        """As people and programs may read it."""
        told = {"host": self.host, "run": self.run, "purpose": self.purpose, "owner": self.owner, "pid": self.pid}
        return {**told, "since": _stamp(self.since), "until": _stamp(self.until), "fence": self.fence}


class Lost(RemediationError):
    """The lease on a host went to somebody else: nothing more may be written there."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking for leases: ours, those that others hold, and those of others that were broken for us."""

    ours: Mapping[str, Lease]
    theirs: Mapping[str, Lease]
    broken: tuple[Lease, ...] = ()


class Leases:
    """The leases of a state directory. ``clock`` gives seconds since 1970. All methods raise `JournalError`."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        with self._open() as connection:
            connection.executescript(_TABLES)

    def take(self, hosts: Iterable[str], run: str, purpose: str, owner: str, *, take_over: bool = False) -> Taken:
        """Ask for leases, in one transaction; each host is given or not. ``take_over`` breaks those of others."""
        ours: dict[str, Lease] = {}
        theirs: dict[str, Lease] = {}
        broken: list[Lease] = []
        now = self._clock()
        mine = Lease("", run, purpose, owner, _place(), os.getpid(), _born(os.getpid()), now, now + LASTS)
        with self._writing() as connection:
            for host in hosts:
                held = _find(connection, host)
                other = held is not None and not _same_process(held, mine) and held.holds(now)
                if held is not None and other and not take_over:
                    theirs[host] = held
                    continue
                broken += [held] if held is not None and other else []
                fence = connection.execute("INSERT INTO fences DEFAULT VALUES").lastrowid or 0
                ours[host] = replace(mine, host=host, fence=fence)
                _store(connection, ours[host])
        return Taken(ours, theirs, tuple(broken))

    def others(self, hosts: Iterable[str], run: str = "") -> dict[str, Lease]:
        """Leases that hold on these hosts and are not of this run."""
        wanted = {_key(host): host for host in hosts}
        found = {wanted[lease.host]: lease for lease in self.all() if lease.host in wanted and lease.run != run}
        return {host: lease for host, lease in found.items() if lease.holds(self._clock())}

    def all(self) -> list[Lease]:
        """Every lease that is written down, by host; some may hold no more."""
        with self._open() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM leases ORDER BY host").fetchall()  # noqa: S608 - our own
        return [Lease(*row) for row in rows]

    def renew(self, leases: Iterable[Lease]) -> None:
        """Let those of these leases that are still there hold for their whole span from now on."""
        until = self._clock() + LASTS
        rows = [(until, _key(lease.host), lease.fence) for lease in leases]
        with self._writing() as connection:
            connection.executemany("UPDATE leases SET until = ? WHERE host = ? AND fence = ?", rows)

    def ask(self, lease: Lease) -> None:
        """Raises `Lost` where a lease is not ours any more; one that merely expired is renewed."""
        with self._open() as connection:
            held = _find(connection, lease.host)
        if held is None or held.fence != lease.fence:
            by = f"taken over by {held}" if held else "released"
            raise Lost(f"{lease.host}: the lease of this run was {by}: nothing more is written there")
        if held.until <= self._clock():
            self.renew([lease])

    def give_back(self, leases: Iterable[Lease]) -> None:
        """End leases, as far as they still are the same."""
        rows = [(_key(lease.host), lease.fence) for lease in leases]
        with self._writing() as connection:
            connection.executemany("DELETE FROM leases WHERE host = ? AND fence = ?", rows)

    def release(self, host: str) -> Lease | None:
        """End the lease on a host, whoever has it; gives that one."""
        with self._writing() as connection:
            held = _find(connection, host)
            connection.execute("DELETE FROM leases WHERE host = ?", (_key(host),))
        return held

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            with contextlib.closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"the leases in {self._path} cannot be used: {error}; nothing is sent") from error


def _same_process(held: Lease, mine: Lease) -> bool:
    """A run that is resumed while it still works elsewhere is another, whatever its name."""
    return (held.run, held.place, held.pid, held.born) == (mine.run, mine.place, mine.pid, mine.born)


def _find(connection: sqlite3.Connection, host: str) -> Lease | None:
    query = f"SELECT {_COLUMNS} FROM leases WHERE host = ?"  # noqa: S608 - our own names
    row = connection.execute(query, (_key(host),)).fetchone()
    return Lease(*row) if row else None


def _store(connection: sqlite3.Connection, lease: Lease) -> None:
    values = (
        *(_key(lease.host), lease.run, lease.purpose, lease.owner, lease.place, lease.pid),
        *(lease.born, lease.since, lease.until, lease.fence),
    )
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT OR REPLACE INTO leases ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608 - marks


def _key(host: str) -> str:
    """Names of hosts in two inventories may differ in case and mean the same machine."""
    return host.casefold().encode("utf-8", "backslashreplace").decode()


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _place() -> str:
    """Where a process number means something: this machine since it was started, and its namespace of processes."""
    parts = [platform.node()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        where = Path(path)
        with contextlib.suppress(OSError):
            parts.append(str(where.readlink()) if where.is_symlink() else where.read_text(encoding="ascii").strip())
    return " ".join(parts)


def _born(pid: int) -> str:
    """When a process began, as the system counts; empty for one that is gone. A number may be used again."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _alive(pid)
    return "" if fields[0] in ("Z", "X") else fields[19]


def _alive(pid: int) -> str:
    """The same where there is no ``/proc``: whether there is such a process at all."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        return "alive"
    return "alive"


class Held:
    """
    Leases that are renewed while a block runs, and given back after it.

    ``seconds`` is how often they are renewed. A renewal that fails is tried again: the next write asks anyway.
    """

    def __init__(self, leases: Leases, taken: Taken, seconds: float = LASTS / _PARTS) -> None:
        self.taken = taken
        self._leases = leases
        self._seconds = seconds
        self._over = threading.Event()
        self._left = dict(taken.ours)
        self._renewer = threading.Thread(target=self._renew, name="leases", daemon=True)

    def __enter__(self) -> Self:
        self._renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._renewer.join()
        with contextlib.suppress(JournalError):  # a process that is gone holds nothing
            self._leases.give_back(self._left.values())

    def ask(self, host: str) -> None:
        """Raises `Lost` where this run may not write to a host any more."""
        lease = self.taken.ours.get(host)
        if lease is None:
            raise Lost(f"{host}: this run has no lease on it: nothing is written there")
        self._leases.ask(lease)

    def _renew(self) -> None:
        while not self._over.wait(self._seconds):
            with contextlib.suppress(JournalError):
                self._leases.renew(self._left.values())
