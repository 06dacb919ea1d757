"""What a dead run left in doubt is read again: before, after, foreign, unfinished; devices under a timer confirmed."""

from datetime import UTC, datetime, timedelta

import pytest

from remediators.engine.history import from_journal
from remediators.engine.recorder import Recorder
from remediators.engine.recovery import Survey, recover_host, trails
from remediators.engine.rollback import standing
from remediators.journal import Event, Journal
from remediators.model import Dropped, Host, Plan, Redactor, RemoteError
from tests.engine.fake import FakeHost, FakeSession, FakeTask
from tests.engine.fake_device import DeviceSession, FakeDevice, device_house

TASKS = [
    FakeTask("one", {"a": "1"}, notify=("k",)),
    FakeTask("two", {"b": "2", "c": "3"}),
    FakeTask("k", kick="x", handler=True),
]


def after_death(bench, plans, until, *, seconds_ago=0.0):
    """The journal of a run that died after its first ``until`` events, in a bench of its own."""
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    kept = bench.events()[:until]
    path = bench.folder / "dead.db"
    with Journal(path) as journal:
        journal.append(*(Event(e.run, e.kind, e.host, e.body, at.isoformat()) for e in kept))
    return path


def recovered(bench, plans, path, session, *, wish="", house=None):
    folder = bench.folder / "dead"
    folder.mkdir(exist_ok=True)
    with Journal(path) as journal:
        trail = trails(journal.events("run1"))[plans[0].name]
        record = Recorder("run1", journal, folder, seal=bench.seal, redactor=Redactor())
        host = Host(plans[0].name, {})
        found = recover_host(Survey(host, plans[0], trail, session, house or bench.house, record, bench.seal, wish))
        return found, journal.events("run1"), trail


def kinds(bench):
    return [event.kind for event in bench.events()]


def test_a_run_that_died_before_its_second_result_is_read_again(bench):
    host = FakeHost({"x": "on"})
    b = bench({"h": host})
    plans = b.plan(TASKS)
    b.apply(plans)
    second = [n for n, kind in enumerate(kinds(b)) if kind == "intent"][1]
    path = after_death(b, plans, second + 1)
    host.things = {"a": "1", "b": "2", "c": "somebody's", "x": "on"}

    found, events, trail = recovered(b, plans, path, FakeSession(host))

    assert trail.doubtful
    assert [(str(one.change.address), one.state, one.now) for one in found.changes] == [
        ("thing:a", "after", None),
        ("thing:b", "after", None),
        ("thing:c", "foreign", "somebody's"),
    ]
    assert [(one.task, one.state) for one in found.actions] == [("k", "before")]
    assert found.status == "failed"
    assert not trails(events)["h"].doubtful


def test_what_it_found_is_what_show_tells_and_rollback_heeds(bench):
    host = FakeHost({"x": "on"})
    b = bench({"h": host})
    plans = b.plan(TASKS)
    b.apply(plans)
    second = [n for n, kind in enumerate(kinds(b)) if kind == "intent"][1]
    path = after_death(b, plans, second + 1)
    host.things = {"a": "1", "b": "2", "c": "somebody's", "x": "on"}

    _, events, _ = recovered(b, plans, path, FakeSession(host))
    (told,) = from_journal("run1", Plan("p", "", "0", (), (), tuple(plans)), events).hosts

    assert told.status == "failed"
    assert [item.results for item in told.items if item.item.changes] == [("verified",), ("verified", "unknown")]
    assert [entry.result for entry in standing(events)["h"].begun] == ["verified", "verified", "foreign"]


