"""Safe commit over real SSH: who else is there, hosts behind, what was said, what is kept, and runs that die armed."""

import json
import os
import re
import signal
import threading
import time

import pytest

from remediators.journal import decrypted
from remediators.lab.ios_device import Trip
from tests.acceptance.test_devices import device

BOOK = "- hosts: ios\n  tasks:\n    - name: no mail\n      ip_inspect: {ensure_tcp: true}\n"
WINDOWS = {"connection": "ssh", "groups": ("exchange",)}


def apply(d, *more):
    return d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json", *more)


@pytest.fixture
def branch(desk):
    def make(**more):
        d = desk({"branch": device("branch", **more)})
        d.write("book.yml", BOOK)
        return d

    return make


def test_the_timer_grows_with_the_checks_and_the_plan_shows_the_very_line(branch):
    d = branch()
    d.write("book.yml", BOOK + "      verify: {smtp_greeting: {contains: ESMTP, timeout: 300}}\n")

    (host,) = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]

    minutes = host["arming"]["minutes"]
    assert minutes >= 11
    assert host["arming"]["arm"] == [f"configure terminal revert timer {minutes}"]


def test_somebody_in_configuration_mode_is_seen_before_arming(branch):
    d = branch(colleagues=[{"user": "bob", "config": True}])

    applied = apply(d)

    assert applied.code == 3, applied.err
    assert "bob is in configuration mode" in applied.json["hosts"][0]["error"]
    assert d.lab.device("branch").events == []


def test_somebody_who_is_only_logged_on_is_noted_in_the_journal(branch):
    d = branch(colleagues=[{"user": "bob", "from": "192.0.2.77"}])

    applied = apply(d)

    assert applied.code == 0, applied.out + applied.err
    assert b"bob on vty 4 (192.0.2.77)" in d.written()


def test_what_was_said_is_told_with_v_and_no_secret_is_in_it(branch):
    d = branch(trips=[Trip("no ip inspect name MAIL smtp", reject="% Invalid input detected at '^' marker.")])
    applied = apply(d)

    told = d.remediate("show", "latest", "-v")

    assert applied.json["hosts"][0]["status"] == "reverted"
    assert ">>> no ip inspect name MAIL smtp" in applied.json["hosts"][0]["detail"]
    assert "    | >>> configure terminal revert timer 5" in told.out
    assert "| " not in d.remediate("show", "latest").out
    said = d.written() + (told.out + applied.out).encode()
    for secret in (b"Lab-secret 1", b"Enable-secret 1", b"$1$abcd$0123456789abcdefghijk."):
        assert secret not in said


def test_the_configuration_before_the_run_is_kept_encrypted_and_shown_masked(branch):
    d = branch()
    assert apply(d).code == 0

    shown = d.remediate("show", "latest", "--kept", "branch")
    whole = d.remediate("show", "latest", "--kept", "branch", "--reveal")

    assert "ip inspect name MAIL smtp" in shown.out
    assert "enable secret 5 ********" in shown.out
    assert "enable secret 5 $1$abcd$0123456789abcdefghijk." in whole.out
    assert b"ip inspect name WAAS" not in d.written()
    (kept,) = (d.folder / ".remediate").rglob("*.cfg.aes")
    assert "$1$abcd" not in kept.read_text()
    key = bytes.fromhex((d.folder / ".remediate" / "hmac.key").read_text())
    assert decrypted(key, kept.read_text()) == whole.out
    assert d.remediate("show", "latest", "--kept", "nobody").code == 5


# Hosts behind.


def behind(desk, **more):
    d = desk({"branch": device("branch", **more), "one": {**WINDOWS, "via": "branch"}, "two": dict(WINDOWS)})
    registry = "    - registry: {key: HKLM\\SOFTWARE\\X, values: {V: {type: dword, data: 1}}}\n"
    d.write("book.yml", f"{BOOK}- hosts: exchange\n  tasks:\n{registry}")
    return d


def test_a_device_is_never_in_flight_with_a_host_behind_it_and_the_plan_says_so(desk):
    d = behind(desk)
    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json
    arming = next(host["arming"] for host in planned["hosts"] if host["name"] == "branch")

    applied = apply(d)

    assert "one behind it: worked on while none of them is" in arming["notes"]
    assert applied.code == 0, applied.out + applied.err
    (lines,) = (d.folder / ".remediate").rglob("events.jsonl")
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    spans = [(e["kind"], e["host"]) for e in events if e["kind"] in ("host-started", "host-finished")]
    mine = [span for span in spans if span[1] in ("branch", "one")]
    assert [host for _, host in mine] == ["branch", "branch", "one", "one"]


def test_taking_mail_out_of_inspection_needs_no_grant_and_an_access_group_does(desk):
    d = behind(desk)
    d.write(
        "book.yml",
        "- hosts: ios\n  tasks:\n    - name: filter\n      ios_config:\n"
        "        parents: [interface FastEthernet0/1.20]\n        lines: [ip access-group 111 in]\n"
        "- hosts: exchange\n  tasks:\n    - service: {name: SMTPSVC, state: started}\n",
    )
    hosts = {h["name"]: h for h in d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]}

    reason = hosts["branch"]["items"][0]["reason"]

    assert "cut off one behind it: `interface FastEthernet0/1.20 > ip access-group 111 in` is on" in reason
    assert "allow_lockout_risk: true does it all the same" in reason


