"""What the documentation shows works as it is shown."""

import inspect
import re
from pathlib import Path

import pytest
import yaml

from remediators.catalog import catalog, register
from remediators.checks import checks
from remediators.cli.doc_pages import pages
from remediators.facts import facts
from remediators.model import Snapshot

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def fenced(path, language):
    found = re.findall(
        rf"^(```+){language}(?: [^\n]*)?\n(.*?)^\1$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [text for _, text in found]


def test_the_remediator_of_the_guide_can_be_registered_and_asks_and_wants():
    scope = {}
    exec(fenced(ROOT / "docs" / "writing-a-remediator.md", "python")[0], scope)
    remediator = register([scope["TimeServers"]()])["time_servers"]
    options = remediator.Options(servers=["a", "b"])

    assert len(list(remediator.queries(options, Snapshot()))) == 1
    assert list(remediator.desired(options, Snapshot()).values()) == [{"type": "REG_SZ", "data": "a b"}]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\((?!http)([^)#]+)", path.read_text(encoding="utf-8")):
        made = target.removeprefix("docs/").removeprefix("reference/") in pages() and "reference/" in target
        assert made or (path.parent / target).exists(), target


class Tagged(yaml.SafeLoader):
    """YAML with the tags of vaults and secrets."""


Tagged.add_multi_constructor("!", lambda loader, tag, node: f"{tag} {node.value}")


def test_every_yaml_block_of_the_documentation_is_yaml():
    for path in PAGES:
        for block in fenced(path, "yaml"):
            assert yaml.load(block, Tagged) is not None


@pytest.mark.parametrize("name", sorted(catalog({})))
def test_the_example_of_a_remediator_fits_its_own_options(name):
    remediator = catalog({})[name]
    text = inspect.getdoc(type(remediator))
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])

    given = {k: None if isinstance(v, str) and "{{" in v and k == "data" else v for k, v in example[0][name].items()}
    if not any("{{" in str(value) for value in given.values()):
        assert remediator.Options(**given)
    assert all(field.description for field in remediator.Options.model_fields.values())


def test_every_fact_says_where_its_knowledge_comes_from_and_every_check_what_it_is():
    assert all(fact.source and fact.description for fact in facts({}).values())
    assert all(type(check).__doc__ for check in checks().values())
