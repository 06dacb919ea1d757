"""`guard` takes a time, on tasks."""

import pytest

from remediators.language import LanguageError
from tests.language.test_on_verify_failure import BOOK


def book(text):
    return BOOK.replace("      on_verify_failure: rollback\n", f"      guard: {text}\n")


@pytest.mark.parametrize(("text", "minutes"), [("10m", 10), ("1h", 60), ("1h30m", 90), ("12h", 720)])
def test_a_time_is_minutes(loaded, text, minutes):
    (task,) = loaded(book(text)).bound.tasks["exch01"]

    assert task.guard == minutes


@pytest.mark.parametrize("text", ["10", "1m", "13h", "m", "yes", "true", '""', "10s"])
def test_what_is_no_such_time_is_told(loaded, text):
    with pytest.raises(LanguageError, match="guard must be a time from 2m to 12h"):
        loaded(book(text))
