"""What must hold whatever dies, lies, is changed by others or is asked twice."""

import json
import sqlite3
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.engine.outcomes import exit_code
from remediators.engine.recorder import safe_name
from remediators.engine.rollback import Standing, standing
from remediators.engine.secrets import revealed
from remediators.journal import Event, Journal
from remediators.model import (
    Change,
    HostPlan,
    JournalError,
    Plan,
    QuotaExceeded,
    RemediationError,
    Unreachable,
)
from remediators.model.documents import Seal, plan_document, read_plan, with_digest
from remediators.runners.threads import side_by_side
from tests.engine.conftest import Bench
from tests.engine.fake import FakeHost, FakeTask, thing


def stored(folder):
    """The journal as another process sees it now: what is durable, and not what is in memory."""
    connection = sqlite3.connect(f"file:{folder / 'journal.db'}?mode=ro", uri=True)
    try:
        return [(kind, json.loads(body)) for kind, body in connection.execute("SELECT kind, body FROM events")]
    finally:
        connection.close()


def test_the_intent_of_every_write_is_durable_before_its_first_byte(bench, tmp_path):
    host = FakeHost({"x": "running"})
    b = bench({"h": host})
    plans = b.plan(
        [
            FakeTask("one", {"a": "1"}, notify=("k",)),
            FakeTask("two", {"b": "2", "c": "3"}),
            FakeTask("k", kick="x", handler=True),
        ]
    )
    at_write = []
    host.before_write = lambda: at_write.append(stored(tmp_path)[-1])

    b.apply(plans)

    assert [kind for kind, _ in at_write] == ["intent", "intent", "action-intent"]
    assert [[c["resource"] for c in body["changes"]] for _, body in at_write[:2]] == [
        ["thing:a"],
        ["thing:b", "thing:c"],
    ]
    assert at_write[2][1]["found"] == {"thing:x": "running"}


def test_the_way_back_by_hand_is_on_disk_before_the_first_write(bench, tmp_path):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"a": "1"})])
    seen = []
    host.before_write = lambda: seen.append((tmp_path / "run1" / "manual" / "h.cmd").read_text())

    b.apply(plans)

    assert "undo: one" in seen[0]


@pytest.mark.parametrize("kind", ["host-started", "intent", "result", "action-intent", "action-result", "verified"])
def test_when_the_journal_fails_nothing_more_is_sent_and_no_other_host_is_begun(bench, monkeypatch, kind):
    hosts = {name: FakeHost({"x": "1"}) for name in ("one", "two", "three")}
    b = bench(hosts)
    b.fleet = replace(b.fleet, forks=1)
    plans = b.plan(
        [FakeTask("a", {"a": "1"}, notify=("k",)), FakeTask("b", {"b": "1"}), FakeTask("k", kick="x", handler=True)]
    )
    append = Journal.append

    def failing(self, *events):
        if events[0].kind == kind:
            raise JournalError("the disk is full")
        append(self, *events)

    monkeypatch.setattr(Journal, "append", failing)
    with pytest.raises(JournalError, match="the disk is full; the run run1 was stopped"):
        b.apply(plans)

    sent = {"host-started": 0, "intent": 0, "result": 1, "action-intent": 2, "action-result": 3, "verified": 3}
    assert hosts["one"].trips.count("write") == sent[kind]
    assert all("write" not in hosts[name].trips for name in ("two", "three"))


def test_an_error_of_one_host_stops_the_others_after_the_item_in_hand():
    stop, began = threading.Event(), threading.Event()

    def work(job):
        if job == "bad":
            began.wait(10)
            raise JournalError("full")
        began.set()
        return stop.wait(10)

    with pytest.raises(JournalError):
        list(side_by_side(["bad", "slow", "never"], work, 2, stop))

    assert stop.is_set()


def test_a_reader_of_events_that_goes_away_does_not_stop_the_run(bench):
    b = bench({"h": FakeHost()})

    def gone(event):
        raise BrokenPipeError

    b.watch = gone
    results = b.apply(b.plan([FakeTask("a", {"a": "1"})]))

    assert results["h"].status == "changed"


