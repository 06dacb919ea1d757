"""No secret in anything that is shown or kept, and no way back spoiled by keeping it out."""

import base64
import stat
import time
import urllib.parse
from pathlib import Path

import pytest
import yaml

from remediators.language.vault import encrypt, inline

SECRETS = ("hunter2x", "Top-hush-7")
BOOK = r"""
- hosts: all
  tasks:
    - name: by name
      registry: {key: HKLM\SOFTWARE\Cfg, values: {S: {type: sz, data: "{{ my_password }}"}}}
    - name: by word
      sensitive: true
      registry: {key: HKLM\SOFTWARE\Cfg, values: {T: {type: sz, data: Top-hush-7}}}
"""


def outcomes(document):
    return {item["task"]: (item["outcome"], item["reason"]) for host in document["hosts"] for item in host["items"]}


def test_a_secret_is_set_from_a_saved_plan_and_taken_away_again_and_never_shown(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    before = d.states()
    password = ("-e", "my_password=hunter2x")
    shown = [
        d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "-vv", *password),
        d.remediate("apply", "x.plan", "--yes", "-vv", *password),
        d.remediate("show", "latest", "-vv"),
        d.remediate("rollback", "latest", "--yes", "-vv", *password),
        d.remediate("show", "latest", "-vv", "--output", "json"),
    ]

    assert [ended.code for ended in shown] == [0, 0, 0, 0, 0], [ended.out + ended.err for ended in shown]
    assert d.states() == before
    everything = d.written() + (d.folder / "x.plan").read_bytes()
    everything += "".join(ended.out + ended.err for ended in shown).encode()
    assert [secret for secret in SECRETS if secret.encode() in everything] == []


def test_a_secret_that_was_taken_away_can_be_had_again(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    password = ("-e", "my_password=hunter2x")
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", *password).code == 0
    assert d.remediate("rollback", "latest", "--yes", *password).code == 0

    again = d.remediate("rollback", "latest", "--yes")

    assert again.code == 0
    assert b"hunter2x" in d.lab.machines["one"].run(r"reg query HKLM\SOFTWARE\Cfg /v S").stdout
    assert b"hunter2x" not in d.written()


def test_a_way_back_of_a_secret_whose_key_is_lost_says_so(desk):
    d = desk({"one": {"connection": "ssh", "registry": {r"HKLM\SOFTWARE\Cfg": {"T": {"type": "sz", "data": "was-1"}}}}})
    d.write("book.yml", BOOK)
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "-e", "my_password=hunter2x").code == 0
    (d.folder / ".remediate" / "vault.key").unlink()

    back = d.remediate("rollback", "latest", "--yes")

    told = r"registry:HKLM\SOFTWARE\Cfg:T held a secret, which vault.key of the state directory does not open"
    assert told in back.err
    assert b"Top-hush-7" in d.lab.machines["one"].run(r"reg query HKLM\SOFTWARE\Cfg /v T").stdout


def test_a_secret_that_somebody_else_put_there_is_not_taken_away(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "-e", "my_password=hunter2x").code == 0
    d.lab.machines["one"].run(r"reg add HKLM\SOFTWARE\Cfg /v S /d theirs /f")

    back = d.remediate("rollback", "latest", "--yes", "-e", "my_password=hunter2x", "--output", "json")

    assert back.code == 3
    refused = [item for item in back.json["hosts"][0]["items"] if item["outcome"] == "refused"]
    assert "somebody else" in refused[0]["reason"]
    assert "theirs" not in back.out
    assert b"theirs" in d.lab.machines["one"].run(r"reg query HKLM\SOFTWARE\Cfg /v S").stdout