@pytest.mark.parametrize(
    ("things", "status", "states"),
    [
        ({}, "not_started", ["before", "before", "before"]),
        ({"a": "1", "b": "2", "c": "3"}, "changed", ["after", "after", "after"]),
        ({"a": "1"}, "failed", ["after", "before", "before"]),
    ],
)
def test_a_host_is_what_its_values_say(bench, things, status, states):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"a": "1"}), FakeTask("two", {"b": "2", "c": "3"})])
    b.apply(plans)
    path = after_death(b, plans, kinds(b).index("intent") + 1)
    host.things = dict(things)

    found, _, _ = recovered(b, plans, path, FakeSession(host))

    assert [one.state for one in found.changes] == states
    assert found.status == status


def test_an_address_that_was_changed_once_and_not_twice_is_after_and_before_and_nobody_elses(bench):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("one", {"a": "1"}), FakeTask("two", {"a": "2"})])
    b.apply(plans)
    second = [n for n, kind in enumerate(kinds(b)) if kind == "intent"][1]
    path = after_death(b, plans, second + 1)
    host.things = {"a": "1"}

    found, events, _ = recovered(b, plans, path, FakeSession(host))
    (told,) = from_journal("run1", Plan("p", "", "0", (), (), tuple(plans)), events).hosts

    assert [one.state for one in found.changes] == ["after", "before"]
    assert [item.results for item in told.items] == [("verified",), ("reverted",)]
    assert [entry.result for entry in standing(events)["h"].begun] == ["verified", "failed"]


def test_an_action_that_was_not_seen_to_end_is_unfinished(bench):
    host = FakeHost({"x": "on"})
    b = bench({"h": host})
    plans = b.plan(TASKS)
    b.apply(plans)
    path = after_death(b, plans, kinds(b).index("action-intent") + 1)

    found, events, _ = recovered(b, plans, path, FakeSession(host))

    assert [(one.state, one.reason) for one in found.actions] == [
        ("unfinished", "all is as it should be afterwards, and whether it was done was not seen")
    ]
    assert found.status == "failed"
    assert len(standing(events)["h"].unfinished) == 1


def test_what_cannot_be_read_is_unread_and_the_host_unknown(bench):
    host = FakeHost({"x": "on"})
    b = bench({"h": host})
    plans = b.plan(TASKS)
    b.apply(plans)
    path = after_death(b, plans, kinds(b).index("intent") + 1)
    host.denied = {"b"}

    found, _, _ = recovered(b, plans, path, FakeSession(host))

    assert [one.state for one in found.changes] == ["after", "unread", "after"]
    assert found.status == "unknown"


def test_a_secret_is_known_again_and_never_shown(bench):
    host = FakeHost()
    b = bench({"h": host})
    plans = b.plan([FakeTask("s", {"s": "geheim!"}, sensitive=True)])
    b.apply(plans)
    path = after_death(b, plans, kinds(b).index("intent") + 1)

    assert recovered(b, plans, path, FakeSession(host))[0].status == "changed"
    host.things["s"] = "another"
    found, events, _ = recovered(b, plans, path, FakeSession(host))

    assert [(one.state, one.now) for one in found.changes] == [("foreign", None)]
    assert "geheim!" not in str([event.body for event in events])


def test_a_run_that_came_to_its_end_leaves_nobody_in_doubt(bench):
    b = bench({"h": FakeHost({"x": "on"})})
    b.apply(b.plan(TASKS))

    assert not trails(b.events())["h"].doubtful


# Devices.


@pytest.fixture
def armed(tmp_path, monkeypatch, bench):
    """A device on which a run was killed while it was armed and changed."""
    monkeypatch.setattr("remediators.engine.guarding._PAUSE", 0.0)

    def make(seconds_ago=30.0, until="result", **more):
        device = FakeDevice({"timer": "yes"}, **more)
        b = bench({"fw": device})
        b.house = device_house(device)
        b.fleet = b.fleet.__class__(b.house, lambda host: DeviceSession(device), b.fleet.spread)
        plans = b.plan([FakeTask("open up", {"acl": "new"})])
        b.apply(plans)
        path = after_death(b, plans, kinds(b).index(until) + 1, seconds_ago=seconds_ago)
        device.did = []
        device.kept = {"timer": "yes"}
        return b, plans, path, device

    return make


