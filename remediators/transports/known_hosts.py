"""OpenSSH's ``known_hosts`` files: plain and hashed names, patterns, ``[host]:port``, revoked keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path

USUAL_FILES = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
SYSTEM_FILES = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


class Verdict(Enum):
    """What the files say of a key that a host showed."""

    KNOWN = "known"
    UNKNOWN = "unknown"  # no key of this host and kind
    CHANGED = "changed"  # another key of the same kind
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: whose key it is (still as written), its kind, and its bytes. ``marker`` is ``@revoked`` or empty."""

    names: str
    kind: str
    blob: bytes
    marker: str = ""
    where: str = ""

    def names_host(self, name: str) -> bool:
        if self.names.startswith("|1|"):
            return _hashed(self.names, name)
        patterns = self.names.lower().split(",")
        if any(fnmatchcase(name, _literal(pattern[1:])) for pattern in patterns if pattern.startswith("!")):
            return False
        return any(fnmatchcase(name, _literal(pattern)) for pattern in patterns if not pattern.startswith("!"))


def _literal(pattern: str) -> str:
    """OpenSSH's patterns know ``*`` and ``?``; brackets stand for themselves."""
    return pattern.replace("[", "[[]")


def _hashed(names: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in names[3:].split("|"))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)


def name_of(host: str, port: int) -> str:
    """How a host is called in these files."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def parse(text: str, path: str = "") -> tuple[Entry, ...]:
    """All lines that can be used; others are passed over, as OpenSSH does. ``path`` is kept for messages."""
    entries = (_entry(line, f"{path}:{number}") for number, line in enumerate(text.splitlines(), 1))
    return tuple(entry for entry in entries if entry is not None)


def _entry(line: str, where: str) -> Entry | None:
    words = line.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    # Keys of authorities sign certificates, which are not asked for here.
    if len(words) < 3 or words[0].startswith("#") or marker not in ("", "@revoked"):
        return None
    try:
        return Entry(words[0], words[1], base64.b64decode(words[2], validate=True), marker, where)
    except (binascii.Error, ValueError):
        return None


def of_host(entries: Iterable[Entry], host: str, port: int) -> tuple[Entry, ...]:
    name = name_of(host, port)
    return tuple(entry for entry in entries if entry.names_host(name))


def judge(own: Sequence[Entry], kind: str, blob: bytes) -> tuple[Verdict, Entry | None]:
    """What the entries of a host say of the key it showed, and the entry that says it."""
    for entry in own:
        if entry.marker == "@revoked" and entry.blob == blob:
            return Verdict.REVOKED, entry
    usable = [entry for entry in own if not entry.marker and entry.kind == kind]
    for entry in usable:
        if entry.blob == blob:
            return Verdict.KNOWN, entry
    return (Verdict.CHANGED, usable[0]) if usable else (Verdict.UNKNOWN, None)


def fingerprint(blob: bytes) -> str:
    """As ``ssh-keygen -l`` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


class Files:
    """Parsed files, each read once until it changes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parsed: dict[str, tuple[tuple[int, int], tuple[Entry, ...]]] = {}

    def entries(self, paths: Iterable[str]) -> tuple[Entry, ...]:
        """The entries of those of these files that exist. Raises OSError where one cannot be read."""
        return tuple(entry for path in paths for entry in self._of(str(Path(path).expanduser())))

    def _of(self, path: str) -> tuple[Entry, ...]:
        with self._lock:
            try:
                stat = os.stat(path)  # noqa: PTH116  one call for size and time
            except FileNotFoundError:
                return ()
            stamp = (stat.st_mtime_ns, stat.st_size)
            kept = self._parsed.get(path)
            if kept is None or kept[0] != stamp:
                text = Path(path).read_text(encoding="utf-8", errors="replace")
                kept = self._parsed[path] = (stamp, parse(text, path))
            return kept[1]
