"""The lab of a rehearsal, and the two runs in it: what apply and rollback do, with a state directory for a while."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remediators.cli.house import DEVICES, platform_of
from remediators.cli.options import Given
from remediators.engine.outcomes import HostResult, exit_code, settled_before
from remediators.engine.rehearsal import Ready, Rehearsed, differences, digest, looked_at, pointed, ready
from remediators.lab.from_plan import Rebuilt, rebuild, rebuildable
from remediators.lab.from_plan_config import platform_of as platform_told
from remediators.lab.ios_device import Device
from remediators.lab.serve import Lab
from remediators.lab.world import WindowsMachine
from remediators.model import Arming, Change, Host, HostPlan, Plan, Platform, RemediationError, Snapshot, UsageError
from remediators.reports.rehearsal import document
from remediators.resources.config_guard import ConfigSafeguard

if TYPE_CHECKING:
    from remediators.cli.project import Project
    from remediators.cli.runs_on_disk import Carried

_FAILED = 2
_LOCKOUT = (
    "where the session to it comes from: whether the change could lock us out was judged when it was planned, and is "
    "judged again by apply"
)
Ways = Mapping[str, Mapping[str, Any]]


class _InLab(ConfigSafeguard):
    """A device of the lab has an address of the lab: nothing is known there of the way to the real one."""

    def decide(self, known: Snapshot, changes: Sequence[Change], leave: Mapping[str, Any], minutes: int) -> Arming:
        decided = ConfigSafeguard.decide(self, known, changes, {**leave, "allow_lockout_risk": True}, minutes)
        return replace(decided, leave=dict(leave))


def rehearse(plan: Plan, given: Given, path: Path) -> dict[str, Any]:
    """Try a plan in a lab of its own and give what it showed. Raises `UsageError`, and where no lab can listen."""
    trying = [host for host in plan.hosts if any(item.outcome == "change" for item in host.items)]
    untried = {host.name: _why_not(host) for host in plan.hosts if host not in trying}
    settled = [result for host in plan.hosts if host not in trying and (result := settled_before(host))]
    if not trying:
        return document(plan.id, [], untried, {}, exit_code(settled))
    ways = _ways(plan, given)
    platforms = {host.name: _platform(host, ways, path) for host in trying}
    stage = _Stage.of(trying, platforms, ways)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        lab = Lab(stage.fleet(), ports="free", folder=folder / "keys")
        try:
            stack.enter_context(lab)
        except OSError as error:
            raise RemediationError(f"the lab cannot listen on loopback: {error.strerror or error}") from error
        return _there_and_back(plan, replace(stage, lab=lab, folder=folder), untried, settled, given)


def _why_not(host: HostPlan) -> str:
    return host.error or {"ok": "nothing to change", "refused": "what it was to change was refused"}.get(
        host.status, host.status
    )


def _ways(plan: Plan, given: Given) -> Ways:
    """How the hosts are reached, as far as an inventory that can be read tells; nothing is contacted."""
    from remediators import language

    try:
        inventory = language.load_inventory(given.inventory or plan.inventory)
        names = [host.name for host in plan.hosts if host.name in inventory.hosts]
        hosts = language.select_hosts(inventory, ",".join(names)) if names else {}
    except RemediationError:
        return {}
    return {name: host.variables for name, host in hosts.items()}


def _platform(host: HostPlan, ways: Ways, path: Path) -> str:
    """What to build for a host. Raises `UsageError` where neither its plan nor an inventory tells."""
    kinds = {change.address.kind for item in host.items for change in item.changes}
    if host.arming is None and "config" not in kinds:
        return "windows"
    if host.name in ways:
        told = platform_of(Host(host.name, ways[host.name])).name
        if told in DEVICES:
            return told
    told_by_plan = platform_told(host)
    if told_by_plan is None:
        raise UsageError(f"{path}: it does not tell whether {host.name} is an IOS, an ASA or a PIX: give -i INVENTORY")
    return told_by_plan


@dataclass(frozen=True, slots=True)
class _Stage:
    """
    What is rehearsed, and where. ``behind`` are mail servers that stand in for those that checks of devices look at:
    their name in the lab by the device and the name in the check.
    """

    plans: Mapping[str, Ready]
    built: Mapping[str, Rebuilt]
    aliases: Mapping[str, str]
    behind: Mapping[tuple[str, str], str]
    lab: Lab | None = None
    folder: Path | None = None

    @classmethod
    def of(cls, hosts: Iterable[HostPlan], platforms: Mapping[str, str], ways: Ways) -> _Stage:
        plans = {host.name: ready(host, rebuildable) for host in hosts}
        built = {
            name: rebuild(found.plan, platforms[name], _connection(ways.get(name, {}))) for name, found in plans.items()
        }
        aliases = {str(ways[name]["ansible_host"]): name for name in plans if "ansible_host" in ways.get(name, {})}
        devices = [name for name in plans if platforms[name] != "windows"]
        seen = [(name, other) for name in devices for other in sorted(looked_at(plans[name].plan))]
        strange = [(name, other) for name, other in seen if other not in plans and other not in aliases]
        behind = {pair: f"rehearsed-mail-server-{number}" for number, pair in enumerate(strange, 1)}
        return cls(plans, built, aliases, behind)

    def fleet(self) -> dict[str, Any]:
        servers = {name: {"connection": "none", "via": [device]} for (device, _), name in self.behind.items()}
        return {name: found.spec for name, found in self.built.items()} | servers

    def door(self, host: str, named: str | None) -> tuple[str, int] | None:
        """Where the SMTP service is, in the lab, that a check of a host looks at."""
        name = host if named is None else self.behind.get((host, named), self.aliases.get(named, named))
        served = self.running.hosts.get(name)
        return None if served is None or served.smtp_port is None else (served.address, served.smtp_port)

    @property
    def running(self) -> Lab:
        if self.lab is None:
            raise RuntimeError("the lab of the rehearsal is not running")
        return self.lab

    def states(self) -> dict[str, Any]:
        return {name: _state(self.running.hosts[name].machine) for name in self.plans}


def _connection(variables: Mapping[str, Any]) -> str:
    return "ssh" if str(variables.get("ansible_connection", "")).endswith("ssh") else "winrm"


def _state(machine: Any) -> Any:
    if isinstance(machine, Device):
        return {"running": machine.running(), "startup": machine.startup()}
    return machine.state() if isinstance(machine, WindowsMachine) else None


def _there_and_back(
    plan: Plan, stage: _Stage, untried: Mapping[str, str], settled: Sequence[HostResult], given: Given
) -> dict[str, Any]:
    from remediators.cli.project import load_for_plan
    from remediators.cli.rollback import way_back

    folder = stage.folder or Path()
    inventory = stage.running.write_inventory(folder / "lab.yml")
    quiet = Given(inventory=(str(inventory),), output="json", state_dir=folder / "state", timeout=given.timeout)
    checks = load_checks()
    stage = replace(stage, plans={name: pointed(found, checks, stage.door) for name, found in stage.plans.items()})
    hosts = tuple(found.plan for found in stage.plans.values())
    tried = replace(plan, hosts=hosts, inventory=quiet.inventory, playbooks=(), extra={})
    project = _reached(load_for_plan(tried, quiet, inventory))
    before = stage.states()
    there = _run(tried, project, quiet, "apply")
    found = way_back("latest", quiet, reached=_reached)
    back = _run(*found, quiet, "rollback") if found else None
    told = _told(stage, there, back, before)
    code = exit_code((*there.result.hosts, *settled)) or (back.code if back else 0)
    code = code or (0 if all(host.equal for host in told) else _FAILED)
    runs = {"apply": there.document, **({"rollback": back.document} if back else {})}
    return document(plan.id, told, untried, runs, max(code, there.code))


def load_checks() -> Mapping[str, Any]:
    """All checks by name."""
    from remediators.checks import checks

    return checks()


def _run(plan: Plan, project: Project, given: Given, kind: str) -> Carried:
    from remediators.cli.project import fleet_of
    from remediators.cli.runs_on_disk import carried

    return carried(plan, project.hosts, fleet_of(project, given), given, kind=kind, redactor=project.redactor)


def _reached(project: Project) -> Project:
    return replace(project, house=replace(project.house, platform_of=_platform_in_lab))


def _platform_in_lab(host: Host) -> Platform:
    platform = platform_of(host)
    return replace(platform, safeguard=_InLab(platform.name)) if platform.safeguard else platform


def _told(stage: _Stage, there: Carried, back: Carried | None, before: Mapping[str, Any]) -> list[Rehearsed]:
    after = stage.states()
    ways_back = {host.name: host for host in back.result.hosts} if back else {}
    return [
        _host(stage, host, ways_back.get(host.name), before[host.name], after[host.name]) for host in there.result.hosts
    ]


def _host(stage: _Stage, there: HostResult, back: HostResult | None, before: Any, after: Any) -> Rehearsed:
    found, built = stage.plans[there.name], stage.built[there.name]
    return Rehearsed(
        there.name,
        built.simulated,
        there.status,
        back.status if back else "",
        sum(item.results.count("verified") for item in there.items),
        digest(before),
        digest(after),
        differences(before, after),
        tuple(_reasons(there, back)),
        found.stand_ins,
        found.left_out,
        (*built.untold, *((_LOCKOUT,) if found.plan.arming else ())),
    )


def _reasons(*runs: HostResult | None) -> Iterable[str]:
    for result in filter(None, runs):
        if result.error:
            yield result.error
        for item in result.items:
            if item.status in ("failed", "unknown", "refused") and item.reason:
                yield f"{item.item.task}: {item.reason}"