def test_a_mistake_of_ours_on_one_host_is_a_result_and_the_others_go_on(bench):
    hosts = {"bad": FakeHost(), "good": FakeHost()}
    b = bench(hosts)
    plans = b.plan([FakeTask("a", {"a": "1"})])

    def broken():
        raise KeyError("oops")

    hosts["bad"].before_write = broken
    results = b.apply(plans)

    assert results["good"].status == "changed"
    assert results["bad"].status == "unknown"
    assert "a mistake in remediate itself (KeyError: 'oops'; " in results["bad"].error
    assert any("Traceback" in event.body.get("trace", "") for event in b.events())


@pytest.mark.parametrize("error", [QuotaExceeded("no more shells"), Unreachable("gone"), RemediationError("odd")])
def test_whatever_breaks_a_write_its_change_is_read_again_and_never_called_not_started(bench, error):
    host = FakeHost()
    host.dies_after, host.dies_of = 1, error
    b = bench({"h": host})

    results = b.apply(b.plan([FakeTask("a", {"a": "1", "b": "1"}), FakeTask("c", {"c": "1"})]))

    assert results["h"].items[0].results == ("verified", "unknown")
    assert error.message in results["h"].items[0].reason
    assert results["h"].items[1].status == "not_started"


def test_a_second_reading_that_fails_makes_the_change_unknown(bench):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"})])
    host.before_write = lambda: host.denied.add("a")

    results = b.apply(plans)

    assert results["h"].items[0].results == ("unknown",)
    assert results["h"].status == "unknown"
    assert exit_code(list(results.values())) == 2


def test_a_last_reading_that_fails_is_unknown_and_not_failed(bench):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"})])
    host.trips.clear()

    def gone():
        if host.trips.count("read") > 1:
            raise Unreachable("gone")

    host.before_read = gone
    results = b.apply(plans)

    assert results["h"].items[0].status == "unknown"


def test_a_host_lost_after_a_change_and_a_refusal_has_failed(bench):
    host = FakeHost({"x": "odd"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"}), FakeTask("old", {"x": "2"}), FakeTask("c", {"c": "1"})])

    def gone():
        if host.trips.count("write") == 2:
            raise Unreachable("gone")

    host.before_write = gone
    host.before_read = gone
    results = b.apply(plans)

    assert results["h"].status in ("failed", "unknown")
    assert exit_code(list(results.values())) == 2


def test_a_plan_applied_again_after_it_was_applied_is_all_right_also_where_a_value_is_set_twice(bench):
    host = FakeHost({"a": "0"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"a": "1"}), FakeTask("two", {"a": "2"}), FakeTask("three", {"b": "1"})])
    b.apply(plans)
    host.writes.clear()

    again = b.apply(plans)

    assert host.writes == []
    assert [item.status for item in again["h"].items] == ["ok", "ok", "ok"]
    assert exit_code(list(again.values())) == 0


def test_an_item_that_is_partly_right_already_writes_the_rest_and_rollback_leaves_the_others_part(bench):
    host = FakeHost({"a": "0", "b": "0"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"a": "1", "b": "1"})])
    host.things["a"] = "1"

    results = b.apply(plans)
    b.rollback(plans)

    assert results["h"].items[0].results == ("verified", "verified")
    assert host.things == {"a": "1", "b": "0"}


