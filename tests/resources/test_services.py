"""Services: what sc and reg say, in several languages, and what is sent."""

from __future__ import annotations

import pytest

from remediators.model import Action, Address, Answer, Change, Refused, Snapshot, Unread
from remediators.resources import service_control as control
from remediators.resources import services
from remediators.resources.services import ServiceKind, part

from .windows_model import Service, Windows

KIND = ServiceKind()

SC_2003 = b"""\r
SERVICE_NAME: lanmanworkstation\r
        TYPE               : 20  WIN32_SHARE_PROCESS \r
        STATE              : 4  RUNNING \r
                                (STOPPABLE,PAUSABLE,ACCEPTS_SHUTDOWN)\r
        WIN32_EXIT_CODE    : 0  (0x0)\r
        SERVICE_EXIT_CODE  : 0  (0x0)\r
        CHECKPOINT         : 0x0\r
        WAIT_HINT          : 0x0\r
"""
SC_2008 = SC_2003.replace(b"STOPPABLE,PAUSABLE,", b"STOPPABLE, PAUSABLE, ")
SC_WINE = b"""SERVICE_NAME: lanmanworkstation\r
        TYPE               : 110  \r
        STATE              : 1  STOPPED\r
        WIN32_EXIT_CODE    : 1077  (0x435)\r
        SERVICE_EXIT_CODE  : 0  (0x0)\r
        CHECKPOINT         : 0x0\r
        WAIT_HINT          : 0x0\r
"""
SC_SPANISH = """\r
NOMBRE_SERVICIO: lanmanworkstation\r
        TIPO               : 110  WIN32_OWN_PROCESS  (interactive)\r
        ESTADO             : 7  PAUSED\r
                                (STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)\r
        CÓD_SALIDA_WIN32   : 0  (0x0)\r
""".encode()
SC_GERMAN_PENDING = """\r
DIENSTNAME: lanmanworkstation\r
        TYP                : 20  WIN32_SHARE_PROCESS\r
        STATUS             : 3  STOP_PENDING\r
                                (STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)\r
        PRÜFPUNKT          : 0x1\r
""".encode()
ENUM_2003 = b"""Enum: entriesRead  = 2\r
\r
SERVICE_NAME: RESvc\r
DISPLAY_NAME: Microsoft Exchange Routing Engine\r
        TYPE               : 20  WIN32_SHARE_PROCESS \r
        STATE              : 4  RUNNING \r
                                (STOPPABLE,NOT_PAUSABLE,IGNORES_SHUTDOWN)\r
        WIN32_EXIT_CODE    : 0  (0x0)\r
        SERVICE_EXIT_CODE  : 0  (0x0)\r
        CHECKPOINT         : 0x0\r
        WAIT_HINT          : 0x0\r
\r
SERVICE_NAME: My Dep\r
DISPLAY_NAME: Depends: on it\r
        TYPE               : 10  WIN32_OWN_PROCESS \r
        STATE              : 1  STOPPED \r
        WIN32_EXIT_CODE    : 0  (0x0)\r
"""
ENUM_GERMAN = (
    ENUM_2003.replace(b"Enum: entriesRead", b"Enum: gelesene Eintr\xc3\xa4ge")
    .replace(b"SERVICE_NAME", b"DIENSTNAME")
    .replace(b"DISPLAY_NAME", b"ANZEIGENAME")
    .replace(b"STATE ", b"STATUS")
)
REG_2003 = b"""\r
! REG.EXE VERSION 3.0\r
\r
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SMTPSVC\r
    Type\tREG_DWORD\t0x20\r
    Start\tREG_DWORD\t0x2\r
    DisplayName\tREG_SZ\tSimple Mail Transfer Protocol (SMTP)\r
    DependOnService\tREG_MULTI_SZ\tIISADMIN\\0Eventlog\\0\\0\r
\r
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SMTPSVC\\Parameters\r
"""
REG_2008 = b"""\r
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\wuauserv\r
    Start    REG_DWORD    0x2\r
    DelayedAutostart    REG_DWORD    0x1\r
    Description    REG_SZ    \r
"""


def read(what: str, *answers: Answer, name: str = "X", known: Snapshot | None = None) -> Snapshot:
    """Ask for one thing about a service and give these answers, one a round."""
    known = known or Snapshot()
    for answer in answers:
        (query,) = (q for q in services.read([part(name, what)], known) if q.name not in known.asked)
        known = known.read(query, query.parse([answer] * len(query.commands)))
    return known


@pytest.mark.parametrize(
    ("text", "state"),
    [(SC_2003, "running"), (SC_2008, "running"), (SC_WINE, "stopped"), (SC_SPANISH, "paused")],
)
def test_a_state_is_told_by_its_digit_whatever_the_labels_say(text: bytes, state: str) -> None:
    assert read("state", Answer(text, 0, "utf-8"))[part("X", "state")] == state


