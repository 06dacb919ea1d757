"""The flags that several commands share: Ansible's letters, Terraform's words where Ansible has none."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from remediators.model import UsageError
from remediators.reports.style import Style, choose

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Given:
    """The shared flags as they were given."""

    inventory: tuple[str, ...] = ()
    limit: str | None = None
    extra_vars: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    start_at_task: str | None = None
    forks: int = 20
    user: str | None = None
    ask_pass: bool = False
    offline: bool = False  # nothing is contacted, so credentials may be missing
    timeout: int = 30
    allow_unencrypted: bool = False
    expect_hosts: int | None = None
    change: str | None = None
    window: str | None = None
    outside_window: str | None = None
    freeze: tuple[str, ...] = ()
    take_over: str | None = None
    state_dir: Path = Path(".remediate")
    copy_to: Path | None = None
    yes: bool = False
    diff: bool = False
    output: str = "text"
    color: str = "auto"
    verbose: int = 0

    @property
    def style(self) -> Style:
        import sys

        return choose(self.color, terminal=sys.stdout.isatty())


def given(**values: Any) -> Given:
    """Gather the shared flags from a command's parameters."""
    for name in ("inventory", "freeze", "extra_vars"):
        values[name] = tuple(values.get(name) or ())
    for name in ("tags", "skip_tags"):
        words = values.get(name) or ()
        values[name] = tuple(word.strip() for text in words for word in text.split(",") if word.strip())
    for name in ("state_dir", "copy_to"):
        values[name] = Path(values[name]) if values.get(name) else None
    values["state_dir"] = values["state_dir"] or Path(".remediate")
    return Given(**{name: value for name, value in values.items() if value is not None})


