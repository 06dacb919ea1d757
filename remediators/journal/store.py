"""
The journal on disk: an append-only event log in SQLite (WAL, ``synchronous=FULL``).

One writer thread commits what waits in one transaction, so that many hosts share one flush to disk; `append` returns
when its events are durable. If they cannot be, it raises `JournalError`, and nothing is sent to a host.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from remediators.journal.chain import START, Head, Link, Verdict, digest_of, link, verify
from remediators.journal.events import Event
from remediators.model import JournalError

SCHEMA_VERSION = 2
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL, at TEXT NOT NULL, body TEXT,
    digest TEXT NOT NULL, chain TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_run ON events (run, number);
"""
_Row = tuple[str, str, str, str, str]
_Waiting = tuple[Sequence[_Row], "Future[None]"]


def now() -> str:
    """The time as documents write it: UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """
    The event log of a state directory. Use it as a context manager.

    Raises `JournalError` where it cannot be opened or was written by another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        with _told(path):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            path.chmod(0o600)
            self._prepare()
        self._closing = threading.Lock()
        self._closed = False
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, *events: Event) -> None:
        """Write events and return when they are durable. Raises `JournalError`."""
        rows = [_row(event) for event in events]
        done: Future[None] = Future()
        with self._closing:
            if self._closed:
                raise JournalError(f"the journal {self._path} is closed; nothing more is sent")
            self._waiting.put((rows, done))
        done.result()

    def events(self, run: str) -> list[Event]:
        """All events of a run, in order."""
        return list(self._select("WHERE run = ? ORDER BY number", run))

    def all_of(self, kind: str) -> list[Event]:
        """All events of one kind, over all runs, in order."""
        return list(self._select("WHERE kind = ? ORDER BY number", kind))

    def head(self) -> Head:
        """The last event and the chain up to it: what proves later that nothing was taken away."""
        with _told(self._path), contextlib.closing(self._connect()) as connection:
            return _head(connection)

    def head_of(self, run: str) -> Head | None:
        """The last end of a run that came to it, and the chain up to there; a run that was resumed ends anew."""
        with _told(self._path), contextlib.closing(self._connect()) as connection:
            row = connection.execute(
                "SELECT number, chain, kind FROM events WHERE run = ? AND kind IN ('run-finished', 'run-resumed') "
                "ORDER BY number DESC LIMIT 1",
                (run,),
            ).fetchone()
        return Head(*row[:2]) if row and row[2] == "run-finished" else None

    def links(self) -> Iterator[Link]:
        """Every event as it is stored, in order."""
        with _told(self._path), contextlib.closing(self._connect()) as connection:
            columns = "number, run, kind, host, at, body, digest, chain"
            for row in connection.execute(f"SELECT {columns} FROM events ORDER BY number"):  # noqa: S608 - our own names
                yield Link(*row)

    def verify(self, heads: Iterable[Head] = ()) -> Verdict:
        """Whether every event is as it was written, and those are there that the ``heads`` were told of."""
        return verify(self.links(), heads)

    def let_go(self, runs: Collection[str]) -> int:
        """
        Forget the bodies of these runs' events, which cannot be put back afterwards; gives how many.

        That they happened, when, and the chain stay. Raises `JournalError`.
        """
        with _told(self._path), contextlib.closing(self._connect()) as connection:
            with connection:
                marks = ", ".join("?" * len(runs))
                update = f"UPDATE events SET body = NULL WHERE body IS NOT NULL AND run IN ({marks})"  # noqa: S608 - marks
                count = connection.execute(update, tuple(runs)).rowcount
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def close(self) -> None:
        """Commit what waits and end the writer."""
        with self._closing:
            if not self._closed:
                self._waiting.put(None)
            self._closed = True
        self._writer.join()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30.0)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _prepare(self) -> None:
        with contextlib.closing(self._connect()) as connection, connection:
            found = _schema(connection)
            if found == "1":
                _chained(connection)
            elif found not in (None, str(SCHEMA_VERSION)):
                raise JournalError(
                    f"{self._path} was written by another version (schema {found}, this one reads {SCHEMA_VERSION})"
                )
            if found is None:
                connection.executescript(_TABLES)
                connection.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))

    def _select(self, where: str, value: str) -> Iterator[Event]:
        with _told(self._path), contextlib.closing(self._connect()) as connection:
            rows = connection.execute(
                f"SELECT run, kind, host, body, at, number FROM events {where}",  # noqa: S608 - our own two clauses
                (value,),
            ).fetchall()
        for run, kind, host, body, at, number in rows:
            if body is not None:
                yield Event(run, kind, host, json.loads(body), at, number)

    def _write(self) -> None:
        connection: sqlite3.Connection | None = None
        ended = False
        while not ended:
            batch, ended = self._next_batch()
            if not batch:
                continue
            try:
                connection = connection or self._connect()
                _insert(connection, [row for rows, _ in batch for row in rows])
            except Exception as error:  # noqa: BLE001 - whoever waits must be told, or it would wait for ever
                problem = JournalError(f"the journal {self._path} cannot be written: {error}; nothing more is sent")
                for _, done in batch:
                    done.set_exception(problem)
            else:
                for _, done in batch:
                    done.set_result(None)
        if connection:
            connection.close()

    def _next_batch(self) -> tuple[list[_Waiting], bool]:
        """Everything that waits now, at least one entry; and whether the journal is being closed."""
        batch: list[_Waiting] = []
        entry = self._waiting.get()
        while entry is not None:
            batch.append(entry)
            if self._waiting.empty():
                return batch, False
            entry = self._waiting.get()
        return batch, True


