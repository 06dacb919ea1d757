"""Inventories as Ansible reads them: hosts, groups, and who set which variable where."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from remediators.language.draft import Draft, Group, Layer
from remediators.language.ini import IniReader
from remediators.language.problems import Problem, Problems, did_you_mean, is_secret, nearest
from remediators.language.source import (
    LARGEST_INVENTORY,
    LineDocument,
    Place,
    YamlDocument,
    mapping_of,
    parse_yaml,
    read_text,
    read_yaml,
)
from remediators.language.yaml_inventory import read_yaml_inventory

_YAML_ENDINGS = (".yml", ".yaml", ".json")
_IGNORED_ENDINGS = (
    ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
)  # fmt: skip
_IGNORED_NAMES = frozenset({"group_vars", "host_vars", "vars_plugins"})

Known = Mapping[str, tuple[Any, Layer]]


@dataclass
class Inventory:
    """
    Hosts and groups in the order in which they were written, and their variables.

    Precedence, lowest first: ``all``, groups (a parent before its children, then by priority, then by name), host;
    within each of them the inventory's files, then ``group_vars/`` and ``host_vars/`` beside it, then those
    beside the playbook.
    """

    sources: tuple[str, ...]
    groups: Mapping[str, Group]
    host_layers: Mapping[str, Sequence[Layer]]
    memberships: Mapping[str, Mapping[str, None]]
    warnings: tuple[Problem, ...] = ()
    _merged: dict[tuple[str, ...], Known] = field(default_factory=dict, repr=False)

    @property
    def hosts(self) -> Collection[str]:
        """Names of all hosts."""
        return self.host_layers.keys()

    @cached_property
    def members(self) -> Mapping[str, list[str]]:
        """Every group with all its hosts, those of its children included, in the order of the inventory."""
        order = {name: number for number, name in enumerate(self.host_layers)}
        inside: dict[str, set[str]] = {}
        for name in sorted(self.groups, key=lambda name: -self.depths.get(name, 0)):
            group = self.groups[name]
            inside[name] = set(group.hosts).union(*(inside.get(child, ()) for child in group.children))
        inside["all"] = set(order)
        return {name: sorted(inside[name], key=order.__getitem__) for name in self.groups}

    @cached_property
    def depths(self) -> Mapping[str, int]:
        """How deep each group is below ``all``, by its longest way."""
        return _depths(self.groups)

    @cached_property
    def _ancestors(self) -> Mapping[str, frozenset[str]]:
        """Each group with all groups above it, itself included."""
        above: dict[str, set[str]] = {name: {name, "all"} for name in self.groups}
        for name in sorted(self.groups, key=self.depths.__getitem__):
            for child in self.groups[name].children:
                above[child] |= above[name]
        return {name: frozenset(names) for name, names in above.items()}

    def groups_of(self, host: str) -> tuple[str, ...]:
        """Names of all groups that a host is in, sorted, without ``all``."""
        return tuple(sorted(self._all_groups(tuple(self.memberships[host])) - {"all"}))

    def _all_groups(self, direct: Iterable[str]) -> frozenset[str]:
        return frozenset({"all"}).union(*(self._ancestors[name] for name in direct))

    def shared(self, host: str) -> Known:
        """What the groups of a host set: each name with its value and the layer that set it."""
        direct = tuple(self.memberships[host])
        if direct not in self._merged:
            self._merged[direct] = {
                name: (layer.values[name], layer)
                for group in self._in_order(direct)
                for layer in group.layers
                for name in layer.values
            }
        return self._merged[direct]

    def _in_order(self, direct: Iterable[str]) -> list[Group]:
        groups = [self.groups[name] for name in self._all_groups(direct)]
        return sorted(groups, key=lambda group: (self.depths[group.name], group.priority, group.name))

    def contradictions(self) -> Iterator[Problem]:
        """Variables that two groups of one level set differently for a host, and nothing above them settles."""
        hosts: dict[tuple[str, ...], list[str]] = {}
        for host, direct in self.memberships.items():
            hosts.setdefault(tuple(direct), []).append(host)
        found: dict[tuple[str, str, str], tuple[Layer, Layer, list[str]]] = {}
        for together, members in hosts.items():
            for name, (one, low), (other, high) in self._clashes(together):
                open_ = [host for host in members if not _sets(self.host_layers[host], name)]
                found.setdefault((name, one, other), (low, high, []))[2].extend(open_)
        for (name, one, other), (low, high, unsettled) in found.items():
            if unsettled:
                yield _contradiction(name, (one, low), (other, high), unsettled)

    def _clashes(self, direct: Iterable[str]) -> Iterator[tuple[str, tuple[str, Layer], tuple[str, Layer]]]:
        setters: dict[str, tuple[tuple[int, int], str, Layer]] = {}
        clashes: dict[str, tuple[tuple[str, Layer], tuple[str, Layer]]] = {}
        for group in self._in_order(direct):
            level = (self.depths[group.name], group.priority)
            last = {name: layer for layer in group.layers for name in layer.values}
            for name, layer in last.items():
                before = setters.get(name)
                setters[name] = (level, group.name, layer)
                if before is None or before[0] != level:
                    clashes.pop(name, None)
                elif before[2].values[name] != layer.values[name]:
                    clashes[name] = (before[1:], (group.name, layer))
        for name, (low, high) in clashes.items():
            yield name, low, high


def _sets(layers: Sequence[Layer], name: str) -> bool:
    return any(name in layer.values for layer in layers)


def _contradiction(name: str, low: tuple[str, Layer], high: tuple[str, Layer], hosts: Sequence[str]) -> Problem:
    who = f"host {hosts[0]!r}" + (f" and {len(hosts) - 1} more" if len(hosts) > 1 else "")
    what = (
        f"groups {low[0]!r} and {high[0]!r} are on one level and set {name!r} differently for {who}; "
        f"the other place is {low[1].place(name)}"
    )
    return (
        high[1]
        .place(name)
        .problem(f"group {high[0]!r}", what, "set it for the host, or order the groups by ansible_group_priority")
    )


def _depths(groups: Mapping[str, Group]) -> dict[str, int]:
    depths = dict.fromkeys(groups, 1)
    depths["all"] = 0
    changed = True
    while changed:
        changed = False
        for group in groups.values():
            for child in group.children:
                if depths[child] <= depths[group.name]:
                    depths[child] = depths[group.name] + 1
                    changed = True
    return depths


def load_inventory(
    sources: Sequence[str],
    *,
    playbook_dirs: Sequence[str | os.PathLike[str]] = (),
    known_variables: Collection[str] = (),
    problems: Problems | None = None,
) -> Inventory:
    """
    Read inventories: files, directories, or lists such as ``a,b,``.

    ``playbook_dirs`` are where further ``group_vars/`` and ``host_vars/`` stand; ``known_variables`` are the
    ``ansible_*`` names that mean something. Raises `LanguageError`, or adds to ``problems`` where that is given.
    """
    found = Problems() if problems is None else problems
    draft = Draft(found)
    for source in sources:
        _read_source(draft, source)
    circles = len(found.errors)
    _reconcile(draft)
    if len(found.errors) == circles:
        for folder in _folders(sources, playbook_dirs):
            _read_variables(draft, folder)
    inventory = Inventory(tuple(sources), draft.groups, draft.hosts, draft.memberships)
    if len(found.errors) == circles:
        found.errors.extend(inventory.contradictions())
    _warn_of_unknown(draft, known_variables)
    if problems is None:
        found.raise_if_any()
    inventory.warnings = tuple(found.warnings)
    return inventory


def _read_source(draft: Draft, source: str) -> None:
    path = Path(source)
    if "," in source and not path.exists():
        _read_list(draft, source)
    elif path.is_dir():
        _read_directory(draft, path)
    else:
        _read_file(draft, path)


def _read_list(draft: Draft, source: str) -> None:
    document = LineDocument("--inventory", source)
    for name in source.split(","):
        if name.strip():
            draft.add_written(name.strip(), draft.group("ungrouped"), None, Place(document, (1, name.strip())))


def _read_directory(draft: Draft, folder: Path) -> None:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        draft.problems.add(Problem(str(folder), 0, 0, "", f"cannot be read: {error.strerror}"))
        return
    for entry in entries:
        name = entry.name
        if name.startswith(".") or name in _IGNORED_NAMES or name.endswith(_IGNORED_ENDINGS):
            continue
        if entry.is_dir():
            _read_directory(draft, entry)
        else:
            _read_file(draft, entry)


def _read_file(draft: Draft, path: Path) -> None:
    if _is_script(path):
        what = "is executable, and inventory scripts are not supported yet"
        hint = (
            "run it and save its output as a YAML inventory, or take its executable bit away (chmod -x) if it is data"
        )
        draft.problems.add(Problem(str(path), 0, 0, "", what, hint))
        return
    found = read_text(path, draft.problems, largest=LARGEST_INVENTORY)
    if found is None:
        return
    text, digest = found
    if path.suffix in _YAML_ENDINGS or (path.suffix != ".ini" and _looks_like_yaml(text)):
        document = parse_yaml(str(path), text, draft.problems, digest)
        if document is not None:
            read_yaml_inventory(document, draft)
    else:
        IniReader(LineDocument(str(path), text), draft).read()


def _is_script(path: Path) -> bool:
    """A script by its first bytes, or by its mode where its name does not say that it is data."""
    try:
        if not path.is_file() or not os.access(path, os.X_OK):
            return False
        with path.open("rb") as stream:
            return stream.read(2) == b"#!" or path.suffix not in (*_YAML_ENDINGS, ".ini")
    except OSError:
        return False


def _looks_like_yaml(text: str) -> bool:
    """Tell the format of a file whose name does not: by its first line that says anything."""
    for line in text.splitlines():
        words = line.split(" #")[0].strip()
        if words and words[0] not in "#;":
            return words.startswith(("---", "{", "%YAML")) or words.endswith(":")
    return False


def _reconcile(draft: Draft) -> None:
    """Put groups without a parent below ``all``, hosts without a group into ``ungrouped``, and find circles."""
    if _has_circle(draft):
        return
    children = {child for group in draft.groups.values() for child in group.children}
    top = draft.groups["all"]
    for name in draft.groups:
        if name != "all" and name not in children:
            top.children[name] = Place(LineDocument("", ""))
    _find_top_as_child(draft)
    ungrouped = draft.groups["ungrouped"]
    for host, direct in draft.memberships.items():
        if not direct.keys() - {"all", "ungrouped"}:
            ungrouped.hosts[host] = direct["ungrouped"] = None
        elif "ungrouped" in direct:
            del direct["ungrouped"], ungrouped.hosts[host]


def _find_top_as_child(draft: Draft) -> None:
    for group in draft.groups.values():
        if "all" in group.children:
            place = group.children.pop("all")
            draft.problems.add(place.problem(f"group {group.name!r}", "'all' cannot be a child: it holds every group"))


def _has_circle(draft: Draft) -> bool:
    """Report every group that is its own descendant, once, at the line that closes the circle."""
    done: set[str] = set()
    found = False
    for start in draft.groups:
        trail: dict[str, Iterator[str]] = {}
        name: str | None = start
        while name is not None:
            if name not in trail:
                trail[name] = iter(draft.groups[name].children) if name in draft.groups else iter(())
            step = next((child for child in trail[name] if child not in done), None)
            if step is None:
                done.add(name)
                trail.popitem()
                name = next(reversed(trail), None)
            elif step in trail:
                _report_circle(draft, [*trail][[*trail].index(step) :])
                found = True
            else:
                name = step
    return found


def _report_circle(draft: Draft, circle: list[str]) -> None:
    place = draft.groups[circle[-1]].children[circle[0]]
    chain = " → ".join([*circle, circle[0]])
    draft.problems.add(place.problem(f"group {circle[-1]!r}", f"groups cannot contain themselves: {chain}"))


def _folders(sources: Sequence[str], playbook_dirs: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Where ``group_vars/`` and ``host_vars/`` may stand, lowest precedence first, each once."""
    paths = [Path(source) for source in sources]
    beside = [path if path.is_dir() else path.parent for path in paths if path.exists()]
    return list(dict.fromkeys([*beside, *(Path(folder) for folder in playbook_dirs)]))


