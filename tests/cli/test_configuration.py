"""Where the defaults of options come from, and what is said of files that are wrong."""

import pytest

from remediators.cli.configuration import defaults
from remediators.model import UsageError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_there_are_no_defaults():
    assert defaults(None) == {}


def test_remediate_toml_wins_over_pyproject_toml(folder):
    (folder / "remediate.toml").write_text('forks = 5\ninventory = ["a.yml", "b.yml"]\n')
    (folder / "pyproject.toml").write_text("[tool.remediate]\nforks = 7\n")

    assert defaults(None) == {"forks": 5, "inventory": ["a.yml", "b.yml"]}


def test_pyproject_toml_has_a_table_of_ours(folder):
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.remediate]\nstate_dir = "s"\n')

    assert defaults(None) == {"state_dir": "s"}


def test_a_pyproject_toml_of_others_says_nothing(folder):
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n')

    assert defaults(None) == {}


def test_a_file_that_is_named_is_read_and_no_other(folder):
    (folder / "remediate.toml").write_text("forks = 5\n")
    (folder / "other.toml").write_text("timeout = 9\n")

    assert defaults("other.toml") == {"timeout": 9}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("froks = 5\n", "remediate.toml: unknown setting 'froks' (did you mean 'forks'?)"),
        ("zzz = 5\n", "remediate.toml: unknown setting 'zzz' (known: inventory, forks,"),
        ("forks = \n", "remediate.toml: Invalid value (at line 1, column 9)"),
        ('forks = "five"\n', "remediate.toml: forks must be a whole number"),
        ("forks = true\n", "remediate.toml: forks must be a whole number"),
        ("inventory = 5\n", "remediate.toml: inventory must be a path or a list of paths"),
        ("inventory = [5]\n", "remediate.toml: inventory must be a path or a list of paths"),
        ("color = 1\n", "remediate.toml: color must be text"),
        ("forks = \xff\n", "remediate.toml: is not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(folder, text, said):
    (folder / "remediate.toml").write_bytes(text.encode("latin-1"))

    with pytest.raises(UsageError) as caught:
        defaults(None)

    assert caught.value.message.startswith(said)


def test_a_named_file_that_is_not_there_is_an_error():
    with pytest.raises(UsageError, match=r"no\.toml: cannot be read: No such file"):
        defaults("no.toml")


def test_one_inventory_may_stand_as_text(folder):
    (folder / "remediate.toml").write_text('inventory = "hosts.yml"\n')

    assert defaults(None) == {"inventory": ["hosts.yml"]}


@pytest.mark.parametrize("open_to_anybody", [".", "remediate.toml"])
def test_a_file_that_anybody_may_write_is_read_only_where_it_is_named(folder, capsys, open_to_anybody):
    (folder / "remediate.toml").write_text("forks = 5\n")
    (folder / open_to_anybody).chmod(0o777)

    assert defaults(None) == {}
    assert capsys.readouterr().err.startswith("warning: remediate.toml: is not read, because anybody may write to ")
    assert defaults("remediate.toml") == {"forks": 5}
