"""The turns of one task on one host: conditions, loop, options and checks, each fault at its own line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.language import taint
from remediators.language.draft import Layer
from remediators.language.inventory import Inventory
from remediators.language.natives import OMIT, TemplateFault
from remediators.language.options import check_options
from remediators.language.others import NotYet, OtherHosts
from remediators.language.plays import Play, PlayTask, Vocabulary
from remediators.language.problems import LanguageError, is_secret, kind_of
from remediators.language.source import Place
from remediators.language.task_checks import RESTART_IN_TASK, option_problem, with_allowance
from remediators.language.templating import (
    evaluate,
    has_template,
    is_template,
    render,
    render_key,
    uses,
    uses_of_condition,
)
from remediators.language.uses import Uses
from remediators.language.variables import Scope, host_scope, without_secrets
from remediators.model import Rendered
from remediators.model.secrecy import Secret, without_type

MOST_TURNS = 10_000


@dataclass(slots=True)
class Prepared:
    """A task with what its templates name, found once for all hosts; ``same`` is what they share, if they do."""

    task: PlayTask
    early: list[tuple[Any, Place]]
    late: list[tuple[Any, Place]]
    loop: Uses
    inner: Uses
    total: Uses
    same: tuple[Rendered, ...] | None = None

    @property
    def is_constant(self) -> bool:
        task = self.task
        return not (task.when or task.name.count("{") or has_template([task.options, dict(task.verify), task.loop]))


def prepare(task: PlayTask) -> Prepared:
    """Conditions that do not depend on the turn come first: they may save the loop itself."""
    loop, inner = uses(task.loop), uses([task.options, dict(task.verify), task.loop, task.control.label])
    total = inner
    for condition, _ in task.when:
        total = total | used_by(condition)
    turning = {name for name in (task.control.item, task.control.index) if name}
    late = [pair for pair in task.when if task.loop is not None and used_by(pair[0]).names & turning]
    early = [pair for pair in task.when if pair not in late]
    return Prepared(task, early, late, loop, inner, total)


@dataclass(frozen=True, slots=True)
class Binding:
    """What all tasks of a play share."""

    play: Play
    inventory: Inventory
    vocabulary: Vocabulary
    extra: tuple[Layer, ...]
    others: OtherHosts = field(default_factory=OtherHosts)

    def scope(self, host: str, task: PlayTask | None, facts: Mapping[str, Any] | None) -> Scope:
        own = task.layers if task is not None else ()
        special: dict[str, Any] = {"playbook_dir": os.path.abspath(self.play.directory)}  # noqa: PTH100  nothing is read
        if facts is not None:
            special["facts"] = facts
        layers = (*own, *self.play.layers)
        return host_scope(self.inventory, host, extra=self.extra, above=layers, special=special, others=self.others)


def nested(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts by dotted name as the tree that templates see."""
    tree: dict[str, Any] = {}
    for name, value in facts.items():
        *above, last = name.split(".")
        branch = tree
        for step in above:
            branch = branch.setdefault(step, {})
        branch[last] = value
    return tree


class NeedsContact(LanguageError):
    """A task that cannot be filled in before another host is contacted."""


