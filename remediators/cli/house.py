"""The house as a command uses it: remediators, kinds, facts and checks; and how a host is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any

from remediators.engine.fleet import Fleet
from remediators.engine.house import House
from remediators.model import Command, Host, Platform, ResourceKind, Session, Shelf, UsageError


def build(profiles: Mapping[str, Mapping[str, Any]]) -> House:
    """Everything that there is, as a value."""
    from remediators.catalog import catalog
    from remediators.checks import checks
    from remediators.facts import facts

    return House(
        remediators=catalog(profiles),
        kinds=_kinds(),
        facts=facts(profiles),
        checks=checks(),
        platform_of=platform_of,
        by_hand=by_hand,
    )


DEVICES = frozenset({"ios", "asa", "pix"})


def platform_of(host: Host) -> Platform:
    """What a host is, from how it is reached. Raises `UsageError` where its variables do not say."""
    if not str(host.variables.get("ansible_connection", "")).endswith("network_cli"):
        return _windows()
    from remediators.resources.config_guard import ConfigSafeguard
    from remediators.resources.config_lines import running
    from remediators.transports.settings import settings_of

    settings = settings_of(host.name, host.variables)
    name = settings.network.platform if settings.network else ""
    guard = ConfigSafeguard(name, settings.address, host.behind)
    return Platform(name, lambda: (running(),), lambda _: None, guard, DEVICES)


@cache
def _windows() -> Platform:
    from remediators.resources import host

    return Platform("windows", lambda: (host.query(),), host.refuse, None, frozenset({"windows", "any"}))


# address kind -> module among the resources, class
KINDS = {
    **dict.fromkeys(
        ["registry", "registry-key", "registry@32", "registry-key@32", "registry@64", "registry-key@64"],
        ("registry", "RegistryKind"),
    ),
    "service": ("services", "ServiceKind"),
    "metabase": ("metabase", "MetabaseKind"),
    "file": ("metabase_swap", "FileKind"),
    "command": ("commands", "CommandKind"),
    "config": ("config_lines", "ConfigKind"),
    "smtp-queue": ("smtp_queue", "QueueKind"),
    "task": ("scheduled_tasks", "TaskKind"),
}


def _kinds() -> Mapping[str, ResourceKind]:
    """Who reads and writes which kind of address; one object for all the kinds of a class."""
    classes = Shelf({cls: partial(_kind, module, cls) for module, cls in KINDS.values()})
    return Shelf({kind: partial(classes.__getitem__, cls) for kind, (_, cls) in KINDS.items()})


def _kind(module: str, cls: str) -> ResourceKind:
    made: ResourceKind = getattr(import_module(f"remediators.resources.{module}"), cls)()
    return made


def by_hand(platform: Platform, parts: Sequence[tuple[str, Sequence[Command]]]) -> tuple[str, str]:
    """The way back for a host's console, for when this machine is gone: the ending of the file, and its text."""
    return ("ios", _typed(parts)) if platform.name in DEVICES else ("cmd", _batch(parts))


def _typed(parts: Sequence[tuple[str, Sequence[Command]]]) -> str:
    lines = ["! The way back, newest change first. Paste it into configuration mode (configure terminal)."]
    for comment, commands in parts:
        lines += ["!", f"! {' '.join(comment.split())}", *(command.line for command in commands)]
    return "\n".join([*lines, "end", ""])


def _batch(parts: Sequence[tuple[str, Sequence[Command]]]) -> str:
    from remediators.quoting.cmd import as_batch

    lines = ["@echo off", "rem The way back, newest change first. Run it at the host's console."]
    for comment, commands in parts:
        lines += ["", f"rem {' '.join(comment.split())}".translate(_HARMLESS)]
        lines += [as_batch(command.line) for command in commands]
    return "\r\n".join(lines) + "\r\n"


_HARMLESS = str.maketrans({"%": "%%", "\x00": " "})


def session(host: Host, *, allow_unencrypted: bool, seconds: float) -> Session:
    """Open a session. Raises `TransportError`, and `UsageError` where the host's variables do not fit."""
    from remediators.sessions.windows import WindowsSession
    from remediators.transports.base import open_channel
    from remediators.transports.settings import settings_of

    settings = settings_of(host.name, host.variables, allow_unencrypted=allow_unencrypted)
    if settings.connection == "network_cli":
        from remediators.sessions.network import NetworkSession
        from remediators.transports.base import open_device

        return NetworkSession(lambda: open_device(host.name, settings, seconds))
    return WindowsSession(lambda: open_channel(host.name, settings, seconds))


def check_connections(hosts: Sequence[Host], *, allow_unencrypted: bool) -> list[str]:
    """
    See that every host's connection variables make sense, before any host is contacted; gives warnings.

    Raises `UsageError` with everything that is wrong.
    """
    from remediators.model import UntrustedHost
    from remediators.transports.settings import settings_of

    warnings: dict[str, None] = {}
    wrong: dict[str, list[str]] = {}
    for host in hosts:
        try:
            found = settings_of(host.name, host.variables, allow_unencrypted=allow_unencrypted)
            warnings |= dict.fromkeys(found.warnings)
        except UntrustedHost:
            continue  # said of that host alone when it is its turn: it counts as unreachable
        except UsageError as error:
            wrong.setdefault(error.message.removeprefix(f"{host.name}: "), []).append(host.name)
    if wrong:
        raise UsageError("\n".join(f"{some(names)}: {what}" for what, names in wrong.items()))
    return list(warnings)


def some(names: Sequence[str], most: int = 5) -> str:
    """Names in a message; of many, the first and how many more."""
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"


def fleet(house: House, *, forks: int, allow_unencrypted: bool, seconds: float) -> Fleet:
    """How hosts are worked on: in threads, ``forks`` at once."""
    from remediators.runners.threads import side_by_side

    def connect(host: Host) -> Session:
        return session(host, allow_unencrypted=allow_unencrypted, seconds=seconds)

    return Fleet(house, connect, side_by_side, forks)
