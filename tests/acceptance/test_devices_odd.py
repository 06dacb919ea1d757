"""Configurations as they grow in years: what only looks like inspection of mail is not touched, and is named."""

from pathlib import Path

import pytest

from tests.acceptance.test_devices_there_and_back import stands

CONFIGS = Path(__file__).parents[1] / "lab" / "configs"
BOOK = """\
- hosts: routers
  tasks:
    - name: mail is not inspected
      ip_inspect: {ensure_tcp: true}
- hosts: firewalls
  tasks:
    - name: mail is not inspected
      smtp_fixup: {state: absent, allow_unarmed: true}
"""
FWSM = """\
FWSM Version 4.1(5) <context>
!
hostname module
enable password 0000000000000000 encrypted
names
!
interface Vlan25
 nameif mail
 security-level 60
 ip address 192.0.2.1 255.255.255.0
!
policy-map global_policy
 class inspection_default
  inspect esmtp
!
service-policy global_policy global
Cryptochecksum:00000000000000000000000000000000
: end
"""


def device(kind, config, **more):
    groups = ("routers",) if kind == "ios" else ("firewalls",)
    return {"connection": "network_cli", "device": kind, "config": config, "groups": groups, **more}


@pytest.fixture
def odd(desk):
    d = desk(
        {
            "zones": device("ios", CONFIGS / "zones.cfg"),
            "objects": device("asa", CONFIGS / "asa-objects.cfg"),
            "module": device("asa", FWSM),
        }
    )
    d.write("book.yml", BOOK)
    return d


def planned(d):
    return {
        host["name"]: host
        for host in d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]
    }


def test_only_the_lines_of_cbac_are_planned_on_a_router_with_zones(odd):
    (item,) = planned(odd)["zones"]["items"]

    assert item["commands"] == [
        "no ip inspect name TUNNELS smtp",
        "no ip inspect name TUNNELS-OLD esmtp",
    ]


def test_the_zone_based_firewall_is_named_to_be_changed_by_hand(odd):
    (item,) = planned(odd)["zones"]["items"]
    told = [note for note in item["notes"] if "zone-based" in note]

    assert [("class-map type inspect match-any MAIL" in note, "TO-MAIL-SERVERS" in note) for note in told] == [
        (False, True),
        (True, False),
    ]
    assert all("by hand" in note for note in told)


def test_every_class_with_esmtp_of_a_firewall_is_planned_and_nothing_that_looks_like_one(odd):
    (item,) = planned(odd)["objects"]["items"]

    assert [change["resource"].removeprefix("config:") for change in item["changes"]] == [
        "policy-map global_policy > class inspection_default > inspect esmtp",
        "policy-map OUTSIDE-POLICY > class MAIL-CLASS > inspect esmtp MAIL-LENIENT",
        "policy-map UNUSED-POLICY > class MAIL-CLASS > inspect esmtp MAIL-STRICT",
    ]


def test_devices_that_write_messages_between_lines_and_echo_slowly_are_changed_and_put_back(desk):
    slow = {"echo_delay": 0.001, "output_delay": 0.02}
    fleet = {
        "chatty": device("ios", CONFIGS / "branch.cfg", chatter=2),
        "stubborn": device("ios", CONFIGS / "zones.cfg", chatter=7, stubborn_chatter=True),
        "slow": device("ios", CONFIGS / "edge-xe.cfg", **slow),
        "asa": device("asa", CONFIGS / "asa8.cfg", chatter=3, stubborn_chatter=True),
        "pix": device("pix", CONFIGS / "pix63.cfg", chatter=5, stubborn_chatter=True, **slow),
        "named": device("ios", CONFIGS / "branch.cfg", prompt="R1.lab-x_y/z"),
        "level-7": device("ios", CONFIGS / "branch.cfg", levels={"admin": 7}),
    }
    d = desk(fleet)
    d.write("book.yml", BOOK)
    stood = {name: stands(d.lab.device(name)) for name in fleet}

    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes")
    changed = [name for name in fleet if stands(d.lab.device(name)) != stood[name]]
    back = d.remediate("rollback", "latest", "--yes")

    assert (applied.code, back.code) == (0, 0), applied.out + applied.err + back.out + back.err
    assert changed == list(fleet)
    assert {name: stands(d.lab.device(name)) for name in fleet} == stood
    assert all(d.lab.device(name).startup() == d.lab.device(name).running() for name in fleet)


def test_a_firewall_module_is_not_taken_for_an_asa(odd):
    host = planned(odd)["module"]

    assert host["status"] == "unreachable"
    assert (
        "it is FWSM (4.1(5)), and ansible_network_os says ASA: it is not supported, change it by hand" in host["error"]
    )


def test_crowded_configurations_are_changed_and_put_back_to_the_letter_of_every_section(odd):
    names = ("zones", "objects")
    before = {name: odd.lab.device(name).running() for name in names}
    stood = {name: stands(odd.lab.device(name)) for name in names}

    applied = odd.remediate("apply", "book.yml", "-i", "lab.yml", "-l", "zones:objects", "--yes")
    changed = {name: odd.lab.device(name).running() for name in names}
    back = odd.remediate("rollback", "latest", "--yes")

    assert (applied.code, back.code) == (0, 0), applied.out + applied.err + back.out + back.err
    for name in names:
        gone = set(before[name].splitlines()) - set(changed[name].splitlines())
        assert all("smtp" in line for line in gone)
        assert stands(odd.lab.device(name)) == stood[name]
