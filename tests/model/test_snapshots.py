import pytest

from remediators.model import Address, OutOfScope, Query, Reading, Scope, Snapshot, Unread

A, B, C = (Address("registry", rf"HKLM\X:{name}") for name in "ABC")


def query(name, *addresses, below=()):
    return Query(name, (), Scope(frozenset(addresses), frozenset(below)), lambda answers: Reading())


def test_what_nobody_asked_for_is_out_of_scope_and_not_absent():
    with pytest.raises(OutOfScope):
        Snapshot()[A]


def test_what_was_asked_for_and_not_told_is_absent():
    assert Snapshot().read(query("q", A), Reading())[A] is None


def test_a_failed_question_leaves_its_scope_unread_with_the_reason():
    with pytest.raises(Unread, match="access denied"):
        Snapshot().fail(query("q", A), "access denied")[A]


def test_addresses_differ_by_case_only_where_the_platform_says_so():
    known = Snapshot().read(query("q", A), Reading({A: 1}))

    assert known[Address("registry", r"hklm\x:a")] == 1
    assert Address("config", "a") != Address("config", "A")


def test_what_is_asked_again_replaces_all_that_was_known_in_its_scope():
    known = Snapshot().read(query("q", A, B), Reading({A: 1}, inexact=frozenset({B})))

    known = known.again().read(query("q", A, B), Reading())

    assert known[A] is None
    assert known[B] is None


def test_a_second_question_tells_what_the_first_could_not_read_exactly():
    known = Snapshot().read(query("text", A, B), Reading(inexact=frozenset({A, B})))

    known = known.read(query("export", A, B), Reading({A: 1}))

    assert known[A] == 1
    assert known[B] is None


def test_a_value_that_was_seen_is_not_made_absent_by_an_answer_that_is_silent_about_it():
    known = Snapshot().read(query("one", A), Reading({A: 1}))

    known = known.read(query("whole", below=[Address("registry", r"HKLM\X")]), Reading({B: 2}))

    assert known[A] == 1
    assert known[B] == 2


def test_a_scope_below_a_key_covers_its_values_and_subkeys_and_not_its_siblings():
    scope = Scope(below=frozenset({Address("registry", r"HKLM\X")}))

    assert scope.covers(A)
    assert scope.covers(Address("registry", r"HKLM\X\Y:V"))
    assert not scope.covers(Address("registry", r"HKLM\XY:V"))


def test_an_overlay_is_what_later_tasks_see_and_leaves_the_snapshot_alone():
    known = Snapshot().read(query("q", A), Reading(unread={A: "odd"}))

    assert known.overlay({A: 2})[A] == 2
    with pytest.raises(Unread):
        known[A]


def test_what_could_not_be_read_again_is_unread_whatever_was_known_of_it():
    known = Snapshot().read(query("q", A, B), Reading({A: 1})).again().fail(query("q", A, B), "access denied")

    for address in (A, B):
        with pytest.raises(Unread, match="access denied"):
            known[address]


def test_what_nobody_asked_for_again_is_as_it_was_known():
    known = Snapshot().read(query("q", A, B), Reading({A: 1})).again().fail(query("other", C), "access denied")

    assert known[A] == 1
    assert known[B] is None


def test_of_two_questions_for_one_address_the_one_that_was_answered_counts_in_any_order():
    old = Snapshot().read(query("q", A), Reading({A: 1})).again()

    first = old.fail(query("one", A), "denied").read(query("two", A), Reading())
    second = old.read(query("two", A), Reading()).fail(query("one", A), "denied")

    assert first[A] is None
    assert second[A] is None
