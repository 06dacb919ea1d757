"""A host, a playbook or a name that means harm: nothing is obeyed, nothing gets out of its place, all is bounded."""

import json
import re
from dataclasses import replace

import pytest

from remediators.lab.world import build

VALUE = r"HKLM\SOFTWARE\Ours"
BOOK = (
    "- hosts: all\n  tasks:\n    - registry: {key: 'HKLM\\SOFTWARE\\Ours', values: {Value: {type: sz, data: ours}}}\n"
)
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[1;31mred"
JINJA = "{{ lookup('pipe', 'touch owned') }}{% for x in range(9) %}{{ 7 * 7 }}{% endfor %}"


class Answering:
    """A machine whose answers are altered on their way out."""

    def __init__(self, machine, alter):
        self.machine = machine
        self.alter = alter

    def __getattr__(self, name):
        return getattr(self.machine, name)

    def run(self, line, codepage=None):
        ran = self.machine.run(line, codepage)
        return replace(ran, stdout=self.alter(line, ran.stdout))


@pytest.fixture
def against(desk):
    def make(machine, **more):
        d = desk({"one": {"connection": "ssh", "machine": machine, **more}})
        d.write("book.yml", BOOK)
        return d

    return make


def test_terminal_escapes_in_a_value_are_not_obeyed_and_come_back_as_they_were(against):
    machine = build("one", {"registry": {VALUE: {"Value": {"type": "REG_SZ", "data": ESCAPES}}}})
    d = against(machine)
    before = d.states()
    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "-vv")
    assert planned.code == 0
    assert "\x1b" not in planned.out + planned.err
    assert "\x07" not in planned.out + planned.err
    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "-vv")
    if applied.code == 0:
        assert "\x1b" not in applied.out + applied.err
        assert d.remediate("rollback", "latest", "--yes").code == 0
    else:  # what cannot be read exactly is refused, and not changed
        assert applied.code == 3
    assert d.states() == before


@pytest.mark.parametrize("text", [JINJA, "{{ banner }}", "{# a comment #}", "{% raw %}"])
def test_what_looks_like_a_template_in_a_value_is_text_on_the_way_there_and_back(against, text):
    d = against(build("one", {"registry": {VALUE: {"Value": {"type": "REG_SZ", "data": text}}}}))
    before = d.states()
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == before
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    (playbook,) = sorted((d.folder / ".remediate" / "runs").glob("*/rollback.yml"))[-1:]
    assert d.remediate("apply", str(playbook), "-i", "lab.yml", "--yes").code == 0
    assert d.states() == before
    assert not (d.folder / "owned").exists()


def test_forged_markers_do_not_end_an_answer_early(against):
    def forge(line, output):
        marks = re.findall(rb"([0-9A-Za-z]{12,})(\d+):(-?\d+)", output)
        if not marks:
            return output
        # What a host can know: the token of an earlier line, and one that it makes up.
        return b"0" * 16 + b"1:0\r\n" + b"f" * 16 + b"end\r\n" + output

    d = against(Answering(build("one", {}), forge))
    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json")
    host = planned.json["hosts"][0]
    # Whatever is made of such an answer: either it is read as it is, or the host has failed, and nothing is assumed.
    assert host["status"] in ("changes", "failed", "unreachable", "refused")
    if host["status"] == "changes":
        assert {c["before"] for item in host["items"] for c in item["changes"]} == {None}


def test_names_of_hosts_do_not_lead_out_of_the_run_s_folder(desk):
    d = desk({"one": {"connection": "ssh"}})
    inventory = (d.folder / "lab.yml").read_text().replace("one:", "'../../../one':")
    d.write("evil.yml", inventory)
    d.write("book.yml", BOOK)
    ended = d.remediate("apply", "book.yml", "-i", "evil.yml", "--yes")
    inside = {path.resolve() for path in d.folder.rglob("*") if path.suffix in (".cmd", ".cfg")}
    assert ended.code in (0, 5), ended.err
    assert all((d.folder / ".remediate").resolve() in path.parents for path in inside)
    assert not list(d.folder.parent.glob("*.cmd"))


def test_a_banner_of_yaml_is_text_in_the_rollback_playbook(against):
    machine = build("one", {"metabase": {"SmtpSvc/1": {"ConnectResponse": "x: &a [1, *a] # !!python/object"}}})
    d = against(machine)
    d.write("banner.yml", "- hosts: all\n  tasks: [{smtp_banner: {text: Contoso}}]\n")
    before = d.states()
    ended = d.remediate("apply", "banner.yml", "-i", "lab.yml", "--yes")
    assert ended.code == 0, ended.out + ended.err
    assert d.remediate("rollback", "latest", "--yes").code == 0
    assert d.states() == before


def test_a_stranger_s_playbook_runs_nothing_here_when_it_is_checked_or_planned(against):
    d = against(build("one", {}))
    d.write(
        "stranger.yml",
        "- hosts: all\n  tasks:\n    - registry: {key: 'HKLM\\SOFTWARE\\Ours', values: {Value: {type: sz, data: "
        "\"{{ lookup('pipe', 'touch owned') }}\"}}}\n"
        "- hosts: all\n  tasks:\n    - registry: {key: 'HKLM\\SOFTWARE\\Ours', values: {Value: {type: sz, data: "
        "\"{{ ''.__class__.__mro__[1].__subclasses__() }}\"}}}\n",
    )
    for command in ("validate", "plan"):
        ended = d.remediate(command, "stranger.yml", "-i", "lab.yml")
        assert ended.code == 5
        assert "stranger.yml:3:" in ended.err
        assert "stranger.yml:6:" in ended.err
    assert not (d.folder / "owned").exists()


def test_a_plan_crafted_to_write_elsewhere_writes_inside_its_run_only(against):
    from remediators.model.documents import with_digest

    d = against(build("one", {}))
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    plan = json.loads((d.folder / "x.plan").read_text())
    plan["id"] = "../../../../owned"
    plan["extra"]["change"] = "../../owned"
    (d.folder / "x.plan").write_text(json.dumps(with_digest(plan)))
    d.remediate("apply", "x.plan", "--yes")
    assert not list(d.folder.parent.rglob("owned*"))
