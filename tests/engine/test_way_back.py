"""Whose a value is that the way back finds: the run's own, or somebody else's."""

import pytest

from remediators.engine.rollback import Begun, guarded
from remediators.model import Address, Change, HostPlan, Item

AT = Address.parse("registry:HKLM\\SOFTWARE\\X:V")


@pytest.mark.parametrize(
    ("now", "outcome"), [("2", "change"), ("1", "change"), ("0", "change"), ("9", "refused"), (None, "refused")]
)
def test_every_value_that_the_run_found_or_set_is_its_own_and_any_other_is_not(now, outcome):
    begun = [
        Begun(Change(AT, "0", "1"), "verified", 0, "one"),
        Begun(Change(AT, "1", "2"), "verified", 1, "two"),
    ]
    back = Item("back", "back", "registry", outcome="change", changes=(Change(AT, now, "00"),))

    (item,) = guarded(HostPlan("h", "changes", (back,)), begun, overwrite=False).items

    assert item.outcome == outcome
