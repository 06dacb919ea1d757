"""One playbook's worth of registry values, of every type, and how a host is taken there and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from remediators.engine.reading import absorb, read_all
from remediators.model import Address, Change, Channel, Output, Snapshot, Value
from remediators.resources import registry
from remediators.sessions.windows import WindowsSession

KIND = registry.RegistryKind()
TOP = r"HKLM\SOFTWARE\Acme & Sons"
BASE = TOP + r"\Every type (x)"


def of(type_name: str, data: object = None, raw: str | None = None) -> Value:
    return registry.canonical(type_name, data, raw)


VALUES = {
    registry.value(BASE, "text"): of("sz", 'a "b" %PATH% ^& |<>()! !PATH! \\'),
    registry.value(BASE, "blank"): of("sz", "  two blanks  "),
    registry.value(BASE, "empty"): of("sz", ""),
    registry.value(BASE, "unexpanded"): of("expand_sz", "%TEMP%\\x"),
    registry.value(BASE, "with slash"): of("expand_sz", "/f"),
    registry.value(BASE, "two lines"): of("expand_sz", "one\r\n    two    REG_SZ    three\r\n"),
    registry.value(BASE, "empty parts"): of("multi_sz", ["a", "", "b", ""]),
    registry.value(BASE, "no parts"): of("multi_sz", []),
    registry.value(BASE, "parts"): of("multi_sz", ["one", "two"]),
    registry.value(BASE, "number"): of("dword", -1),
    registry.value(BASE, "large"): of("qword", 2**63 + 5),
    registry.value(BASE, "bytes"): of("binary", "01FF"),
    registry.value(BASE, "no bytes"): of("binary", ""),
    registry.value(BASE, "many bytes"): of("binary", "0a1b" * 2500),
    registry.value(BASE, "none"): of("none", "0102"),
    registry.value(BASE, "link"): of("REG_LINK", "4100"),
    registry.value(BASE, "odd"): of("REG_12345", "4100"),
    registry.value(BASE, "big end"): of("dword_big_endian", "00000001"),
    registry.value(BASE, "long"): of("sz", "x" * 2500),
    registry.value(BASE, "(Default)"): of("sz", "unnamed"),
    registry.value(BASE, "/v"): of("dword", 1),
    registry.value(BASE, 'na"me %zz% ^ & \\ : # > !'): of("dword", 7),
    registry.value(BASE + "\\Sub", "(Default)"): of("multi_sz", ["q"]),
}
KEYS = [registry.key(BASE + end) for end in ("\\Bare\\Deep", "\\Bare", "\\Sub", "")] + [registry.key(TOP)]


@dataclass
class Counting:
    """Counts the command lines that pass through a channel."""

    channel: Channel
    lines: list[str] = field(default_factory=list)

    def run(self, line: str, seconds: float) -> Output:
        self.lines.append(line)
        return self.channel.run(line, seconds)

    def close(self) -> None:
        self.channel.close()


def session(channel: Channel) -> WindowsSession:
    return WindowsSession(lambda: channel)


def look(host: WindowsSession, addresses: Iterable[Address], known: Snapshot | None = None) -> Snapshot:
    wanted = list(addresses)
    return read_all(host, (known or Snapshot()).again(), lambda known: KIND.queries(wanted, known, {}))


def put(host: WindowsSession, changes: Sequence[Change], known: Snapshot) -> Snapshot:
    """Write as the engine does: only what is writable, then look again in the same batch and after it."""
    assert [KIND.unwritable(change, known) for change in changes] == [None] * len(changes)
    addresses = [change.address for change in changes]
    known = known.again()
    then = list(KIND.queries(addresses, known, {}))
    results, readings = host.write(KIND.write(changes, known), then)
    assert [result.words for result in results if result.failed] == []
    known = absorb(known, then, readings)
    return read_all(host, known, lambda known: KIND.queries(addresses, known, {}))


def values(known: Snapshot, addresses: Iterable[Address]) -> dict[str, Value]:
    return {str(address): known[address] for address in addresses}


def wanted() -> list[Change]:
    return [Change(key, None, "present") for key in KEYS] + [Change(a, None, v) for a, v in VALUES.items()]


def there_and_back(host: WindowsSession) -> None:
    """Every value is absent, is written and read back the same, and is absent again, with the keys that it needed."""
    changes = wanted()
    addresses = [change.address for change in changes]
    known = look(host, addresses)
    assert values(known, addresses) == {str(address): None for address in addresses}
    known = put(host, changes, known)
    assert values(known, addresses) == {str(change.address): change.after for change in changes}
    known = put(host, [change.inverse() for change in changes], known)
    assert values(known, addresses) == {str(address): None for address in addresses}
    assert known[registry.key(r"HKLM\SOFTWARE")] == "present"
