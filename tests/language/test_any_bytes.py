"""Whatever a file holds, it is read, or what is wrong with it is said: never a traceback, never without end."""

# ruff: noqa: E501  shapes stand on one line

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from remediators.cli.plan_files import load_plan
from remediators.language import LanguageError, load_inventory, load_playbooks, load_profiles, select_names
from remediators.model import UsageError
from tests.language.conftest import VOCABULARY

PLAYBOOK = """
- name: P
  hosts: all:!x
  vars: {a: [1, {b: "{{ c }}"}]}
  vars_files: [v.yml]
  tasks:
    - name: T
      smtp_banner: {text: "{{ a }}", port: 25}
      when: [a is defined, b]
      loop: {x: 1}
      loop_control: {label: "{{ item }}"}
      verify: {smtp_greeting: {contains: x}}
      notify: H
    - block: [{name: U, service: {name: X}}]
      tags: t
    - include_tasks: x.yml
  handlers: [{name: H, service: {name: X, state: restarted}}]
"""
PIECES = [
    *"-:{}[],&*!|>'\"#%@`~?\t\n ",
    "<<",
    "&a",
    "*a",
    "!vault",
    "!!int",
    "{{",
    "}}",
    "{%",
    "null",
    "\ufeff",
    "\x00",
    "é",
]


def altered(text: str, changes: list[tuple[int, int, str]]) -> str:
    """A text with some of it cut out and something put there instead."""
    for at, length, piece in changes:
        place = at % (len(text) + 1)
        text = text[:place] + piece + text[place + length :]
    return text


CHANGES = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 30), st.sampled_from(PIECES) | st.text(max_size=3)), max_size=4
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


@given(CHANGES)
def test_a_playbook_that_was_altered_anywhere(folder, changes):
    path = folder / "site.yml"
    path.write_bytes(altered(PLAYBOOK, changes).encode("utf-8", "surrogatepass"))
    with suppress(LanguageError):
        load_playbooks([str(path)], VOCABULARY)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "hosts", "tasks", "vars", "when", "loop", "block", "smtp_banner", "notify", "tags"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_a_playbook_of_any_shape(folder, value):
    path = folder / "shape.yml"
    path.write_text(yaml.safe_dump([{"name": "P", "hosts": "all", "tasks": [value]}, value]), encoding="utf-8")
    with suppress(LanguageError):
        load_playbooks([str(path)], VOCABULARY)


@given(st.text("ab01*?[]{}()~!&:,@ -.^$+|\\é", max_size=14))
def test_any_text_is_a_pattern_or_has_something_wrong_with_it(folder, pattern):
    path = folder / "hosts"
    path.write_text("[ab]\na0\na1\n[b]\nb0\n")
    with suppress(LanguageError):
        select_names(load_inventory([str(path)]), pattern)


@pytest.mark.parametrize("pattern", ["!", "all:!", "all:& ", "~", "all:!~", "f8e0::!,lo(="])
def test_a_sign_needs_a_name(folder, pattern):
    path = folder / "hosts"
    path.write_text("[ab]\na0\n")
    with pytest.raises(LanguageError):
        select_names(load_inventory([str(path)]), pattern)


def test_an_expression_in_a_pattern_ends(folder, monkeypatch):
    monkeypatch.setattr("remediators.language.regexes.SECONDS", 0.1)
    path = folder / "hosts"
    path.write_text("a" * 60 + "b\n")
    with pytest.raises(LanguageError, match=r"the expression '\(a\|aa\)\+\$' takes more than 0.1 s"):
        select_names(load_inventory([str(path)]), "~(a|aa)+$")


PROFILE = next(iter(sorted((Path(__file__).parents[2] / "remediators" / "profiles").glob("*.yml"))))


@given(CHANGES)
def test_a_profile_that_was_altered_anywhere(folder, changes):
    (folder / "profiles").mkdir(exist_ok=True)
    text = altered(PROFILE.read_text(encoding="utf-8"), changes)
    (folder / "profiles" / "x.yml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(LanguageError):
        load_profiles([folder / "profiles"])


PLAN = {
    "schema": "remediate/plan/1",
    "id": "x",
    "created": "2026-11-23T22:00:00Z",
    "tool": "0.1.0",
    "playbooks": [{"path": "x.yml", "sha256": "0"}],
    "hosts": [
        {
            "name": "h",
            "status": "changes",
            "error": None,
            "items": [
                {
                    "play": "P",
                    "task": "T",
                    "remediator": "registry",
                    "outcome": "change",
                    "reason": None,
                    "changes": [{"resource": "registry:HKLM\\X:Y", "before": None, "after": {"type": "REG_SZ", "data": "x"}}],
                    "actions": [],
                    "commands": [],
                }
            ],
        }
    ],
    "totals": {"hosts": 1, "changes": 1, "ok": 0, "unpredictable": 0, "refused": 0, "failed": 0, "unreachable": 0},
}  # fmt: skip


@given(CHANGES)
def test_a_plan_that_was_altered_anywhere(folder, changes):
    path = folder / "x.plan"
    path.write_bytes(altered(json.dumps(PLAN), changes).encode("utf-8", "surrogatepass"))
    with suppress(UsageError):
        load_plan(path)


def paths(value, path=()):
    yield path
    for key, inside in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from paths(inside, (*path, key))


@given(
    st.sampled_from([path for path in paths(PLAN) if path]),
    st.none() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([[]]) | st.just({"a": 1}),
)
def test_a_plan_in_which_anything_is_of_another_kind(folder, path, value):
    changed = json.loads(json.dumps(PLAN))
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    file = folder / "y.plan"
    file.write_text(json.dumps(changed))
    with suppress(UsageError):
        load_plan(file)