def _together(*decorators: Callable[[Any], Any]) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _completing(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """What a shell completes here, loaded when a shell asks."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from remediators.cli import completion

        found: list[Any] = getattr(completion, what)(ctx, parameter, incomplete)
        return found

    return complete


hosts_and_groups = _completing("hosts_and_groups")
runs = _completing("runs")
remediators_and_checks = _completing("remediators_and_checks")


def _vault(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep a flag about vaults apart from the others: passwords are looked for when something encrypted is met."""
    from functools import partial

    from remediators.cli.keyring import keyring_of
    from remediators.language.hidden import read_with

    if ctx.resilient_parsing:  # a shell completes: nobody is asked for a password
        return
    ctx.meta[f"remediators.{parameter.name}"] = value
    read_with(partial(keyring_of, ctx))


vault = _together(
    click.option(
        "--vault-id",
        multiple=True,
        metavar="ID@SOURCE",
        expose_value=False,
        callback=_vault,
        help="Vault password for an id: a file, a script, or 'prompt'. Repeatable.",
    ),
    click.option(
        "--vault-password-file",
        "--vault-pass-file",
        "vault_password_file",
        multiple=True,
        metavar="FILE",
        expose_value=False,
        callback=_vault,
        help="Vault password, or a script that prints it. Repeatable.",
    ),
    click.option(
        "-J",
        "--ask-vault-password",
        "--ask-vault-pass",
        "ask_vault_password",
        is_flag=True,
        expose_value=False,
        callback=_vault,
        help="Ask for the vault password.",
    ),
)


class _Inventories(click.Path):
    """Inventories in a variable of the environment: ours has colons between them, Ansible's commas."""

    name = "path"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """A list of hosts such as ``a,b,`` is one inventory, too, unless all its parts are there as files."""
        parts = [part.strip() for part in rv.split(",") if part.strip()]
        if "," in rv:
            return parts if all(map(os.path.exists, parts)) else [rv]
        return [rv] if os.path.exists(rv) else super().split_envvar_value(rv)  # noqa: PTH110 - names only


def without_inventory() -> UsageError:
    """What is said where nobody names an inventory; what Ansible would take here is named."""
    from configparser import ConfigParser, Error

    settings = ConfigParser(interpolation=None, strict=False)
    hint = ""
    try:
        settings.read(os.environ.get("ANSIBLE_CONFIG", "ansible.cfg"), encoding="utf-8")
        meant = settings.get("defaults", "inventory", fallback="").split("#")[0].split(";")[0].strip()
        hint = f"; ansible.cfg, which is not read, names {meant}" if meant else ""
    except (Error, OSError, UnicodeDecodeError):
        pass
    return UsageError(f"no inventory: give -i PATH, or set inventory in remediate.toml{hint}")


inventory = _together(
    click.option(
        "-i",
        "--inventory",
        multiple=True,
        type=_Inventories(),
        metavar="PATH",
        envvar=["REMEDIATE_INVENTORY", "ANSIBLE_INVENTORY"],
        help="Inventory file, directory, or host list 'a,b,'. Repeatable.",
    ),
    vault,
    click.option(
        "--playbook-secrets",
        is_flag=True,
        expose_value=False,
        callback=_vault,
        envvar="REMEDIATE_PLAYBOOK_SECRETS",
        help="Playbooks, too, may fetch secrets from this machine.",
    ),
)
limit = click.option(
    "-l", "--limit", metavar="PATTERN", shell_complete=hosts_and_groups, help="Only these of the hosts."
)
extra_vars = click.option("-e", "--extra-vars", multiple=True, metavar="VARS", help="k=v, JSON, or @file. Repeatable.")

selecting = _together(
    inventory,
    limit,
    extra_vars,
    click.option("-t", "--tags", multiple=True, help="Only tasks with these tags."),
    click.option("--skip-tags", multiple=True, help="Leave out tasks with these tags."),
    click.option("--start-at-task", metavar="NAME", help="Leave out the tasks before this one (a name or a glob)."),
    click.option("--expect-hosts", type=int, metavar="N", help="Refuse any other number of hosts."),
)
connecting = _together(
    click.option(
        "-f",
        "--forks",
        type=click.IntRange(1, 1000),
        default=20,
        show_default=True,
        envvar=["REMEDIATE_FORKS", "ANSIBLE_FORKS"],
        help="Hosts at once.",
    ),
    click.option("-u", "--user", metavar="USER", envvar="REMEDIATE_USER", help="User, where the inventory names none."),
    click.option("-k", "--ask-pass", is_flag=True, help="Ask for the password of the connection."),
    click.option(
        "-T",
        "--timeout",
        type=click.IntRange(1, 3600),
        default=30,
        show_default=True,
        envvar=["REMEDIATE_TIMEOUT", "ANSIBLE_TIMEOUT"],
        help="Seconds to wait for a connection.",
    ),
    click.option("--allow-unencrypted", is_flag=True, help="Send Basic credentials over plain HTTP."),
)
verbose = click.option("-v", "--verbose", count=True, help="More detail: commands, items that are already right.")
showing = _together(
    verbose,
    click.option("-D", "--diff", is_flag=True, help="Show long values whole."),
    click.option(
        "--output",
        type=click.Choice(["text", "json", "jsonl"]),
        default="text",
        show_default=True,
        envvar="REMEDIATE_OUTPUT",
        help="What goes to standard output.",
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        envvar="REMEDIATE_COLOR",
        help="Colours.",
    ),
)
freeze = click.option(
    "--freeze",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    envvar="REMEDIATE_FREEZE",
    help="iCalendar file: nothing is begun during its events. Repeatable.",
)
window = click.option(
    "--window",
    metavar="WINDOW",
    help="Begin hosts only in it: START/END ZONE, as in '2026-11-28T22:00/2026-11-29T02:00 Europe/Berlin'.",
)
outside_window = click.option(
    "--outside-window", metavar="REASON", help="Work outside of window and freeze; the reason is recorded."
)
of_a_run = _together(
    click.argument("run", metavar="RUN", shell_complete=runs), inventory, limit, extra_vars, connecting, showing
)
state = click.option("--state-dir", metavar="DIR", envvar="REMEDIATE_STATE_DIR", help="Default: .remediate")
take_over = click.option("--take-over", metavar="REASON", help="Break leases of other runs on these hosts; recorded.")
running = _together(
    state,
    click.option("-y", "--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask."),
    click.option("--change", metavar="TICKET", help="Recorded with the run."),
    take_over,
    click.option("--copy-to", metavar="DIR", help="Mirror the run's folder there."),
)