def _schema(connection: sqlite3.Connection) -> str | None:
    """The version that a journal says it has; ``None`` for a new one."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").fetchone():
        return None
    row = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    return str(row[0]) if row else None


def _row(event: Event) -> _Row:
    """
    An event as it is stored. Raises `JournalError` where it cannot be: what is not remembered is not done.

    Half a surrogate pair, which a registry value may hold, is not UTF-8: it is stored as JSON's escape for it.
    """
    try:
        body = json.dumps(dict(event.body), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise JournalError(f"an event of the kind {event.kind} cannot be written: {error}; nothing is sent") from error
    texts = (event.run, event.kind, event.host, event.at or now(), body)
    run, kind, host, at, body = (text.encode("utf-8", "backslashreplace").decode() for text in texts)
    return run, kind, host, at, body


def _insert(connection: sqlite3.Connection, rows: Sequence[_Row]) -> None:
    """Append in one transaction; another process waits meanwhile, so that the chain has one order."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        chain = _head(connection).chain
        for run, kind, host, at, body in rows:
            digest = digest_of(body)
            chain = link(chain, run, kind, host, at, digest)
            connection.execute(
                "INSERT INTO events (run, kind, host, at, body, digest, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run, kind, host, at, body, digest, chain),
            )


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute("SELECT number, chain FROM events ORDER BY number DESC LIMIT 1").fetchone()
    return Head(*row) if row else Head(0, START)


def _chained(connection: sqlite3.Connection) -> None:
    """Bring a journal of version 1 to version 2: the same events, and their chain from now on."""
    rows = connection.execute("SELECT number, run, kind, host, at, body FROM events ORDER BY number").fetchall()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ALTER TABLE events RENAME TO events_1")
    connection.execute("DROP INDEX events_of_run")
    for statement in filter(None, map(str.strip, _TABLES.split(";"))):
        connection.execute(statement)
    chain = START
    for number, run, kind, host, at, body in rows:
        digest = digest_of(body)
        chain = link(chain, run, kind, host, at, digest)
        connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (number, run, kind, host, at, body, digest, chain)
        )
    connection.execute("DROP TABLE events_1")
    connection.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (str(SCHEMA_VERSION),))


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"the journal {path} cannot be used: {error}") from error
