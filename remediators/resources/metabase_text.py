r"""
What a ``MetaBase.xml`` says: its nodes, and whether it is whole. Pure; bytes in, plain data out.

The file of IIS 6 is ``<configuration xmlns="urn:microsoft-catalog:XML_Metabase_V…"><MBProperty>`` with one element for
each node, whose ``Location`` is its path (Microsoft, cc782923; real files write ``Location	="/LM/…"``, so it is parsed
and never searched). ``IIS_Global`` has ``SessionKey``, which belongs to one machine (ms525246: pairs of the history can
be restored on the machine that wrote them only), and ``HistoryMajorVersionNumber``, which rises with each write.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from xml.parsers import expat

NAMESPACE: Final = "urn:microsoft-catalog:XML_Metabase_V"
SCHEMA_NAMESPACE: Final = "x-urn:microsoft-catalog:MetaData_V"
# What a metabase of Exchange 2003 must hold: mail's virtual servers, what Active Directory writes into it, and the
# event sinks that give EHLO its verbs.
DS2MB: Final = "/LM/DS2MB"
SINKS: Final = "/LM/EVENTMANAGER"
SMTP: Final = "/LM/SMTPSVC"
_VOLATILE: Final = frozenset({"ChangeNumber", "HistoryMajorVersionNumber"})


@dataclass(frozen=True, slots=True)
class Contents:
    """
    One file. ``broken`` says why it is no well-formed metabase (empty where it is one); then the rest is what was
    read before the damage.

    ``nodes`` has each node's properties by its path as the file spells it; a property's value stands as a digest.
    ``key`` is a digest of the SessionKey. ``servers`` are the SMTP virtual servers that have bindings.
    """

    sha256: str
    size: int
    broken: str = ""
    key: str = ""
    major: int = 0
    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    servers: tuple[str, ...] = ()

    def value(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "nodes": {path: dict(p) for path, p in self.nodes.items()}, "servers": [*self.servers]}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Contents:
        """From `value`."""
        return cls(**{**value, "servers": tuple(value["servers"])})

    @property
    def paths(self) -> frozenset[str]:
        """The paths of its nodes, in upper case."""
        return frozenset(path.upper() for path in self.nodes)

    @property
    def counts(self) -> dict[str, int]:
        """How many nodes there are for each service, by upper-case name."""
        return counted(self.nodes)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a whole metabase of an Exchange server has and this one has not, in plain words."""
        return (*missing(self.paths), *(() if self.servers or not has_server(self.paths) else (NO_BINDINGS,)))


NO_BINDINGS: Final = "ServerBindings of an SMTP virtual server"


def counted(paths: Iterable[str]) -> dict[str, int]:
    """Nodes for each service: ``/LM/SmtpSvc/1`` counts for ``SMTPSVC``."""
    parts = (path.upper().split("/") for path in paths)
    return dict(Counter(part[2] for part in parts if len(part) > 2 and part[1] == "LM"))


def has_server(paths: Iterable[str]) -> bool:
    """Whether there is an SMTP virtual server, whose name is a number, among upper-case paths."""
    return any(p.startswith(f"{SMTP}/") and p.removeprefix(f"{SMTP}/").isdigit() for p in paths)


def missing(paths: Iterable[str]) -> list[str]:
    """What must be there and is not among upper-case paths, in plain words."""
    known = set(paths)
    roots = [("/LM/DS2MB", DS2MB), ("/LM/EventManager", SINKS)]
    lost = [] if has_server(known) else ["an SMTP virtual server (/LM/SmtpSvc/1 or another number)"]
    return lost + [name for name, path in roots if path not in known]


def hash_of(raw: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def read(raw: bytes) -> Contents:
    """What a file says. Never raises: what is wrong with it is in ``broken``."""
    reader = _Reader()
    broken = reader.read(raw)
    return Contents(
        hash_of(raw),
        len(raw),
        broken or reader.strange(),
        reader.key,
        reader.major,
        reader.nodes,
        tuple(reader.servers),
    )


def broken_schema(raw: bytes) -> str:
    """Why bytes are no well-formed MBSchema.xml, or nothing."""
    reader = _Reader(SCHEMA_NAMESPACE)
    return reader.read(raw) or reader.strange()


class _Reader:
    """Takes elements as they come, so that what stands before a damage is known."""

    def __init__(self, namespace: str = NAMESPACE) -> None:
        self.nodes: dict[str, dict[str, str]] = {}
        self.servers: list[str] = []
        self.key = ""
        self.major = 0
        self._namespace = namespace
        self._root: tuple[str, str] | None = None
        self._node: dict[str, str] = {}

    def read(self, raw: bytes) -> str:
        """Why the text is not well-formed, or nothing."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(raw, True)
        except expat.ExpatError as error:
            return f"not well-formed XML in line {error.lineno}: {expat.ErrorString(error.code)}"
        except ValueError as error:
            return str(error)
        return ""

    def strange(self) -> str:
        """Why a well-formed text is not the file that it should be, or nothing."""
        name, namespace = self._root or ("", "")
        if namespace.startswith(self._namespace) and (name == "configuration" or self._namespace != NAMESPACE):
            return ""
        return f"its root is <{name} xmlns={namespace!r}>, which is not IIS's"

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._root is None:
            self._root = (name, attributes.get("xmlns", ""))
        elif name == "IIS_Global":
            self.key = _digest(attributes.get("SessionKey", "")) if "SessionKey" in attributes else ""
            self.major = _number(attributes.get("HistoryMajorVersionNumber", ""))
        elif name == "Custom":
            self._node[attributes.get("Name") or attributes.get("ID", "?")] = _digest(attributes.get("Value", ""))
        elif "Location" in attributes:
            self._enter(attributes)

    def _enter(self, attributes: dict[str, str]) -> None:
        path = attributes["Location"]
        self._node = {n: _digest(v) for n, v in attributes.items() if n != "Location" and n not in _VOLATILE}
        self.nodes[path] = self._node
        if attributes.get("ServerBindings", "").strip() and has_server([path.upper()]):
            self.servers.append(path)


def _refuse_doctype(*_: object) -> None:
    raise ValueError("it has a document type, which IIS never writes")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 12 else 0
