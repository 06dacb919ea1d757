"""Bind plays to hosts: every template that needs no fact is filled in before any host is contacted."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from remediators.language.draft import Layer
from remediators.language.hosts import Complaints, resolved
from remediators.language.inventory import Inventory
from remediators.language.natives import TemplateFault
from remediators.language.others import OtherHosts
from remediators.language.paces import bound_pace
from remediators.language.patterns import limited, select
from remediators.language.plays import Play, Playbook, PlayTask, Vocabulary
from remediators.language.problems import LanguageError, Problem, Problems, did_you_mean, is_secret, listed
from remediators.language.tags import check_tags, selected
from remediators.language.task_checks import fact_problems, facts_named
from remediators.language.templating import (
    has_template,
    is_template,
    render,
    render_text,
    uses,
)
from remediators.language.turns import Binding, NeedsContact, Prepared, Turns, nested, prepare
from remediators.language.variables import Scope
from remediators.model import Host, Rendered, Task
from remediators.model.rollout import Pace, PacedPlay


@dataclass(frozen=True, slots=True)
class BoundPlay:
    """A play as it will be worked on: its hosts in order, and the tasks that tags leave."""

    name: str
    pattern: str
    hosts: tuple[str, ...]
    tasks: tuple[PlayTask, ...]
    handlers: tuple[PlayTask, ...]
    pace: Pace = field(default_factory=Pace)

    @property
    def paced(self) -> PacedPlay:
        """How it goes over its hosts."""
        throttles = tuple((task.name, task.throttle) for task in (*self.tasks, *self.handlers) if task.throttle)
        return PacedPlay(self.name, self.hosts, self.pace, throttles)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is to be done: the hosts, and for each its tasks and handlers in order, play by play."""

    hosts: Mapping[str, Host]
    tasks: Mapping[str, Sequence[Task]]
    warnings: tuple[Problem, ...] = ()
    plays: tuple[BoundPlay, ...] = ()
    others: OtherHosts = field(default_factory=OtherHosts)


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
    on_verify_failure: str
    guard: int
    facts: frozenset[str]
    prepared: Prepared = field(repr=False)
    binding: Binding = field(repr=False)
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
            return tuple(Turns(self.prepared, self.binding, self.host, None).preview())
        except LanguageError:
            return ()

    def _turns(self, facts: Mapping[str, Any]) -> tuple[Rendered, ...]:
        return tuple(Turns(self.prepared, self.binding, self.host, facts).all())


def bind(
    playbooks: Sequence[Playbook],
    inventory: Inventory,
    vocabulary: Vocabulary,
    *,
    extra: tuple[Layer, ...] = (),
    limit: str | None = None,
    tags: Collection[str] = (),
    skip_tags: Collection[str] = (),
    start_at: str | None = None,
    problems: Problems | None = None,
) -> Bound:
    """
    The tasks of every host that the plays name. ``start_at`` is the name (or a glob) of the first task that counts.

    Raises `LanguageError` with everything that is wrong on any host, or adds to ``problems`` where that is given.
    """
    found = Problems() if problems is None else problems
    plays = [play for playbook in playbooks for play in playbook.plays]
    complaints = Complaints()
    tasks: dict[str, list[Task]] = {}
    overlays: dict[str, list[Play]] = {}
    others = OtherHosts(frozenset(vocabulary.facts))
    chosen = _chosen(plays, tags, skip_tags, found)
    if start_at is not None:
        chosen = _from(start_at, chosen, found)
    bound: list[BoundPlay] = []
    for play, name, kept in zip(plays, _names(plays), chosen, strict=True):
        binding = Binding(play, inventory, vocabulary, extra, others)
        hosts = _hosts(binding, limit, found)
        pace = bound_pace(play, hosts, inventory, extra, found)
        bound.append(BoundPlay(name, _written(play.hosts), tuple(hosts), tuple(kept), play.handlers, pace))
        for host, mine in _of_hosts(hosts, [prepare(task) for task in (*kept, *play.handlers)]):
            overlays.setdefault(host, []).append(play)
            tasks.setdefault(host, []).extend(_bound(binding, name, mine, host, complaints))
        complaints.settle(len(hosts), found)
    if not tasks and not found.errors:
        found.add(Problem("--limit", 0, 0, "", f"{limit!r} leaves no host of any play"))
    order = [host for host in inventory.hosts if host in tasks]
    hosts_ = resolved(inventory, order, extra, overlays, found)
    if problems is None:
        found.raise_if_any()
    of_hosts = {host: tuple(tasks[host]) for host in order}
    return Bound(hosts_, of_hosts, tuple(found.warnings), tuple(bound), others)