def test_a_service_on_its_way_is_unread_and_says_where_it_is_going() -> None:
    known = read("state", Answer(SC_GERMAN_PENDING, 0, "utf-8"))

    with pytest.raises(Unread, match="is stopping; wait until it settles"):
        known[part("X", "state")]
    assert services.exists("X", known)


@pytest.mark.parametrize("status", [1060, 36])
def test_a_service_that_sc_does_not_know_is_absent(status: int) -> None:
    text = b"[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n\r\nDer angegebene Dienst ist kein ..."

    assert read("state", Answer(text, status))[part("X", "state")] is None


def test_where_sc_says_nothing_the_list_of_services_proves_absence() -> None:
    listed = b"\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Spooler\r\n"

    assert read("state", Answer(b"", 1), Answer(listed, 0))[part("X", "state")] is None


def test_where_sc_says_nothing_of_a_service_that_is_listed_it_is_unread() -> None:
    listed = b"\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\x\r\n"

    with pytest.raises(Unread, match="exists, but nothing could be read"):
        read("state", Answer(b"", 1), Answer(listed, 0))[part("X", "state")]


def test_where_neither_says_anything_a_service_is_unread_rather_than_absent() -> None:
    with pytest.raises(Unread, match="neither sc nor the registry"):
        read("state", Answer(b"", 1), Answer(b"", 1))[part("X", "state")]


def test_denied_access_is_unread() -> None:
    with pytest.raises(Unread, match="access is denied"):
        read("state", Answer(b"[SC] OpenService FAILED 5:\r\n", 5))[part("X", "state")]


@pytest.mark.parametrize("text", [ENUM_2003, ENUM_GERMAN])
def test_dependents_are_listed_in_the_order_to_stop_them(text: bytes) -> None:
    known = read("dependents", Answer(text, 0, "utf-8"))

    assert known[part("X", "dependents")] == [["RESvc", "running"], ["My Dep", "stopped"]]


def test_no_dependents_is_an_empty_list() -> None:
    assert read("dependents", Answer(b"Enum: entriesRead  = 0\r\n", 0))[part("X", "dependents")] == []


@pytest.mark.parametrize(
    "answer",
    [Answer(b"", 1), Answer(b"", 0), Answer(ENUM_2003.replace(b"= 2", b"= 3"), 0), Answer(ENUM_2003, 234)],
)
def test_dependents_that_were_not_all_listed_are_unread(answer: Answer) -> None:
    with pytest.raises(Unread, match="no list that can be used"):
        read("dependents", answer)[part("X", "dependents")]


def test_the_registry_of_2003_tells_start_mode_needs_and_display_name() -> None:
    known = read("start_mode", Answer(REG_2003, 0))

    assert known[part("x", "start_mode")] == "auto"
    assert known[part("x", "needs")] == ["IISADMIN", "Eventlog"]
    assert known[part("x", "display")] == "Simple Mail Transfer Protocol (SMTP)"


def test_a_delayed_start_is_told_from_an_automatic_one() -> None:
    known = read("start_mode", Answer(REG_2008, 0))

    assert known[part("X", "start_mode")] == "delayed"
    assert known[part("X", "needs")] == []
    assert known[part("X", "display")] is None


@pytest.mark.parametrize(("digit", "mode"), [(0, "boot"), (1, "system"), (2, "auto"), (3, "manual"), (4, "disabled")])
def test_every_start_type_of_the_registry_has_a_word(digit: int, mode: str) -> None:
    known = read("start_mode", Answer(REG_2003.replace(b"0x2\r", b"0x%d\r" % digit), 0))

    assert known[part("X", "start_mode")] == mode


def test_a_start_type_that_windows_does_not_have_is_unread() -> None:
    with pytest.raises(Unread, match="no start type"):
        read("start_mode", Answer(REG_2003.replace(b"0x2\r", b"0x9\r"), 0))[part("X", "start_mode")]


def test_a_name_with_signs_of_our_own_survives_in_an_address() -> None:
    assert services.split(part("a#b:c%d", "state")) == ("a#b:c%d", "state")


# -- what is sent -----------------------------------------------------------------------------------------------------


def mail() -> Windows:
    return Windows(
        {
            "IISADMIN": Service("running", "auto"),
            "RESvc": Service("running", "auto", ("SMTPSVC",)),
            "Sleeper": Service("stopped", "demand", ("SMTPSVC",)),
            "SMTPSVC": Service("running", "auto", ("IISADMIN",)),
        }
    )


