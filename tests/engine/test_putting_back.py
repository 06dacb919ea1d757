"""`on_verify_failure: rollback`: a host that looks wrong from outside is put back at once, and that is proved."""

import pytest

from remediators.engine.history import from_journal
from remediators.engine.outcomes import exit_code
from remediators.engine.rollback import standing
from remediators.model import Plan
from tests.engine.fake import FakeHost, FakeTask

WRONG = {"seen": {"thing": "b", "value": "something else"}}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A check that fails is not repeated."""
    monkeypatch.setattr("remediators.engine.verification.CHECK_SECONDS", 0.0)


def tasks(**more):
    return [
        FakeTask("first", {"a": "new"}, notify=("k",)),
        FakeTask("second", {"b": "new"}, verify=WRONG, on_verify_failure="rollback", **more),
        FakeTask("k", kick="x", handler=True),
    ]


def test_a_failed_check_puts_the_host_back_newest_first_and_kicks_its_handlers_again(bench):
    host = FakeHost({"a": "old", "x": "on"})
    b = bench({"h": host})

    result = b.apply(b.plan(tasks()))["h"]

    assert host.things == {"a": "old", "x": "on"}
    assert host.writes == [("a", "new"), ("b", "new"), ("b", None), ("a", "old")]
    assert host.kicks == ["x", "x"]
    assert result.status == "reverted"
    assert [item.results for item in result.items if item.item.changes] == [("reverted",), ("reverted",)]
    assert exit_code([result]) == 2


def test_the_journal_tells_the_same_and_leaves_nothing_to_roll_back(bench):
    b = bench({"h": FakeHost({"a": "old", "x": "on"})})
    plans = b.plan(tasks())
    result = b.apply(plans)["h"]

    (told,) = from_journal("run1", Plan("p", "", "0", (), (), tuple(plans)), b.events()).hosts

    assert told == result
    assert standing(b.events())["h"].begun == ()


def test_without_the_keyword_the_change_stays(bench):
    host = FakeHost()
    b = bench({"h": host})

    result = b.apply(b.plan([FakeTask("one", {"b": "new"}, verify=WRONG)]))["h"]

    assert result.status == "failed"
    assert host.things == {"b": "new"}


def test_every_command_of_the_way_back_is_in_the_plan(bench):
    (plan,) = bench({"h": FakeHost({"b": "old"})}).plan(tasks())

    assert 'if a check fails: set b "old"' in plan.items[1].notes


def test_what_cannot_be_put_back_is_said_to_be_unknown(bench):
    host = FakeHost({"a": "old", "x": "on"})
    b = bench({"h": host})
    plans = b.plan(tasks())

    def stick():
        host.stuck = {"a"} if ("b", "new") in host.writes else set()

    host.before_write = stick

    result = b.apply(plans)["h"]

    assert host.things["a"] == "new"
    assert result.status == "unknown"
    assert "not proven to be put back" in result.items[0].reason


def test_a_run_that_dies_while_it_puts_back_leaves_what_it_began_unknown(bench):
    b = bench({"h": FakeHost({"a": "old", "x": "on"})})
    plans = b.plan(tasks())
    b.apply(plans)
    until = [event.kind for event in b.events()].index("putting-back") + 1
    events = b.events()[:until]

    (told,) = from_journal("run1", Plan("p", "", "0", (), (), tuple(plans)), events).hosts

    assert told.status == "unknown"
    assert {entry.result for entry in standing(events)["h"].begun} == {"unknown"}


def test_an_interrupt_does_not_stop_the_way_back(bench):
    host = FakeHost({"a": "old", "x": "on"})
    b = bench({"h": host})
    b.watch = lambda event: b.fleet.stop.set() if event.kind == "putting-back" else None

    result = b.apply(b.plan(tasks()))["h"]

    assert host.things["a"] == "old"
    assert result.status == "reverted"


@pytest.mark.parametrize("ignored", [False, True])
def test_a_secret_that_is_put_back_stays_one(bench, ignored):
    b = bench({"h": FakeHost({"x": "on"})})
    secret = FakeTask("s", {"s": "geheim!"}, sensitive=True)

    result = b.apply(b.plan([secret, *tasks(ignore_errors=ignored)]))["h"]

    assert result.status == "reverted"
    assert "geheim!" not in str([event.body for event in b.events()])


def test_what_the_run_found_as_wanted_is_not_taken_back(bench):
    host = FakeHost({"a": "old", "x": "on"})
    b = bench({"h": host})
    plans = b.plan(tasks())
    host.things["a"] = "new"  # by somebody else, after the plan

    result = b.apply(plans)["h"]

    assert result.status == "reverted"
    assert host.things == {"a": "new", "x": "on"}
    assert [item.results for item in result.items if item.item.changes] == [("verified",), ("reverted",)]


def test_where_nothing_was_changed_nothing_is_put_back(bench):
    host = FakeHost({"x": "on"})
    b = bench({"h": host})
    plans = b.plan(tasks())
    host.things |= {"a": "new", "b": "new"}

    result = b.apply(plans)["h"]

    assert result.status == "failed"
    assert host.writes == []
