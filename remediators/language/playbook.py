"""Playbooks as plain values with places."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from remediators.language.draft import Layer
from remediators.language.keywords import PLAY_KEYS, TASK_KEYS, not_supported
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
    """One walk over one playbook."""

    def __init__(self, path: str, vocabulary: Vocabulary, problems: Problems) -> None:
        self.path = path
        self.vocabulary = vocabulary
        self.problems = problems
        self.reader = TaskReader(vocabulary, problems)
        self.vars_files: list[tuple[str, str]] = []

    def playbook(self) -> Playbook:
        document = read_yaml(self.path, self.problems)
        if document is None:
            return Playbook(self.path, "", ())
        plays = tuple(self._plays(document))
        return Playbook(self.path, document.sha256, plays, tuple(self.vars_files))

    def _plays(self, document: YamlDocument) -> Iterator[Play]:
        root = Place(document)
        if not isinstance(document.value, list) or not document.value:
            got = "it is empty" if not document.value else f"this is {kind_of(document.value)}"
            hint = "begin each play with '- name:'" if isinstance(document.value, dict) else ""
            self.problems.add(root.problem("", f"a playbook is a list of plays, and {got}", hint))
            return
        for number, body in enumerate(document.value):
            if isinstance(body, dict):
                yield self._play(body, root.at(number))
            else:
                self.problems.add(root.at(number).problem("", f"a play is a mapping, not {kind_of(body)}"))

    def _play(self, body: dict[str, Any], place: Place) -> Play:
        name = self.reader.name(body, place, "play") or str(body.get("hosts", "unnamed play"))
        where = f"play {name!r}"
        self._play_keys(body, place, where)
        tags = self.reader.tags(body, place, where)
        handlers = tuple(self._tasks(body, place, where, "handlers", frozenset()))
        tasks = tuple(self._tasks(body, place, where, "tasks", tags))
        self._notified(tasks, handlers)
        layers = (*self._vars_files(body, place, where), *self.reader.variables(body, place, where))
        hosts = self._hosts(body, place, where)
        return Play(name, place, hosts, layers, tasks, handlers, str(Path(self.path).parent))

    def _play_keys(self, body: dict[str, Any], place: Place, where: str) -> None:
        for key in body:
            if key in PLAY_KEYS:
                continue
            known = not_supported(key, self.vocabulary.remediators)
            if known is None and (key in self.vocabulary.remediators or key in TASK_KEYS):
                known = f"{key!r} belongs into a task", "write it under tasks, in an item of its own"
            what, hint = known or (
                f"unknown key {key!r}",
                did_you_mean(key, PLAY_KEYS) or f"keys are {listed(PLAY_KEYS)}",
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
        path = Path(self.path).parent / name
        if not path.exists():
            self.problems.add(place.problem(where, f"there is no file {str(path)!r}"))
            return []
        document = read_yaml(path, self.problems)
        if document is None:
            return []
        self.vars_files.append((str(path), document.sha256))
        return [Layer(mapping_of(document, self.problems, where), document)]

    def _tasks(
        self, body: dict[str, Any], place: Place, where: str, key: str, tags: frozenset[str]
    ) -> Iterator[PlayTask]:
        entries = body.get(key)
        if entries is None:
            return
        if not isinstance(entries, list):
            self.problems.add(place.at(key).problem(where, f"{key} must be a list, not {kind_of(entries)}"))
            return
        for number, entry in enumerate(entries):
            at = place.at(key, number)
            if isinstance(entry, dict):
                task = self.reader.task(entry, at, handler=key == "handlers", inherited=tags)
                if task is not None:
                    yield task
            else:
                self.problems.add(at.problem(where, f"a {key[:-1]} is a mapping, not {kind_of(entry)}"))

    def _notified(self, tasks: Sequence[PlayTask], handlers: Sequence[PlayTask]) -> None:
        known: dict[str, PlayTask] = {}
        for handler in handlers:
            if handler.name in known:
                what = f"a second handler is named {handler.name!r}; the first is at {known[handler.name].place}"
                self.problems.add(handler.place.at("name").problem(handler.where, what))
            known.setdefault(handler.name, handler)
        told = {name for task in tasks for name in task.notify}
        for task in tasks:
            for name in task.notify:
                if name not in known:
                    hint = did_you_mean(name, known) or (
                        f"handlers are {listed(known)}" if known else "the play has none"
                    )
                    place = task.place.at("notify")
                    self.problems.add(place.problem(task.where, f"there is no handler {name!r}", hint, name))
        for name, handler in known.items():
            if name not in told:
                self.problems.warn(handler.place.problem(handler.where, "no task notifies this handler"))
