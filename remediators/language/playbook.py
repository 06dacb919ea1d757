"""Playbooks as plain values with places: everything that can be known without an inventory is checked here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from remediators.language.draft import Layer
from remediators.language.keywords import HANDLER_KEYS, PLAY_KEYS, TASK_KEYS, not_supported
from remediators.language.natives import TemplateFault
from remediators.language.options import Fault, check_options
from remediators.language.problems import Problem, Problems, did_you_mean, kind_of, listed
from remediators.language.source import Place, YamlDocument, mapping_of, read_yaml
from remediators.language.templating import Uses, has_template, is_template, uses, uses_of_condition
from remediators.language.variables import RESERVED

_NAME = re.compile(r"[A-Za-z_]\w*\Z")
RESTART_IN_TASK = "only handlers restart services: name this as a handler, and notify it"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What playbooks may name: remediators and checks with their option models (pydantic), facts, variables."""

    remediators: Mapping[str, type[Any]] = field(default_factory=dict)
    checks: Mapping[str, type[Any]] = field(default_factory=dict)
    facts: Collection[str] = ()
    variables: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class PlayTask:
    """A task or handler as it was written, with its templates not yet filled in."""

    name: str
    place: Place
    remediator: str
    options: Any
    when: tuple[tuple[Any, Place], ...] = ()
    loop: Any = None
    tags: frozenset[str] = frozenset()
    notify: tuple[str, ...] = ()
    variables: Layer | None = None
    ignore_errors: bool = False
    verify: Mapping[str, Any] = field(default_factory=dict)
    cause: int | None = None
    sensitive: bool = False
    allow_unverified: bool = False
    handler: bool = False

    @property
    def where(self) -> str:
        return f"{'handler' if self.handler else 'task'} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Play:
    """A play: which hosts, its variables (highest first), and its tasks and handlers in order."""

    name: str
    place: Place
    hosts: str | tuple[str, ...]
    layers: tuple[Layer, ...]
    tasks: tuple[PlayTask, ...]
    handlers: tuple[PlayTask, ...]
    directory: str


