"""Runs as a user meets them: plans from anywhere, secrets, disks that are full, readers that go away."""

import json
import os
import re
import signal
import subprocess

import pytest

from remediators.model.documents import with_digest
from tests.acceptance.conftest import REMEDIATE
from tests.acceptance.test_interrupted import BOOK, Gate

SECRET = "correct-horse-battery"
SECRET_BOOK = (
    "- hosts: all\n  tasks:\n    - name: secret\n      sensitive: true\n"
    "      registry: {key: HKLM\\SOFTWARE\\X, "
    "values: {P: {type: sz, data: '{{ pin_password }}'}, Q: {type: multi_sz, data: ['{{ pin_password }}', b]}}}\n"
)


@pytest.fixture
def one(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    return d


def held(d):
    """What the key of these playbooks holds, in the host's own words."""
    return d.lab.machines["one"].run("reg query HKLM\\SOFTWARE\\X")


def runs_of(d):
    folder = d.folder / ".remediate" / "runs"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def forms(secret):
    """A secret as it is and as a .reg file or an encoder would write it."""
    import base64

    wide = secret.encode("utf-16-le")
    pairs = ",".join(f"{byte:02x}" for byte in wide)
    return [
        secret.encode(),
        wide,
        wide.hex().encode(),
        pairs.encode(),
        pairs.upper().encode(),
        base64.b64encode(secret.encode()).rstrip(b"="),
        base64.b64encode(wide).rstrip(b"="),
    ]


def test_the_rollback_playbook_and_the_way_back_by_hand_are_on_disk_before_the_first_write(desk):
    from remediators.lab.world import build

    gate = Gate(build("one", {}), "reg add HKLM\\SOFTWARE\\X /v V0")
    d = desk({"one": {"connection": "ssh", "machine": gate}})
    d.write("book.yml", BOOK)
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    try:
        assert gate.reached.wait(30)
        (run,) = runs_of(d)
        there = {path.relative_to(run).as_posix(): path.stat().st_size for path in run.rglob("*") if path.is_file()}
        assert {"plan.json", "rollback.yml", "manual/one.cmd", "events.jsonl"} <= set(there)
        assert "V0" in (run / "rollback.yml").read_text()
        assert '"kind": "intent"' in (run / "events.jsonl").read_text()
    finally:
        gate.open.set()
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_what_show_tells_of_a_finished_run_is_what_the_run_wrote(one):
    assert one.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    written = json.loads((runs_of(one)[-1] / "run.json").read_text())

    assert one.remediate("show", "latest", "--output", "json").json == written


@pytest.mark.parametrize(
    ("edit", "code", "said"),
    [
        (lambda p: p["hosts"][0].update(name="../../../tmp/evil"), 5, "not in"),
        (lambda p: p["hosts"].append(p["hosts"][0]), 5, "in it 2 times"),
        (lambda p: p["hosts"][0]["items"][0]["changes"][0].update(resource="nothing:x"), 5, "nothing"),
        (lambda p: p["hosts"][0]["items"][0]["changes"][0].update(resource="registry:x"), 5, ""),
        (lambda p: p["hosts"][0]["items"][0].update(outcome="sure"), 5, "unknown outcome 'sure'"),
        (lambda p: p["hosts"][0]["items"][0].update(commands=["reg delete HKLM /f"]), 3, "did not show"),
        (lambda p: p["hosts"][0]["items"][0]["changes"][-1].update(after={"type": "REG_SZ"}), (2, 3, 5), ""),
        (lambda p: p["hosts"][0]["items"][0]["changes"][-1].update(before=7), (2, 3, 5), ""),
        (lambda p: p["extra"].update(kind="x", host="y", what="z", self=1, schema="s"), 0, ""),
    ],
)
def test_a_crafted_plan_is_one_clear_line_and_writes_nothing_outside_its_run(one, edit, code, said):
    before = one.states()
    assert one.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    plan = json.loads((one.folder / "x.plan").read_text())
    edit(plan)
    (one.folder / "x.plan").write_text(json.dumps(with_digest(plan)))

    ended = one.remediate("apply", "x.plan", "--yes")

    assert ended.code in (code if isinstance(code, tuple) else (code,)), ended.out + ended.err
    assert said in ended.out + ended.err
    assert ended.code == 0 or one.states() == before
    assert ended.code != 5 or (runs_of(one) == [] and len(ended.err.strip().splitlines()) == 1)
    assert not (one.folder.parent / "tmp").exists()


@pytest.mark.parametrize("text", ["{" * 100_000, '{"a": ' + "9" * 5000 + "}", '{"a": "\udcff"}', "{", '{"schema": 1}'])
def test_what_only_begins_like_a_plan_is_one_clear_line(one, text):
    (one.folder / "x.plan").write_bytes(text.encode("utf-8", "surrogateescape"))

    ended = one.remediate("apply", "x.plan", "--yes")

    assert ended.code == 5
    assert len(ended.err.strip().splitlines()) == 1
    assert "x.plan" in ended.err


def test_a_sensitive_value_is_nowhere_in_any_form_and_needs_the_right_secret_again(one):
    one.write("secret.yml", SECRET_BOOK)
    before = one.states()
    given = ("-e", f"pin_password={SECRET}")
    told = [one.remediate("plan", "secret.yml", "-i", "lab.yml", "--out", "x.plan", "-vv", "-D", *given)]
    assert told[0].code == 0

    wrong = one.remediate("apply", "x.plan", "--yes", "-e", "pin_password=another-secret-word")
    assert wrong.code == 3, wrong.out + wrong.err
    assert one.states() == before
    missing = one.remediate("apply", "x.plan", "--yes")
    right = one.remediate("apply", "x.plan", "--yes", *given, "--output", "jsonl")
    assert right.code == 0, right.out + right.err
    assert SECRET in str(held(one))
    told += [
        wrong,
        missing,
        right,
        one.remediate("show", "latest", "-vv", "-D"),
        one.remediate("apply", "x.plan", "--yes", *given),
    ]
    back = one.remediate("rollback", "latest", "--yes", "-vv", "-D", *given)
    told.append(back)

    everything = one.written() + b"".join((t.out + t.err).encode() for t in told) + (one.folder / "x.plan").read_bytes()
    for form in forms(SECRET):
        assert form not in everything, form
    assert back.code == 0, back.out + back.err
    assert one.states() == before


def test_a_rollback_refuses_a_secret_that_somebody_changed_since(one):
    one.write("secret.yml", SECRET_BOOK)
    assert one.remediate("apply", "secret.yml", "-i", "lab.yml", "--yes", "-e", f"pin_password={SECRET}").code == 0
    one.lab.machines["one"].run("reg add HKLM\\SOFTWARE\\X /v P /t REG_SZ /d theirs /f")

    back = one.remediate("rollback", "latest", "--yes", "-e", f"pin_password={SECRET}")

    assert back.code == 3, back.out + back.err
    assert "theirs" in str(held(one))


def test_a_key_removed_by_one_task_and_made_again_by_a_later_one_comes_back_as_it_was(one):
    one.write(
        "seed.yml",
        "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\K\\Sub, "
        "values: {a: {type: sz, data: old}, b: {type: dword, data: 7}}}\n",
    )
    assert one.remediate("apply", "seed.yml", "-i", "lab.yml", "--yes").code == 0
    seeded = one.states()
    one.write(
        "again.yml",
        "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\K, state: absent}\n"
        "    - registry: {key: HKLM\\SOFTWARE\\K\\Sub, "
        "values: {a: {type: sz, data: new}, c: {type: sz, data: more}}}\n",
    )

    assert one.remediate("apply", "again.yml", "-i", "lab.yml", "--yes").code == 0
    assert one.states() != seeded
    back = one.remediate("rollback", "latest", "--yes")

    assert back.code == 0, back.out + back.err
    assert one.states() == seeded


def test_two_tasks_that_make_one_key_are_undone_and_the_key_is_gone(one):
    before = one.states()
    one.write(
        "two.yml",
        "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\N\\M, values: {a: {type: sz, data: x}}}\n"
        "    - registry: {key: HKLM\\SOFTWARE\\N, values: {b: {type: sz, data: y}}}\n"
        "    - registry: {key: HKLM\\SOFTWARE\\N\\M, values: {a: {type: sz, data: z}}}\n",
    )
    assert one.remediate("apply", "two.yml", "-i", "lab.yml", "--yes").code == 0
    assert one.remediate("rollback", "latest", "--yes").code == 0

    assert one.states() == before


def test_a_run_that_cannot_be_begun_leaves_no_run(one):
    (one.folder / ".remediate").mkdir()
    (one.folder / ".remediate" / "journal.db").mkdir()
    before = one.states()

    ended = one.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")

    assert ended.code == 1
    assert "journal" in ended.err
    assert runs_of(one) == []
    assert one.states() == before


def test_a_full_disk_stops_before_the_first_write_with_one_line(one):
    """A limit on the size of files stands for the full disk; it is enough for the plan and not for the journal."""
    before = one.states()
    one.remediate("runs")
    ended = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; ulimit -f 8; exec {REMEDIATE} apply book.yml -i lab.yml --yes"],
        cwd=one.folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert re.search("cannot be (written|used)", ended.stderr)
    assert one.states() == before


def test_a_reader_that_goes_away_neither_stops_the_run_nor_makes_a_failed_one_good(one):
    one.lab.hosts["one"].faults.add("drop-after-command", times=9, matching="V1 /t")
    read, write = os.pipe()
    process = subprocess.Popen(
        [REMEDIATE, "apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "jsonl"],
        cwd=one.folder,
        stdout=write,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    os.close(write)
    os.close(read)
    _, err = process.communicate(timeout=60)

    assert "Traceback" not in err
    run = one.remediate("show", "latest", "--output", "json").json
    assert run["finished"]
    assert run["hosts"][0]["items"][0]["status"] == "changed"


def test_a_killed_rollback_can_be_begun_again(desk):
    from remediators.lab.world import build

    gate = Gate(build("one", {}), "reg delete HKLM\\SOFTWARE\\X /v V1")
    d = desk({"one": {"connection": "ssh", "machine": gate}})
    d.write("book.yml", BOOK)
    before = d.states()
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    run = runs_of(d)[0].name
    process = d.start("rollback", run, "--yes")
    assert gate.reached.wait(30)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    gate.open.set()

    assert d.remediate("rollback", run, "--yes").code == 0
    assert d.states() == before
    assert d.remediate("rollback", run, "--yes").code == 0
