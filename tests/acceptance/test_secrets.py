"""No secret in anything that is shown or kept, and no way back spoiled by keeping it out."""

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


def test_a_secret_that_was_taken_away_is_said_to_be_kept_nowhere(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("book.yml", BOOK)
    password = ("-e", "my_password=hunter2x")
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", *password).code == 0
    assert d.remediate("rollback", "latest", "--yes", *password).code == 0

    again = d.remediate("rollback", "latest", "--yes", *password)

    assert r"registry:HKLM\SOFTWARE\Cfg:S held a secret, which is kept nowhere" in again.err


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
        "is there": "refused",
        "would be": "refused",
        "the place": "refused",
        "plain ********": "change",
    }
    assert "say sensitive: true" in found["would be"][1]
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
