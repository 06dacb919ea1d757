"""``remediate doc``: options, types, defaults and examples, from the code itself."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator
from typing import Any

import click

from remediators.model import UsageError


@click.command()
@click.argument("name", required=False)
@click.option("--facts", "show_facts", is_flag=True, help="List the facts that templates may use.")
@click.option("--checks", "show_checks", is_flag=True, help="List the checks from outside that verify may use.")
def command(name: str | None, *, show_facts: bool, show_checks: bool) -> int:
    """List remediators, or print the options of one remediator or check."""
    from remediators.cli.house import build
    from remediators.cli.project import packaged_profiles

    house = build(packaged_profiles())
    if show_facts:
        lines = list(_facts(house.facts))
    elif show_checks:
        lines = list(_listing(house.checks))
    elif name is None:
        lines = list(_listing(house.remediators))
    else:
        lines = list(_page(name, {**house.checks, **house.remediators}))
    click.echo("\n".join(lines))
    return 0


def _listing(things: Any) -> Iterator[str]:
    width = max(map(len, things))
    for name, thing in sorted(things.items()):
        yield f"{name.ljust(width)}  {_first_line(thing)}"


def _facts(facts: Any) -> Iterator[str]:
    for name, fact in sorted(facts.items()):
        yield f"facts.{name}\n    {fact.description}\n    source: {fact.source}"


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(type(thing)) or "").split("\n")[0]


def _page(name: str, things: Any) -> Iterator[str]:
    if name not in things:
        near = difflib.get_close_matches(name, things, 1)
        hint = f" (did you mean {near[0]}?)" if near else f" (there are: {', '.join(sorted(things))})"
        raise UsageError(f"there is no remediator or check {name!r}{hint}")
    thing = things[name]
    platform = getattr(thing, "platform", None)
    yield f"{name}" + (f" ({platform})" if platform else " (check from outside)")
    yield ""
    yield inspect.getdoc(type(thing)) or ""
    yield ""
    yield "Options"
    for option, field in thing.Options.model_fields.items():
        yield from _option(field.alias or option, field)


def _option(name: str, field: Any) -> Iterator[str]:
    required = "required" if field.is_required() else f"default {_plain(field.get_default(call_default_factory=True))}"
    yield f"  {name}: {_type(field.annotation)} ({required})"
    if field.description:
        yield f"      {field.description}"


def _plain(value: Any) -> str:
    return {None: "none", True: "true", False: "false"}.get(value, str(value)) if _hashable(value) else str(value)


def _hashable(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | None)


def _type(annotation: Any) -> str:
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    for long, short in (("typing.", ""), ("NoneType", "none"), (" | None", ""), ("Literal", "one of ")):
        text = text.replace(long, short)
    return text
