"""Completion as shells ask for it: the protocol of click, and bash itself."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import REMEDIATE

INVENTORY = "exchange:\n  hosts: {exch01: {}, exch02: {}, edge: {}}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "hosts.yml").write_text(INVENTORY)
    (tmp_path / "site.yml").write_text("[]")
    (tmp_path / ".remediate" / "runs" / "20261125-aa").mkdir(parents=True)
    return tmp_path


def completed(folder, *words):
    """What a shell is offered for the last word."""
    done = subprocess.run(
        [REMEDIATE],
        cwd=folder,
        env={
            **os.environ,
            "_REMEDIATE_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["remediate", *words]),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_commands_are_completed(folder):
    assert {"plan", "ping"} <= set(completed(folder, "p"))


def test_hosts_and_groups_of_the_inventory_are_completed(folder):
    assert completed(folder, "ping", "-i", "hosts.yml", "ex") == ["exch01", "exch02", "exchange"]
    assert completed(folder, "plan", "site.yml", "-i", "hosts.yml", "-l", "exchange:!e") == [
        "exchange:!exch01",
        "exchange:!exch02",
        "exchange:!edge",
        "exchange:!exchange",
    ]


def test_an_inventory_that_cannot_be_read_completes_nothing_and_complains_of_nothing(folder):
    (folder / "bad.yml").write_text("exchange: [")
    assert completed(folder, "ping", "-i", "bad.yml", "ex") == []


def test_runs_and_remediators_are_completed(folder):
    assert completed(folder, "show", "") == ["latest", "20261125-aa"]
    assert completed(folder, "doc", "smtp_b") == ["smtp_banner"]


def test_bash_completes_with_the_script_that_is_printed(folder):
    script = (
        f'source <("{REMEDIATE}" completion bash); '
        "COMP_WORDS=(remediate ping -i hosts.yml exch); COMP_CWORD=4; "
        '_remediate_completion remediate; echo "${COMPREPLY[@]}"'
    )
    path = f"{Path(REMEDIATE).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["exch01", "exch02", "exchange"]


@pytest.mark.parametrize(
    ("shell", "sign"), [("bash", "complete -o"), ("zsh", "#compdef remediate"), ("fish", "function")]
)
def test_every_shell_has_a_script(folder, shell, sign):
    done = subprocess.run([REMEDIATE, "completion", shell], capture_output=True, text=True, check=True, timeout=60)
    assert sign in done.stdout
