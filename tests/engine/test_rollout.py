"""A run over a fleet in memory: waves, thresholds, canaries, windows, and hosts that are kept apart."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.engine.gate import Course, Gate
from remediators.engine.history import from_journal
from remediators.engine.outcomes import HostResult, exit_code
from remediators.engine.recorder import Recorder
from remediators.engine.rollout import apply_fleet
from remediators.engine.waves import rollout
from remediators.engine.window import Freeze, Opening
from remediators.journal import Journal, Lost
from remediators.model import HostPlan, Plan
from remediators.model.rollout import Apart, Cap, Pace, PacedPlay, Rollout
from remediators.model.windows import read_window
from remediators.runners.threads import side_by_side
from tests.engine.fake import FakeHost, FakeTask, fleet

NOW = datetime(2026, 11, 28, 22, 30, tzinfo=UTC)
TASKS = [FakeTask("t", {"a": "new"}, verify={"seen": {"thing": "a", "value": "new"}})]


@pytest.fixture
def run(bench):
    """Plan over hosts, apply with a pace and a course, and give the whole result."""

    def make(hosts, pace=None, *, unreachable=(), tasks=TASKS, kind="apply", before=lambda b: None, **course):
        b = bench(hosts)
        plans = b.plan(tasks)
        b.fleet = replace(b.fleet, connect=connecting(b.fleet.connect, unreachable), forks=course.pop("forks", 20))
        before(b)
        names = [plan.name for plan in plans]
        changing = {plan.name for plan in plans if plan.status == "changes"}
        way = rollout([PacedPlay("p", tuple(names), pace or Pace())], names, changing, 7)
        fence = course.pop("fence", None)
        plan = Plan("p", "", "0", (), (), tuple(plans))
        (b.folder / "run" / "manual").mkdir(parents=True)
        with Journal(b.folder / "journal.db") as journal:
            record = Recorder("run", journal, b.folder / "run", seal=b.seal, redactor=b.redactor)
            record.fence = fence
            result = apply_fleet(b.fleet, plan, fleet(hosts), record, kind, course=Course(way, **course))
            events = journal.events("run")
        told = from_journal("run", plan, events)
        assert [(h.name, h.status, h.error) for h in told.hosts] == [(h.name, h.status, h.error) for h in result.hosts]
        make.events = events
        make.results = {host.name: host for host in result.hosts}
        make.code = exit_code(result.hosts)
        return {host.name: host.status for host in result.hosts}

    return make


def connecting(connect, unreachable):
    from remediators.model import Unreachable

    def open_(host):
        if host.name in unreachable:
            raise Unreachable("connection refused")
        return connect(host)

    return open_


def hosts(count, **stuck):
    return {f"h{n}": FakeHost({"a": "old"}) for n in range(count)}


def of(events, kind):
    return [event for event in events if event.kind == kind]


def test_waves_go_one_after_the_other(run):
    order = []
    many = hosts(5)
    for name, host in many.items():
        host.before_write = lambda name=name: order.append(name)
    assert set(run(many, Pace(serial=(1, 2))).values()) == {"changed"}
    waves = [event.body["hosts"] for event in of(run.events, "wave")]
    assert waves == [["h0"], ["h1", "h2"], ["h3", "h4"]]
    assert [set(order[:1]), set(order[1:3]), set(order[3:])] == [set(wave) for wave in waves]


def test_more_failures_than_allowed_stop_before_the_next_wave(run):
    many = hosts(6)
    many["h0"].fails = {"a"}
    found = run(many, Pace(serial=(2,), max_fail_percentage=49))
    assert found.pop("h1") in ("changed", "not_started")  # it may be begun before the other has failed, or not
    assert found == {"h0": "failed", **dict.fromkeys(("h2", "h3", "h4", "h5"), "not_started")}
    assert "max_fail_percentage 49 of 'p': 1 of 2" in run.results["h5"].error
    assert many["h2"].writes == []
    assert run.code == 2


def test_as_many_failures_as_allowed_do_not_stop(run):
    many = hosts(4)
    many["h0"].fails = {"a"}
    assert run(many, Pace(serial=(2,), max_fail_percentage=50))["h3"] == "changed"


def test_no_host_is_begun_after_the_threshold_within_a_wave(run):
    many = hosts(4)
    many["h0"].fails = {"a"}
    found = run(many, Pace(any_errors_fatal=True), forks=1)
    assert list(found.values()) == ["failed", "not_started", "not_started", "not_started"]


def test_a_wave_of_which_every_host_failed_stops_the_run(run):
    many = hosts(3)
    many["h0"].fails = {"a"}
    assert run(many, Pace(serial=(1,))) == {"h0": "failed", "h1": "not_started", "h2": "not_started"}


@pytest.mark.parametrize("trouble", ["unreachable", "drift", "lease"])
def test_what_every_host_is_looked_at_for_counts_before_anything_has_changed(run, trouble):
    many = hosts(4)

    def drift(b):
        many["h3"].things["a"] = "somebody"

    more = {
        "unreachable": {"unreachable": ("h3",)},
        "drift": {"before": drift},
        "lease": {"held": {"h3": "h3 is held by run other"}},
    }[trouble]
    found = run(many, Pace(serial=(1,), max_fail_percentage=0), **more)
    assert found == {
        **dict.fromkeys(("h0", "h1", "h2"), "not_started"),
        "h3": "unreachable" if trouble == "unreachable" else "refused",
    }
    assert all(host.writes == [] for host in many.values())
    assert run.code == (4 if trouble == "unreachable" else 3)


def test_without_a_threshold_the_others_go_on(run):
    many = hosts(3)
    assert run(many, unreachable=("h1",)) == {"h0": "changed", "h1": "unreachable", "h2": "changed"}


def test_no_host_is_written_to_before_all_have_been_looked_at(run):
    many = hosts(4)
    looked = set()

    def looks(name):
        def look():
            looked.add(name)

        return look

    def writes():
        assert looked == set(many)

    def watch(b):
        for name, host in many.items():
            host.before_read, host.before_write = looks(name), writes

    assert set(run(many, before=watch).values()) == {"changed"}


def test_a_way_back_asks_for_no_threshold_and_looks_at_nobody_first(run):
    many = hosts(3)
    trips = lambda b: [host.trips.clear() for host in many.values()]  # noqa: E731
    found = run(many, unreachable=("h1",), kind="rollback", looks_first=False, before=trips)
    assert found == {"h0": "changed", "h1": "unreachable", "h2": "changed"}
    assert many["h0"].trips == ["read", "write", "read"]


def test_a_canary_that_stays_well_lets_the_others_go_on(run):
    many = hosts(4)
    assert set(run(many, Pace(canary=("h2",), soak=0.01)).values()) == {"changed"}
    soaked = of(run.events, "soaked")
    assert [(event.host, event.body["wrong"]) for event in soaked] == [("h2", None)]
    written = [event.host for event in run.events if event.kind in ("intent", "soaked")]
    assert written[:2] == ["h2", "h2"]


class Waiting(threading.Event):
    """A stop that is never set; ``then`` happens where somebody waits for it so long."""

    def __init__(self, seconds, then):
        super().__init__()
        self.seconds, self.then = seconds, then

    def wait(self, timeout=None):
        if timeout != self.seconds:
            return super().wait(timeout)
        return bool(self.then())


def soaking(then):
    def before(b):
        b.fleet = replace(b.fleet, stop=Waiting(600.0, then))

    return before


def test_a_canary_that_does_not_stay_well_stops_the_run(run):
    many = hosts(3)

    def policy():
        many["h0"].things["a"] = "old"

    found = run(many, Pace(canary=1, soak=600.0), before=soaking(policy))
    assert found == {"h0": "failed", "h1": "not_started", "h2": "not_started"}
    assert "after the soak: thing:a is not as it was set; seen: a looks like old" in run.results["h0"].error
    assert run.results["h0"].items[0].status == "failed"
    assert "h0 did not stay well" in run.results["h2"].error
    assert run.code == 2


def test_an_interrupt_ends_the_soak_and_the_rest_is_left(run):
    many = hosts(3)

    def interrupt(b):
        stop = Waiting(600.0, lambda: stop.set() or True)
        b.fleet = replace(b.fleet, stop=stop)

    found = run(many, Pace(canary=1, soak=600.0), before=interrupt)
    assert found == {"h0": "changed", "h1": "not_started", "h2": "not_started"}
    assert not of(run.events, "soaked")


def test_the_next_of_a_group_is_not_begun_where_one_did_not_come_out_well(run):
    many = hosts(4)
    many["h1"].stuck = {"a"}
    pace = Pace(never_together=(Apart("mx", ("h1", "h2")),))
    assert run(many, pace) == {"h0": "changed", "h1": "failed", "h2": "not_started", "h3": "changed"}
    assert run.results["h2"].error == "never_together: mx: h1 did not come out well (failed)"


@given(
    caps=st.lists(st.tuples(st.sets(st.sampled_from("abcdef"), min_size=2), st.integers(1, 2)), min_size=1, max_size=3),
    forks=st.integers(1, 6),
)
@settings(max_examples=40, deadline=None)
def test_never_more_of_a_group_are_in_flight_than_may_be(caps, forks):
    way = Rollout((), (), tuple(Cap("c", tuple(sorted(members)), most) for members, most in caps))
    gate = Gate(way, Opening())
    flying, wrong, lock = set(), [], threading.Lock()

    def work(name):
        with lock:
            flying.add(name)
            wrong.extend(cap for cap in way.caps if len(flying.intersection(cap.hosts)) > cap.most)
        with lock:
            flying.remove(name)
        return name

    done = [n for _, n in side_by_side("abcdef", work, forks, threading.Event(), may=gate.beside)]
    assert sorted(done) == list("abcdef")
    assert wrong == []


WINDOW = {"start": "2026-11-28T22:00", "end": "2026-11-29T02:00", "timezone": "UTC"}


def opening(now, hosts=None, overridden=None, freezes=()):
    times = iter(now) if isinstance(now, list) else None
    clock = (lambda: next(times)) if times else (lambda: now)
    return Opening(((read_window(WINDOW), hosts),), freezes, overridden, clock)


def test_hosts_are_begun_in_the_window(run):
    assert set(run(hosts(2), opening=opening(NOW)).values()) == {"changed"}


def test_no_host_is_begun_after_the_window_and_the_rest_can_go_on_later(run):
    late = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
    found = run(hosts(3), opening=opening([NOW, NOW, late]), forks=1)
    assert list(found.values()) == ["changed", "changed", "not_started"]
    assert "the change window (2026-11-28T22:00+00:00 to 2026-11-29T02:00+00:00 UTC) is over" in run.results["h2"].error
    assert run.code == 3


def test_before_the_window_it_is_said_when_it_opens():
    reason = opening(NOW - timedelta(hours=3)).barred("h")
    assert "in 2 h 30 min" in reason


def test_no_host_is_begun_where_an_apply_and_its_way_back_do_not_fit_any_more():
    gate = Gate(Rollout(), opening(datetime(2026, 11, 29, 1, 50, tzinfo=UTC)))
    plan = HostPlan("x", "changes")
    assert gate.barred("h") is None
    gate.ended(plan, HostResult("x", "changed", seconds=299))
    assert gate.barred("h") is None
    gate.ended(plan, HostResult("x", "changed", seconds=301))
    assert "an apply plus a rollback take 10 min 2 s" in gate.barred("h")


def test_before_the_first_measure_it_is_guessed_from_the_first_look():
    gate = Gate(Rollout(), opening(datetime(2026, 11, 29, 1, 50, tzinfo=UTC)))
    gate.guess("h", 400)
    assert gate.barred("h")
    assert gate.barred("other") is None


def test_a_window_is_for_the_hosts_of_its_play_only():
    closed = opening(NOW - timedelta(days=1), frozenset({"h"}))
    assert closed.barred("h")
    assert closed.barred("other") is None


def test_a_reason_overrides_window_and_freeze():
    freeze = Freeze(NOW - timedelta(hours=1), NOW + timedelta(hours=1), "Quarter end", "f.ics")
    assert opening(NOW - timedelta(days=9), overridden="CHG1", freezes=(freeze,)).barred("h") is None


def test_a_freeze_bars_while_it_lasts_and_where_it_would_begin_too_soon():
    freeze = Freeze(NOW, NOW + timedelta(hours=1), "Quarter end", "f.ics")

    def barred(minutes, needs=0.0):
        return Opening((), (freeze,), None, lambda: NOW + timedelta(minutes=minutes)).barred("h", needs)

    assert barred(-10) is None
    assert "'Quarter end' of f.ics begins at" in barred(-10, 601)
    assert "lasts until" in barred(0)
    assert "lasts until" in barred(59)
    assert barred(60) is None


def test_a_run_that_lost_its_lease_writes_nothing_more(run):
    many = hosts(2)

    def fence(host):
        if host == "h1":
            raise Lost("h1: the lease of this run was released: nothing more is written there")

    assert run(many, fence=fence) == {"h0": "changed", "h1": "failed"}
    assert many["h1"].writes == []


def test_a_host_that_another_run_holds_is_refused_and_never_asked(run):
    many = hosts(2)

    def clear(b):
        many["h1"].trips.clear()

    assert run(many, held={"h1": "h1 is held by run x"}, before=clear) == {"h0": "changed", "h1": "refused"}
    assert many["h1"].trips == []
    assert run.code == 3


def test_what_the_plan_refused_itself_does_not_count_as_failed(run):
    many = hosts(2)
    many["h0"].things["b"] = "odd"
    found = run(many, Pace(any_errors_fatal=True), tasks=[*TASKS, FakeTask("odd", {"b": "1"})])
    assert found == {"h0": "refused", "h1": "changed"}