class Turns:
    """The turns of one task on one host."""

    def __init__(self, prepared: Prepared, binding: Binding, host: str, facts: Mapping[str, Any] | None) -> None:
        self.prepared = prepared
        self.task = prepared.task
        self.binding = binding
        self.scope = binding.scope(host, prepared.task, facts)
        self._secret_loop = False

    def all(self) -> Iterator[Rendered]:
        skipped = self._skipped(self.scope, self.prepared.early)
        if skipped:
            yield Rendered(None, skipped=skipped)
            return
        for scope, label in self._items():
            yield self._turn(scope, label, self._skipped(scope, self.prepared.late))

    def preview(self) -> Iterator[Rendered]:
        """As `all`, leaving out every condition and every turn that needs a fact."""
        conditions = [pair for pair in self.task.when if not self._needs_fact(used_by(pair[0]))]
        if self._needs_fact(self.prepared.loop):
            return
        for scope, label in self._items():
            skipped = self._skipped(scope, conditions)
            if skipped:
                yield Rendered(None, skipped=skipped, label=label)
            elif not self._needs_fact(self.prepared.inner):
                yield self._turn(scope, label, None)

    def _needs_fact(self, used: Uses) -> bool:
        return bool(self.scope.closure(used).facts)

    def _items(self) -> Iterator[tuple[Scope, str]]:
        if self.task.loop is None:
            yield self.scope, ""
            return
        place = self.task.place.at("loop")
        with taint.watching() as watch:
            items = self._list(place)
        self._secret_loop = watch.touched
        for number, item in enumerate(items):
            control = self.task.control
            index = {control.index: number} if control.index else {}
            scope = self.scope.within(special={control.item: item, **index})
            yield scope, self._label(scope, item, number)

    def _list(self, place: Place) -> list[Any]:
        items = self._filled(self.task.loop, self.scope, place)
        if isinstance(items, dict):
            items = [{"key": key, "value": value} for key, value in items.items()]
        if not isinstance(items, list):
            raise self._error(place, f"loop must come out a list or a mapping, and this is {kind_of(items)}")
        if len(items) > MOST_TURNS:
            raise self._error(place, f"loop has more than {MOST_TURNS} turns")
        return items

    def _label(self, scope: Scope, item: Any, number: int) -> str:
        label = self.task.control.label
        if label is not None:
            filled = self._filled(label, scope, self.task.place.at("loop_control", "label"))
            secret = isinstance(filled, Secret) or self._is_secret(uses(label) | self.prepared.loop)
            return str(number + 1) if secret else str(filled)
        if isinstance(item, dict):
            item = next((item[key] for key in ("name", "key") if key in item), None)
        if self._secret_loop or self._is_secret(self.prepared.loop) or isinstance(item, dict | list) or item is None:
            return str(number + 1)
        return str(item)

    def _turn(self, scope: Scope, label: str, skipped: str | None) -> Rendered:
        if skipped:
            return Rendered(None, skipped=skipped, label=label)
        task = self.task
        model = self.binding.vocabulary.remediators[task.remediator]
        place = task.place.at(task.remediator)
        with taint.watching() as watch:
            given = self._filled(with_allowance(model, task.options, task), scope, place)
            checks = self._checks(scope)
        secret = watch.touched or self._secret_loop or self._is_secret(self.prepared.inner)
        options = self._fits(model, without_type(given), place, task.remediator, secret=secret)
        for name, wanted in checks.items():
            self._fits(
                self.binding.vocabulary.checks[name],
                without_type(wanted),
                task.place.at("verify", name),
                name,
                secret=secret,
            )
        if task.remediator == "service" and getattr(options, "state", None) == "restarted" and not task.handler:
            raise self._error(place.at("state"), "state: restarted in a task", RESTART_IN_TASK)
        return Rendered(options, without_type(checks), None, label, secret)

    def _checks(self, scope: Scope) -> dict[str, Any]:
        """Options of the checks as plain data."""
        place = self.task.place.at("verify")
        return {name: self._filled(given, scope, place.at(name)) or {} for name, given in self.task.verify.items()}

    def _fits(self, model: type[Any], given: Any, place: Place, name: str, *, secret: bool) -> Any:
        options, faults = check_options(model, given, secret=secret)
        if faults:
            raise LanguageError(option_problem(place, self.task.where, name, fault) for fault in faults)
        return options

    def _is_secret(self, used: Uses) -> bool:
        return self.task.sensitive or any(is_secret(name) for name in self.scope.closure(used).names)

    def _skipped(self, scope: Scope, conditions: Iterable[tuple[Any, Place]]) -> str | None:
        for condition, place in conditions:
            if condition is False or (isinstance(condition, str) and not self._holds(condition, scope, place)):
                return f"when: {condition if isinstance(condition, str) else 'false'}"
        return None

    def _holds(self, condition: str, scope: Scope, place: Place) -> bool:
        try:
            value = evaluate(condition, scope)
        except TemplateFault as fault:
            raise self._at(fault, place) from fault
        if isinstance(value, bool):
            return value
        unshown = isinstance(value, dict | list | Secret) or self._is_secret(used_by(condition))
        shown = "" if unshown else f" ({value!r})"
        what = f"when must come out true or false, and this is {kind_of(value)}{shown}"
        raise self._error(
            place, what, "write `| bool` behind it" if isinstance(value, str) else "compare it with something"
        )

    def _filled(self, value: Any, scope: Scope, place: Place) -> Any:
        """Fill in each template by itself, so that a fault stands at its own line."""
        if isinstance(value, dict) and has_template(value):
            return self._mapping(value, scope, place)
        if isinstance(value, list) and has_template(value):
            filled = [self._filled(part, scope, place.at(number)) for number, part in enumerate(value)]
            return [part for part in filled if part is not OMIT]
        if not is_template(value):
            return value
        try:
            with taint.written_in(os.path.dirname(place.document.file), own=False):  # noqa: PTH120 - nothing is read
                return render(value, scope)
        except TemplateFault as fault:
            raise self._at(fault, place) from fault

    def _mapping(self, value: dict[str, Any], scope: Scope, place: Place) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for key, part in value.items():
            at = place.at(key)
            try:
                name = render_key(key, scope)
            except TemplateFault as fault:
                raise self._at(fault, at.key) from fault
            filled[name] = self._filled(part, scope, at)
        return {name: part for name, part in filled.items() if part is not OMIT}

    def _error(self, place: Place, what: str, hint: str = "") -> LanguageError:
        return LanguageError([place.problem(self.task.where, what, hint)])

    def _at(self, fault: TemplateFault, place: Place) -> LanguageError:
        """A fault at the variable it comes from, or else at the template."""
        own = fault.place or place
        where = self.task.where if fault.place is None else f"{self.task.where} ({place})"
        raised = NeedsContact if isinstance(fault, NotYet) else LanguageError
        return raised([own.problem(where, without_secrets(fault.what, self.scope), fault.hint, fault.word)])


def used_by(condition: Any) -> Uses:
    return uses_of_condition(condition) if isinstance(condition, str) else Uses()
