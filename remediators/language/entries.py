"""Lists of tasks as they were written: tasks, blocks, and files of tasks, flattened into tasks in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from remediators.language.draft import Layer
from remediators.language.keywords import BLOCK_KEYS, HANDLER_KEYS, INCLUDE_KEYS, TASK_KEYS, not_supported
from remediators.language.plays import PlayTask
from remediators.language.problems import Problems, did_you_mean, kind_of, listed, nearest
from remediators.language.source import Place, read_yaml
from remediators.language.task_reader import TaskReader
from remediators.language.templating import is_template

INCLUDES = ("include_tasks", "import_tasks")
MOST_INCLUDES = 50  # files within files


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a task has from the blocks, files and the play around it. ``layers`` come highest first."""

    tags: frozenset[str] = frozenset()
    when: tuple[tuple[Any, Place], ...] = ()
    layers: tuple[Layer, ...] = ()
    given: tuple[Layer, ...] = ()
    notify: Mapping[str, Place] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    cause: int | None = None
    files: tuple[str, ...] = ()  # the files of tasks on the way here


FLAGS = ("ignore_errors", "sensitive", "allow_unverified", "run_once")


class EntryReader:
    """Reads one list of tasks or handlers of a playbook. ``files`` gathers what was included, with its SHA-256."""

    def __init__(self, reader: TaskReader, problems: Problems, files: list[tuple[str, str]]) -> None:
        self.reader = reader
        self.problems = problems
        self.files = files

    def tasks(self, entries: Any, place: Place, where: str, above: Inherited, *, handler: bool) -> Iterator[PlayTask]:
        """Every task of a list, in order; what is wrong is added to the problems."""
        kind = "handler" if handler else "task"
        if not isinstance(entries, list):
            dash = isinstance(entries, dict) and any(key.startswith("-") for key in entries)
            hint = "write a blank behind the dash" if dash else ""
            self.problems.add(place.problem(where, f"{kind}s must be a list, not {kind_of(entries)}", hint))
            return
        for number, entry in enumerate(entries):
            at = place.at(number)
            if not isinstance(entry, dict):
                self.problems.add(at.problem(where, f"a {kind} is a mapping, not {kind_of(entry)}"))
            elif "block" in entry:
                yield from self._block(entry, at, above, handler=handler)
            elif any(key in entry for key in INCLUDES):
                yield from self._include(entry, at, above, handler=handler)
            else:
                task = self.reader.task(entry, at, handler=handler)
                if task is not None:
                    yield inheriting(task, above)

    def _block(self, body: dict[str, Any], place: Place, above: Inherited, *, handler: bool) -> Iterator[PlayTask]:
        name = self.reader.name(body, place, "block")
        where = f"block {name!r}" if name else "block"
        self._keys(body, place, where, BLOCK_KEYS, handler=handler)
        inner = self._inherited(body, place, where, above, handler=handler)
        if not body["block"]:
            self.problems.add(place.at("block").problem(where, "the block is empty", "write tasks under it"))
            return
        yield from self.tasks(body["block"], place.at("block"), where, inner, handler=handler)

    def _include(self, body: dict[str, Any], place: Place, above: Inherited, *, handler: bool) -> Iterator[PlayTask]:
        keyword = next(key for key in INCLUDES if key in body)
        at = place.at(keyword)
        self._keys(body, place, keyword, (*INCLUDE_KEYS, keyword), handler=handler)
        inner = self._inherited(body, place, keyword, above, handler=handler)
        given = body[keyword]
        if isinstance(given, dict):
            unknown = next((key for key in given if key != "file"), None)
            if unknown or "file" not in given:
                what = f"unknown option {unknown!r}" if unknown else "'file' is missing"
                self.problems.add((at.at(unknown).key if unknown else at).problem(keyword, what, "the option is file"))
                return
            given, at = given["file"], at.at("file")
        yield from self._file(given, at, keyword, inner, handler=handler)

    def _file(self, name: Any, place: Place, where: str, above: Inherited, *, handler: bool) -> Iterator[PlayTask]:
        path = path_beside(name, place, where, self.problems, "tasks are included before any host is known")
        if path is None:
            return
        real = os.path.realpath(path)
        if real in above.files or len(above.files) >= MOST_INCLUDES:
            chain = " → ".join(Path(file).name for file in (*above.files, real))
            self.problems.add(place.problem(where, f"files of tasks include each other in a circle: {chain}"))
            return
        document = read_yaml(path, self.problems)
        if document is None:
            return
        self.files.append((str(path), document.sha256))
        if document.value is None:
            self.problems.warn(place.problem(where, f"there is no task in {path}"))
            return
        inside = replace(above, files=(*above.files, real))
        yield from self.tasks(document.value, Place(document), f"{where} {name}", inside, handler=handler)

    def _inherited(
        self, body: dict[str, Any], place: Place, where: str, above: Inherited, *, handler: bool
    ) -> Inherited:
        read = self.reader
        cause = read.cause(body, place, where)
        dynamic = "include_tasks" in body
        variables = tuple(read.variables(body, place, where))
        own = {flag for flag in FLAGS if read.flag(body, place, where, flag)}
        tags = above.tags | read.tags(body, place, where) | ({f"cause{cause}"} if cause else set())
        return replace(
            above,
            tags=frozenset() if handler else frozenset(tags),
            when=(*above.when, *read.conditions(body, place, where)),
            layers=above.layers if dynamic else (*variables, *above.layers),
            given=(*variables, *above.given) if dynamic else above.given,
            notify={**dict.fromkeys(read.notify(body, place, where), place.at("notify")), **above.notify},
            flags=above.flags | own,
            cause=cause or above.cause,
        )

    def _keys(self, body: dict[str, Any], place: Place, where: str, keys: Sequence[str], *, handler: bool) -> None:
        for key in body:
            if key in keys and not (handler and key in TASK_KEYS and key not in HANDLER_KEYS):
                continue
            known = self.reader.vocabulary.remediators
            said = not_supported(key, known)
            if said is None and (key in known or key in TASK_KEYS):
                said = f"{key!r} does not belong here", f"write it into each task; keys are {listed(keys, 20)}"
            what, hint = said or (f"unknown key {key!r}", did_you_mean(key, keys) or f"keys are {listed(keys, 20)}")
            self.problems.add(place.at(key).key.problem(where, what, hint))


