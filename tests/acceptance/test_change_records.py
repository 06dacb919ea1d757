"""Plans as change records: edited, expired, used, unapproved ones are refused; the way back never is."""

import getpass
import json
import subprocess

import pytest

from remediators.model.documents import with_digest

BOOK = r"""
- hosts: all
  tasks: [{registry: {key: HKLM\SOFTWARE\Ours, values: {Value: {type: sz, data: ours}}}}]
"""


@pytest.fixture
def desk2(desk):
    d = desk({"one": {"connection": "ssh"}, "two": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    return d


def planned(d, *more):
    ended = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", *more)
    assert ended.code == 0, ended.err
    return json.loads((d.folder / "x.plan").read_text())


def key(d, name):
    path = d.folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_suffix(".pub").read_text().strip()


def refused(d, *words):
    before = d.states()
    ended = d.remediate("apply", "x.plan", "--yes")
    assert ended.code == 3, ended.out + ended.err
    for word in words:
        assert word in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert d.states() == before
    return ended.err


def test_a_plan_says_who_made_it_for_what_until_when_and_from_which_files(desk2):
    plan = planned(desk2, "--change", "CHG7", "--expires", "4h")
    extra = plan["extra"]
    assert (extra["author"]["user"], extra["change"]) == (getpass.getuser(), "CHG7")
    assert extra["expires"] > plan["created"]
    assert all(extra["inventory_sha256"].values())
    assert desk2.remediate("apply", "x.plan", "--yes").code == 0
    assert desk2.remediate("runs", "--output", "json").json[0]["change"] == "CHG7"


def test_a_plan_is_used_once_on_each_host(desk2):
    planned(desk2)
    assert desk2.remediate("apply", "x.plan", "--yes", "-l", "one").code == 0
    refused(desk2, "a plan is used once", "(on one)", "plan again")
    assert desk2.remediate("apply", "x.plan", "--yes", "-l", "two").code == 0
    refused(desk2, "(on one, two)")


def test_a_plan_that_expired_is_refused(desk2):
    plan = planned(desk2)
    plan["extra"]["expires"] = "2026-01-01T00:00:00Z"
    (desk2.folder / "x.plan").write_text(json.dumps(with_digest(plan)))
    refused(desk2, "x.plan: the plan expired at 2026-01-01T00:00:00Z: plan again")


def test_a_plan_that_was_edited_is_refused(desk2):
    plan = planned(desk2)
    plan["hosts"][0]["items"][0]["changes"][1]["after"]["data"] = "theirs"
    (desk2.folder / "x.plan").write_text(json.dumps(plan))
    refused(desk2, "the plan was edited after it was made")


@pytest.mark.parametrize("when", ["soon", "4x", "2020-01-01", "0"])
def test_an_expiry_that_makes_no_sense_is_bad_usage_before_any_host_is_asked(desk2, when):
    ended = desk2.remediate("plan", "book.yml", "-i", "lab.yml", "--expires", when)
    assert ended.code == 5
    assert "--expires" in ended.err
    assert not desk2.lab.hosts["one"].ssh.requests["connect"]


def test_a_changed_inventory_is_warned_of(desk2):
    planned(desk2)
    with (desk2.folder / "lab.yml").open("a") as file:
        file.write("\n# a comment\n")
    ended = desk2.remediate("apply", "x.plan", "--yes")
    assert ended.code == 0
    assert "lab.yml has changed since the plan was made" in ended.err


@pytest.fixture
def strict(desk2):
    """A project that asks for the approval of Alice or Bob."""
    alice, bob = key(desk2, "alice"), key(desk2, "bob")
    key(desk2, "mallory")
    desk2.write("remediate.toml", f'approvals = 1\napprovers = ["{alice}", "{bob}"]\n')
    return desk2


def test_a_project_can_ask_for_the_approval_of_a_second_person(strict):
    planned(strict)
    refused(strict, "the plan needs an approval and has none: remediate approve", "x.plan --key FILE")
    assert strict.remediate("approve", "x.plan", "--key", "alice").code == 0
    ended = strict.remediate("apply", "x.plan", "--yes")
    assert ended.code == 0, ended.err
    events = strict.remediate("runs", "--export", "-").out
    assert '"approved_by": ["alice"]' in events
    # The way back needs nobody's approval.
    assert strict.remediate("rollback", "latest", "--yes").code == 0


def test_a_signature_of_somebody_else_or_for_another_plan_does_not_count(strict):
    planned(strict)
    assert strict.remediate("approve", "x.plan", "--key", "mallory").code == 0
    refused(strict, "is signed by nobody on the list of approvers")
    (strict.folder / "x.plan.approvals").unlink()
    assert strict.remediate("approve", "x.plan", "--key", "bob").code == 0
    planned(strict)
    refused(strict, "is for another plan")


def test_an_approval_that_was_edited_does_not_count(strict):
    planned(strict)
    assert strict.remediate("approve", "x.plan", "--key", "bob").code == 0
    path = strict.folder / "x.plan.approvals"
    path.write_text(path.read_text().replace('"by": "', '"by": "not '))
    refused(strict, "is signed by nobody on the list of approvers")


def test_two_approvals_are_two_persons(strict):
    text = (strict.folder / "remediate.toml").read_text()
    strict.write("remediate.toml", text.replace("approvals = 1", "approvals = 2"))
    planned(strict)
    for _ in range(2):
        assert strict.remediate("approve", "x.plan", "--key", "bob").code == 0
    refused(strict, "needs 2 approvals and has 1 (bob)")
    assert strict.remediate("approve", "x.plan", "--key", "alice").code == 0
    assert strict.remediate("apply", "x.plan", "--yes").code == 0


def test_whoever_made_the_plan_cannot_approve_it(desk2):
    own = key(desk2, getpass.getuser())
    desk2.write("remediate.toml", f'approvals = 1\napprovers = ["{own}"]\n')
    planned(desk2)
    assert desk2.remediate("approve", "x.plan", "--key", getpass.getuser()).code == 0
    refused(desk2, "approvals come from a second person")


def test_a_playbook_without_a_plan_is_refused_where_approval_is_asked_for(strict):
    ended = strict.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert ended.code == 3
    assert "this project asks for an approved plan" in ended.err


def test_a_key_that_is_none_is_one_clear_line(strict):
    planned(strict)
    strict.write("text", "hello")
    for name in ("text", "gone"):
        ended = strict.remediate("approve", "x.plan", "--key", name)
        assert ended.code == 5
        assert ended.err.startswith(f"--key {name}: ")
        assert len(ended.err.strip().splitlines()) == 1
