"""A Cisco device made of what a plan observed of one: its running configuration, as far as the plan tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from remediators.model import Address, Change, HostPlan, decode

Path = tuple[str, ...]

# What every device of the kind has, and `archive` where the plan was to use the timer that needs it.
_HEAD: Final[Mapping[str, tuple[str, ...]]] = {
    "ios": ("version 12.4", "hostname {name}"),
    "asa": (": Saved", ":", "ASA Version 8.2(5)", "hostname {name}"),
    "pix": (": Saved", ":", "PIX Version 6.3(5)", "hostname {name}"),
}
_ARCHIVE: Final[Path] = ("archive", "path flash:archive")
# Names whose value is a list of the lines *below* them; all other lists are of whole lines.
_ORDERED: Final = re.compile(
    r"(?:class|route-map|(?:ip|ipv6) (?:access-list|prefix-list)|access-list|nat|permit|deny) |\d"
)
_NESTS: Final = re.compile(r"(ip access-list (standard|extended)|ipv6 access-list|policy-map) \S")


def platform_of(host: HostPlan) -> str | None:
    """``ios``, ``asa`` or ``pix`` where a plan's own lines tell it for sure, else ``None``."""
    lines = [part for change in _changes(host) for part in _path(change.address)]
    used = {item.remediator for item in host.items}
    if any(line.startswith("fixup protocol") for line in lines):
        return "pix"
    if (host.arming and host.arming.kind == "revert-timer") or "ip_inspect" in used:
        return "ios"
    return "asa" if "smtp_fixup" in used else None


def config_of(host: HostPlan, platform: str) -> tuple[str, str]:
    """The running and the startup configuration; they differ where the plan leaves the device unsaved for that."""
    firsts = _firsts(_changes(host))
    absent = {_path(address) for address, before in firsts.items() if before is None}
    tree: dict[str, Any] = {}
    for path in _lines(firsts):
        _grow(tree, path, absent)
    if host.arming is not None and host.arming.kind == "revert-timer":
        _grow(tree, _ARCHIVE, absent)
    own = next((line for line in tree if line.startswith("hostname ")), None)
    head = [line.format(name=_word(host.name)) for line in _HEAD[platform]]
    head = [line for line in head if not (own and line.startswith("hostname "))]
    running = "\n".join([*head, *_text(tree), "end", ""] if platform == "ios" else [*head, *_text(tree), ""])
    return running, _unsaved(running, platform) if _left_unsaved(host) else running


def shown_later(host: HostPlan) -> frozenset[str]:
    """The lines that are there after the plan: how a device shows what is off, as far as the plan expects it."""
    return frozenset(_path(change.address)[-1] for change in _changes(host) if change.after == "present")


def _changes(host: HostPlan) -> Iterator[Change]:
    for item in host.items:
        if item.outcome == "change":
            yield from (change for change in item.changes if change.address.kind == "config")


def _firsts(changes: Iterable[Change]) -> dict[Address, Any]:
    firsts: dict[Address, Any] = {}
    for change in changes:
        firsts.setdefault(change.address, change.before)
    return firsts


def _path(address: Address) -> Path:
    return tuple(decode(part) for part in address.path.split(" > "))


def _lines(firsts: Mapping[Address, Any]) -> Iterator[Path]:
    """Every line that was there, lists first: what stands inside one of their entries comes below it."""
    for address, before in sorted(firsts.items(), key=lambda one: not isinstance(one[1], list)):
        path = _path(address)
        if isinstance(before, list):
            below = _NESTS.match(path[0]) is not None
            if below:
                yield path
            yield from ((path[0], entry) if below else (entry,) for entry in before)
        else:
            yield path if before is not None else path[:-1]


def _grow(tree: dict[str, Any], path: Path, absent: set[Path]) -> None:
    """Put a line into the tree, with the lines above it as far as the plan does not say that they are absent."""
    for depth, line in enumerate(path, 1):
        if path[:depth] in absent:
            return
        tree = tree.setdefault(line, {})


def _text(tree: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    for line, below in tree.items():
        yield " " * depth + line
        yield from _text(below, depth + 1)
        if below and not depth:
            yield "!"


def order_of(running: str) -> tuple[str, ...]:
    """
    The lines whose order means nothing, in the order that the device of a rehearsal writes them.

    A device writes such lines in an order of its own, whatever the order they were typed in; which, no plan tells.
    """
    lines = [line.strip() for line in running.splitlines()]
    return tuple(line for line in dict.fromkeys(lines) if line != "!" and not _ORDERED.match(line))


def _word(name: str) -> str:
    """A host's name as a device can be called."""
    return re.sub(r"[^A-Za-z0-9-]", "-", name.partition(".")[0])[:60] or "device"


def _left_unsaved(host: HostPlan) -> bool:
    arming = host.arming
    return arming is not None and not arming.save and arming.leave.get("save", "when_clean") == "when_clean"


def _unsaved(running: str, platform: str) -> str:
    """A startup configuration that differs, as the plan found it; in what, it does not tell."""
    mark = f"hostname saved-{platform}"
    return re.sub(r"^hostname .*$", mark, running, count=1, flags=re.MULTILINE)
