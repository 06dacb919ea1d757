r"""
How registry values and keys are asked for, so that *absent* is proved and never guessed.

A value is absent only if its key's listing succeeded without it; a key is absent only if the listing of a key above it
succeeded without it. What is listed but cannot be opened is unread. So each question goes up to the hive's root, with
commands that run only where the one before failed.

What the text of ``reg query`` cannot carry exactly is asked for again as an exported file, which cannot be had for one
value alone: the whole key is exported to the host's ``%TEMP%``, shown and deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from remediators.model import (
    Address,
    Answer,
    Command,
    OutOfScope,
    Query,
    ReadFailed,
    Reading,
    RemediationError,
    Scope,
    Snapshot,
    Unread,
    Value,
    is_below,
)
from remediators.quoting import cmd
from remediators.quoting.cmd import Env, Part
from remediators.resources import host
from remediators.resources.registry_addresses import (
    UNNAMED,
    Place,
    ancestors,
    key_at,
    lineage,
    place,
    value_at,
)
from remediators.resources.registry_files import Exported, Section, exported
from remediators.resources.registry_text import INEXACT, LOSS, Seen, comparable, lists_key, lists_value, value_in
from remediators.resources.registry_views import Reg, reg

PRESENT = "present"


def read_values(addresses: Iterable[Address], known: Snapshot) -> Iterator[Query]:
    """
    Questions for values and for the existence of keys; call again with what is known until nothing is new.

    In scope are the values, their keys, and every key above. Views other than native first ask what the host is.
    """
    yield from _read_values(addresses, known, "registry")


def _read_values(addresses: Iterable[Address], known: Snapshot, stage: str) -> Iterator[Query]:
    groups = _by_key(addresses)
    if any(view != "native" for view, _ in groups) and not known.knows(host.VERSION):
        yield host.query()
    for places in groups.values():
        yield from _with_reg(places, known, lambda places, program: _of_key(places, program, known, stage))


def read_tree(key: Address, known: Snapshot) -> Iterator[Query]:
    """A question for a whole key: everything in it, at any depth, with its existence proved as in `read_values`."""
    at = place(key)
    if at.view != "native" and not known.knows(host.VERSION):
        yield host.query()
    yield from _with_reg([at], known, _tree)
    root = _values_root(key)
    # Text that came in a doubtful form is asked for value by value.
    inexact = [address for address in known.inexact if is_below(address, root)]
    yield from _read_values(inexact, known, "registry in a tree")


def contents(key: Address, known: Snapshot) -> list[Address]:
    """
    Everything present in a key that `read_tree` read, deepest keys first and each after its values; not the key itself.

    Raises `Unread` where anything in it could not be read.
    """
    if known[key] is None:
        return []
    root = _values_root(key)
    for address in (*known.unread, *known.inexact):
        if is_below(address, root) or is_below(address, key):
            raise Unread(f"{address} was not read: {known.unread.get(address, 'its text could not be read exactly')}")
    keys = sorted((a for a in known.below(key)), key=lambda a: (-a.path.count("\\"), a.identity))
    values = list(known.below(root))
    ordered: list[Address] = []
    for each in keys:
        ordered += [v for v in values if place(v).key.upper() == place(each).key.upper()]
        ordered += [each] if each != key else []
    return ordered


def _values_root(key: Address) -> Address:
    """The address that all values of a key, and of the keys in it, are below."""
    return Address(key.kind.replace("registry-key", "registry"), key.path)


def temporary(view: str, key: str, what: str = "") -> tuple[Part, ...]:
    """The file on the host that carries a key: always the same for the same key, so that nothing piles up."""
    digest = hashlib.sha256(f"{view}:{key.upper()}:{what}".encode()).hexdigest()[:8]
    return (Env("TEMP"), f"\\remediate-{digest}.reg")


def _by_key(addresses: Iterable[Address]) -> dict[tuple[str, str], list[Place]]:
    """Values grouped by key; a key above one that is asked for is in that question's scope anyway."""
    groups: dict[tuple[str, str], list[Place]] = {}
    for at in map(place, addresses):
        groups.setdefault(at.identity, []).append(at)
    covered = {(view, above.upper()) for view, path in groups for above in ancestors(path)}
    return {
        identity: places
        for identity, places in groups.items()
        if identity not in covered or any(at.name is not None for at in places)
    }


def _with_reg(
    places: list[Place], known: Snapshot, ask: Callable[[list[Place], Reg], Iterator[Query]]
) -> Iterator[Query]:
    """Ask with the reg.exe of the view; where the host has none, or a name cannot be passed, the question fails."""
    try:
        yield from ask(places, reg(places[0].view, known))
    except OutOfScope:
        return  # what the host is was asked just now
    except RemediationError as error:
        yield _barred(places, error.message)


def _barred(places: list[Place], reason: str) -> Query:
    def parse(_: Sequence[Answer]) -> Reading:
        raise ReadFailed(reason)

    scope = Scope(exact=frozenset(_addresses(places)))
    return Query(f"registry barred {sorted(map(str, scope.exact))}", (), scope, parse)


