"""Tasks and handlers, key by key: everything that can be known without an inventory is checked here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from remediators.language.draft import Layer
from remediators.language.keywords import HANDLER_KEYS, TASK_KEYS, not_supported
from remediators.language.natives import TemplateFault
from remediators.language.options import check_options
from remediators.language.paces import check_throttle
from remediators.language.plays import LoopControl, PlayTask, Vocabulary
from remediators.language.problems import Problems, did_you_mean, kind_of, listed
from remediators.language.source import Place
from remediators.language.task_checks import (
    ACTION_IN_TASK,
    RESTART_IN_TASK,
    fact_problems,
    is_certain,
    option_problem,
    with_allowance,
)
from remediators.language.templating import has_template, is_template, uses, uses_of_condition
from remediators.language.uses import Uses
from remediators.language.variables import RESERVED

_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_NAMING = ("loop_var", "index_var")
ON_VERIFY_FAILURE = ("stop", "rollback")
_CONTROLS = (*_NAMING, "label")


class TaskReader:
    """Reads tasks and handlers, and what plays have in common with them."""

    def __init__(self, vocabulary: Vocabulary, problems: Problems) -> None:
        self.vocabulary = vocabulary
        self.problems = problems

    def task(self, body: dict[str, Any], place: Place, *, handler: bool) -> PlayTask | None:
        """One task, without what it inherits. ``None`` where it names no remediator."""
        kind = "handler" if handler else "task"
        name = self.name(body, place, kind)
        own = [key for key in body if key in self.vocabulary.remediators and not handler]
        shown = name or next(iter(own), "")
        where = f"{kind} {shown!r}" if shown else kind
        if handler and not name:
            self.problems.add(place.problem(where, "'name' is missing", "tasks notify a handler by its name"))
        if handler and is_template(name):
            self.problems.add(place.at("name").problem(where, "a template in a handler's name is not supported"))
        remediator = self._remediator(body, place, where, HANDLER_KEYS if handler else TASK_KEYS)
        cause = self.cause(body, place, where)
        tags = self.tags(body, place, where) | ({f"cause{cause}"} if cause else set())
        task = PlayTask(
            name=name or remediator or "unnamed",
            place=place,
            remediator=remediator or "",
            options=body.get(remediator) if remediator else None,
            when=tuple(self.conditions(body, place, where)),
            loop=self._loop(body, place, where),
            tags=frozenset(tags),
            notify=dict.fromkeys(self.notify(body, place, where), place.at("notify")),
            layers=tuple(self.variables(body, place, where)),
            ignore_errors=self.flag(body, place, where, "ignore_errors"),
            verify=self._verify(body, place, where),
            on_verify_failure=self._on_verify_failure(body, place, where),
            guard=self._guard(body, place, where),
            cause=cause,
            sensitive=self.flag(body, place, where, "sensitive"),
            allow_unverified=self.flag(body, place, where, "allow_unverified"),
            handler=handler,
            run_once=self.flag(body, place, where, "run_once"),
            throttle=check_throttle(body.get("throttle"), place, where, self.problems),
            control=self._control(body, place, where),
        )
        if remediator is None:
            return None
        self._check(task)
        return task

    def name(self, body: dict[str, Any], place: Place, kind: str) -> str:
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
            why = {"notify": "a handler cannot notify another"}.get(key, "handlers run wherever they are notified")
            self.problems.add(place.problem(where, f"{key!r} is not supported in a handler", why))
            return
        said = not_supported(key, known)
        if said is None:
            said = (
                f"unknown key {key!r}: neither a remediator nor a keyword of a task",
                did_you_mean(key, (*keys, *known)),
            )
        self.problems.add(place.problem(where, *said))

    def conditions(self, body: dict[str, Any], place: Place, where: str) -> Iterator[tuple[Any, Place]]:
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
        if isinstance(loop, list | dict) or is_template(loop):
            self._misspelt(loop, at, where)
            return loop
        hint = "write a list or a mapping, or a template that gives one"
        self.problems.add(at.problem(where, f"loop must be a list or a mapping, not {kind_of(loop)}", hint))
        return None

    def _control(self, body: dict[str, Any], place: Place, where: str) -> LoopControl:
        given = body.get("loop_control")
        at = place.at("loop_control")
        if given is None:
            return LoopControl()
        if not isinstance(given, dict):
            self.problems.add(at.problem(where, f"loop_control must be a mapping, not {kind_of(given)}"))
            return LoopControl()
        if "loop" not in body:
            self.problems.add(at.key.problem(where, "'loop_control' without 'loop'", "write the loop beside it"))
        for key in given:
            if key not in _CONTROLS:
                hint = did_you_mean(key, _CONTROLS) or f"keys are {listed(_CONTROLS)}"
                never = " is not supported" if key in ("pause", "extended", "extended_allitems", "break_when") else ""
                what = f"{key!r}{never}" if never else f"unknown key {key!r}"
                self.problems.add(at.at(key).key.problem(f"{where}, loop_control", what, hint))
        names = {key: self._loop_name(given[key], at.at(key), where) for key in _NAMING if key in given}
        label = given.get("label")
        if label is not None and self._misspelt(label, at.at("label"), where) and isinstance(label, dict | list):
            self.problems.add(at.at("label").problem(where, f"label must be text, not {kind_of(label)}"))
            label = None
        return LoopControl(
            names.get("loop_var") or "item", names.get("index_var"), None if label is None else str(label)
        )

    def _loop_name(self, name: Any, place: Place, where: str) -> str | None:
        if not isinstance(name, str):
            self.problems.add(place.problem(where, f"a name is text, not {kind_of(name)}"))
            return None
        if name != "item":
            self._variable_name(name, place, where)
        return name

    def variables(self, body: dict[str, Any], place: Place, where: str) -> Iterator[Layer]:
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

    def tags(self, body: dict[str, Any], place: Place, where: str) -> frozenset[str]:
        return frozenset(self._words(body, place, where, "tags", split=True))

    def notify(self, body: dict[str, Any], place: Place, where: str) -> tuple[str, ...]:
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

    def flag(self, body: dict[str, Any], place: Place, where: str, key: str) -> bool:
        value = body.get(key, False)
        if isinstance(value, bool):
            return value
        hint = "YAML 1.2 has no other booleans" if str(value).lower() in ("yes", "no", "on", "off") else ""
        self.problems.add(place.at(key).problem(where, f"{key} must be true or false", hint))
        return False

    def _on_verify_failure(self, body: dict[str, Any], place: Place, where: str) -> str:
        value = body.get("on_verify_failure", "stop")
        at = place.at("on_verify_failure")
        if value not in ON_VERIFY_FAILURE:
            what = f"on_verify_failure must be {' or '.join(ON_VERIFY_FAILURE)}"
            hint = did_you_mean(value, ON_VERIFY_FAILURE) if isinstance(value, str) else ""
            self.problems.add(at.problem(where, what, hint))
            return "stop"
        if "on_verify_failure" in body and "verify" not in body:
            self.problems.add(at.key.problem(where, "on_verify_failure without 'verify'", "say what to look for"))
        return str(value)

    def _guard(self, body: dict[str, Any], place: Place, where: str) -> int:
        """Minutes; 0 where there is none."""
        value = body.get("guard")
        found = re.fullmatch(r"(?:(\d{1,2})h)?(?:(\d{1,3})m)?", value) if isinstance(value, str) and value else None
        if value is None or (found and 2 <= 60 * int(found[1] or 0) + int(found[2] or 0) <= 720):
            return 60 * int(found[1] or 0) + int(found[2] or 0) if found else 0
        what = f"guard must be a time from 2m to 12h, such as 10m or 1h30m, and not {value!r}"
        self.problems.add(place.at("guard").problem(where, what))
        return 0

    def cause(self, body: dict[str, Any], place: Place, where: str) -> int | None:
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

    def _check(self, task: PlayTask) -> None:
        options = task.place.at(task.remediator)
        if self._misspelt(task.options, options, task.where):
            self._model(self.vocabulary.remediators[task.remediator], task, task.options, options, task.remediator)
        if getattr(self.vocabulary.remediators[task.remediator], "handler_only", False) and not task.handler:
            self.problems.add(options.key.problem(task.where, f"{task.remediator} in a task", ACTION_IN_TASK))
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
            if not has_template(given) or is_certain(given, fault):
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
