"""Whatever is written, it is read or refused with a place; nothing else ever comes out."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.language import LanguageError, load, load_profiles

PLAYBOOK = [
    {
        "name": "P",
        "hosts": "all",
        "vars": {"a": 1},
        "vars_files": [],
        "tags": ["x"],
        "tasks": [
            {
                "name": "T",
                "registry": {"key": "k", "values": {"A": {"type": "sz", "data": "{{ a }}"}}},
                "when": ["a == 1"],
                "loop": [1],
                "notify": ["H"],
                "vars": {"b": 2},
                "verify": {"smtp_greeting": {"port": 25}},
                "tags": "y",
                "cause": 4,
                "ignore_errors": True,
            }
        ],
        "handlers": [{"name": "H", "service": {"name": "S", "state": "restarted"}}],
    }
]
INVENTORY = {
    "all": {
        "vars": {"v": "{{ w }}"},
        "hosts": {"h[1:2]": {"w": 1}},
        "children": {"g": {"hosts": {"h1": None}, "vars": {}}},
    }
}
PROFILE = {
    "profile": "p",
    "product": "P",
    "for": ["x"],
    "detect": [{"key": "HKLM\\X", "value": "v", "source": "s", "verified": True}],
    "settings": [],
    "notes": "n",
}
_junk = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "{{", "{{ a }}", "{{ nix }}", [], [None], {}, {"x": None}, {"name": []}]
)


def paths(value, before=()):
    yield before
    if isinstance(value, dict | list):
        for step in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[step], (*before, step))


def replaced(value, path, new):
    """A copy with another value at a path."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@given(st.sampled_from([*paths(PLAYBOOK)]), _junk, st.none() | st.tuples(st.sampled_from([*paths(INVENTORY)]), _junk))
@settings(max_examples=300, deadline=None)
def test_a_playbook_and_an_inventory_are_read_or_refused(tmp_path_factory, vocabulary, where, junk, second):
    folder = tmp_path_factory.mktemp("law")
    (folder / "p.yml").write_text(json.dumps(replaced(PLAYBOOK, where, junk)))
    (folder / "i.yml").write_text(json.dumps(replaced(INVENTORY, *second) if second else INVENTORY))
    with contextlib.suppress(LanguageError):
        load([folder / "p.yml"], [str(folder / "i.yml")], vocabulary)


@given(st.sampled_from([*paths(PROFILE)]), _junk)
@settings(max_examples=80, deadline=None)
def test_a_profile_is_read_or_refused(tmp_path_factory, where, junk):
    folder = tmp_path_factory.mktemp("law")
    (folder / "p.yml").write_text(json.dumps(replaced(PROFILE, where, junk)))
    with contextlib.suppress(LanguageError):
        load_profiles([folder])


@given(st.text("[]:=-\n #;'\"ab1{}", max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_ini_inventory_is_read_or_refused(tmp_path_factory, text):
    from remediators.language import load_inventory, resolve_hosts

    path = tmp_path_factory.mktemp("law") / "hosts.ini"
    path.write_text(text)
    with contextlib.suppress(LanguageError):
        inventory = load_inventory([str(path)])
        resolve_hosts(inventory, inventory.hosts)
