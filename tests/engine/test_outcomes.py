"""Statuses, the recap and exit codes, in all combinations (spec, "Exit codes")."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.engine.outcomes import RECAP, HostResult, ItemResult, exit_code, host_status, settled_before, untouched
from remediators.model import HostPlan, Item

ITEM_STATUSES = ("ok", "changed", "failed", "refused", "skipped", "unknown", "not_started")
HOST_STATUSES = ("changed", "ok", "failed", "unreachable", "refused", "unknown", "not_started")
ITEMS = st.lists(
    st.builds(
        lambda status, ignored: ItemResult(
            Item("p", "t", "r", "change"), status, ignored=ignored and status in ("failed", "unknown")
        ),
        st.sampled_from(ITEM_STATUSES),
        st.booleans(),
    ),
    max_size=5,
)


def host(status, items=()):
    return HostResult("h", status, tuple(items))


@pytest.mark.parametrize("statuses", list(product(HOST_STATUSES, repeat=2)))
def test_exit_codes_are_bits_and_3_only_where_nothing_failed(statuses):
    code = exit_code([host(status) for status in statuses])

    failed, unreachable = bool({"failed", "unknown"} & set(statuses)), "unreachable" in statuses
    assert code == (2 * failed | 4 * unreachable or (3 if {"refused", "not_started"} & set(statuses) else 0))


@given(items=ITEMS)
def test_a_host_is_as_bad_as_its_worst_item_that_nobody_asked_to_ignore(items):
    status = host_status(items)
    counted = {item.status for item in items if not item.ignored}

    assert (status == "unknown") == ("unknown" in counted)
    assert (status == "failed") == ("failed" in counted and "unknown" not in counted)
    assert (status == "refused") == ("refused" in counted and not counted & {"failed", "unknown"})
    assert (exit_code([host(status, items)]) == 0) == (not counted & {"failed", "unknown", "refused"})


@given(items=ITEMS, status=st.sampled_from(HOST_STATUSES))
def test_the_recap_counts_every_item_once_and_changed_ones_as_ok_too(items, status):
    counts = host(status, items).counts

    assert tuple(counts) == RECAP
    begun = [item for item in items if item.status != "not_started"]
    told = counts["ok"] + counts["failed"] + counts["skipped"] + counts["ignored"] + counts["refused"]
    by_host = (status == "failed" and not any(i.status in ("failed", "unknown") and not i.ignored for i in items)) + (
        status == "refused" and not any(i.status == "refused" for i in items)
    )
    assert told == len(begun) + by_host
    assert counts["changed"] <= counts["ok"]
    assert counts["unreachable"] == (status == "unreachable")


@pytest.mark.parametrize("outcome", ["change", "ok", "skipped", "unpredictable", "refused", "failed"])
def test_an_item_of_a_host_that_was_not_begun_says_what_the_plan_said(outcome):
    plan = HostPlan("h", "changes", (Item("p", "t", "r", outcome, "why"),))

    (item,) = untouched(plan).items

    words = {"change": "not_started", "unpredictable": "refused"}
    assert item.status == words.get(outcome, outcome)
    assert (item.reason == "why") == (outcome != "change")


def test_hosts_that_the_plan_settled_are_not_contacted_and_others_are():
    items = (Item("p", "t", "r", "change"),)

    assert settled_before(HostPlan("h", "unreachable", error="no route")).status == "unreachable"
    assert settled_before(HostPlan("h", "failed", items, "denied")).status == "failed"
    assert settled_before(HostPlan("h", "refused", items, "too old")).status == "refused"
    assert settled_before(HostPlan("h", "ok")).status == "ok"
    assert settled_before(HostPlan("h", "changes", items)) is None