def _addresses(places: Iterable[Place]) -> Iterator[Address]:
    for at in places:
        if at.name is not None:
            yield value_at(at.key, at.name, at.view)
        yield from lineage(at.key, at.view)


# -- one key ---------------------------------------------------------------------------------------------------------


def _of_key(places: list[Place], program: Reg, known: Snapshot, stage: str) -> Iterator[Query]:
    first = places[0]
    names = list({at.name.upper(): at.name for at in places if at.name is not None}.values())
    prefix = f"{stage} {first.view} {first.key.upper()}: "
    if not names:
        yield _existence(first, program)
        return
    asked = {name for title in known.asked if title.startswith(prefix) for name in title[len(prefix) :].split("\0")}
    new = [name for name in names if name.upper() not in asked]
    if new:
        yield _texts(first, new, program, prefix)
    inexact = [n for n in names if n.upper() in asked and value_at(first.key, n, first.view) in known.inexact]
    if inexact:
        yield _export(first, inexact, program, f"export {prefix}{sorted(inexact)}")


def _existence(at: Place, program: Reg) -> Query:
    def parse(answers: Sequence[Answer]) -> Reading:
        chain = _Chain.of(at, answers)
        return Reading(chain.values, chain.unread)

    commands = (program.query(at.key), *_upwards(at, program))
    scope = Scope(exact=frozenset(lineage(at.key, at.view)))
    return Query(f"registry key {at.view} {at.key.upper()}", commands, scope, parse)


def _upwards(at: Place, program: Reg) -> Iterator[Command]:
    return (program.query(above, fallback=True) for above in ancestors(at.key))


def _texts(at: Place, names: list[str], program: Reg, prefix: str) -> Query:
    """Each value, after a failure the key's listing, and after the last failure the listings of the keys above."""
    plain = [name for name in names if not awkward(name)]
    commands = [c for name in plain for c in (program.query(at.key, name), program.query(at.key, fallback=True))]
    if not plain:
        commands = [program.query(at.key)]
    commands += _upwards(at, program)
    scope = Scope(exact=frozenset(_addresses(Place(at.key, name, at.view) for name in names)))
    return Query(
        prefix + "\0".join(sorted(name.upper() for name in names)),
        tuple(commands),
        scope,
        lambda answers: _read_texts(at, names, plain, answers),
    )


def awkward(name: str) -> bool:
    """Whether reg.exe would take a value's name for one of its own options."""
    return name[:1] in ("/", "-")


def _read_texts(at: Place, names: list[str], plain: list[str], answers: Sequence[Answer]) -> Reading:
    told = 2 * len(plain)
    pairs = dict(zip(plain, zip(answers[:told:2], answers[1:told:2], strict=True), strict=True))
    opened = next((a for a in answers[: max(told, 1)] if a.ok), None)
    chain = _Chain.of(at, [opened] if opened else [*answers[max(told - 1, 0) : told], *answers[told:]])
    found = _Findings(chain.values, chain.unread)
    for name in names:
        address = value_at(at.key, name, at.view)
        reason = chain.unread.get(key_at(at.key, at.view))
        if reason:
            found.unread[address] = reason
        elif chain.values.get(key_at(at.key, at.view)) is None:
            continue
        elif name in pairs:
            _note(found, address, name, *pairs[name])
        else:
            found.inexact.add(address)
    return found.reading()


def _note(found: _Findings, address: Address, name: str, answer: Answer, listing: Answer) -> None:
    """What the answer for one value says, given the listing of its key where it failed."""
    if answer.ok:
        found.add(address, value_in(answer, name))
    elif not listing.ok:
        found.unread[address] = _words(answer)
    elif not name:
        found.inexact.add(address)  # an unset default value fails on some versions and not on others
    elif lists_value(listing, name):
        found.unread[address] = f"it is listed but could not be read: {_words(answer)}"
    elif not comparable(listing, name):
        found.unread[address] = "its name cannot be told from others in the code page of this host"


# -- exported files --------------------------------------------------------------------------------------------------


def _export(at: Place, names: list[str], program: Reg, title: str) -> Query:
    def parse(answers: Sequence[Answer]) -> Reading:
        found = _Findings()
        whole = _exported(answers)
        section = _section(at, whole)
        entries = {entry.name.upper(): entry for entry in section.entries}
        for name in names:
            if name.upper() in entries:
                found.add(value_at(at.key, name, at.view), whole.seen(entries[name.upper()]))
            elif any(LOSS in entry.name for entry in section.entries) or not name.isascii():
                found.unread[value_at(at.key, name, at.view)] = "names in its key cannot be decoded"
        return found.reading()

    scope = Scope(exact=frozenset(value_at(at.key, name, at.view) for name in names))
    return Query(title, tuple(_exporting(at, program)), scope, parse)


def _exporting(at: Place, program: Reg) -> Iterator[Command]:
    """Five commands: 2003's ``reg export`` knows no ``/y`` and asks where the file exists, so it is deleted first."""
    path = temporary(at.view, at.key)
    yield cmd.delete_file(path)
    yield program.command("export", at.key, path)
    yield cmd.show_file(path)
    yield cmd.show_lines(path)
    yield cmd.delete_file(path)


