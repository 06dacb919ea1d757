"""Plans as JSON and back: nothing is lost, nothing is altered unseen, and what does not fit is one clear line."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.model import Action, Address, Change, HostPlan, Item, Plan, Source, UsageError
from remediators.model.documents import OUTCOMES, STATUSES, Seal, is_intact, plan_document, read_plan, with_digest

SEAL = Seal(b"key")
TEXT = st.text(st.characters(), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(TEXT, inside, max_size=2),
    max_leaves=4,
)
PLAIN = st.dictionaries(TEXT, JSON, max_size=2)
ADDRESSES = st.builds(Address, st.sampled_from(["registry", "service", "x"]), st.text(st.characters(), min_size=1))
CHANGES = st.builds(Change, ADDRESSES, JSON, JSON, st.just(False), st.none() | PLAIN)
ACTIONS = st.builds(Action, ADDRESSES, TEXT, st.lists(ADDRESSES, max_size=2).map(tuple), st.none() | PLAIN)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
ITEMS = st.builds(
    Item,
    play=TEXT,
    task=TEXT,
    remediator=TEXT,
    outcome=st.sampled_from(OUTCOMES),
    reason=st.none() | TEXT,
    changes=st.lists(CHANGES, max_size=2).map(tuple),
    actions=st.lists(ACTIONS, max_size=2).map(tuple),
    commands=TEXTS,
    notes=TEXTS,
    checks=st.dictionaries(TEXT, PLAIN, max_size=2),
    notify=TEXTS,
    handler=st.booleans(),
    ignore_errors=st.booleans(),
    cause=st.none() | st.integers(1, 6),
    where=TEXT,
    options=PLAIN,
)
HOSTS = st.builds(
    HostPlan,
    st.text(st.characters(), min_size=1),
    st.sampled_from(STATUSES),
    st.lists(ITEMS, max_size=2).map(tuple),
    st.none() | TEXT,
)
PLANS = st.builds(
    Plan,
    TEXT,
    TEXT,
    TEXT,
    st.lists(st.builds(Source, TEXT, TEXT), max_size=2).map(tuple),
    TEXTS,
    st.lists(HOSTS, max_size=2, unique_by=lambda host: host.name).map(tuple),
    PLAIN,
)


def on_disk(document):
    return json.loads(json.dumps(document))


@settings(max_examples=60, deadline=None)
@given(plan=PLANS)
def test_any_plan_comes_back_from_its_document(plan):
    document = on_disk(plan_document(plan, SEAL))

    assert read_plan(document) == plan
    assert plan_document(read_plan(document), SEAL) == document


@settings(max_examples=60, deadline=None)
@given(plan=PLANS, data=st.data())
def test_any_edit_of_a_plan_is_seen(plan, data):
    document = on_disk(plan_document(plan, SEAL))
    edited = copy.deepcopy(document)
    place, name = data.draw(st.sampled_from(list(_places(edited))))
    old = place[name]
    new = data.draw(JSON.filter(lambda value: json.dumps(value) != json.dumps(old)))
    place[name] = new

    assert is_intact(document)
    assert not is_intact(edited)
    with pytest.raises(UsageError):
        read_plan(edited)


def _places(document):
    """Every field of a document, with where it stands."""
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for name, inside in list(entries):
        yield document, name
        if isinstance(inside, dict | list):
            yield from _places(inside)


@settings(max_examples=80, deadline=None)
@given(plan=PLANS, data=st.data())
def test_a_crafted_plan_with_a_digest_that_fits_is_read_or_refused_in_one_line(plan, data):
    document = on_disk(plan_document(plan, SEAL))
    place, name = data.draw(st.sampled_from(list(_places(document))))
    if data.draw(st.booleans()) and isinstance(place, dict):
        del place[name]
    else:
        place[name] = data.draw(JSON)

    try:
        again = read_plan(with_digest(document))
    except UsageError as error:
        assert error.message  # noqa: PT017 - either is well, and nothing else is
    else:
        plan_document(again, SEAL)


WHOLE = Plan(
    "p",
    "",
    "0",
    (),
    (),
    (HostPlan("h", "changes", (Item("play", "t", "r", "change", None, (Change(Address("x", "y"), None, 1),)),)),),
)


def crafted(edit):
    document = on_disk(plan_document(WHOLE, SEAL))
    edit(document)
    return with_digest(document)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d["hosts"].append(d["hosts"][0]), "the host 'h' is in it 2 times"),
        (lambda d: d["hosts"][0].update(status="fine"), "unknown status 'fine'"),
        (lambda d: d["hosts"][0]["items"][0].update(outcome="maybe"), "unknown outcome 'maybe'"),
        (lambda d: d["hosts"][0]["items"][0]["changes"][0].update(resource="nothing"), "not an address: 'nothing'"),
        (lambda d: d["hosts"][0]["items"][0].update(commands="reg"), r"hosts\[0\].items\[0\].commands is a str"),
        (lambda d: d["hosts"][0]["items"][0].pop("changes"), r"hosts\[0\].items\[0\]: changes is missing"),
        (lambda d: d["hosts"][0]["items"][0]["changes"][0].update(sensitive="no"), "sensitive or detail"),
        (lambda d: d.update(inventory="abc"), "inventory is a str"),
        (lambda d: d.update(hosts={}), "hosts is a dict"),
    ],
)
def test_what_does_not_fit_is_named(edit, said):
    with pytest.raises(UsageError, match=said):
        read_plan(crafted(edit))


@pytest.mark.parametrize("document", [None, [], "plan", 1, {}, {"schema": 1}, {"schema": "remediate/plan/2"}])
def test_what_is_no_plan_of_this_version_is_refused(document):
    with pytest.raises(UsageError):
        read_plan(document)


@given(value=JSON.filter(lambda value: value is not None), other=JSON)
def test_a_sealed_value_fits_itself_and_nothing_else(value, other):
    sealed = SEAL.conceal("x:y", value)

    assert SEAL.fits(sealed, value)
    assert SEAL.fits(sealed, other) == (json.dumps(other, sort_keys=True) == json.dumps(value, sort_keys=True))
    assert not Seal(b"another").fits(sealed, value)
