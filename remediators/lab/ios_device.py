"""A Cisco device: its configurations, its timers, who is logged on, and what is wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from remediators.lab.ios_clock import Alarm, Clock
from remediators.lab.ios_editor import First, Texts, first_of, vocabulary
from remediators.lab.ios_tree import Node, parse, text_of
from remediators.lab.machine import FAULTS, Ran

Door = Literal["open", "refused", "silent"]
Platform = Literal["ios", "asa", "pix"]
SYSTEM: Final = ""  # the name of the only configuration, or of the system's where there are contexts


@dataclass(slots=True)
class Trip:
    """
    Something that goes wrong when a session sends a line that contains ``line``, ``times`` times.

    ``drop`` cuts the session ``before`` the line is run or ``after`` it (and before it is answered). ``unreachable``
    lets nobody in from then on until the device has gone back to a configuration: connections are ``refused`` or
    get no answer (``silent``). ``mute`` leaves the sessions open and answers nothing any more. ``reject`` is what is
    said instead of running the line.
    """

    line: str
    drop: Literal["before", "after"] | None = None
    unreachable: Door | None = None
    mute: bool = False
    reject: str | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One line that somebody sent. ``mode`` is ``exec`` or the configuration mode's name, ``session`` its number."""

    session: int
    user: str
    mode: str
    line: str
    space: str = SYSTEM


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What a device is besides its configuration. All of it may be given in a fleet's entry.

    ``levels`` are the privilege levels of users that do not start at 1; ``secret`` is enable's, ``None`` where there
    is none. ``pager`` is ``fixed`` where it cannot be switched off. ``nvram`` is ``full`` where nothing can be saved.
    ``echo_delay`` and ``output_delay`` are seconds, before an echo and for every 20 lines. ``chatter`` is a number of
    lines after which a syslog line comes between, 0 for none; ``stubborn_chatter`` heeds no ``terminal no monitor``.
    ``colleagues`` are others who are logged on: ``{user, line, from, config}``. ``locked_by`` holds the configuration.
    ``boot`` is how many seconds of its own a reload takes. ``telnet`` are greetings by address: what a server on
    port 25 says. ``truncate`` cuts every running-config off after so many lines.
    """

    platform: Platform = "ios"
    version: str = ""
    levels: Mapping[str, int] = field(default_factory=dict)
    secret: str | None = "Enable-secret 1"  # noqa: S105  # of the lab
    pager: Literal["on", "fixed"] = "on"
    nvram: Literal["works", "full"] = "works"
    vty: int = 5
    time_scale: float = 1.0
    boot: float = 60.0
    echo_delay: float = 0.0
    output_delay: float = 0.0
    chatter: int = 0
    stubborn_chatter: bool = False
    prompt: str | None = None
    colleagues: Sequence[Mapping[str, Any]] = ()
    locked_by: str | None = None
    telnet: Mapping[str, str | bytes | Callable[[], bytes | None]] = field(default_factory=dict)
    truncate: int | None = None
    start_context: str = "admin"
    legacy: bool = False


SETTINGS: Final = frozenset(Settings.__dataclass_fields__) - {"platform"}


@dataclass(slots=True, eq=False)
class Space:
    """A configuration of its own: the device's, or a context's."""

    running: Node
    startup: Node | None
    texts: Texts
    first: First | None = None
    changed: str = ""
    saved: str = ""

    @property
    def modified(self) -> bool:
        return self.startup is None or text_of(self.running) != text_of(self.startup)


@dataclass(slots=True, eq=False)
class Visit:
    """One session as the device sees it. ``tell`` shows a line on its terminal, ``cut`` ends it."""

    number: int
    user: str
    vty: int
    cut: Callable[[], None]
    tell: Callable[[str], None]
    configuring: bool = False
    monitor: bool = False


class Device:
    """
    One device. ``log`` has every line that anybody sent; ``events`` what happened by itself or was asked for:
    ``armed confirmed reverted reload-armed reload-cancelled reloading up saved``. Thread-safe.
    """

    def __init__(
        self, name: str, running: str, startup: str | None, users: Mapping[str, str], settings: Settings
    ) -> None:
        self.name = name
        self.users = users
        self.settings = settings
        self.platform = settings.platform
        self.clock = Clock(settings.time_scale)
        self.spaces: dict[str, Space] = {SYSTEM: _space(self.platform, running, startup)}
        self.trips: list[Trip] = []
        self.log: list[Entry] = []
        self.events: list[str] = []
        self.visits: dict[int, Visit] = {}
        self.peer: Device | None = None
        self.faults: Collection[str] = ()
        self.active = True
        self.unit = "Primary"
        self.door: Door = "open"
        self.mute = False
        self.locked_by = settings.locked_by
        self.nvram = settings.nvram
        self.revert_alarm: Alarm | None = None
        self.reload_alarm: Alarm | None = None
        self.lock = threading.RLock()
        self._reverts_to: Node | None = None
        self._alarms: list[Alarm] = []
        self._happened = threading.Condition(self.lock)
        self._visited = 0
        self._archived = 0

    # What the doors and tests see.

    def door_faults(self) -> Collection[str]:
        """What the door does just now, in the words of `door_faults`."""
        now = {"open": (), "refused": ("no-listener",), "silent": ("hang",)}[self.door]
        return {*self.faults, *now}

    def inspects_smtp(self) -> bool:
        """Whether mail that passes is inspected by the configuration as it is now."""
        with self.lock:
            return _inspects(self.platform, self.spaces[SYSTEM].running)

    def greeting(self) -> bytes | None:
        return None

    def run(self, line: str, codepage: int | None = None) -> Ran:
        """One exec-mode line of somebody at the console who is privileged."""
        from remediators.lab.ios_console import console  # noqa: PLC0415  # the console imports this module

        return Ran(console(self, [line]).encode(), b"", 0)

    def running(self, space: str = SYSTEM) -> str:
        """The running configuration, without head and end, for comparison."""
        with self.lock:
            return text_of(self.spaces[space].running)

    def startup(self, space: str = SYSTEM) -> str | None:
        """The saved configuration, ``None`` where there is none."""
        with self.lock:
            saved = self.spaces[space].startup
            return None if saved is None else text_of(saved)

    def lines(self, *, config: bool = True) -> list[str]:
        """Lines sent in configuration mode, or the others."""
        return [entry.line for entry in self.log if (entry.mode != "exec") == config]

    def await_event(self, name: str, seconds: float = 10.0, times: int = 1) -> bool:
        """Wait until something has happened ``times`` times; whether it has."""
        with self._happened:
            return self._happened.wait_for(lambda: self.events.count(name) >= times, seconds)

    def stop(self) -> None:
        """Call off everything that would still happen, and wait for its threads."""
        with self.lock:
            alarms = tuple(self._alarms)
        for alarm in alarms:
            alarm.cancel()
            alarm.join()

    @property
    def hostname(self) -> str:
        names = (
            node.line.split()[1] for node in self.spaces[SYSTEM].running.children if node.line.startswith("hostname ")
        )
        return next(names, {"ios": "Router", "asa": "ciscoasa", "pix": "pixfirewall"}[self.platform])

    # Sessions.

    def enter(self, user: str, cut: Callable[[], None], tell: Callable[[str], None]) -> Visit | None:
        """Take a line; ``None`` where all are taken."""
        with self.lock:
            taken = {visit.vty for visit in self.visits.values()}
            free = [vty for vty in range(self.settings.vty - len(self.settings.colleagues)) if vty not in taken]
            if not free:
                return None
            self._visited += 1
            visit = self.visits[self._visited] = Visit(self._visited, user, free[0], cut, tell)
            return visit

    def leave(self, visit: Visit) -> None:
        with self.lock:
            self.visits.pop(visit.number, None)

    def record(self, entry: Entry) -> Trip | None:
        """Note a line; gives what goes wrong with it."""
        with self.lock:
            self.log.append(entry)
            for trip in self.trips:
                if trip.times > 0 and trip.line in entry.line:
                    trip.times -= 1
                    return trip
            return None

    def spring(self, trip: Trip) -> None:
        """After the line of a trip: what it does to the door and the sessions."""
        with self.lock:
            self.door = trip.unreachable or self.door
            self.mute = self.mute or trip.mute

    # Configurations.

    def changed(self, space: str, by: str) -> None:
        """The running configuration was changed: its date, and the peer's copy."""
        with self.lock:
            self.spaces[space].changed = f"{self.clock.date()} by {by}"
            if self.peer is not None and self.active:
                self.peer._put(space, self.spaces[space].running.copy())  # noqa: SLF001  # of the same class

    def save(self, space: str, by: str) -> bool:
        """Running to startup, the peer's too; whether there was room."""
        with self.lock:
            if self.nvram == "full":
                return False
            here = self.spaces[space]
            here.startup, here.saved = here.running.copy(), f"{self.clock.date()} by {by}"
            if self.peer is not None and self.active:
                self.peer.spaces[space].startup = here.running.copy()
            self._happen("saved")
            return True

    def _put(self, space: str, root: Node) -> None:
        here = self.spaces[space]
        here.running, here.texts = root, vocabulary(self.platform, root)

    @property
    def archive_path(self) -> str | None:
        archive = self.spaces[SYSTEM].running.child("archive")
        paths = (
            node.line.split()[1] for node in (archive.children if archive else ()) if node.line.startswith("path ")
        )
        return next(paths, None)

    @property
    def archived(self) -> int:
        """How many copies the archive holds."""
        return self._archived

    def keep_copy(self) -> str:
        """Write a copy into the archive; its name."""
        with self.lock:
            self._archived += 1
            return f"{self.archive_path}-{self._archived - 1}"

    # The revert timer.

    def arm(self, minutes: int, by: str) -> None:
        """``configure terminal revert timer``: go back to the configuration as it is now."""
        with self.lock:
            self._reverts_to = self.spaces[SYSTEM].running.copy()
            self.revert_alarm = self._alarm(minutes * 60, self._revert_due, by)
            self._happen("armed")

    def rearm(self, minutes: int, by: str) -> None:
        with self.lock:
            if self.revert_alarm is not None:
                self.revert_alarm.cancel()
                self.revert_alarm = self._alarm(minutes * 60, self._revert_due, by)

    def confirm(self) -> bool:
        """``configure confirm``; whether anything waited for it."""
        with self.lock:
            if self.revert_alarm is None:
                return False
            self.revert_alarm.cancel()
            self.revert_alarm = self._reverts_to = None
            self._happen("confirmed")
            return True

    def revert(self) -> bool:
        """Go back now; whether there was anything to go back to."""
        with self.lock:
            if self.revert_alarm is None or self._reverts_to is None:
                return False
            self.revert_alarm.cancel()
            self._put(SYSTEM, self._reverts_to)
            self.revert_alarm = self._reverts_to = None
            self.door, self.mute = "open", False
            self._happen("reverted")
            return True

    def _revert_due(self) -> None:
        with self.lock:
            name = f"{self.archive_path}-{max(self._archived - 1, 0)}"
        self.tell_all(
            f"*{self.clock.stamp()}: %ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START: Start rolling to: {name}"
        )
        self.revert()

    # Reload.

    def arm_reload(self, seconds: float, by: str) -> None:
        with self.lock:
            if self.reload_alarm is not None:
                self.reload_alarm.cancel()
            self.reload_alarm = self._alarm(seconds, self.reload, by)
            self._happen("reload-armed")

    def cancel_reload(self) -> bool:
        with self.lock:
            if self.reload_alarm is None:
                return False
            self.reload_alarm.cancel()
            self.reload_alarm = None
            self._happen("reload-cancelled")
            return True

    def reload(self) -> None:
        """Go down now: every session is cut, and the device comes up with what was saved."""
        with self.lock:
            for alarm in (self.revert_alarm, self.reload_alarm):
                if alarm is not None:
                    alarm.cancel()
            self.revert_alarm = self.reload_alarm = self._reverts_to = None
            self.door = "refused"
            if self.peer is not None and self.active:
                self.active, self.peer.active = False, True
            self._happen("reloading")
            visits = tuple(self.visits.values())
            self._alarm(self.settings.boot, self._boot, "boot")
        for visit in visits:
            visit.cut()

    def _boot(self) -> None:
        with self.lock:
            for name, space in self.spaces.items():
                # A unit that boots beside an active one takes the configuration of that one.
                if self.peer is not None and self.peer.active:
                    root = self.peer.spaces[name].running.copy()
                else:
                    root = parse(text_of(space.startup)) if space.startup is not None else Node("")
                self._put(name, root)
                space.changed = ""
            self.door, self.mute = "open", False
            self._happen("up")

    # Small things.

    def tell_all(self, text: str) -> None:
        """Show a line of the log on every terminal that monitors it."""
        for visit in tuple(self.visits.values()):
            if visit.monitor:
                visit.tell(text)

    def _alarm(self, seconds: float, then: Callable[[], None], by: str) -> Alarm:
        alarm = Alarm(self.clock, seconds, then, by)
        self._alarms.append(alarm)
        return alarm

    def _happen(self, event: str) -> None:
        with self._happened:
            self.events.append(event)
            self._happened.notify_all()

    def others(self) -> Iterator[Mapping[str, Any]]:
        yield from self.settings.colleagues


