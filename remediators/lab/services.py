"""The service control manager of a simulated host: states, dependencies, services that are slow, stuck or broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from remediators.lab import registry as reg
from remediators.lab.registry import Registry, bytes_text, bytes_texts

STOPPED, START_PENDING, STOP_PENDING, RUNNING, CONTINUE_PENDING, PAUSE_PENDING, PAUSED = range(1, 8)
SERVICES: Final = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services"
START_NUMBERS: Final = {"boot": 0, "system": 1, "auto": 2, "delayed": 2, "manual": 3, "disabled": 4}

DEPENDENTS_RUNNING: Final = 1051
ALREADY_RUNNING: Final = 1056
DISABLED: Final = 1058
NO_SUCH_SERVICE: Final = 1060
CANNOT_ACCEPT: Final = 1061
NOT_ACTIVE: Final = 1062
PREREQUISITE_FAILED: Final = 1068


class ServiceFailedError(Exception):
    """A Win32 error number of the service control manager."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass(slots=True)
class Service:
    """
    One service as the control manager sees it; what is configured lies in the registry.

    ``stop_polls`` and ``start_polls`` are how often it must be looked at before a change of its state is over,
    ``stop_seconds`` and ``start_seconds`` how long that takes on the host's clock. A ``stuck`` service never stops,
    one with ``fails`` ends its start with that exit code.
    """

    name: str
    display: str
    state: int = STOPPED
    stop_polls: int = 0
    start_polls: int = 0
    stop_seconds: float = 0.0
    start_seconds: float = 0.0
    stuck: bool = False
    fails: int = 0
    exit_code: int = 0
    pid: int = 0
    polls_left: int = 0
    ready_at: float = 0.0


