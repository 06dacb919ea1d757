"""A run that dies at any moment and is gone on with ends as one that nobody disturbed, and writes nothing twice."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.engine.earlier import earlier
from remediators.engine.fleet import Fleet
from remediators.engine.gate import Course
from remediators.engine.history import from_journal
from remediators.engine.progress import progress
from remediators.engine.recorder import Recorder
from remediators.engine.resuming import Standing, left_of, resume_fleet, soaked
from remediators.engine.rollback import standing
from remediators.engine.rollout import apply_fleet
from remediators.engine.window import Opening
from remediators.journal import Event, Journal
from remediators.model import Action, Change, HostPlan, Item, Plan, RemoteError, Unreachable
from remediators.model.rollout import Limit, Rollout, Wave
from remediators.model.windows import read_window
from remediators.runners.threads import side_by_side
from tests.engine.conftest import Bench
from tests.engine.fake import FakeHost, FakeTask, fleet, thing
from tests.engine.fake_device import DeviceSession, FakeDevice, FakeSafeguard, device_house

TASKS = [
    FakeTask("one", {"a": "1", "b": "1"}, notify=("k",)),
    FakeTask("again", {"a": "2"}),
    FakeTask("k", kick="x", handler=True),
    FakeTask("two", {"c": "3"}, play="second", notify=("l",), verify={"seen": {"thing": "c", "value": "3"}}),
    FakeTask("there and back", {"d": "4"}, play="second"),
    FakeTask("back", {"d": None}, play="second"),
    FakeTask("l", kick="y", handler=True, play="second"),
]
BEFORE = {"x": "on", "y": "on"}
AFTER = {"a": "2", "b": "1", "c": "3", **BEFORE}
OPEN, LATE = (datetime(2026, 11, day, 23, tzinfo=UTC) for day in (28, 30))
WINDOW = {"start": "2026-11-28T22:00", "end": "2026-11-29T02:00", "timezone": "UTC"}
WRITES = Counter([("a", "1"), ("b", "1"), ("a", "2"), ("c", "3"), ("d", "4"), ("d", None)])


class Death(BaseException):
    """The process is gone."""


class Life:
    """A run over hosts in memory, and its journal; it may die at a moment: an event that is noted, a line on a host."""

    def __init__(self, bench, tasks):
        self.bench = bench
        self.hosts = bench.hosts
        self.plan = Plan("p", "", "0", (), (), tuple(bench.plan(tasks)))
        self.moments = 0
        self.dies_at = None
        self.dead = False
        self.folder = bench.folder / "run1"
        (self.folder / "manual").mkdir(parents=True, exist_ok=True)
        for host in self.hosts.values():
            host.do = self._mortal(host.do)

    def watch(self, event):
        self.tick(event)

    def _mortal(self, do):
        def line(text):
            self.tick()
            answer = do(text)
            self.tick()
            return answer

        return line

    def tick(self, *_):
        self.moments += 1
        if self.dead or self.moments == self.dies_at:
            self.dead = True
            raise Death

    def events(self):
        with Journal(self.bench.folder / "journal.db") as journal:
            return journal.events("run1")

    def told(self):
        return from_journal("run1", self.plan, self.events())

    def left(self):
        return left_of(self.plan, self.told().hosts, self.events())

    def apply(self, dies_at=None):
        with self.alive(dies_at) as record:
            apply_fleet(self.bench.fleet, self.plan, fleet(self.hosts), record, "apply")

    def resume(self, dies_at=None, **more):
        events = self.events()
        told = from_journal("run1", self.plan, events).hosts
        stands = Standing(self.plan, told, left_of(self.plan, told, events), soaked(events), more.pop("refused", None))
        with self.alive(dies_at) as record:
            return resume_fleet(
                self.bench.fleet, stands, fleet(self.hosts), record, course=more.get("course", Course()), by={}
            )

    def alive(self, dies_at=None):
        return _Alive(self, dies_at)


class _Alive:
    def __init__(self, life, dies_at):
        self.life = life
        life.moments, life.dies_at, life.dead = 0, dies_at, False

    def __enter__(self):
        life = self.life
        self.journal = Journal(life.bench.folder / "journal.db")
        life.bench.fleet.stop.clear()
        return Recorder(
            "run1", self.journal, life.folder, seal=life.bench.seal, redactor=life.bench.redactor, watch=life.watch
        )

    def __exit__(self, kind, error, trace):
        self.journal.close()
        self.life.dead = False
        self.life.dies_at = None
        return kind is Death


def life_of(folder, tasks=TASKS, names=("h",)):
    bench = Bench(folder, {name: FakeHost(dict(BEFORE)) for name in names})
    object.__setattr__(bench.fleet, "forks", 1)  # one host after the other, so that a moment is the same in each life
    return Life(bench, tasks)


def moments_of(folder):
    life = life_of(folder)
    life.apply()
    return life.moments


def well(life):
    for name, host in life.hosts.items():
        assert host.things == AFTER, name
        assert Counter(host.writes) == WRITES, name
        assert {"x", "y"} == set(host.kicks), name
    assert {host.status for host in life.told().hosts} == {"changed"}
    words = {word for host in life.told().hosts for item in host.items for word in item.results}
    assert words == {"verified"}
    assert life.told().finished
    assert not life.left()


def put_back(life):
    stands = standing(life.events())
    assert set(stands) >= set(life.hosts)
    for name in life.hosts:
        spans = {entry.change.address.path: entry.change.before for entry in reversed(stands[name].begun)}
        assert spans == dict.fromkeys("abcd"), name


def test_dead_at_any_moment_and_gone_on_with_once(tmp_path):
    for moment in range(1, moments_of(tmp_path / "whole") + 1, 2):
        life = life_of(tmp_path / str(moment))
        life.apply(dies_at=moment)
        if not life.told().finished:
            life.resume()
        well(life)
        put_back(life)
        assert all(count <= 2 for count in Counter(life.hosts["h"].kicks).values())


@settings(max_examples=20, deadline=None)
@given(deaths=st.lists(st.integers(1, 70), min_size=1, max_size=5))
def test_dead_again_and_again_and_gone_on_with_each_time(tmp_path_factory, deaths):
    life = life_of(tmp_path_factory.mktemp("life"), names=("h", "i"))
    life.apply(dies_at=deaths[0])
    for moment in deaths[1:]:
        if life.left():
            life.resume(dies_at=moment)
    if not life.told().finished:
        life.resume()
    well(life)
    put_back(life)


# One host, and what may have come between.


def killed(folder, tasks=TASKS, kind="intent", number=1, names=("h",)):
    """A run that died when it had noted an event of a kind for the so-manieth time."""
    whole = life_of(folder / "whole", tasks, names)
    kinds, moments = [], []
    whole.tick = lambda event=None: _seen(whole, kinds, moments, event)
    whole.apply()
    at = [moment for kind_, moment in zip(kinds, moments, strict=True) if kind_ == kind][number - 1]
    life = life_of(folder / "life", tasks, names)
    life.apply(dies_at=at)
    return life


def _seen(life, kinds, moments, event):
    life.moments += 1
    if isinstance(event, Event):
        kinds.append(event.kind)
        moments.append(life.moments)


def status_of(life, name="h"):
    return next(host.status for host in life.told().hosts if host.name == name)


def test_a_handler_that_was_notified_and_did_not_run_runs_although_nothing_is_left_to_change(tmp_path):
    tasks = [FakeTask("one", {"a": "1"}, notify=("k",)), FakeTask("k", kick="x", handler=True)]
    life = killed(tmp_path, tasks, "action-intent")
    host = life.hosts["h"]
    assert host.kicks == []

    life.resume()

    assert host.kicks == ["x"]
    assert host.writes == [("a", "1")]
    assert [item.status for item in life.told().hosts[0].items] == ["changed", "changed"]


def test_a_handler_that_ran_does_not_run_again(tmp_path):
    life = killed(tmp_path, kind="intent", number=4)  # in the second play
    assert life.hosts["h"].kicks == ["x"]

    life.resume()

    assert life.hosts["h"].kicks == ["x", "y"]
    well(life)


def test_a_host_that_cannot_be_reached_stays_in_doubt_with_what_is_known_of_it(tmp_path):
    life = killed(tmp_path, kind="intent", number=3)
    before = life.told().hosts[0].items
    reached = life.bench.fleet.connect

    object.__setattr__(life.bench.fleet, "connect", unreachable)
    away = life.resume()
    told = life.told().hosts[0]
    assert away == {"h"}
    assert told.status == "unknown"
    assert "cannot be reached: connection refused" in told.error
    assert [item.status for item in told.items] == [item.status for item in before]

    object.__setattr__(life.bench.fleet, "connect", reached)
    assert life.resume() == set()
    well(life)


def unreachable(host):
    raise Unreachable("connection refused")


def test_a_foreign_value_refuses_its_host_and_nothing_is_sent(tmp_path):
    life = killed(tmp_path, kind="intent", number=3)
    host = life.hosts["h"]
    host.things["b"] = "somebody's"
    written = list(host.writes)

    life.resume()

    told = life.told().hosts[0]
    assert told.status == "refused"
    assert "thing:b is 'somebody's'" in told.error.replace('"', "'")
    assert host.writes == written
    assert told.items[0].results == ("verified", "unknown")
    host.things["b"] = "1"
    life.resume()
    well(life)


def test_a_window_that_closed_leaves_the_others_for_the_next_one(tmp_path):
    life = life_of(tmp_path, names=("h", "i"))
    times = iter([OPEN, LATE, LATE, LATE, LATE, LATE])
    with life.alive() as record:
        course = Course(opening=Opening(((read_window(WINDOW), None),), clock=lambda: next(times)), looks_first=False)
        apply_fleet(life.bench.fleet, life.plan, fleet(life.hosts), record, "apply", course=course)
    assert [host.status for host in life.told().hosts] == ["changed", "not_started"]
    assert list(life.left()) == ["i"]

    life.resume()

    well(life)


def test_a_threshold_counts_hosts_in_doubt_and_leaves_the_rest(tmp_path):
    life = killed(tmp_path, kind="intent", number=1, names=("h", "i"))
    for host in life.hosts.values():
        host.fails = {"a"}
    way = Rollout((Wave(("h",)), Wave(("i",))), (Limit(("h", "i"), 0.0, "none may fail"),))

    life.resume(course=Course(way))

    statuses = {host.name: host.status for host in life.told().hosts}
    assert statuses == {"h": "failed", "i": "not_started"}
    for host in life.hosts.values():
        host.fails = set()
    life.resume()
    assert {host.status for host in life.told().hosts} == {"changed"}


def test_hosts_that_must_not_be_gone_on_with_are_refused_and_stay_what_they_are(tmp_path):
    life = killed(tmp_path, kind="intent", number=2)
    life.hosts["h"].writes.clear()

    life.resume(refused={"h": "it was put back since"})

    assert life.told().hosts[0].error == "it was put back since"
    assert life.hosts["h"].writes == []


def test_a_host_that_was_being_put_back_is_left_for_rollback(tmp_path, monkeypatch):
    monkeypatch.setattr("remediators.engine.verification.CHECK_SECONDS", 0.0)
    tasks = [
        FakeTask("one", {"a": "1"}),
        FakeTask("two", {"b": "2"}, verify={"seen": {"thing": "b", "value": "3"}}, on_verify_failure="rollback"),
    ]
    life = killed(tmp_path, tasks, "putting-back")
    life.hosts["h"].writes.clear()

    life.resume()

    assert "remediate rollback run1 -l h ends that" in life.told().hosts[0].error
    assert life.hosts["h"].writes == []
    assert life.left()


def test_what_is_still_on_its_way_at_the_deadline_is_unknown_and_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("remediators.engine.verification.SETTLE_SECONDS", 0.0)
    monkeypatch.setattr("remediators.engine.resuming._PAUSE", 0.0)
    life = life_of(tmp_path, [FakeTask("one", {"a": "1"}, notify=("k",)), FakeTask("k", kick="x", handler=True)])
    host = life.hosts["h"]
    do = host.do
    host.do = lambda line: (host.denied.add("x") if line == "kick x" else None, do(line))[1]
    life.apply()
    assert status_of(life) == "unknown"
    assert life.told().hosts[0].items[1].status == "unknown"
    host.do = do
    looks = iter(range(3))
    host.before_read = lambda: host.denied.discard("x") if next(looks, None) is None else None

    life.resume()

    assert status_of(life) == "changed"
    assert host.writes == [("a", "1")]


def test_killed_again_in_its_second_part_a_host_is_unknown_and_the_run_not_ended(tmp_path):
    life = killed(tmp_path, kind="intent", number=2)
    kinds = [event.kind for event in life.events()]
    life.resume(dies_at=12)

    assert [event.kind for event in life.events()][len(kinds)] == "run-resumed"
    assert life.told().finished == ""
    assert life.left()
    assert progress(life.plan, life.events(), "2026-11-25T00:00:00Z").running


def test_an_interrupt_before_the_checks_leaves_the_host(tmp_path):
    life = life_of(tmp_path, [FakeTask("one", {"a": "1"}, verify={"seen": {"thing": "a", "value": "1"}})])
    host = life.hosts["h"]
    host.before_write = life.bench.fleet.stop.set
    life.apply()
    assert status_of(life) == "changed"
    assert list(life.left()) == ["h"]
    host.before_write = lambda: None

    life.resume()

    assert [event.kind for event in life.events()].count("check") == 1
    assert not life.left()


def test_a_canary_is_soaked_again_where_that_was_broken_off_and_only_there(tmp_path):
    life = life_of(tmp_path, names=("h", "i"))
    course = Course(Rollout((Wave(("h",), True, 0.01), Wave(("i",)))))
    life.bench.fleet.stop.clear()
    with life.alive() as record:
        life.tick = lambda event=None: life.bench.fleet.stop.set() if getattr(event, "kind", "") == "soak" else None
        apply_fleet(life.bench.fleet, life.plan, fleet(life.hosts), record, "apply", course=course)
    assert list(life.left()) == ["i"]

    life.tick = lambda event=None: None
    life.resume(course=course)

    assert [event.kind for event in life.events()].count("soaked") == 1
    well(life)


# What the journal says was begun.


def plan_of(*items):
    return HostPlan("h", "changes", tuple(Item("play", remediator="thing", outcome="change", **item) for item in items))


def test_an_action_of_several_is_done_when_its_end_was_seen_and_the_handler_when_all_are():
    kicks = tuple(Action(thing(name), "kicked", ()) for name in "xy")
    plan = plan_of(
        {"task": "one", "changes": (Change(thing("a"), None, "1"),), "notify": ("k",)},
        {"task": "k", "handler": True, "actions": kicks},
    )
    change = {"resource": "thing:a", "before": None, "after": "1"}
    events = [
        Event("r", "intent", "h", {"item": 0, "changes": [change], "notify": ["k"]}),
        Event("r", "action-intent", "h", {"item": 1, "action": str(kicks[0]), "expects": {}, "found": {}}),
        Event("r", "action-result", "h", {"item": 1, "status": "changed"}),
        Event("r", "action-intent", "h", {"item": 1, "action": str(kicks[1]), "expects": {}, "found": {}}),
    ]

    half = earlier(plan, events)
    whole = earlier(plan, [*events, Event("r", "action-result", "h", {"item": 1, "status": "changed"})])
    again = earlier(plan, [*events, Event("r", "action-result", "h", {"item": 1, "status": "changed"}), events[0]])

    assert half.begun == {(0, thing("a"))}
    assert (half.due, half.acted, set(half.unfinished)) == ({1: {0}}, {(1, str(kicks[0]))}, {1})
    assert (whole.due, whole.acted, whole.unfinished) == ({}, {(1, str(k)) for k in kicks}, {})
    assert (again.due, again.acted) == ({1: {0}}, frozenset())
    assert earlier(plan, [*events, Event("r", "reverted", "h")]) == earlier(plan, [])


# Devices.


@pytest.fixture
def router(tmp_path, monkeypatch):
    """A device, and a run over it that died when a line had been sent for the first time."""
    monkeypatch.setattr("remediators.engine.guarding._PAUSE", 0.0)

    def make(line):
        device = FakeDevice({"timer": "yes"})
        device.lefts = []
        monkeypatch.setattr(FakeSafeguard, "left", left)
        bench = Bench(tmp_path, {"fw": device})
        bench.house = device_house(device)
        bench.fleet = Fleet(bench.house, lambda host: DeviceSession(device), side_by_side)
        life = Life(bench, [FakeTask("open up", {"acl": "new"}), FakeTask("and", {"nat": "new"})])
        plain = DeviceSession._line

        def mortal(session, text):
            answer = plain(session, text)
            if text == line and not life.dead and life.armed:
                life.dead = True
                raise Death
            return answer

        monkeypatch.setattr(DeviceSession, "_line", mortal)
        do = device.do
        life.armed = True
        device.do = lambda text: _after(life, do, text, line)
        life.apply(dies_at=10**6)
        life.armed = False
        return life, device

    return make


def left(guard, session, arming, ago):
    """Seconds until it goes back: as long as its timer runs."""
    if guard.device.kept is None:
        raise RemoteError("the timer does not run any more")
    return guard.device.lefts.pop(0) if guard.device.lefts else 300.0


def _after(life, do, text, line):
    answer = do(text)
    if line in text and life.armed and not life.dead:
        life.dead = True
        raise Death
    return answer


@pytest.mark.parametrize("line", ["arm", 'set ["acl"', 'set ["nat"', "confirm", "save"])
def test_a_device_is_finished_under_the_timer_that_runs(router, line):
    life, device = router(line)
    assert life.left()

    life.resume()

    assert status_of(life, "fw") == "changed"
    assert device.things == {"timer": "yes", "acl": "new", "nat": "new"}
    assert device.did.count("arm") == 1
    assert device.did.count("confirm") == 1
    assert device.did[-1] == "save"
    assert device.writes == [("acl", "new"), ("nat", "new")]
    assert not life.left()


def test_with_too_little_time_left_it_goes_back_and_is_worked_on_anew(router):
    life, device = router('set ["acl"')
    device.lefts = [50.0]

    life.resume()

    assert device.did == ["arm", "revert now", "arm", "confirm", "save"]
    assert status_of(life, "fw") == "changed"
    assert device.things == {"timer": "yes", "acl": "new", "nat": "new"}
    assert not life.left()
