"""The rules of diagnose, one by one: each is reached, none is missing, and each says what it is said to say."""

from itertools import product

import pytest

from remediators.catalog.causes import CAUSES, RULES, SIGNS
from remediators.engine.diagnosis import Knowledge, rule_for
from remediators.model.diagnosis import APPLIES, CANNOT_TELL, POSSIBLE, RULED_OUT, SURE, VERDICTS

KNOWLEDGE = Knowledge.of(CAUSES, RULES)


def combinations(cause):
    kinds = cause.signs
    return [dict(zip(kinds, values, strict=True)) for values in product(*(SIGNS[kind] for kind in kinds))]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: str(cause.number))
def test_whatever_is_seen_a_rule_fits(cause):
    for values in combinations(cause):
        rule_for(KNOWLEDGE.rules[cause.number], values)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: str(cause.number))
def test_every_rule_is_reached_by_something_that_can_be_seen(cause):
    reached = {id(rule_for(KNOWLEDGE.rules[cause.number], values)) for values in combinations(cause)}

    assert [rule.reason for rule in KNOWLEDGE.rules[cause.number] if id(rule) not in reached] == []


def test_rules_name_only_signs_and_values_that_there_are():
    causes = {cause.number: cause for cause in CAUSES}
    for rule in RULES:
        assert rule.verdict in VERDICTS
        assert rule.sure in SURE
        assert rule.reason
        for kind, values in rule.when.items():
            assert kind in causes[rule.cause].signs, rule
            assert set(values) <= set(SIGNS[kind]), rule


def test_no_rule_blames_a_host_without_a_sign_that_speaks_for_it():
    for cause in CAUSES:
        for values in combinations(cause):
            rule = rule_for(KNOWLEDGE.rules[cause.number], values)
            if rule.verdict == APPLIES:
                speaking = [k for k, v in values.items() if SIGNS[k][v] == "+" and k != "symptom"]

                assert speaking, (cause.number, values)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: str(cause.number))
def test_nothing_is_blamed_or_cleared_where_nothing_could_be_read(cause):
    dark = {kind: ["unread", "unseen", "nowhere", "receiver"] for kind in cause.signs}
    values = {kind: next(v for v in dark[kind] if v in SIGNS[kind]) for kind in cause.signs}

    assert rule_for(KNOWLEDGE.rules[cause.number], values).verdict == CANNOT_TELL


