"""``remediate inventory`` over its own command line."""

# ruff: noqa: E501  lines stand as users see them

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from remediators.cli.inventory import concealed
from remediators.cli.main import run
from remediators.model import Redactor

HOSTS = """
all:
  vars: {site: none, smtp_port: 25, ansible_password: hunter2}
  children:
    mail:
      vars: {smtp_port: 587, banner: "220 {{ inventory_hostname_short }} {{ site }}", url: "http://x:{{ ansible_password }}@h/"}
      hosts:
        exch01.x: {rack: 7, copied: hunter2}
        exch02.x:
"""


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REMEDIATE_OUTPUT", raising=False)
    Path("hosts.yml").write_text(HOSTS)
    Path("host_vars").mkdir()
    Path("host_vars/exch01.x.yml").write_text("# of today\nsmtp_port: 26\n")

    def ask(*arguments, code=0):
        assert run(["inventory", "-i", "hosts.yml", *arguments]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return ask


def test_a_list_is_the_json_of_ansible_without_secrets(ask):
    document = json.loads(ask("--list"))
    assert document["mail"] == {"hosts": ["exch01.x", "exch02.x"]}
    assert document["_meta"]["hostvars"]["exch01.x"] == {
        "site": "none",
        "smtp_port": 26,
        "banner": "220 {{ inventory_hostname_short }} {{ site }}",
        "url": "http://x:{{ ansible_password }}@h/",
        "ansible_password": "********",
        "copied": "********",
        "rack": 7,
    }


def test_a_list_is_narrowed_by_a_limit_and_by_a_pattern(ask):
    for arguments in (("--list", "-l", "exch02*"), ("--list", "exch02.x")):
        document = json.loads(ask(*arguments))
        assert list(document["_meta"]["hostvars"]) == document["mail"]["hosts"] == ["exch02.x"]


@pytest.mark.parametrize(("form", "read"), [("yaml", yaml.safe_load), ("toml", tomllib.loads)])
def test_another_form_of_a_list_is_an_inventory_again(ask, form, read):
    text = ask("--list", "--export", "--output", form)
    assert "hunter2" not in text
    assert read(text)
    Path(f"again.{form}").write_text(text)
    assert run(["inventory", "-i", f"again.{form}", "--list"]) == 0


def test_the_variables_of_a_host_in_every_form(ask):
    expected = json.loads(ask("--host", "exch02.x"))
    assert expected["smtp_port"] == 587
    assert yaml.safe_load(ask("--host", "exch02.x", "--output", "yaml")) == expected
    assert tomllib.loads(ask("--host", "exch02.x", "--output", "toml")) == expected
    assert json.loads(ask("--host", "exch02.x", "--output", "jsonl")) == expected


def test_a_graph_is_that_of_ansible(ask):
    assert ask("--graph") == "@all:\n  |--@ungrouped:\n  |--@mail:\n  |  |--exch01.x\n  |  |--exch02.x\n"
    assert ask("--graph", "mail", "-l", "exch01.x") == "@mail:\n  |--exch01.x\n"
    assert "  |  |  |--{ansible_password = ********}\n" in ask("--graph", "--vars")


def test_an_explanation_names_the_winner_and_what_it_overrode_in_the_order_of_the_levels(ask):
    assert ask("--explain", "exch01.x", "smtp_port", "-e", "smtp_port=2525") == (
        'exch01.x: smtp_port = "2525"\n'
        "  set by -e in --extra-vars:1:1\n"
        "  overrode\n"
        "    the host      26  in host_vars/exch01.x.yml:2:1\n"
        "    group 'mail'  587  in hosts.yml:6:14\n"
        "    all           25  in hosts.yml:3:22\n"
    )


def test_an_explanation_of_a_template_shows_what_is_written_and_what_comes_out(ask):
    assert ask("--explain", "exch01.x", "banner") == (
        'exch01.x: banner = "220 exch01 none"\n'
        '  written as "220 {{ inventory_hostname_short }} {{ site }}"\n'
        "  set by group 'mail' in hosts.yml:6:30\n"
        "  overrode nothing\n"
    )


def test_an_explanation_for_machines(ask):
    assert json.loads(ask("--explain", "exch02.x", "smtp_port", "--output", "json")) == {
        "host": "exch02.x",
        "variable": "smtp_port",
        "value": 587,
        "set_by": {"level": "group", "name": "mail", "written": 587, "file": "hosts.yml", "line": 6, "column": 14},
        "overrode": [{"level": "all", "name": "all", "written": 25, "file": "hosts.yml", "line": 3, "column": 22}],
    }


@pytest.mark.parametrize("name", ["ansible_password", "copied", "url"])
@pytest.mark.parametrize("form", ["text", "json", "yaml", "toml"])
def test_an_explanation_never_shows_a_secret(ask, name, form):
    said = ask("--explain", "exch01.x", name, "--output", form)
    assert "hunter2" not in said
    assert "********" in said


def test_an_explanation_tells_why_there_is_no_value(ask):
    Path("host_vars/exch02.x.yml").write_text("a: '{{ b }}'\nb: '{{ a }}'\nc: '{{ sight }}'\n")
    assert (
        "  has no value: host_vars/exch02.x.yml:1:1: variable 'a': on exch02.x: variables refer to each other in a circle: a → b → a\n"
        in ask("--explain", "exch02.x", "a")
    )
    assert "'sight' is undefined (did you mean 'site'?)" in ask("--explain", "exch02.x", "c")


def test_an_explanation_names_plays_and_tasks_that_set_it(ask):
    Path("site.yml").write_text(
        "- name: Mail\n  hosts: mail\n  vars: {smtp_port: 1}\n  tasks:\n"
        "    - name: T\n      vars: {smtp_port: 2}\n      service: {name: SMTPSVC, state: started}\n"
        "- name: Others\n  hosts: exch02.x\n  vars: {smtp_port: 3}\n  tasks: []\n"
    )
    said = ask("--explain", "exch01.x", "smtp_port", "--playbook", "site.yml")
    assert said.startswith("exch01.x: smtp_port = 2\n  set by task 'T' in site.yml:6:14\n  overrode\n    play 'Mail' ")
    assert "Others" not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--explain", "exch01.x", "smtp_prot"), "nothing sets 'smtp_prot' for exch01.x (did you mean 'smtp_port'?)\n"),
        (("--explain", "exch01.x", "groups"), "'groups' is a name of the language itself: no file sets it\n"),
        (("--explain", "exch1.x", "a"), "there is no host 'exch1.x' (did you mean 'exch01.x'?)\n"),
        (("--host", "mail"), "'mail' is a group, and one host is wanted\n"),
        (("--graph", "mial"), "there is no group 'mial' (did you mean 'mail'?)\n"),
        (("--list", "-l", "nobody"), "--limit:1:1: no host and no group is named 'nobody'\n    nobody\n    ^^^^^^\n"),
    ],
)
def test_what_is_not_there_is_said_with_the_nearest_name(ask, arguments, message):
    assert ask(*arguments, code=5) == message


