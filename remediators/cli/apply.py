"""``remediate apply``: what a plan says, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import Given, given

if TYPE_CHECKING:
    from remediators.cli.project import Project
    from remediators.cli.records import Rules
    from remediators.model import Plan

NOT_APPROVED = 3


@click.command()
@click.argument("targets", nargs=-1, required=True, type=click.Path(), metavar="PLAN|PLAYBOOK...")
@options.selecting
@options.connecting
@options.showing
@options.running
@options.window
@options.outside_window
@options.freeze
def command(targets: tuple[str, ...], **flags: Any) -> int:
    """Apply a saved plan, or plan playbooks, show, ask and apply."""
    from remediators.cli.courses import check_bounds
    from remediators.cli.plan_files import is_plan

    shared = given(**flags)
    check_bounds(shared)
    plans = [target for target in targets if is_plan(Path(target))]
    if plans and len(targets) > 1:
        raise click.UsageError("apply takes one plan, or playbooks, and not both")
    if plans and (shared.tags or shared.skip_tags or shared.start_at_task):
        told = "--tags, --skip-tags and --start-at-task"
        raise click.UsageError(f"a saved plan is applied as it is: give {told} to remediate plan")
    return _saved(Path(plans[0]), shared) if plans else _playbooks(targets, shared)


def _playbooks(targets: tuple[str, ...], shared: Given) -> int:
    from remediators.cli.project import load, make_plan

    if rules().approvals:
        book = " ".join(targets)
        click.echo(
            f"this project asks for an approved plan: remediate plan {book} --out FILE, then approve it", err=True
        )
        return NOT_APPROVED
    project = load(targets, shared)
    return settle(make_plan(project, shared), project, shared, kind="apply")


def _saved(path: Path, shared: Given) -> int:
    from remediators.cli.plan_files import load_plan
    from remediators.cli.project import load_for_plan
    from remediators.cli.records import approvals, unapproved
    from remediators.model.documents import EditedPlan

    try:
        plan = load_plan(path)
    except EditedPlan as error:
        click.echo(error.message, err=True)
        return NOT_APPROVED
    given_before = tuple(plan.extra.get("extra_vars", shared.extra_vars))
    if shared.extra_vars and shared.extra_vars != given_before:
        click.echo("warning: -e is used to connect; the values that the plan writes stay as planned", err=True)
    project = load_for_plan(plan, shared, path)
    if shared.limit:
        kept = tuple(host for host in plan.hosts if host.name in project.hosts)
        plan = replace(plan, hosts=kept)
    asked = rules()
    names, wrong = approvals(path, asked)
    if _refused(plan, path, shared, list(unapproved(path, asked, names, wrong))):
        return NOT_APPROVED
    if names:
        plan = replace(plan, extra={**plan.extra, "approved_by": names})
    return settle(_with_secrets(plan, shared, path), project, shared, kind="apply")


def _refused(plan: Plan, path: Path, shared: Given, unapproved: Sequence[str]) -> bool:
    """Whether the plan may not be applied as a change record; the reasons are told."""
    from remediators.cli.records import against, inventory_changed
    from remediators.journal import Journal, State, now

    with Journal(State(shared.state_dir).journal_path) as journal:
        reasons = [*against(plan, path, journal, now()), *unapproved]
    for source in inventory_changed(plan):
        click.echo(f"warning: {source} has changed since the plan was made", err=True)
    for reason in reasons:
        click.echo(reason, err=True)
    return bool(reasons)


def rules() -> Rules:
    """What the project asks of its plans, from the configuration that was read when the command began."""
    from remediators.cli.records import Rules

    settings = click.get_current_context().default_map or {}
    return Rules(settings.get("approvals", 0), tuple(settings.get("approvers", ())))


def _with_secrets(plan: Plan, shared: Given, path: Path) -> Plan:
    """Fill in what stands in the plan as a reference only, from the playbooks that it was made of."""
    from remediators.cli.project import load, make_plan
    from remediators.engine.secrets import has_secrets, revealed
    from remediators.journal import State
    from remediators.model import UsageError
    from remediators.model.documents import Seal

    if not has_secrets(plan.hosts):
        return plan
    missing = [source.path for source in plan.playbooks if not Path(source.path).is_file()]
    if missing:
        raise UsageError(f"{path}: the plan has secrets, and {missing[0]}, which they come from, is not there")
    again = replace(shared, inventory=shared.inventory or plan.inventory, expect_hosts=None)
    fresh = {host.name: host for host in make_plan(load(tuple(s.path for s in plan.playbooks), again), again).hosts}
    seal = Seal(State(shared.state_dir).key())
    hosts = tuple(revealed(host, fresh[host.name], seal) if host.name in fresh else host for host in plan.hosts)
    return replace(plan, hosts=hosts)


def settle(plan: Plan, project: Project, shared: Given, *, kind: str) -> int:
    """Show a plan, ask, and carry it out. Gives the exit code."""
    from remediators.cli.courses import barred, with_reasons
    from remediators.cli.plan import print_plan
    from remediators.cli.project import fleet_of
    from remediators.cli.runs_on_disk import carry_out
    from remediators.journal import State
    from remediators.model.documents import Seal, plan_document

    document = plan_document(plan, Seal(State(shared.state_dir).key()))
    if shared.output == "text":
        print_plan(document, shared)
    if not any(item.outcome == "change" for host in plan.hosts for item in host.items):
        return _nothing(document, plan, shared)
    reasons = barred(plan, shared, kind)
    for reason in reasons:
        click.echo(reason, err=True)
    if reasons:
        return NOT_APPROVED
    if not approved(shared):
        click.echo("Not approved: nothing was touched.")
        return NOT_APPROVED
    plan = replace(plan, extra={**plan.extra, **({"change": shared.change} if shared.change else {})})
    plan = with_reasons(plan, shared)
    return carry_out(plan, project.hosts, fleet_of(project, shared), shared, kind=kind, redactor=project.redactor)


def _nothing(document: dict[str, Any], plan: Plan, shared: Given) -> int:
    """A plan without changes makes no run: ``rollback latest`` goes on meaning the last one that changed anything."""
    from remediators.cli.plan import print_plan

    statuses = {host.status for host in plan.hosts}
    code = (2 if "failed" in statuses else 0) | (4 if "unreachable" in statuses else 0)
    refused = any(item.outcome in ("refused", "unpredictable") for host in plan.hosts for item in host.items)
    code = code or (3 if refused or "refused" in statuses else 0)
    if shared.output != "text":
        print_plan(document, shared)
    else:
        click.echo("Nothing was touched." if code else "Nothing to change.")
    return code


def approved(shared: Given, question: str = "Apply these changes?") -> bool:
    """Ask whether to go on. Without a terminal only ``--yes`` does."""
    if shared.yes:
        return True
    if not sys.stdin.isatty() or shared.output != "text":
        raise click.UsageError("there is no terminal to ask on: say --yes to apply without being asked")
    return click.confirm(question)
