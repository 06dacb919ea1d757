"""Devices on which something is wrong: one clear line for each, and the device as it was or told how it stands."""

from pathlib import Path

import pytest
import yaml

from remediators.lab.ios_device import Trip
from remediators.lab.serve import Lab
from tests.acceptance.conftest import Desk

CONFIGS = Path(__file__).parents[1] / "lab" / "configs"
BRANCH = (CONFIGS / "branch.cfg").read_text(encoding="utf-8")
NO_PATH = BRANCH.replace(" path flash:archive\n", "")
MIDDLE = "no ip inspect name MAIL-OUT smtp"
BOOK = """\
- hosts: ios
  tasks:
    - name: mail is not inspected
      ip_inspect: {ensure_tcp: true}
- hosts: firewalls
  tasks:
    - name: mail is not inspected
      smtp_fixup: {state: absent, allow_unarmed: true}
"""


def device(name="branch", kind="ios", **more):
    groups = ("ios",) if kind == "ios" else ("firewalls",)
    path = CONFIGS / f"{name}.cfg"
    return {"connection": "network_cli", "device": kind, "config": path, "groups": groups, "time_scale": 600, **more}


FLEET = {
    "wrong-secret": device(),
    "read-only": device(secret=None),
    "no-enable": device(),
    "too-low": device(levels={"admin": 7}),
    "is-an-asa": device("asa8", "asa", groups=("ios",)),
    "is-a-router": device(groups=("firewalls",)),
    "is-a-pix": device("pix63", "pix"),
    "truncated": device(truncate=60),
    "truncated-asa": device("asa8", "asa", truncate=40),
    "pager": device(pager="fixed"),
    "pager-asa": device("asa8", "asa", pager="fixed"),
    "rejects": device(trips=[Trip(MIDDLE, reject="% Invalid input detected at '^' marker.")]),
    "lost-before": device(trips=[Trip(MIDDLE, drop="before")]),
    "lost-after": device(trips=[Trip(MIDDLE, drop="after")]),
    "lost-pix": device("pix63", "pix", trips=[Trip("no fixup protocol smtp 25", drop="after")]),
    "not-armed": device(trips=[Trip("configure terminal revert timer", reject="% Not now", times=9)]),
    "locked": device(locked_by="bob"),
    "colleague": device(colleagues=[{"user": "bob", "config": True}]),
    "no-path": device(config=NO_PATH, startup=NO_PATH),
    "full": device(nvram="full"),
    "full-asa": device("asa8", "asa", nvram="full"),
    "full-pix": device("pix63", "pix", nvram="full"),
    "active": device("asa9", "asa", failover={"peer": "standby", "state": "active"}),
    "standby": device("asa9", "asa", failover={"peer": "active", "state": "standby"}),
    "wrong-context": device(
        "asa8", "asa", contexts={"admin": CONFIGS / "context.cfg", "mail": CONFIGS / "context.cfg"}
    ),
    "no-context": device("asa8", "asa", contexts={"admin": CONFIGS / "context.cfg"}, start_context=""),
    "old": device(legacy=True),
    "old-allowed": device(legacy=True),
}
VARIABLES = {
    "wrong-secret": {"ansible_become_password": "not-this-one"},
    "no-enable": {"ansible_become": False},
    "too-low": {"ansible_become": False},
    "is-an-asa": {"ansible_network_os": "cisco.ios.ios"},
    "is-a-router": {"ansible_network_os": "cisco.asa.asa"},
    "is-a-pix": {"ansible_network_os": "cisco.asa.asa"},
    "wrong-context": {"ansible_network_context": "mail"},
    "old-allowed": {"ansible_ssh_legacy_algorithms": True},
}
# device: the status that a run gives it, and what its one line says
UNTOUCHED = {
    "wrong-secret": ("unreachable", "does not let admin into its enable mode"),
    "read-only": ("unreachable", "admin has no privileges at branch1>"),
    "no-enable": ("unreachable", "set ansible_become: true"),
    "too-low": ("unreachable", "admin has privilege level 7: level 15 is needed"),
    "is-an-asa": ("unreachable", "it is ASA (8.2(5)), and ansible_network_os says IOS"),
    "is-a-router": ("unreachable", "it is IOS (12.4(24)T3), and ansible_network_os says ASA"),
    "is-a-pix": ("unreachable", "it is PIX 6 (6.3(5)), and ansible_network_os says ASA: set ansible_network_os: pix"),
    "truncated": ("failed", "`show running-config` is not whole: its end mark is missing, its last line is"),
    "truncated-asa": ("failed", "`show running-config` is not whole"),
    "pager": ("failed", "a pager stopped the output, and it cannot be switched off"),
    "pager-asa": ("failed", "a pager stopped the output, and it cannot be switched off"),
    "not-armed": ("refused", "the device could not be armed (% Not now); nothing was changed"),
    "locked": ("refused", "bob is in configuration mode"),
    "colleague": ("refused", "bob is in configuration mode on this device"),
    "no-path": ("refused", "no `archive` with a `path` is configured, so the device has no revert timer"),
    "standby": ("refused", "the standby unit of a pair (Secondary - Standby Ready)"),
    "wrong-context": ("refused", "this is the context admin, and ansible_network_context names mail"),
    "no-context": ("refused", "this is the system execution space, not a context"),
    "old": ("unreachable", "its key exchange algorithms are diffie-hellman-group14-sha1"),
}
REVERTED = {
    "rejects": f"`{MIDDLE}` was not taken: % Invalid input detected at '^' marker.",
    "lost-before": f"was lost after `{MIDDLE}` was sent and before its answer",
    "lost-after": f"was lost after `{MIDDLE}` was sent and before its answer",
}
NOT_SAVED = {"full": "Not enough space", "full-asa": "No space left on device", "full-pix": "not enough space"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The run of one playbook over all of these devices: desk, end, configurations before, hosts of the document."""
    folder = tmp_path_factory.mktemp("devices")
    with Lab(FLEET, ports="free", folder=folder / "keys") as lab:
        desk = Desk(folder, lab)
        for name, variables in VARIABLES.items():
            desk.write(f"host_vars/{name}.yml", yaml.safe_dump(variables))
        desk.write("book.yml", BOOK)
        before = {name: stands(lab, name) for name in FLEET}
        ended = desk.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json", timeout=400)
        yield desk, ended, before, {host["name"]: host for host in ended.json["hosts"]}


def stands(lab, name):
    return lab.device(name).running(), lab.device(name).startup()


def line(host):
    """What a user is told of a host, which is one line."""
    told = [host["error"], *(item["result_reason"] or item["reason"] for item in host["items"])]
    (only,) = {text for text in told if text}
    assert "\n" not in only
    return only


def test_every_device_of_the_fleet_is_judged_here():
    judged = {*UNTOUCHED, *REVERTED, *NOT_SAVED, "lost-pix", "active", "old-allowed"}

    assert judged == set(FLEET)


@pytest.mark.parametrize("name", UNTOUCHED)
def test_a_device_that_cannot_be_worked_on_is_left_as_it_was_with_one_line(ran, name):
    desk, _, before, hosts = ran
    status, words = UNTOUCHED[name]

    assert hosts[name]["status"] == status
    assert words in line(hosts[name])
    if name != "standby":  # it takes what the active unit is told
        assert stands(desk.lab, name) == before[name]
    assert desk.lab.device(name).lines(config=True) == []


@pytest.mark.parametrize("name", REVERTED)
def test_a_change_that_breaks_off_is_taken_back_and_the_line_is_named(ran, name):
    desk, _, before, hosts = ran

    assert hosts[name]["status"] == "reverted"
    assert REVERTED[name] in line(hosts[name])
    assert stands(desk.lab, name) == before[name]
    assert desk.lab.device(name).events == ["armed", "reverted"]
    assert {change["result"] for item in hosts[name]["items"] for change in item["changes"]} == {"reverted"}


def test_nothing_is_sent_after_a_line_that_was_not_taken(ran):
    sent = ran[0].lab.device("rejects").lines(config=True)

    assert sent[-2:] == [MIDDLE, "end"]


def test_what_became_of_a_lost_line_on_an_unarmed_device_is_read_and_told(ran):
    desk, _, before, hosts = ran
    results = [change["result"] for item in hosts["lost-pix"]["items"] for change in item["changes"]]

    assert hosts["lost-pix"]["status"] in ("failed", "unknown")
    assert "was lost after `no fixup protocol smtp 25` was sent" in line(hosts["lost-pix"])
    assert "not proven to be reverted: it was not armed" in line(hosts["lost-pix"])
    assert "unknown" in results
    assert desk.lab.device("lost-pix").startup() == before["lost-pix"][1]


@pytest.mark.parametrize("name", NOT_SAVED)
def test_a_change_that_cannot_be_saved_is_a_failure_that_says_what_is_in_effect(ran, name):
    desk, _, before, hosts = ran
    running, startup = stands(desk.lab, name)

    assert hosts[name]["status"] == "failed"
    assert "the change is in effect and NOT saved" in line({**hosts[name], "items": []})
    assert NOT_SAVED[name] in hosts[name]["error"]
    assert running != before[name][0]
    assert startup == before[name][1]


def test_the_active_unit_is_changed_and_its_peer_takes_the_change(ran):
    desk, _, before, hosts = ran

    assert hosts["active"]["status"] == "changed"
    assert stands(desk.lab, "standby") == stands(desk.lab, "active") != before["active"]


def test_a_device_with_nothing_but_sha1_is_changed_where_that_is_allowed_and_warned_of(ran):
    _, ended, _, hosts = ran

    assert hosts["old-allowed"]["status"] == "changed"
    assert "old-allowed: legacy SSH algorithms (SHA-1, CBC, MD5) are allowed for this device" in ended.err


def test_the_missing_algorithm_and_the_remedy_for_this_host_alone_are_named(ran):
    told = line(ran[3]["old"])

    assert "ansible_ssh_legacy_algorithms: true" in told
    assert "KexAlgorithms=+diffie-hellman-group14-sha1" in told


def test_failed_and_unreachable_devices_give_both_bits_of_the_exit_code(ran):
    assert ran[1].code == 6


def test_no_secret_is_in_what_the_run_wrote_or_said(ran):
    desk, ended, _, _ = ran
    said = desk.written() + (ended.out + ended.err).encode()

    assert all(secret not in said for secret in (b"Lab-secret 1", b"Enable-secret 1", b"not-this-one"))


def test_a_prompt_that_no_device_has_is_quoted_after_a_short_while(desk):
    d = desk({"strange": device(prompt="!! who knows !!")})
    d.write("book.yml", BOOK.split("- hosts: firewalls", maxsplit=1)[0])

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "-T", "4", "--output", "json")

    assert planned.code == 4
    assert "no prompt of a Cisco device" in planned.json["hosts"][0]["error"]
    assert "'!! who knows !!>'" in planned.json["hosts"][0]["error"]


def test_a_plan_that_cannot_be_had_of_a_device_ends_with_one_and_a_refused_one_with_nought(desk):
    d = desk({"cut": device(truncate=60), "spare": device(config=NO_PATH, startup=NO_PATH)})
    d.write("book.yml", BOOK.split("- hosts: firewalls", maxsplit=1)[0])

    assert d.remediate("plan", "book.yml", "-i", "lab.yml").code == 1
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "-l", "spare").code == 0
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "-l", "spare", "--yes").code == 3
