"""The playbooks that come with the tool are valid for the example fleet, and say what they cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from remediators.cli.main import run

ROOT = Path(__file__).parent.parent.parent
PLAYBOOKS = sorted((ROOT / "playbooks").rglob("*.yml"))


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_is_valid_for_the_example_fleet(playbook: Path, tmp_path: Path) -> None:
    inventory = ROOT / "inventory" / "example" / "hosts.yml"
    password = tmp_path / "password.yml"
    password.write_text("ansible_password: not a secret\n", encoding="utf-8")

    assert run(["validate", str(playbook), "-i", str(inventory), "-e", f"@{password}"]) == 0


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_says_when_to_use_it_and_what_stops(playbook: Path) -> None:
    text = playbook.read_text(encoding="utf-8")
    header = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))

    for word in ("Use it when", "What it changes", "What it restarts", "ail "):
        assert word in header
