"""Inventories that were not meant well: bounded in time and memory, and one line for each mistake."""

# ruff: noqa: E501  messages stand on one line, as users see them

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.language import LanguageError, load_inventory
from remediators.language.ini import ini_value
from remediators.language.inventory_views import as_list, as_tables, as_tree, graph
from remediators.language.problems import Problems
from remediators.language.source import parse_yaml
from remediators.language.yaml_nodes import compose, plain_value
from remediators.language.yaml_values import find_in_events, read_values

BOMB = "all: {vars: {a: &a [x, x, x, x, x, x, x, x, x]" + "".join(
    f", {chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]" for n in range(9)
)


def said(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LanguageError) as caught:
        load_inventory([name])
    return caught.value.message


@pytest.mark.parametrize(
    ("name", "content", "beginning"),
    [
        ("h.yml", BOMB + "}}\n", "h.yml:1:1: its aliases write out to more values than any file needs"),
        ("h.yml", "all: &a {hosts: *a}\n", "h.yml:1:6: this anchor contains itself"),
        ("h.yml", "all: {hosts: *nobody}\n", "h.yml:1:14: this alias has no anchor before it"),
        ("h.yml", "[" * 100_000, "h.yml:1:1001: is nested too deeply"),
        ("h.yml", "".join(" " * n + f"k{n}:\n" for n in range(200)), "h.yml:102:102: is nested more than 100 levels deep"),
        ("h.yml", "all:\n\thosts:\n", "h.yml:2:1: a tab cannot indent YAML (use blanks)"),
        ("h.yml", b"all: {hosts: {h: {a: caf\xe9}}}", "h.yml:1:25: is not UTF-8: byte 0xe9 at offset 24"),
        ("h.yml", "all: {hosts: {h: }}".encode("utf-16"), "h.yml: is UTF-16 text (save it as UTF-8)"),
        ("h.yml", "all: {hosts: {h: {a: \x01}}}", "h.yml:1:22: character U+0001 is not allowed in YAML"),
        ("h.yml", "all: {hosts: {h: {n: " + "9" * 5000 + "}}}", "h.yml:1:22: this number has more digits than any value may have"),
        ("h.yml", "all: {hosts: {'h\\u0000': }}".replace("'", '"'), "h.yml:1:15: group 'all': 'h\\x00' is no host name"),
        ("h", b"h1\nh2 a=caf\xe9\n", "h:2:9: is not UTF-8: byte 0xe9 at offset 11"),
        ("h", "h1\x00\n", "h:1:1: group 'ungrouped': 'h1\\x00' is no host name"),
        ("h", "h[1:99999999]\n", "h:1:1: group 'ungrouped': [1:99999999] stands for more than 100000 hosts"),
        ("h", "r[1:1000]x[1:1000]\n", "h:1:1: group 'ungrouped': 'r[1:1000]x[1:1000]' stands for more than 100000 hosts"),
        ("h", "".join(f"[g{n}:children]\ng{n + 1}\n" for n in range(3000)) + "[g3000]\nh\n", "h:200:1: group 'g99': groups are nested more than 100 levels deep here"),
        ("h", "".join(f"[g{n}:children]\ng{n + 1}\n" for n in range(3000)) + "[g3000:children]\ng0\n", "h:6002:1: group 'g3000': groups cannot contain themselves: g0 → g1"),
        ("h", "[y:vars]\na=1\n[w:children]\ny\n", "h:1:2: [y:vars] sets variables of a group that is not there"),
        ("h", "[w:children]\ny\n[y:vars]\na=1\n", "h:3:2: [y:vars] sets variables of a group that is not there"),
        ("h.toml", "[all.hosts\n", "h.toml:1:1: is not TOML: expected ']' at the end of a table declaration"),
        ("h.toml", "[web]\nhosts = 1\n", "h.toml:2:1: group 'web': hosts must be a table, not a number"),
        ("h.toml", "[web]\nhots = {}\n", "h.toml:2:1: group 'web': unknown key 'hots' (did you mean 'hosts'?)"),
        ("h.toml", "x = " + "[" * 5000, "h.toml:1:1: is nested too deeply"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_in_one_line(write, name, content, beginning):
    message = said(name, content)
    assert message.startswith(beginning)
    assert len(message.splitlines()) in (1, 3)


def test_a_file_larger_than_any_inventory_is_not_read(write):
    with Path("h.yml").open("wb") as stream:
        stream.truncate(60_000_000)
    with pytest.raises(LanguageError, match=r"^h.yml: is larger than 50 MB"):
        load_inventory(["h.yml"])


def test_a_mistake_in_a_file_too_large_for_a_tree_has_its_place(write, monkeypatch):
    monkeypatch.setattr("remediators.language.source.LARGEST_TREE", 10)
    assert said("h.yml", "all:\n  hosts:\n    h: {a: 1}\n    h: {a: 2}\n").startswith(
        "h.yml:4:5: the key 'h' is here a second"
    )
    assert said("h.yml", "all:\n  hosts: {a: , b: 5}\n").startswith("h.yml:2:19: host 'b': the variables of a host")
    assert said("h.yml", "all:\n  hosts: {a\n").startswith("h.yml:2:11: ")


def test_a_pipe_among_the_inventories_does_not_hang(write):
    os.mkfifo("inv")
    with pytest.raises(LanguageError, match=r"^inv: is no file that can be read as an inventory$"):
        load_inventory(["inv"])


def test_a_link_in_a_circle_ends(write):
    write.put("inv/hosts", "h\n")
    Path("inv/again").symlink_to(".", target_is_directory=True)
    with pytest.raises(LanguageError, match="folders deep"):
        load_inventory(["inv"])


def test_groups_that_many_groups_share_do_not_multiply(write):
    text = "".join(
        f"[a{n}:children]\nb{n}\nc{n}\n[b{n}:children]\na{n + 1}\n[c{n}:children]\na{n + 1}\n" for n in range(40)
    )
    write.put("h", text + "[a40]\nh\n")
    found = load_inventory(["h"])
    assert found.members["a0"] == ["h"]
    for form in (as_list, as_tree, as_tables):
        assert form(found, found.hosts, dict)


def test_a_graph_that_would_never_end_is_cut_and_says_so(write, monkeypatch):
    monkeypatch.setattr("remediators.language.inventory_views.MOST_LINES", 50)
    text = "".join(
        f"[a{n}:children]\nb{n}\nc{n}\n[b{n}:children]\na{n + 1}\n[c{n}:children]\na{n + 1}\n" for n in range(40)
    )
    write.put("h", text + "[a40]\nh\n")
    found = load_inventory(["h"])
    lines = list(graph(found, "all", found.hosts))
    assert len(lines) == 51
    assert lines[-1].startswith("... and more than 50 lines")


@pytest.mark.parametrize("name", ["group_vars", "host_vars"])
def test_a_file_where_a_folder_of_variables_is_meant_is_warned_of(write, name):
    write.put("h", "h\n")
    write.put(name, "a: 1\n")
    assert [str(warning) for warning in load_inventory(["h"]).warnings] == [f"{name}: is no folder, and is not read"]


def test_mistakes_of_all_files_are_told_at_once(write):
    write.put("inv/a.yml", "web: {hots: {}}\n")
    write.put("inv/b", "[web\nh1 x\n")
    write.put("inv/c.yml", "db: [\n")
    with pytest.raises(LanguageError) as caught:
        load_inventory(["inv"])
    assert [problem.file for problem in caught.value.problems] == ["inv/a.yml", "inv/b", "inv/b", "inv/c.yml"]


@given(st.text(st.characters(codec="utf-8"), max_size=40) | st.text("h[]:=#'\" \n{}-,&*!<ax1\t", max_size=40))
def test_any_text_is_an_inventory_or_has_something_wrong_with_it(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "hosts"
    for name in ("hosts", "hosts.yml", "hosts.toml"):
        path = path.with_name(name)
        path.write_text(text, encoding="utf-8", newline="")
        try:
            found = load_inventory([str(path)])
        except LanguageError:
            continue
        as_list(found, found.hosts, dict)


@given(st.text("ab1:{}[]-,&*!<'\" \n~#|>ynoe0.x_", max_size=60))
def test_the_quick_way_through_yaml_gives_what_the_tree_gives(text):
    problems = Problems()
    document = parse_yaml("any.yml", text, problems)
    mistakes: list = []
    try:
        expected = plain_value(compose(text), mistakes)
    except Exception:  # noqa: BLE001 - whatever is wrong must be wrong both ways
        assert document is None
        return
    assert (document is None) == any(not mistake.alone for mistake in mistakes)
    if document is not None and not mistakes:
        assert repr(document.value) == repr(expected)


@given(
    st.recursive(
        st.integers() | st.text("ab", max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_a_place_is_the_same_with_and_without_a_tree(value):
    import json

    text = json.dumps({"top": value}, indent=1)
    document = parse_yaml("any.json", text, Problems())
    for path in _paths(document.value):
        mine, tree = find_in_events(text, path, on_key=False), document.spot(path)
        assert (mine.line, mine.column) == (tree.line, tree.column)


def _paths(value, path=()):
    yield path
    for key, inside in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _paths(inside, (*path, key))


@given(st.text("ab1_.+-x:/eE'\"[](){},=#TrueFalsNo0", max_size=12))
def test_the_quick_way_through_an_ini_value_gives_what_a_literal_gives(text):
    from remediators.language.ini import _literal

    assert repr(ini_value(text)) == repr(_literal(text))


@pytest.mark.parametrize("word", ["yes", "No", "on", "0123", "1_000", "12:30:15", "1e3", "0o17", "-.5"])
def test_a_word_that_ansible_reads_otherwise_is_noticed(word):
    assert [text for text, _ in read_values(f"a: {word}\nb: {word}\n", []).otherwise] == [word]


@pytest.mark.parametrize(
    "word", ["'yes'", "true", "1", "1.5", "text", "~", "0x1f", ".inf", "10.0.0.1", "2024-01-01", "none", "y"]
)
def test_a_word_that_means_the_same_is_not(word):
    assert read_values(f"a: {word}\n", []).otherwise == []