def test_a_password_that_stands_in_ordinary_values_spoils_no_plan_and_no_way_back(desk):
    d = desk(
        {
            "one": {
                "connection": "ssh",
                "users": {"Administrator": "Berlin-7"},
                "registry": {r"HKLM\SOFTWARE\T": {"Now": {"type": "sz", "data": "at Berlin-7"}}},
            }
        }
    )
    d.write(
        "book.yml",
        r"""
- hosts: all
  tasks:
    - {name: is there, registry: {key: HKLM\SOFTWARE\T, values: {Now: {type: sz, data: new}}}}
    - {name: would be, registry: {key: HKLM\SOFTWARE\T, values: {New: {type: sz, data: Berlin-7}}}}
    - {name: the place, registry: {key: HKLM\SOFTWARE\T\Berlin-7, values: {New: {type: sz, data: x}}}}
    - {name: plain Berlin-7, registry: {key: HKLM\SOFTWARE\T, values: {Plain: {type: sz, data: x}}}}
""",
    )
    before = d.states()

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "--output", "json")
    applied = d.remediate("apply", "x.plan", "--yes")
    rolled = d.remediate("rollback", "latest", "--yes")

    found = outcomes(planned.json)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "is there": "change",
        "would be": "change",
        "the place": "refused",
        "plain ********": "change",
    }
    assert (applied.code, rolled.code) == (3, 0), applied.out + applied.err + rolled.err
    assert d.states() == before
    assert b"Berlin-7" not in d.written() + (d.folder / "x.plan").read_bytes()


