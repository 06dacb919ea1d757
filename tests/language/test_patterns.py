"""Which hosts a pattern means."""

# ruff: noqa: E501  messages stand on one line, as users see them

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.language import LanguageError, load_inventory, select_hosts
from remediators.language.patterns import split

INVENTORY = """
all:
  hosts: {lone: }
  children:
    exchange: {hosts: {"exch[01:04]": }}
    berlin: {hosts: {exch01: , exch03: , rtr1: }}
    routers: {hosts: {rtr1: , rtr2: }}
    nobody: {}
"""


@pytest.fixture
def hosts(write):
    write.put("hosts.yml", INVENTORY)
    inventory = load_inventory(["hosts.yml"])
    return lambda pattern, **options: list(select_hosts(inventory, pattern, **options))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("all", ["lone", "exch01", "exch02", "exch03", "exch04", "rtr1", "rtr2"]),
        ("*", ["lone", "exch01", "exch02", "exch03", "exch04", "rtr1", "rtr2"]),
        ("exch02", ["exch02"]),
        ("rtr1:exch02", ["rtr1", "exch02"]),
        ("rtr1,exch02", ["rtr1", "exch02"]),
        ("exchange:&berlin", ["exch01", "exch03"]),
        ("exchange:!berlin", ["exch02", "exch04"]),
        ("!berlin:exchange", ["exch02", "exch04"]),
        ("exchange:routers:&berlin:!rtr1", ["exch01", "exch03"]),
        ("exch0[12]", ["exch01", "exch02"]),
        ("*1", ["exch01", "rtr1"]),
        ("r*ers", ["rtr1", "rtr2"]),
        ("~exch0[34]", ["exch03", "exch04"]),
        ("~(rtr|exch)0?1", ["exch01", "rtr1"]),
        ("exchange[0]", ["exch01"]),
        ("exchange[-1]", ["exch04"]),
        ("exchange[1:2]", ["exch02", "exch03"]),
        ("exchange[2:]", ["exch03", "exch04"]),
        ("exchange[:1]", ["exch01", "exch02"]),
        ("exchange:!nobody", ["exch01", "exch02", "exch03", "exch04"]),
        ("ungrouped", ["lone"]),
    ],
)
def test_a_pattern_means_these_hosts_in_this_order(hosts, pattern, names):
    assert hosts(pattern) == names


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (
            "exchnge",
            "PATTERN:1:1: no host and no group is named 'exchnge' (did you mean 'exchange'?)\n    exchnge\n    ^^^^^^^",
        ),
        (
            "exchange:&berln",
            "PATTERN:1:11: no host and no group is named 'berln' (did you mean 'berlin'?)\n    exchange:&berln\n              ^^^^^",
        ),
        (
            "exchange:!munich",
            "PATTERN:1:11: no host and no group is named 'munich'\n    exchange:!munich\n              ^^^^^^",
        ),
        ("exch9*", "PATTERN:1:1: 'exch9*' matches nothing (did you mean 'exch04'?)\n    exch9*\n    ^^^^^^"),
        ("~x.z", "PATTERN:1:1: '~x.z' matches nothing\n    ~x.z\n    ^^^^"),
        (
            "~(",
            "PATTERN:1:2: '(' is no regular expression: missing ), unterminated subpattern at position 0\n    ~(\n     ^",
        ),
        ("exchange[9]", "PATTERN:1:1: 'exchange[9]' matches nothing (4 hosts there)\n    exchange[9]\n    ^^^^^^^^^^^"),
        ("nobody", "PATTERN:1:1: the group 'nobody' has no hosts\n    nobody\n    ^^^^^^"),
        (
            "!berlin",
            "PATTERN:1:1: the pattern '!berlin' only takes away (write 'all:!berlin')\n    !berlin\n    ^^^^^^^",
        ),
        (
            "routers:&exch02",
            "PATTERN:1:1: the pattern 'routers:&exch02' leaves no host\n    routers:&exch02\n    ^^^^^^^^^^^^^^^",
        ),
        ("@gone.txt", "PATTERN:1:1: the pattern '' leaves no host"),
    ],
)
def test_a_part_that_matches_nothing_is_an_error(hosts, pattern, message):
    with pytest.raises(LanguageError) as caught:
        hosts(pattern)
    assert message in caught.value.message or caught.value.message == "gone.txt: there is no such file"


def test_a_pattern_may_stand_in_a_file(hosts, write):
    write.put("list.txt", "# of today\nexch01\n\nrouters:!rtr1\n")
    assert hosts("@list.txt") == ["exch01", "rtr2"]


def test_a_limit_narrows_and_must_match_something(hosts):
    assert hosts("exchange", limit="berlin") == ["exch01", "exch03"]
    with pytest.raises(LanguageError) as caught:
        hosts("exchange", limit="berln")
    assert caught.value.message == (
        "--limit:1:1: no host and no group is named 'berln' (did you mean 'berlin'?)\n    berln\n    ^^^^^"
    )
    with pytest.raises(LanguageError, match=r"^--limit: 'rtr2' leaves no host of 'exchange'$"):
        hosts("exchange", limit="rtr2")


def test_a_play_names_its_pattern_in_its_error(errors):
    said = errors("- name: P\n  hosts: exch01:&berln\n  tasks: []\n")
    assert said == (
        "site.yml:2:18: play 'P': no host and no group is named 'berln'\n"
        "      hosts: exch01:&berln\n"
        "                     ^^^^^"
    )


def test_an_address_with_colons_is_one_part(write):
    write.put("hosts.yml", "all: {hosts: {'fe80::1': , b: }}")
    assert list(select_hosts(load_inventory(["hosts.yml"]), "fe80::1,b")) == ["fe80::1", "b"]


@given(st.lists(st.sampled_from(["exch01", "exch02", "berlin", "routers", "exchange"]), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_union_is_the_union_and_a_difference_the_difference(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("inv") / "hosts.yml"
    path.write_text(INVENTORY)
    inventory = load_inventory([str(path)])
    each = [set(select_hosts(inventory, part)) for part in parts]
    assert set(select_hosts(inventory, ":".join(parts))) == set().union(*each)
    assert set(select_hosts(inventory, "all:!" + ":!".join(parts))) == set(inventory.hosts) - set().union(*each)


@given(st.lists(st.text("ab*?&!", min_size=1, max_size=5), min_size=1, max_size=5), st.sampled_from(",:"))
def test_parts_are_split_at_commas_and_colons(parts, separator):
    assert split(separator.join(parts)) == parts
