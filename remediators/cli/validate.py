"""``remediate validate``: everything that can be checked without contacting anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.options import Given, given
from remediators.model import UsageError

if TYPE_CHECKING:
    from remediators.reports.findings import Finding

BAD = 5


@dataclass(frozen=True, slots=True)
class Mistake:
    """One line that stands for itself, where no place in a file is known."""

    file: str
    what: str
    where: str = ""
    hint: str = ""
    line: int = 0
    column: int = 0
    width: int = 1


@dataclass(slots=True)
class Checked:
    """What was found so far."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    hosts: int = 0

    def run(self, check: Callable[[], Iterable[Finding]], file: str) -> None:
        """Carry out one check, which gives warnings or raises; the others go on."""
        try:
            self.warnings.extend(check())
        except UsageError as error:
            self.messages.append(error.message)
            self.errors.extend(getattr(error, "problems", None) or [Mistake(file, error.message)])


@click.command()
@click.argument("files", nargs=-1, type=click.Path(), metavar="[PLAYBOOK|PLAN|PROFILE]...")
@options.selecting
@options.verbose
@click.option(
    "--output",
    type=click.Choice(["text", "json", "jsonl", "sarif", "github"]),
    default="text",
    show_default=True,
    envvar="REMEDIATE_OUTPUT",
    help="sarif and github are for continuous integration.",
)
@click.option("--allow-unencrypted", is_flag=True, help="Basic credentials over plain HTTP are allowed.")
def command(files: tuple[str, ...], output: str, **flags: Any) -> int:
    """Check playbooks (with -i also for every host), inventories, profiles and plan files; all errors at once."""
    shared = given(output="text", **flags)
    if not files and not shared.inventory:
        raise click.UsageError("nothing to check: give playbooks, plans or profiles, or an inventory with -i")
    checked = _check(files, shared)
    if output == "text":
        _tell(checked, [*files, *shared.inventory] if not files else list(files))
    else:
        from remediators import __version__
        from remediators.reports.findings import levelled, rendered

        told = {"files": list(files), "hosts": checked.hosts}
        text = rendered(output, levelled(checked.errors, checked.warnings), told, __version__)
        click.echo(text, nl=bool(text))
    return BAD if checked.messages else 0


def _check(files: tuple[str, ...], shared: Given) -> Checked:
    from remediators.cli.plan_files import is_plan, load_plan
    from remediators.language.profiles import check_profile, is_profile

    checked = Checked()
    plans = [name for name in files if is_plan(Path(name))]
    profiles = [name for name in files if name not in plans and Path(name).is_file() and is_profile(name)]
    for name in plans:
        checked.run(partial(_silent, load_plan, Path(name)), name)
    for name in profiles:
        checked.run(partial(_silent, check_profile, name), name)
    books = tuple(name for name in files if name not in plans and name not in profiles)
    if books or shared.inventory:
        checked.run(lambda: _books(books, shared, checked), books[0] if books else shared.inventory[0])
    return checked


def _silent(check: Callable[[Any], Any], what: Any) -> tuple[()]:
    check(what)
    return ()


def _books(books: tuple[str, ...], shared: Given, checked: Checked) -> Iterable[Finding]:
    """Playbooks for every host of the inventory, playbooks alone, or an inventory alone."""
    from remediators.cli.project import check_playbooks, load, load_hosts

    if not shared.inventory:
        return check_playbooks(books, shared)
    offline = replace(shared, offline=True)
    project = load(books, offline) if books else load_hosts("all", offline)
    checked.hosts = len(project.hosts)
    return project.warnings


def _tell(checked: Checked, names: list[str]) -> None:
    if checked.messages:
        click.echo("\n".join(checked.messages), err=True)
        return
    told = f" for {checked.hosts} host{'' if checked.hosts == 1 else 's'}" if checked.hosts else ""
    click.echo(f"{', '.join(names)}: valid{told}")