class Services:
    """
    All services of a host, by upper-case name.

    ``started`` and ``stopped`` are told when a service has come to run or to stand; ``hinder`` may forbid a start.
    """

    def __init__(self, registry: Registry, note: Callable[[str, str], None], clock: Callable[[], float]) -> None:
        self._registry = registry
        self._note = note
        self._clock = clock
        self._services: dict[str, Service] = {}
        self.started: Callable[[str], None] = lambda _name: None
        self.stopped: Callable[[str], None] = lambda _name: None
        self.hinder: Callable[[str], int] = lambda _name: 0  # the exit code with which a start fails

    def __iter__(self) -> Iterator[Service]:
        return iter(sorted(self._services.values(), key=lambda service: service.name.upper()))

    def install(self, service: Service) -> None:
        self._services[service.name.upper()] = service
        service.exit_code = 0 if service.state == RUNNING else 1077
        service.pid = self._pid() if service.state == RUNNING else 0

    def find(self, name: str) -> Service:
        """By key name. Raises `ServiceFailedError` 1060."""
        found = self._services.get(name.upper())
        if found is None:
            raise ServiceFailedError(NO_SUCH_SERVICE)
        return found

    def find_displayed(self, name: str) -> Service:
        """By key name or else by display name, as net.exe takes both. Raises `ServiceFailedError` 1060."""
        if name.upper() in self._services:
            return self._services[name.upper()]
        for service in self._services.values():
            if name.upper() == service.display.upper():
                return service
        raise ServiceFailedError(NO_SUCH_SERVICE)

    def look(self, service: Service) -> int:
        """The state of a service now; looking is what lets a pending state pass."""
        if service.state not in (START_PENDING, STOP_PENDING):
            return service.state
        if service.polls_left > 0:
            service.polls_left -= 1
        elif self._clock() >= service.ready_at and not (service.stuck and service.state == STOP_PENDING):
            self._settle(service)
        return service.state

    def start(self, service: Service) -> None:
        """Begin to start a service, after what it depends on. Raises `ServiceFailedError`."""
        if self.look(service) == RUNNING or service.state == START_PENDING:
            raise ServiceFailedError(ALREADY_RUNNING)
        if service.state != STOPPED:
            raise ServiceFailedError(CANNOT_ACCEPT if service.state == STOP_PENDING else ALREADY_RUNNING)
        if self.start_number(service) == START_NUMBERS["disabled"]:
            raise ServiceFailedError(DISABLED)
        for name in self.depends(service):
            self._start_first(name)
        self._note("start", service.name)
        self._begin(service, START_PENDING, service.start_polls, service.start_seconds)

    def stop(self, service: Service) -> None:
        """Begin to stop a service. Raises `ServiceFailedError` where others that run depend on it."""
        state = self.look(service)
        if state == STOPPED:
            raise ServiceFailedError(NOT_ACTIVE)
        if state in (START_PENDING, STOP_PENDING):
            raise ServiceFailedError(CANNOT_ACCEPT)
        if any(self.look(other) != STOPPED for other in self.dependents(service)):
            raise ServiceFailedError(DEPENDENTS_RUNNING)
        self._note("stop", service.name)
        self._begin(service, STOP_PENDING, service.stop_polls, service.stop_seconds)

    def depends(self, service: Service) -> list[str]:
        """The services that a service needs, by name, as its registry key says."""
        value = self._registry.get(f"{SERVICES}\\{service.name}", "DependOnService")
        return [] if value is None else bytes_texts(value.raw)

    def dependents(self, service: Service) -> list[Service]:
        """All services that need this one, directly or not, those that must be stopped first in front."""
        found: list[Service] = []
        for other in self:
            if service.name.upper() in (name.upper() for name in self.depends(other)):
                found += [below for below in (*self.dependents(other), other) if below not in found]
        return found

    def start_number(self, service: Service) -> int:
        """The Start value: 0 boot, 1 system, 2 auto, 3 manual, 4 disabled."""
        value = self._registry.get(f"{SERVICES}\\{service.name}", "Start")
        return 3 if value is None else int.from_bytes(value.raw[:4], "little")

    def delayed(self, service: Service) -> bool:
        value = self._registry.get(f"{SERVICES}\\{service.name}", "DelayedAutostart")
        return value is not None and any(value.raw)

    def configured(self, service: Service, name: str, default: str = "") -> str:
        """A string of the service's registry key, such as ImagePath."""
        value = self._registry.get(f"{SERVICES}\\{service.name}", name)
        return default if value is None else bytes_text(value.raw)

    def set_start(self, service: Service, mode: str) -> None:
        """Set the start mode in the registry: boot, system, auto, delayed, manual or disabled."""
        key = f"{SERVICES}\\{service.name}"
        self._note("config", f"{service.name} {mode}")
        self._registry.set(key, "Start", reg.REG_DWORD, START_NUMBERS[mode].to_bytes(4, "little"))
        if mode == "delayed":
            self._registry.set(key, "DelayedAutostart", reg.REG_DWORD, (1).to_bytes(4, "little"))
        elif self._registry.get(key, "DelayedAutostart") is not None:
            self._registry.set(key, "DelayedAutostart", reg.REG_DWORD, bytes(4))

    def state(self) -> dict[str, int]:
        """The state of every service as if pending changes were over, unless it is stuck: plain JSON."""
        return {service.name: self._end_state(service) for service in self}

    def _end_state(self, service: Service) -> int:
        if service.state == STOP_PENDING and not service.stuck:
            return STOPPED
        return RUNNING if service.state == START_PENDING and not service.fails else service.state

    def _start_first(self, name: str) -> None:
        service = self._services.get(name.upper())
        if service is None:
            raise ServiceFailedError(1075)
        if self.look(service) == STOPPED:
            self.start(service)
        while self.look(service) == START_PENDING:
            service.ready_at = 0.0
        if service.state != RUNNING:
            raise ServiceFailedError(PREREQUISITE_FAILED)

    def _begin(self, service: Service, state: int, polls: int, seconds: float) -> None:
        service.state, service.polls_left = state, polls
        service.ready_at = self._clock() + seconds

    def _settle(self, service: Service) -> None:
        starts = service.state == START_PENDING
        failure = (service.fails or self.hinder(service.name)) if starts else 0
        if failure or not starts:
            service.state, service.exit_code, service.pid = STOPPED, failure, 0
            if not starts:
                self.stopped(service.name)
            return
        service.state, service.exit_code, service.pid = RUNNING, 0, self._pid()
        self.started(service.name)

    def _pid(self) -> int:
        taken = max((service.pid for service in self._services.values()), default=0)
        return max(taken, 600) + 4
