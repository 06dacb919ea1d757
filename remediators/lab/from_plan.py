"""
Hosts made of what a plan observed, for a rehearsal: before-values of every change, services and what depends on them.

All else is a default host of the lab, and `Rebuilt.untold` says so. A plan that is read for this may hold no secret and
no reference to one any more: whoever calls puts stand-ins in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from remediators.lab.from_plan_config import config_of, order_of, shown_later
from remediators.lab.inventory import Spec
from remediators.lab.ios_device import SYSTEM
from remediators.lab.ios_device import build as build_device
from remediators.lab.ios_editor import First
from remediators.lab.metabase import SCHEMA
from remediators.lab.registry import NUMBERS, full_name, texts_bytes
from remediators.lab.services import RUNNING, SERVICES, STOPPED
from remediators.lab.world import WindowsMachine, build, registry_bytes
from remediators.model import Action, Address, Change, HostPlan, Item, Value, decode

KINDS: Final = frozenset({"service", "metabase", "config", "task"})
_REGISTRY: Final = re.compile(r"registry(?:-key)?(?:@(?:32|64))?")
_PRODUCTS: Final = {"2003": "Windows Server 2003", "2008": "Windows Server 2008"}
_DEVICES: Final = {"ios": "IOS router", "asa": "ASA firewall", "pix": "PIX firewall"}
_NET_STOP: Final = re.compile(r'net stop (?:"([^"]+)"|(\S+))', re.IGNORECASE)
_USERS: Final = {"Administrator": "For the rehearsal 1"}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One host's entry of a fleet, and what it is. ``untold`` is what the plan does not tell of the host."""

    spec: Spec
    simulated: str
    untold: tuple[str, ...] = ()


def rebuildable(item: Item) -> str | None:
    """Why what an item changes or does cannot be had in a lab, or ``None``."""
    for address in (*(change.address for change in item.changes), *(action.address for action in item.actions)):
        if address.kind not in KINDS and not _REGISTRY.fullmatch(address.kind):
            return f"a plan does not tell what {address} is made of, so no lab can have it"
    return None


def rebuild(host: HostPlan, platform: str, connection: str = "winrm") -> Rebuilt:
    """``platform`` is ``windows``, ``ios``, ``asa`` or ``pix``; ``connection`` how a Windows host is spoken to."""
    return _windows(host, connection) if platform == "windows" else _device(host, platform)


def _device(host: HostPlan, platform: str) -> Rebuilt:
    running, startup = config_of(host, platform)
    spec: Spec = {"device": platform, "config": running, "startup": startup, "users": {"admin": "For the rehearsal 1"}}
    device = build_device(host.name, spec)
    space = device.spaces[SYSTEM]
    first, later = space.first or First(), shown_later(host)
    space.first = replace(first, order=order_of(running), lines=first.lines | later)
    untold = ["all lines of its configuration but those that the plan changes", "its release and its interfaces"]
    untold += [f"how it shows {line!r}: taken as the plan expects it" for line in sorted(later) if line[:3] == "no "]
    entry: Spec = {"connection": "network_cli", "device": platform, "machine": device}
    return Rebuilt(entry, _DEVICES[platform], tuple(untold))


def _windows(host: HostPlan, connection: str) -> Rebuilt:
    told = _Told.of(host)
    usual = build(host.name, told.spec())
    known = {service.name.upper(): service.name for service in usual.services}
    machine = build(host.name, {**told.spec(), **told.stores(known)})
    machine.users = _USERS
    _registry(machine, told)
    _metabase(machine, told)
    _services(machine, told)
    machine.log.clear()
    name = f"{_PRODUCTS[told.os]}{' x64' if told.x64 else ''}"
    return Rebuilt({"connection": connection, "machine": machine}, name, tuple(told.untold(known)))


@dataclass(frozen=True, slots=True)
class _Restart:
    """A service that a handler restarts: whether it ran, and what depends on it and ran, as its commands tell."""

    name: str
    ran: bool
    dependents: tuple[str, ...]

    @classmethod
    def of(cls, action: Action, commands: tuple[str, ...]) -> _Restart:
        name = _service(action.address)[0]
        stopped = [match[1] or match[2] for command in commands if (match := _NET_STOP.fullmatch(command))]
        others = dict.fromkeys(other for other in stopped if other.upper() != name.upper())
        return cls(name, name.upper() in (other.upper() for other in stopped), tuple(others))


