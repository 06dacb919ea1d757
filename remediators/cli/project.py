"""What a command works with: playbooks and inventory loaded, hosts resolved, the house built, secrets known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators import __version__
from remediators.cli.house import build, check_connections, fleet, some
from remediators.cli.options import Given, without_inventory
from remediators.engine.fleet import Fleet, plan_fleet
from remediators.engine.house import House
from remediators.journal import now
from remediators.model import Host, HostPlan, Plan, Redactor, RemediationError, Source, Task, UsageError
from remediators.model.secrecy import SECRET_NAME, secret_values

if TYPE_CHECKING:
    from remediators.cli.progress import Flight
    from remediators.language import Vocabulary
    from remediators.language.others import OtherHosts
    from remediators.language.plays import Playbook
    from remediators.language.problems import Problem
    from remediators.language.tasks import BoundPlay

PACKAGED = Path(__file__).parents[1] / "profiles"


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that a command needs to know before it contacts anybody."""

    house: House
    hosts: Mapping[str, Host]
    redactor: Redactor
    tasks: Mapping[str, Sequence[Task]] = field(default_factory=dict)
    playbooks: tuple[Source, ...] = ()
    inventory: tuple[str, ...] = ()
    plays: tuple[BoundPlay, ...] = ()
    others: OtherHosts | None = None
    host_of: Callable[[str], Host] | None = None
    warnings: tuple[Problem, ...] = ()


def load(playbooks: Sequence[str], given: Given) -> Project:
    """Read playbooks and inventory and bind them. Raises `UsageError` with everything that is wrong in all files."""
    from remediators import language

    _are_playbooks(playbooks)
    sources = _sources(given)
    house = build(profiles_beside(playbooks))
    loaded = language.load(
        playbooks,
        sources,
        vocabulary(house),
        extra_vars=given.extra_vars,
        limit=given.limit,
        tags=given.tags,
        skip_tags=given.skip_tags,
        start_at=given.start_at_task,
    )
    warnings = tuple(dict.fromkeys((*loaded.warnings, *loaded.bound.warnings)))
    _warn(map(str, warnings))
    hosts = language.with_ways(loaded.inventory, loaded.bound.hosts, loaded.extra)
    project = _project(house, hosts, given, secrets=_secrets_of(loaded.playbooks))
    files = tuple(Source(path, digest) for path, digest in loaded.files)
    return replace(
        project,
        tasks=loaded.bound.tasks,
        playbooks=files,
        inventory=_absolute(sources),
        plays=loaded.bound.plays,
        warnings=warnings,
        others=loaded.bound.others,
        host_of=lambda name: language.resolve_hosts(loaded.inventory, [name], extra=loaded.extra)[name],
    )


def _are_playbooks(paths: Sequence[str]) -> None:
    """Raises `UsageError` for files that are not there, and for saved plans."""
    from remediators.cli.plan_files import is_plan

    wrong = [f"{path}: there is no such file" for path in paths if not Path(path).exists()]
    wrong += [
        f"{path}: is a saved plan and no playbook: remediate apply {path}" for path in paths if is_plan(Path(path))
    ]
    if wrong:
        raise UsageError("\n".join(wrong))


def load_hosts(pattern: str, given: Given) -> Project:
    """Hosts that a pattern names. Raises `UsageError`."""
    from remediators import language
    from remediators.transports.variables import KNOWN_VARIABLES

    sources = _sources(given)
    # As in Ansible, variables in the current folder count where there is no playbook that they could stand beside.
    inventory = language.load_inventory(sources, playbook_dirs=["."], known_variables=KNOWN_VARIABLES)
    hosts = language.select_hosts(inventory, pattern, limit=given.limit, extra_vars=given.extra_vars)
    hosts = language.with_ways(inventory, hosts, language.parse_extra_vars(given.extra_vars))
    return replace(_project(build(packaged_profiles()), hosts, given), inventory=_absolute(sources))


@dataclass(frozen=True, slots=True)
class Along:
    """Hosts of a pattern (``asked``), and in the project with them those that stand on the way to them."""

    project: Project
    asked: tuple[str, ...]
    routes: Mapping[str, tuple[str, ...]]
    profiles: Mapping[str, Mapping[str, Any]]


