r"""
The files in which IIS keeps its metabase: ``MetaBase.xml``, ``MBSchema.xml``, ``History`` and ``MetaBack``.

Memory and disk are two things, as on a real host: IISADMIN reads the file when it starts (and does not start where the
file is broken), and writes its memory over it when it stops; the file before goes to ``History``, which keeps ten.

A host whose specification says nothing of ``iis`` is in order: its files show what is in memory, and count for nothing
in the state of the machine until somebody writes them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from remediators.lab import iis_xml
from remediators.lab.files import leaf
from remediators.lab.registry import REG_SZ, text_bytes

if TYPE_CHECKING:
    from remediators.lab.world import WindowsMachine

KINDS: Final = ("whole", "cut", "character", "control", "empty", "lost", "thin", "foreign", "missing")
MEMORIES: Final = ("whole", "lost", "unreadable")
_SPEC: Final = frozenset({"file", "schema", "memory", "history", "backups", "metadata_file", "space", "adsutil"})
_KEPT: Final = 10  # pairs in History by default (MSDN, ms525213)
_FIRST: Final = 154
_INVALID_DATA: Final = 13  # what sc shows then is not known; ERROR_INVALID_DATA stands for it
_PARAMETERS: Final = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\INetMgr\\Parameters"

Tree = dict[str, dict[str, Any]]


class IisFiles:
    """The files of one machine; see `install` for the specification."""

    def __init__(self, machine: WindowsMachine, spec: Mapping[str, Any]) -> None:
        self.machine = machine
        self.folder = f"{machine.edition.root}\\system32\\inetsrv"
        self.path: str = spec.get("metadata_file", f"{self.folder}\\MetaBase.xml")
        self.key = iis_xml.session_key(machine.computer)
        self.major = _FIRST
        self.virtual = not spec
        self.unreadable = False  # GetObject fails for everything in memory

    # -- what stands on disk -----------------------------------------------------------------------------------------

    def furnish(self, spec: Mapping[str, Any]) -> None:
        """Put the files there. Damage to memory comes last, so that pairs of the history are as they were before."""
        _check(spec, self.machine.name)
        files = self.machine.files
        for folder in (f"{self.folder}\\History", f"{self.folder}\\MetaBack", self.path.rpartition("\\")[0]):
            files.make(folder)
        history: Sequence[str] = spec.get("history", ("whole",) * 3)
        for number, kind in enumerate(history):
            major = self.major - len(history) + number
            self._put(self._pair("MetaBase", major), partial(self._made, kind, major))
            self._put(self._pair("MBSchema", major), partial(_schema, "whole" if kind != "missing" else kind))
            self._date(self._pair("MetaBase", major), days=len(history) - number)
        for name, kind in spec.get("backups", {}).items():
            self._put(f"{self.folder}\\MetaBack\\{name}.MD0", partial(self._made, kind, self.major - 40))
            self._put(f"{self.folder}\\MetaBack\\{name}.SC0", partial(_schema, "whole"))
            self._date(f"{self.folder}\\MetaBack\\{name}.MD0", days=30)
        self._put(self.path, partial(self._made, spec.get("file", "whole"), self.major))
        self._put(f"{self.folder}\\MBSchema.xml", partial(_schema, spec.get("schema", "whole")))
        self._damage_memory(spec.get("memory", "whole"))
        files.space = spec.get("space")
        if spec.get("adsutil") is False:
            files.delete("C:\\Inetpub\\AdminScripts\\adsutil.vbs")
        if "metadata_file" in spec:
            self.machine.registry.create(_PARAMETERS)
            self.machine.registry.set(_PARAMETERS, "MetadataFile", REG_SZ, text_bytes(self.path))

    def _put(self, path: str, make: Callable[[], bytes | None]) -> None:
        if self.virtual:
            self.machine.files.show(path, lambda: make() or b"")
            return
        raw = make()
        if raw is not None:
            self.machine.files.write(path, raw)

    def _made(self, kind: str, major: int) -> bytes | None:
        if kind == "missing":
            return None
        if kind == "empty":
            return b""
        major = self.major if self.virtual and major == _FIRST else major
        key = iis_xml.session_key("ANOTHER") if kind == "foreign" else self.key
        raw = iis_xml.written(_without(self._tree(), kind), major, key)
        if kind == "cut":
            return raw[: len(raw) * 2 // 3]
        if kind in ("character", "control"):
            middle = raw.index(b"<", len(raw) // 2) + 3
            return raw[:middle] + (b"\x02\xff" if kind == "character" else b"\x1a\x00") + raw[middle:]
        return raw

    def _tree(self) -> Tree:
        return {path: dict(properties) for path, properties in self.machine.metabase.state().items()}

    def _pair(self, name: str, major: int) -> str:
        return f"{self.folder}\\History\\{name}_{major:010}_{0:010}.xml"

    def _date(self, path: str, days: int) -> None:
        self.machine.files.dates[path.lower()] = self.machine.now() - dt.timedelta(days=days)

    # -- memory ------------------------------------------------------------------------------------------------------

    def _damage_memory(self, kind: str) -> None:
        for path in _gone("lost") if kind == "lost" else ():
            self.machine.metabase.delete(path)
        self.unreadable = kind == "unreadable"

    @property
    def sinks(self) -> bool:
        """Whether Exchange's event sinks are loaded, which give EHLO its verbs."""
        return not self.unreadable and self.machine.metabase.node("EventManager") is not None

    def starting(self, name: str) -> int:
        """IISADMIN reads its file; gives the exit code with which its start fails, or 0."""
        if name.upper() != "IISADMIN" or self.virtual:
            return 0
        try:
            tree, self.major, _ = iis_xml.read(self.machine.files.read(self.path))
        except (iis_xml.BrokenFileError, FileNotFoundError) as error:
            self._log(str(error))
            return _INVALID_DATA
        self.unreadable = False
        self.machine.metabase.replace(tree)
        return 0

    def _log(self, text: str) -> None:
        """Event 4275, as a real host was seen to log it by the hundred."""
        event = {"log": "System", "source": "IIS Config", "id": 4275, "type": "error"}
        self.machine.log_event({**event, "text": "{0}", "strings": (text,)})

    def stopped(self, name: str) -> None:
        """IISADMIN writes its memory over its file when it stops."""
        if name.upper() == "IISADMIN":
            self.flush()

    def flush(self) -> None:
        """Write memory to disk; the file that was there goes to the history, which forgets the oldest pair."""
        if self.virtual:
            return
        files = self.machine.files
        if files.is_file(self.path):
            files.write(self._pair("MetaBase", self.major), files.read(self.path))
            files.write(self._pair("MBSchema", self.major), files.read(f"{self.folder}\\MBSchema.xml"))
        self.major += 1
        files.write(self.path, self._made("cut" if self.unreadable else "whole", self.major) or b"")
        for name in ("MetaBase", "MBSchema"):
            for path in files.match(f"{self.folder}\\History\\{name}_*.xml")[:-_KEPT]:
                files.delete(path)