@dataclass(frozen=True, slots=True)
class _Told:
    """What a plan tells of a Windows host. ``firsts`` are the values before, by address; ``lasts`` those after all."""

    firsts: Mapping[Address, Value]
    lasts: Mapping[Address, Value]
    restarts: tuple[_Restart, ...]
    commands: tuple[str, ...]

    @classmethod
    def of(cls, host: HostPlan) -> _Told:
        items = [item for item in host.items if item.outcome == "change"]
        changes: list[Change] = [change for item in items for change in item.changes]
        firsts: dict[Address, Value] = {}
        for change in changes:
            firsts.setdefault(change.address, change.before)
        lasts = {change.address: change.after for change in changes}
        handlers = [item for item in items if item.handler]
        restarts = tuple(_Restart.of(action, item.commands) for item in handlers for action in item.actions)
        return cls(firsts, lasts, restarts, tuple(command for item in items for command in item.commands))

    @property
    def os(self) -> str:
        """Delayed starts and ``reg /reg:`` exist since Vista; nothing else in a plan tells the version."""
        delayed = "delayed" in (*self.firsts.values(), *self.lasts.values())
        return "2008" if delayed or self._says("/reg:32", "/reg:64", "delayed-auto") else "2003"

    @property
    def wow(self) -> bool:
        return self._says("\\sysnative\\")

    @property
    def x64(self) -> bool:
        bits = any("@64" in address.kind for address in self.firsts)
        return bits or self.wow or self._says("\\syswow64\\", "/reg:32", "/reg:64")

    def _says(self, *words: str) -> bool:
        return any(word in command.lower() for command in self.commands for word in words)

    def spec(self) -> Spec:
        """What the machine is."""
        kind = {"architecture": "x64", "bits": 32 if self.wow else 64} if self.x64 else {}
        return {"os": self.os, **kind}

    def stores(self, known: Mapping[str, str]) -> Spec:
        """What is in it: services and metabase. ``known`` are the services of a default host."""
        metabase: dict[str, dict[str, Any]] = {}
        for address, before in self.of_kind("metabase"):
            node, _, name = decode(address.path).rpartition("/")
            metabase.setdefault(node, {}).update({} if before is None else {name: _plain(before)})
        services: dict[str, dict[str, Any]] = {known.get(name, own): {} for name, own in self.services.items()}
        for address, before in self.of_kind("service"):
            name, what = _service(address)
            services[known.get(name.upper(), self.services[name.upper()])][what] = before
        return {"metabase": metabase, "services": services}

    def of_kind(self, kind: str) -> Iterator[tuple[Address, Value]]:
        return ((address, before) for address, before in self.firsts.items() if address.kind == kind)

    @property
    def services(self) -> dict[str, str]:
        """Every service that the plan names, as it names it, by upper-case name."""
        named = [name for restart in self.restarts for name in (restart.name, *restart.dependents)]
        named += [_service(address)[0] for address, _ in self.of_kind("service")]
        found: dict[str, str] = {}
        for name in named:
            found.setdefault(name.upper(), name)
        return found

    def untold(self, known: Mapping[str, str]) -> Iterator[str]:
        if self.os != "2008":
            yield "the version of Windows: Windows Server 2003 with Exchange 2003 was taken"
        if not self.x64:
            yield "whether it is a 64-bit Windows: 32 bits were taken"
        for name in sorted(set(self.services) - set(known)):
            yield f"what the service {self.services[name]} is besides its state and start mode"
        for address, _ in self.of_kind("metabase"):
            name = address.path.rpartition("/")[2]
            if name.upper() not in {known_name.upper() for known_name in SCHEMA}:
                yield f"the type of {address} in the metabase's schema, which the lab does not know"
        if self.restarts:
            yield "how long services take to stop and start"


def _service(address: Address) -> tuple[str, str]:
    name, _, what = address.path.partition("#")
    return decode(name), what


