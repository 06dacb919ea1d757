"""What `remediate recover` offers for a device that is still armed."""

from types import SimpleNamespace
from typing import Any

import pytest

from remediators.cli.recover import _lines


@pytest.mark.parametrize(
    ("console", "offered"),
    [
        ("`configure confirm` keeps the change", "--confirm r1 keeps it, --revert r1 takes it back"),
        ("`reload cancel` keeps the change", "--confirm r1 keeps it, only its reload takes it back"),
    ],
)
def test_a_way_back_is_offered_only_where_there_is_one(console: str, offered: str) -> None:
    host: dict[str, Any] = {"name": "r1", "status": "unknown", "error": None, "told": [], "changes": [], "actions": []}
    shared: Any = SimpleNamespace(verbose=0)

    told = [*_lines(host | {"armed": {"console": console}}, "R", shared)]

    assert f"  remediate recover R {offered}" in told
