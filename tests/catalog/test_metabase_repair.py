"""KB 304166 against the lab's IIS: what is proven, chosen, written and refused, and what comes back."""

from __future__ import annotations

import pytest

from remediators.model import Refused, Unread
from remediators.resources import metabase_files as files

from .metabase_lab import INETSRV, METABASE, STOPPED, Bench, state

LOST = {"file": "lost", "memory": "lost"}
UNREADABLE = {"file": "cut", "memory": "unreadable"}
DAMAGED = {
    "lost in memory and on disk": {"iis": {**LOST, "history": ["whole", "whole", "lost"]}},
    "unreadable, and cut on disk": {"iis": {**UNREADABLE, "history": ["whole", "thin", "cut"]}},
    "IISADMIN does not start": {"iis": {"file": "character"}, "services": STOPPED},
    "moved by MetadataFile": {"iis": {**LOST, "metadata_file": "D:\\IIS\\MetaBase.xml"}},
    "German": {"iis": {**LOST}, "language": "de"},
}


@pytest.fixture(params=DAMAGED.values(), ids=DAMAGED.keys())
def bench(request):
    return Bench(**request.param)


def test_a_healthy_host_is_left_alone():
    assert Bench().planned()[0] == []
    assert Bench(iis={"file": "whole"}).planned()[0] == []


def test_reading_changes_nothing(bench):
    before, log = bench.machine.state(), len(bench.machine.log)

    bench.planned()

    assert bench.machine.state() == before
    assert len(bench.machine.log) == log


def test_a_damaged_metabase_is_whole_afterwards_and_a_second_plan_is_empty(bench):
    assert bench.repair().endswith("outcome: done")

    assert {"IISADMIN", "SMTPSVC", "RESvc", "W3SVC"} <= bench.running()
    assert bench.machine.iis.sinks
    assert bench.planned()[0] == []


def test_what_was_repaired_goes_back_to_the_exact_files_from_before(bench):
    before = state(bench)
    changes, known = bench.planned()
    bench.apply(changes, known)
    assert state(bench) != before

    bench.back(changes)

    assert state(bench) == before


def test_nothing_is_left_in_the_task_scheduler(bench):
    bench.repair()

    assert bench.machine.tasks == {}
    assert not any(path.endswith("at-work") for path in bench.kept())


def test_every_file_is_kept_aside_byte_for_byte_with_its_hash_in_the_change():
    bench = Bench(iis={**LOST, "backups": {"monday": "whole"}})
    before = {p: bytes.fromhex(raw) for p, raw in bench.machine.state()["files"]["files"].items()}
    changes, known = bench.planned()
    bench.apply(changes, known)

    hashes = changes[0].detail["aside"]
    assert {path.upper() for path in hashes} == {path.upper() for path in before}
    folder = changes[0].detail["folder"]
    for path, raw in before.items():
        inside = path.removeprefix(INETSRV + "\\")
        assert bench.file(f"{folder}\\{inside}") == raw


def test_only_the_file_is_broken_so_iis_writes_it_anew_and_nothing_stops():
    bench = Bench(iis={"file": "character"})
    changes, known = bench.planned()
    log = len(bench.machine.log)

    bench.apply(changes, known)

    assert changes[0].after["sha256"] == "as IIS writes it from memory"
    assert not any(written.kind == "service" for written in bench.machine.log[log:])
    assert bench.planned()[0] == []


@pytest.mark.parametrize("kind", ["cut", "character", "empty", "lost", "missing"])
def test_a_file_of_every_kind_of_damage_is_written_anew_and_comes_back(kind):
    bench = Bench(iis={"file": kind})
    before = state(bench)
    changes, known = bench.planned()
    bench.apply(changes, known)
    assert bench.planned()[0] == []

    bench.back(changes)

    assert state(bench) == before


def test_the_session_may_die_in_the_middle_and_the_result_is_read_afterwards():
    from remediators.engine.touch import _reported  # the engine's own way to come back

    bench = Bench(https=True, iis=LOST)
    changes, known = bench.planned()
    from remediators.resources.metabase_swap import FileKind

    steps = FileKind().write([change for change in changes if change.address.kind == "file"], known)
    with pytest.raises(Exception, match="went away"):
        bench.session.write(steps, [])

    told = _reported(bench.session, steps)

    assert [answer.status for answer in told] == [0]
    assert "HTTPFilter" in bench.running()
    assert bench.machine.tasks == {}