def known_of(windows: Windows, name: str) -> Snapshot:
    return windows.read(services.read([part(name, w) for w in ("state", "dependents", "start_mode")], Snapshot()))


def restart(windows: Windows, name: str, **detail: object):
    return KIND.perform(Action(Address("service", name), "restarted", (), detail), known_of(windows, name))


def test_a_restart_stops_what_runs_and_starts_again_just_that() -> None:
    windows = mail()

    performance = restart(windows, "SMTPSVC")
    windows.write(performance.steps)

    assert windows.said == ["net stop RESvc", "net stop SMTPSVC", "net start SMTPSVC", "net start RESvc"]
    assert performance.found == {
        part("SMTPSVC", "state"): "running",
        part("RESvc", "state"): "running",
        part("Sleeper", "state"): "stopped",
    }
    assert performance.expects == {part("SMTPSVC", "state"): "running", part("RESvc", "state"): "running"}
    assert performance.notes == ("SMTPSVC stops and starts again, with RESvc; mail stops meanwhile",)
    assert [step.always for step in performance.steps] == [False, True, True]


def test_a_restart_of_a_stopped_service_starts_it_and_says_so() -> None:
    windows = Windows({"SMTPSVC": Service("stopped", "auto")})

    performance = restart(windows, "SMTPSVC")
    windows.write(performance.steps)

    assert windows.said == ["net start SMTPSVC"]
    assert performance.notes == ("SMTPSVC does not run; it is started",)


def test_where_dependents_cannot_be_read_the_restart_names_none_and_says_so() -> None:
    known = read("state", Answer(SC_2003, 0), name="Spooler")
    known = read("dependents", Answer(b"", 1), name="Spooler", known=known)

    performance = KIND.perform(Action(Address("service", "Spooler"), "restarted"), known)

    assert [c.shown for s in performance.steps for c in s.commands] == ["net stop Spooler", "net start Spooler"]
    assert "could not be read" in performance.notes[1]


@pytest.mark.parametrize("name", ["MSExchangeIS", "msexchangesa", "IISADMIN"])
def test_a_store_is_not_restarted_without_leave(name: str) -> None:
    windows = Windows({name: Service("running", "auto")})

    with pytest.raises(Refused, match="allow_store_restart: true"):
        restart(windows, name)
    assert restart(windows, name, allow_store_restart=True).steps


def test_a_store_is_not_stopped_as_a_dependent_unless_it_is_named() -> None:
    windows = Windows({"Eventlog": Service("running"), "MSExchangeIS": Service("running", needs=("Eventlog",))})

    with pytest.raises(Refused, match=r"dependents: \[MSExchangeIS\]"):
        restart(windows, "Eventlog", allow_store_restart=True)
    assert restart(windows, "Eventlog", allow_store_restart=True, dependents=["msexchangeis"]).steps


def test_a_paused_dependent_bars_a_restart() -> None:
    windows = mail()
    windows.services["RESvc"].state = "paused"

    with pytest.raises(Refused, match="RESvc, which depends on SMTPSVC, is paused"):
        restart(windows, "SMTPSVC")


def test_a_disabled_service_is_not_restarted_since_it_would_stay_down() -> None:
    with pytest.raises(Refused, match="could not be started again"):
        restart(Windows({"SMTPSVC": Service("running", "disabled")}), "SMTPSVC")


def test_a_restart_that_does_not_fit_into_one_line_is_refused() -> None:
    many = {f"Dependent number {n}": Service("running", needs=("SMTPSVC",)) for n in range(30)}

    with pytest.raises(Refused, match="one command line"):
        restart(Windows({"SMTPSVC": Service("running"), **many}), "SMTPSVC")


def test_a_restart_with_a_handful_of_dependents_fits_into_one_line() -> None:
    many = {f"Dependent{n}": Service("running", needs=("SMTPSVC",)) for n in range(8)}

    assert restart(Windows({"SMTPSVC": Service("running"), **many}), "SMTPSVC").steps


def test_a_service_that_ran_although_it_was_disabled_comes_back_so() -> None:
    changes = [Change(part("A", "start_mode"), "manual", "disabled"), Change(part("A", "state"), "stopped", "running")]
    lines = [command.shown for step in ServiceKind().write(changes, Snapshot()) for command in step.commands]
    assert lines == ["net start A", "sc config A start= disabled"]


def test_a_service_is_not_restarted_with_a_dependent_that_would_stay_down() -> None:
    known = Snapshot(
        {
            part("A", "state"): "running",
            part("A", "dependents"): [["B", "running"]],
            part("B", "start_mode"): "disabled",
        }
    )
    with pytest.raises(Refused, match="B runs although it is disabled"):
        ServiceKind().perform(Action(Address("service", "A"), "restarted", ()), known)