def _chosen(
    plays: Sequence[Play], tags: Collection[str], skip_tags: Collection[str], problems: Problems
) -> list[list[PlayTask]]:
    """The tasks that tags leave, play by play."""
    known = {tag for play in plays for task in play.tasks for tag in task.tags}
    check_tags("--tags", tags, known, problems)
    check_tags("--skip-tags", skip_tags, known, problems)
    return [[task for task in play.tasks if selected(task.tags, tags, skip_tags)] for play in plays]


def _of_hosts(hosts: Sequence[str], tasks: Sequence[Prepared]) -> Iterator[tuple[str, Sequence[Prepared]]]:
    """Each host with its tasks: what runs once is the first one's."""
    rest = [task for task in tasks if not task.task.run_once]
    yield from ((host, rest if number else tasks) for number, host in enumerate(hosts))


def _written(pattern: str | tuple[str, ...]) -> str:
    return pattern if isinstance(pattern, str) else ":".join(pattern)


def _from(start: str, chosen: Sequence[Sequence[PlayTask]], problems: Problems) -> list[list[PlayTask]]:
    """Tasks from the first of that name on, over all plays."""
    names = [task.name for tasks in chosen for task in tasks]
    first = next((number for number, name in enumerate(names) if name == start or fnmatchcase(name, start)), None)
    if first is None:
        hint = did_you_mean(start, names) or f"tasks are {listed(dict.fromkeys(names))}"
        problems.add(Problem("--start-at-task", 0, 0, "", f"no task is named {start!r}", hint))
        return [list(tasks) for tasks in chosen]
    kept: list[list[PlayTask]] = []
    for tasks in chosen:
        kept.append(list(tasks[max(first, 0) :]))
        first -= len(tasks)
    return kept


def _names(plays: Sequence[Play]) -> Iterator[str]:
    """Names of plays, told apart where two are the same."""
    seen: dict[str, int] = {}
    for play in plays:
        seen[play.name] = seen.get(play.name, 0) + 1
        yield play.name if seen[play.name] == 1 else f"{play.name} ({seen[play.name]})"


def _hosts(binding: Binding, limit: str | None, problems: Problems) -> list[str]:
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


def _bound(
    binding: Binding, play: str, tasks: Sequence[Prepared], host: str, complaints: Complaints
) -> Iterator[BoundTask]:
    scope = binding.scope(host, None, None)
    for task in tasks:
        try:
            yield _bind_task(binding, play, task, host, scope)
        except LanguageError as error:
            complaints.add(host, error.problems)


def _bind_task(binding: Binding, play: str, prepared: Prepared, host: str, scope: Scope) -> BoundTask:
    task = prepared.task
    facts = _facts(binding, prepared, scope)
    bound = BoundTask(
        play=play,
        name=_name(task, scope),
        remediator=task.remediator,
        where=str(task.place),
        notify=tuple(task.notify),
        ignore_errors=task.ignore_errors,
        allow_unverified=task.allow_unverified,
        cause=task.cause,
        handler=task.handler,
        on_verify_failure=task.on_verify_failure,
        guard=task.guard,
        facts=facts,
        prepared=prepared,
        binding=binding,
        host=host,
    )
    if not facts:
        with contextlib.suppress(NeedsContact):
            bound.ready = prepared.same or tuple(bound.render({}))
            prepared.same = bound.ready if prepared.is_constant else None
    return bound


def _name(task: PlayTask, scope: Scope) -> str:
    if not is_template(task.name):
        return task.name
    inside = scope.within(task.layers)
    place = task.place.at("name")
    try:
        secret = next((name for name in sorted(inside.closure(uses(task.name)).names) if is_secret(name)), None)
        if secret:
            what = f"the name of a task is shown everywhere, and {secret!r} is a secret"
            raise LanguageError([place.problem(task.where, what, "", secret)])
        return str(render_text(task.name, inside))
    except TemplateFault as fault:
        hint = fault.hint
        if task.loop is not None and fault.word in (task.control.item, task.control.index):
            hint = "leave it out: each turn is shown with its item"
        raise LanguageError([(fault.place or place).problem(task.where, fault.what, hint, fault.word)]) from fault


def _facts(binding: Binding, prepared: Prepared, scope: Scope) -> frozenset[str]:
    """Facts that a task needs on a host, by way of variables included."""
    task = prepared.task
    place = task.place
    try:
        total = scope.within(task.layers).closure(prepared.total)
    except TemplateFault as fault:
        raise LanguageError([(fault.place or place).problem(task.where, fault.what, fault.hint, fault.word)]) from fault
    known = binding.vocabulary.facts
    wrong = list(fact_problems(total, known, place, task.where))
    if wrong:
        raise LanguageError(wrong)
    return frozenset().union(*(facts_named(chain, known) for chain in total.facts))
