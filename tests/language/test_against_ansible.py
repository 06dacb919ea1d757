"""The corpus of inventories and patterns, read by ansible-core and by us: every difference is told or explained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from remediators.cli.inventory import concealed
from remediators.language import LanguageError, load_inventory, select_names
from remediators.language.inventory_views import as_list, as_tables, as_tree, graph
from remediators.model import Redactor
from remediators.model.secrecy import secret_values
from tests.language.corpus.fleets import FLEETS
from tests.language.corpus.inventories import (
    ALIKE,
    APART,
    APART_PATTERNS,
    LIMITS,
    PATTERN_FILES,
    PATTERNS,
)

CORPUS = {**ALIKE, **FLEETS, **APART}
SAME = [name for name, case in CORPUS.items() if not case.differs]
ASK = Path(__file__).parent / "corpus" / "ask_ansible.py"
DOCUMENT = (Path(__file__).parents[2] / "docs" / "inventory.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus")
    for name, case in CORPUS.items():
        case.put(root / name)
    (root / "patterns").mkdir()
    for name, text in PATTERN_FILES.items():
        (root / "patterns" / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def theirs(root):
    asked = {
        "cases": [[name, str(root / name), case.sources] for name, case in CORPUS.items()],
        "patterns": [str(root / "patterns"), "hosts.yml", [*PATTERNS, *APART_PATTERNS], LIMITS],
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "LC_ALL": "C.UTF-8", "TMPDIR": str(root)}
    done = subprocess.run(
        [sys.executable, str(ASK)],
        input=json.dumps(asked),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def ours(case):
    inventory = load_inventory(list(case.sources), playbook_dirs=["."])
    document = as_list(inventory, inventory.hosts, lambda v: concealed(v, Redactor(secret_values(v)), marked=True))
    return json.loads(json.dumps(document)), [str(warning) for warning in inventory.warnings], inventory


def differences(mine, other, path=""):
    """Every place at which two documents differ; lists of hosts and children are compared as sets here."""
    if isinstance(mine, dict) and isinstance(other, dict):
        for key in sorted(mine.keys() | other.keys()):
            if key not in mine or key not in other:
                where = "only ours" if key in mine else "only theirs"
                yield f"{path}/{key}: {where}: {mine.get(key, other.get(key))!r}"
            else:
                yield from differences(mine[key], other[key], f"{path}/{key}")
    elif type(mine) is not type(other) or mine != other:
        yield f"{path}: ours {mine!r}, theirs {other!r}"


@pytest.mark.parametrize("name", SAME)
def test_an_inventory_comes_out_as_in_ansible(root, theirs, monkeypatch, name):
    monkeypatch.chdir(root / name)
    mine, _, _ = ours(CORPUS[name])
    found = list(differences(mine, theirs["cases"][name].get("list")))
    assert not found, "\n".join(found)


def plain(variables):
    return concealed(variables, Redactor())


FORMS = {
    "tree": lambda inventory: as_tree(inventory, inventory.hosts, plain),
    "tables": lambda inventory: as_tables(inventory, inventory.hosts, plain),
    "export": lambda inventory: as_list(
        inventory, inventory.hosts, lambda v: concealed(v, Redactor(), marked=True), export=True
    ),
}
# Where Ansible writes a group out again in TOML, it loses the variables of its hosts; in a graph it sorts merged keys,
# and shows keys that are no text as they are.
UNLIKE = {
    ("yml-diamond", "tables"),
    ("kube-ini", "tables"),
    ("kube-yaml", "tables"),
    ("kolla", "tables"),
    ("ini-children-await", "tables"),
    ("yml-priority-chain", "tables"),
    ("yml-deep-diamond", "tables"),
    ("yml-merge-list", "graph"),
    ("yml-numeric-keys", "graph"),
}


@pytest.mark.parametrize("name", SAME)
def test_its_other_forms_are_those_of_ansible(root, theirs, monkeypatch, name):
    monkeypatch.chdir(root / name)
    inventory = load_inventory(list(CORPUS[name].sources), playbook_dirs=["."])
    made = {form: json.loads(json.dumps(make(inventory))) for form, make in FORMS.items()}
    made["graph"] = "\n".join(graph(inventory, "all", inventory.hosts, plain))
    found = [
        difference
        for form, mine in made.items()
        if (name, form) not in UNLIKE
        for difference in differences(mine, theirs["cases"][name][form], form)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [name for name, case in CORPUS.items() if case.differs])
def test_a_difference_is_meant_and_its_reason_is_written_down(root, theirs, monkeypatch, name):
    monkeypatch.chdir(root / name)
    case = CORPUS[name]
    assert f"### {case.differs}\n" in DOCUMENT
    if case.error:
        with pytest.raises(LanguageError) as caught:
            ours(case)
        assert case.error in caught.value.message
        return
    mine, warnings, inventory = ours(case)
    assert {host: mine["_meta"]["hostvars"].get(host, {}) for host in inventory.hosts} == case.ours
    assert any(case.warning in warning for warning in warnings) or not case.warning
    assert list(differences(mine, theirs["cases"][name].get("list"))), "there is no difference any more"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_the_hosts_that_it_means_in_ansible_in_the_same_order(root, theirs, monkeypatch, pattern):
    monkeypatch.chdir(root / "patterns")
    assert select_names(load_inventory(["hosts.yml"]), pattern) == theirs["patterns"][pattern]


@pytest.mark.parametrize("number", range(len(LIMITS)), ids=[f"{pattern}-{limit}" for pattern, limit in LIMITS])
def test_a_limit_leaves_the_hosts_that_it_leaves_in_ansible(root, theirs, monkeypatch, number):
    monkeypatch.chdir(root / "patterns")
    pattern, limit = LIMITS[number]
    assert select_names(load_inventory(["hosts.yml"]), pattern, limit=limit) == theirs["limits"][number]


@pytest.mark.parametrize("pattern", APART_PATTERNS)
def test_a_pattern_that_differs_is_meant_to(root, theirs, monkeypatch, pattern):
    monkeypatch.chdir(root / "patterns")
    heading, expected = APART_PATTERNS[pattern]
    assert f"### {heading}\n" in DOCUMENT
    inventory = load_inventory(["hosts.yml"])
    if isinstance(expected, list):
        assert select_names(inventory, pattern) == expected != theirs["patterns"][pattern]
        return
    with pytest.raises(LanguageError) as caught:
        select_names(inventory, pattern)
    assert expected in caught.value.message


def test_the_corpus_is_large_enough():
    assert len(CORPUS) >= 60
