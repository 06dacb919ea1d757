"""``remediate schema``: what editors complete and check from."""

from __future__ import annotations

import inspect
import json
from typing import Any

import click


@click.command()
@click.argument("what", type=click.Choice(["playbook", "inventory", "profile", "plan"]))
def command(what: str) -> int:
    """
    Print a JSON Schema (2020-12).

    An editor with YAML's language server uses it where a file begins with the line
    "# yaml-language-server: $schema=playbook.schema.json".
    """
    click.echo(json.dumps(_schema(what), indent=2, ensure_ascii=False))
    return 0


def _schema(what: str) -> dict[str, Any]:
    if what == "plan":
        from remediators.model.documents import plan_schema

        return plan_schema()
    from remediators.language import schemas

    if what == "profile":
        return schemas.profile_schema()
    if what == "inventory":
        from remediators.transports.variables import KNOWN_VARIABLES

        return schemas.inventory_schema(KNOWN_VARIABLES)
    return _playbook()


def _playbook() -> dict[str, Any]:
    from remediators.cli.house import build
    from remediators.cli.project import packaged_profiles, vocabulary
    from remediators.language import schemas

    house = build(packaged_profiles())
    things = {**house.checks, **house.remediators}
    told = {name: inspect.getdoc(type(thing)) or "" for name, thing in things.items()}
    return schemas.playbook_schema(vocabulary(house), told)
