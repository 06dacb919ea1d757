"""The schemas against every file that we ship, with a validator that we did not write, and against our own checks."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from remediators.cli.house import build
from remediators.cli.project import packaged_profiles, vocabulary
from remediators.cli.schema import _schema
from remediators.language import LanguageError, load_playbooks
from remediators.language.keywords import BLOCK_KEYS, IMPORT_KEYS, INCLUDE_KEYS, PLAY_KEYS, TASK_KEYS

ROOT = Path(__file__).parents[2]
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").rglob("*.yml") if "profiles" not in path.parts)
INVENTORIES = [path for path in sorted((ROOT / "inventory").rglob("*.yml")) if "_vars" not in str(path.parent)]
PROFILES = sorted((ROOT / "remediators" / "profiles").glob("*.yml"))


class Loader(yaml.SafeLoader):
    """YAML as playbooks are read: tags of Ansible stand for text."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


@cache
def validator(what):
    schema = _schema(what)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def wrong(what, text):
    return [error.message for error in validator(what).iter_errors(yaml.load(text, Loader))]


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_that_we_ship_fits(path):
    assert wrong("playbook", path.read_text()) == []


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_inventory_that_we_ship_fits(path):
    assert wrong("inventory", path.read_text()) == []


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_every_profile_that_we_ship_fits(path):
    assert wrong("profile", path.read_text()) == []


def examples():
    house = build(packaged_profiles())
    for name, thing in {**house.remediators, **house.checks}.items():
        for block in re.findall(r"```yaml\n(.*?)```", type(thing).__doc__ or "", re.DOTALL):
            yield pytest.param(block, id=name)


def whole(body):
    """An example as a playbook: some show a play, some a task, some only a part of it."""
    if isinstance(body, list):
        entries = body
    elif set(body) <= {"tasks", "handlers"}:
        return [{"hosts": "all", **body}]
    else:
        entries = [{"smtp_banner": {"text": "x"}, **body}] if set(body) == {"verify"} else [body]
    if all("hosts" in entry for entry in entries):
        return entries
    handler = any("restarted" in str(entry) for entry in entries)
    return [{"hosts": "all", "handlers" if handler else "tasks": entries}]


@pytest.mark.parametrize("block", list(examples()))
def test_every_example_in_the_reference_fits(block):
    body = whole(yaml.load(block, Loader))
    assert [error.message for error in validator("playbook").iter_errors(body)] == []


FINE = [
    "- {hosts: all, tasks: [{registry: {key: HKLM\\SOFTWARE\\X, view: 32, values: {A: absent}}}]}",
    "- {hosts: [a, b], tasks: [{smtp_banner: {virtual_server: '{{ n }}', text: x}, loop: {a: 1}, when: [true, a]}]}",
    "- {hosts: all, vars: {a: 1}, tasks: [{smtp_banner: '{{ options }}', verify: {smtp_greeting: {port: '{{ p }}'}}}]}",
    "- {hosts: all, tasks: [{block: [{include_tasks: {file: x.yml}}, {import_tasks: y.yml, tags: a}], when: a}]}",
    "- {import_playbook: x.yml, vars: {a: b}}",
    "- {hosts: all, handlers: [{name: R, service: {name: X, state: restarted}}, {block: [{name: S, queue_kick: {}}]}]}",
    "- {hosts: all, tasks: [{service: {name: X, state: \"{{ 'started' }}\", start_mode: auto}, loop: '{{ l }}'}]}",
]
WRONG = [
    "{}",
    "[]",
    "- {tasks: []}",
    "- {hosts: all, taks: []}",
    "- {hosts: all, tasks: [{name: no remediator}]}",
    "- {hosts: all, tasks: [{registry: {key: HKLM\\X}, service: {name: X}}]}",
    "- {hosts: all, tasks: [{registry: {kee: HKLM\\X\\Y}}]}",
    "- {hosts: all, tasks: [{registry: {values: {}}}]}",
    "- {hosts: all, tasks: [{service: {name: X, state: startd}}]}",
    "- {hosts: all, tasks: [{smtp_banner: {virtual_server: x}}]}",
    "- {hosts: all, tasks: [{smtp_banner: {text: x}, cause: 7}]}",
    "- {hosts: all, tasks: [{smtp_banner: {text: x}, ignore_errors: 'yes'}]}",
    "- {hosts: all, tasks: [{smtp_banner: {text: x}, verify: {smtp_greting: {}}}]}",
    "- {hosts: all, tasks: [{block: [{smtp_banner: {text: x}}], loop: [1]}]}",
    "- {hosts: all, handlers: [{name: R, service: {name: X}, notify: S}]}",
    "- {import_playbook: x.yml, hosts: all}",
]


@pytest.fixture(scope="module")
def known():
    return vocabulary(build(packaged_profiles()))


@pytest.mark.parametrize("text", FINE)
def test_what_the_language_takes_the_schema_takes(tmp_path, monkeypatch, known, text):
    monkeypatch.chdir(tmp_path)
    for name in ("x.yml", "y.yml"):
        (tmp_path / name).write_text(
            "- {hosts: all}\n" if "import_playbook" in text else "- {smtp_banner: {text: x}}\n"
        )
    (tmp_path / "site.yml").write_text(text)
    load_playbooks(["site.yml"], known)
    assert wrong("playbook", text) == []


@pytest.mark.parametrize("text", WRONG)
def test_what_the_language_refuses_the_schema_refuses(tmp_path, known, text):
    (tmp_path / "x.yml").write_text("- {hosts: all}\n")
    path = tmp_path / "site.yml"
    path.write_text(text)
    with pytest.raises(LanguageError):
        load_playbooks([path], known)
    assert wrong("playbook", text) != []


def test_every_keyword_of_the_language_is_in_the_schema_with_a_description():
    definitions = _schema("playbook")["$defs"]
    for kind, keys in (
        ("play", PLAY_KEYS),
        ("task", TASK_KEYS),
        ("task_block", BLOCK_KEYS),
        ("task_include", INCLUDE_KEYS),
        ("import", IMPORT_KEYS),
    ):
        properties = definitions[kind]["properties"]
        missing = [
            key
            for key in keys
            if not properties.get(key, {}).get("description") and key not in ("tasks", "handlers", "block")
        ]
        assert missing == [], kind


def test_a_plan_fits_its_schema(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("b.yml", "- {hosts: all, tasks: [{registry: {key: HKLM\\SOFTWARE\\A, values: {B: {type: sz, data: c}}}}]}")
    made = d.remediate("plan", "b.yml", "-i", "lab.yml", "--output", "json")
    assert list(validator("plan").iter_errors(made.json)) == []
    assert list(validator("plan").iter_errors({**made.json, "hosts": [{}]})) != []


def test_the_schema_is_printed_as_json(desk):
    d = desk({})
    for what in ("playbook", "inventory", "profile", "plan"):
        assert json.loads(d.remediate("schema", what).out)["$schema"].endswith("2020-12/schema")
    assert d.remediate("schema", "plam").code == 5
