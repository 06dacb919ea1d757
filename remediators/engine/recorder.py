"""Where everything that happens in a run goes: the journal first (durable), then the run's folder and who watches."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from remediators.journal import Event, Journal, now, private, write_private
from remediators.model import Change, JournalError, Redactor
from remediators.model.documents import Seal, change_document

Watcher = Callable[[Event], None]


def safe_name(host: str) -> str:
    """A host's name as the name of a file in the run's folder, and nowhere else."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", host).lstrip(".") or "_"


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

    def note(self, kind: str, host: str = "", **body: Any) -> None:
        """Remember something. Raises `JournalError`."""
        event = Event(self.run, kind, host, self._redactor.value(body), now())
        self._journal.append(event)
        self._mirror(event)
        if self._watch:
            self._watch(event)

    def changes(self, changes: tuple[Change, ...]) -> list[Mapping[str, Any]]:
        """Changes as they may be written down."""
        return [change_document(change, self._seal) for change in changes]

    def by_hand(self, host: str, text: str) -> None:
        """Keep the way back of one host as commands to run at its console. Raises `JournalError`."""
        write_private(self.folder / "manual" / f"{safe_name(host)}.cmd", self._redactor.text(text))

    def clean(self, text: str) -> str:
        return self._redactor.text(text)

    def _mirror(self, event: Event) -> None:
        line = {"at": event.at, "run": event.run, "kind": event.kind, "host": event.host, **event.body}
        try:
            with self._one_at_a_time, open(self._lines, "a", encoding="utf-8", opener=private) as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise JournalError(f"{self._lines} cannot be written: {error.strerror}") from error
