"""From a plan through the host's own answers, and all the way back, on a small model of a host."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from remediators.model import Change, ResourceKind, Snapshot
from remediators.resources.metabase import MetabaseKind
from remediators.resources.services import ServiceKind
from tests.resources.windows_model import Service, Windows

from .hosts import changes
from .test_catalog import CATALOG

KINDS: Mapping[str, ResourceKind] = {"service": ServiceKind(), "metabase": MetabaseKind()}


def host() -> Windows:
    return Windows(
        services={
            "IISADMIN": Service("running", "auto"),
            "RESvc": Service("running", "auto", ("SMTPSVC",)),
            "Sleeper": Service("stopped", "demand", ("RESvc",)),
            "SMTPSVC": Service("running", "auto", ("IISADMIN",)),
            "Lower": Service("stopped", "auto"),
            "Upper": Service("stopped", "demand", ("Lower",)),
            "Driver": Service("stopped", "boot"),
        },
        metabase={
            "SMTPSVC/2/CONNECTRESPONSE": '(STRING) "Old text"',
            "SMTPSVC/1/MAXMESSAGES": "(INTEGER) 20",
            "SMTPSVC/1/ISIPDNSLOOKUP": "(BOOLEAN) True",
            "SMTPSVC/1/SERVERBINDINGS": '(LIST)  (2 Items)\r\n  ":25:"\r\n  "a b"',
        },
        nodes={"SmtpSvc", "SmtpSvc/1", "SmtpSvc/2", "SmtpSvc/Info"},
    )


def planned(windows: Windows, name: str, options: Mapping[str, Any]) -> tuple[list[Change], Snapshot]:
    """Ask in rounds as the engine does, then diff."""
    remediator = CATALOG[name]
    given, known = remediator.Options.model_validate(dict(options)), Snapshot()
    for _ in range(4):
        known = windows.read(remediator.queries(given, known), known)
    return changes(remediator, options, known), known


def write(windows: Windows, made: Sequence[Change], known: Snapshot) -> None:
    for name, kind in KINDS.items():
        of_kind = [change for change in made if change.address.kind == name]
        assert [reason for change in of_kind if (reason := kind.unwritable(change, known))] == []
        windows.write(kind.write(of_kind, known))


USES: list[tuple[str, dict[str, Any]]] = [
    ("service", {"name": "SMTPSVC", "state": "stopped", "start_mode": "disabled"}),
    ("service", {"name": "IISADMIN", "state": "stopped", "allow_store_restart": True}),
    ("service", {"name": "Upper", "state": "started", "start_mode": "auto"}),
    ("service", {"name": "Driver", "start_mode": "disabled"}),
    ("smtp_banner", {"virtual_server": "all", "text": 'Contoso & "friends"'.replace('"', "'")}),
    ("smtp_banner", {"virtual_server": 2, "state": "default"}),
    ("metabase", {"path": "smtpsvc/1", "properties": {"MaxMessages": {"type": "INTEGER", "data": 5}}}),
    ("metabase", {"path": "SmtpSvc/1", "properties": {"IsIpDnsLookup": "absent", "SmartHost": "relay"}}),
    ("metabase", {"path": "SmtpSvc/1", "properties": {"ServerBindings": {"type": "LIST", "data": [":26:"]}}}),
]


@pytest.mark.parametrize(("name", "options"), USES)
def test_what_was_applied_is_there_and_what_was_before_comes_back(name: str, options: dict[str, Any]) -> None:
    windows = host()
    if "IsIpDnsLookup" in str(options):
        windows.metabase["SMTPSVC/1/ISIPDNSLOOKUP"] = '(STRING) "text"'  # the model keeps no schema for what is unset
    before = copy.deepcopy((windows.services, windows.metabase))

    made, known = planned(windows, name, options)
    write(windows, made, known)
    again, _ = planned(windows, name, options)
    for kind in KINDS.values():
        of_kind = [change for change in made if change.address.kind in kind.kinds]
        for back in kind.restore(of_kind):
            write(windows, *planned(windows, back.remediator, back.options))

    assert made
    assert again == []
    assert (windows.services, windows.metabase) == before


def test_nothing_is_stopped_that_the_plan_does_not_name() -> None:
    windows = host()

    made, known = planned(windows, "service", {"name": "SMTPSVC", "state": "stopped"})
    write(windows, made, known)

    assert windows.said == ["net stop RESvc", "net stop SMTPSVC"]
    assert {str(change.address) for change in made} == {"service:RESvc#state", "service:SMTPSVC#state"}