ITEMS = st.lists(st.sampled_from(["1", "2", "3", None]), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(before=st.sampled_from(["0", "1", None]), wanted=ITEMS, found=st.sampled_from(["0", "1", "2", "3", "9", None]))
def test_drift_is_what_is_neither_the_first_before_nor_the_last_after(tmp_path_factory, before, wanted, found):
    host = FakeHost({} if before is None else {"a": before})
    b = Bench(tmp_path_factory.mktemp("drift"), {"h": host})
    plans = b.plan([FakeTask(f"t{n}", {"a": value}) for n, value in enumerate(wanted)])
    host.things = {} if found is None else {"a": found}

    result = b.apply(plans)["h"]

    changing = any(item.outcome == "change" for item in plans[0].items)
    drifted = changing and found not in (before, wanted[-1])
    assert (result.status == "refused") == drifted
    assert drifted or not changing or host.things.get("a") == wanted[-1]
    assert not drifted or host.writes == []


def test_a_play_after_a_failed_one_does_nothing_and_its_handlers_neither(bench):
    host = FakeHost({"x": "1", "y": "1"})
    host.fails = {"b"}
    b = bench({"h": host})
    plans = b.plan(
        [
            FakeTask("a", {"a": "1"}, notify=("kx",), play="first"),
            FakeTask("b", {"b": "1"}, play="first"),
            FakeTask("kx", kick="x", handler=True, play="first"),
            FakeTask("c", {"c": "1"}, notify=("ky",), play="second"),
            FakeTask("ky", kick="y", handler=True, play="second"),
        ]
    )

    results = b.apply(plans)

    assert host.kicks == ["x"]
    assert [item.status for item in results["h"].items] == ["changed", "failed", "changed", "not_started", "skipped"]


def test_a_refused_item_does_not_run_its_handler_and_another_that_notifies_it_does(bench):
    for others, kicks in (({}, []), ({"a": "1"}, ["x"])):
        host = FakeHost({"x": "1", "odd": "odd"})
        b = Bench(bench({}).folder / f"k{len(kicks)}", {"h": host})
        tasks = [
            FakeTask("odd", {"odd": "1"}, notify=("k",)),
            FakeTask("fine", others, notify=("k",)),
            FakeTask("k", kick="x", handler=True),
        ]

        b.apply(b.plan(tasks))

        assert host.kicks == kicks


def test_what_was_planned_on_an_item_that_is_refused_only_now_is_not_begun(bench):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"a": "1"}), FakeTask("two", {"b": "1"})])
    crafted = replace(plans[0].items[0], commands=("something else",))

    results = b.apply([replace(plans[0], items=(crafted, plans[0].items[1]))])

    assert host.writes == []
    assert [item.status for item in results["h"].items] == ["refused", "not_started"]
    assert exit_code(list(results.values())) == 3


def test_a_handler_in_a_loop_runs_every_turn(bench):
    host = FakeHost({"x": "1"})
    b = bench({"h": host})

    results = b.apply(
        b.plan([FakeTask("a", {"a": "1"}, notify=("k",)), FakeTask("k", kick="x", handler=True, loop=("one", "two"))])
    )

    assert host.kicks == ["x", "x"]
    assert results["h"].status == "changed"


def test_no_handler_is_begun_after_an_interrupt(bench):
    host = FakeHost({"x": "1", "y": "1"})
    b = bench({"h": host})
    plans = b.plan(
        [
            FakeTask("a", {"a": "1"}, notify=("kx", "ky")),
            FakeTask("kx", kick="x", handler=True),
            FakeTask("ky", kick="y", handler=True),
        ]
    )
    b.watch = lambda event: b.fleet.stop.set() if event.kind == "action-intent" else None

    results = b.apply(plans)

    assert host.kicks == ["x"]
    assert [item.status for item in results["h"].items] == ["changed", "changed", "not_started"]


def test_rollback_of_an_interrupted_run_does_what_is_begun_and_can_be_done_twice(bench):
    host = FakeHost({"x": "1"})
    b = bench({"h": host})
    plans = b.plan(
        [FakeTask("a", {"a": "1"}, notify=("k",)), FakeTask("b", {"b": "1"}), FakeTask("k", kick="x", handler=True)]
    )
    b.watch = lambda event: b.fleet.stop.set() if event.kind == "intent" else None
    b.apply(plans)
    b.fleet.stop.clear()
    events = b.events()
    b.events = lambda: events
    b.watch = None

    first, second = b.rollback(plans), b.rollback(plans)

    assert host.writes == [("a", "1"), ("a", None)]
    assert host.things == {"x": "1"}
    assert [item.status for item in first["h"].items] == ["changed", "changed"]
    assert exit_code(list(second.values())) == 0


