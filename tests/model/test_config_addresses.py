"""Addresses can be told apart and read again, whatever stands in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.model import Address, Scope, decode, encode, is_below


@given(st.text(alphabet="a >%:#3E", max_size=12))
def test_what_was_encoded_is_decoded(name: str) -> None:
    assert decode(encode(name)) == name


@given(st.lists(st.text(alphabet="a> %3E", min_size=1, max_size=8), min_size=1, max_size=4))
def test_a_path_of_lines_is_taken_apart_where_it_was_put_together(lines: list[str]) -> None:
    kept = [line.strip() or "x" for line in lines]

    assert [decode(part) for part in " > ".join(map(encode, kept)).split(" > ")] == kept


@pytest.mark.parametrize("path", ["hostname x", "interface Gi0/1 > ip address dhcp"])
def test_a_root_without_a_path_covers_all_of_its_kind(path: str) -> None:
    scope = Scope(below=frozenset({Address("config", "")}))

    assert scope.covers(Address("config", path))
    assert not scope.covers(Address("service", path))


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("interface Gi0", True),
        ("interface Gi0 > shutdown", True),
        ("interface Gi0/1", False),
        ("interface Gi0%3A1", False),
        ("interface gi0", False),
    ],
)
def test_a_line_is_inside_its_section_and_not_inside_one_with_a_shorter_name(path: str, inside: bool) -> None:
    assert is_below(Address("config", path), Address("config", "interface Gi0")) is inside


@pytest.mark.parametrize("path", [r"HKLM\A", r"HKLM\A\B", r"HKLM\A:B", r"hklm\a\b"])
def test_keys_and_values_are_inside_their_key(path: str) -> None:
    assert is_below(Address("registry", path), Address("registry", r"HKLM\A"))
    assert not is_below(Address("registry", r"HKLM\AB"), Address("registry", r"HKLM\A"))