SAID = [
    # cause 1
    (1, {"scanner": "on", "symptom": "logged"}, APPLIES),
    (1, {"scanner": "on", "symptom": "unnamed"}, APPLIES),
    (1, {"scanner": "on", "symptom": "none"}, POSSIBLE),
    (1, {"scanner": "on", "symptom": "elsewhere"}, POSSIBLE),
    (1, {"scanner": "on", "symptom": "unread"}, POSSIBLE),
    (1, {"scanner": "off", "symptom": "logged"}, RULED_OUT),
    (1, {"scanner": "absent", "symptom": "logged"}, RULED_OUT),
    (1, {"scanner": "no-data", "symptom": "logged"}, CANNOT_TELL),
    (1, {"scanner": "unread", "symptom": "logged"}, CANNOT_TELL),
    # cause 2: without the operator's values nothing can be told
    (2, {"tnef": "no-data", "format": "lacks", "symptom": "logged"}, CANNOT_TELL),
    (2, {"tnef": "no-data", "format": "understands", "symptom": "none"}, CANNOT_TELL),
    (2, {"tnef": "not-forced", "format": "lacks", "symptom": "logged"}, APPLIES),
    (2, {"tnef": "not-forced", "format": "understands", "symptom": "none"}, RULED_OUT),
    (2, {"tnef": "not-forced", "format": "understands", "symptom": "logged"}, POSSIBLE),
    (2, {"tnef": "not-forced", "format": "unseen", "symptom": "none"}, CANNOT_TELL),
    (2, {"tnef": "forced", "format": "lacks", "symptom": "logged"}, RULED_OUT),
    # cause 3: the same
    (3, {"heuristics": "no-data", "symptom": "logged"}, CANNOT_TELL),
    (3, {"heuristics": "on", "symptom": "logged"}, APPLIES),
    (3, {"heuristics": "on", "symptom": "none"}, POSSIBLE),
    (3, {"heuristics": "off", "symptom": "logged"}, RULED_OUT),
    (3, {"heuristics": "absent", "symptom": "logged"}, RULED_OUT),
    # cause 4: an absent ConnectResponse is healthy; what counts is what is heard
    (4, {"greeting": "good", "service": "running", "view": "clear", "banner": "default"}, RULED_OUT),
    (4, {"greeting": "bad", "service": "running", "view": "clear", "banner": "default"}, APPLIES),
    (4, {"greeting": "silent", "service": "running", "view": "clear", "banner": "own"}, APPLIES),
    (4, {"greeting": "bad", "service": "running", "view": "inspected"}, POSSIBLE),
    (4, {"greeting": "bad", "service": "running", "view": "unread"}, POSSIBLE),
    (4, {"greeting": "bad", "service": "stopped", "view": "clear"}, RULED_OUT),
    (4, {"greeting": "closed", "service": "stopped", "view": "clear"}, RULED_OUT),
    (4, {"greeting": "bad", "service": "unread", "view": "clear"}, POSSIBLE),
    (4, {"greeting": "busy", "service": "running", "view": "clear"}, POSSIBLE),
    (4, {"greeting": "slow", "service": "running", "view": "clear"}, POSSIBLE),
    (4, {"greeting": "slow", "service": "stopped"}, RULED_OUT),
    (4, {"greeting": "masked", "service": "running", "view": "inspected"}, RULED_OUT),
    (4, {"greeting": "closed", "service": "running", "view": "clear"}, CANNOT_TELL),
    # cause 5: masked through it, not behind it, and bound
    (5, {"inspection": "bound", "mask": "through", "side": "receiver", "symptom": "none"}, APPLIES),
    (5, {"inspection": "bound", "mask": "through", "side": "sender", "symptom": "logged"}, APPLIES),
    (5, {"inspection": "bound", "mask": "through", "side": "sender", "symptom": "none"}, POSSIBLE),
    (5, {"inspection": "bound", "mask": "unproved", "side": "receiver", "symptom": "logged"}, POSSIBLE),
    (5, {"inspection": "bound", "mask": "shared", "side": "receiver", "symptom": "logged"}, POSSIBLE),
    (5, {"inspection": "bound", "mask": "everywhere", "side": "receiver", "symptom": "logged"}, POSSIBLE),
    (5, {"inspection": "bound", "mask": "clean", "side": "receiver", "symptom": "logged"}, RULED_OUT),
    (5, {"inspection": "unbound", "mask": "through", "side": "receiver", "symptom": "logged"}, RULED_OUT),
    (5, {"inspection": "none", "mask": "unproved", "side": "receiver", "symptom": "logged"}, RULED_OUT),
    (5, {"inspection": "look-alike", "mask": "through", "side": "receiver", "symptom": "logged"}, POSSIBLE),
    (5, {"inspection": "nowhere", "mask": "unproved", "side": "receiver", "symptom": "logged"}, POSSIBLE),
    (5, {"inspection": "nowhere", "mask": "clean", "side": "receiver", "symptom": "logged"}, RULED_OUT),
    (5, {"inspection": "bound", "mask": "unseen", "side": "receiver", "symptom": "logged"}, POSSIBLE),
    (5, {"inspection": "bound", "mask": "unseen", "side": "receiver", "symptom": "none"}, CANNOT_TELL),
    # cause 6: two independent signs
    (6, {"metabase": "corrupt", "verbs": "unseen"}, APPLIES),
    (6, {"metabase": "suspect", "verbs": "missing"}, APPLIES),
    (6, {"metabase": "suspect", "verbs": "present"}, POSSIBLE),
    (6, {"metabase": "file-only", "verbs": "present"}, POSSIBLE),
    (6, {"metabase": "healthy", "verbs": "missing"}, POSSIBLE),
    (6, {"metabase": "healthy", "verbs": "present"}, RULED_OUT),
    (6, {"metabase": "unread", "verbs": "present"}, CANNOT_TELL),
    (6, {"metabase": "none", "verbs": "unseen"}, RULED_OUT),
]


@pytest.mark.parametrize(
    ("cause", "seen", "verdict"), SAID, ids=[f"{c}-{'-'.join(seen.values())}" for c, seen, _ in SAID]
)
def test_what_is_seen_leads_to_the_verdict(cause, seen, verdict):
    signs = next(one.signs for one in CAUSES if one.number == cause)
    everything = list(combinations_of(cause, signs, seen))

    assert {rule_for(KNOWLEDGE.rules[cause], values).verdict for values in everything} == {verdict}


def combinations_of(cause, signs, seen):
    free = [kind for kind in signs if kind not in seen]
    for values in product(*(SIGNS[kind] for kind in free)):
        yield {**seen, **dict(zip(free, values, strict=True))}
