"""Services of Windows: whether they run, and how they start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from remediators.catalog.services import Leave, ask_cluster, leave, refuse_cluster
from remediators.model import ABSENT, Action, Address, Query, Refused, Remediator, Snapshot, Value
from remediators.resources import services
from remediators.resources.service_control import refuse_protected

part = services.part


class ServiceOptions(Leave):
    name: str = Field(min_length=1, description="The service's name as sc knows it, not its display name.")
    state: Literal["started", "stopped", "restarted"] | None = Field(
        default=None, description="Whether it runs; restarted only in handlers."
    )
    start_mode: Literal["auto", "delayed", "manual", "disabled", "boot", "system"] | None = Field(
        default=None, description="How it starts; boot and system are for drivers, delayed needs Windows 6.0."
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> ServiceOptions:
        if self.state is None and self.start_mode is None:
            raise ValueError("say state, start_mode or both")
        return self


class Service(Remediator):
    """
    A service runs or is stopped, and starts the way you say.

    ```yaml
    - name: The indexing service is off
      service: {name: cisvc, state: stopped, start_mode: disabled}
    ```
    """

    name = "service"
    platform = "windows"
    Options = ServiceOptions

    def queries(self, options: ServiceOptions, known: Snapshot) -> Iterable[Query]:
        name = options.name
        wanted = [part(name, what) for what in ("state", "start_mode", "needs", "dependents")]
        if options.state == "stopped":
            wanted += [part(other, "state") for other in _running(name, known)]
        if options.state in ("stopped", "restarted"):
            wanted += [part(other, "start_mode") for other in _running(name, known)]
        if options.state == "started":
            wanted += [part(other, what) for other in _below(name, known) for what in ("state", "needs")]
        yield from services.read(wanted, known)
        yield from ask_cluster(options, known)

    def desired(self, options: ServiceOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        name = options.name
        if snapshot[part(name, "state")] is ABSENT:
            raise Refused(f"there is no service {name} on this host")
        wanted: dict[Address, Value] = {}
        if options.start_mode:
            wanted[part(name, "start_mode")] = options.start_mode
        wanted |= self._states(options, snapshot)
        if options.state == "restarted" or any(snapshot[address] != value for address, value in wanted.items()):
            refuse_cluster(options, snapshot)
        return wanted

    def _states(self, options: ServiceOptions, snapshot: Snapshot) -> dict[Address, Value]:
        """The states of the service and of what goes with it, in the order in which they are to be set."""
        name, runs = options.name, snapshot[part(options.name, "state")] == "running"
        if options.state == "started" and not runs:
            _refuse_disabled(options, snapshot)
            return {part(one, "state"): "running" for one in (*_stopped_below(name, snapshot), name)}
        if options.state in ("stopped", "restarted"):
            also = services.running_dependents(name, snapshot) if _listed(name, snapshot) else []
            refuse_protected(name, also if runs else [], options.dependents, allowed=options.allow_store_restart)
            if options.state == "stopped" and runs:
                mode_goes = options.start_mode not in (None, "disabled")
                services.refuse_disabled(also if mode_goes else [*also, name], snapshot)
            stops = [*also, name] if options.state == "stopped" else []
            return {part(one, "state"): "stopped" for one in stops}
        return {part(name, "state"): "running"} if options.state == "started" else {}

    def actions(self, options: ServiceOptions, snapshot: Snapshot) -> Iterable[Action]:
        if options.state == "restarted":
            reads = [part(options.name, what) for what in ("state", "start_mode", "dependents")]
            others = services.dependents(options.name, snapshot) if _listed(options.name, snapshot) else []
            # What an earlier task has read of them would be older than the list when the time comes.
            parts = [part(one, what) for one, _ in others for what in ("state", "start_mode")]
            reads += [address for address in parts if snapshot.knows(address)]
            where = Address("service", reads[0].path.partition("#")[0])
            yield Action(where, "restarted", tuple(reads), leave(options))

    def details(self, options: ServiceOptions, snapshot: Snapshot) -> Mapping[Address, Mapping[str, Any]]:
        granted = leave(options)
        return dict.fromkeys(self._states(options, snapshot), granted) if granted else {}


def _listed(name: str, known: Snapshot) -> bool:
    return known.readable(part(name, "dependents"))


def _running(name: str, known: Snapshot) -> list[str]:
    return (
        [one for one, state in services.dependents(name, known) if state != "stopped"] if _listed(name, known) else []
    )


def _below(name: str, known: Snapshot, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """What a service needs, as deep as it is known, stopping at what already runs."""
    for one in _needs(name, known):
        yield one
        state = part(one, "state")
        if one not in seen and known.readable(state) and known[state] != "running":
            yield from _below(one, known, (*seen, one))


def _stopped_below(name: str, known: Snapshot, seen: tuple[str, ...] = ()) -> list[str]:
    """Services that Windows will start because this one needs them; the deepest first. Raises `Refused`."""
    found: list[str] = []
    for one in known[part(name, "needs")] or ():
        if one in seen:
            raise Refused(f"{one} needs itself, so it cannot be started")
        if not known.knows(part(one, "state")):
            raise Refused(f"{name} needs {one}, which was not read: what must start before it goes too deep")
        if known[part(one, "state")] is ABSENT:
            raise Refused(f"{name} needs {one}, which is not installed")
        if known[part(one, "state")] != "running":
            mode = part(one, "start_mode")
            if known.readable(mode) and known[mode] == "disabled":
                raise Refused(f"{name} needs {one}, which is disabled: set its start_mode first")
            found += [*_stopped_below(one, known, (*seen, one)), one]
    return list(dict.fromkeys(found))


def _needs(name: str, known: Snapshot) -> list[str]:
    address = part(name, "needs")
    running = known.readable(part(name, "state")) and known[part(name, "state")] == "running"
    return [] if running or not known.readable(address) else list(known[address] or ())


def _refuse_disabled(options: ServiceOptions, known: Snapshot) -> None:
    if known[part(options.name, "start_mode")] == "disabled" and options.start_mode in (None, "disabled"):
        raise Refused(f"{options.name} is disabled, so it cannot be started: say start_mode as well")