def load_along(pattern: str, also: Sequence[str], given: Given, beside: Iterable[str]) -> Along:
    """
    Hosts that a pattern names, those named in ``also``, and the devices that stand before any of them (``via:``).

    Profiles are the packaged ones and those in ``profiles/`` beside these files. Raises `UsageError`.
    """
    from remediators import language
    from remediators.transports.variables import KNOWN_VARIABLES

    sources = _sources(given)
    inventory = language.load_inventory(sources, known_variables=KNOWN_VARIABLES)
    unknown = [name for name in also if name not in inventory.hosts]
    if unknown:
        hint = language.did_you_mean(unknown[0], inventory.hosts)
        raise UsageError(f"--from {unknown[0]}: there is no such host in the inventory{f' ({hint})' if hint else ''}")
    asked = language.select_hosts(inventory, pattern, limit=given.limit, extra_vars=given.extra_vars)
    _expect(len(asked), given)
    extra = language.parse_extra_vars(given.extra_vars)
    hosts = asked | language.resolve_hosts(inventory, [name for name in also if name not in asked], extra=extra)
    routes = {name: host.via for name, host in language.with_ways(inventory, hosts, extra).items()}
    devices = dict.fromkeys(device for way in routes.values() for device in way if device not in hosts)
    hosts |= language.resolve_hosts(inventory, list(devices), extra=extra)
    profiles = profiles_beside(beside)
    project = replace(_project(build(profiles), hosts, replace(given, expect_hosts=None)), inventory=_absolute(sources))
    return Along(project, tuple(asked), routes, profiles)


def load_for_plan(plan: Plan, given: Given, path: Path) -> Project:
    """
    The hosts of a saved plan, from the inventory it was made with unless another is given.

    Raises `UsageError` where hosts are gone, or where the plan was made with ``-e`` that must be given again.
    """
    if plan.extra.get("extra_vars_withheld") and not given.extra_vars:
        raise UsageError(f"{path}: this plan was made with secret --extra-vars, which it does not hold: give -e again")
    again = replace(
        given,
        inventory=given.inventory or plan.inventory,
        extra_vars=given.extra_vars or tuple(plan.extra.get("extra_vars", ())),
        limit=None,
    )
    from remediators import language
    from remediators.transports.variables import KNOWN_VARIABLES

    beside = list(dict.fromkeys(Path(source.path).parent for source in plan.playbooks))
    inventory = language.load_inventory(again.inventory, playbook_dirs=beside, known_variables=KNOWN_VARIABLES)
    names = [host.name for host in plan.hosts]
    gone = [name for name in names if name not in inventory.hosts]
    if gone:
        raise UsageError(
            f"{path}: hosts of this plan are not in {', '.join(again.inventory)}: {some(gone)}; plan again, or "
            "give its inventory"
        )
    chosen = (
        language.select_hosts(inventory, given.limit, extra_vars=again.extra_vars, said_as="--limit")
        if given.limit
        else None
    )
    kept = [name for name in names if chosen is None or name in chosen]
    if not kept:
        raise UsageError(f"{path}: --limit {given.limit!r} leaves no host of this plan")
    hosts = language.select_hosts(inventory, ",".join(kept), extra_vars=again.extra_vars)
    hosts = language.with_ways(inventory, hosts, language.parse_extra_vars(again.extra_vars))
    profiles = profiles_beside([source.path for source in plan.playbooks])
    return replace(_project(build(profiles), hosts, given), playbooks=plan.playbooks, inventory=plan.inventory)


def check_playbooks(playbooks: Sequence[str], given: Given) -> tuple[Problem, ...]:
    """Check playbooks without an inventory; gives warnings. Raises `UsageError` with everything that is wrong."""
    from remediators import language

    problems = language.Problems()
    language.parse_extra_vars(given.extra_vars, problems)
    language.load_playbooks(playbooks, vocabulary(build(profiles_beside(playbooks))), problems=problems)
    problems.raise_if_any()
    _warn(map(str, problems.warnings))
    return tuple(problems.warnings)


