"""
Registry keys read as exported files, which carry every type exactly.

A file cannot be had for one value alone: the whole key is exported to the host's ``%TEMP%``, shown, and deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from remediators.model import Address, Answer, Command, Query, ReadFailed, Reading, Scope
from remediators.quoting import cmd
from remediators.quoting.cmd import Env, Part
from remediators.resources.registry_addresses import UNNAMED, Place, key_at, lineage, value_at
from remediators.resources.registry_files import Exported, Section, exported
from remediators.resources.registry_findings import PRESENT, Chain, Findings, said, upwards
from remediators.resources.registry_text import INEXACT, garbled, lists_key
from remediators.resources.registry_views import Reg


def temporary(view: str, key: str, what: str = "") -> tuple[Part, ...]:
    """The file on the host that carries a key: always the same for the same key, so that nothing piles up."""
    digest = hashlib.sha256(f"{view}:{key.upper()}:{what}".encode()).hexdigest()[:8]
    return (Env("TEMP"), f"\\remediate-{digest}.reg")


def values_root(key: Address) -> Address:
    """The address that all values of a key, and of the keys in it, are below."""
    return Address(key.kind.replace("registry-key", "registry"), key.path)


def export(at: Place, names: list[str], program: Reg, title: str) -> Query:
    def parse(answers: Sequence[Answer]) -> Reading:
        found = Findings()
        whole = _exported(answers)
        section = _section(at, whole)
        entries = {entry.name.upper(): entry for entry in section.entries}
        for name in names:
            if name.upper() in entries and not garbled(name, whole.encoding):
                found.add(value_at(at.key, name, at.view), whole.seen(entries[name.upper()]))
            elif any(garbled(entry.name, whole.encoding) for entry in section.entries) or not name.isascii():
                found.unread[value_at(at.key, name, at.view)] = "names in its key cannot be decoded"
        return found.reading()

    scope = Scope(exact=frozenset(value_at(at.key, name, at.view) for name in names))
    return Query(title, tuple(_exporting(at, program)), scope, parse)


def _exporting(at: Place, program: Reg) -> Iterator[Command]:
    """Six commands: 2003's ``reg export`` knows no ``/y`` and asks where the file exists, so it is deleted first."""
    path = temporary(at.view, at.key)
    yield cmd.delete_file(path)
    yield program.command("export", at.key, path)
    yield cmd.show_wide(path)
    yield cmd.show_file(path)
    yield cmd.show_lines(path)
    yield cmd.delete_file(path)


def _exported(answers: Sequence[Answer]) -> Exported:
    """The file that the answers to an export's commands show. Raises `ReadFailed`."""
    _, export, wide, shown, lines, _ = answers
    if not export.ok:
        raise ReadFailed(f"it could not be exported: {said(export)}")
    return exported(wide, shown, lines)


def _section(at: Place, whole: Exported) -> Section:
    section = whole.section(at.key)
    if section is None:
        raise ReadFailed(f"{at.key} is not in what was exported of it")
    return section


def tree(places: list[Place], program: Reg) -> Iterator[Query]:
    at = places[0]
    key = key_at(at.key, at.view)
    chain = (program.query(at.key), *upwards(at, program))
    commands = (*chain, *_exporting(at, program))
    below = frozenset({key, values_root(key)})
    scope = Scope(exact=frozenset(lineage(at.key, at.view)), below=below)
    yield Query(
        f"registry tree {at.view} {at.key.upper()}",
        commands,
        scope,
        lambda answers: _read_tree(at, answers[: len(chain)], answers[len(chain) :]),
    )


def _read_tree(at: Place, chained: Sequence[Answer], answers: Sequence[Answer]) -> Reading:
    """The whole key. Raises `ReadFailed` where anything in it may have been missed: its scope says that nothing was."""
    chain = Chain.of(at, chained)
    key = key_at(at.key, at.view)
    if key in chain.unread:
        raise ReadFailed(chain.unread[key])
    found = Findings(chain.values, chain.unread)
    if chain.values.get(key) is None:
        return found.reading()
    whole = _exported(answers)
    _section(at, whole)
    _complete(at, chained[0], whole)
    for section in whole.sections:
        found.values[key_at(section.path, at.view)] = PRESENT
        for entry in section.entries:
            if garbled(entry.name, whole.encoding) or entry.name == UNNAMED:
                raise ReadFailed(f"{section.path} holds a value whose name cannot be told: {entry.name!r}")
            told = INEXACT if whole.expanded and entry.text else whole.seen(entry)
            found.add(value_at(section.path, entry.name, at.view), told)
    return found.reading()


def _complete(at: Place, listing: Answer, whole: Exported) -> None:
    """Raise `ReadFailed` where the key's own listing has a subkey that was not exported."""
    names = [line.rpartition("\\")[2].rstrip() for line in listing.text.splitlines() if line.startswith("HKEY_")]
    listed = [path for name in names if lists_key(listing, path := f"{at.key}\\{name}")]
    missing = [path for path in listed if whole.section(path) is None]
    depth = at.key.count("\\") + 1
    # A listing may show a name with letters that only look like it; then as many keys as it lists are in the file.
    if missing and len(listed) > sum(section.path.count("\\") == depth for section in whole.sections):
        raise ReadFailed(f"{missing[0]} is there but was not exported: access may be denied")
    if any(garbled(section.path[len(at.key) :], whole.encoding) for section in whole.sections):
        raise ReadFailed(f"{at.key} holds a key whose name cannot be decoded")