@pytest.mark.parametrize(("via", "told"), [("nobody", "there is no host 'nobody'"), ("one", "'one' cannot stand")])
def test_a_wrong_via_is_told_with_its_place_before_anybody_is_contacted(desk, via, told):
    d = desk({"one": {**WINDOWS, "variables": {"via": via}}})
    d.write("book.yml", "- hosts: all\n  tasks:\n    - service: {name: SMTPSVC, state: started}\n")

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml")

    assert planned.code == 5
    assert re.search(r"lab\.yml:\d+:\d+: ", planned.err)
    assert told in planned.err


# A check that fails.


def test_a_failed_check_puts_a_windows_host_back_at_once(desk):
    d = desk({"one": dict(WINDOWS)})
    d.write(
        "book.yml",
        "- hosts: all\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\X, values: {V: {type: dword, data: 1}}}\n"
        "    - name: looked at\n      registry: {key: HKLM\\SOFTWARE\\X, values: {W: {type: dword, data: 1}}}\n"
        "      verify: {smtp_greeting: {contains: nobody says this, port: 1, timeout: 1}}\n"
        "      on_verify_failure: rollback\n",
    )
    before = d.states()

    applied = apply(d)

    assert applied.code == 2
    assert applied.json["hosts"][0]["status"] == "reverted"
    assert d.states() == before
    assert d.remediate("show", "latest", "--output", "json").json["hosts"][0]["status"] == "reverted"


# A run that dies.


@pytest.fixture
def dead(branch):
    """A run that was killed when its device was armed and changed, and had not said so yet."""
    d = branch()
    router = d.lab.device("branch")
    (planned,) = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]
    last = planned["items"][0]["commands"][-1]
    router.trips.append(Trip(last, mute=True))
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    try:
        assert until(lambda: last in router.lines())
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    router.mute = False
    return d


def until(seen, seconds=60.0):
    """Wait until something is seen that no event tells of; whether it was."""
    pause, ends = threading.Event(), time.monotonic() + seconds
    while not (found := seen()) and time.monotonic() < ends:
        pause.wait(0.05)
    return found


def test_an_armed_device_of_a_dead_run_is_found_with_the_seconds_it_has(dead):
    before = dead.remediate("show", "latest", "--output", "json").json["hosts"][0]["status"]

    found = dead.remediate("recover", "latest", "--output", "json")
    (host,) = found.json["hosts"]
    told = dead.remediate("recover", "latest")

    assert before == "unknown"
    assert found.code == 2, found.out + found.err
    assert host["armed"]["seconds_left"] > 60
    assert {change["state"] for change in host["changes"]} == {"after"}
    assert "--confirm branch keeps it, --revert branch takes it back" in told.out
    assert dead.lab.device("branch").events == ["armed"]


def test_an_armed_device_of_a_dead_run_is_confirmed_and_saved(dead):
    done = dead.remediate("recover", "latest", "--confirm", "branch", "--output", "json")
    router = dead.lab.device("branch")

    assert done.code == 0, done.out + done.err
    assert done.json["hosts"][0]["status"] == "changed"
    assert router.events == ["armed", "confirmed", "saved"]
    assert router.startup() == router.running()
    assert dead.remediate("show", "latest", "--output", "json").json["hosts"][0]["status"] == "changed"
    assert dead.remediate("rollback", "latest", "--yes").code == 0
    assert "ip inspect name MAIL smtp" in router.running()


def test_with_less_than_a_minute_left_recover_does_not_confirm(desk):
    d = desk({"old-router": device("old-router", trips=[])})
    d.write("book.yml", BOOK.replace("ensure_tcp", "allow_reload_fallback: true, allow_no_tcp: true, ensure_tcp"))
    router = d.lab.device("old-router")
    (planned,) = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]
    last = planned["items"][0]["commands"][-1]
    router.trips.append(Trip(last, mute=True))
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    try:
        assert until(lambda: last in router.lines())
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    router.mute = False
    router.arm_reload(50.0, "admin")

    refused = d.remediate("recover", "latest", "--confirm", "old-router", "--output", "json")
    left = d.remediate("recover", "latest", "--revert", "old-router")

    assert refused.code == 2
    assert "seconds are left on the device's timer: not confirmed any more" in refused.json["hosts"][0]["told"][0]
    assert "it REBOOTS in" in left.out
    assert "reload-cancelled" not in router.events


def test_an_armed_device_of_a_dead_run_is_reverted_at_once(dead):
    d = dead

    back = d.remediate("recover", "latest", "--revert", "branch", "--output", "json")

    assert back.code == 0, back.out + back.err
    assert back.json["hosts"][0]["told"] == ["reverted"]
    assert d.lab.device("branch").events == ["armed", "reverted"]
    assert sorted(d.lab.device("branch").running().splitlines()) == sorted(
        d.lab.device("branch").startup().splitlines()
    )
    assert d.remediate("show", "latest", "--output", "json").json["hosts"][0]["status"] == "reverted"
    assert "left no host in doubt" in d.remediate("recover", "latest").out
