"""What validate finds, for people and for continuous integration."""

import json

import pytest

from remediators.cli.main import run

GOOD = "- {hosts: all, tasks: [{smtp_banner: {text: x}}]}\n"
BAD = "- hosts: all\n  tasks:\n    - smtp_banner: {txt: x}\n    - registri: {}\n"
HOSTS = "all: {hosts: {exch01: {ansible_connection: winrm, ansible_user: u, ansible_password: p}}}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {"good.yml": GOOD, "bad.yml": BAD, "hosts.yml": HOSTS}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def validate(capsys, *arguments):
    code = run(["validate", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_an_inventory_alone_is_checked(folder, capsys):
    assert validate(capsys, "-i", "hosts.yml") == (0, "hosts.yml: valid for 1 host\n", "")
    (folder / "hosts.yml").write_text("all: {hsts: {}}\n")
    code, _, told = validate(capsys, "-i", "hosts.yml")
    assert (code, told.startswith("hosts.yml:1:7: ")) == (5, True)


def test_nothing_to_check_is_bad_usage(capsys):
    assert validate(capsys)[0] == 5


def test_a_profile_is_checked_as_a_profile(folder, capsys):
    (folder / "p.yml").write_text("profile: x\nproduct: y\nfor: [av_email_scanner]\nsettings: [{key: HKLM\\X}]\n")
    code, _, told = validate(capsys, "p.yml")
    assert code == 5
    assert "p.yml:4:12: profile 'x', settings 1: 'name' is missing" in told


def test_a_plan_that_was_edited_is_told_beside_a_playbook_that_is_wrong(folder, capsys):
    (folder / "edited.json").write_text('{"schema": "remediate/plan/1", "digest": "sha256:0"}')
    code, _, told = validate(capsys, "edited.json", "bad.yml")
    assert code == 5
    assert "edited.json" in told
    assert "bad.yml:3:21" in told
    assert "bad.yml:4:7" in told


def test_github_shows_each_mistake_at_its_line(folder, capsys):
    code, out, _ = validate(capsys, "bad.yml", "--output", "github")
    assert code == 5
    assert out.splitlines() == [
        (
            "::error file=bad.yml,line=3,col=21,endColumn=23::task 'smtp_banner', smtp_banner: unknown option 'txt' "
            "(did you mean 'text'?)"
        ),
        (
            "::error file=bad.yml,line=4,col=7,endColumn=14::task: unknown key 'registri': neither a remediator nor a "
            "keyword of a task (did you mean 'registry'?)"
        ),
    ]
    assert validate(capsys, "good.yml", "--output", "github")[:2] == (0, "")


def test_annotations_escape_what_github_would_take_for_syntax(folder, capsys):
    (folder / "a,b:c.yml").write_text('- {hosts: all, tasks: [{"100%": {}}]}\n')
    _, out, _ = validate(capsys, "a,b:c.yml", "--output", "github")
    assert out.startswith("::error file=a%2Cb%3Ac.yml,line=1,")
    assert "'100%25'" in out


def test_sarif_has_every_mistake_with_its_region(folder, capsys):
    code, out, _ = validate(capsys, "bad.yml", "--output", "sarif")
    assert code == 5
    document = json.loads(out)
    (only,) = document["runs"]
    assert (document["version"], only["tool"]["driver"]["name"]) == ("2.1.0", "remediate")
    assert [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in only["results"]] == [3, 4]
    assert {result["ruleId"] for result in only["results"]} <= {rule["id"] for rule in only["tool"]["driver"]["rules"]}
    clean = json.loads(validate(capsys, "good.yml", "--output", "sarif")[1])
    assert clean["runs"][0]["results"] == []


def test_warnings_are_findings_too(folder, capsys):
    (folder / "warn.yml").write_text(
        "- {hosts: all, tasks: [{smtp_banner: {text: x}}], "
        "handlers: [{name: R, service: {name: X, state: restarted}}]}\n"
    )
    code, out, _ = validate(capsys, "warn.yml", "--output", "json")
    assert code == 0
    assert [(one["level"], one["message"]) for one in json.loads(out)["findings"]] == [
        ("warning", "handler 'R': no task notifies this handler")
    ]