# -- what is chosen --------------------------------------------------------------------------------------------------


def chosen(**iis):
    changes, _ = Bench(iis={**LOST, **iis}).planned()
    return changes[0].detail["from"].rpartition("\\")[2]


def test_the_newest_whole_pair_is_chosen():
    assert chosen(history=["whole", "whole", "lost"]) == "MetaBase_0000000152_0000000000.xml"


@pytest.mark.parametrize("kind", ["cut", "character", "empty", "lost", "thin", "foreign", "control"])
def test_a_pair_that_is_not_whole_or_not_this_machines_is_passed_over(kind):
    assert chosen(history=["whole", kind, kind]) == "MetaBase_0000000151_0000000000.xml"


def test_a_backup_is_taken_where_the_history_has_nothing():
    assert chosen(history=["lost"], backups={"monday": "whole"}) == "monday.MD0"


def test_the_plan_says_the_date_and_what_is_lost_node_by_node():
    bench = Bench(iis={"file": "lost", "memory": "lost"}, metabase={"W3SVC/7": {"ServerComment": "New"}})
    for path in bench.machine.files.match(f"{INETSRV}\\History\\MetaBase_*.xml"):
        raw = bench.file(path)
        start = raw.index(b'<IIsConfigObject\tLocation ="/LM/W3SVC/7"')
        end = raw.index(b"</IIsConfigObject>\r\n", start) + 20
        raw = (raw[:start] + raw[end:]).replace(b'MaxConnections="2000000000"', b"")
        bench.machine.files.write(path, raw)
        bench.machine.files.dates[path.lower()] = bench.machine.now().replace(year=2024, month=3, day=9)

    bench.planned()

    said = "\n".join(bench.notes)
    assert "of 03/09/2024" in said
    assert "lost with it: /LM/W3SVC/7 is not in it" in said
    assert "/LM/SmtpSvc has MaxConnections as it was then" in said


# -- what is refused -------------------------------------------------------------------------------------------------

REFUSED = {
    "one sign only": ({"iis": {"memory": "unreadable"}}, "two independent signs"),
    "history empty": ({"iis": {**UNREADABLE, "history": []}}, "no pair of files"),
    "history broken": ({"iis": {**UNREADABLE, "history": ["cut", "empty", "lost"]}}, "none of 3 pairs"),
    "history of another machine": (
        {"iis": {**UNREADABLE, "history": ["foreign"]}},
        "SessionKeys that are kept do not agree",
    ),
    "no adsutil": ({"iis": {**UNREADABLE, "adsutil": False}}, "no adsutil.vbs"),
    "no Exchange": ({"exchange": False, "iis": UNREADABLE}, "Exchange is not installed"),
    "cluster": ({"cluster": True, "iis": UNREADABLE}, "cluster"),
    "Windows 2008": ({"os": "2008"}, "Windows Server 2003"),
    "x64 through a 32-bit shell": ({"architecture": "x64", "bits": 32, "iis": UNREADABLE}, "32-bit shell"),
    "bytes that type does not carry": ({"iis": {"file": "control", "memory": "unreadable"}}, "came over by type"),
}


