"""The rollback playbook as text, and the language that reads it back."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from remediators.language import Vocabulary, load
from remediators.language.hidden import Keyring, reading_with
from remediators.language.vault import encrypt
from remediators.language.vault_passwords import known_password
from remediators.reports.rollback_playbook import rollback_playbook as written


class Put(BaseModel, frozen=True):
    key: str = ""
    values: dict[str, str | list[str] | int] = {}
    state: str = "present"


@dataclass(frozen=True)
class Back:
    name: str = "Back: it"
    comment: str = ""
    remediator: str = "put"
    options: BaseModel = field(default_factory=lambda: Put(key="K"))
    notify: tuple[str, ...] = ()
    handler: bool = False
    sensitive: bool = False
    secrets: frozenset[str] = frozenset()


class Hidden:
    """Vault texts with a password of their own, and no other secrets."""

    def locked(self, text):
        return encrypt(text.encode(), b"password", "own")

    def blotted(self, text):
        return text.replace("known-secret", "********")


def rollback_playbook(run, hosts):
    return written(run, hosts, Hidden())


VOCABULARY = Vocabulary(remediators={"put": Put}, checks={}, facts=frozenset(), variables=frozenset())


def read_back(folder, text, hosts):
    (folder / "rollback.yml").write_text(text, encoding="utf-8")
    (folder / "hosts.yml").write_text("all:\n  hosts:\n" + "".join(f"    {host}:\n" for host in hosts))
    loaded = load([folder / "rollback.yml"], [str(folder / "hosts.yml")], VOCABULARY)
    return {
        host: [(task.name, task.handler, [turn.options for turn in task.render({})]) for task in tasks]
        for host, tasks in loaded.bound.tasks.items()
    }


def test_it_is_plain_and_commented_and_hosts_that_go_back_alike_share_a_play():
    options = Put(key="HKLM\\SOFTWARE\\X", values={"A": "old"})
    banner = Back("Back: Banner", "X: A was\nold", options=options, notify=("Restart",))
    restart = Back("Restart", options=Put(key="R"), handler=True)

    text = rollback_playbook("RUN", {"a": [banner, restart], "b": [banner, restart], "c": [], "d": [restart]})

    assert text == (
        "# Puts back what run RUN changed. An ordinary playbook: read it, edit it, then\n"
        "#   remediate rollback RUN        (guards against what others changed since)\n"
        "#   remediate apply THIS_FILE -i INVENTORY\n"
        "---\n"
        "- name: Put back a, b\n"
        "  hosts: a:b\n"
        "  tasks:\n"
        "    # X: A was old\n"
        "    - name: 'Back: Banner'\n"
        "      put:\n"
        "        key: HKLM\\SOFTWARE\\X\n"
        "        values:\n"
        "          A: old\n"
        "      notify:\n"
        "        - Restart\n"
        "  handlers:\n"
        "    - name: Restart\n"
        "      put:\n"
        "        key: R\n"
        "\n"
        "- name: Put back d\n"
        "  hosts: d\n"
        "  tasks:\n"
        "  handlers:\n"
        "    - name: Restart\n"
        "      put:\n"
        "        key: R\n"
    )


def test_a_run_that_changes_nothing_has_a_playbook_that_says_so():
    assert rollback_playbook("RUN", {"a": []}).endswith("---\n# The run had nothing to change.\n[]\n")


@pytest.mark.parametrize(
    "text",
    [
        "{{ password }}", "{% raw %}", "{# note", "{{ 'a' ~ \"b\" }} \\ {% endraw %}", "{{\r\n\t\x00é😀", "1e3", "0o17",
        "1_000", "0x1F", ".5", "+.inf", "-1", "null", "~", "yes", "true", "", " ", "<<", "=", "!unsafe x", "a: b # c",
        "- x", "absent", "\x85\u2028",
    ],
)  # fmt: skip
def test_whatever_a_host_held_is_read_back_as_that_text(tmp_path, text):
    task = Back(name=text, options=Put(key=text, values={text: text, "list": [text]}))

    found = read_back(tmp_path, rollback_playbook("RUN", {"a": [task]}), ["a"])

    assert found["a"][0][2] == [task.options]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(min_size=1), st.text() | st.lists(st.text()) | st.integers(), max_size=4), st.text())
def test_reading_the_playbook_gives_the_options_it_was_made_of(tmp_path_factory, values, key):
    task = Back(options=Put(key=key, values=values))

    found = read_back(tmp_path_factory.mktemp("law"), rollback_playbook("RUN", {"a": [task]}), ["a"])

    assert found["a"] == [("Back: it", False, [task.options])]


def test_handlers_of_one_name_from_two_plays_are_told_apart_and_both_notified(tmp_path):
    task = Back(notify=("Restart",))
    first, second = (Back("Restart", options=Put(key=key), handler=True) for key in ("A", "B"))

    text = rollback_playbook("RUN", {"a": [task, first, second, first]})

    assert "      notify:\n        - Restart\n        - Restart (2)\n" in text
    assert [(name, handler) for name, handler, _ in read_back(tmp_path, text, ["a"])["a"]] == [
        ("Back: it", False),
        ("Restart", True),
        ("Restart (2)", True),
    ]


def test_secrets_are_vault_texts_that_come_back_and_no_known_one_can_be_read(tmp_path):
    options = Put(key="K", values={"A": "hunter2x", "B": ["x", "two hunter2x"], "C": 42, "D": "plain {{ x }}"})
    task = Back(
        "Back: known-secret", "was known-secret", options=options, sensitive=True, secrets=frozenset({"hunter2x", "42"})
    )

    text = rollback_playbook("RUN", {"a": [task]})
    with reading_with(Keyring((known_password("own", "x", b"password"),))):
        found = read_back(tmp_path, text, ["a"])

    assert "hunter2x" not in text
    assert "C: 42" not in text
    assert "known-secret" not in text
    assert "sensitive: true" in text
    back = found["a"][0][2][0]
    assert back.values == {"A": "hunter2x", "B": ["x", "two hunter2x"], "C": "42", "D": "plain {{ x }}"}
