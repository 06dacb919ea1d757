"""The site builds with every link whole, and what it shows works: the tutorial typed along, every playbook planned."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from remediators.cli.house import build
from remediators.cli.project import packaged_profiles

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r'^```yaml(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
WINDOWS = {"connection": "ssh", "os": "2003"}
ROUTER = {"connection": "network_cli", "device": "ios"}
FIREWALL = {"connection": "network_cli", "device": "asa"}


def test_the_site_builds_and_no_link_is_broken(tmp_path):
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(mkdocs, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "reference" / "remediators" / "index.html").read_text()
    assert 'id="smtp_banner"' in text
    assert (tmp_path / "reference" / "commands" / "index.html").exists()


def shown():
    """Every playbook that a page shows."""
    for page in PAGES:
        for number, (title, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            body = yaml.safe_load(re.sub(r"!\w+", "", text))
            if isinstance(body, list) and all(isinstance(entry, dict) and "hosts" in entry for entry in body):
                yield pytest.param(page, text, id=f"{page.stem}-{title or number}")


def kind_of(play):
    """The lab's host that a play is about, from the remediators that it names."""
    platforms = {name: remediator.platform for name, remediator in build(packaged_profiles()).remediators.items()}
    named = {platforms[name] for name in platforms if re.search(rf"\b{name}:", yaml.safe_dump(play))}
    if "ios" in named:
        return "router"
    return "firewall" if named & {"asa", "pix", "device"} else "windows"


def names_in(pattern):
    parts = pattern if isinstance(pattern, list) else [pattern]
    return {word for part in parts for word in re.findall(r"[\w.-]+", part)} - {"all"}


@pytest.fixture
def lab(desk):
    return desk({"windows": WINDOWS, "router": ROUTER, "firewall": FIREWALL})


@pytest.mark.parametrize(("page", "text"), list(shown()))
def test_every_playbook_that_a_page_shows_can_be_planned(lab, page, text):
    for title, other in BLOCK.findall(page.read_text(encoding="utf-8")):
        if title:
            lab.write(title, other)
    plays = yaml.safe_load(re.sub(r"!\w+", "", text))
    named = [(play, play["hosts"]) for play in plays] + [(play, play.get("never_together", [])) for play in plays]
    groups = {name: {"hosts": {kind_of(play): None}} for play, hosts in named for name in names_in(hosts)}
    lab.write("groups.yml", yaml.safe_dump(groups or {"all": {}}))
    lab.write("shown.yml", text)
    done = lab.remediate("plan", "shown.yml", "-i", "lab.yml", "-i", "groups.yml", "--output", "json")
    assert done.code == 0, done.err + done.out
    assert {host["status"] for host in done.json["hosts"]} <= {"changes", "ok", "refused"}


def test_the_tutorial_works_as_it_is_typed(desk):
    d = desk({"exch01": {"connection": "winrm"}})
    (d.folder / "inventory").mkdir()
    d.lab.write_inventory(d.folder / "inventory" / "lab.yml")
    before = d.states()
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    for title, text in BLOCK.findall(page):
        d.write(title, text)
    typed = [shlex.split(line) for line in re.findall(r"^\$ remediate (.*)$", page, re.MULTILINE)]
    done = [(line[0], d.remediate(*line)) for line in typed if line[0] != "lab"]
    assert [command for command, _ in done] == ["ping", "plan", "apply", "plan", "rollback"]
    assert [(command, ended.code) for command, ended in done if ended.code] == []
    assert d.states() == before