@pytest.mark.parametrize(("spec", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_with_what_was_seen(spec, why):
    bench = Bench(**spec)
    before = bench.machine.state()

    with pytest.raises((Refused, Unread), match=why):
        bench.planned()

    assert bench.machine.state() == before


def test_what_was_seen_from_outside_is_a_sign():
    spec = {"iis": {"memory": "unreadable", "history": ["whole", "thin"]}}
    with pytest.raises(Refused):
        Bench(**spec).planned()

    changes, _ = Bench(**spec).planned(verbs_missing=["X-LINK2STATE"])

    assert changes


def test_a_file_of_another_machine_is_told_by_the_history():
    bench = Bench(iis={"file": "foreign", "memory": "unreadable"})

    changes, known = bench.planned()
    bench.apply(changes, known)

    assert "another machine's" in " ".join(bench.notes)
    assert bench.planned()[0] == []


def test_iis_that_is_not_installed_is_said():
    bench = Bench(iis=UNREADABLE)
    del bench.machine.services._services["IISADMIN"]

    with pytest.raises(Refused, match="IIS is not installed"):
        bench.planned()


# -- what goes wrong -------------------------------------------------------------------------------------------------


def unchanged(bench):
    """What must be as before after a repair that was undone."""
    return bench.file(), bench.file(f"{INETSRV}\\MBSchema.xml"), bench.running()


def test_a_full_disk_stops_it_before_anything_is_touched():
    bench = Bench(iis={**LOST, "space": 60_000})
    changes, known = bench.planned()
    before = unchanged(bench)
    bench.machine.files.space = 20_000  # enough for the script, not for all that is to be kept

    said = " ".join(bench.apply(changes, known))

    assert "undone" in said or said == ""
    assert unchanged(bench) == before
    assert not any(str(written).startswith("service stop") for written in bench.machine.log)


@pytest.mark.parametrize("name", ["SMTPSVC", "IISADMIN"])
def test_a_service_that_will_not_stop_is_waited_for_and_never_killed(name):
    bench = Bench(iis=LOST, services={name: {"stuck": True}})
    before = bench.file()

    said = bench.repair()

    assert f"outcome: undone: {name} did not stop in time" in said
    assert bench.file() == before
    assert f"not run again: {name}" in said or f"not run again: IISADMIN {name}" in said
    assert not any("kill" in line for line in bench.channel.lines)


@pytest.mark.parametrize("name", ["SMTPSVC", "RESvc"])
def test_a_service_that_will_not_start_brings_the_damaged_files_back(name):
    bench = Bench(iis=LOST)
    changes, known = bench.planned()
    before = bench.file()
    bench.machine.services.find(name).fails = 1067

    said = " ".join(" ".join(bench.apply(changes, known)).split())

    assert f"undone: {name} did not start" in said
    assert bench.file() == before
    assert {"IISADMIN", "W3SVC", "HTTPFilter"} <= bench.running()


def test_an_enumeration_that_fails_brings_the_damaged_files_back(monkeypatch):
    bench = Bench(iis=LOST)
    changes, known = bench.planned()
    before = unchanged(bench)
    monkeypatch.setattr(bench.machine.iis, "starting", lambda _name: 0)
    bench.machine.services.hinder = lambda _name: 0  # IIS starts, and has nothing of the new file

    said = " ".join(" ".join(bench.apply(changes, known)).split())

    assert "undone: adsutil enum_all does not show /SMTPSVC/1" in said
    assert unchanged(bench) == before


def test_nothing_that_makes_the_host_flush_is_run_on_a_suspect_host():
    bench = Bench(iis=LOST)
    bench.repair()

    sent = " ".join(bench.channel.lines).lower()
    assert "iiscnfg" not in sent
    assert "iisback" not in sent
    assert "adsutil.vbs set" not in sent


def test_a_file_that_iis_wrote_anew_since_still_counts_as_repaired():
    bench = Bench(iis=LOST)
    changes, known = bench.planned()
    before = state(bench)
    bench.apply(changes, known)
    bench.machine.iis.flush()

    bench.back(changes)

    assert state(bench) == before


def test_where_iis_is_not_asked_it_is_not_started_either():
    bench = Bench(iis={"file": "cut"}, services=STOPPED)
    known = bench.look(lambda known: files.questions(known, bench.machine.now().date()))

    assert files.health(known).memory == "stopped"
    assert not any("cscript" in str(written) for written in bench.machine.log)
    assert METABASE.upper() in files.place(known).metabase.upper()


@pytest.mark.parametrize("language", ["en", "de"])
def test_event_4275_is_a_sign(language):
    bench = Bench(iis={"file": "cut"}, services=STOPPED, language=language)
    bench.machine.run("net start IISADMIN")
    known = bench.look(lambda known: files.questions(known, bench.machine.now().date()))

    assert {sign.kind for sign in files.health(known).signs} == {"file", "service", "events"}


def test_how_the_metabase_looks_is_plain_data_for_a_document():
    bench = Bench(iis={"file": "cut"})
    known = bench.look(lambda known: files.questions(known, bench.machine.now().date()))

    told = files.as_value(files.health(known))

    assert (told["file"], told["memory"]) == ("broken", "whole")
    assert [sign["kind"] for sign in told["signs"]] == ["file", "difference"]
