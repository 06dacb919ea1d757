"""net.exe: ``net start`` and ``net stop``. Failures go to standard error with exit code 2."""

from __future__ import annotations

from typing import Final

from remediators.lab.process import Process, crt_arguments
from remediators.lab.services import (
    ALREADY_RUNNING,
    CANNOT_ACCEPT,
    NO_SUCH_SERVICE,
    NOT_ACTIVE,
    RUNNING,
    START_PENDING,
    STOP_PENDING,
    STOPPED,
    Service,
    ServiceFailedError,
)

_FAILED: Final = 2
_LOOKS: Final = 12  # net.exe gives a service about half a minute when it shows no progress
_SECONDS: Final = 2.5
_HELP: Final = {ALREADY_RUNNING: 2182, NO_SUCH_SERVICE: 2185, CANNOT_ACCEPT: 2189, NOT_ACTIVE: 3521}


def net_exe(process: Process) -> int:
    """Run net.exe: 0 or 2 (1 for bad usage)."""
    words = crt_arguments(process.tail)
    verb = words[0].lower() if words else ""
    names = [word for word in words[1:] if not word.startswith("/")]
    switches = {word.lower() for word in words[1:] if word.startswith("/")}
    if verb == "start" and not names:
        return _list(process)
    if verb == "start" and len(names) == 1 and not switches:
        return _start(process, names[0])
    if verb == "stop" and len(names) == 1 and switches <= {"/y", "/n"}:
        return _stop(process, names[0], switches)
    process.complain(process.word("net-syntax") + "\n\n\nNET START [service]\nNET STOP service\n\n")
    return 1


def _list(process: Process) -> int:
    services = process.machine.services
    running = sorted((s.display for s in services if services.look(s) != STOPPED), key=str.upper)
    lines = [process.word("net-list"), "", *(f"   {name}" for name in running), ""]
    process.say("\n".join([*lines, process.word("net-completed"), "", ""]))
    return 0


def _find(process: Process, name: str) -> Service | None:
    try:
        return process.machine.services.find_displayed(name)
    except ServiceFailedError as failure:
        _failed(process, failure.number, name)
    return None


def _failed(process: Process, number: int, display: str) -> int:
    if number in _HELP:
        text = process.word(f"net-{_HELP[number]}", display)
        process.complain(f"{text}\n\n{process.word('net-help', _HELP[number])}\n\n")
    else:
        process.complain(f"{process.word('net-system-error', number)}\n\n{process.word(f'sc-{number}')}\n\n")
    return _FAILED


def _wait(process: Process, service: Service, while_: int) -> None:
    for _ in range(_LOOKS):
        if process.machine.services.look(service) != while_:
            return
        process.say(".")
        process.machine.advance(_SECONDS)


def _start(process: Process, name: str) -> int:
    service = _find(process, name)
    if service is None:
        return _FAILED
    try:
        process.machine.services.start(service)
    except ServiceFailedError as failure:
        return _failed(process, failure.number, service.display)
    process.say(process.word("net-starting", service.display) + ".")
    _wait(process, service, START_PENDING)
    process.say("\n")
    if process.machine.services.look(service) == RUNNING:
        process.say(process.word("net-started", service.display) + "\n\n")
        return 0
    process.complain(process.word("net-not-started", service.display) + "\n\n")
    process.complain(f"{process.word('net-no-error')}\n\n{process.word('net-help', 3534)}\n\n")
    return _FAILED


def _stop(process: Process, name: str, switches: set[str]) -> int:
    service = _find(process, name)
    if service is None:
        return _FAILED
    services = process.machine.services
    if services.look(service) == STOPPED:
        return _failed(process, NOT_ACTIVE, service.display)
    running = [other for other in services.dependents(service) if services.look(other) != STOPPED]
    if running and not _confirmed(process, service, running, switches):
        return _FAILED
    # The one that was asked for is only tried when all that need it have stopped.
    return next((code for code in (_stop_one(process, one) for one in (*running, service)) if code), 0)


def _confirmed(process: Process, service: Service, running: list[Service], switches: set[str]) -> bool:
    process.say(process.word("net-dependents", service.display) + "\n\n")
    process.say("".join(f"   {other.display}\n" for other in running) + "\n")
    if "/y" in switches:
        return True
    answer = "" if "/n" in switches else process.ask(process.word("net-continue"))
    if answer is not None and answer.strip().upper()[:1] == process.machine.yes:
        return True
    if answer is None:
        process.complain(f"\n{process.word('net-3523')}\n\n{process.word('net-help', 3523)}\n\n")
    return False


def _stop_one(process: Process, service: Service) -> int:
    try:
        process.machine.services.stop(service)
    except ServiceFailedError as failure:
        return _failed(process, failure.number, service.display)
    process.say(process.word("net-stopping", service.display) + ".")
    _wait(process, service, STOP_PENDING)
    process.say("\n")
    if process.machine.services.look(service) == STOPPED:
        process.say(process.word("net-stopped", service.display) + "\n\n")
        return 0
    process.complain(process.word("net-not-stopped", service.display) + "\n\n")
    return _FAILED
