"""The rollback playbook as people read it: plain YAML, with a comment over every task that says what it undoes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import yaml


class BackTaskLike(Protocol):
    """What this needs of a task of the way back."""

    @property
    def name(self) -> str: ...
    @property
    def comment(self) -> str: ...
    @property
    def remediator(self) -> str: ...
    @property
    def options(self) -> Any: ...
    @property
    def notify(self) -> tuple[str, ...]: ...
    @property
    def handler(self) -> bool: ...
    @property
    def sensitive(self) -> bool: ...
    @property
    def secrets(self) -> Collection[str]: ...


class Hiding(Protocol):
    """How secrets stand in a playbook: ``locked`` gives a vault text, ``blotted`` a text in which none can be read."""

    def locked(self, text: str) -> str: ...
    def blotted(self, text: str) -> str: ...


class _Sealed(str):
    """A vault text."""

    __slots__ = ()


class _Unsafe(str):
    """A value that came from a host: its braces are text and never a template."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """
    Quote what begins like a number, and escape what is not printable.

    YAML 1.2, which playbooks are read as, has numbers that PyYAML takes for text, and folds line ends of its own.
    """
    style = '"' if not text.isprintable() else "'" if text[:1] and text[0] in "0123456789+-." else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Sealed, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))
_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def rollback_playbook(run: str, hosts: Mapping[str, Sequence[BackTaskLike]], hiding: Hiding) -> str:
    """One play for all hosts that go back the same way. Secrets in it are vault texts."""
    groups: dict[str, tuple[list[str], Sequence[BackTaskLike]]] = {}
    for host, tasks in hosts.items():
        if tasks:
            groups.setdefault(_same(tasks), ([], tasks))[0].append(host)
    head = (
        f"# Puts back what run {run} changed. An ordinary playbook: read it, edit it, then\n"
        f"#   remediate rollback {run}        (guards against what others changed since)\n"
        "#   remediate apply THIS_FILE -i INVENTORY\n---\n"
    )
    if not groups:
        return head + "# The run had nothing to change.\n[]\n"
    return head + "\n".join(_play(names, tasks, hiding) for names, tasks in groups.values())


def _same(tasks: Sequence[BackTaskLike]) -> str:
    return json.dumps(
        [[t.name, t.comment, t.remediator, _plain(t.options), t.notify, t.handler] for t in tasks], sort_keys=True
    )


def _plain(options: Any) -> Any:
    return options.model_dump(mode="json", exclude_unset=True)


def _play(names: Sequence[str], tasks: Sequence[BackTaskLike], hiding: Hiding) -> str:
    hosts = ":".join(names)
    text = _dump([{"name": f"Put back {', '.join(names)}", "hosts": hosts}])
    handlers = list(_told_apart([task for task in tasks if task.handler]))
    names_of: dict[str, list[str]] = {}
    for name, handler in handlers:
        names_of.setdefault(handler.name, []).append(name)
    text += "  tasks:\n" + "\n".join(_task(task, task.name, names_of, hiding) for task in tasks if not task.handler)
    told = "\n".join(_task(handler, name, {}, hiding) for name, handler in handlers)
    return text + (f"  handlers:\n{told}" if handlers else "")


def _told_apart(handlers: Sequence[BackTaskLike]) -> Iterator[tuple[str, BackTaskLike]]:
    """Handlers with names of their own: two plays may each have had one of the same name."""
    seen: dict[str, list[Any]] = {}
    for handler in handlers:
        kinds = seen.setdefault(handler.name, [])
        what = [handler.remediator, _plain(handler.options)]
        if what not in kinds:
            kinds.append(what)
            yield (handler.name if len(kinds) == 1 else f"{handler.name} ({len(kinds)})"), handler


def _task(task: BackTaskLike, name: str, names_of: Mapping[str, Sequence[str]], hiding: Hiding) -> str:
    wanted = _hidden(_plain(task.options), task.secrets, hiding)
    body: dict[str, Any] = {"name": _guarded(hiding.blotted(name))}
    if task.sensitive:
        body["sensitive"] = True
    body[task.remediator] = _guarded(wanted)
    if task.notify:
        body["notify"] = [_guarded(name) for notified in task.notify for name in names_of.get(notified, [notified])]
    comment = f"    # {hiding.blotted(' '.join(task.comment.split()))}\n" if task.comment else ""
    return comment + "".join(f"    {line}\n" for line in _dump([body]).splitlines())


def _hidden(value: Any, secrets: Collection[str], hiding: Hiding) -> Any:
    """The same value with each secret in it encrypted, and no other known one to be read."""
    if isinstance(value, dict):
        return {hiding.blotted(name): _hidden(inside, secrets, hiding) for name, inside in value.items()}
    if isinstance(value, list):
        return [_hidden(inside, secrets, hiding) for inside in value]
    if isinstance(value, bool) or value is None:
        return value
    if any(secret == str(value) or (len(secret) > 2 and secret in str(value)) for secret in secrets):
        return _Sealed(hiding.locked(str(value)))
    return hiding.blotted(value) if isinstance(value, str) else value


def _guarded(value: Any) -> Any:
    """Mark text that looks like a template: what came from a host is never filled in."""
    if isinstance(value, dict):
        return {_guarded(name): _guarded(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [_guarded(inside) for inside in value]
    if isinstance(value, str) and not isinstance(value, _Sealed) and any(mark in value for mark in ("{{", "{%", "{#")):
        return _Unsafe(value)
    return value


def _dump(data: Any) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