def _read_variables(draft: Draft, folder: Path) -> None:
    for name, files in _variable_files(folder / "group_vars", draft.groups, draft.problems):
        for document in files:
            layer = _layer(document, draft.problems, f"group {name!r}")
            draft.add_layer(draft.groups[name], layer)
    for name, files in _variable_files(folder / "host_vars", draft.hosts, draft.problems):
        for document in files:
            layer = _layer(document, draft.problems, f"host {name!r}")
            if layer.values:
                draft.hosts[name].append(layer)


def _layer(document: YamlDocument, problems: Problems, where: str) -> Layer:
    return Layer(mapping_of(document, problems, where), document)


def _variable_files(
    folder: Path, names: Collection[str], problems: Problems
) -> Iterator[tuple[str, list[YamlDocument]]]:
    """The files of each name: ``NAME`` (a file or a folder of files), or else ``NAME.yml``, ``.yaml`` or ``.json``."""
    try:
        entries = {entry.name for entry in folder.iterdir()}
    except OSError:
        return
    for name in names:
        there = [name + ending for ending in ("", *_YAML_ENDINGS) if name + ending in entries]
        if not there:
            continue
        for ignored in there[1:]:
            what = f"is ignored, because {there[0]} is there too"
            problems.warn(Problem(str(folder / ignored), 0, 0, "", what, "keep one of them"))
        paths = list(_files_in(folder / there[0]))
        documents = [read_yaml(path, problems) for path in paths]
        yield name, [document for document in documents if document is not None]


def _files_in(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.name.endswith("~"):
            continue
        if entry.is_dir():
            yield from _files_in(entry)
        elif entry.suffix in ("", *_YAML_ENDINGS):
            yield entry


def _warn_of_unknown(draft: Draft, known: Collection[str]) -> None:
    """Warn once of every ``ansible_*`` name that nothing reads, at its first place."""
    if not known:
        return
    told: set[str] = set()
    groups = ((f"group {g.name!r}", layer) for g in draft.groups.values() for layer in g.layers)
    hosts = ((f"host {name!r}", layer) for name, layers in draft.hosts.items() for layer in layers)
    for where, layer in (*groups, *hosts):
        for name in layer.values:
            if name.startswith("ansible_") and name not in known and name not in told:
                told.add(name)
                draft.problems.warn(_unread(layer, name, where, known))


def _unread(layer: Layer, name: str, where: str, known: Collection[str]) -> Problem:
    """A misspelt password is still one: its line is not shown."""
    found = layer.place(name).problem(where, f"nothing reads {name!r}", did_you_mean(name, known))
    meant = nearest(name, known)
    return replace(found, source="") if meant is not None and is_secret(meant) else found