def test_an_armed_device_is_told_with_the_seconds_it_has(armed):
    b, plans, path, device = armed(seconds_left=200.0)

    found, _, trail = recovered(b, plans, path, DeviceSession(device), house=b.house)

    assert trail.doubtful
    assert (found.status, found.left, found.console) == ("unknown", 200.0, "type confirm")
    assert device.did == []


def test_a_device_that_holds_the_change_is_confirmed_and_saved(armed):
    b, plans, path, device = armed()

    found, events, _ = recovered(b, plans, path, DeviceSession(device), wish="confirm", house=b.house)

    assert device.did == ["confirm", "save"]
    assert (found.status, found.told) == ("changed", ("confirmed",))
    assert not trails(events)["fw"].doubtful
    assert {"confirmed", "saved", "recovered"} <= {event.kind for event in events}


def test_with_less_than_a_minute_left_nothing_is_confirmed(armed):
    b, plans, path, device = armed()
    device.seconds_left = 59.0

    found, _, _ = recovered(b, plans, path, DeviceSession(device), wish="confirm", house=b.house)

    assert found.refused
    assert "only 59 seconds are left" in found.told[0]
    assert device.did == []


def test_a_device_that_does_not_hold_the_change_is_not_confirmed(armed):
    b, plans, path, device = armed()
    device.things["acl"] = "somebody's"

    found, _, _ = recovered(b, plans, path, DeviceSession(device), wish="confirm", house=b.house)

    assert found.refused
    assert "thing:acl is foreign" in found.told[0]
    assert device.did == []


def test_an_armed_device_is_reverted_at_once_and_that_is_read(armed):
    b, plans, path, device = armed()

    found, events, _ = recovered(b, plans, path, DeviceSession(device), wish="revert", house=b.house)

    assert device.did == ["revert now"]
    assert "acl" not in device.things
    assert (found.status, found.told) == ("reverted", ("reverted",))
    assert standing(events)["fw"].begun == ()


def test_a_device_that_went_back_meanwhile_is_as_it_was(armed, monkeypatch):
    b, plans, path, device = armed(seconds_ago=900.0)
    device.goes_back()

    def gone(*_):
        raise RemoteError("the timer does not run any more")

    monkeypatch.setattr("tests.engine.fake_device.FakeSafeguard.left", gone)
    found, events, _ = recovered(b, plans, path, DeviceSession(device), house=b.house)

    assert found.status == "reverted"
    assert not trails(events)["fw"].doubtful


def test_a_change_that_was_confirmed_and_not_saved_is_told_and_can_be_saved(armed):
    b, plans, path, device = armed(until="confirmed")

    found, _, _ = recovered(b, plans, path, DeviceSession(device), house=b.house)
    assert (found.status, found.error) == ("changed", "not seen to be saved")
    found, _, _ = recovered(b, plans, path, DeviceSession(device), wish="confirm", house=b.house)

    assert device.did == ["save"]
    assert found.told == ("confirmed",)


def test_an_armed_device_that_cannot_be_reached_is_told_when_it_goes_back(armed):
    b, plans, path, device = armed()

    def lost():
        raise Dropped("the connection went away")

    device.before_read = lost
    found, _, _ = recovered(b, plans, path, DeviceSession(device), house=b.house)

    assert found.status == "unreachable"
    assert "it is armed and goes back by itself in 2" in found.error


def test_a_host_without_a_timer_is_not_confirmed(bench):
    host = FakeHost({"x": "on"})
    b = bench({"h": host})
    plans = b.plan(TASKS)
    b.apply(plans)
    path = after_death(b, plans, kinds(b).index("intent") + 1)

    found, _, _ = recovered(b, plans, path, FakeSession(host), wish="confirm")

    assert found.refused
    assert "remediate rollback -l h" in found.told[0]
