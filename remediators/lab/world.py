"""Simulated Windows servers, built from plain data. They share what never changes, so that hundreds are cheap."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from remediators.lab import event_log, event_query, iis_files, iisback, mail_flow, scheduler, wmic
from remediators.lab import registry as reg
from remediators.lab.adsutil import SCRIPT, adsutil
from remediators.lab.cmd import LONGEST_LINE, Builtin, Shell, strip_quotes
from remediators.lab.cmd_builtins import BUILTINS
from remediators.lab.files import Files
from remediators.lab.machine import FAULTS, PLAIN_VERBS, VERBS, Mouth, Ran
from remediators.lab.metabase import Data, Metabase
from remediators.lab.process import Console, Environment, Handles, Process, Sink, Source
from remediators.lab.programs import FOLDERS, NOT_IN_2000, PROGRAMS, SINCE_VISTA, Program
from remediators.lab.registry import Registry, full_name
from remediators.lab.services import RUNNING, SERVICES, START_NUMBERS, STOPPED, Service, Services
from remediators.lab.words import YES, word

_HKLM: Final = "HKEY_LOCAL_MACHINE"
_ADMINISTRATOR: Final = "Administrator"
_SPEC: Final = frozenset(
    {
        "os", "language", "architecture", "bits", "fqdn", "codepage", "users", "registry", "denied", "services",
        "metabase", "denied_metabase", "faults", "smtp", "exchange", "cluster", "antivirus", "managed", "line_style",
        "echo", "iis", "mute", "no_banner", "takes_mail", "events", "queue", "wmic", "cmdlib", "utc_offset",
    }
)  # fmt: skip
_SERVICE_SPEC: Final = frozenset(
    {
        "display", "state", "start_mode", "depends", "image", "stuck", "fails", "stop_polls", "start_polls",
        "stop_seconds", "start_seconds",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edition:
    """What differs between the versions of Windows."""

    version_line: str
    number: str
    build: str
    product: str
    pack: str
    root: str
    profiles: str
    vista: bool
    smtp: str


EDITIONS: Final = {
    "2000": Edition(
        "Microsoft Windows 2000 [Version 5.00.2195]", "5.0", "2195", "Microsoft Windows 2000", "Service Pack 4",
        "C:\\WINNT", "C:\\Documents and Settings", False, "5.0.2195.7381",
    ),
    "2003": Edition(
        "Microsoft Windows [Version 5.2.3790]", "5.2", "3790", "Microsoft Windows Server 2003", "Service Pack 2",
        "C:\\WINDOWS", "C:\\Documents and Settings", False, "6.0.3790.4675",
    ),
    "2008": Edition(
        "Microsoft Windows [Version 6.0.6002]", "6.0", "6002", "Windows Server (R) 2008 Standard", "Service Pack 2",
        "C:\\Windows", "C:\\Users", True, "7.0.6002.18222",
    ),
}  # fmt: skip

Mute = Literal["silent", "closes", "line"]
# KB 919091, cause 4: a server that does not respond with an SMTP banner, until one is configured. Just what it does
# instead is not told; here it says nothing, hangs up, or sends an empty line. Invented for the lab.
_WITHOUT_BANNER: Final[Mapping[Mute, bytes | None]] = {"silent": b"", "closes": None, "line": b"\r\n"}

_INETINFO: Final = "C:\\WINDOWS\\system32\\inetsrv\\inetinfo.exe"
_SVCHOST: Final = "C:\\WINDOWS\\system32\\svchost.exe -k "
_EXCHANGE: Final = "C:\\Program Files\\Exchsrvr\\bin\\"

_PLAIN_SERVICES: Final[Mapping[str, Mapping[str, Any]]] = {
    "EventLog": {"display": "Event Log", "image": "C:\\WINDOWS\\system32\\services.exe"},
    "RpcSs": {"display": "Remote Procedure Call (RPC)", "image": _SVCHOST + "rpcss"},
    "IISADMIN": {"display": "IIS Admin Service", "image": _INETINFO, "depends": ["RpcSs"]},
    "SMTPSVC": {
        "display": "Simple Mail Transfer Protocol (SMTP)",
        "image": _INETINFO,
        "depends": ["IISADMIN", "EventLog"],
    },
    "W3SVC": {
        "display": "World Wide Web Publishing Service",
        "image": _SVCHOST + "iissvcs",
        "depends": ["RpcSs", "IISADMIN"],
    },
    "HTTPFilter": {
        "display": "HTTP SSL",
        "image": "C:\\WINDOWS\\system32\\lsass.exe",
        "start_mode": "manual",
        "depends": ["IISADMIN"],
    },
}
_EXCHANGE_SERVICES: Final[Mapping[str, Mapping[str, Any]]] = {
    "RESvc": {"display": "Microsoft Exchange Routing Engine", "image": _INETINFO, "depends": ["IISADMIN"]},
    "POP3Svc": {
        "display": "Microsoft Exchange POP3",
        "image": _INETINFO,
        "start_mode": "disabled",
        "state": "stopped",
        "depends": ["IISADMIN"],
    },
    "MSExchangeSA": {
        "display": "Microsoft Exchange System Attendant",
        "image": f'"{_EXCHANGE}mad.exe"',
        "depends": ["EventLog", "RpcSs"],
    },
    "MSExchangeIS": {
        "display": "Microsoft Exchange Information Store",
        "image": f'"{_EXCHANGE}store.exe"',
        "depends": ["MSExchangeSA"],
    },
    "MSExchangeMGMT": {
        "display": "Microsoft Exchange Management",
        "image": f'"{_EXCHANGE}exmgmt.exe"',
        "depends": ["RpcSs"],
    },
}
_SAVCE_SERVICES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Symantec AntiVirus": {
        "display": "Symantec AntiVirus",
        "image": '"C:\\Program Files\\Symantec AntiVirus\\Rtvscan.exe"',
        "depends": ["RpcSs"],
    },
    "DefWatch": {
        "display": "DefWatch",
        "image": '"C:\\Program Files\\Symantec AntiVirus\\DefWatch.exe"',
    },
}


# 8BITMIME's bit is in KB 262168, the other two are from memory.
_VERB_BITS: Final = {b"8bitmime": 0x400000, b"BINARYMIME": 0x200000, b"CHUNKING": 0x100000}
EVENT_4006: Final[Mapping[str, Any]] = {
    "source": "MSExchangeTransport",
    "id": 4006,
    "type": "warning",
    "category": "@connection-manager",
    "text": "@event-4006",
}
Script = Callable[[Process, list[str]], int]


@dataclass(frozen=True, slots=True)
class Written:
    """One write on a machine: ``registry set KEY:NAME``, ``service stop NAME``, ``metabase set ...``, ``file ...``."""

    kind: str
    verb: str
    target: str

    def __str__(self) -> str:
        return f"{self.kind} {self.verb} {self.target}"


class WindowsMachine:
    """
    A server that runs command lines; a `remediators.lab.machine.Machine`.

    ``log`` has every write since it was built. One line runs at a time; ``ran`` is called after each.
    """

    def __init__(self, name: str, spec: Mapping[str, Any]) -> None:
        _check(spec, _SPEC, name)
        self.name = name
        self.edition = EDITIONS[spec.get("os", "2003")]
        self.vista = self.edition.vista
        self.version_line = self.edition.version_line
        self.language: str = spec.get("language", "en")
        self.yes = YES[self.language]
        self.x64: bool = spec.get("architecture", "x86") == "x64"
        self.wow: bool = self.x64 and spec.get("bits", 64) == 32
        self.fqdn: str = spec.get("fqdn", f"{name}.example.com")
        self.computer = self.fqdn.partition(".")[0].upper()
        self.codepage: int = spec.get("codepage", 850 if self.language == "de" else 437)
        self.users: Mapping[str, str] = dict(spec.get("users", {_ADMINISTRATOR: "Lab-secret 1"}))
        self.faults = frozenset(spec.get("faults", ()))
        _check(self.faults, FAULTS, name)
        self.log: list[Written] = []
        self.ran: Callable[[], None] = _nothing
        self.builtins: Mapping[str, Builtin] = BUILTINS
        self.programs: Mapping[str, Program] = _programs(spec.get("os", "2003"))
        self.scripts: dict[str, Script] = {SCRIPT.lower(): adsutil}
        self._script: bool = spec.get("line_style", "command") == "script"
        self._echo: bool = spec.get("echo", False)
        self._lock = threading.RLock()
        self._ahead = 0.0
        self._smtp: bool = spec.get("smtp", True)
        self._takes_mail: bool = spec.get("takes_mail", False)
        self._no_banner: bool = spec.get("no_banner", False)
        self._mute: Mute = spec.get("mute", "silent")
        self._greeting: str | None = None
        self.registry = Registry(self._note("registry"), x64=self.x64)
        self.services = Services(self.registry, self._note("service"), self._clock)
        self.services.started = self._service_started
        self.metabase = Metabase(self._note("metabase"), ids5=spec.get("os") == "2000")
        self.files = Files(*_floor(self.edition, x64=self.x64), self._note("file"))
        self._fill(spec)
        self._environment = _environment(self)
        self._furnish_events(spec)
        self._home = f"{self.edition.profiles}\\{_ADMINISTRATOR}"
        self._furnish_iis(spec)
        self._greeting = self._banner() if self._running("SMTPSVC") else None
        self.log.clear()

    def run(self, line: str, codepage: int | None = None) -> Ran:
        """Run ``cmd /c "LINE"``; see `remediators.lab.machine.Machine.run`."""
        ran = self._ran(line, codepage)
        self.ran()
        return ran

    def _ran(self, line: str, codepage: int | None) -> Ran:
        with self._lock:
            self.flow.pass_to(self.now())
            self.run_due()
            out, err = Sink(), Sink()
            console = Console(self.codepage if codepage is None else codepage)
            shell = Shell(self, self._environment.copy(), self._home, Handles(Source(), out, err), console)
            shell.wow = self.wow
            try:
                status = self._run(shell, line)
            except RecursionError:
                # Blocks nested by the thousand: the real cmd.exe dies of a stack overflow.
                status = -1073741571
            return Ran(out.getvalue(), err.getvalue(), (status + 2**31) % 2**32 - 2**31)

    def _run(self, shell: Shell, line: str) -> int:
        if self._script:
            return shell.run_script(line, echo=self._echo)
        if len(line) > LONGEST_LINE:
            return shell.run(line)
        return shell.run(strip_quotes(f'"{line}"', keep=shell.find_program))

    def greeting(self) -> bytes | None:
        """What the SMTP service says first; the text is the one that it read when it started."""
        with self._lock:
            if not self._smtp or self._greeting is None or not self._running("SMTPSVC"):
                return None
            if not self._greeting.strip():
                return _WITHOUT_BANNER[self._mute]
            date = self.now().strftime("%a, %d %b %Y %H:%M:%S +0000")
            return f"220 {self.fqdn} {self._greeting} ready at  {date}\r\n".encode("latin-1", "replace")

    def mouth(self) -> Mouth:
        """The SMTP service as it speaks now: see `remediators.lab.machine.Mouth`."""
        with self._lock:
            return Mouth(self.greeting(), self.fqdn.encode(), self._verbs(), takes_mail=self._takes_mail)

    def listens(self) -> bool:
        """Whether the SMTP service runs, without waiting for a command that runs here."""
        return self._smtp and any(s.name.upper() == "SMTPSVC" and s.state == RUNNING for s in self.services)

    def peek(self) -> Mouth:
        """As `mouth`, without waiting for a command that runs here: for other hosts that send mail to this one."""
        text = self._greeting if self.listens() else None
        greeting = None if text is None else b"220" if text.strip() and "\n" not in text else b""
        return Mouth(greeting, self.fqdn.encode(), self._verbs())

    def _verbs(self) -> Sequence[bytes]:
        """
        What EHLO gives: the verbs that begin with X come from Exchange's event sinks, those of binary mail from a
        property of the metabase (KB 257569, KB 262168).
        """
        options = self.metabase.inherited(f"SmtpSvc/{self._instance()}", "SmtpInboundCommandSupportOptions")
        bits = options if isinstance(options, int) else -1
        off = {verb for verb, bit in _VERB_BITS.items() if not bits & bit}
        return tuple(verb for verb in (VERBS if self.iis.sinks else PLAIN_VERBS) if verb not in off)

    def mail_links(self) -> list[mail_flow.Link]:
        """The links of the SMTP service, as of now; none where it does not run."""
        with self._lock:
            self.flow.pass_to(self.now())
            return list(self.flow.links) if self._running("SMTPSVC") else []

    def kick(self, name: str) -> None:
        """Let the SMTP service try a link at once."""
        with self._lock:
            self.wrote("queue", "kick", name)
            self.flow.kick(name, self.now())

    def wrote(self, kind: str, verb: str, target: str) -> None:
        """Note a write that no store of the machine notes itself."""
        self._note(kind)(verb, target)

    def state(self) -> dict[str, Any]:
        """Everything that can be changed, as plain JSON."""
        with self._lock:
            self.run_due()
            return {
                "registry": self.registry.state(),
                "services": self.services.state(),
                "metabase": self.metabase.state(),
                "files": self.files.state(),
            }

    def word(self, key: str, *values: object) -> str:
        """A text in the host's language."""
        return word(self.language, key, *values)

    def now(self) -> dt.datetime:
        """The host's clock, which `advance` turns on."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._ahead)

    def local(self) -> dt.datetime:
        """What the host's clock on the wall shows."""
        return (self.now() + self.zone).replace(tzinfo=None)

    def advance(self, seconds: float) -> None:
        """Let time pass on this host without waiting for it."""
        self._ahead += seconds

    def random(self) -> int:
        return time.monotonic_ns() // 1000 % 32768

    def metabase_answers(self) -> bool:
        """The metabase lives in IISADMIN's process."""
        return self._running("IISADMIN")

    def virtual_server(self, path: str, *, started: bool) -> None:
        """One SMTP virtual server was started or stopped by itself; it reads its properties when it starts."""
        self._note("service")("start" if started else "stop", path)
        if path.upper() == f"SMTPSVC/{self._instance()}":
            self._greeting = self._banner() if started else None

    def _furnish_events(self, spec: Mapping[str, Any]) -> None:
        self.exchange: bool = spec.get("exchange", True)
        self.cmdlib: bool = spec.get("cmdlib", True)
        self.zone = dt.timedelta(minutes=int(spec.get("utc_offset", 0)))
        now = self.now()
        self.booted = now - dt.timedelta(days=41)
        self.events = event_log.build([self._translated(event) for event in spec.get("events", ())], now)
        self.flow = mail_flow.Flow(self._dropped, self.word("semaphore"), now=now)
        if self.exchange:
            self.flow.links.append(mail_flow.Link("00000001", "(Local delivery)", remote=False))
        for number, (name, given) in enumerate(spec.get("queue", {}).items(), 2):
            self.flow.links.append(mail_flow.build(name, given, now, number, self.word("semaphore")))
        self._furnish_wmic(spec.get("wmic", "ready" if spec.get("os") != "2000" else "missing"))
        if spec.get("os", "2003") == "2003":
            self.scripts[f"{self.edition.root}\\system32\\{event_query.SCRIPT}".lower()] = event_query.eventquery

    def _furnish_iis(self, spec: Mapping[str, Any]) -> None:
        self.tasks: dict[str, scheduler.Scheduled] = {}
        self.iis = iis_files.install(self, spec.get("iis", {}))
        for name, script in ((iisback.BACKUP, iisback.iisback), (iisback.CONFIGURE, iisback.iiscnfg)):
            self.scripts[f"{self.edition.root}\\system32\\{name}".lower()] = script

    def run_due(self) -> None:
        """Run the scheduled tasks whose time has come."""
        for task in scheduler.due(self):
            self.wrote("task", "fire", task.name)
            self.run_task(task.line)

    def run_task(self, line: str) -> None:
        """Run a command line as the task scheduler does: in a process of its own, its output for nobody."""
        console = Console(self.codepage)
        shell = Shell(self, self._environment.copy(), f"{self.edition.root}\\system32", _nowhere(), console)
        shell.run(strip_quotes(line, keep=shell.find_program))

    def dated(self, path: str) -> str:
        """When a file was last written, as this host shows it."""
        return self.files.dates.get(path.lower(), self.now()).strftime("%m/%d/%Y %I:%M %p")

    def log_event(self, event: Mapping[str, Any]) -> None:
        """Something that happened just now, for the event log."""
        self.events.put(event_log.kind(event), self.now())

    def _furnish_wmic(self, state: str) -> None:
        if state not in ("ready", "never-ran", "missing"):
            raise ValueError(f"{self.name}: wmic cannot be {state!r}; ready, never-ran or missing")
        self.wmic_never_ran = state == "never-ran"
        if state == "ready":
            self.registry.create(wmic.KEY)
            self.registry.set(wmic.KEY, wmic.MARK, reg.REG_SZ, reg.text_bytes("1"))
        path = f"{self.edition.root}\\system32\\wbem\\wmic.exe"
        if state == "missing" and self.files.is_file(path):
            self.files.delete(path)

    def _translated(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Texts that begin with ``@`` are the lab's own, in the host's language."""
        return {
            key: self.word(value[1:]) if isinstance(value, str) and value.startswith("@") else value
            for key, value in event.items()
        }

    def _dropped(self, link: mail_flow.Link, when: dt.datetime) -> None:
        """The event of KB 919091, logged on the host that sends."""
        self.events.put(event_log.kind(self._translated({**EVENT_4006, "strings": (link.address, link.name)})), when)

    def _note(self, kind: str) -> Any:
        return lambda verb, target: self.log.append(Written(kind, verb, target))

    def _clock(self) -> float:
        return time.monotonic() + self._ahead

    def _running(self, name: str) -> bool:
        return any(s.name.upper() == name and self.services.look(s) == RUNNING for s in self.services)

    def _service_started(self, name: str) -> None:
        if name.upper() == "SMTPSVC":
            self._greeting = self._banner()

    def _instance(self) -> str:
        numbers = [node.path.rpartition("/")[2] for node in self.metabase.children("SmtpSvc")]
        return min((number for number in numbers if number.isdigit()), key=int, default="1")

    def _banner(self) -> str:
        text = self.metabase.inherited(f"SmtpSvc/{self._instance()}", "ConnectResponse")
        if text:
            return str(text)
        return "" if self._no_banner else f"Microsoft ESMTP MAIL Service, Version: {self.edition.smtp}"

    def _fill(self, spec: Mapping[str, Any]) -> None:
        services = dict(_PLAIN_SERVICES)
        tree = _base_registry(self)
        if spec.get("exchange", True):
            services.update(_EXCHANGE_SERVICES)
            tree["HKLM\\SOFTWARE\\Microsoft\\Exchange\\Setup"] = {"Services Version": ("dword", 65)}
        if spec.get("cluster"):
            services["ClusSvc"] = {"display": "Cluster Service", "image": "C:\\WINDOWS\\Cluster\\clussvc.exe"}
            tree |= _CLUSTER
        if spec.get("antivirus") == "savce9":
            services.update(_SAVCE_SERVICES)
            tree |= _savce(managed=spec.get("managed", False), x64=self.x64)
        for name, given in {**services, **spec.get("services", {})}.items():
            self._install(name, {**services.get(name, {}), **given})
        for key, values in tree.items():
            self._put(key, {name: {"type": type_, "data": data} for name, (type_, data) in values.items()})
        for key, values in spec.get("registry", {}).items():
            self._put(key, values)
        for key in spec.get("denied", ()):
            self.registry.deny(_full(key))
        self._fill_metabase(spec)

    def _fill_metabase(self, spec: Mapping[str, Any]) -> None:
        own: dict[str, Mapping[str, Data]] = {}
        if spec.get("exchange", True):
            own = {"DS2MB": {}, "DS2MB/HighWaterMarks": {}}
        for path, properties in {**_METABASE, **own, **spec.get("metabase", {})}.items():
            self.metabase.create(path)
            for name, data in {**_METABASE.get(path, {}), **properties}.items():
                self.metabase.set(path, name, data)
        self.metabase.denied = frozenset(spec.get("denied_metabase", ()))

    def _install(self, name: str, given: Mapping[str, Any]) -> None:
        _check(given, _SERVICE_SPEC, f"{self.name}: {name}")
        configured = {"display", "state", "start_mode", "depends", "image"}
        mode = given.get("start_mode", "auto")
        running = given.get("state", "running") == "running"
        odd = {key: value for key, value in given.items() if key not in configured}
        display = given.get("display", name)
        image = given.get("image", f"C:\\WINDOWS\\system32\\{name}.exe")
        values: dict[str, Mapping[str, Any]] = {
            "Type": {"type": "dword", "data": 0x20 if "svchost" in image or "inetinfo" in image else 0x10},
            "Start": {"type": "dword", "data": START_NUMBERS[mode]},
            "ErrorControl": {"type": "dword", "data": 1},
            "ImagePath": {"type": "expand_sz", "data": image},
            "DisplayName": {"type": "sz", "data": display},
            "ObjectName": {"type": "sz", "data": "LocalSystem"},
        }
        if given.get("depends"):
            values["DependOnService"] = {"type": "multi_sz", "data": list(given["depends"])}
        if mode == "delayed":
            values["DelayedAutostart"] = {"type": "dword", "data": 1}
        self._put(f"{SERVICES}\\{name}", values)
        self.services.install(Service(name, display, RUNNING if running else STOPPED, **odd))

    def _put(self, key: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        path = _full(key)
        self.registry.create(path)
        for name, given in values.items():
            number, raw = registry_bytes(given["type"], given["data"])
            self.registry.set(path, "" if name == "(Default)" else name, number, raw)


def _nothing() -> None:
    """What is to be done after each command line, where nobody has asked for anything."""


def build(name: str, spec: Mapping[str, Any]) -> WindowsMachine:
    """
    A machine from plain data. Raises ValueError for what the specification does not know.

    ``os`` (2000, 2003, 2008), ``language`` (en, de), ``architecture`` (x86, x64) and ``bits`` (what the command shell
    is), ``fqdn``, ``codepage``, ``users``, ``registry`` ({key: {name: {type, data}}}), ``denied`` (keys), ``services``
    ({NAME: {display, state, start_mode, depends, image, stuck, fails, stop_polls, stop_seconds, start_polls,
    start_seconds}}), ``metabase`` ({path: {NAME: data}}), ``denied_metabase``, ``faults``, ``smtp``, ``exchange``,
    ``cluster``, ``antivirus`` (savce9), ``managed``, ``line_style`` (command, or script for servers that put the line
    into a batch file) and ``echo``. ``mute`` (silent, closes, line) is what its SMTP service does instead of greeting
    where ConnectResponse is all blank, and with ``no_banner`` where there is none, too. ``takes_mail`` lets mail in.
    ``events`` and ``queue`` are described in `event_log.build` and `mail_flow.build`; ``wmic`` is ready, never-ran or
    missing, without ``cmdlib`` eventquery.vbs does not work, ``utc_offset`` are minutes. ``iis`` is described in
    `iis_files.install`.
    The default is an Exchange 2003 server on Windows Server 2003.
    """
    return WindowsMachine(name, spec)


def registry_bytes(type_: str, data: Any) -> tuple[int, bytes]:
    """A type's number and a value's raw bytes from plain data, such as ``("multi_sz", ["a", "b"])``."""
    number = reg.NUMBERS[type_.upper() if type_.upper().startswith("REG_") else f"REG_{type_.upper()}"]
    if number in (reg.REG_SZ, reg.REG_EXPAND_SZ):
        return number, reg.text_bytes(data)
    if number == reg.REG_MULTI_SZ:
        return number, reg.texts_bytes(data)
    if number in (reg.REG_DWORD, reg.REG_QWORD):
        return number, int(data).to_bytes(4 if number == reg.REG_DWORD else 8, "little")
    return number, bytes.fromhex(data)


def _check(given: Any, known: frozenset[str], where: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"{where}: not known to the lab: {', '.join(unknown)}")


def _full(key: str) -> str:
    path = full_name(key)
    if path is None:
        raise ValueError(f"not a registry key: {key}")
    return path


def _nowhere() -> Handles:
    return Handles(Source(), Sink(nul=True), Sink(nul=True))


def _programs(edition: str) -> Mapping[str, Program]:
    lacking = {"2000": NOT_IN_2000 | SINCE_VISTA, "2003": SINCE_VISTA, "2008": frozenset[str]()}[edition]
    return {name: program for name, program in PROGRAMS.items() if name not in lacking}


_IIS_SCRIPTS: Final = (iisback.BACKUP, iisback.CONFIGURE)
_FLOORS: dict[tuple[str, bool], tuple[Mapping[str, bytes], frozenset[str]]] = {}


def _floor(edition: Edition, *, x64: bool) -> tuple[Mapping[str, bytes], frozenset[str]]:
    """The files and folders that all machines of an edition have: made once, shared by all."""
    if (edition.root, x64) not in _FLOORS:
        homes = [f"{edition.root}\\system32", *([f"{edition.root}\\SysWOW64"] if x64 else [])]
        if x64 and edition.vista:
            homes.append(f"{edition.root}\\Sysnative")
        version = next(version for version, one in EDITIONS.items() if one is edition)
        names = _programs(version)
        files = {f"{home}\\{FOLDERS.get(name, '')}{name}": b"MZ" for home in homes for name in names}
        if version == "2003":
            files[f"{edition.root}\\system32\\{event_query.SCRIPT}"] = b"' Event query script\r\n"
            files |= {f"{edition.root}\\system32\\{name}": b"' IIS script\r\n" for name in _IIS_SCRIPTS}
        files[SCRIPT] = b"' IIS administration script\r\n"
        profile = f"{edition.profiles}\\{_ADMINISTRATOR}"
        temp = f"{profile}\\AppData\\Local\\Temp" if edition.vista else f"{profile}\\Local Settings\\Temp"
        homes += [f"{home}\\wbem" for home in homes]
        folders = [edition.root, *homes, f"{edition.root}\\system32\\inetsrv", f"{edition.root}\\Temp", temp,
                   "C:\\Inetpub\\AdminScripts", "C:\\Program Files\\Exchsrvr\\bin", "C:\\Temp"]  # fmt: skip
        _FLOORS[edition.root, x64] = (files, frozenset(up for folder in folders for up in _with_parents(folder)))
    return _FLOORS[edition.root, x64]


def _with_parents(folder: str) -> list[str]:
    parts = folder.split("\\")
    return [parts[0] + "\\", *("\\".join(parts[: n + 1]) for n in range(1, len(parts)))]


def _environment(machine: WindowsMachine) -> Environment:
    edition = machine.edition
    profile = f"{edition.profiles}\\{_ADMINISTRATOR}"
    temp = "C:\\Users\\ADMINI~1\\AppData\\Local\\Temp" if machine.vista else "C:\\DOCUME~1\\ADMINI~1\\LOCALS~1\\Temp"
    native = "AMD64" if machine.x64 else "x86"
    values = {
        "ALLUSERSPROFILE": "C:\\ProgramData" if machine.vista else f"{edition.profiles}\\All Users",
        "APPDATA": f"{profile}\\AppData\\Roaming" if machine.vista else f"{profile}\\Application Data",
        "COMPUTERNAME": machine.computer,
        "ComSpec": f"{edition.root}\\system32\\cmd.exe",
        "NUMBER_OF_PROCESSORS": "2",
        "OS": "Windows_NT",
        "Path": f"{edition.root}\\system32;{edition.root};{edition.root}\\System32\\Wbem",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH",
        "PROCESSOR_ARCHITECTURE": "x86" if machine.wow else native,
        **({"PROCESSOR_ARCHITEW6432": "AMD64"} if machine.wow else {}),
        "ProgramFiles": "C:\\Program Files (x86)" if machine.wow else "C:\\Program Files",
        "PROMPT": "$P$G",
        "SystemDrive": "C:",
        "SystemRoot": edition.root,
        "TEMP": temp,
        "TMP": temp,
        "USERDOMAIN": machine.computer,
        "USERNAME": next(iter(machine.users), _ADMINISTRATOR),
        "USERPROFILE": profile,
        "windir": edition.root,
    }
    return Environment({name.upper(): (name, value) for name, value in values.items()})


_Tree = dict[str, dict[str, tuple[str, Any]]]


def _base_registry(machine: WindowsMachine) -> _Tree:
    edition = machine.edition
    control = "HKLM\\SYSTEM\\CurrentControlSet\\Control"
    return {
        "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion": {
            "CurrentVersion": ("sz", edition.number),
            "CurrentBuildNumber": ("sz", edition.build),
            "ProductName": ("sz", edition.product),
            "CSDVersion": ("sz", edition.pack),
            "SystemRoot": ("sz", edition.root),
        },
        "HKLM\\SOFTWARE\\Microsoft\\InetStp": {"MajorVersion": ("dword", int(edition.smtp[0])),
                                                "MinorVersion": ("dword", 0)},
        f"{control}\\ComputerName\\ComputerName": {"ComputerName": ("sz", machine.computer)},
        f"{control}\\Nls\\CodePage": {"ACP": ("sz", "1252"), "OEMCP": ("sz", str(machine.codepage))},
        f"{control}\\TimeZoneInformation": {
            "Bias": ("dword", 0),
            "DaylightStart": ("binary", "00" * 16),
            "StandardStart": ("binary", "00" * 16),
        },
        f"{control}\\ProductOptions": {"ProductType": ("sz", "ServerNT")},
        f"{control}\\Session Manager\\Environment": {
            "PROCESSOR_ARCHITECTURE": ("sz", "AMD64" if machine.x64 else "x86"),
            "windir": ("expand_sz", "%SystemRoot%"),
        },
    }  # fmt: skip


# The identifiers are invented for the lab.
_CLUSTER: Final[_Tree] = {
    "HKLM\\Cluster": {"ClusterName": ("sz", "LABCLUSTER")},
    "HKLM\\Cluster\\Resources\\5f0c2a51-9a0e-4d55-8a6b-3f6f2f5c9d10": {
        "Type": ("sz", "Microsoft Exchange System Attendant"),
        "Name": ("sz", "Exchange System Attendant (LAB)"),
    },
}


def _savce(*, managed: bool, x64: bool) -> _Tree:
    """Symantec AntiVirus Corporate Edition 9 with its mail scanner on. All data is invented for the lab."""
    software = "HKLM\\SOFTWARE\\Wow6432Node" if x64 else "HKLM\\SOFTWARE"
    root = f"{software}\\INTEL\\LANDesk\\VirusProtect6\\CurrentVersion"
    return {
        root: {"ProductVersion": ("dword", 0x03E80384), "Parent": ("sz", "LABPARENT" if managed else "")},
        f"{root}\\Storages\\Filesystem\\RealTimeScan": {"OnOff": ("dword", 1), "HaveExceptionDirs": ("dword", 0)},
        f"{root}\\Storages\\InternetMail\\RealTimeScan": {"OnOff": ("dword", 1)},
        f"{root}\\Storages\\MicrosoftExchangeClient\\RealTimeScan": {"OnOff": ("dword", 1)},
        f"{software}\\Symantec\\InstalledApps": {"SAVCE": ("sz", "C:\\Program Files\\Symantec AntiVirus")},
    }


_METABASE: Final[Mapping[str, Mapping[str, Data]]] = {
    "SmtpSvc": {
        "KeyType": "IIsSmtpService",
        "MaxConnections": 2000000000,
        "SmtpRemoteProgressiveRetry": "15,30,60,240",
        "SmtpInboundCommandSupportOptions": 7697601,
    },
    "SmtpSvc/Info": {"KeyType": "IIsSmtpInfo"},
    "SmtpSvc/1": {
        "KeyType": "IIsSmtpServer",
        "ServerComment": "Default SMTP Virtual Server",
        "ServerBindings": [":25:"],
        "ServerState": 2,
        "ServerAutoStart": True,
    },
    "SmtpSvc/1/Domain": {"KeyType": "IIsSmtpDomain"},
    "EventManager": {},
    "EventManager/EventTypes": {},
    "W3SVC": {"KeyType": "IIsWebService"},
    "W3SVC/1": {"KeyType": "IIsWebServer", "ServerComment": "Default Web Site", "ServerBindings": [":80:"]},
}
