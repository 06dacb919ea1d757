"""Inventory scripts: what they print, and all the ways in which they fail."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from remediators.language import LanguageError, load_inventory
from remediators.language.inventory_views import written


@pytest.fixture
def script(write):
    def put(body: str, name: str = "inv.py") -> str:
        write.put(
            name, body if body.startswith("#!") else f"#!/usr/bin/env python3\nimport json, os, sys, time\n{body}\n"
        )
        Path(name).chmod(0o755)
        return name

    return put


def said(source: str) -> str:
    with pytest.raises(LanguageError) as caught:
        load_inventory([source])
    return caught.value.message


def test_a_script_without_meta_is_asked_for_each_host(script):
    found = load_inventory(
        [
            script(
                "print(json.dumps({'web': ['w1', 'w2']} if sys.argv[1] == '--list'"
                " else {'me': sys.argv[2]} if sys.argv[2] == 'w1' else {}))"
            )
        ]
    )
    assert {host: written(found, host) for host in found.hosts} == {"w1": {"me": "w1"}, "w2": {}}


def test_a_script_that_says_nothing_of_a_host_says_that_it_has_no_variables(script):
    found = load_inventory([script('#!/bin/sh\n[ $1 = --list ] && echo \'{"web": ["w1"]}\' || exit 0\n')])
    assert written(found, "w1") == {}


def test_a_variable_from_a_script_has_its_place_in_what_was_printed(script):
    found = load_inventory(
        [script('print(\'{"web": {"hosts": ["h"],\\n "vars": {"a": 1}}, "_meta": {"hostvars": {}}}\')')]
    )
    assert str(found.shared("h")["a"][1].place("a")) == "inv.py --list:2:11"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit(3)", "inv.py --list: ended with 3, and said nothing"),
        ("print('x\\nno route', file=sys.stderr); sys.exit(1)", "inv.py --list: ended with 1: no route"),
        ("", "inv.py --list: printed nothing, and JSON is wanted"),
        (
            "print('{\"a\": ')\nprint('garbage')",
            "inv.py --list:2:1: what it printed is no JSON: expecting value\n    garbage\n    ^",
        ),
        (
            'print(\'{"ansible_password": "hunter2" "x"\')',
            (
                "inv.py --list:1:32: what it printed is no JSON: expecting ',' delimiter\n"
                '    {"ansible_password": ******** "x"\n                                  ^'
            ),
        ),
        ("print('[1]')", "inv.py --list: printed a list, and a mapping of groups is wanted"),
        ("print('[' * 200000)", "inv.py --list: printed JSON that is nested too deeply"),
        ("sys.stdout.buffer.write(b'{\"a\\xff\": 1}')", "inv.py --list: printed what is not UTF-8: byte 0xff"),
        (
            'print(\'{"_meta": {"hostvars": []}}\')',
            "inv.py --list: _meta.hostvars is a list, and a mapping of hosts is wanted",
        ),
        (
            'print(\'{"web": {"hosts": "w1"}, "_meta": {"hostvars": {}}}\')',
            (
                "inv.py --list:1:19: group 'web': hosts must be a list of names\n"
                '    {"web": {"hosts": "w1"}, "_meta": {"hostvars": {}}}\n                      ^^^^'
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_script_is_said_in_one_place(script, body, message):
    assert said(script(body)) == message


@pytest.mark.parametrize("body", ["time.sleep(600)", "os.close(1); os.close(2); time.sleep(600)"])
def test_a_script_that_hangs_is_ended(script, monkeypatch, body):
    monkeypatch.setenv("REMEDIATE_SCRIPT_TIMEOUT", "0.5")
    assert said(script(body)) == (
        "inv.py --list: did not end within 0.5 s (REMEDIATE_SCRIPT_TIMEOUT=SECONDS gives it longer)"
    )


def test_what_a_script_started_is_ended_with_it(script, monkeypatch):
    monkeypatch.setenv("REMEDIATE_SCRIPT_TIMEOUT", "1")
    source = script("#!/bin/sh\nsleep 600 & echo $! > child\nwait\n")
    assert "did not end within 1 s" in said(source)
    child = int(Path("child").read_text())
    until = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and "State:\tZ" not in Path(f"/proc/{child}/status").read_text():
        assert time.monotonic() < until
        os.sched_yield()


def test_a_script_that_leaves_somebody_behind_with_its_output_is_not_waited_for(script):
    found = load_inventory(
        [script('#!/bin/sh\nsleep 600 & echo \'{"web": {"hosts": ["h"]}, "_meta": {"hostvars": {}}}\'\n')]
    )
    assert list(found.hosts) == ["h"]


def test_a_script_that_prints_without_end_is_ended(script):
    assert said(script("#!/bin/sh\nyes\n")) == "inv.py --list: printed more than 50 MB"


def test_a_timeout_that_is_no_number_is_told(script, monkeypatch):
    monkeypatch.setenv("REMEDIATE_SCRIPT_TIMEOUT", "soon")
    assert said(script("")) == "inv.py --list: REMEDIATE_SCRIPT_TIMEOUT is 'soon', and a number of seconds is wanted"


def test_an_interpreter_that_is_not_there_is_named(script):
    assert said(script("#!/opt/nowhere/python9 -x\n")) == (
        "inv.py --list: cannot be run: its interpreter is not there (#!/opt/nowhere/python9 -x)"
    )


def test_a_script_that_anybody_may_write_to_is_warned_of(script):
    source = script("print('{}')")
    Path(source).chmod(0o777)
    assert [str(warning) for warning in load_inventory([source]).warnings] == [
        "inv.py: anybody may write to this script, and it is run as you (chmod o-w inv.py)"
    ]


def test_executable_data_without_an_ending_is_data(write):
    write.put("hosts", "[web]\nw1\n")
    Path("hosts").chmod(0o755)
    assert list(load_inventory(["hosts"]).hosts) == ["w1"]
