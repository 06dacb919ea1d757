"""``remediate inventory``: hosts, groups and variables as they come out, and who set what."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediators.cli import options
from remediators.cli.completion import hosts_and_groups
from remediators.model import Redactor, UsageError
from remediators.model.secrecy import MASK, SECRET_NAME, secret_values

if TYPE_CHECKING:
    from remediators.language import Inventory, Layer
    from remediators.language.explain import Explained, Setting
    from remediators.language.plays import Play

_PLAIN = (str, int, float, bool, type(None), list, tuple, dict)


@click.command()
@options.inventory
@click.argument("pattern", default="all", metavar="[PATTERN]", shell_complete=hosts_and_groups)
@click.option("--list", "listed", is_flag=True, help="Ansible's JSON: groups, children, and every host's variables.")
@click.option("--graph", is_flag=True, help="The tree of groups; PATTERN is the group to start at.")
@click.option("--host", metavar="HOST", help="The variables of one host.", shell_complete=hosts_and_groups)
@click.option(
    "--explain", nargs=2, metavar="HOST VAR", help="The value, the file and line that set it, what it overrode."
)
@options.limit
@options.extra_vars
@click.option("--vars", "with_vars", is_flag=True, help="With --graph: variables too.")
@click.option("--export", is_flag=True, help="With --list: groups keep their own variables.")
@click.option(
    "--playbook", multiple=True, metavar="FILE", help="With --explain: what its plays and tasks set. Repeatable."
)
@click.option("--playbook-dir", metavar="DIR", default=".", help="Where group_vars and host_vars of playbooks stand.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "jsonl", "yaml", "toml"]),
    default="text",
    envvar="REMEDIATE_OUTPUT",
    help="text is what Ansible prints: JSON for --list and --host, a tree for --graph.",
)
@options.verbose
def command(pattern: str, **flags: Any) -> int:
    """Show what an inventory says. Templates are shown as they are written; secrets are not shown."""
    wanted = [name for name in ("listed", "graph", "host", "explain") if flags[name]]
    if len(wanted) != 1:
        raise click.UsageError("give one of --list, --graph, --host HOST, --explain HOST VAR")
    loaded = _read(flags)
    show = {"listed": _list, "graph": _graph, "host": _host, "explain": _explain}[wanted[0]]
    show(loaded, pattern, flags)
    return 0


def _read(flags: Mapping[str, Any]) -> Inventory:
    """The inventory, with what stands beside playbooks; warnings go to standard error. Raises `UsageError`."""
    from remediators.language import load_inventory
    from remediators.language.hidden import stay_offline
    from remediators.transports.variables import KNOWN_VARIABLES

    stay_offline(offline=True)

    if not flags["inventory"]:
        raise options.without_inventory()
    beside = [Path(path).parent for path in flags["playbook"]] or [Path(flags["playbook_dir"])]
    loaded = load_inventory(flags["inventory"], playbook_dirs=beside, known_variables=KNOWN_VARIABLES)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    return loaded


def _list(inventory: Inventory, pattern: str, flags: Mapping[str, Any]) -> None:
    from remediators.language import inventory_views as views

    shown = _shown(inventory, pattern, flags["limit"])
    form = {"yaml": views.as_tree, "toml": views.as_tables}.get(flags["output"], views.as_list)
    seen = _seen(inventory, flags, marked=form is views.as_list)
    _print(form(inventory, shown, seen, export=flags["export"]), flags["output"])


def _shown(inventory: Inventory, pattern: str, limit: str | None) -> Collection[str]:
    """The hosts that are meant; all of an inventory, which may be empty, where nothing says otherwise."""
    if pattern == "all" and limit is None:
        return inventory.hosts
    from remediators.language import select_names

    return frozenset(select_names(inventory, pattern, limit=limit))


def _graph(inventory: Inventory, pattern: str, flags: Mapping[str, Any]) -> None:
    from remediators.language.inventory_views import as_list, graph
    from remediators.language.problems import did_you_mean

    if pattern not in inventory.groups:
        hint = did_you_mean(pattern, inventory.groups)
        raise UsageError(f"there is no group {pattern!r}" + (f" ({hint})" if hint else ""))
    shown = _shown(inventory, "all", flags["limit"])
    if flags["output"] == "text":
        seen = _seen(inventory, flags) if flags["with_vars"] else None
        for line in graph(inventory, pattern, shown, seen):
            click.echo(line)
        return
    groups = as_list(inventory, shown, dict)
    del groups["_meta"]
    _print(groups, flags["output"])


def _host(inventory: Inventory, _pattern: str, flags: Mapping[str, Any]) -> None:
    from remediators.language.inventory_views import written

    host = _known(inventory, flags["host"])
    extra = {name: value for layer in reversed(_extra(flags)) for name, value in layer.values.items()}
    _print(_seen(inventory, flags)({**written(inventory, host), **extra}), flags["output"])


def _known(inventory: Inventory, host: str) -> str:
    """Raises `UsageError` for what is no host, with the nearest one."""
    from remediators.language import did_you_mean

    if host in inventory.hosts:
        return host
    if host in inventory.groups:
        raise UsageError(f"{host!r} is a group, and one host is wanted")
    hint = did_you_mean(host, inventory.hosts)
    raise UsageError(f"there is no host {host!r}" + (f" ({hint})" if hint else ""))


def _extra(flags: Mapping[str, Any]) -> tuple[Layer, ...]:
    from remediators.language import parse_extra_vars

    return parse_extra_vars(flags["extra_vars"])


def _seen(
    inventory: Inventory, flags: Mapping[str, Any], *, marked: bool = False
) -> Callable[[Mapping[str, Any]], Any]:
    """How variables are shown: what their names call a secret is starred, and wherever else it stands."""
    common = {
        secret
        for group in inventory.groups.values()
        for layer in group.layers
        for secret in secret_values(layer.values)
    }
    common |= {secret for layer in _extra(flags) for secret in secret_values(layer.values)}

    def seen(variables: Mapping[str, Any]) -> Any:
        return concealed(variables, Blotter(common | secret_values(variables)), marked=marked)

    return seen


class Blotter:
    """Replaces a few secrets in many short texts, for which compiling a pattern would take longer."""

    def __init__(self, secrets: Collection[str]) -> None:
        self.secrets = sorted(
            (secret for secret in secrets if len(secret) > 2 and "{{" not in secret), key=len, reverse=True
        )

    def text(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


def concealed(value: Any, redactor: Redactor | Blotter, name: str = "", *, marked: bool = False) -> Any:
    """
    A value without what is secret in it, by its name, by the names inside it, and by what is known to be one.

    Texts that are never filled in are ``marked`` as Ansible marks them, or given as they are.
    """
    if type(value) not in _PLAIN:  # what a vault or a reference hides, or its text
        return MASK
    if isinstance(value, Mapping):
        above = name if SECRET_NAME.search(name) else ""  # what stands below such a name is secret, too
        return {key: concealed(inside, redactor, above or str(key), marked=marked) for key, inside in value.items()}
    if SECRET_NAME.search(name) and not isinstance(value, bool) and value is not None and not _is_template(value):
        return MASK
    if isinstance(value, list | tuple):
        return [concealed(inside, redactor, name, marked=marked) for inside in value]
    if isinstance(value, str) and value.startswith("{{ '"):
        return _unsafe(value, redactor, marked=marked)
    return redactor.text(value) if isinstance(value, str) else value


def _unsafe(value: str, redactor: Redactor | Blotter, *, marked: bool) -> Any:
    from remediators.language.yaml_nodes import unliteral

    text = unliteral(value)
    if text is None:
        return redactor.text(value)
    return {"__ansible_unsafe": redactor.text(text)} if marked else redactor.text(text)


def _is_template(value: Any) -> bool:
    """A text that is but the name of another variable, and so gives nothing away."""
    return isinstance(value, str) and re.fullmatch(r"\{\{\s*[\w.]+\s*\}\}", value) is not None


def _explain(inventory: Inventory, _pattern: str, flags: Mapping[str, Any]) -> None:
    from remediators.language.explain import explain
    from remediators.language.inventory_views import written

    host, name = flags["explain"]
    _known(inventory, host)
    plays = _plays(inventory, host, flags)
    found = explain(inventory, host, name, extra=_extra(flags), plays=plays)
    if not found.settings:
        raise UsageError(_unset(inventory, host, name))
    known = secret_values({**written(inventory, host), name: found.value})
    known |= {secret for setting in found.settings for secret in secret_values({name: setting.value})}
    redactor = Redactor({*known, *_resolved_secrets(inventory, host, flags)})
    if flags["output"] == "text":
        for line in _explanation(found, redactor):
            click.echo(line)
        return
    _print(_document(found, redactor), flags["output"])


def _resolved_secrets(inventory: Inventory, host: str, flags: Mapping[str, Any]) -> set[str]:
    """What the secrets of a host come out as; those that cannot be filled in are none."""
    from remediators.language import LanguageError, resolve_hosts

    try:
        return secret_values(resolve_hosts(inventory, [host], extra=_extra(flags))[host].variables)
    except LanguageError:
        return set()


def _unset(inventory: Inventory, host: str, name: str) -> str:
    from remediators.language import did_you_mean
    from remediators.language.inventory_views import written
    from remediators.language.variables import RESERVED

    if name in RESERVED:
        return f"{name!r} is a name of the language itself: no file sets it"
    hint = did_you_mean(name, written(inventory, host))
    return f"nothing sets {name!r} for {host}" + (f" ({hint})" if hint else "")


def _plays(inventory: Inventory, host: str, flags: Mapping[str, Any]) -> list[Play]:
    """The plays of ``--playbook`` that work on a host."""
    from remediators.cli.house import build
    from remediators.cli.project import profiles_beside, vocabulary
    from remediators.language import Problems, load_playbooks
    from remediators.language.patterns import select

    if not flags["playbook"]:
        return []
    problems = Problems()
    books = load_playbooks(flags["playbook"], vocabulary(build(profiles_beside(flags["playbook"]))), problems=problems)
    problems.raise_if_any()
    plays = [play for book in books for play in book.plays]
    return [play for play in plays if host in select(inventory, play.hosts, Problems(), play.place)]


def _explanation(found: Explained, redactor: Redactor | Blotter) -> list[str]:
    winner, *rest = found.settings
    shown = concealed(found.value, redactor, found.name)
    lines = [f"{found.host}: {found.name} = {_short(shown)}" if found.fault is None else f"{found.host}: {found.name}"]
    as_written = concealed(winner.value, redactor, found.name)
    if found.fault is not None or as_written != shown:
        lines.append(f"  written as {_short(as_written)}")
    lines.append(f"  set by {_who(winner)} in {winner.place}")
    if found.fault is not None:
        lines.append(f"  has no value: {redactor.text(str(found.fault))}")
    width = max((len(_who(setting)) for setting in rest), default=0)
    lines += ["  overrode"] if rest else ["  overrode nothing"]
    for setting in rest:
        value = _short(concealed(setting.value, redactor, found.name))
        lines.append(f"    {_who(setting):{width}}  {value}  in {setting.place}")
    return lines


def _who(setting: Setting) -> str:
    return {"all": "all", "host": "the host", "-e": "-e"}.get(setting.level) or f"{setting.level} {setting.who!r}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _document(found: Explained, redactor: Redactor | Blotter) -> dict[str, Any]:
    settings = [_entry(setting, found.name, redactor) for setting in found.settings]
    document = {"host": found.host, "variable": found.name, "value": concealed(found.value, redactor, found.name)}
    if found.fault is not None:
        document["error"] = redactor.text(str(found.fault))
    return {**document, "set_by": settings[0], "overrode": settings[1:]}


def _entry(setting: Setting, name: str, redactor: Redactor | Blotter) -> dict[str, Any]:
    value = concealed(setting.value, redactor, name)
    place = {"file": setting.file, "line": setting.line, "column": setting.column}
    return {"level": setting.level, "name": setting.who, "written": value, **place}


def _print(document: Any, form: str) -> None:
    from remediators.reports.structured import as_toml, as_yaml

    if form == "yaml":
        click.echo(as_yaml(document), nl=False)
    elif form == "toml":
        click.echo(as_toml(document), nl=False)
    elif form == "jsonl":
        click.echo(_as_json(document))
    else:
        click.echo(_as_json(document, indent=4))


def _as_json(document: Any, indent: int | None = None) -> str:
    """Letters as they are, as in Ansible, unless standard output cannot show them."""
    text = json.dumps(document, sort_keys=True, indent=indent, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(document, sort_keys=True, indent=indent)
    return text