@pytest.mark.parametrize("arguments", [(), ("--list", "--graph")])
def test_one_question_at_a_time(ask, arguments):
    assert "give one of --list, --graph, --host HOST, --explain HOST VAR" in ask(*arguments, code=5)


def test_what_is_hidden_by_its_type_is_starred_wherever_it_stands():
    class Hidden(str):
        __slots__ = ()

    shown = concealed({"a": Hidden("x"), "b": [object(), {"c": Hidden("y")}], "d": "z", "e": True}, Redactor())
    assert shown == {"a": "********", "b": ["********", {"c": "********"}], "d": "z", "e": True}


def test_letters_are_shown_as_they_are(ask):
    Path("hosts.yml").write_text("all: {hosts: {h: {town: Köln, odd: '\\ud83d', smile: \"\\U0001F600\"}}}\n")
    assert '"town": "Köln"' in ask("--host", "h")


def test_letters_that_standard_output_does_not_have_are_escaped(ask, monkeypatch):
    import io
    import sys

    Path("hosts.yml").write_text("all: {hosts: {h: {town: Köln}}}\n", encoding="utf-8")
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    assert run(["inventory", "-i", "hosts.yml", "--host", "h"]) == 0
    plain.flush()
    assert b'"town": "K\\u00f6ln"' in plain.buffer.getvalue()


def test_all_that_stands_below_the_name_of_a_secret_is_hidden(ask):
    Path("hosts.yml").write_text("all: {hosts: {h: {htpasswd_users: {ann: x, bob: [y, {deep: longer}], n: 1234}}}}\n")
    hidden = json.loads(ask("--host", "h"))["htpasswd_users"]
    assert hidden == {"ann": "********", "bob": "********", "n": "********"}


@pytest.mark.parametrize(
    ("setting", "hosts"),
    [
        (("ANSIBLE_INVENTORY", "one"), ["w1"]),
        (("ANSIBLE_INVENTORY", "one,./two"), ["w1", "d1"]),
        (("ANSIBLE_INVENTORY", "one,"), ["w1"]),
        (("ANSIBLE_INVENTORY", "x1,x2"), ["x1", "x2"]),
        (("ANSIBLE_INVENTORY", "x1,::1,"), ["x1", "::1"]),
        (("REMEDIATE_INVENTORY", "one:two"), ["w1", "d1"]),
        (("REMEDIATE_INVENTORY", "a:b"), ["c1"]),
    ],
)
def test_inventories_may_stand_in_the_environment(ask, monkeypatch, capsys, setting, hosts):
    for name in ("ANSIBLE_INVENTORY", "REMEDIATE_INVENTORY"):
        monkeypatch.delenv(name, raising=False)
    for name, host in {"one": "w1", "two": "d1", "a:b": "c1"}.items():
        Path(name).write_text(f"{host}\n")
    monkeypatch.setenv(*setting)
    assert run(["inventory", "--list"]) == 0
    assert json.loads(capsys.readouterr().out)["ungrouped"]["hosts"] == hosts


def test_the_inventory_of_ansible_cfg_is_named_where_none_is_given(ask, monkeypatch, capsys):
    for name in ("ANSIBLE_INVENTORY", "REMEDIATE_INVENTORY", "ANSIBLE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for content, said in {
        "[defaults]\ninventory = ./inv/prod  # of today\n": "; ansible.cfg, which is not read, names ./inv/prod",
        "[defaults]\nforks = 5\n": "",
        "not a configuration": "",
    }.items():
        Path("ansible.cfg").write_text(content)
        for command in (["inventory", "--list"], ["ping", "all"]):
            assert run(command) == 5
            expected = f"no inventory: give -i PATH, or set inventory in remediate.toml{said}\n"
            assert capsys.readouterr().err == expected
