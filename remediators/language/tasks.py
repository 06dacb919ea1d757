"""Bind plays to hosts: every template that needs no fact is filled in before any host is contacted."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from remediators.language.draft import Layer
from remediators.language.inventory import Inventory
from remediators.language.natives import OMIT, TemplateFault
from remediators.language.options import check_options
from remediators.language.patterns import limited, select
from remediators.language.playbook import (
    RESTART_IN_TASK,
    Play,
    Playbook,
    PlayTask,
    Vocabulary,
    fact_problems,
    facts_named,
    option_problem,
    with_allowance,
)
from remediators.language.problems import LanguageError, Problem, Problems, is_secret, kind_of, listed
from remediators.language.source import LineDocument, Place
from remediators.language.tags import check_tags, selected
from remediators.language.templating import (
    Uses,
    evaluate,
    has_template,
    is_template,
    render,
    render_key,
    render_text,
    uses,
    uses_of_condition,
)
from remediators.language.variables import Scope, host_scope, without_secrets
from remediators.model import Host, Rendered, Task

MOST_TURNS = 10_000


@dataclass(frozen=True, slots=True)
class Bound:
    """What is to be done: the hosts, and for each its tasks and handlers in order, play by play."""

    hosts: Mapping[str, Host]
    tasks: Mapping[str, Sequence[Task]]
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Prepared:
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


def _prepared(task: PlayTask) -> _Prepared:
    """Conditions that do not depend on the turn come first: they may save the loop itself."""
    loop, inner = uses(task.loop), uses([task.options, dict(task.verify), task.loop])
    total = inner
    for condition, _ in task.when:
        total = total | _used(condition)
    late = [pair for pair in task.when if task.loop is not None and "item" in _used(pair[0]).names]
    early = [pair for pair in task.when if pair not in late]
    return _Prepared(task, early, late, loop, inner, total)


@dataclass(slots=True)
class BoundTask:
    """A task for one host (see `remediators.model.Task`)."""

    play: str
    name: str
    remediator: str
    where: str
    notify: tuple[str, ...]
    ignore_errors: bool
    allow_unverified: bool
    cause: int | None
    handler: bool
    facts: frozenset[str]
    prepared: _Prepared = field(repr=False)
    binding: _Binding = field(repr=False)
    host: str = ""
    ready: tuple[Rendered, ...] | None = field(default=None, repr=False)

    def render(self, facts: Mapping[str, Any]) -> Sequence[Rendered]:
        """
        Fill in the templates with the facts of this host, by dotted name: one `Rendered` for each turn of the loop.

        Raises `LanguageError`.
        """
        if self.ready is None or self.facts:
            return self._turns(nested(facts))
        return self.ready

    def preview(self) -> Sequence[Rendered]:
        """The turns as far as they can be told without facts, so that their questions can go into the first batch."""
        if not self.facts:
            return self.render({})
        try:
            return tuple(_Turns(self.prepared, self.binding, self.host, None).preview())
        except LanguageError:
            return ()

    def _turns(self, facts: Mapping[str, Any]) -> tuple[Rendered, ...]:
        return tuple(_Turns(self.prepared, self.binding, self.host, facts).all())


@dataclass(frozen=True, slots=True)
class _Binding:
    """What all tasks of a play share."""

    play: Play
    inventory: Inventory
    vocabulary: Vocabulary
    extra: tuple[Layer, ...]

    def scope(self, host: str, task: PlayTask | None, facts: Mapping[str, Any] | None) -> Scope:
        own = [task.variables] if task is not None and task.variables is not None else []
        special: dict[str, Any] = {"playbook_dir": os.path.abspath(self.play.directory)}  # noqa: PTH100  nothing is read
        if facts is not None:
            special["facts"] = facts
        layers = (*own, *self.play.layers)
        return host_scope(self.inventory, host, extra=self.extra, above=layers, special=special)


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


class _Turns:
    """The turns of one task on one host."""

    def __init__(self, prepared: _Prepared, binding: _Binding, host: str, facts: Mapping[str, Any] | None) -> None:
        self.prepared = prepared
        self.task = prepared.task
        self.binding = binding
        self.scope = binding.scope(host, prepared.task, facts)

    def all(self) -> Iterator[Rendered]:
        skipped = self._skipped(self.scope, self.prepared.early)
        if skipped:
            yield Rendered(None, skipped=skipped)
            return
        for scope, label in self._items():
            yield self._turn(scope, label, self._skipped(scope, self.prepared.late))

    def preview(self) -> Iterator[Rendered]:
        """As `all`, leaving out every condition and every turn that needs a fact."""
        conditions = [pair for pair in self.task.when if not self._needs_fact(_used(pair[0]))]
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
        for number, item in enumerate(self._list(place)):
            yield self.scope.within(special={"item": item}), self._label(item, number)

    def _list(self, place: Place) -> list[Any]:
        items = self._filled(self.task.loop, self.scope, place)
        if not isinstance(items, list):
            hint = "use the filter dict2items" if isinstance(items, dict) else ""
            raise self._error(place, f"loop must come out a list, and this is {kind_of(items)}", hint)
        if len(items) > MOST_TURNS:
            raise self._error(place, f"loop has more than {MOST_TURNS} turns")
        return items

    def _label(self, item: Any, number: int) -> str:
        if isinstance(item, dict):
            item = next((item[key] for key in ("name", "key") if key in item), None)
        if self._is_secret(self.prepared.loop) or isinstance(item, dict | list) or item is None:
            return str(number + 1)
        return str(item)

    def _turn(self, scope: Scope, label: str, skipped: str | None) -> Rendered:
        if skipped:
            return Rendered(None, skipped=skipped, label=label)
        task = self.task
        secret = self._is_secret(self.prepared.inner)
        model = self.binding.vocabulary.remediators[task.remediator]
        place = task.place.at(task.remediator)
        options = self._model(
            model, with_allowance(model, task.options, task), scope, place, task.remediator, secret=secret
        )
        if task.remediator == "service" and getattr(options, "state", None) == "restarted" and not task.handler:
            raise self._error(place.at("state"), "state: restarted in a task", RESTART_IN_TASK)
        return Rendered(options, self._checks(scope, secret=secret), None, label, secret)

    def _checks(self, scope: Scope, *, secret: bool) -> dict[str, Any]:
        """Options of the checks as plain data; that they fit is made sure of here."""
        found: dict[str, Any] = {}
        for name, given in self.task.verify.items():
            place = self.task.place.at("verify", name)
            model = self.binding.vocabulary.checks[name]
            found[name] = self._filled(given, scope, place) or {}
            self._fits(model, found[name], place, name, secret=secret)
        return found

    def _model(self, model: type[Any], given: Any, scope: Scope, place: Place, name: str, *, secret: bool) -> Any:
        return self._fits(model, self._filled(given, scope, place), place, name, secret=secret)

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
        shown = "" if self._is_secret(_used(condition)) or isinstance(value, dict | list) else f" ({value!r})"
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
        try:
            return render(value, scope) if is_template(value) else value
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
        return LanguageError([own.problem(where, without_secrets(fault.what, self.scope), fault.hint, fault.word)])


def _used(condition: Any) -> Uses:
    return uses_of_condition(condition) if isinstance(condition, str) else Uses()


# --- all plays on all hosts -------------------------------------------------------------------------------------------


def bind(
    playbooks: Sequence[Playbook],
    inventory: Inventory,
    vocabulary: Vocabulary,
    *,
    extra: tuple[Layer, ...] = (),
    limit: str | None = None,
    tags: Collection[str] = (),
    skip_tags: Collection[str] = (),
    problems: Problems | None = None,
) -> Bound:
    """
    The tasks of every host that the plays name.

    Raises `LanguageError` with everything that is wrong on any host, or adds to ``problems`` where that is given.
    """
    found = Problems() if problems is None else problems
    plays = [play for playbook in playbooks for play in playbook.plays]
    known = {tag for play in plays for task in play.tasks for tag in task.tags}
    check_tags("--tags", tags, known, found)
    check_tags("--skip-tags", skip_tags, known, found)
    complaints = _Complaints()
    tasks: dict[str, list[Task]] = {}
    overlays: dict[str, list[Play]] = {}
    for play, name in zip(plays, _names(plays), strict=True):
        binding = _Binding(play, inventory, vocabulary, extra)
        hosts = _hosts(binding, limit, found)
        chosen = [task for task in play.tasks if selected(task.tags, tags, skip_tags)]
        prepared = [_prepared(task) for task in (*chosen, *play.handlers)]
        for host in hosts:
            overlays.setdefault(host, []).append(play)
            tasks.setdefault(host, []).extend(_bound(binding, name, prepared, host, complaints))
        complaints.settle(len(hosts), found)
    if not tasks and not found.errors:
        found.add(Problem("--limit", 0, 0, "", f"{limit!r} leaves no host of any play"))
    order = [host for host in inventory.hosts if host in tasks]
    hosts_ = _resolved(inventory, order, extra, overlays, found)
    if problems is None:
        found.raise_if_any()
    return Bound(hosts_, {host: tuple(tasks[host]) for host in order}, tuple(found.warnings))


def _names(plays: Sequence[Play]) -> Iterator[str]:
    """Names of plays, told apart where two are the same."""
    seen: dict[str, int] = {}
    for play in plays:
        seen[play.name] = seen.get(play.name, 0) + 1
        yield play.name if seen[play.name] == 1 else f"{play.name} ({seen[play.name]})"


def _hosts(binding: _Binding, limit: str | None, problems: Problems) -> list[str]:
    """Hosts of a play; its pattern may be a template of variables from the command line."""
    play = binding.play
    if not play.hosts:
        return []
    place, where = play.place.at("hosts"), f"play {play.name!r}"
    pattern: Any = play.hosts if isinstance(play.hosts, str) else list(play.hosts)
    if has_template(pattern):
        try:
            pattern = render(pattern, Scope(binding.extra, {}, {}))
        except TemplateFault as fault:
            hint = fault.hint or "hosts takes variables from --extra-vars only"
            problems.add((fault.place or place).problem(where, fault.what, hint, fault.word))
            return []
    return limited(binding.inventory, select(binding.inventory, pattern, problems, place, where), limit, problems)


class _Complaints:
    """Problems of many hosts: the same one is told once, with the hosts that have it."""

    def __init__(self) -> None:
        self.hosts: dict[Problem, dict[str, None]] = {}

    def add(self, host: str, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.hosts.setdefault(problem, {})[host] = None

    def settle(self, total: int, problems: Problems) -> None:
        for problem, hosts in self.hosts.items():
            problems.add(replace(problem, what=f"{_who([*hosts], total)}: {problem.what}"))
        self.hosts.clear()


def _who(hosts: Sequence[str], total: int) -> str:
    if len(hosts) == 1:
        return f"on {hosts[0]}"
    if len(hosts) == total:
        return f"on all {total} hosts"
    return f"on {len(hosts)} hosts ({listed(hosts, 3)})"


def _bound(
    binding: _Binding, play: str, tasks: Sequence[_Prepared], host: str, complaints: _Complaints
) -> Iterator[BoundTask]:
    scope = binding.scope(host, None, None)
    for task in tasks:
        try:
            yield _bind_task(binding, play, task, host, scope)
        except LanguageError as error:
            complaints.add(host, error.problems)


def _bind_task(binding: _Binding, play: str, prepared: _Prepared, host: str, scope: Scope) -> BoundTask:
    task = prepared.task
    facts = _facts(binding, prepared, scope)
    bound = BoundTask(
        play=play,
        name=_name(task, scope),
        remediator=task.remediator,
        where=str(task.place),
        notify=task.notify,
        ignore_errors=task.ignore_errors,
        allow_unverified=task.allow_unverified,
        cause=task.cause,
        handler=task.handler,
        facts=facts,
        prepared=prepared,
        binding=binding,
        host=host,
    )
    if not facts:
        bound.ready = prepared.same or tuple(bound.render({}))
        prepared.same = bound.ready if prepared.is_constant else None
    return bound


def _name(task: PlayTask, scope: Scope) -> str:
    if not is_template(task.name):
        return task.name
    try:
        return str(render_text(task.name, scope.within([task.variables] if task.variables else [])))
    except TemplateFault as fault:
        place = fault.place or task.place.at("name")
        raise LanguageError([place.problem(task.where, fault.what, fault.hint, fault.word)]) from fault


def _facts(binding: _Binding, prepared: _Prepared, scope: Scope) -> frozenset[str]:
    """Facts that a task needs on a host, by way of variables included."""
    task = prepared.task
    place = task.place
    try:
        total = scope.within([task.variables] if task.variables else []).closure(prepared.total)
    except TemplateFault as fault:
        raise LanguageError([(fault.place or place).problem(task.where, fault.what, fault.hint, fault.word)]) from fault
    known = binding.vocabulary.facts
    wrong = list(fact_problems(total, known, place, task.where))
    if wrong:
        raise LanguageError(wrong)
    return frozenset().union(*(facts_named(chain, known) for chain in total.facts))


# --- hosts ------------------------------------------------------------------------------------------------------------


def resolve_hosts(
    inventory: Inventory,
    names: Iterable[str],
    *,
    extra: tuple[Layer, ...] = (),
    problems: Problems | None = None,
) -> dict[str, Host]:
    """
    Hosts with their variables filled in.

    An ``ansible_*`` variable that cannot be is a problem; any other is left out, because nothing may need it.
    """
    found = Problems() if problems is None else problems
    hosts = _resolved(inventory, list(names), extra, {}, found)
    if problems is None:
        found.raise_if_any()
    return hosts


def _resolved(
    inventory: Inventory,
    names: Sequence[str],
    extra: tuple[Layer, ...],
    plays: Mapping[str, Sequence[Play]],
    problems: Problems,
) -> dict[str, Host]:
    complaints = _Complaints()
    hosts = {}
    for name in names:
        above = _connection_layers(plays.get(name, ()))
        scope = host_scope(inventory, name, extra=extra, above=above)
        variables = {}
        for variable in sorted(scope.names() - set(scope.special)):
            try:
                variables[variable] = scope.lookup(variable)
            except TemplateFault as fault:
                if variable.startswith("ansible_"):
                    complaints.add(name, [_unresolved(variable, fault, scope)])
        hosts[name] = Host(name, variables, inventory.groups_of(name))
    complaints.settle(len(names), problems)
    return hosts


def _unresolved(variable: str, fault: TemplateFault, scope: Scope) -> Problem:
    place = fault.place or Place(LineDocument("inventory", ""))
    what = without_secrets(fault.what, scope)
    return place.problem(f"variable {variable!r}", what, fault.hint, fault.word)


def _connection_layers(plays: Sequence[Play]) -> list[Layer]:
    """``ansible_*`` variables that plays set for their hosts; the connection is one for all plays, so the last wins."""
    layers = [layer for play in reversed(plays) for layer in play.layers]
    picked = [
        Layer({k: v for k, v in layer.values.items() if k.startswith("ansible_")}, layer.document, layer.path)
        for layer in layers
    ]
    return [layer for layer in picked if layer.values]
