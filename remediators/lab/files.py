"""A small file system in memory: names without case, drives, and a shared read-only floor of the system's own files."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Callable, Mapping
from typing import Final

Note = Callable[[str, str], None]


class NoSpaceError(OSError):
    """The disk is full."""


# The 8.3 names that %TEMP% is made of on a server where nobody changed it.
_SHORT: Final = {
    "DOCUME~1": "Documents and Settings",
    "ADMINI~1": "Administrator",
    "LOCALS~1": "Local Settings",
    "PROGRA~1": "Program Files",
}


def clean(path: str, cwd: str = "C:\\") -> str:
    r"""Make ``path`` absolute in ``cwd`` and remove ``.``, ``..`` and doubled separators: ``C:\A\B``."""
    path = path.replace("/", "\\").removeprefix("\\\\?\\").removeprefix("\\\\.\\")
    if path[1:2] != ":":
        path = cwd[:2] + path if path.startswith("\\") else f"{cwd}\\{path}"
    drive, rest = path[:2].upper(), path[2:]
    parts: list[str] = []
    for part in rest.split("\\"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(_SHORT.get(part.upper()) or part.rstrip(" .") or part)
    return drive + "\\" + "\\".join(parts)


def parent(path: str) -> str:
    """The folder of an absolute path; a drive's root is its own."""
    folder = path.rpartition("\\")[0]
    return folder + "\\" if len(folder) == 2 else folder


def leaf(path: str) -> str:
    return path.rpartition("\\")[2]


class Files:
    """Files by absolute path. Changes lie over ``floor``, which many machines share."""

    def __init__(self, floor: Mapping[str, bytes], folders: frozenset[str], note: Note) -> None:
        self._floor = {path.lower(): path for path in floor}
        self._base = floor
        self._folders = {folder.lower(): folder for folder in folders}
        self._written: dict[str, tuple[str, bytearray]] = {}
        self._gone: set[str] = set()
        self._shown: dict[str, tuple[str, Callable[[], bytes]]] = {}
        self._note = note
        self.space: int | None = None  # bytes that are left on the disk; None: enough
        self.dates: dict[str, dt.datetime] = {}  # of files that are older than the machine, by lower-case path

    def exists(self, path: str) -> bool:
        return self.is_file(path) or self.is_folder(path)

    def is_file(self, path: str) -> bool:
        key = path.lower()
        return key in self._written or ((key in self._floor or key in self._shown) and key not in self._gone)

    def is_folder(self, path: str) -> bool:
        return path.lower() in self._folders

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError."""
        key = path.lower()
        if key in self._written:
            return bytes(self._written[key][1])
        if self.is_file(path):
            return self._shown[key][1]() if key in self._shown else self._base[self._floor[key]]
        raise FileNotFoundError(path)

    def show(self, path: str, make: Callable[[], bytes]) -> None:
        """A file that tells how things are until somebody writes it; it counts for nothing in `state` until then."""
        self._shown[path.lower()] = (path, make)

    def write(self, path: str, raw: bytes, *, append: bool = False) -> None:
        """Create or change a file. Raises NotADirectoryError where its folder is missing."""
        if not self.is_folder(parent(path)) or self.is_folder(path):
            raise NotADirectoryError(path)
        before = self.read(path) if append and self.is_file(path) else b""
        self._take(len(raw))
        self._written[path.lower()] = (self.spelling(path), bytearray(before + raw))
        self._note("write", path)

    def extend(self, path: str, raw: bytes) -> None:
        """Add to a file that is open for writing. Raises `NoSpaceError`."""
        self._take(len(raw))
        self._written[path.lower()][1].extend(raw)

    def _take(self, count: int) -> None:
        if self.space is not None:
            if count > self.space:
                raise NoSpaceError
            self.space -= count

    def delete(self, path: str) -> None:
        key = path.lower()
        if not self.is_file(path):
            raise FileNotFoundError(path)
        self._written.pop(key, None)
        if key in self._floor or key in self._shown:
            self._gone.add(key)
        self._note("delete", path)

    def make(self, path: str) -> None:
        """Create a folder with all folders above it. Raises NotADirectoryError where a file is in the way."""
        if self.is_file(path):
            raise NotADirectoryError(path)
        if len(path) <= 3 or self.is_folder(path):
            return
        self.make(parent(path))
        self._folders[path.lower()] = path
        self._note("mkdir", path)

    def remove(self, path: str) -> None:
        """Remove a folder with all that is in it."""
        for file in [name for name in self._names() if name.lower().startswith(path.lower() + "\\")]:
            self.delete(file)
        for key in [key for key in self._folders if key == path.lower() or key.startswith(path.lower() + "\\")]:
            del self._folders[key]
        self._note("rmdir", path)

    def spelling(self, path: str) -> str:
        """The path in the case in which it was created."""
        key = path.lower()
        if key in self._written:
            return self._written[key][0]
        shown = self._shown.get(key, ("",))[0]
        return shown or self._floor.get(key) or self._folders.get(key) or path

    def match(self, pattern: str) -> list[str]:
        """Files and folders that an absolute path with ``*`` and ``?`` in its last part matches, sorted."""
        folder, mask = parent(pattern).lower().rstrip("\\"), leaf(pattern).lower()
        if "*" not in mask and "?" not in mask:
            return [self.spelling(pattern)] if self.exists(pattern) else []
        mask = "*" if mask == "*.*" else mask.replace("[", "[[]")
        found = dict.fromkeys(name for name in (*self._names(), *self._folders.values()) if len(name) > 3)
        return sorted(
            (name for name in found if _inside(name.lower(), folder) and fnmatch.fnmatchcase(leaf(name).lower(), mask)),
            key=str.lower,
        )

    def state(self) -> dict[str, object]:
        """Every file that differs from the floor, as hex, and all folders: plain JSON."""
        written = {name: bytes(raw).hex() for name, raw in self._written.values()}
        return {"files": written, "gone": sorted(self._gone), "folders": sorted(self._folders.values())}

    def _names(self) -> list[str]:
        floor = (name for key, name in self._floor.items() if key not in self._gone and key not in self._written)
        shown = (name for key, (name, _) in self._shown.items() if key not in self._gone | set(self._written))
        return [*floor, *shown, *(name for name, _ in self._written.values())]


def _inside(name: str, folder: str) -> bool:
    return name.rpartition("\\")[0] == folder
