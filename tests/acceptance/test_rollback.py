"""Rollback puts back what a run changed, and nothing that is somebody else's."""

import pytest

BOOK = r"""
- hosts: all
  tasks:
    - registry: {key: HKLM\SOFTWARE\Ours, values: {Value: {type: sz, data: ours}}}
"""


@pytest.fixture
def applied(desk):
    """A run that created a key with a value."""
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    d.before = d.states()
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    return d


def test_a_key_stays_in_which_somebody_elses_value_stays(applied):
    machine = applied.lab.machines["one"]
    machine.run(r"reg add HKLM\SOFTWARE\Ours /v Value /d theirs /f")

    back = applied.remediate("rollback", "latest", "--yes")

    assert back.code == 3, back.out
    assert "was changed by somebody else" in back.out
    assert "0 to change" in back.out
    assert b"theirs" in machine.run(r"reg query HKLM\SOFTWARE\Ours").stdout


def test_overwrite_puts_a_host_back_all_the_same(applied):
    applied.lab.machines["one"].run(r"reg add HKLM\SOFTWARE\Ours /v Value /d theirs /f")

    back = applied.remediate("rollback", "latest", "--yes", "--overwrite", "one")

    assert back.code == 0, back.out
    assert applied.states() == applied.before


def test_overwrite_of_a_host_that_is_not_in_the_run_is_an_error(applied):
    back = applied.remediate("rollback", "latest", "--yes", "--overwrite", "oen")

    assert back.code == 5
    assert back.err == "--overwrite oen: no host of this rollback (there are one)\n"
