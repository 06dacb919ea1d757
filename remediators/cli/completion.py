"""``remediate completion``: scripts for shells, and what they complete that only the project knows."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

VARIABLE = "_REMEDIATE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """
    Print the completion script of a shell.

    Bash: source <(remediate completion bash). Zsh: the same, after compinit. Fish: remediate completion fish | source.
    """
    from click.shell_completion import get_completion_class

    from remediators.cli.main import remediate

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(made(remediate, {}, "remediate", VARIABLE).source())
    return 0


def hosts_and_groups(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the inventory that was given so far; the last part of a pattern is completed."""
    cut = max(incomplete.rfind(mark) for mark in (":", ",", "&", "!")) + 1
    head, last = incomplete[:cut], incomplete[cut:]
    return [CompletionItem(head + name, help=kind) for name, kind in _known(ctx) if name.startswith(last)]


def _known(ctx: click.Context) -> list[tuple[str, str]]:
    """Every host and group; nothing where the inventory cannot be read: a completion never complains."""
    from remediators import language
    from remediators.model import RemediationError

    sources = [*(ctx.params.get("inventory") or ())] or [*((ctx.default_map or {}).get("inventory") or ())]
    if not sources:
        return []
    try:
        found = language.load_inventory(sources)
    except RemediationError:
        return []
    hosts = [(name, "host") for name in found.hosts]
    return [*hosts, *((name, "group") for name in found.members if name not in found.hosts)]


def remediators_and_checks(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What ``remediate doc`` has a page for."""
    from remediators.cli.house import build

    house = build({})
    return [CompletionItem(name) for name in (*house.remediators, *house.checks) if name.startswith(incomplete)]


def runs(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Runs of the state directory, newest first."""
    folder = Path(ctx.params.get("state_dir") or ".remediate") / "runs"
    names = sorted((path.name for path in folder.glob("*")), reverse=True) if folder.is_dir() else []
    return [CompletionItem(name) for name in ["latest", *names] if name.startswith(incomplete)]
