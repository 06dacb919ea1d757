"""A run that dies at any moment and is gone on with ends as one that nobody disturbed, and writes nothing twice."""

from collections import Counter
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.engine.earlier import earlier
from remediators.engine.gate import Course
from remediators.engine.history import from_journal
from remediators.engine.recorder import Recorder
from remediators.engine.resuming import Standing, left_of, resume_fleet, soaked
from remediators.engine.rollback import standing
from remediators.engine.rollout import apply_fleet
from remediators.journal import Event, Journal
from remediators.model import Change, HostPlan, Item, Plan
from remediators.model.rollout import Rollout, Wave
from tests.engine.conftest import Bench
from tests.engine.fake import FakeHost, FakeTask, fleet, thing
from tests.engine.fake_device import DeviceSession, FakeDevice, device_house

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
        with self._alive(dies_at) as record:
            apply_fleet(self.bench.fleet, self.plan, fleet(self.hosts), record, "apply")

    def resume(self, dies_at=None, **more):
        events = self.events()
        told = from_journal("run1", self.plan, events).hosts
        stands = Standing(self.plan, told, left_of(self.plan, told, events), soaked(events), more.pop("refused", None))
        with self._alive(dies_at) as record:
            return resume_fleet(
                self.bench.fleet, stands, fleet(self.hosts), record, course=more.get("course", Course()), by={}
            )

    def _alive(self, dies_at):
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
            "run1", self.journal, life.folder, seal=life.bench.seal, redactor=life.bench.redactor, watch=life.tick
        )

    def __exit__(self, kind, error, trace):
        self.journal.close()
        self.life.dead = False
        self.life.dies_at = None
        return kind is Death


def life_of(folder, tasks=TASKS, names=("h",)):
    return Life(Bench(folder, {name: FakeHost(dict(BEFORE)) for name in names}), tasks)


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
    for name, host in life.hosts.items():
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
