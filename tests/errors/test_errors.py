"""Every mistake has its full message, as docs/errors.md shows it, beside what ansible-core says of the same files."""

import re

import pytest

from tests.errors.telling import PAGE, everything, ours, page, slug, theirs

ALL = everything()


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    root = tmp_path_factory.mktemp("ours")
    return {mistake.title: ours(mistake, root / slug(mistake)) for mistake in ALL}


@pytest.mark.parametrize("mistake", ALL, ids=slug)
def test_the_message_is_the_one_that_the_page_shows(said, mistake):
    assert f"### {mistake.title}\n" in PAGE.read_text(encoding="utf-8"), "python -m tests.errors writes the page"
    shown = PAGE.read_text(encoding="utf-8").split(f"### {mistake.title}\n")[1].split("ansible-core:")[0]
    assert f"```text\n{said[mistake.title]}\n```" in shown


@pytest.mark.parametrize("mistake", ALL, ids=slug)
def test_one_mistake_is_told_once_with_its_place_and_a_caret_under_the_word(said, mistake):
    lines = said[mistake.title].splitlines()
    told = [line for line in lines if not line.startswith("    ")]
    # A play with two unsupported keys has two mistakes, and what is not in a file has no place in one.
    assert len(told) == (2 if "something of Ansible's" in mistake.title else 1)
    nowhere = mistake.flags or mistake.host_file == "other.yml" or not mistake.site
    if not nowhere:
        assert all(re.match(r"[\w/]+\.(yml|ini):\d+:\d+: ", line) for line in told)
        assert lines[-1].strip().strip("^") == ""


def test_there_are_at_least_sixty_kinds():
    assert len({mistake.title for mistake in ALL}) == len(ALL) >= 60


def test_the_page_shows_what_ansible_says_of_the_same_mistakes(said, tmp_path):
    version, told = theirs(tmp_path)
    shown = PAGE.read_text(encoding="utf-8")
    recorded = re.search(r"ansible-core (\d+\.\d+)", shown)[1]
    assert version.startswith(recorded), f"ansible-core {version} is installed, and the page was made with {recorded}"
    differing = [
        title
        for title, text in told.items()
        if f"```text\n{text}\n```" not in shown.split(f"### {title}\n")[1].split("\n### ")[0]
    ]
    assert differing == []
    assert page(said, re.search(r"ansible-core (\S+)", shown)[1], told) == shown
