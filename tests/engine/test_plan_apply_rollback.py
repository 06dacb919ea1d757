import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.engine.outcomes import exit_code
from remediators.engine.rollback import standing
from remediators.language.vault import decrypt, read_envelope
from remediators.model import JournalError
from remediators.model.documents import Seal
from tests.engine.conftest import Bench
from tests.engine.fake import FakeHost, FakeTask, thing


def test_a_plan_writes_nothing_and_makes_one_trip_for_any_number_of_tasks(bench):
    host = FakeHost({"a": "1"})
    tasks = [FakeTask(f"t{n}", {f"thing{n}": "x"}) for n in range(30)]

    plans = bench({"h": host}).plan(tasks)

    assert host.trips == ["read"]
    assert host.writes == []
    assert plans[0].status == "changes"
    assert len(plans[0].items) == 30


def test_a_later_task_sees_what_an_earlier_one_will_have_done(bench):
    plans = bench({"h": FakeHost()}).plan([FakeTask("one", {"a": "1"}), FakeTask("again", {"a": "1"})])

    assert [item.outcome for item in plans[0].items] == ["change", "ok"]


def test_a_fact_sees_what_an_earlier_task_will_have_done(bench):
    tasks = [
        FakeTask("paint", {"colour": "red"}),
        FakeTask("if painted", {"a": "1"}, facts=frozenset({"colour"}), when_fact="colour"),
    ]

    plans = bench({"h": FakeHost()}).plan(tasks)

    assert [item.outcome for item in plans[0].items] == ["change", "change"]


def test_a_failed_read_fails_only_the_items_that_use_it(bench):
    host = FakeHost()
    host.denied = {"secret"}

    plans = bench({"h": host}).plan(
        [
            FakeTask("no", {"secret": "1"}),
            FakeTask("skip", {"secret": "1"}, skipped="when"),
            FakeTask("yes", {"a": "1"}),
        ]
    )

    assert [item.outcome for item in plans[0].items] == ["failed", "skipped", "change"]
    assert "access denied" in plans[0].items[0].reason