def vocabulary(house: House) -> Vocabulary:
    """What playbooks may name in this house."""
    from remediators.language import Vocabulary
    from remediators.transports.variables import KNOWN_VARIABLES

    return Vocabulary(
        remediators=_OptionsOf(house.remediators),
        checks=_OptionsOf(house.checks),
        facts=frozenset(house.facts),
        variables=KNOWN_VARIABLES,
    )


class _OptionsOf(Mapping[str, type[Any]]):
    """The options of each remediator or check, loaded when a playbook names it."""

    def __init__(self, things: Mapping[str, Any]) -> None:
        self._things = things

    def __getitem__(self, name: str) -> type[Any]:
        options: type[Any] = self._things[name].Options
        return options

    def __contains__(self, name: object) -> bool:
        """A key of tasks is never one of these: to be sure of that all installed packages would be searched."""
        from remediators.language.keywords import TASK_KEYS

        return name not in TASK_KEYS and name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


def packaged_profiles() -> dict[str, Any]:
    """Profiles that come with the package."""
    return _profiles([])


def profiles_beside(playbooks: Iterable[str]) -> dict[str, Any]:
    """Packaged profiles, and those in ``profiles/`` beside the playbooks, which override by name."""
    return _profiles(list(dict.fromkeys(Path(path).resolve().parent / "profiles" for path in playbooks)))


def _profiles(folders: Sequence[Path]) -> dict[str, Any]:
    from remediators.language import load_profiles

    found = load_profiles([PACKAGED, *folders])
    return {name: _plain(profile) for name, profile in found.items()}


def _plain(profile: Any) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "product": profile.product,
        "for": list(profile.remediators),
        "detect": [dict(entry) for entry in profile.detect],
        "managed": [dict(entry) for entry in profile.managed],
        "settings": [dict(entry) for entry in profile.settings],
        "services": [dict(entry) for entry in profile.services],
        "notes": list(profile.notes),
        "path": profile.path,
    }


def _secrets_of(playbooks: Iterable[Playbook]) -> set[str]:
    """The secrets that plays and tasks set, in ``vars`` and in files of them."""
    layers = [layer for book in playbooks for play in book.plays for layer in play.layers]
    tasks = (task for book in playbooks for play in book.plays for task in (*play.tasks, *play.handlers))
    layers += [layer for task in tasks for layer in task.layers]
    return {secret for layer in layers for secret in secret_values(layer.values) if "{{" not in secret}


def _project(house: House, hosts: Mapping[str, Host], given: Given, *, secrets: Iterable[str] = ()) -> Project:
    asked = _UNUSED if given.offline else _asked_password(given)
    # As in Ansible, what the inventory says of a host wins over -u and -k.
    user = given.user or (_UNUSED if given.offline else None)
    added = {name: value for name, value in (("ansible_user", user), ("ansible_password", asked)) if value}
    resolved = {name: replace(host, variables={**added, **host.variables}) for name, host in hosts.items()}
    _expect(len(resolved), given)
    _warn(check_connections(list(resolved.values()), allow_unencrypted=given.allow_unencrypted))
    from remediators.language.hidden import known as opened

    known = {secret for host in resolved.values() for secret in secret_values(host.variables)}
    redactor = Redactor({*known, *secrets}, opened())
    return Project(replace(house, tells=redactor.shows), resolved, redactor)


def _expect(count: int, given: Given) -> None:
    if given.expect_hosts is not None and count != given.expect_hosts:
        selected = "1 host is" if count == 1 else f"{count} hosts are"
        raise UsageError(f"{selected} selected, and --expect-hosts says {given.expect_hosts}")


_UNUSED = "(nothing is contacted)"


def _asked_password(given: Given) -> str | None:
    if not given.ask_pass:
        return None
    password: str = click.prompt("Password", hide_input=True, err=True)
    return password


def _sources(given: Given) -> tuple[str, ...]:
    from remediators.language.hidden import stay_offline

    stay_offline(offline=given.offline)
    if not given.inventory:
        raise without_inventory()
    return given.inventory


def _absolute(sources: Iterable[str]) -> tuple[str, ...]:
    """Inventories by absolute path, so that a plan can be applied from another directory; host lists as they are."""
    return tuple(source if "," in source else str(Path(source).resolve()) for source in sources)


