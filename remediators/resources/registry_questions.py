r"""
How registry values and keys are asked for, so that *absent* is proved and never guessed.

A value is absent only if its key's listing succeeded without it; a key is absent only if the listing of a key above it
succeeded without it. What is listed but cannot be opened is unread. So each question goes up to the hive's root, with
commands that run only where the one before failed.
What the text of ``reg query`` cannot carry exactly is asked for again as an exported file (`registry_exports`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from remediators.model import (
    Address,
    Answer,
    OutOfScope,
    Query,
    ReadFailed,
    Reading,
    RemediationError,
    Scope,
    Snapshot,
    Unread,
    is_below,
)
from remediators.resources import host
from remediators.resources.registry_addresses import Place, ancestors, key_at, lineage, place, value_at
from remediators.resources.registry_exports import export, tree, values_root
from remediators.resources.registry_findings import Chain, Findings, said, upwards
from remediators.resources.registry_text import comparable, lists_value, value_in
from remediators.resources.registry_views import Reg, reg


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
    yield from _with_reg([at], known, tree)
    root = values_root(key)
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
    root = values_root(key)
    known[root]  # raises where the key's contents were not read, although another question found the key itself
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
        yield export(first, inexact, program, f"export {prefix}{sorted(inexact)}")


def _existence(at: Place, program: Reg) -> Query:
    def parse(answers: Sequence[Answer]) -> Reading:
        chain = Chain.of(at, answers)
        return Reading(chain.values, chain.unread)

    commands = (program.query(at.key), *upwards(at, program))
    scope = Scope(exact=frozenset(lineage(at.key, at.view)))
    return Query(f"registry key {at.view} {at.key.upper()}", commands, scope, parse)


def _texts(at: Place, names: list[str], program: Reg, prefix: str) -> Query:
    """Each value, after a failure the key's listing, and after the last failure the listings of the keys above."""
    plain = [name for name in names if not awkward(name)]
    commands = [c for name in plain for c in (program.query(at.key, name), program.query(at.key, fallback=True))]
    if not plain:
        commands = [program.query(at.key)]
    commands += upwards(at, program)
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
    chain = Chain.of(at, [opened] if opened else [*answers[max(told - 1, 0) : told], *answers[told:]])
    found = Findings(chain.values, chain.unread)
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


def _note(found: Findings, address: Address, name: str, answer: Answer, listing: Answer) -> None:
    """What the answer for one value says, given the listing of its key where it failed."""
    if answer.ok:
        found.add(address, value_in(answer, name))
    elif not listing.ok:
        found.unread[address] = said(answer)
    elif not name:
        found.inexact.add(address)  # an unset default value fails on some versions and not on others
    elif lists_value(listing, name):
        found.unread[address] = f"it is listed but could not be read: {said(answer)}"
    elif not comparable(listing, name):
        found.unread[address] = "its name cannot be told from others in the code page of this host"
