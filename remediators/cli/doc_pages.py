"""The reference pages of the documentation, from the same texts as ``remediate doc`` and ``--help``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import click

from remediators.cli.doc import options_of, template_words


def pages() -> dict[str, str]:
    """Markdown by path below ``reference/``."""
    from remediators.cli.house import build
    from remediators.cli.project import packaged_profiles

    house = build(packaged_profiles())
    return {
        "remediators.md": _things("Remediators", house.remediators, "What a task can name."),
        "checks.md": _things("Checks", house.checks, "What `verify` can look at, after the handlers have run."),
        "facts.md": "\n".join(_facts(house.facts)),
        "filters.md": "\n".join(_words()),
        "commands.md": "\n".join(_commands()),
    }


def _things(title: str, things: Mapping[str, Any], lead: str) -> str:
    listed = [f"- [`{name}`](#{name}): {_first(thing)}" for name, thing in sorted(things.items())]
    body = [line for name, thing in sorted(things.items()) for line in _thing(name, thing)]
    return "\n".join([f"# {title}", "", lead, "", *listed, "", *body])


def _first(thing: Any) -> str:
    return _text(thing).split("\n")[0]


def _text(thing: Any) -> str:
    return inspect.getdoc(type(thing)) or ""


def _thing(name: str, thing: Any) -> Iterator[str]:
    platform = getattr(thing, "platform", None)
    yield f"## {name} {{#{name}}}"
    yield ""
    if platform:
        yield f"*{platform}*"
        yield ""
    yield _text(thing)
    yield ""
    rows = list(options_of(thing))
    if rows:
        yield "| option | type | | what it is for |"
        yield "|---|---|---|---|"
        yield from (
            f"| `{option}` | {_cell(kind)} | {_cell(needed)} | {_cell(text)} |" for option, kind, needed, text in rows
        )
        yield ""


def _cell(text: str) -> str:
    """Text that cannot end a cell of a table, nor begin HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("{", "&#123;")


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from ("# Facts", "", "What templates may ask of a host; read only where a template names them.", "")
    yield from ("| fact | what it is | source |", "|---|---|---|")
    for name, fact in sorted(facts.items()):
        yield f"| `facts.{name}` | {_cell(fact.description)} | {_cell(fact.source)} |"


def _words() -> Iterator[str]:
    yield from ("# Filters and tests", "", "Those of Jinja2 that are safe, and those that Ansible users reach for.", "")
    for kind, words in template_words().items():
        yield from (f"## {kind.capitalize()}", "", "| name | for example | gives |", "|---|---|---|")
        yield from (f"| `{name}` | {_code(text)} | {_code(gives)} |" for name, (text, gives) in words.items())
        yield ""


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _commands() -> Iterator[str]:
    from remediators.cli.main import COMMANDS, remediate

    yield from ("# Commands", "", "What `remediate COMMAND --help` says.", "")
    above = click.Context(remediate, info_name="remediate")
    for name in COMMANDS:
        command = remediate.get_command(above, name)
        if command is not None:
            yield from _command(name, command, above)


def _command(name: str, command: click.Command, above: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=above, max_content_width=110, terminal_width=110)
    yield from (f"## {name}", "", "```text", command.get_help(context).rstrip(), "```", "")
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _command(f"{name} {inner}", found, above)
