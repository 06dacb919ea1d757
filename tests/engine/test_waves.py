"""Waves as Ansible counts them, and what several plays make of one way over all hosts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.engine.waves import (
    amount,
    ordered,
    passed,
    read_rollout,
    rollout,
    rollout_document,
    split,
)
from remediators.model import UsageError
from remediators.model.rollout import ORDERS, Apart, Limit, Pace, PacedPlay

NAMES = [f"h{number:02d}" for number in range(12)]
SIZES = st.one_of(st.integers(1, 15), st.integers(1, 100).map(lambda n: f"{n}%"))
HOSTS = st.lists(st.sampled_from(NAMES), unique=True, min_size=1)
PACES = st.builds(
    Pace,
    serial=st.lists(SIZES, max_size=3).map(tuple),
    max_fail_percentage=st.none() | st.floats(0, 100),
    any_errors_fatal=st.booleans(),
    order=st.sampled_from(ORDERS),
    throttle=st.none() | st.integers(1, 5),
    canary=st.none() | SIZES | HOSTS.map(tuple),
    soak=st.sampled_from([0.0, 600.0]),
    never_together=st.lists(st.builds(Apart, st.just("g"), HOSTS.map(tuple)), max_size=2).map(tuple),
)
PLAYS = st.lists(st.builds(PacedPlay, st.sampled_from("pqr"), HOSTS.map(tuple), PACES), min_size=1, max_size=3)


def of(plays):
    return list(dict.fromkeys(host for play in plays for host in play.hosts))


@given(PLAYS, st.sets(st.sampled_from(NAMES)), st.integers(0, 99))
def test_every_host_is_in_exactly_one_wave(plays, changing, seed):
    way = rollout(plays, of(plays), changing, seed)
    assert sorted(host for wave in way.waves for host in wave.hosts) == sorted(of(plays))
    assert all(wave.hosts for wave in way.waves)


@given(PLAYS, st.sets(st.sampled_from(NAMES)), st.integers(0, 99))
def test_no_wave_is_larger_than_a_wave_of_any_play(plays, changing, seed):
    way = rollout(plays, of(plays), changing, seed)
    for play in plays:
        if not play.pace.serial or play.pace.canary is not None:
            continue
        most = max(amount(size, len(play.hosts)) for size in play.pace.serial)
        assert all(len(set(wave.hosts) & set(play.hosts)) <= most for wave in way.waves)


@given(PLAYS, st.sets(st.sampled_from(NAMES)), st.integers(0, 99))
def test_the_way_is_the_same_after_it_was_written_down(plays, changing, seed):
    way = rollout(plays, of(plays), changing, seed)
    assert read_rollout(rollout_document(way), of(plays)) == way


@given(HOSTS, st.lists(SIZES, min_size=1, max_size=4))
def test_one_play_goes_in_waves_of_the_given_sizes_and_the_last_repeats(hosts, serial):
    waves = split(hosts, serial, len(hosts))
    sizes = [amount(serial[min(n, len(serial) - 1)], len(hosts)) for n in range(len(waves))]
    assert [host for wave in waves for host in wave] == hosts
    assert [len(wave) for wave in waves[:-1]] == sizes[:-1]
    assert 1 <= len(waves[-1]) <= sizes[-1]


@pytest.mark.parametrize(
    ("serial", "sizes"),
    [
        ((3,), [3, 3, 3, 1]),
        ((1, 5, 10), [1, 5, 4]),
        (("30%",), [3, 3, 3, 1]),
        ((1, "10%", "100%"), [1, 1, 8]),
        (("35%",), [3, 3, 3, 1]),  # as Ansible: rounded down
        (("1%",), [1] * 10),
        ((50,), [10]),
        ((), [10]),
    ],
)
def test_sizes_are_counted_as_in_ansible(serial, sizes):
    assert [len(wave) for wave in split(NAMES[:10], serial, 10)] == sizes


def test_orders_are_those_of_ansible():
    hosts = ["b", "c", "a"]
    assert ordered(hosts, "inventory", 1) == hosts
    assert ordered(hosts, "reverse_inventory", 1) == ["a", "c", "b"]
    assert ordered(hosts, "sorted", 1) == ["a", "b", "c"]
    assert ordered(hosts, "reverse_sorted", 1) == ["c", "b", "a"]


@given(HOSTS, st.integers(0, 2**32))
def test_a_shuffle_is_the_same_again_with_its_seed(hosts, seed):
    assert ordered(hosts, "shuffle", seed) == ordered(hosts, "shuffle", seed)
    assert sorted(ordered(hosts, "shuffle", seed)) == sorted(hosts)


def test_two_seeds_shuffle_in_two_ways():
    assert len({tuple(ordered(NAMES, "shuffle", seed)) for seed in range(20)}) > 10


def test_a_canary_by_number_is_a_host_on_which_something_changes():
    play = PacedPlay("p", tuple(NAMES[:6]), Pace(canary=1, serial=("50%",)))
    way = rollout([play], NAMES[:6], {"h03", "h04"}, 0)
    assert way.waves[0].hosts == ("h03",)
    assert way.waves[0].canary
    assert [len(wave.hosts) for wave in way.waves] == [1, 3, 2]
    assert Limit(("h03",), 0.0, "a canary of 'p'") in way.limits


def test_hosts_of_an_earlier_play_without_waves_come_first():
    plays = [PacedPlay("devices", ("fw",)), PacedPlay("servers", ("a", "b"), Pace(serial=(1,)))]
    assert [wave.hosts for wave in rollout(plays, ["a", "b", "fw"], set(), 0).waves] == [("fw",), ("a",), ("b",)]
    assert [wave.hosts for wave in rollout(plays[::-1], ["a", "b", "fw"], set(), 0).waves] == [("a",), ("b",), ("fw",)]


def test_two_plays_with_waves_over_the_same_hosts_make_waves_that_fit_both():
    hosts = tuple(NAMES[:6])
    plays = [PacedPlay("p", hosts, Pace(serial=(3,))), PacedPlay("q", hosts, Pace(serial=(2,)))]
    assert [wave.hosts for wave in rollout(plays, hosts, set(), 0).waves] == [
        hosts[:2],
        hosts[2:3],
        hosts[3:4],
        hosts[4:],
    ]


@pytest.mark.parametrize(
    ("percent", "failed", "stops"),
    [(0, 0, False), (0, 1, True), (30, 3, False), (30, 4, True), (100, 10, False), (9.9, 1, True)],
)
def test_a_threshold_must_be_exceeded_and_not_equalled_as_in_ansible(percent, failed, stops):
    assert passed(Limit(tuple(NAMES[:10]), percent, ""), set(NAMES[:failed])) is stops


def test_a_threshold_counts_each_wave_by_itself():
    way = rollout([PacedPlay("p", tuple(NAMES[:4]), Pace(serial=(2,), max_fail_percentage=49))], NAMES[:4], set(), 0)
    assert [limit.hosts for limit in way.limits] == [("h00", "h01"), ("h02", "h03")]


def test_a_wave_that_holds_all_hosts_of_a_group_is_warned_of():
    def warned(serial, members):
        play = PacedPlay("p", tuple(NAMES[:4]), Pace(serial=serial, never_together=(Apart("mx", members),)))
        return rollout([play], NAMES[:4], set(), 0).warnings

    assert "wave 1 holds all 2 hosts of mx" in warned((2,), ("h00", "h01"))[0]
    assert warned((1,), ("h00", "h01")) == ()
    assert warned((2,), ("h00", "h01", "elsewhere")) == ()


def test_a_limit_leaves_the_hosts_that_are_left():
    document = rollout_document(
        rollout([PacedPlay("p", ("a", "b", "c"), Pace(serial=(1,)))], ["a", "b", "c"], set(), 0)
    )
    assert [wave.hosts for wave in read_rollout(document, ["c", "a"]).waves] == [("a",), ("c",)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("waves"),
        lambda d: d["waves"][0].update(hosts="a"),
        lambda d: d["waves"].pop(),
        lambda d: d["waves"].append(d["waves"][0]),
        lambda d: d["limits"].append({"hosts": ["a"], "percent": "x", "why": ""}),
    ],
)
def test_waves_that_are_not_those_of_the_plan_are_refused(damage):
    document = rollout_document(rollout([PacedPlay("p", ("a", "b"), Pace(serial=(1,)))], ["a", "b"], set(), 0))
    damage(document)
    with pytest.raises(UsageError, match="plan again"):
        read_rollout(document, ["a", "b"])