def test_a_service_is_stopped_before_it_is_disabled_and_enabled_before_it_is_started() -> None:
    down = [
        Change(part("A", "start_mode"), "auto", "disabled"),
        Change(part("A", "state"), "running", "stopped"),
    ]
    lines = [c.shown for s in KIND.write(down, Snapshot()) for c in s.commands]
    back = [c.shown for s in KIND.write([c.inverse() for c in down], Snapshot()) for c in s.commands]

    assert lines == ["net stop A", "sc config A start= disabled"]
    assert back == ["sc config A start= auto", "net start A"]


def test_stopping_asks_for_no_more_than_was_named_and_waits_on_the_host() -> None:
    command = control.stop("SMTPSVC")

    assert "/y" not in command.line
    assert command.shown == "net stop SMTPSVC"
    assert "1,1,150" in command.line  # 150 looks, two seconds apart
    assert command.seconds > 300


@pytest.mark.parametrize(("name", "turns"), [("IISADMIN", 300), ("MSExchangeIS", 900), ("Spooler", 60)])
def test_each_service_has_the_time_that_it_is_known_to_need(name: str, turns: int) -> None:
    assert f"1,1,{turns}" in control.stop(name).line


@pytest.mark.parametrize("name", ['a"b', "a%b", "a\nb"])
def test_a_name_that_cmd_would_read_otherwise_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        control.stop(name)


def test_a_delayed_start_is_refused_on_windows_5() -> None:
    version = Address("host", "version")
    change = Change(part("A", "start_mode"), "auto", "delayed")

    assert KIND.unwritable(change, Snapshot({version: "5.2.3790"})) == "A: Windows 5.x knows no delayed start"
    assert KIND.unwritable(change, Snapshot({version: "6.0.6003"})) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Change(part("A", "state"), "paused", "stopped"), "paused"),
        (Change(part("A", "state"), None, "running"), "cannot be installed"),
        (Change(part("A", "needs"), [], ["B"]), "can only be read"),
        (Change(part('A"', "state"), "stopped", "running"), "command line"),
    ],
)
def test_what_could_not_be_put_back_is_unwritable(change: Change, reason: str) -> None:
    assert reason in (KIND.unwritable(change, Snapshot()) or "")


def test_the_way_back_is_in_the_opposite_order_with_one_task_for_each_service() -> None:
    changes = [
        Change(part("RESvc", "state"), "running", "stopped"),
        Change(part("SMTPSVC", "start_mode"), "auto", "disabled", detail={"allow_cluster": True}),
        Change(part("SMTPSVC", "state"), "running", "stopped"),
    ]

    back = KIND.restore(changes)

    assert [one.remediator for one in back] == ["service", "service"]
    assert back[0].options == {"name": "SMTPSVC", "state": "started", "start_mode": "auto", "allow_cluster": True}
    assert back[1].options == {"name": "RESvc", "state": "started"}


def test_a_store_that_was_started_can_be_stopped_again_by_the_way_back() -> None:
    (back,) = KIND.restore([Change(part("IISADMIN", "state"), "stopped", "running")])

    assert back.options == {"name": "IISADMIN", "state": "stopped", "allow_store_restart": True}


def test_an_action_other_than_a_restart_is_refused() -> None:
    with pytest.raises(Refused):
        KIND.perform(Action(Address("service", "A"), "reloaded"), Snapshot())


# -- clusters ---------------------------------------------------------------------------------------------------------

CLUSTER = b"""\r
HKEY_LOCAL_MACHINE\\Cluster\\Resources\\6a1f\r
    Type    REG_SZ    %s\r
"""


def cluster(resource: bytes, status: int = 0) -> Snapshot:
    known = Snapshot()
    for answer in (Answer(SC_2003, 0), Answer(CLUSTER % resource, status)):
        (query,) = (q for q in services.cluster_queries(known) if q.name not in known.asked)
        known = known.read(query, query.parse([answer]))
    return known


def test_exchange_in_a_cluster_is_told_by_the_types_of_its_resources() -> None:
    assert services.clustered(cluster(b"Microsoft Exchange Information Store"))
    assert not services.clustered(cluster(b"Physical Disk"))


def test_a_cluster_that_could_not_be_read_is_not_taken_for_none() -> None:
    with pytest.raises(Unread):
        services.clustered(cluster(b"", status=1))


def test_without_a_cluster_service_nothing_more_is_asked() -> None:
    (query,) = services.cluster_queries(Snapshot())
    known = Snapshot().read(query, query.parse([Answer(b"", 1060)]))

    assert [q.name for q in services.cluster_queries(known)] == [query.name]
    assert not services.clustered(known)