def test_a_secret_of_a_play_in_the_name_of_a_key_is_refused_and_not_shown(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write(
        "book.yml",
        r"""
- hosts: all
  vars: {db_password: hunter2x}
  tasks:
    - {name: k, registry: {key: 'HKLM\SOFTWARE\{{ db_password }}', values: {A: {type: sz, data: x}}}}
""",
    )

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json")

    assert outcomes(planned.json)["k"][0] == "refused"
    assert "hunter2x" not in planned.out + planned.err


# Each stands in another place, with what quoting has to deal with there.
PASSWORD = 'p&ss "w%r!d'  # of the connection, in the inventory
KEPT = {  # on the host before
    "text": "Grüße & <before>|1",
    "list": "before-in-a-list;2",
    "number": 86420975,
    "banner": "before %banner% 3",
}
SET = {"text": 'set^to "this" 4', "banner": "set/to+that==5"}  # by the playbook
EVERY = (PASSWORD, *map(str, KEPT.values()), *SET.values(), "vault-password-6")


def spelled(secret):
    """A secret by value, in base64, hexadecimal and for URLs: written here without the redactor's help."""
    forms = {secret}
    for raw in (secret.encode(), secret.encode("utf-16-le")):
        forms |= {base64.b64encode(raw).decode().rstrip("=")[:-1], raw.hex(), raw.hex().upper(), raw.hex(",")}
    forms |= {urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}
    return {form.encode() for form in forms}


def found_in(data):
    return [form for secret in EVERY for form in spelled(secret) if form in data]


@pytest.fixture
def kept_desk(desk):
    """A host that holds secrets already, reached with one, and a playbook that changes all of them."""
    d = desk(
        {
            "one": {
                "connection": "winrm",
                "users": {"Administrator": PASSWORD},
                "registry": {
                    r"HKLM\SOFTWARE\Cfg": {
                        "Text": {"type": "sz", "data": KEPT["text"]},
                        "List": {"type": "multi_sz", "data": ["plain", KEPT["list"]]},
                        "Number": {"type": "dword", "data": KEPT["number"]},
                    }
                },
                "metabase": {"SmtpSvc/1": {"ConnectResponse": KEPT["banner"]}},
            }
        }
    )
    inventory = yaml.safe_load((d.folder / "lab.yml").read_text())
    del inventory["all"]["hosts"]["one"]["ansible_password"]
    (d.folder / "lab.yml").write_text(yaml.safe_dump(inventory))
    vault = encrypt(PASSWORD.encode(), b"vault-password-6", "prod")
    d.write("host_vars/one.yml", f"ansible_password: {inline(vault)}set_text: {inline(_sealed(SET['text']))}")
    d.write("group_vars/all.yml", encrypt(f"banner: {SET['banner']}\n".encode(), b"vault-password-6", "prod"))
    d.write("pw.txt", "vault-password-6\n")
    d.write("remediate.toml", 'inventory = "lab.yml"\nvault_id = ["prod@pw.txt"]\n')
    d.write(
        "book.yml",
        r"""
- hosts: all
  tasks:
    - name: text
      registry: {key: HKLM\SOFTWARE\Cfg, values: {Text: {type: sz, data: "{{ set_text }}"}}}
    - name: list and number
      sensitive: true
      registry: {key: HKLM\SOFTWARE\Cfg, values: {List: {type: multi_sz, data: [new]}, Number: {type: dword, data: 7}}}
    - name: banner
      metabase: {path: SmtpSvc/1, properties: {ConnectResponse: "{{ banner }}"}}
""",
    )
    return d


def _sealed(text):
    return encrypt(text.encode(), b"vault-password-6", "prod")


def lines_of(process):
    """Command lines of a process and of all that it started, as anybody on this machine can see them."""
    seen = set()
    while process.poll() is None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if folder.name == str(process.pid) or f"PPid:\t{process.pid}\n" in (folder / "status").read_text():
                    seen.add((folder / "cmdline").read_bytes())
            except OSError:
                continue
        time.sleep(0.02)
    return b"\n".join(seen)


def test_no_output_of_a_run_shows_any_secret_in_any_spelling_and_all_of_them_come_back(kept_desk):
    d = kept_desk
    before = d.states()
    shown = [
        d.remediate("validate", "book.yml"),
        d.remediate("inventory", "--list"),
        d.remediate("plan", "book.yml", "--out", "x.plan", "-vvv", "-D"),
        d.remediate("plan", "book.yml", "--output", "json"),
    ]
    with d.start("apply", "x.plan", "--yes", "-vvv", "--output", "jsonl", "--copy-to", "copy") as process:
        visible = lines_of(process)
        visible += process.stdout.read().encode() + process.stderr.read().encode()
    changed, there = d.states(), d.lab.machines["one"].run(r"reg query HKLM\SOFTWARE\Cfg /v Text").stdout
    run = next((d.folder / ".remediate" / "runs").iterdir())
    (d.folder / "rollback.yml").write_text((run / "rollback.yml").read_text())
    shown += [
        d.remediate("show", "latest", "-vvv", "-D"),
        d.remediate("show", "latest", "--output", "json"),
        d.remediate("rollback", "latest", "--yes", "-vvv", "-D"),
    ]
    back = d.states()
    again = d.remediate("apply", "book.yml", "--yes", "-vvv")
    shown += [again, d.remediate("apply", "rollback.yml", "--yes", "-vvv", "-D", "--output", "json")]

    assert SET["text"].encode() in there, "the lab must hold what is looked for"
    assert "!vault" in (d.folder / "rollback.yml").read_text()
    assert process.returncode == 0, visible
    assert [ended.code for ended in shown] == [0] * 9, [ended.out + ended.err for ended in shown if ended.code]
    assert changed != before
    assert back == before
    assert d.states() == before
    written = b"".join(
        path.read_bytes()
        for path in d.folder.rglob("*")
        if path.is_file() and path.name != "pw.txt" and "keys" not in path.parts
    )
    assert found_in(written + visible + "".join(ended.out + ended.err for ended in shown).encode()) == []


def test_all_that_a_run_writes_is_its_owners_only(kept_desk):
    d = kept_desk
    assert d.remediate("apply", "book.yml", "--yes").code == 0

    state = d.folder / ".remediate"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in state.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [state, *state.rglob("*")] if path.is_dir()}

    assert (modes, folders) == ({0o600}, {0o700})
    state.chmod(0o770)
    refused = d.remediate("plan", "book.yml")
    assert refused.code == 1
    assert refused.err.splitlines()[-1] == f"the state directory {state} can be written by others: chmod 700 {state}"


def test_a_plan_is_refused_where_a_secret_on_the_host_is_another_one_by_now(kept_desk):
    d = kept_desk
    assert d.remediate("plan", "book.yml", "--out", "x.plan").code == 0
    d.lab.machines["one"].run(r"reg add HKLM\SOFTWARE\Cfg /v Text /d theirs-now /f")

    applied = d.remediate("apply", "x.plan", "--yes", "--output", "json")

    assert applied.code == 3
    assert r"registry:HKLM\\SOFTWARE\\Cfg:Text was changed since the plan was made" in applied.out
    assert "theirs-now" not in applied.out + applied.err
