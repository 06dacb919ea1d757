"""
A small model of a Windows host for these tests: services that depend on each other, and a metabase.

It understands the shown forms of our commands and answers as `domain.md` says that Windows 2003 does.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from remediators.model import Answer, Query, Snapshot, Step

STATES = {"stopped": "1  STOPPED", "running": "4  RUNNING", "paused": "7  PAUSED", "stopping": "3  STOP_PENDING"}
STARTS = {"boot": 0, "system": 1, "auto": 2, "demand": 3, "disabled": 4, "delayed-auto": 2}


@dataclass
class Service:
    state: str = "stopped"
    start: str = "demand"
    needs: tuple[str, ...] = ()


@dataclass
class Windows:
    services: dict[str, Service] = field(default_factory=dict)
    metabase: dict[str, str] = field(default_factory=dict)
    nodes: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def read(self, queries: Iterable[Query], known: Snapshot | None = None) -> Snapshot:
        known = known or Snapshot()
        for query in queries:
            if query.name not in known.asked:
                known = known.read(query, query.parse([self.answer(command.shown) for command in query.commands]))
        return known

    def write(self, steps: Sequence[Step]) -> None:
        for step in steps:
            for command in step.commands:
                self.said.append(command.shown)
                self.answer(command.shown)

    def answer(self, line: str) -> Answer:  # noqa: PLR0911  one return for each program
        words = shlex.split(line.replace("\\", "\\\\"))
        match words:
            case ["sc", "query", name]:
                return self._sc_query(name)
            case ["sc", "enumdepend", name, "16384"]:
                return self._enumdepend(name)
            case ["sc", "config", name, "start=", mode]:
                self.services[self._key(name)].start = mode
                return Answer(b"[SC] ChangeServiceConfig SUCCESS\r\n", 0)
            case ["net", "stop" | "start" as verb, name]:
                return self._net(verb, name)
            case ["reg", "query", key, *_]:
                return self._reg(key)
            case ["cscript", "//nologo", script, verb, *arguments] if script.endswith("adsutil.vbs"):
                return self._adsutil(verb.upper(), arguments)
        return Answer(f"'{words[0]}' is not recognized".encode(), 9009)

    # -- services ---

    def _key(self, name: str) -> str:
        return next((known for known in self.services if known.upper() == name.upper()), "")

    def above(self, name: str) -> list[str]:
        """What depends on a service, directly or not; what must stop first comes first."""
        found: list[str] = []
        for other, service in self.services.items():
            if name.upper() in (need.upper() for need in service.needs):
                found += [one for one in (*self.above(other), other) if one not in found]
        return found

    def _block(self, name: str, shown: bool) -> str:
        display = f"DISPLAY_NAME: The {name}\r\n" if shown else ""
        return (
            f"\r\nSERVICE_NAME: {name}\r\n{display}        TYPE               : 20  WIN32_SHARE_PROCESS\r\n"
            f"        STATE              : {STATES[self.services[name].state]}\r\n"
            "                                (STOPPABLE,PAUSABLE,ACCEPTS_SHUTDOWN)\r\n"
            "        WIN32_EXIT_CODE    : 0  (0x0)\r\n        SERVICE_EXIT_CODE  : 0  (0x0)\r\n"
            "        CHECKPOINT         : 0x0\r\n        WAIT_HINT          : 0x0\r\n"
        )

    def _sc_query(self, name: str) -> Answer:
        key = self._key(name)
        if not key:
            return Answer(b"[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n\r\n", 1060)
        return Answer(self._block(key, shown=False).encode(), 0)

    def _enumdepend(self, name: str) -> Answer:
        if not self._key(name):
            return Answer(b"[SC] EnumDependentServices FAILED 1060:\r\n\r\n", 1060)
        above = self.above(name)
        text = f"Enum: entriesRead  = {len(above)}\r\n" + "".join(self._block(one, shown=True) for one in above)
        return Answer(text.encode(), 0)

    def _net(self, verb: str, name: str) -> Answer:
        key = self._key(name)
        running = [one for one in self.above(name) if self.services[one].state == "running"]
        if not key or (verb == "stop" and running):
            return Answer(b"The service could not be stopped.\r\n", 2)
        if verb == "start":
            for need in self.services[key].needs:
                self._net("start", need)
        self.services[key].state = "stopped" if verb == "stop" else "running"
        return Answer(b"ok\r\n", 0)

    def _reg(self, key: str) -> Answer:
        name = self._key(key.rpartition("\\")[2])
        head = "\r\n! REG.EXE VERSION 3.0\r\n\r\n"
        if key.endswith("\\Services"):
            rows = "".join(
                f"HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\{one}\r\n" for one in self.services
            )
            return Answer((head + rows).encode(), 0)
        if not name:
            return Answer(b"\r\nError:  The system was unable to find the specified registry key or value\r\n", 1)
        service = self.services[name]
        rows = [f"    Start\tREG_DWORD\t0x{STARTS[service.start]:x}", f"    DisplayName\tREG_SZ\tThe {name}"]
        rows += ["    DelayedAutostart\tREG_DWORD\t0x1"] if service.start == "delayed-auto" else []
        joined = "\\0".join(service.needs)
        rows += [f"    DependOnService\tREG_MULTI_SZ\t{joined}\\0\\0"] if service.needs else []
        path = f"HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\{name}\r\n"
        return Answer((head + path + "\r\n".join(rows) + "\r\n\r\n").encode(), 0)

    # -- the metabase: values are kept as adsutil prints them, "(STRING) "text"" ---

    def _adsutil(self, verb: str, arguments: list[str]) -> Answer:
        if verb == "ENUM":
            prefix = arguments[1].upper() + "/"
            below = sorted(node for node in self.nodes if node.upper().startswith(prefix))
            return Answer("".join(f"[/{node.lower()}]\r\n" for node in below).encode() + b"\r\n", 0)
        path, values = arguments[0].upper(), arguments[1:]
        node, _, name = arguments[0].rpartition("/")
        if node.upper() not in {known.upper() for known in self.nodes}:
            text = "The path requested could not be found.\r\nErrNumber: -2147024893 (0x80070003)\r\n"
            return Answer(text.encode(), -2147024893)
        if verb == "SET":
            old = self.metabase.get(path, "(STRING) ")
            kind = re.match(r"\((\w+)\)", old)[1]
            shown = {"STRING": f'"{values[0]}"'}.get(kind, values[0])
            if kind == "LIST":
                shown = f" ({len(values)} Items)" + "".join(f'\r\n  "{value}"' for value in values)
            self.metabase[path] = f"({kind}) {shown}"
        elif verb == "DELETE":
            del self.metabase[path]
            return Answer(f'deleted property "{name}"\r\n'.encode(), 0)
        if path not in self.metabase:
            return Answer(f'The parameter "{name}" is not set at this node.\r\n'.encode(), -2147463162)
        return Answer(f"{name:<32}: {self.metabase[path]}\r\n".encode(), 0)
