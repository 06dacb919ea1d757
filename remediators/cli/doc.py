"""``remediate doc``: options, types, defaults and examples, from the code itself."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click

from remediators.cli.options import remediators_and_checks
from remediators.model import UsageError


@click.command()
@click.argument("name", required=False, shell_complete=remediators_and_checks)
@click.option("--facts", "show_facts", is_flag=True, help="List the facts that templates may use.")
@click.option("--checks", "show_checks", is_flag=True, help="List the checks from outside that verify may use.")
@click.option("--filters", "show_filters", is_flag=True, help="List the filters and tests of templates.")
def command(name: str | None, *, show_facts: bool, show_checks: bool, show_filters: bool) -> int:
    """List remediators, or print the options of one remediator or check."""
    if (name is not None) + show_facts + show_checks + show_filters > 1:
        raise click.UsageError("give a NAME, --facts, --checks or --filters, and one of them only")
    from remediators.cli.house import build
    from remediators.cli.project import packaged_profiles

    house = build(packaged_profiles())
    if show_facts:
        lines = list(_facts(house.facts))
    elif show_filters:
        lines = list(_filters())
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


def template_words() -> dict[str, Mapping[str, tuple[str, str]]]:
    """The filters and the tests of templates, each with an example and what it gives."""
    from remediators.language.words import FILTERS, TESTS

    return {"filters": FILTERS, "tests": TESTS}


def _filters() -> Iterator[str]:
    for kind, words in template_words().items():
        width = max(map(len, words))
        yield f"{kind.capitalize()}:"
        yield from (f"  {name.ljust(width)}  {example} → {gives}" for name, (example, gives) in words.items())


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
    for option, kind, needed, text in options_of(thing):
        yield f"  {option}: {kind} ({needed})"
        if text:
            yield f"      {text}"


def options_of(thing: Any) -> Iterator[tuple[str, str, str, str]]:
    """Each option of a remediator or check: its name, type, default, and what it is for."""
    for name, field in thing.Options.model_fields.items():
        default = f"default {_plain(field.get_default(call_default_factory=True))}"
        needed = "required" if field.is_required() else default
        yield field.alias or name, _type(field.annotation), needed, field.description or ""


def _plain(value: Any) -> str:
    """A default as it would be written in YAML."""
    return (
        json.dumps(value, default=list)
        if isinstance(value, bool | list | tuple | dict)
        else str("none" if value is None else value)
    )


_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "none", Any: "anything"}


def _type(annotation: Any) -> str:
    """A type in an operator's words."""
    kind, inside = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return _type(inside[0])
    if kind is Literal:
        return _either([str(value) for value in inside])
    if kind in (Union, UnionType):
        return _either([_type(part) for part in inside if part is not type(None)])
    if kind is not None:
        parts = [_type(part) for part in inside]
        return f"mapping of {parts[0]} to {parts[1]}" if issubclass(kind, Mapping) else f"list of {parts[0]}"
    fields = getattr(annotation, "model_fields", None)
    if fields is not None:
        return "{" + ", ".join(field.alias or name for name, field in fields.items()) + "}"
    return _WORDS.get(annotation) or str(getattr(annotation, "__name__", annotation))


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