def test_rollback_refuses_only_what_hangs_on_a_stranger_s_value_and_puts_back_the_rest(bench):
    host = FakeHost({"x": "0", "y": "0", "z": "0"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"x": "1"}), FakeTask("two", {"x": "2", "y": "1"}), FakeTask("three", {"z": "1"})])
    b.apply(plans)
    host.things["x"] = "stranger"

    results = b.rollback(plans)

    assert host.things == {"x": "stranger", "y": "0", "z": "0"}
    assert [(item.item.task, item.status) for item in results["h"].items] == [
        ("Back: three", "changed"),
        ("Back: two", "refused"),
        ("Back: two", "changed"),
        ("Back: one", "refused"),
    ]


def test_a_host_that_was_down_in_the_run_has_nothing_to_be_put_back(bench):
    b = bench({"up": FakeHost(), "down": FakeHost()}, unreachable=())
    plans = b.plan([FakeTask("a", {"a": "1"})])
    b.hosts["down"].before_read = lambda: (_ for _ in ()).throw(Unreachable("no route"))
    b.apply(plans)

    stands = standing(b.events())

    assert stands["down"] == Standing()
    assert len(stands["up"].begun) == 1


def test_a_secret_that_was_not_found_again_is_refused_and_its_reference_never_written(bench):
    host = FakeHost()
    b = bench({"h": host})
    sealed = b.seal.conceal("thing:a", "hunter2")
    plans = b.plan([FakeTask("a", {"a": "hunter2"}, sensitive=True)])
    item = plans[0].items[0]
    plans = [replace(plans[0], items=(replace(item, changes=(replace(item.changes[0], after=sealed),)),))]

    results = b.apply(plans)

    assert host.writes == []
    assert results["h"].items[0].status == "refused"
    assert "not found again" in results["h"].items[0].reason


def test_a_host_that_is_down_when_its_secrets_are_looked_for_is_unreachable_and_not_refused(bench):
    b = bench({"h": FakeHost()})
    plan = b.plan([FakeTask("a", {"a": "hunter2"}, sensitive=True)])[0]
    change = plan.items[0].changes[0]
    sealed = replace(
        plan, items=(replace(plan.items[0], changes=(replace(change, after=b.seal.conceal("x", "hunter2")),)),)
    )

    down = revealed(sealed, HostPlan("h", "unreachable", error="no route"), b.seal)

    assert exit_code(list(b.apply([down]).values())) == 4
    assert revealed(sealed, plan, b.seal) == plan
    assert revealed(sealed, plan, Seal(b"other")).items[0].outcome == "refused"


def test_a_secret_that_the_host_holds_already_needs_nothing_and_one_that_cannot_be_told_is_refused(bench):
    b = bench({"h": FakeHost()})
    tasks = [FakeTask("a", {"a": "hunter2"}, sensitive=True)]
    plan = b.plan(tasks)[0]
    change = replace(plan.items[0].changes[0], after=b.seal.conceal("x", "hunter2"))
    sealed = replace(plan, items=(replace(plan.items[0], changes=(change,)),))
    b.hosts["h"].things["a"] = "hunter2"
    right = revealed(sealed, b.plan(tasks)[0], b.seal)
    b.hosts["h"].things["a"] = "another"
    other = revealed(sealed, b.plan(tasks)[0], b.seal)
    none = revealed(sealed, HostPlan("h", "ok"), b.seal)

    assert (right.items[0].outcome, right.items[0].changes) == ("ok", ())
    assert other.items[0].outcome == "refused"
    assert other.items[0].reason == "thing:a was changed since the plan was made; plan again"
    assert none.items[0].outcome == "refused"


