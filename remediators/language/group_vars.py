"""``group_vars/`` and ``host_vars/``: a file or a folder of files for each name, found as Ansible finds them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from remediators.language.draft import BESIDE_INVENTORY, BESIDE_PLAYBOOK, PRIORITY, Draft, Layer
from remediators.language.problems import Problem, Problems
from remediators.language.source import mapping_of, read_yaml

YAML_ENDINGS = (".yml", ".yaml", ".json")
DEEPEST_FOLDER = 20


def read_variables(draft: Draft, inventories: Sequence[Path], playbooks: Sequence[Path]) -> None:
    """Add the variables beside the inventories, and those beside the playbooks above them; a folder counts once."""
    for folder, rank in _folders(inventories, playbooks):
        for name, layer in _layers(folder / "group_vars", draft.groups, draft.problems, rank, "group"):
            if PRIORITY in layer.values:
                what = f"{PRIORITY} counts in the inventory itself only, as in Ansible"
                draft.problems.warn(layer.place(PRIORITY).problem(f"group {name!r}", what))
            draft.groups[name].layers.append(layer)
        for name, layer in _layers(folder / "host_vars", draft.hosts, draft.problems, rank, "host"):
            draft.hosts[name].append(layer)


def _folders(inventories: Iterable[Path], playbooks: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """Each folder once, at its last place, because there it has its highest precedence, with its first rank."""
    ranked = [(folder, BESIDE_INVENTORY) for folder in inventories]
    ranked += [(folder, BESIDE_PLAYBOOK) for folder in playbooks]
    real = [os.path.realpath(folder) for folder, _ in ranked]
    last = {path: number for number, path in enumerate(real)}
    for number, path in enumerate(real):
        if last[path] == number:
            yield ranked[number][0], ranked[real.index(path)][1]


def _layers(
    folder: Path, names: Collection[str], problems: Problems, rank: int, kind: str
) -> Iterator[tuple[str, Layer]]:
    for name, paths in _files(folder, names, problems):
        for path in paths:
            document = read_yaml(path, problems)
            if document is None:
                continue
            problems.warn_each(document.misread())
            values = mapping_of(document, problems, f"{kind} {name!r}")
            if values:
                yield name, Layer(values, document, rank=rank)


def _files(folder: Path, names: Collection[str], problems: Problems) -> Iterator[tuple[str, list[Path]]]:
    """The files of each name: ``NAME`` (a file or a folder of files), or else ``NAME.yml``, ``.yaml`` or ``.json``."""
    entries = _entries(folder, problems)
    if not entries:
        return
    for name in names:
        there = [name + ending for ending in ("", *YAML_ENDINGS) if name + ending in entries]
        for ignored in there[1:]:
            what = f"is ignored, because {there[0]} is there too"
            problems.warn(Problem(str(folder / ignored), 0, 0, "", what, "keep one of them"))
        if there:
            yield name, list(_files_in(folder / there[0], problems))


def _entries(folder: Path, problems: Problems) -> frozenset[str]:
    if not folder.exists():
        return frozenset()
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 - names only, ten thousand of them
    except NotADirectoryError:
        problems.warn(Problem(str(folder), 0, 0, "", "is no folder, and is not read"))
    except OSError as error:
        problems.add(Problem(str(folder), 0, 0, "", f"cannot be read: {error.strerror}"))
    return frozenset()


def _files_in(path: Path, problems: Problems, depth: int = 0) -> Iterator[Path]:
    """A file itself, or those of a folder by name; folders inside it whose names have no ending, too."""
    if not path.is_dir():
        yield path
        return
    if depth > DEEPEST_FOLDER:
        problems.add(Problem(str(path), 0, 0, "", f"is nested more than {DEEPEST_FOLDER} folders deep"))
        return
    for name in sorted(_entries(path, problems)):
        entry, ending = path / name, os.path.splitext(name)[1]  # noqa: PTH122 - Ansible's rule for names such as "a."
        if name.startswith(".") or name.endswith("~"):
            continue
        if entry.is_dir():
            if not ending:
                yield from _files_in(entry, problems, depth + 1)
        elif ending in ("", *YAML_ENDINGS):
            yield entry
