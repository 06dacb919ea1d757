"""`on_verify_failure` takes two words, on tasks with checks."""

import pytest

from remediators.language import LanguageError

BOOK = """
- hosts: all
  tasks:
    - name: T
      smtp_banner: {text: hello}
      verify: {smtp_greeting: {contains: hello}}
      on_verify_failure: rollback
"""


def test_it_reaches_the_task(loaded):
    (task,) = loaded(BOOK).bound.tasks["exch01"]

    assert task.on_verify_failure == "rollback"


def test_without_it_a_failed_check_stops(loaded):
    (task,) = loaded(BOOK.replace("      on_verify_failure: rollback\n", "")).bound.tasks["exch01"]

    assert task.on_verify_failure == "stop"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("rollback", "rolback", "on_verify_failure must be stop or rollback (did you mean 'rollback'?)"),
        ("rollback", "true", "on_verify_failure must be stop or rollback"),
        ("      verify: {smtp_greeting: {contains: hello}}\n", "", "on_verify_failure without 'verify'"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_place(loaded, before, after, told):
    with pytest.raises(LanguageError, match=r"site.yml:\d+:\d+: ") as met:
        loaded(BOOK.replace(before, after))

    assert told in str(met.value)
