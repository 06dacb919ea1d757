"""Everything that a command reads, in one go, so that all mistakes of all files are told together."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from remediators.language.draft import Layer
from remediators.language.extra_vars import parse_extra_vars
from remediators.language.hosts import resolve_hosts
from remediators.language.inventory import Inventory
from remediators.language.inventory_sources import load_inventory
from remediators.language.patterns import limited, select
from remediators.language.playbook import load_playbooks
from remediators.language.plays import Playbook, Vocabulary
from remediators.language.problems import Problem, Problems
from remediators.language.source import LineDocument, Place
from remediators.language.tasks import Bound, bind
from remediators.model import Host


@dataclass(frozen=True, slots=True)
class Loaded:
    """Playbooks bound to an inventory. ``files`` are paths with the SHA-256 of their bytes."""

    playbooks: tuple[Playbook, ...]
    inventory: Inventory
    bound: Bound
    extra: tuple[Layer, ...]  # of ``-e``
    warnings: tuple[Problem, ...]

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Playbooks and the files they brought in, which the plan was made from."""
        pairs = [pair for book in self.playbooks for pair in ((book.path, book.sha256), *book.files)]
        return tuple(dict.fromkeys(pairs))


def load(
    playbooks: Sequence[str | os.PathLike[str]],
    sources: Sequence[str],
    vocabulary: Vocabulary,
    *,
    extra_vars: Sequence[str] = (),
    limit: str | None = None,
    tags: Collection[str] = (),
    skip_tags: Collection[str] = (),
    start_at: str | None = None,
) -> Loaded:
    """Read playbooks, inventories and ``-e`` arguments, and bind them. Raises `LanguageError` with all mistakes."""
    problems = Problems()
    extra = parse_extra_vars(extra_vars, problems)
    books = load_playbooks(playbooks, vocabulary, problems=problems)
    folders = list(dict.fromkeys(Path(path).parent for path in playbooks))
    inventory = load_inventory(sources, playbook_dirs=folders, known_variables=vocabulary.variables, problems=problems)
    problems.raise_if_any()
    bound = bind(
        books,
        inventory,
        vocabulary,
        extra=extra,
        limit=limit,
        tags=tags,
        skip_tags=skip_tags,
        start_at=start_at,
        problems=problems,
    )
    problems.raise_if_any()
    return Loaded(books, inventory, bound, extra, tuple(problems.warnings))


def select_hosts(
    inventory: Inventory,
    pattern: str,
    *,
    limit: str | None = None,
    extra_vars: Sequence[str] = (),
    said_as: str = "PATTERN",
) -> dict[str, Host]:
    """
    Hosts that a pattern on the command line means, resolved, in the inventory's order.

    ``said_as`` is what messages call the argument. Raises `LanguageError`.
    """
    problems = Problems()
    extra = parse_extra_vars(extra_vars, problems)
    names = _selected(inventory, pattern, limit, said_as, problems)
    problems.raise_if_any()
    hosts = resolve_hosts(inventory, names, extra=extra, problems=problems)
    problems.raise_if_any()
    return hosts


def select_names(
    inventory: Inventory, pattern: str, *, limit: str | None = None, said_as: str = "PATTERN"
) -> list[str]:
    """The same hosts, by name only. Raises `LanguageError`."""
    problems = Problems()
    names = _selected(inventory, pattern, limit, said_as, problems)
    problems.raise_if_any()
    return names


def _selected(inventory: Inventory, pattern: str, limit: str | None, said_as: str, problems: Problems) -> list[str]:
    place = Place(LineDocument(said_as, pattern), (1, pattern))
    names = limited(inventory, select(inventory, pattern, problems, place), limit, problems)
    if not names and not problems.errors:
        problems.add(Problem("--limit", 0, 0, "", f"{limit!r} leaves no host of {pattern!r}"))
    return names