@dataclass(frozen=True, slots=True)
class Playbook:
    """A file of plays; ``sha256`` is of its bytes, ``vars_files`` are paths with theirs."""

    path: str
    sha256: str
    plays: tuple[Play, ...]
    vars_files: tuple[tuple[str, str], ...] = ()


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

    # --- plays ------------------------------------------------------------------------------------------------------

    def _play(self, body: dict[str, Any], place: Place) -> Play:
        name = self._name(body, place, "play") or str(body.get("hosts", "unnamed play"))
        where = f"play {name!r}"
        self._play_keys(body, place, where)
        tags = self._tags(body, place, where)
        handlers = tuple(self._tasks(body, place, where, "handlers", frozenset()))
        tasks = tuple(self._tasks(body, place, where, "tasks", tags))
        self._notified(tasks, handlers)
        layers = (*self._vars_files(body, place, where), *self._variables(body, place, where))
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

    def _variables(self, body: dict[str, Any], place: Place, where: str) -> Iterator[Layer]:
        values = body.get("vars")
        if isinstance(values, dict):
            for name in values:
                self._variable_name(name, place.at("vars", name).key, where)
            self._misspelt(values, place.at("vars"), where)
            yield Layer(values, place.document, (*place.path, "vars"))
        elif values is not None:
            self.problems.add(place.at("vars").problem(where, f"vars must be a mapping, not {kind_of(values)}"))

    def _variable_name(self, name: str, place: Place, where: str) -> None:
        if name in RESERVED:
            self.problems.add(place.problem(where, f"{name!r} cannot be set: it is a name of the language"))
        elif not _NAME.match(name):
            hint = "use letters, digits and underscores"
            self.problems.add(place.problem(where, f"{name!r} is no name of a variable", hint))

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

    # --- tasks ------------------------------------------------------------------------------------------------------

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
                task = self._task(entry, at, handler=key == "handlers", inherited=tags)
                if task is not None:
                    yield task
            else:
                self.problems.add(at.problem(where, f"a {key[:-1]} is a mapping, not {kind_of(entry)}"))

    def _task(self, body: dict[str, Any], place: Place, *, handler: bool, inherited: frozenset[str]) -> PlayTask | None:
        kind = "handler" if handler else "task"
        name = self._name(body, place, kind)
        where = f"{kind} {name!r}" if name else kind
        if handler and not name:
            self.problems.add(place.problem(where, "'name' is missing", "tasks notify a handler by its name"))
        if handler and is_template(name):
            self.problems.add(place.at("name").problem(where, "a template in a handler's name is not supported"))
        remediator = self._remediator(body, place, where, HANDLER_KEYS if handler else TASK_KEYS)
        variables = list(self._variables(body, place, where))
        cause = self._cause(body, place, where)
        tags = inherited | self._tags(body, place, where) | ({f"cause{cause}"} if cause else set())
        task = PlayTask(
            name=name or remediator or "unnamed",
            place=place,
            remediator=remediator or "",
            options=body.get(remediator) if remediator else None,
            when=tuple(self._conditions(body, place, where)),
            loop=self._loop(body, place, where),
            tags=frozenset(tags),
            notify=self._notify(body, place, where),
            variables=variables[0] if variables else None,
            ignore_errors=self._flag(body, place, where, "ignore_errors"),
            verify=self._verify(body, place, where),
            cause=cause,
            sensitive=self._flag(body, place, where, "sensitive"),
            allow_unverified=self._flag(body, place, where, "allow_unverified"),
            handler=handler,
        )
        if remediator is None:
            return None
        self._check(task)
        return task

    def _name(self, body: dict[str, Any], place: Place, kind: str) -> str:
        name = body.get("name")
        if name is None:
            return ""
        if isinstance(name, dict | list):
            self.problems.add(place.at("name").problem(kind, f"name must be text, not {kind_of(name)}"))
            return ""
        return name if isinstance(name, str) else str(name)

    def _remediator(self, body: dict[str, Any], place: Place, where: str, keys: Sequence[str]) -> str | None:
        known = self.vocabulary.remediators
        named = [key for key in body if key in known]
        wrong = [key for key in body if key not in keys and key not in known]
        for key in wrong:
            self._unknown_key(key, place.at(key).key, where, keys)
        for key in named[1:]:
            what = f"a task has exactly one remediator, and this is the second: {named[0]!r} and {key!r}"
            self.problems.add(place.at(key).key.problem(where, what, "make two tasks of it"))
        if not named and not wrong:
            self.problems.add(place.problem(where, "names no remediator", f"one of {listed(known, 20)}"))
        return named[0] if named else None

    def _unknown_key(self, key: str, place: Place, where: str, keys: Sequence[str]) -> None:
        known = self.vocabulary.remediators
        if key in TASK_KEYS:
            why = {"notify": "a handler cannot notify another", "tags": "handlers run wherever they are notified"}[key]
            self.problems.add(place.problem(where, f"{key!r} is not supported in a handler", why))
            return
        said = not_supported(key, known)
        if said is None:
            said = (
                f"unknown key {key!r}: neither a remediator nor a keyword of a task",
                did_you_mean(key, (*keys, *known)),
            )
        self.problems.add(place.problem(where, *said))

    def _conditions(self, body: dict[str, Any], place: Place, where: str) -> Iterator[tuple[Any, Place]]:
        when = body.get("when")
        if "when" not in body:
            return
        many = isinstance(when, list)
        conditions: list[Any] = when if isinstance(when, list) else [when]
        for number, condition in enumerate(conditions):
            at = place.at("when", number) if many else place.at("when")
            if isinstance(condition, bool):
                yield condition, at
            elif not isinstance(condition, str) or not condition.strip():
                self.problems.add(at.problem(where, f"when must be an expression, not {kind_of(condition)}"))
            elif is_template(condition):
                self.problems.add(at.problem(where, "when is an expression, without {{ }} around it", word="{{"))
            elif self._names(partial(uses_of_condition, condition), at, where):
                yield condition, at

    def _loop(self, body: dict[str, Any], place: Place, where: str) -> Any:
        loop = body.get("loop")
        if "loop" not in body:
            return None
        at = place.at("loop")
        if isinstance(loop, list) or is_template(loop):
            self._misspelt(loop, at, where)
            return loop
        hint = "use the filter dict2items" if isinstance(loop, dict) else "write a list, or a template that gives one"
        self.problems.add(at.problem(where, f"loop must be a list, not {kind_of(loop)}", hint))
        return None

    def _tags(self, body: dict[str, Any], place: Place, where: str) -> frozenset[str]:
        return frozenset(self._words(body, place, where, "tags", split=True))

    def _notify(self, body: dict[str, Any], place: Place, where: str) -> tuple[str, ...]:
        return tuple(self._words(body, place, where, "notify", split=False))

    def _words(self, body: dict[str, Any], place: Place, where: str, key: str, *, split: bool) -> Iterator[str]:
        value = body.get(key)
        if value is None:
            return
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, dict | list | bool) or word is None or is_template(word):
                got = "a template" if is_template(word) else kind_of(word)
                self.problems.add(place.at(key).problem(where, f"{key} takes names, not {got}"))
            elif split:
                yield from (part.strip() for part in str(word).split(",") if part.strip())
            else:
                yield str(word)

    def _flag(self, body: dict[str, Any], place: Place, where: str, key: str) -> bool:
        value = body.get(key, False)
        if isinstance(value, bool):
            return value
        hint = "YAML 1.2 has no other booleans" if str(value).lower() in ("yes", "no", "on", "off") else ""
        self.problems.add(place.at(key).problem(where, f"{key} must be true or false", hint))
        return False

    def _cause(self, body: dict[str, Any], place: Place, where: str) -> int | None:
        cause = body.get("cause")
        if cause is None:
            return None
        if isinstance(cause, bool) or not isinstance(cause, int) or not 1 <= cause <= 6:
            self.problems.add(place.at("cause").problem(where, "cause must be a number from 1 to 6", "see KB 919091"))
            return None
        return cause

    def _verify(self, body: dict[str, Any], place: Place, where: str) -> dict[str, Any]:
        checks = body.get("verify")
        if checks is None:
            return {}
        if not isinstance(checks, dict):
            known = listed(self.vocabulary.checks)
            what = f"verify must be a mapping of checks to their options, not {kind_of(checks)}"
            self.problems.add(place.at("verify").problem(where, what, f"checks are {known}"))
            return {}
        for name in checks:
            if name not in self.vocabulary.checks:
                hint = did_you_mean(name, self.vocabulary.checks) or f"checks are {listed(self.vocabulary.checks)}"
                self.problems.add(place.at("verify", name).key.problem(where, f"there is no check {name!r}", hint))
        return {name: options for name, options in checks.items() if name in self.vocabulary.checks}

    # --- what a task says ---------------------------------------------------------------------------------------------

    def _check(self, task: PlayTask) -> None:
        options = task.place.at(task.remediator)
        if self._misspelt(task.options, options, task.where):
            self._model(self.vocabulary.remediators[task.remediator], task, task.options, options, task.remediator)
        for name, given in task.verify.items():
            at = task.place.at("verify", name)
            if self._misspelt(given, at, task.where):
                self._model(self.vocabulary.checks[name], task, given, at, name)
        restarts = isinstance(task.options, dict) and task.options.get("state") == "restarted"
        if task.remediator == "service" and restarts and not task.handler:
            self.problems.add(options.at("state").problem(task.where, "state: restarted in a task", RESTART_IN_TASK))

    def _model(self, model: type[Any], task: PlayTask, given: Any, place: Place, name: str) -> None:
        """Report faults of what holds no template; the rest is checked when it is filled in."""
        if is_template(given):
            return
        _, faults = check_options(model, with_allowance(model, given, task), secret=task.sensitive)
        for fault in faults:
            if not has_template(given) or _is_certain(given, fault):
                self.problems.add(option_problem(place, task.where, name, fault))

    def _misspelt(self, value: Any, place: Place, where: str) -> bool:
        """Check every template inside a value; whether all of them can be read."""
        if isinstance(value, dict):
            return False not in [self._misspelt(part, place.at(key), where) for key, part in value.items()]
        if isinstance(value, list):
            return False not in [self._misspelt(part, place.at(number), where) for number, part in enumerate(value)]
        return not is_template(value) or self._names(partial(uses, value), place, where)

    def _names(self, read: Callable[[], Uses], place: Place, where: str) -> bool:
        try:
            used = read()
        except TemplateFault as fault:
            self.problems.add(place.problem(where, fault.what, fault.hint, fault.word))
            return False
        problems = list(fact_problems(used, self.vocabulary.facts, place, where))
        for problem in problems:
            self.problems.add(problem)
        return not problems

    # --- handlers -----------------------------------------------------------------------------------------------------

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