def inheriting(task: PlayTask, above: Inherited) -> PlayTask:
    """A task with what stands around it: conditions come first, its own variables win over all but include_tasks'."""
    return replace(
        task,
        tags=frozenset() if task.handler else task.tags | above.tags,
        when=(*above.when, *task.when),
        layers=(*above.given, *task.layers, *above.layers),
        notify={**task.notify, **above.notify},
        cause=task.cause or above.cause,
        ignore_errors=task.ignore_errors or "ignore_errors" in above.flags,
        sensitive=task.sensitive or "sensitive" in above.flags,
        allow_unverified=task.allow_unverified or "allow_unverified" in above.flags,
        run_once=task.run_once or "run_once" in above.flags,
    )


def path_beside(name: Any, place: Place, where: str, problems: Problems, why_static: str) -> Path | None:
    """A file that is named in another, relative to it; ``None`` with a problem where there is none."""
    if not isinstance(name, str) or not name.strip():
        problems.add(place.problem(where, f"a path is text, not {kind_of(name) if name else 'nothing'}"))
        return None
    if is_template(name):
        hint = f"{why_static}: write the path itself, with `when` for a choice"
        problems.add(place.problem(where, "a template in the path is not supported", hint))
        return None
    path = Path(place.document.file).parent / name
    if not path.is_file():
        near = {other.stem: other.name for other in path.parent.glob("*.y*ml")} if path.parent.is_dir() else {}
        found = nearest(path.stem, near)
        hint = f"did you mean {near[found]!r}?" if found else ""
        problems.add(place.problem(where, f"there is no file {str(path)!r}", hint))
        return None
    return path