def _plain(value: Value) -> Any:
    return value["data"] if isinstance(value, dict) else value


# The stores of a machine that was built: what a default host has and this one has not goes, what it has comes.


def _registry(machine: WindowsMachine, told: _Told) -> None:
    entries = [(address, before) for address, before in told.firsts.items() if _REGISTRY.fullmatch(address.kind)]
    keys = [(address, before) for address, before in entries if address.kind.startswith("registry-key")]
    absent = {(_view(machine, a), _key(a).upper()) for a, before in keys if before is None}
    for address, before in keys:
        # A key that is taken away held what the plan takes away with it, and nothing else.
        if (before is None or told.lasts[address] is None) and machine.registry.has(
            _key(address), _view(machine, address)
        ):
            machine.registry.delete(_key(address), _view(machine, address))
    for address, before in keys:
        if before is not None:
            machine.registry.create(_key(address), _view(machine, address))
    for address, before in entries:
        if not address.kind.startswith("registry-key"):
            _value(machine, address, before, absent)


def _value(machine: WindowsMachine, address: Address, before: Value, absent: set[tuple[int, str]]) -> None:
    key, view = _key(address), _view(machine, address)
    parts = key.upper().split("\\")
    if any((view, "\\".join(parts[:depth])) in absent for depth in range(1, len(parts) + 1)):
        return
    machine.registry.create(key, view)
    name = decode(address.path.partition(":")[2])
    name = "" if name.upper() == "(DEFAULT)" else name
    if before is None:
        machine.registry.unset(key, name, view)
    else:
        machine.registry.set(key, name, *_bytes(before), view)


def _bytes(value: Value) -> tuple[int, bytes]:
    kind = str(value["type"])
    if "raw" in value or kind not in NUMBERS:
        number = NUMBERS.get(kind)
        given = value["raw"] if "raw" in value else value["data"]
        return int(kind.removeprefix("REG_")) if number is None else number, bytes.fromhex(given)
    return registry_bytes(kind, value["data"])


def _key(address: Address) -> str:
    path = decode(address.path if address.kind.startswith("registry-key") else address.path.partition(":")[0])
    return full_name(path) or path


def _view(machine: WindowsMachine, address: Address) -> int:
    _, _, bits = address.kind.partition("@")
    return int(bits) if bits else 32 if machine.wow else 64


def _metabase(machine: WindowsMachine, told: _Told) -> None:
    for address, before in told.of_kind("metabase"):
        node, _, name = decode(address.path).rpartition("/")
        if before is None:
            machine.metabase.create(node).properties.pop(name.upper(), None)


def _services(machine: WindowsMachine, told: _Told) -> None:
    """See that just those depend on a service that the plan knew of, in the states that its commands tell."""
    closed = {_service(address)[0].upper() for address, _ in told.of_kind("service") if address.path.endswith("#state")}
    for restart in told.restarts:
        _depend(machine, restart.name, {name.upper() for name in restart.dependents})
        for name in {restart.name, *restart.dependents}:
            if name.upper() not in closed:
                runs = name != restart.name or restart.ran
                machine.services.find(name).state = RUNNING if runs else STOPPED
    for name in closed - {restart.name.upper() for restart in told.restarts}:
        _depend(machine, name, closed)


def _depend(machine: WindowsMachine, main: str, wanted: set[str]) -> None:
    """Take away the dependents of a service that are not wanted; those that are and do not depend on it come to."""
    service = machine.services.find(main)
    for other in machine.services.dependents(service):
        if other.name.upper() not in wanted:
            needs = [name for name in machine.services.depends(other) if name.upper() != main.upper()]
            _needs(machine, other.name, needs)
    own = {other.name.upper() for other in machine.services.dependents(service)}
    if main.upper() in wanted:
        return
    for name in sorted(wanted - own):
        other = machine.services.find(name)
        _needs(machine, other.name, [*machine.services.depends(other), service.name])


def _needs(machine: WindowsMachine, name: str, needs: list[str]) -> None:
    machine.registry.set(f"{SERVICES}\\{name}", "DependOnService", NUMBERS["REG_MULTI_SZ"], texts_bytes(needs))
