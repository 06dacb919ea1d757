"""The WMI classes that a simulated server has: its event logs, itself, and the queues of Exchange's SMTP service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from remediators.lab.event_log import LOGS, TYPES, Event, Kind
from remediators.lab.wmi_query import Condition, Row, Value

if TYPE_CHECKING:
    from remediators.lab.mail_flow import Link
    from remediators.lab.world import WindowsMachine

ALIASES: Final = {
    "ntevent": "win32_ntlogevent",
    "nteventlog": "win32_nteventlogfile",
    "os": "win32_operatingsystem",
    "service": "win32_service",
}


@dataclass(frozen=True, slots=True)
class Class:
    """A class: its name as WMI spells it, its properties, its instances that a condition wants, and its methods."""

    name: str
    properties: tuple[str, ...]
    instances: Callable[[WindowsMachine, Condition], Iterable[Row]]
    keys: tuple[str, ...] = ()
    methods: Mapping[str, Callable[[WindowsMachine, Row], int]] | None = None


def classes_of(machine: WindowsMachine, namespace: str) -> Mapping[str, Class] | None:
    """The classes of a namespace by lower-case name; ``None`` where there is no such namespace."""
    match namespace.lower().replace("/", "\\").strip("\\").removeprefix(".\\"):
        case "root\\cimv2":
            return _CIMV2
        case "root\\microsoftexchangev2" if machine.exchange:
            return _EXCHANGE
        case _:
            return None


def _row(**values: Value) -> Row:
    return {name.lower(): value for name, value in values.items()}


def _of_kind(machine: WindowsMachine, kind: Kind) -> Row:
    return _row(
        Category=0 if kind.category == "None" else 1,
        CategoryString=None if kind.category == "None" else kind.category,
        ComputerName=machine.computer,
        EventCode=kind.id,
        EventIdentifier=kind.identifier,
        EventType=TYPES[kind.type],
        InsertionStrings=tuple(kind.strings) or None,
        Logfile=kind.log,
        Message=kind.message.replace("\n", "\r\n"),
        SourceName=kind.source,
        Type=machine.word(f"event-{kind.type}"),
        User=None if kind.user == "N/A" else kind.user,
    )


def _events(machine: WindowsMachine, wanted: Condition) -> Iterator[Row]:
    def possible(kind: Kind) -> bool:
        return wanted(_of_kind(machine, kind)) is not False

    for event in machine.events.newest_first(LOGS, possible):
        row = _event(machine, event)
        if wanted(row):
            yield row


def _event(machine: WindowsMachine, event: Event) -> Row:
    when = event.when.replace(microsecond=0)
    return {**_of_kind(machine, event.kind), **_row(RecordNumber=event.number, TimeGenerated=when, TimeWritten=when)}


def _log_files(machine: WindowsMachine, wanted: Condition) -> Iterator[Row]:
    for log in LOGS:
        count = machine.events.count(log)
        name = f"{machine.edition.root}\\system32\\config\\{log[:3]}Event.Evt"
        row = _row(
            LogfileName=log, NumberOfRecords=count, Name=name, FileSize=65536 + 320 * count, MaxFileSize=16777216
        )
        if wanted(row):
            yield row


def _system(machine: WindowsMachine, wanted: Condition) -> Iterator[Row]:
    row = _row(
        BuildNumber=machine.edition.build,
        Caption=machine.edition.product,
        CSName=machine.computer,
        CurrentTimeZone=int(machine.zone.total_seconds() // 60),
        LastBootUpTime=machine.booted,
        LocalDateTime=machine.now(),
        Version=f"{machine.edition.number}.{machine.edition.build}",
    )
    if wanted(row):
        yield row


_STATES: Final = {1: "Stopped", 2: "Start Pending", 3: "Stop Pending", 4: "Running", 7: "Paused"}
_MODES: Final = {0: "Boot", 1: "System", 2: "Auto", 3: "Manual", 4: "Disabled"}


def _services(machine: WindowsMachine, wanted: Condition) -> Iterator[Row]:
    for service in machine.services:
        state = machine.services.look(service)
        row = _row(
            DisplayName=service.display,
            Name=service.name,
            PathName=machine.services.configured(service, "ImagePath"),
            ProcessId=service.pid,
            Started=state == 4,
            StartMode=_MODES[machine.services.start_number(service)],
            State=_STATES.get(state, "Unknown"),
        )
        if wanted(row):
            yield row


def _links(machine: WindowsMachine, wanted: Condition) -> Iterator[Row]:
    """A link is what Exchange's own console calls a queue; ExtendedStateInfo is its "Additional queue information"."""
    for link in machine.mail_links():
        if wanted(row := _link(machine, link)):
            yield row


