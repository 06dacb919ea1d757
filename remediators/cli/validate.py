"""``remediate validate``: everything that can be checked without contacting anything."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from remediators.cli import options
from remediators.cli.options import given


@click.command()
@click.argument("playbooks", nargs=-1, required=True, type=click.Path(), metavar="PLAYBOOK|PLAN...")
@options.selecting
@options.showing
@click.option("--allow-unencrypted", is_flag=True, help="Basic credentials over plain HTTP are allowed.")
def command(playbooks: tuple[str, ...], **flags: Any) -> int:
    """Check playbooks (with -i also for every host), inventory and plan files; all errors at once."""
    from remediators.cli.project import check_playbooks, load
    from remediators.cli.runs_on_disk import is_plan, load_plan

    shared = given(**flags)
    plans = [Path(name) for name in playbooks if is_plan(Path(name))]
    books = tuple(name for name in playbooks if Path(name) not in plans)
    for path in plans:
        load_plan(path)
    hosts = 0
    if books and shared.inventory:
        hosts = len(load(books, replace(shared, offline=True)).hosts)
    elif books:
        check_playbooks(books, shared)
    if shared.output != "text":
        click.echo(json.dumps({"valid": True, "playbooks": list(books), "hosts": hosts}))
    else:
        told = f" for {hosts} host{'' if hosts == 1 else 's'}" if hosts else ""
        click.echo(f"{', '.join(playbooks)}: valid{told}")
    return 0
