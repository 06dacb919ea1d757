"""`remediate recover` on Windows hosts of a killed run, and `on_verify_failure` on a device that has no timer."""

from tests.acceptance.test_devices import device
from tests.acceptance.test_interrupted import gated

__all__ = ["gated"]


def killed(gated):
    d, gate = gated
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    assert gate.reached.wait(30)
    process.kill()
    process.communicate(timeout=30)
    return d, gate


def states(host):
    return {change["resource"].rpartition(":")[2]: change["state"] for change in host["changes"]}


def test_a_killed_run_is_read_again_change_by_change(gated):
    d, gate = killed(gated)
    gate.open.set()

    found = d.remediate("recover", "latest", "--output", "json")
    (host,) = found.json["hosts"]

    assert found.code == 2, found.out + found.err
    assert found.json["schema"] == "remediate/recovery/1"
    assert states(host) == {"HKLM\\SOFTWARE\\X": "after", "V0": "after", "V1": states(host)["V1"], "V2": "before"}
    assert [change["begun"] for change in host["changes"]] == [True, True, True, False]
    assert "of 4 changes are done" in host["error"]
    assert "left no host in doubt" in d.remediate("recover", "latest").out
    assert d.remediate("show", "latest", "--output", "json").json["hosts"][0]["status"] == "failed"


def test_a_value_of_somebody_else_is_foreign_shown_and_not_put_back_unasked(gated):
    d, gate = killed(gated)
    gate.open.set()
    gate.machine.run("reg add HKLM\\SOFTWARE\\X /v V0 /t REG_SZ /d theirs /f")

    told = d.remediate("recover", "latest")
    back = d.remediate("rollback", "latest", "--yes", "--output", "json")

    assert told.code == 2
    assert "foreign: it is REG_SZ" in told.out
    assert "remediate rollback" in told.out
    assert back.code == 3
    refused = [item for item in back.json["hosts"][0]["items"] if item["outcome"] == "refused"]
    assert "was changed by somebody else since the run" in refused[0]["reason"]


def test_a_host_without_a_timer_is_neither_confirmed_nor_reverted_here(gated):
    d, gate = killed(gated)
    gate.open.set()

    wished = d.remediate("recover", "latest", "--revert", "one")

    assert wished.code == 2
    assert "not done: no timer of its own runs on it" in wished.out


def test_hosts_that_are_not_of_the_run_are_bad_usage(gated):
    d, gate = killed(gated)
    gate.open.set()

    assert d.remediate("recover", "latest", "--confirm", "nobody").code == 5
    assert d.remediate("recover", "latest", "--confirm", "one", "--revert", "one").code == 5
    assert d.remediate("recover", "20200101").code == 5


def test_a_host_that_cannot_be_reached_is_told_and_stays_in_doubt(gated):
    d, gate = killed(gated)
    gate.open.set()
    d.lab.stop()

    away = d.remediate("recover", "latest", "-T", "2", "--output", "json")

    assert away.code == 4
    assert away.json["hosts"][0]["status"] == "unreachable"


def test_a_pix_that_looks_wrong_from_outside_is_put_back_line_by_line_and_saved(desk):
    d = desk({"pix63": device("pix63")})
    d.write(
        "book.yml",
        "- hosts: firewalls\n  tasks:\n    - name: no mail\n"
        "      smtp_fixup: {state: absent, allow_unarmed: true}\n"
        "      verify: {smtp_greeting: {contains: nobody says this, port: 1, timeout: 1}}\n"
        "      on_verify_failure: rollback\n",
    )
    pix = d.lab.device("pix63")
    before = sorted(pix.running().splitlines()), sorted((pix.startup() or "").splitlines())

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml")
    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")

    assert "if a check fails: fixup protocol smtp 25" in planned.out
    assert applied.code == 2, applied.out + applied.err
    assert applied.json["hosts"][0]["status"] == "reverted"
    assert (sorted(pix.running().splitlines()), sorted((pix.startup() or "").splitlines())) == before


def test_a_router_that_looks_wrong_from_outside_is_not_confirmed(desk):
    d = desk({"branch": device("branch")})
    d.write(
        "book.yml",
        "- hosts: ios\n  tasks:\n    - name: no mail\n      ip_inspect: {ensure_tcp: true}\n      ignore_errors: true\n"
        "      verify: {smtp_greeting: {contains: nobody says this, port: 1, timeout: 1}}\n"
        "      on_verify_failure: rollback\n",
    )

    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")

    assert applied.json["hosts"][0]["status"] == "reverted", applied.out + applied.err
    assert d.lab.device("branch").events == ["armed", "reverted"]
