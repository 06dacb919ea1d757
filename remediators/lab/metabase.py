"""The IIS metabase of a simulated host: keys below LM with typed properties, and the schema that names the types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

# Property names of IIS 6 with their ADSI syntax; those marked "no" are not in the schema of Windows 2000.
SCHEMA: Final[Mapping[str, str]] = {
    "AdminEmail": "STRING",
    "AuthFlags": "INTEGER",
    "BadMailDirectory": "STRING",
    "ConnectionTimeout": "INTEGER",
    "ConnectResponse": "STRING",
    "DefaultDomain": "STRING",
    "DropDirectory": "STRING",
    "EnableReverseDnsLookup": "BOOLEAN",
    "FullyQualifiedDomainName": "STRING",
    "KeyType": "STRING",
    "LogFileDirectory": "EXPANDSZ",
    "LogType": "INTEGER",
    "MaxConnections": "INTEGER",
    "MaxMessageSize": "INTEGER",
    "MaxRecipients": "INTEGER",
    "MaxSmtpErrors": "INTEGER",
    "PickupDirectory": "STRING",
    "QueueDirectory": "STRING",
    "RelayForAuth": "INTEGER",
    "RouteAction": "INTEGER",
    "SendBadTo": "STRING",
    "SendNdrTo": "STRING",
    "ServerAutoStart": "BOOLEAN",
    "ServerBindings": "LIST",
    "ServerComment": "STRING",
    "ServerState": "INTEGER",
    "SmartHost": "STRING",
    "SmartHostType": "INTEGER",
    "SmtpInboundCommandSupportOptions": "INTEGER",
    "SmtpLocalDelayExpireMinutes": "INTEGER",
    "SmtpLocalNDRExpireMinutes": "INTEGER",
    "SmtpRemoteDelayExpireMinutes": "INTEGER",
    "SmtpRemoteNDRExpireMinutes": "INTEGER",
    "SmtpRemoteProgressiveRetry": "STRING",
    "SmtpServiceVersion": "INTEGER",
}
_NOT_IN_2000: Final = frozenset({"CONNECTRESPONSE"})

Data = str | int | bool | list[str]


@dataclass(slots=True)
class Node:
    """One key: its path as it was created, its properties by upper-case name."""

    path: str
    properties: dict[str, tuple[str, Data]] = field(default_factory=dict)


class Metabase:
    """Keys by upper-case path below LM, such as ``SMTPSVC/1``; the root is the empty path."""

    def __init__(self, note: Callable[[str, str], None], *, ids5: bool = False) -> None:
        self._nodes: dict[str, Node] = {"": Node("")}
        self._note = note
        self._old = ids5
        self.denied: frozenset[str] = frozenset()

    def node(self, path: str) -> Node | None:
        return self._nodes.get(path.upper())

    def create(self, path: str) -> Node:
        """The key at a path, made with those above it where it was missing."""
        found = self.node(path)
        if found is None:
            self.create(path.rpartition("/")[0])
            found = self._nodes[path.upper()] = Node(path)
            self._note("create", path)
        return found

    def delete(self, path: str) -> bool:
        """Remove a key with all below it; whether it was there."""
        gone = [key for key in self._nodes if key and (key == path.upper() or key.startswith(path.upper() + "/"))]
        for key in gone:
            del self._nodes[key]
        if gone:
            self._note("delete", path)
        return bool(gone)

    def children(self, path: str) -> list[Node]:
        """The keys directly below a path."""
        head = path.upper() + "/" if path else ""
        return [n for key, n in self._nodes.items() if key and key.startswith(head) and "/" not in key[len(head) :]]

    def below(self, path: str) -> list[Node]:
        """A key and all keys below it."""
        return [n for key, n in self._nodes.items() if not path or (key + "/").startswith(path.upper() + "/")]

    def syntax(self, name: str) -> str | None:
        """The type that the schema gives a property, or ``None`` where it knows no such name."""
        if self._old and name.upper() in _NOT_IN_2000:
            return None
        return next((syntax for known, syntax in SCHEMA.items() if known.upper() == name.upper()), None)

    def set(self, path: str, name: str, data: Data) -> None:
        node = self.create(path)
        known = next((known for known in SCHEMA if known.upper() == name.upper()), name)
        node.properties[name.upper()] = (known, data)
        self._note("set", f"{node.path}/{known}")

    def unset(self, path: str, name: str) -> bool:
        """Remove a property from a key; whether it was there."""
        node = self.node(path)
        found = node.properties.pop(name.upper(), None) if node else None
        if found is not None and node is not None:
            self._note("unset", f"{node.path}/{found[0]}")
        return found is not None

    def inherited(self, path: str, name: str) -> Data | None:
        """What holds at a key: its own property, or that of the nearest key above it."""
        while True:
            node = self.node(path)
            if node and name.upper() in node.properties:
                return node.properties[name.upper()][1]
            if not path:
                return None
            path = path.rpartition("/")[0]

    def replace(self, tree: Mapping[str, Mapping[str, Data]]) -> None:
        """Take a whole tree for what was there, as IISADMIN does when it reads its file."""
        self._nodes = {"": Node("")}
        for path, properties in tree.items():
            node = self.create(path)
            node.properties = {name.upper(): (name, data) for name, data in properties.items()}

    def state(self) -> dict[str, dict[str, Data]]:
        """Every key with its properties: plain JSON."""
        return {node.path: dict(node.properties.values()) for node in self._nodes.values()}
