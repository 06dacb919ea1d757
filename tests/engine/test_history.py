"""A run as its journal tells it is the run as it was: finished, broken off, or killed at any moment."""

import json
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.engine.history import from_journal
from remediators.engine.outcomes import exit_code, run_document
from remediators.engine.recorder import Recorder
from remediators.engine.rollback import standing
from remediators.engine.rollout import apply_fleet
from remediators.journal import Journal
from remediators.model import HostPlan, Plan, Redactor
from remediators.model.documents import is_intact, plan_document, read_plan
from tests.engine.conftest import Bench
from tests.engine.fake import FakeHost, FakeTask, fleet

NAMES = st.sampled_from("abcd")
WORDS = st.sampled_from(["0", "1", "2", None])
TASKS = st.lists(
    st.builds(
        FakeTask,
        name=st.sampled_from(["one", "two", "three"]),
        values=st.dictionaries(NAMES, WORDS, min_size=1, max_size=3),
        notify=st.sampled_from([(), ("k",), ("k", "l")]),
        ignore_errors=st.booleans(),
        sensitive=st.booleans(),
        skipped=st.sampled_from([None, None, "when is false"]),
        verify=st.sampled_from([{}, {}, {"seen": {"thing": "a", "value": "1"}}]),
        play=st.sampled_from(["first", "second"]),
    ),
    min_size=1,
    max_size=5,
).map(lambda tasks: sorted(tasks, key=lambda task: task.play))
HANDLERS = [FakeTask(name, kick=name, handler=True, play=play) for play in ("first", "second") for name in ("k", "l")]
TROUBLE = st.fixed_dictionaries(
    {
        "stuck": st.sets(NAMES, max_size=1),
        "fails": st.sets(NAMES, max_size=1),
        "denied": st.sets(NAMES, max_size=1),
        "dies_after": st.none() | st.integers(0, 6),
    }
)


def all_tasks(tasks):
    return sorted([*tasks, *HANDLERS], key=lambda task: (task.play, task.handler))


def carried_out(folder, hosts, tasks, trouble, drift, *, unreachable=(), stop_at=None):
    """Plan, make trouble, apply. Gives the bench, the plan as it is read from disk, the result and the events."""
    bench = Bench(folder, hosts, unreachable=unreachable)
    plans = [*bench.plan(all_tasks(tasks)), HostPlan("gone", "unreachable", error="refused"), HostPlan("idle", "ok")]
    hosts["h"].things.update(drift)
    for name, value in trouble.items():
        setattr(hosts["h"], name, value)
    run_folder = folder / "run1"
    (run_folder / "manual").mkdir(parents=True)
    plan = Plan("p", "", "0", (), (), tuple(plans), {"change": "T1"})
    known = {**fleet(hosts), **fleet(["gone", "idle"])}

    def watch(event):
        if stop_at is not None and event.kind == stop_at:
            bench.fleet.stop.set()

    with (
        Journal(folder / "journal.db") as journal,
        patch("remediators.engine.verification.CHECK_SECONDS", 0.0),
        patch("remediators.engine.verification.SETTLE_SECONDS", 0.0),
    ):
        record = Recorder("run1", journal, run_folder, seal=bench.seal, redactor=Redactor(), watch=watch)
        result = apply_fleet(bench.fleet, plan, known, record, "apply")
        events = journal.events("run1")
    saved = read_plan(json.loads(json.dumps(plan_document(plan, bench.seal))))
    return bench, saved, result, events


@settings(max_examples=80, deadline=None)
@given(
    before=st.dictionaries(NAMES, st.sampled_from(["0", "1", "2"])),
    tasks=TASKS,
    trouble=TROUBLE,
    drift=st.dictionaries(NAMES, st.sampled_from(["0", "1", "9"]), max_size=1),
    down=st.booleans(),
    stop_at=st.sampled_from([None, None, "host-started", "intent", "result", "action-intent", "check"]),
)
def test_a_finished_run_is_told_alike_by_its_result_and_by_its_journal(  # noqa: PLR0917 - hypothesis names them
    tmp_path_factory, before, tasks, trouble, drift, down, stop_at
):
    folder = tmp_path_factory.mktemp("history")
    hosts = {"h": FakeHost(before), "down": FakeHost()}
    bench, saved, result, events = carried_out(
        folder, hosts, tasks, trouble, drift, unreachable=("down",) if down else (), stop_at=stop_at
    )

    told = from_journal("run1", saved, events)

    document = run_document(result, bench.seal)
    assert run_document(told, bench.seal) == document
    assert is_intact(document)
    assert exit_code(told.hosts) == exit_code(result.hosts)


@settings(max_examples=60, deadline=None)
@given(
    before=st.dictionaries(NAMES, st.sampled_from(["0", "1", "2"])),
    tasks=TASKS,
    trouble=TROUBLE,
    cut=st.integers(0, 40),
)
def test_of_a_run_that_died_anywhere_nothing_is_claimed_that_its_journal_does_not_say(
    tmp_path_factory, before, tasks, trouble, cut
):
    folder = tmp_path_factory.mktemp("cut")
    bench, saved, _, events = carried_out(folder, {"h": FakeHost(before)}, tasks, trouble, {})
    events = events[:cut]

    told = {host.name: host for host in from_journal("run1", saved, events).hosts}
    stands = standing(events)

    begun = {(entry.item, entry.change.address): entry.result for s in stands.values() for entry in s.begun}
    open_intents = {e.body["item"] for e in events if e.kind in ("intent", "action-intent")} - {
        e.body["item"] for e in events if e.kind in ("result", "action-result")
    }
    for number, item in enumerate(told["h"].items):
        assert number not in open_intents or item.status == "unknown"
        for change, word in zip(item.item.changes, item.results, strict=False):
            if word in ("unknown", "failed"):
                assert (number, change.address) in begun
            if (number, change.address) in begun:
                assert word != "not_started"
    run_document(from_journal("run1", saved, events), bench.seal)
