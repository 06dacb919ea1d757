"""Playbooks as plain values with places."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from remediators.language.draft import Layer
from remediators.language.entries import EntryReader, Inherited, inheriting, path_beside
from remediators.language.keywords import IMPORT_KEYS, PLAY_KEYS, TASK_KEYS, not_supported
from remediators.language.paces import check_pace
from remediators.language.plays import Play, Playbook, PlayTask, Vocabulary
from remediators.language.problems import Problems, did_you_mean, kind_of, listed
from remediators.language.source import Place, YamlDocument, mapping_of, read_yaml
from remediators.language.task_reader import TaskReader
from remediators.language.templating import is_template


def load_playbooks(
    paths: Sequence[str | os.PathLike[str]], vocabulary: Vocabulary, *, problems: Problems | None = None
) -> tuple[Playbook, ...]:
    """Read playbooks. Raises `LanguageError` with everything that is wrong, or adds to ``problems`` where given."""
    found = Problems() if problems is None else problems
    playbooks = tuple(_Reader(os.fspath(path), vocabulary, found).playbook() for path in paths)
    if problems is None:
        found.raise_if_any()
    return playbooks


class _Reader:
    """One walk over one playbook, and over those that it imports."""

    def __init__(self, path: str, vocabulary: Vocabulary, problems: Problems) -> None:
        self.path = path
        self.vocabulary = vocabulary
        self.problems = problems
        self.reader = TaskReader(vocabulary, problems)
        self.files: list[tuple[str, str]] = []
        self.entries = EntryReader(self.reader, problems, self.files)

    def playbook(self) -> Playbook:
        document = read_yaml(self.path, self.problems)
        if document is None:
            return Playbook(self.path, "", ())
        plays = tuple(self._plays(document, (os.path.realpath(self.path),)))
        return Playbook(self.path, document.sha256, plays, tuple(self.files))

    def _plays(self, document: YamlDocument, trail: tuple[str, ...]) -> Iterator[Play]:
        root = Place(document)
        if not isinstance(document.value, list) or not document.value:
            got = "it is empty" if not document.value else f"this is {kind_of(document.value)}"
            hint = "begin each play with '- name:'" if isinstance(document.value, dict) else ""
            self.problems.add(root.problem("", f"a playbook is a list of plays, and {got}", hint))
            return
        for number, body in enumerate(document.value):
            at = root.at(number)
            if not isinstance(body, dict):
                self.problems.add(at.problem("", f"a play is a mapping, not {kind_of(body)}"))
            elif "import_playbook" in body:
                yield from self._imported(body, at, trail)
            else:
                yield self._play(body, at)

    def _imported(self, body: dict[str, Any], place: Place, trail: tuple[str, ...]) -> Iterator[Play]:
        """The plays of another file. As in Ansible, the variables given here win over those of its plays."""
        where, at = "import_playbook", place.at("import_playbook")
        self._known_keys(body, place, where, IMPORT_KEYS)
        tags = self.reader.tags(body, place, where)
        when = tuple(self.reader.conditions(body, place, where))
        layers = tuple(self.reader.variables(body, place, where))
        path = path_beside(body["import_playbook"], at, where, self.problems, "plays are read before any host is known")
        if path is None:
            return
        real = os.path.realpath(path)
        if real in trail:
            chain = " → ".join(Path(file).name for file in (*trail, real))
            self.problems.add(at.problem(where, f"playbooks import each other in a circle: {chain}"))
            return
        document = read_yaml(path, self.problems)
        if document is None:
            return
        self.files.append((str(path), document.sha256))
        above = Inherited(tags, when)
        for play in self._plays(document, (*trail, real)):
            tasks = tuple(inheriting(task, above) for task in play.tasks)
            yield replace(play, layers=(*layers, *play.layers), tasks=tasks)

    def _play(self, body: dict[str, Any], place: Place) -> Play:
        named = self.reader.name(body, place, "play") or str(body.get("hosts") or "")
        name, where = named or "unnamed play", f"play {named!r}" if named else "play"
        self._known_keys(body, place, where, PLAY_KEYS)
        tags = self.reader.tags(body, place, where)
        handlers = tuple(self._tasks(body, place, where, "handlers", frozenset()))
        tasks = tuple(self._tasks(body, place, where, "tasks", tags))
        self._notified(tasks, handlers)
        layers = (*self._vars_files(body, place, where), *self.reader.variables(body, place, where))
        hosts = self._hosts(body, place, where)
        pace = check_pace(body, place, where, self.problems)
        return Play(name, place, hosts, layers, tasks, handlers, str(Path(place.document.file).parent), pace)

    def _known_keys(self, body: dict[str, Any], place: Place, where: str, keys: Sequence[str]) -> None:
        for key in body:
            if key in keys:
                continue
            known = not_supported(key, self.vocabulary.remediators)
            if known is None and (key in self.vocabulary.remediators or key in TASK_KEYS):
                known = f"{key!r} belongs into a task", "write it under tasks, in an item of its own"
            what, hint = known or (
                f"unknown key {key!r}",
                did_you_mean(key, keys) or f"keys are {listed(keys)}",
            )
            self.problems.add(place.at(key).key.problem(where, what, hint))

    def _hosts(self, body: dict[str, Any], place: Place, where: str) -> str | tuple[str, ...]:
        hosts = body.get("hosts")
        if isinstance(hosts, str) and hosts.strip():
            return hosts
        if isinstance(hosts, list) and hosts and all(isinstance(part, str) for part in hosts):
            return tuple(hosts)
        if "hosts" not in body:
            self.problems.add(place.problem(where, "'hosts' is missing", "name the hosts, groups, or 'all'"))
        else:
            self.problems.add(place.at("hosts").problem(where, "hosts must be a pattern or a list of patterns"))
        return ()

    def _vars_files(self, body: dict[str, Any], place: Place, where: str) -> Iterator[Layer]:
        """The last file wins, so it comes first."""
        names = body.get("vars_files", [])
        single = isinstance(names, str)
        if not single and not isinstance(names, list):
            if names is not None:
                self.problems.add(place.at("vars_files").problem(where, "vars_files must be a list of paths"))
            return
        layers = []
        for number, name in enumerate([names] if single else names):
            at = place.at("vars_files") if single else place.at("vars_files", number)
            layers += self._vars_file(name, at, where)
        yield from reversed(layers)

    def _vars_file(self, name: Any, place: Place, where: str) -> list[Layer]:
        if not isinstance(name, str):
            self.problems.add(place.problem(where, f"a path is text, not {kind_of(name)}"))
            return []
        if is_template(name):
            self.problems.add(
                place.problem(where, "a template in vars_files is not supported", "use --extra-vars @file")
            )
            return []
        path = Path(place.document.file).parent / name
        if not path.exists():
            self.problems.add(place.problem(where, f"there is no file {str(path)!r}"))
            return []
        document = read_yaml(path, self.problems)
        if document is None:
            return []
        self.files.append((str(path), document.sha256))
        return [Layer(mapping_of(document, self.problems, where), document)]

    def _tasks(
        self, body: dict[str, Any], place: Place, where: str, key: str, tags: frozenset[str]
    ) -> Iterator[PlayTask]:
        entries = body.get(key)
        if entries is not None:
            above = Inherited(tags)
            yield from self.entries.tasks(entries, place.at(key), where, above, handler=key == "handlers")

    def _notified(self, tasks: Sequence[PlayTask], handlers: Sequence[PlayTask]) -> None:
        known: dict[str, PlayTask] = {}
        for handler in handlers:
            if handler.name in known:
                what = f"a second handler is named {handler.name!r}; the first is at {known[handler.name].place}"
                self.problems.add(handler.place.at("name").problem(handler.where, what))
            known.setdefault(handler.name, handler)
        told = {name for task in tasks for name in task.notify}
        missed: list[tuple[str, Place]] = []  # what stands on a block is said once
        for task in tasks:
            for name, place in task.notify.items():
                if name not in known and (name, place) not in missed:
                    missed.append((name, place))
                    hint = did_you_mean(name, known) or (
                        f"handlers are {listed(known)}" if known else "the play has none"
                    )
                    self.problems.add(place.problem(task.where, f"there is no handler {name!r}", hint, name))
        for name, handler in known.items():
            if name not in told:
                self.problems.warn(handler.place.problem(handler.where, "no task notifies this handler"))