def _exported(answers: Sequence[Answer]) -> Exported:
    """The file that the answers to an export's commands show. Raises `ReadFailed`."""
    _, export, shown, lines, _ = answers
    if not export.ok:
        raise ReadFailed(f"it could not be exported: {_words(export)}")
    return exported(shown, lines)


def _section(at: Place, whole: Exported) -> Section:
    section = whole.section(at.key)
    if section is None:
        raise ReadFailed(f"{at.key} is not in what was exported of it")
    return section


def _tree(places: list[Place], program: Reg) -> Iterator[Query]:
    at = places[0]
    key = key_at(at.key, at.view)
    upwards = tuple(_upwards(at, program))
    commands = (program.query(at.key), *upwards, *_exporting(at, program))
    below = frozenset({key, _values_root(key)})
    scope = Scope(exact=frozenset(lineage(at.key, at.view)), below=below)
    chained = 1 + len(upwards)
    yield Query(
        f"registry tree {at.view} {at.key.upper()}",
        commands,
        scope,
        lambda answers: _read_tree(at, answers[:chained], answers[chained:]),
    )


def _read_tree(at: Place, chained: Sequence[Answer], answers: Sequence[Answer]) -> Reading:
    """The whole key. Raises `ReadFailed` where anything in it may have been missed: its scope says that nothing was."""
    chain = _Chain.of(at, chained)
    key = key_at(at.key, at.view)
    if key in chain.unread:
        raise ReadFailed(chain.unread[key])
    found = _Findings(chain.values, chain.unread)
    if chain.values.get(key) is None:
        return found.reading()
    whole = _exported(answers)
    _section(at, whole)
    _complete(at, chained[0], whole)
    for section in whole.sections:
        found.values[key_at(section.path, at.view)] = PRESENT
        for entry in section.entries:
            if LOSS in entry.name or entry.name == UNNAMED:
                raise ReadFailed(f"{section.path} holds a value whose name cannot be told: {entry.name!r}")
            told = INEXACT if whole.expanded and entry.text else whole.seen(entry)
            found.add(value_at(section.path, entry.name, at.view), told)
    return found.reading()


def _complete(at: Place, listing: Answer, whole: Exported) -> None:
    """Raise `ReadFailed` where the key's own listing has a subkey that was not exported."""
    for line in listing.text.splitlines():
        name = line.rpartition("\\")[2].rstrip()
        path = f"{at.key}\\{name}"
        if line.startswith("HKEY_") and lists_key(listing, path) and whole.section(path) is None:
            raise ReadFailed(f"{path} is there but was not exported: access may be denied")
    if any(LOSS in section.path for section in whole.sections):
        raise ReadFailed(f"{at.key} holds a key whose name cannot be decoded")


# -- what is found ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Findings:
    """A reading in the making."""

    values: dict[Address, Value] = field(default_factory=dict)
    unread: dict[Address, str] = field(default_factory=dict)
    inexact: set[Address] = field(default_factory=set)
    doubts: dict[Address, str] = field(default_factory=dict)

    def add(self, address: Address, seen: Seen) -> None:
        if seen.unread:
            self.unread[address] = seen.unread
        elif not seen.exact:
            self.inexact.add(address)
        else:
            self.values[address] = seen.value
            if seen.doubt:
                self.doubts[address] = seen.doubt

    def reading(self) -> Reading:
        return Reading(self.values, self.unread, frozenset(self.inexact), self.doubts)


@dataclass(frozen=True, slots=True)
class _Chain:
    """Which of a key and the keys above it are there, told by listings from the key upwards to the first success."""

    values: dict[Address, Value]
    unread: dict[Address, str]

    @classmethod
    def of(cls, at: Place, listings: Sequence[Answer]) -> _Chain:
        keys = [at.key, *ancestors(at.key)]
        first = next((number for number, listing in enumerate(listings) if listing.ok), None)
        if first is None:
            reason = _words(listings[-1]) if listings else "nothing was asked"
            return cls({}, {key_at(key, at.view): reason for key in keys})
        values: Mapping[Address, Value] = {key_at(key, at.view): PRESENT for key in keys[first:]}
        return cls(dict(values), dict(_missing(keys[:first], listings, first, at.view)))


def _missing(keys: Sequence[str], listings: Sequence[Answer], first: int, view: str) -> Iterator[tuple[Address, str]]:
    """Reasons for keys that could not be opened although they are, or may be, there; an absent key has none."""
    if not keys:
        return
    listing, top = listings[first], keys[-1]
    if lists_key(listing, top):
        reason = f"{top} is there but could not be opened: {_words(listings[first - 1])}"
    elif not comparable(listing, top):
        reason = f"{top} cannot be told from others in the code page of this host"
    else:
        return
    yield from ((key_at(key, view), reason) for key in keys)


def _words(answer: Answer) -> str:
    return " ".join(answer.text.split())[:200] or f"exit status {answer.status}"