def test_what_was_planned_on_a_secret_that_is_refused_is_refused_too(bench):
    b = bench({"h": FakeHost()})
    plan = b.plan([FakeTask("a", {"a": "hunter2"}, sensitive=True), FakeTask("b", {"b": "1"})])[0]
    change = replace(plan.items[0].changes[0], after=b.seal.conceal("x", "other"))
    sealed = replace(plan, items=(replace(plan.items[0], changes=(change,)), plan.items[1]))

    results = b.apply([revealed(sealed, plan, b.seal)])

    assert b.hosts["h"].things == {}
    assert [item.status for item in results["h"].items] == ["refused", "refused"]
    assert "planned on what 'a' should have done" in results["h"].items[1].reason


def test_what_a_check_looks_for_is_as_secret_as_what_its_item_writes(bench, tmp_path, monkeypatch):
    monkeypatch.setattr("remediators.engine.verification.CHECK_SECONDS", 0.0)
    b = bench({"h": FakeHost({"seen": "hunter2x"})})
    look = {"seen": {"thing": "seen", "value": "hunter2"}}
    tasks = [FakeTask("a", {"a": "hunter2"}, sensitive=True, verify=look), FakeTask("s", sensitive=True, verify=look)]
    plan = Plan("p", "", "0", (), (), tuple(b.plan(tasks)))
    text = json.dumps(plan_document(plan, b.seal))
    saved = read_plan(json.loads(text)).hosts[0]
    found = revealed(saved, plan.hosts[0], b.seal)

    results = b.apply([found])

    assert "hunter2" not in text
    assert found == plan.hosts[0]
    assert results["h"].items[0].reason == "seen: it does not look as wanted"
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_host_that_says_what_nobody_thought_of_spoils_its_own_plan_only(bench):
    hosts = {"odd": FakeHost(), "good": FakeHost()}
    b = bench(hosts)

    def odd():
        raise KeyError("oops")

    hosts["odd"].before_read = odd
    plans = b.plan([FakeTask("a", {"a": "1"})])

    assert [plan.status for plan in plans] == ["failed", "changes"]
    assert "a mistake in remediate itself (KeyError: 'oops'; " in plans[0].error


def test_a_secret_is_in_no_message_about_a_host_that_changed_meanwhile(bench, tmp_path):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"b": "1"}), FakeTask("two", {"a": "hunter2"}, sensitive=True)])
    host.things["a"] = "other-secret"

    results = b.apply(plans)

    assert results["h"].status == "refused"
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter2" not in written
    assert b"other-secret" not in written


def test_what_is_a_secret_of_the_inventory_is_not_changed_for_it_could_not_be_remembered(bench, tmp_path):
    host = FakeHost({"a": "it is hunter2"})
    b = bench({"h": host}, secrets=["hunter2"])

    results = b.apply(b.plan([FakeTask("a", {"a": "1"})]))

    assert host.things == {"a": "it is hunter2"}
    assert results["h"].items[0].status == "refused"
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter2" not in written


def test_a_password_that_is_a_word_of_ours_spoils_no_journal(bench):
    host = FakeHost({"verified": "0"})
    b = bench({"h": host}, secrets=["verified", "item", "changes", "thing", "host-finished", "unknown"])
    plans = b.plan([FakeTask("a", {"verified": "1"})])

    b.apply(plans)
    b.rollback(plans)

    assert host.things == {"verified": "0"}


def test_a_torn_mirror_of_the_events_is_harmless(bench, tmp_path):
    host = FakeHost({"a": "0"})
    b = bench({"h": host})
    plans = b.plan([FakeTask("a", {"a": "1"})])
    b.apply(plans)
    mirror = tmp_path / "run1" / "events.jsonl"
    mirror.write_bytes(mirror.read_bytes()[:-20])

    b.rollback(plans)

    assert host.things == {"a": "0"}


