"""Where everything that happens in a run goes: the journal first (durable), then the run's folder and who watches."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from remediators.engine.outcomes import HostResult
from remediators.journal import Event, Journal, encrypted, now, private, write_private
from remediators.model import Change, JournalError, Redactor, Value
from remediators.model.documents import Seal, change_document

Watcher = Callable[[Event], None]


# Fields that `rollback` and `show` read again: a password that happens to be part of a word must not alter them.
# Sensitive values are sealed in them, and an item that would bring in another secret is refused before (`spoils`).
_EXACT = frozenset({"changes", "results", "found", "expects", "status", "statuses", "recap", "items"})

_WRITES = frozenset({"intent", "action-intent", "arming"})  # what is noted right before something is written


def safe_name(host: str) -> str:
    """A host's name as the name of a file in the run's folder, and nowhere else; no two hosts have the same."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", host).lstrip(".")[:100]
    if plain == host and plain == plain.lower():
        return plain
    return f"{plain or '_'}-{hashlib.sha256(host.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def kept_path(folder: Path, host: str) -> Path:
    """Where the configuration of a device is kept as it was before a run."""
    return folder / "kept" / f"{safe_name(host)}.cfg.aes"


class Recorder:
    """
    Notes events of one run. `note` returns when the event is durable.

    Every text passes the redactor, and every sensitive value is sealed, before it gets anywhere.
    """

    def __init__(
        self, run: str, journal: Journal, folder: Path, *, seal: Seal, redactor: Redactor, watch: Watcher | None = None
    ) -> None:
        self.run = run
        self.folder = folder
        self._journal = journal
        self._lines = folder / "events.jsonl"
        self._seal = seal
        self._redactor = redactor
        self._watch = watch
        self._one_at_a_time = threading.Lock()
        self.fence: Callable[[str], None] | None = None  # asked before every write; raises where it may not be

    @property
    def seal(self) -> Seal:
        return self._seal

    def note(self, kind: str, host: str = "", /, **body: Any) -> Event:
        """Remember something. Raises `JournalError`, and before a write what the ``fence`` raises."""
        if self.fence and kind.removeprefix("back-") in _WRITES:
            self.fence(host)
        told = {name: value if name in _EXACT else self._redactor.value(value) for name, value in body.items()}
        event = Event(self.run, kind, host, told, now())
        self._journal.append(event)
        self._mirror(event)
        self._show(event)
        return event

    def finish(self, result: HostResult) -> HostResult:
        """Remember how a host came out, whole, so that the run can be told again; gives it as it was remembered."""
        items = tuple(replace(item, reason=self._clean(item.reason)) for item in result.items)
        result = replace(
            result, items=items, error=self._clean(result.error), detail=self._redactor.text(result.detail)
        )
        if result.detail:
            self.note("transcript", result.name, text=result.detail)
        self.note(
            "host-finished",
            result.name,
            status=result.status,
            error=result.error,
            recap=result.counts,
            seconds=result.seconds,
            items=[[item.status, list(item.results), item.reason, item.ignored] for item in items],
        )
        return result

    def changes(self, changes: tuple[Change, ...]) -> list[Mapping[str, Any]]:
        """
        Changes as they may be written down, a secret that was there before encrypted.

        Raises `JournalError` where it could not be kept.
        """
        return [change_document(change, self._seal, kept=True) for change in changes]

    def shown(self, changes: tuple[Change, ...]) -> list[Mapping[str, Any]]:
        """Changes as they may be seen, of which nothing need be had again."""
        return [change_document(change, self._seal) for change in changes]

    def by_hand(self, host: str, ending: str, text: str) -> None:
        """Keep the way back of one host as commands to run at its console. Raises `JournalError`."""
        write_private(self.folder / "manual" / f"{safe_name(host)}.{ending}", self._redactor.text(text))

    def keep(self, host: str, text: str) -> None:
        """Keep a device's configuration as it was before the run, whole and encrypted. Raises `JournalError`."""
        path = kept_path(self.folder, host)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, encrypted(self._seal.key, text))

    def spoils(self, value: Value) -> bool:
        """Whether a value holds what is a secret elsewhere, so that it cannot be remembered as it is."""
        return bool(self._redactor.value(value) != value)

    def _clean(self, text: str | None) -> str | None:
        return self._redactor.text(text) if text else None

    def _show(self, event: Event) -> None:
        """Tell who watches; a reader that went away (``| head``) must not stop a run half way."""
        try:
            if self._watch:
                self._watch(event)
        except OSError:
            self._watch = None

    def _mirror(self, event: Event) -> None:
        line = {"at": event.at, "run": event.run, "kind": event.kind, "host": event.host, **event.body}
        try:
            with (
                self._one_at_a_time,
                open(self._lines, "a", encoding="utf-8", errors="backslashreplace", opener=private) as file,
            ):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise JournalError(f"{self._lines} cannot be written: {error.strerror}") from error