def _space(platform: str, running: str, startup: str | None) -> Space:
    root = parse(running)
    return Space(root, None if startup is None else parse(startup), vocabulary(platform, root), first_of(root))


def _inspects(platform: str, root: Node) -> bool:
    lines = [(top.words, [node.words for node in top.walk()]) for top in root.children]
    match platform:
        case "pix":
            return any(top[:3] == ["fixup", "protocol", "smtp"] for top, _ in lines)
        case "asa":
            used = {top[1] for top, _ in lines if top[0] == "service-policy"}
            mine = [below for top, below in lines if top[0] == "policy-map" and top[-1] in used]
            return any(words[:2] == ["inspect", "esmtp"] for below in mine for words in below)
    names = {top[3] for top, _ in lines if top[:3] == ["ip", "inspect", "name"] and top[4:5] in (["smtp"], ["esmtp"])}
    below = [words for top, under in lines if top[0] == "interface" for words in under]
    return any(words[:2] == ["ip", "inspect"] and words[2] in names for words in below)


def build(name: str, spec: Mapping[str, Any]) -> Device:
    """
    A device from a fleet's entry: ``device`` (ios, asa, pix), ``config`` and `SETTINGS`.

    ``config`` is a file or a text; ``startup`` is another, or ``None`` for none (the default is ``config``).
    ``contexts`` are more configurations by name (ASA), ``trips`` is what goes wrong on a line, for ``failover`` see
    `pair`.
    Raises ValueError for anything else.
    """
    unknown = set(spec) - SETTINGS - {"device", "config", "startup", "users", "contexts", "trips", "failover", "faults"}
    if unknown:
        raise ValueError(f"{name}: a device knows no {', '.join(sorted(unknown))}")
    platform = str(spec.get("device", "ios"))
    if platform not in ("ios", "asa", "pix"):
        raise ValueError(f"{name}: no such device: {platform!r}; there are ios, asa and pix")
    settings = Settings(
        platform=cast("Platform", platform), **{key: value for key, value in spec.items() if key in SETTINGS}
    )
    running = _text(spec.get("config", f"hostname {name}\n"))
    startup = spec.get("startup", running)
    users = spec.get("users", {"admin": "Lab-secret 1"})
    device = Device(name, running, None if startup is None else _text(startup), users, settings)
    for context, config in spec.get("contexts", {}).items():
        device.spaces[context] = _space(platform, _text(config), _text(config))
    device.trips += [trip if isinstance(trip, Trip) else Trip(**trip) for trip in spec.get("trips", ())]
    device.active = spec.get("failover", {}).get("state", "active") == "active"
    device.faults = tuple(fault for fault in spec.get("faults", ()) if fault in FAULTS)
    device.unit = "Primary" if device.active else "Secondary"
    return device


def pair(devices: Mapping[str, Device], specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Join the units of failover pairs: ``failover: {peer: NAME, state: active | standby}``."""
    for name, device in devices.items():
        peer = specs[name].get("failover", {}).get("peer")
        device.peer = devices[peer] if peer is not None else device.peer


def _text(config: str | Path) -> str:
    """A configuration given as text, or as the name of a file."""
    if isinstance(config, Path) or "\n" not in config:
        return Path(config).read_text(encoding="utf-8")
    return config
