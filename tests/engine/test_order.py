"""Devices and the hosts behind them are never in flight together, and nobody waits for ever."""

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.engine.outcomes import HostResult
from remediators.engine.rollout import _apart
from remediators.model import Host, HostPlan
from remediators.runners.threads import side_by_side

NAMES = ["a", "b", "c", "d", "e", "f"]
VIAS = st.fixed_dictionaries(
    {name: st.sets(st.sampled_from(NAMES[:number] or ["-"])) for number, name in enumerate(NAMES)}
)


@given(vias=VIAS, order=st.permutations(NAMES), forks=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_every_host_is_worked_on_and_none_beside_a_device_in_front_of_it(vias, order, forks):
    jobs = [(Host(name, {}, via=tuple(vias[name])), HostPlan(name, "ok")) for name in order]
    flying, lock, wrong = {}, threading.Lock(), []

    def work(job):
        host = job[0]
        with lock:
            wrong.extend(
                (host.name, other.name) for other in flying.values() if other.name in host.via or host.name in other.via
            )
            flying[host.name] = host
        with lock:
            del flying[host.name]
        return HostResult(host.name, "ok")

    done = [result.name for _, result in side_by_side(jobs, work, forks, threading.Event(), may=_apart)]

    assert sorted(done) == NAMES
    assert wrong == []


def test_a_host_that_has_to_wait_does_not_stop_the_others():
    jobs = [(Host(name, {}, via=via), HostPlan(name, "ok")) for name, via in (("fw", ()), ("in", ("fw",)), ("x", ()))]
    begun = {name: threading.Event() for name in ("fw", "in", "x")}

    def work(job):
        begun[job[0].name].set()
        if job[0].name == "fw":
            assert begun["x"].wait(30)
            assert not begun["in"].is_set()
        return job[0].name

    done = [name for _, name in side_by_side(jobs, work, 2, threading.Event(), may=_apart)]

    assert sorted(done) == ["fw", "in", "x"]
