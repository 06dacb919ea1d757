"""The state directory: the journal, the key that seals secrets, and a folder for each run. Files 0600, folders 0700."""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from remediators.model import JournalError, UsageError


class State:
    """
    ``.remediate/`` in the working directory, or where ``--state-dir`` says.

    Raises `JournalError` where it cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.runs = self.root / "runs"
        try:
            for folder in (self.root, self.runs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
        except OSError as error:
            raise JournalError(f"the state directory {self.root} cannot be used: {error.strerror}") from error

    @property
    def journal_path(self) -> Path:
        return self.root / "journal.db"

    def key(self) -> bytes:
        """The key for HMACs of secrets; made at first use."""
        path = self.root / "hmac.key"
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return bytes.fromhex(path.read_text())

    def new_run(self) -> tuple[str, Path]:
        """Make an id that sorts by time, and the folder of that run."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")  # to the microsecond: an apply and its rollback are close
        run = f"{stamp}-{secrets.token_hex(2)}"
        folder = self.runs / run
        (folder / "manual").mkdir(mode=0o700, parents=True)
        folder.chmod(0o700)
        return run, folder

    def find(self, name: str) -> tuple[str, Path]:
        """The run that an id, ``latest`` or a path names. Raises `UsageError` with what there is."""
        known = sorted(entry.name for entry in self.runs.iterdir() if entry.is_dir())
        if name == "latest" and known:
            name = known[-1]
        if name not in known and Path(name).is_dir() and Path(name).resolve().parent == self.runs:
            name = Path(name).resolve().name
        if name not in known:
            there = ", ".join(known[-3:]) or "none yet"
            raise UsageError(f"there is no run {name!r} in {self.runs} (newest: {there})")
        return name, self.runs / name


def private(path: str, flags: int) -> int:
    """An opener for `open`: what it makes can be read by its owner only."""
    return os.open(path, flags, 0o600)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, durable when this returns. Raises `JournalError`."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error


def write_document(path: Path, document: Any) -> None:
    """Write JSON as people can read it."""
    write_private(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