def with_allowance(model: type[Any], options: Any, task: PlayTask) -> Any:
    """Hand ``allow_unverified`` of a task on to a remediator that has an option of that name."""
    wanted = task.allow_unverified and "allow_unverified" in getattr(model, "model_fields", {})
    if not wanted or not isinstance(options, dict | None):
        return options
    return {"allow_unverified": True, **(options or {})}


def option_problem(place: Place, where: str, owner: str, fault: Fault) -> Problem:
    """A problem at the very option that is wrong."""
    at = place.at(*fault.path)
    name = ".".join([owner, *(str(step) for step in (fault.path[:-1] if fault.on_key else fault.path))])
    if not fault.path:
        at = place.key
    return (at.key if fault.on_key else at).problem(f"{where}, {name}", fault.what, fault.hint)


def fact_problems(used: Uses, facts: Collection[str], place: Place, where: str) -> Iterator[Problem]:
    """Facts that nobody can read."""
    if used.facts_by_no_name:
        hint = "write facts.NAME, such as facts.os.version"
        yield place.problem(where, "facts are read by name, and this names none", hint, "facts")
    for chain in sorted(used.facts):
        if not facts_named(chain, facts):
            written = ".".join(chain)
            yield place.problem(where, f"there is no fact {written!r}", did_you_mean(written, facts), chain[-1])


def facts_named(chain: Sequence[str], facts: Collection[str]) -> frozenset[str]:
    """The facts that ``facts.a.b.c`` stands for: the one it goes through, or else all that are inside it."""
    for length in range(len(chain), 0, -1):
        name = ".".join(chain[:length])
        if name in facts:
            return frozenset({name})
    inside = ".".join(chain) + "."
    return frozenset(name for name in facts if name.startswith(inside))


def _is_certain(given: Any, fault: Fault) -> bool:
    """Whether no template can put right what is wrong."""
    value = given
    for step in fault.path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return False
    return not has_template(value) or (fault.absent and not fault.path)
