"""The escape hatch: probes, and commands that lead there and back."""

from __future__ import annotations

import pytest

from remediators.model import Answer, Change, Refused, Snapshot, Unread
from remediators.resources import commands, services
from remediators.resources.commands import CommandKind

from .windows_model import Service, Windows

KIND = CommandKind()
ADDRESS = commands.address("hosts: relay")
DETAIL = {"probe": 'find "x" hosts', "apply": "echo x>>hosts", "revert": "copy keep hosts", "desired": {"rc": 0}}


def probed(answer: Answer, **desired: object) -> Snapshot:
    query = commands.probe(ADDRESS, {**DETAIL, "desired": desired})
    return Snapshot().read(query, query.parse([answer]))


def test_only_what_desired_names_is_compared() -> None:
    answer = Answer(b"---------- HOSTS\r\nx\r\n\r\n", 1)

    assert probed(answer, rc=0)[ADDRESS] == {"rc": 1}
    assert probed(answer, out="")[ADDRESS] == {"out": "---------- HOSTS\nx"}
    assert probed(answer, rc=0, out="")[ADDRESS] == {"rc": 1, "out": "---------- HOSTS\nx"}


def test_output_that_is_no_text_is_unread_where_it_matters() -> None:
    answer = Answer(b"\xff\x81", 0)

    assert probed(answer, rc=0)[ADDRESS] == {"rc": 0}
    with pytest.raises(Unread, match="no text"):
        probed(answer, out="")[ADDRESS]


def test_the_same_name_with_another_probe_is_another_question() -> None:
    assert commands.probe(ADDRESS, DETAIL).name != commands.probe(ADDRESS, {**DETAIL, "probe": "ver"}).name


def test_a_change_runs_apply_and_its_inverse_runs_revert() -> None:
    change = Change(ADDRESS, {"rc": 1}, {"rc": 0}, detail=DETAIL)

    assert [c.shown for s in KIND.write([change], Snapshot()) for c in s.commands] == ["echo x>>hosts"]
    assert [c.shown for s in KIND.write([change.inverse()], Snapshot()) for c in s.commands] == ["copy keep hosts"]


def test_a_service_stops_around_the_command_and_starts_whatever_comes_of_it() -> None:
    windows = Windows({"RESvc": Service("running", needs=("SMTPSVC",)), "SMTPSVC": Service("running")})
    detail = {**DETAIL, "while_stopped": "SMTPSVC"}
    change = Change(ADDRESS, {"rc": 1}, {"rc": 0}, detail=detail)
    asked = [q for q in KIND.queries([ADDRESS], Snapshot(), {ADDRESS: detail}) if not q.name.startswith("command")]
    known = windows.read(asked)

    steps = KIND.write([change], known)

    assert [c.shown for s in steps for c in s.commands] == [
        "net stop RESvc",
        "net stop SMTPSVC",
        "echo x>>hosts",
        "net start SMTPSVC",
        "net start RESvc",
    ]
    assert [step.always for step in steps] == [False, False, True, True]
    assert list(KIND.notes([change], known)) == [
        f"SMTPSVC stops and starts again around {ADDRESS}, with RESvc; mail stops meanwhile"
    ]


def test_a_service_that_does_not_run_stays_down() -> None:
    windows = Windows({"SMTPSVC": Service("stopped")})
    detail = {**DETAIL, "while_stopped": "SMTPSVC"}
    known = windows.read(services.read([services.part("SMTPSVC", w) for w in ("state", "dependents")], Snapshot()))

    steps = KIND.write([Change(ADDRESS, {"rc": 1}, {"rc": 0}, detail=detail)], known)

    assert [c.shown for s in steps for c in s.commands] == ["echo x>>hosts"]


def test_a_store_is_not_stopped_for_a_command_without_leave() -> None:
    windows = Windows({"MSExchangeIS": Service("running")})
    detail = {**DETAIL, "while_stopped": "MSExchangeIS"}
    known = windows.read(services.read([services.part("MSExchangeIS", w) for w in ("state", "dependents")], Snapshot()))
    change = Change(ADDRESS, {"rc": 1}, {"rc": 0}, detail=detail)

    with pytest.raises(Refused, match="allow_store_restart"):
        KIND.write([change], known)
    assert "allow_store_restart" in (KIND.unwritable(change, known) or "")


def test_a_command_that_cannot_be_passed_is_unwritable() -> None:
    change = Change(ADDRESS, {"rc": 1}, {"rc": 0}, detail={**DETAIL, "revert": "a\nb"})

    assert "U+000A" in (KIND.unwritable(change, Snapshot()) or "")
    assert KIND.unwritable(Change(ADDRESS, {"rc": 1}, {"rc": 0}), Snapshot())


def test_the_way_back_swaps_apply_and_revert_and_wants_what_was_found() -> None:
    (back,) = KIND.restore([Change(ADDRESS, {"rc": 1}, {"rc": 0}, detail=DETAIL)])

    assert back.remediator == "command"
    assert back.options == {
        "name": "hosts: relay",
        "probe": 'find "x" hosts',
        "desired": {"rc": 1},
        "apply": "copy keep hosts",
        "revert": "echo x>>hosts",
    }