def test_a_crafted_plan_is_one_line_for_its_host_and_writes_nothing(bench):
    b = bench({"h": FakeHost(), "good": FakeHost()})
    plans = b.plan([FakeTask("a", {"a": "1"})])
    item = plans[0].items[0]
    odd = [
        replace(item, changes=(Change(replace(item.changes[0].address, kind="nothing"), None, "1"),)),
        replace(item, commands=("format c:",)),
        replace(item, checks={"no such check": {}}),
        replace(item, changes=(replace(item.changes[0], after={"x": object}),)),
    ]
    for crafted in odd[:2]:
        results = b.apply([replace(plans[0], items=(crafted,)), plans[1]])
        assert b.hosts["h"].writes == []
        assert results["h"].status in ("failed", "refused")
        assert "\n" not in (results["h"].error or results["h"].items[0].reason)
    assert results["good"].status in ("changed", "ok")
    assert b.apply([replace(plans[0], items=(odd[2],))])["h"].status == "failed"


def test_a_plan_of_a_wrong_shape_never_reaches_a_host():
    with pytest.raises(RemediationError):
        read_plan(with_digest({"schema": "remediate/plan/1", "hosts": [{"name": "../../x"}]}))


@given(names=st.lists(st.text(st.characters(), min_size=1), min_size=2, max_size=6, unique=True))
def test_every_host_has_a_file_name_of_its_own_inside_the_folder(names):
    files = [safe_name(name).lower() for name in names]

    assert len(set(files)) == len(files)
    for file in files:
        assert file not in ("", ".", "..")
        assert not set(file) & set("/\\\x00:")
        assert len(file) < 200


def test_hostile_names_stay_inside_and_plain_ones_are_themselves():
    assert safe_name("exch01.contoso.com") == "exch01.contoso.com"
    for name in ("../../etc/passwd", "..", "a/b", "C:\\x", "\x00"):
        assert "/" not in safe_name(name)
        assert not safe_name(name).startswith(".")


def test_a_host_with_many_tasks_costs_time_in_proportion(bench):
    """Counted in work and not in seconds: comparisons of addresses, which any search of all in all would square."""
    import sys

    def cost(tasks):
        host = FakeHost()
        b = Bench(bench({}).folder / f"n{tasks}", {"h": host})
        b.fleet = replace(
            b.fleet, forks=1, spread=lambda jobs, work, forks, stop, **_: ((job, work(job)) for job in jobs)
        )
        calls = 0

        def count(frame, event, arg):
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        try:
            plans = b.plan([FakeTask(f"t{n}", {f"v{n}": "1"}) for n in range(tasks)])
            b.apply(plans)
        finally:
            sys.setprofile(None)
        return calls

    small, large = cost(20), cost(80)

    assert large < small * 8, (small, large)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 60), hosts=st.integers(1, 3))
def test_of_any_beginning_of_a_journal_the_standing_is_what_was_intended_and_no_more(tmp_path_factory, cut, hosts):
    fakes = {f"h{n}": FakeHost({"a": "0", "x": "running"}) for n in range(hosts)}
    b = Bench(tmp_path_factory.mktemp("standing"), fakes)
    tasks = [
        FakeTask("one", {"a": "1"}, notify=("k",)),
        FakeTask("two", {"a": "2", "b": "1"}),
        FakeTask("k", kick="x", handler=True),
    ]
    b.apply(b.plan(tasks))
    events = b.events()[:cut]

    stands = standing(events)

    assert set(stands) == {event.host for event in events if event.host}
    for host, stand in stands.items():
        mine = [event for event in events if event.host == host]
        intended = [(e.body["item"], c["resource"]) for e in mine if e.kind == "intent" for c in e.body["changes"]]
        told = {e.body["item"] for e in mine if e.kind == "result"}
        acted = sum(e.kind == "action-intent" for e in mine) - sum(e.kind == "action-result" for e in mine)
        assert [(entry.item, str(entry.change.address)) for entry in stand.begun] == intended
        assert all((entry.result == "verified") == (entry.item in told) for entry in stand.begun)
        assert len(stand.unfinished) == acted
        assert all(entry.found == {thing("x"): "running"} for entry in stand.unfinished)


def test_events_of_the_run_itself_and_of_unknown_kinds_do_not_disturb():
    assert standing([Event("r", "run-started"), Event("r", "something new", "h", {"x": 1})]) == {"h": Standing()}