def _link(machine: WindowsMachine, link: Link) -> Row:
    return _row(
        ActionFreeze=True,
        ActionKick=True,
        ActionThaw=True,
        ExtendedStateInfo=link.information,
        GlobalStop=False,
        IncreasingTime=0,
        LinkId=link.identity,
        LinkName=link.name,
        MessageCount=link.count,
        NextScheduledConnection=link.next_attempt if link.remote else None,
        OldestMessage=link.oldest,
        ProtocolName="SMTP",
        Size=link.size,
        StateActive=link.state == "active",
        StateFlags={"ready": 2, "active": 1, "retry": 4}[link.state],
        StateFrozen=False,
        StateReady=link.state == "ready",
        StateRemote=False,
        StateRetry=link.state == "retry",
        StateScheduled=False,
        SupportedLinkActions=7,
        TypeInternal=False,
        TypeLocalDelivery=not link.remote,
        TypePendingRouting=False,
        TypeRemoteDelivery=link.remote,
        Version=1,
        VirtualMachine=machine.computer,
        VirtualServerName="1",
    )


def _queues(machine: WindowsMachine, wanted: Condition) -> Iterator[Row]:
    for link in machine.mail_links():
        row = _row(
            GlobalStop=False,
            LinkId=link.identity,
            LinkName=link.name,
            MessageCount=link.count,
            ProtocolName="SMTP",
            QueueId=f"{link.identity}-1",
            QueueName=link.name,
            Size=link.size,
            Version=1,
            VirtualMachine=machine.computer,
            VirtualServerName="1",
        )
        if wanted(row):
            yield row


def _kick(machine: WindowsMachine, row: Row) -> int:
    machine.kick(str(row["linkname"]))
    return 0


def cim_text(when: dt.datetime, zone: dt.timedelta) -> str:
    """A time as WMI writes it, in the host's own time with the minutes from UTC."""
    return f"{when + zone:%Y%m%d%H%M%S.%f}{int(zone.total_seconds() // 60):+04d}"


_EVENT: Final = (
    "Category CategoryString ComputerName Data EventCode EventIdentifier EventType InsertionStrings Logfile Message "
    "RecordNumber SourceName TimeGenerated TimeWritten Type User"
)
_LINK: Final = (
    "ActionFreeze ActionKick ActionThaw ExtendedStateInfo GlobalStop IncreasingTime LinkId LinkName MessageCount "
    "NextScheduledConnection OldestMessage ProtocolName Size StateActive StateFlags StateFrozen StateReady StateRemote "
    "StateRetry StateScheduled SupportedLinkActions TypeInternal TypeLocalDelivery TypePendingRouting "
    "TypeRemoteDelivery Version VirtualMachine VirtualServerName"
)
_QUEUE: Final = (
    "GlobalStop LinkId LinkName MessageCount ProtocolName QueueId QueueName Size Version VirtualMachine "
    "VirtualServerName"
)
_SYSTEM: Final = "BuildNumber Caption CSName CurrentTimeZone LastBootUpTime LocalDateTime Version"
_SERVICE: Final = "DisplayName Name PathName ProcessId Started StartMode State"
_FILE: Final = "FileSize LogfileName MaxFileSize Name NumberOfRecords"
_LINK_KEYS: Final = ("LinkId", "LinkName", "ProtocolName", "VirtualMachine", "VirtualServerName")


def _table(*found: Class) -> Mapping[str, Class]:
    return {one.name.lower(): one for one in found}


_CIMV2: Final = _table(
    Class("Win32_NTLogEvent", tuple(_EVENT.split()), _events, ("Logfile", "RecordNumber")),
    Class("Win32_NTEventlogFile", tuple(_FILE.split()), _log_files, ("Name",)),
    Class("Win32_OperatingSystem", tuple(_SYSTEM.split()), _system, ("Caption",)),
    Class("Win32_Service", tuple(_SERVICE.split()), _services, ("Name",)),
)
_EXCHANGE: Final = _table(
    Class("Exchange_SMTPLink", tuple(_LINK.split()), _links, _LINK_KEYS, {"kick": _kick}),
    Class("Exchange_Link", tuple(_LINK.split()), _links, _LINK_KEYS, {"kick": _kick}),
    Class("Exchange_SMTPQueue", tuple(_QUEUE.split()), _queues, (*_LINK_KEYS, "QueueId", "QueueName")),
    Class("Exchange_Queue", tuple(_QUEUE.split()), _queues, (*_LINK_KEYS, "QueueId", "QueueName")),
)