def test_apply_makes_one_trip_per_changing_task_between_two_readings(bench):
    host = FakeHost({"c": "3"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"}), FakeTask("b", {"b": "2"}), FakeTask("c", {"c": "3"})])
    host.trips.clear()

    results = b.apply(plans)

    assert host.trips == ["read", "write", "write", "read"]
    assert results["h"].status == "changed"
    assert host.things == {"a": "1", "b": "2", "c": "3"}


def test_a_host_that_drifted_is_refused_and_the_others_go_on(bench):
    hosts = {"drifted": FakeHost({"a": "0"}), "same": FakeHost({"a": "0"})}
    b = bench(hosts)
    plans = b.plan([FakeTask("a", {"a": "1"})])
    hosts["drifted"].things["a"] = "somebody"

    results = b.apply(plans)

    assert results["drifted"].status == "refused"
    assert "'somebody'" in results["drifted"].error
    assert hosts["drifted"].writes == []
    assert results["same"].status == "changed"
    assert exit_code(list(results.values())) == 3


def test_a_value_that_is_already_right_is_no_drift(bench):
    host = FakeHost({"a": "0"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"}), FakeTask("b", {"b": "2"})])
    host.things["a"] = "1"

    results = b.apply(plans)

    assert [item.status for item in results["h"].items] == ["ok", "changed"]
    assert host.writes == [("b", "2")]


def test_what_a_command_says_of_its_own_success_is_not_believed(bench):
    host = FakeHost()
    host.stuck = {"a"}
    b = bench({"h": host})

    results = b.apply(b.plan([FakeTask("a", {"a": "1"}), FakeTask("b", {"b": "2"})]))

    assert [item.status for item in results["h"].items] == ["failed", "not_started"]
    assert "thing:a is absent instead of '1'" in results["h"].items[0].reason
    assert results["h"].items[0].results == ("failed",)
    assert exit_code(list(results.values())) == 2


def test_the_hosts_own_words_are_in_the_reason(bench):
    host = FakeHost()
    host.fails = {"a"}
    b = bench({"h": host})

    results = b.apply(b.plan([FakeTask("a", {"a": "1"})]))

    assert "the host said: no, never" in results["h"].items[0].reason


def test_ignore_errors_goes_on_and_is_counted(bench):
    host = FakeHost()
    host.fails = {"a"}
    b = bench({"h": host})

    results = b.apply(b.plan([FakeTask("a", {"a": "1"}, ignore_errors=True), FakeTask("b", {"b": "2"})]))

    assert results["h"].counts["ignored"] == 1
    assert results["h"].counts["changed"] == 1
    assert results["h"].status == "changed"


def test_a_handler_runs_once_for_many_notifications_and_not_without_a_change(bench):
    host = FakeHost({"x": "1"})
    b = bench({"h": host})
    tasks = [
        FakeTask("a", {"a": "1"}, notify=("kick it",)),
        FakeTask("b", {"b": "1"}, notify=("kick it",)),
        FakeTask("kick it", kick="x", handler=True),
        FakeTask("never", kick="x", handler=True),
    ]

    b.apply(b.plan(tasks))

    assert host.kicks == ["x"]
    assert [item.task for item in b.plan(tasks)[0].items] == ["a", "b"]


def test_a_handler_runs_after_a_later_task_failed(bench):
    host = FakeHost({"x": "1"})
    host.fails = {"b"}
    b = bench({"h": host})
    tasks = [
        FakeTask("a", {"a": "1"}, notify=("kick it",)),
        FakeTask("b", {"b": "1"}),
        FakeTask("kick it", kick="x", handler=True),
    ]

    results = b.apply(b.plan(tasks))

    assert host.kicks == ["x"]
    assert results["h"].status == "failed"


def test_the_state_before_an_action_is_in_the_journal_before_the_action(bench):
    host = FakeHost({"x": "running"})
    b = bench({"h": host})

    b.apply(b.plan([FakeTask("a", {"a": "1"}, notify=("k",)), FakeTask("k", kick="x", handler=True)]))

    kinds = [event.kind for event in b.events()]
    intent = next(event for event in b.events() if event.kind == "action-intent")
    assert kinds.index("result") < kinds.index("action-intent") < kinds.index("action-result")
    assert intent.body["found"] == {"thing:x": "running"}


def test_a_failing_check_from_outside_fails_its_task(bench, monkeypatch):
    monkeypatch.setattr("remediators.engine.verification.CHECK_SECONDS", 0.0)
    b = bench({"h": FakeHost()})

    results = b.apply(b.plan([FakeTask("a", {"a": "1"}, verify={"seen": {"thing": "a", "value": "2"}})]))

    assert results["h"].items[0].status == "failed"
    assert results["h"].items[0].reason == "seen: a looks like 1"
    assert results["h"].items[0].results == ("verified",)


def test_a_lost_connection_leads_to_reading_again_never_to_assuming(bench):
    done, undone = FakeHost(), FakeHost()
    done.dies_after, undone.dies_after = 1, 0
    b = bench({"done": done, "undone": undone})

    results = b.apply(b.plan([FakeTask("a", {"a": "1", "b": "1"})]))

    assert results["done"].items[0].results == ("verified", "unknown")
    assert results["undone"].items[0].results == ("unknown", "unknown")
    assert exit_code(list(results.values())) == 2


def test_unreachable_hosts_are_results_and_set_their_bit(bench):
    b = bench({"up": FakeHost(), "down": FakeHost()}, unreachable=("down",))

    plans = b.plan([FakeTask("a", {"a": "1"})])
    results = b.apply(plans)

    assert [plan.status for plan in plans] == ["changes", "unreachable"]
    assert results["down"].status == "unreachable"
    assert exit_code(list(results.values())) == 4


def test_a_host_of_a_refused_version_is_refused_with_the_reason(bench):
    plans = bench({"h": FakeHost({"version": "old"})}).plan([FakeTask("a", {"a": "1"})])

    assert plans[0].status == "refused"
    assert plans[0].items[0].reason == "too old"


def test_a_sensitive_value_is_changed_and_the_one_before_is_kept_encrypted(bench, tmp_path):
    b = bench({"h": FakeHost({"old": "was here"})})
    plans = b.plan(
        [FakeTask("old", {"old": "hunter2"}, sensitive=True), FakeTask("new", {"new": "hunter2"}, sensitive=True)]
    )

    b.apply(plans)

    assert b.hosts["h"].things == {"old": "hunter2", "new": "hunter2"}
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter2" not in written
    assert b"was here" not in written
    old, new = (change for event in b.events() if event.kind == "intent" for change in event.body["changes"])
    assert json.loads(decrypt(read_envelope(old["before"]["vault"]), b"password")) == "was here"
    assert new["before"] is None


def test_a_sensitive_value_that_nothing_could_keep_is_not_touched(bench):
    b = bench({"h": FakeHost({"old": "was here"})})
    b.seal = Seal(b"key")
    plans = b.plan([FakeTask("old", {"old": "hunter2"}, sensitive=True)])

    with pytest.raises(JournalError, match="could not be kept"):
        b.apply(plans)

    assert b.hosts["h"].things == {"old": "was here"}


def test_a_value_that_holds_a_known_secret_is_sensitive_whoever_writes_it(bench, tmp_path):
    b = bench({"h": FakeHost({"a": "old hunter2"})}, secrets=["hunter2"])
    b.house = replace(b.house, tells=b.redactor.shows)
    b.fleet = replace(b.fleet, house=b.house)
    plans = b.plan([FakeTask("a", {"a": "new"}), FakeTask("b", {"b": "new hunter2"}), FakeTask("c", {"c": "plain"})])

    b.apply(plans)

    assert [change.sensitive for item in plans[0].items for change in item.changes] == [True, True, False]
    assert b.hosts["h"].things == {"a": "new", "b": "new hunter2", "c": "plain"}
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_value_that_could_not_be_written_back_is_refused_at_plan_time(bench):
    plans = bench({"h": FakeHost({"a": "odd"})}).plan([FakeTask("a", {"a": "1"})])

    assert plans[0].items[0].outcome == "refused"
    assert plans[0].items[0].reason == "it is too odd to be written back"


def test_rollback_refuses_what_somebody_else_changed_unless_told(bench):
    host = FakeHost({"a": "0"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"})])
    b.apply(plans)
    host.things["a"] = "policy"

    refused = b.rollback(plans)
    b.runs = 1
    forced = Bench(b.folder / "again", {"h": host})
    forced.events = b.events
    results = forced.rollback(plans, overwrite=True)

    assert refused["h"].items[0].status == "refused"
    assert results["h"].status == "changed"
    assert host.things == {"a": "0"}


def test_rollback_puts_back_an_unknown_change_whatever_it_became(bench):
    host = FakeHost({"a": "0"})
    host.dies_after = 0
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"})])
    b.apply(plans)
    host.things["a"] = "half"

    b.rollback(plans)

    assert host.things == {"a": "0"}


def test_rollback_runs_the_same_handlers(bench):
    host = FakeHost({"x": "1"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"}, notify=("k",)), FakeTask("k", kick="x", handler=True)])
    b.apply(plans)

    b.rollback(plans)

    assert host.kicks == ["x", "x"]
    assert host.things == {"x": "1"}


NAMES = st.sampled_from("abcde")
THINGS = st.dictionaries(NAMES, st.sampled_from(["0", "1", "2"]))
WANTED = st.lists(st.dictionaries(NAMES, st.sampled_from(["0", "1", "2", None]), min_size=1), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(before=THINGS, wanted=WANTED)
def test_law_plan_after_apply_is_empty_and_rollback_brings_back_what_was_read(tmp_path_factory, before, wanted):
    host = FakeHost(before)
    b = Bench(tmp_path_factory.mktemp("law"), {"h": host})
    final = {k: v for values in wanted for k, v in values.items()}
    tasks = [FakeTask(f"t{n}", values) for n, values in enumerate(wanted)]
    last_word = [FakeTask("all", final)]

    plans = b.plan(tasks)
    b.apply(plans)

    assert all(host.things.get(name) == value for name, value in final.items())
    assert all(item.outcome == "ok" for item in b.plan(last_word)[0].items)
    if host.writes:
        b.rollback(plans)
    assert host.things == before


@settings(max_examples=40, deadline=None)
@given(before=THINGS, wanted=WANTED, cut=st.integers(0, 30))
def test_law_a_run_cut_off_at_any_line_of_its_journal_can_be_undone(tmp_path_factory, before, wanted, cut):
    host = FakeHost(before)
    b = Bench(tmp_path_factory.mktemp("cut"), {"h": host})
    plans = b.plan([FakeTask(f"t{n}", values) for n, values in enumerate(wanted)])
    b.apply(plans)
    events = b.events()[:cut]
    intended = {c["resource"]: c["after"] for e in events if e.kind == "intent" for c in e.body["changes"]}
    # Of a run that died here, the host holds what was intended last and nothing later.
    held = {name: intended.get(str(thing(name)), before.get(name)) for name in "abcde"}
    host.things = {name: value for name, value in held.items() if value is not None}
    b.events = lambda: events

    if any(event.host for event in events):
        assert set(standing(events)) == {"h"}
        b.rollback(plans)

    assert host.things == before