def _warn(texts: Iterable[str]) -> None:
    for text in dict.fromkeys(texts):
        click.echo(f"warning: {text}", err=True)


def fleet_of(project: Project, given: Given) -> Fleet:
    """How the hosts of a project are worked on."""
    return fleet(
        project.house, forks=given.forks, allow_unencrypted=given.allow_unencrypted, seconds=float(given.timeout)
    )


@contextmanager
def flying(total: int, title: str, given: Given) -> Iterator[Flight]:
    """Progress on standard error, unless the output is for machines."""
    from remediators.cli.progress import flight

    with flight(total, title=title, quiet=given.output != "text") as board:
        yield board


def make_plan(project: Project, given: Given) -> Plan:
    """Plan all hosts of a project. Reads only. ``-e`` is kept in the plan only where nothing in it is secret."""
    from remediators.cli.courses import planned_course

    plan = plan_tasks(project, project.tasks, given, extra=_extra(given))
    course = planned_course(project.plays, plan.hosts, given)
    _warn(course.get("rollout", {}).get("warnings", ()))
    plan = replace(plan, extra={**plan.extra, **course})
    sensitive = any(change.sensitive for host in plan.hosts for item in host.items for change in item.changes)
    if not sensitive or not plan.extra.get("extra_vars"):
        return plan
    held = {name: value for name, value in plan.extra.items() if name != "extra_vars"}
    return replace(plan, extra={**held, "extra_vars_withheld": True})


def plan_tasks(
    project: Project,
    tasks: Mapping[str, Sequence[Task]],
    given: Given,
    *,
    extra: Mapping[str, Any],
    seen: Callable[[HostPlan], HostPlan] = lambda host: host,
) -> Plan:
    """Plan these tasks and give the plan as a value. ``seen`` is given each host's plan first, to alter it."""
    import secrets

    from remediators.cli.interrupts import reading
    from remediators.cli.secrecy import without_secrets

    fleet = fleet_of(project, given)
    with flying(len(tasks), "plan", given) as board, reading(fleet.stop), facts_elsewhere(project, fleet):
        quiet = replace(fleet, begun=board.begun, ended=_only_trouble(board))
        hosts = plan_fleet(quiet, tasks, project.hosts)
    told = tuple(without_secrets(seen(host), project.redactor) for host in hosts)
    stamp = now()
    name = f"{stamp[:10].replace('-', '')}-{secrets.token_hex(4)}"
    return Plan(name, stamp, __version__, project.playbooks, project.inventory, told, extra)


@contextmanager
def facts_elsewhere(project: Project, fleet: Fleet) -> Iterator[None]:
    """While this lasts, templates may ask for facts of other hosts, which are contacted for them."""
    from remediators.engine.facts_elsewhere import FactsElsewhere
    from remediators.language.natives import TemplateFault

    if project.others is None or project.host_of is None:
        yield
        return
    reader = FactsElsewhere(fleet, project.host_of)

    def ask(host: str, name: str) -> Any:
        try:
            return reader.value(host, name)
        except RemediationError as error:
            raise TemplateFault(f"the fact {name} of {host} cannot be read: {error.message}", word="facts") from error

    project.others.ask = ask
    try:
        yield
    finally:
        project.others.ask = None
        reader.close()


def _only_trouble(board: Flight) -> Any:
    """A plan's own text tells how each host came out; a line for each while it is made would tell it twice."""

    def ended(name: str, status: str) -> None:
        board.ended(name, status, tell=False)

    return ended


def _extra(given: Given) -> dict[str, Any]:
    """How the plan was asked for. ``-e`` with a secret in it is withheld and must be given again."""
    secret = any(SECRET_NAME.search(text) for text in given.extra_vars)
    held: dict[str, Any] = {"extra_vars_withheld": True} if secret else {"extra_vars": list(given.extra_vars)}
    return {**held, "limit": given.limit, "tags": list(given.tags), "skip_tags": list(given.skip_tags)} | (
        {"start_at_task": given.start_at_task} if given.start_at_task else {}
    )