def install(machine: WindowsMachine, spec: Mapping[str, Any]) -> IisFiles:
    """
    Give a machine its files.

    ``file``, ``schema`` and the members of ``history`` (a list, oldest first) and ``backups`` (name -> kind, in
    ``MetaBack``) are ``whole``, ``cut`` (no end), ``character`` (two bytes that no XML may have), ``control`` (the same
    with a Ctrl-Z, at which ``type`` ends), ``empty``, ``lost`` (without the sinks, DS2MB and the SMTP virtual server),
    ``thin`` (well-formed and whole but for one node), ``foreign`` (another machine's) or ``missing``. ``memory`` is
    ``whole``, ``lost`` or ``unreadable``. ``metadata_file`` is where the file is instead. ``space`` are the bytes left
    on the disk. ``adsutil: false`` takes the script away. Raises ValueError for anything else.
    """
    found = IisFiles(machine, spec)
    if machine.edition.number == "5.0":  # IIS 5: one binary file, and no history
        machine.files.show(f"{found.folder}\\MetaBase.bin", lambda: b"\0")
        return found
    found.furnish(spec)
    machine.services.hinder = found.starting
    machine.services.stopped = found.stopped
    return found


def _check(spec: Mapping[str, Any], name: str) -> None:
    kinds: Collection[str] = [*spec.get("history", ()), *spec.get("backups", {}).values()]
    wrong = [kind for kind in (spec.get("file", "whole"), spec.get("schema", "whole"), *kinds) if kind not in KINDS]
    wrong += [] if spec.get("memory", "whole") in MEMORIES else [spec["memory"]]
    wrong += sorted(set(spec) - _SPEC)
    if wrong:
        raise ValueError(f"{name}: the files of IIS in the lab know no {', '.join(map(str, wrong))}")


def _gone(kind: str) -> tuple[str, ...]:
    return {"lost": ("EventManager", "DS2MB", "SmtpSvc/1"), "thin": ("SmtpSvc/1/Domain",)}.get(kind, ())


def _without(tree: Tree, kind: str) -> Tree:
    gone = tuple(path.upper() for path in _gone(kind))
    return {p: v for p, v in tree.items() if not any(f"{p}/".upper().startswith(f"{root}/") for root in gone)}


def _schema(kind: str) -> bytes | None:
    raw = iis_xml.schema()
    return {"missing": None, "empty": b"", "cut": raw[: len(raw) // 2]}.get(kind, raw)


def pairs(machine: WindowsMachine) -> list[str]:
    """The names of the files in the history."""
    return [leaf(path) for path in machine.files.match(f"{machine.iis.folder}\\History\\*.xml")]
