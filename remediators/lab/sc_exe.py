"""sc.exe: query, queryex, qc, config, start, stop, enumdepend, in the layouts of Windows Server 2003 and 2008."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from remediators.lab.process import Process, crt_arguments
from remediators.lab.services import (
    RUNNING,
    START_PENDING,
    STOP_PENDING,
    STOPPED,
    Service,
    ServiceFailedError,
)

_STATES: Final = {
    1: "STOPPED",
    2: "START_PENDING",
    3: "STOP_PENDING",
    4: "RUNNING",
    5: "CONTINUE_PENDING",
    6: "PAUSE_PENDING",
    7: "PAUSED",
}
_MODES: Final = {0: "BOOT_START", 1: "SYSTEM_START", 2: "AUTO_START", 3: "DEMAND_START", 4: "DISABLED"}
_WORDS: Final = {"auto": "auto", "demand": "manual", "disabled": "disabled", "delayed-auto": "delayed"}
_BAD_USAGE: Final = 1639
_MORE_DATA: Final = 234
_ENTRY_BYTES: Final = 36  # sizeof(ENUM_SERVICE_STATUS) on x86


def sc_exe(process: Process) -> int:
    """Run sc.exe; the exit code is the Win32 error number."""
    words = crt_arguments(process.tail)
    if words and words[0].startswith("\\\\"):
        words = words[1:]
    verb = words[0].lower() if words else ""
    if verb not in _VERBS:
        process.say(
            "DESCRIPTION:\n        SC is a command line program used for communicating with the\n"
            "        Service Control Manager and services.\nUSAGE:\n"
            "        sc <server> [command] [service name] <option1> <option2>...\n\n"
        )
        return 0 if not words else _BAD_USAGE
    return _VERBS[verb](process, words[1:])


def _failed(process: Process, call: str, number: int) -> int:
    process.say(f"[SC] {call} FAILED {number}:\n\n{process.word(f'sc-{number}')}\n\n")
    return number


def _usage(process: Process, verb: str) -> int:
    process.say(f"DESCRIPTION:\nUSAGE:\n        sc <server> {verb} [service name] <option1> <option2>...\n\n")
    return _BAD_USAGE


def _find(process: Process, words: list[str], call: str) -> Service | int:
    try:
        return process.machine.services.find(words[0])
    except ServiceFailedError as failure:
        return _failed(process, call, failure.number)


def _query(process: Process, words: list[str]) -> int:
    return _listed(process, words, extended=False)


def _queryex(process: Process, words: list[str]) -> int:
    return _listed(process, words, extended=True)


def _listed(process: Process, words: list[str], *, extended: bool) -> int:
    options = dict(zip(words[::2], words[1::2], strict=False))
    if words and not words[0].endswith("="):
        service = _find(process, words, "EnumQueryServicesStatus:OpenService")
        if isinstance(service, int):
            return service
        process.machine.services.look(service)
        process.say(_status(process, service, extended=extended))
        return 0
    wanted = options.get("state=", "active").lower()
    for service in process.machine.services:
        stopped = process.machine.services.look(service) == STOPPED
        if wanted == "all" or stopped == (wanted == "inactive"):
            process.say(_status(process, service, extended=extended, display=True))
    return 0


def _status(process: Process, service: Service, *, extended: bool = False, display: bool = False) -> str:
    lines = [
        "",
        f"SERVICE_NAME: {service.name}",
        *([f"DISPLAY_NAME: {service.display}"] if display else []),
        f"        TYPE               : {_type(process, service)} ",
        f"        STATE              : {service.state}  {_STATES[service.state]} ",
        f"                                {_accepts(process, service)}",
        f"        WIN32_EXIT_CODE    : {service.exit_code}  (0x{service.exit_code:x})",
        "        SERVICE_EXIT_CODE  : 0  (0x0)",
        "        CHECKPOINT         : 0x0",
        f"        WAIT_HINT          : 0x{0x7D0 if service.state in (START_PENDING, STOP_PENDING) else 0:x}",
        *([f"        PID                : {service.pid}", "        FLAGS              : "] if extended else []),
        "",
    ]
    return "\n".join(lines)


def _type(process: Process, service: Service) -> str:
    own = process.machine.services.configured(service, "ImagePath").lower().find("svchost") < 0
    return "10  WIN32_OWN_PROCESS" if own and "inetinfo" not in _image(process, service) else "20  WIN32_SHARE_PROCESS"


def _image(process: Process, service: Service) -> str:
    return process.machine.services.configured(service, "ImagePath").lower()


def _accepts(process: Process, service: Service) -> str:
    between = ", " if process.machine.vista else ","
    if service.state == RUNNING:
        words = ["STOPPABLE", "PAUSABLE", "ACCEPTS_SHUTDOWN"]
    else:
        words = ["NOT_STOPPABLE", "NOT_PAUSABLE", "IGNORES_SHUTDOWN"]
    # Windows before Vista closes this bracket twice.
    return f"({between.join(words)})" + (")" if service.state != RUNNING and not process.machine.vista else "")


def _qc(process: Process, words: list[str]) -> int:
    if not words:
        return _usage(process, "qc")
    service = _find(process, words, "OpenService")
    if isinstance(service, int):
        return service
    services = process.machine.services
    mode = services.start_number(service)
    late = "  (DELAYED)" if process.machine.vista and mode == 2 and services.delayed(service) else ""
    call = "QueryServiceConfig" if process.machine.vista else "GetServiceConfig"
    depends = services.depends(service) or [""]
    lines = [
        f"[SC] {call} SUCCESS",
        "",
        f"SERVICE_NAME: {service.name}",
        f"        TYPE               : {_type(process, service)} ",
        f"        START_TYPE         : {mode}   {_MODES[mode]}{late} ",
        "        ERROR_CONTROL      : 1   NORMAL ",
        f"        BINARY_PATH_NAME   : {services.configured(service, 'ImagePath')}  ",
        "        LOAD_ORDER_GROUP   :   ",
        "        TAG                : 0  ",
        f"        DISPLAY_NAME       : {service.display}  ",
        f"        DEPENDENCIES       : {depends[0]}  ",
        *(f"                           : {name}  " for name in depends[1:]),
        f"        SERVICE_START_NAME : {services.configured(service, 'ObjectName', 'LocalSystem')}  ",
        "",
    ]
    process.say("\n".join(lines))
    return 0


def _config(process: Process, words: list[str]) -> int:
    if not words:
        return _usage(process, "config")
    options = list(zip(words[1::2], words[2::2], strict=False))
    modes = [value.lower() for option, value in options if option.lower() == "start="]
    known = set(_WORDS) - (set() if process.machine.vista else {"delayed-auto"})
    if len(words) % 2 == 0 or len(modes) != len(options) or not set(modes) <= known:
        return _usage(process, "config")
    service = _find(process, words, "OpenService")
    if isinstance(service, int):
        return service
    for mode in modes:
        process.machine.services.set_start(service, _WORDS[mode])
    process.say("[SC] ChangeServiceConfig SUCCESS\n")
    return 0


def _start(process: Process, words: list[str]) -> int:
    if not words:
        return _usage(process, "start")
    service = _find(
        process, words, "StartService: OpenService" if process.machine.vista else "StartService:OpenService"
    )
    if isinstance(service, int):
        return service
    try:
        process.machine.services.start(service)
    except ServiceFailedError as failure:
        return _failed(process, "StartService", failure.number)
    process.say(_status(process, service, extended=True))
    return 0


def _stop(process: Process, words: list[str]) -> int:
    if not words:
        return _usage(process, "stop")
    service = _find(process, words, "OpenService")
    if isinstance(service, int):
        return service
    try:
        process.machine.services.stop(service)
    except ServiceFailedError as failure:
        return _failed(process, "ControlService", failure.number)
    process.say(_status(process, service))
    return 0


def _enumdepend(process: Process, words: list[str]) -> int:
    if not words:
        return _usage(process, "enumdepend")
    service = _find(process, words, "OpenService")
    if isinstance(service, int):
        return service
    room = int(words[1]) if len(words) > 1 and words[1].isdigit() else 1024
    dependents = process.machine.services.dependents(service)
    needed = 0
    fitting: list[Service] = []
    for dependent in dependents:
        needed += _ENTRY_BYTES + 2 * (len(dependent.name) + len(dependent.display) + 2)
        if needed <= room:
            fitting.append(dependent)
    process.say(f"Enum: entriesRead  = {len(fitting)}\n")
    for dependent in fitting:
        process.machine.services.look(dependent)
        process.say(_status(process, dependent, display=True))
    if needed <= room:
        return 0
    process.say(f"\nEnum: more data, need {needed} bytes\n\n")
    return _failed(process, "EnumDependentServices", _MORE_DATA)


_VERBS: Final[dict[str, Callable[[Process, list[str]], int]]] = {
    "query": _query,
    "queryex": _queryex,
    "qc": _qc,
    "config": _config,
    "start": _start,
    "stop": _stop,
    "enumdepend": _enumdepend,
}
