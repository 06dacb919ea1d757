"""The state directory: the journal, the key that seals secrets, and a folder for each run. Files 0600, folders 0700."""

from __future__ import annotations

import json
import os
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from remediators.model import JournalError, UsageError

_KEY_BYTES = 32
VAULT_KEY = "vault.key"


class State:
    """
    ``.remediate/`` in the working directory, or where ``--state-dir`` says.

    Raises `JournalError` where it cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.runs = self.root / "runs"
        _only_its_owners(self.root)
        try:
            for folder in (self.root, self.runs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
        except OSError as error:
            raise JournalError(f"the state directory {self.root} cannot be used: {error.strerror}") from error

    @property
    def journal_path(self) -> Path:
        return self.root / "journal.db"

    @property
    def leases_path(self) -> Path:
        return self.root / "leases.db"

    def key(self) -> bytes:
        """The key for HMACs of secrets; made at first use. Raises `JournalError` where it is not what was written."""
        return bytes.fromhex(self._key("hmac.key", "saved plans with secrets need that one"))

    def vault_password(self) -> str:
        """
        The password that secrets in the journal and in rollback playbooks are encrypted with; made at first use.

        It is a vault password file, so that Ansible's own tools can use it too. Raises `JournalError`.
        """
        return self._key(VAULT_KEY, "the way back of secrets needs that one")

    def _key(self, name: str, why: str) -> str:
        """The hexadecimal digits of a key."""
        path = self.root / name
        if not path.exists():
            _make_once(path, secrets.token_hex(_KEY_BYTES))
        try:
            _only_read_by_its_owner(path)
            digits = path.read_text(encoding="ascii").strip()
            whole = len(bytes.fromhex(digits)) == _KEY_BYTES
        except OSError as error:
            raise JournalError(f"the key {path} cannot be read: {error.strerror}") from error
        except ValueError:
            whole = False
        if not whole:
            raise JournalError(f"{path} is not the key that was written there; {why}")
        return digits

    def new_run(self) -> tuple[str, Path]:
        """Make an id that sorts by time, and the folder of that run. Raises `JournalError`."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")  # to the microsecond: an apply and its rollback are close
        run = f"{stamp}-{secrets.token_hex(2)}"
        folder = self.runs / run
        try:
            folder.mkdir(mode=0o700)
            folder.chmod(0o700)
            (folder / "manual").mkdir(mode=0o700)
            _flush_folder(self.runs)
        except OSError as error:
            raise JournalError(f"the run's folder {folder} cannot be made: {error.strerror}") from error
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


def _only_its_owners(root: Path) -> None:
    """Raises `JournalError` for a state directory that others could put something into."""
    try:
        found = root.stat()
    except OSError:
        return  # it is made, or its fault is told, when it is used
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise JournalError(f"the state directory {root} can be written by others: chmod 700 {root}")
    if found.st_uid != os.geteuid():
        raise JournalError(f"the state directory {root} belongs to another user: say --state-dir")


def _only_read_by_its_owner(path: Path) -> None:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise JournalError(f"the key {path} can be read by others: chmod 600 {path}, and think of it as known")


def private(path: str, flags: int) -> int:
    """An opener for `open`: what it makes can be read by its owner only."""
    return os.open(path, flags, 0o600)


def write_private(path: Path, text: str) -> None:
    """
    Write a file that only its owner can read, durable when this returns: the old one or the whole new one.

    Half a surrogate pair becomes JSON's escape for it. Raises `JournalError`.
    """
    try:
        if path.exists() and not path.is_file():  # a terminal, a pipe: nothing to replace
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return
        whole = path.resolve()
        part = whole.with_name(f".{whole.name}.{secrets.token_hex(4)}")
        try:
            _write_flushed(part, text)
            part.replace(whole)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        _flush_folder(whole.parent)
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error


def _make_once(path: Path, text: str) -> None:
    """Write a file unless another process was first. Raises `JournalError`."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_flushed(part, text)
        try:
            os.link(part, path)
        except OSError:  # another was first, or the file system has no links
            if not path.exists():
                part.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _write_flushed(path: Path, text: str) -> None:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """A file's name is durable only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_document(path: Path, document: Any) -> None:
    """Write JSON as people can read it."""
    write_private(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
