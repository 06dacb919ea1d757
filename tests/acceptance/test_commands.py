"""What the commands say and how they end, beside the main job."""

import os
import pty
import re
import signal
import subprocess
import time

import pytest

from remediators.cli.interrupts import ONE_WISH
from tests.acceptance.conftest import REMEDIATE

BOOK = r"""
- hosts: all
  tasks:
    - name: value
      registry: {key: HKLM\SOFTWARE\Ours, values: {Value: {type: sz, data: ours}}}
      tags: ours
"""


@pytest.fixture
def one(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    return d


def on_a_terminal(folder, arguments, answer, **streams):
    """Run with a terminal as standard input and error, answer the first question, and give code and what it showed."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        [REMEDIATE, *arguments],
        cwd=folder,
        stdin=theirs,
        env=environment,
        **{"stdout": theirs, "stderr": theirs, **streams},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        shown += piece
        if answer and b"[y/N]" in shown:
            os.write(ours, answer)
            answer = b""
    os.close(ours)
    return process.wait(60), shown.decode()


def test_on_a_terminal_apply_asks_and_no_touches_nothing(one):
    before = one.states()

    code, shown = on_a_terminal(one.folder, ["apply", "book.yml", "-i", "lab.yml"], b"n\n")

    assert code == 3
    assert "Not approved: nothing was touched." in shown
    assert one.states() == before


def test_on_a_terminal_the_recap_stays_after_the_progress_is_gone(one):
    code, shown = on_a_terminal(one.folder, ["apply", "book.yml", "-i", "lab.yml"], b"y\n")

    assert code == 0
    assert re.search(r"apply: 1 of 1 hosts.*\x1b\[2K.*one.*: ok=1 changed=1.*Way back: ", shown, re.DOTALL)
    assert "\x1b[2K" not in shown[shown.index("Way back") :]


def test_a_recap_that_is_sent_to_a_file_gets_there_from_a_terminal_too(one):
    with (one.folder / "out.txt").open("wb") as file:
        code, shown = on_a_terminal(
            one.folder, ["apply", "book.yml", "-i", "lab.yml", "--yes"], b"", stdout=file.fileno()
        )

    assert code == 0
    assert "one : ok=1 changed=1" in (one.folder / "out.txt").read_text()
    assert "ok=1" not in shown


def test_the_first_interrupt_of_a_plan_is_answered_at_once_and_the_second_ends_it(desk):
    d = desk({"one": {"connection": "ssh", "faults": ["hang"]}})
    d.write("book.yml", BOOK)
    with d.start("plan", "book.yml", "-i", "lab.yml", "-T", "60") as process:
        while d.lab.hosts["one"].ssh.requests["connect"] == 0 and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "waiting for the hosts in flight, then stopping (again: stop now)\n"
        time.sleep(2 * ONE_WISH)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apply", "x.plan", "--yes", "--tags", "ours"], "a saved plan is applied as it is"),
        (["apply", "nosuch.plan", "--yes"], "nosuch.plan: there is no such file"),
        (["plan", "x.plan", "-i", "lab.yml"], "x.plan: is a saved plan and no playbook: remediate apply x.plan"),
        (["apply", "x.plan", "--yes", "-l", "oen"], "--limit:1:1: no host and no group is named 'oen'"),
        (["apply", "x.plan", "--yes", "--expect-hosts", "2"], "1 host is selected, and --expect-hosts says 2"),
        (["plan", "book.yml", "-i", "lab.yml", "--out", "no/x.plan"], "--out no/x.plan: there is no folder "),
        (["plan", "book.yml", "-i", "lab.yml", "--out", "keys"], "--out keys: is a folder"),
        (["doc", "registry", "--facts"], "give a NAME, --facts, --checks or --filters, and one of them only"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_contacted(one, arguments, said):
    assert one.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    asked = dict(one.lab.hosts["one"].ssh.requests)

    ended = one.remediate(*arguments)

    assert ended.code == 5
    assert said in ended.err
    assert dict(one.lab.hosts["one"].ssh.requests) == asked


def test_the_same_mistake_of_many_hosts_is_one_line(one):
    one.write("hosts.ini", "[all]\nexch[01:20] ansible_connection=ssh\n")

    ended = one.remediate("validate", "book.yml", "-i", "hosts.ini")

    assert ended.code == 5
    assert ended.err == (
        "exch01, exch02, exch03, exch04, exch05 and 15 more: ansible_shell_type is missing: ansible_shell_type: cmd is "
        "needed over SSH\n"
    )


def test_doc_tells_defaults_and_types_in_an_operators_words(one):
    assert "virtual_server: whole number or all (default 1)" in one.remediate("doc", "smtp_banner").out
    assert "values: mapping of text to {type, data" in one.remediate("doc", "registry").out


def test_validate_needs_no_credentials(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", "- hosts: all\n  tasks:\n    - service: {name: SMTPSVC, state: started}\n")
    d.write("bare.yml", "all: {hosts: {exch01.example.com: {ansible_connection: winrm}}}\n")

    ended = d.remediate("validate", "book.yml", "-i", "bare.yml")

    assert ended.code == 0, ended.err
    assert d.remediate("plan", "book.yml", "-i", "bare.yml").code == 5
