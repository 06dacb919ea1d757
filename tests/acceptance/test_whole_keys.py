"""A key that goes whole takes nothing with it that the plan did not show."""

GONE = "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\K, state: absent}\n"
KEYS = {"HKLM\\SOFTWARE\\K\\Sub": {"Old": {"type": "REG_SZ", "data": "ours"}}}


def test_what_appeared_in_a_key_since_the_plan_keeps_the_key(desk):
    d = desk({"one": {"connection": "ssh", "registry": KEYS}})
    d.write("gone.yml", GONE)
    assert d.remediate("plan", "gone.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    d.lab.machines["one"].run("reg add HKLM\\SOFTWARE\\K\\Sub /v New /d theirs /f")
    before = d.states()

    applied = d.remediate("apply", "x.plan", "--yes", "--output", "json")

    assert applied.code == 3, applied.out
    assert "New" in applied.out
    assert d.states() == before


def test_a_whole_key_goes_and_comes_back(desk):
    d = desk({"one": {"connection": "ssh", "registry": KEYS}})
    d.write("gone.yml", GONE)
    before = d.states()

    assert d.remediate("apply", "gone.yml", "-i", "lab.yml", "--yes").code == 0
    gone = d.states()
    assert d.remediate("rollback", "latest", "--yes").code == 0

    assert "HKEY_LOCAL_MACHINE\\SOFTWARE\\K" not in gone["one"]["registry"]
    assert d.states() == before


def test_what_appeared_in_a_key_that_a_run_made_keeps_it_on_the_way_back(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write(
        "made.yml",
        "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\K, values: {V: {type: dword, data: 1}}}\n",
    )
    assert d.remediate("apply", "made.yml", "-i", "lab.yml", "--yes").code == 0
    d.lab.machines["one"].run("reg add HKLM\\SOFTWARE\\K /v Theirs /d x /f")

    back = d.remediate("rollback", "latest", "--yes")

    assert back.code == 0, back.out
    assert "it is not empty" in back.out
    assert set(d.states()["one"]["registry"]["HKEY_LOCAL_MACHINE\\SOFTWARE\\K"]) == {"Theirs"}
