"""Cause 5 on simulated firewalls, over real SSH: armed, changed, proved, saved, and put back; or back by themselves."""

from pathlib import Path

import pytest

from tests.acceptance.test_devices_there_and_back import stands

CONFIGS = Path(__file__).parents[1] / "lab" / "configs"
BOOK = """\
- hosts: ios
  tasks:
    - name: mail is not inspected
      ip_inspect: {ensure_tcp: true, when_last: unbind, allow_no_tcp: true, allow_reload_fallback: true}
- hosts: firewalls
  tasks:
    - name: mail is not inspected
      smtp_fixup: {state: absent, allow_unarmed: true}
"""
DEVICES = {
    "branch": "ios",
    "edge-xe": "ios",
    "old-router": "ios",
    "decoys": "ios",
    "asa8": "asa",
    "asa9": "asa",
    "pix63": "pix",
}


def device(name, **more):
    kind = DEVICES[name]
    groups = ("ios",) if kind == "ios" else ("firewalls",)
    return {"connection": "network_cli", "device": kind, "config": CONFIGS / f"{name}.cfg", "groups": groups, **more}


@pytest.fixture
def firewalls(desk):
    d = desk({name: device(name) for name in DEVICES})
    d.write("book.yml", BOOK)
    return d


def lines(text):
    """What a configuration says, whatever the order of its lines outside ordered sections."""
    return sorted(text.splitlines())


def test_plan_apply_empty_plan_and_rollback(firewalls):
    d = firewalls
    before = {name: stands(d.lab.device(name)) for name in DEVICES}

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "--detailed-exitcode")
    assert planned.code == 2, planned.out + planned.err
    assert all(d.lab.device(name).lines(config=True) == [] for name in DEVICES)
    applied = d.remediate("apply", "x.plan", "--yes")
    assert applied.code == 0, applied.out + applied.err
    assert all("smtp" not in line for name in ("branch", "old-router") for line in inspected(d, name))
    saved = [name for name in DEVICES if d.lab.device(name).startup() == d.lab.device(name).running()]
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--detailed-exitcode").code == 0
    back = d.remediate("rollback", "latest", "--yes")

    assert back.code == 0, back.out + back.err
    assert {name: stands(d.lab.device(name)) for name in DEVICES} == before
    assert saved == list(DEVICES)


def inspected(d, name):
    return [line for line in d.lab.device(name).running().splitlines() if line.startswith("ip inspect name")]


def test_only_the_lines_of_the_plan_are_sent_in_configuration_mode(firewalls):
    d = firewalls
    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan", "--output", "json").json
    assert d.remediate("apply", "x.plan", "--yes").code == 0

    for host in planned["hosts"]:
        shown = [line for item in host["items"] for line in item["commands"]]
        sent = [line for line in d.lab.device(host["name"]).lines(config=True) if line not in ("end", "exit")]
        assert sent == shown


def test_a_router_with_an_archive_is_armed_with_its_own_timer_and_one_without_by_a_reload(firewalls):
    hosts = firewalls.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]
    arming = {host["name"]: host["arming"]["kind"] for host in hosts}

    assert arming["branch"] == "revert-timer"
    assert arming["old-router"] == "reload"
    assert arming["pix63"] == "unarmed"


def test_a_router_that_is_cut_off_by_the_change_goes_back_by_itself_and_that_is_proved(desk):
    from remediators.lab.ios_device import Trip

    trip = Trip("no ip inspect name MAIL smtp", drop="after", unreachable="refused")
    d = desk({"branch": device("branch", time_scale=60, trips=[trip])})
    d.write("book.yml", BOOK.split("- hosts: firewalls", maxsplit=1)[0])
    before = d.lab.device("branch").running()

    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json")

    assert applied.code == 2, applied.out + applied.err
    assert applied.json["hosts"][0]["status"] == "reverted"
    assert d.lab.device("branch").running() == before
    assert {c["result"] for item in applied.json["hosts"][0]["items"] for c in item["changes"]} == {"reverted"}


def test_windows_and_devices_in_one_playbook_make_one_plan_one_run_and_one_way_back(desk):
    d = desk({"branch": device("branch"), "one": {"connection": "ssh", "groups": ("exchange",)}})
    d.write(
        "book.yml",
        BOOK.split("- hosts: firewalls", maxsplit=1)[0]
        + "- hosts: exchange\n  tasks:\n"
        + "    - registry: {key: HKLM\\SOFTWARE\\X, values: {V: {type: dword, data: 1}}}\n",
    )
    before = lines(d.lab.device("branch").running()), d.lab.machines["one"].state()

    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes").code == 0
    back = d.remediate("rollback", "latest", "--yes")

    assert back.code == 0, back.out
    assert (lines(d.lab.device("branch").running()), d.lab.machines["one"].state()) == before


def test_a_remediator_for_windows_is_refused_on_a_device(desk):
    d = desk({"branch": device("branch")})
    d.write("book.yml", "- hosts: all\n  tasks:\n    - service: {name: SMTPSVC, state: started}\n")

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json")

    assert planned.json["hosts"][0]["items"][0]["reason"] == "service is for windows hosts, and this one is ios"


def test_no_secret_of_a_device_is_in_what_a_run_writes(firewalls):
    d = firewalls
    assert d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "-v").code == 0

    assert b"Enable-secret 1" not in d.written()
    assert b"Lab-secret 1" not in d.written()


def test_a_fact_of_another_platform_is_told_and_nothing_is_asked_for_it(desk):
    d = desk({"branch": device("branch"), "one": {"connection": "ssh", "groups": ("exchange",)}})
    d.write(
        "book.yml",
        "- hosts: ios\n  tasks:\n    - ios_config: {lines: [ip inspect name A tcp]}\n"
        "      when: facts.exchange.version is version('6.5', '>=')\n"
        "- hosts: exchange\n  tasks:\n    - registry: {key: HKLM\\SOFTWARE\\X, state: present}\n"
        "      when: facts.ios.version is version('12.4', '>=')\n",
    )

    hosts = d.remediate("plan", "book.yml", "-i", "lab.yml", "--output", "json").json["hosts"]

    assert {host["name"]: host["items"][0]["reason"] for host in hosts} == {
        "branch": "facts.exchange.version is a fact of windows hosts, and this one is ios",
        "one": "facts.ios.version is a fact of ios hosts, and this one is windows",
    }
    assert not [line for line in d.lab.device("branch").lines(config=False) if line.startswith(("reg ", "ver", "echo"))]


def test_reading_commands_never_enter_configuration_mode(firewalls):
    d = firewalls
    before = {name: d.lab.device(name).running() for name in DEVICES}

    assert d.remediate("ping", "all", "-i", "lab.yml").code == 0
    assert d.remediate("plan", "book.yml", "-i", "lab.yml").code == 0
    assert d.remediate("diagnose", "all", "-i", "lab.yml").code == 0

    for name in DEVICES:
        assert d.lab.device(name).lines(config=True) == []
        assert not [
            line for line in d.lab.device(name).lines(config=False) if line.startswith(("conf", "write", "copy"))
        ]
    assert {name: d.lab.device(name).running() for name in DEVICES} == before


@pytest.mark.parametrize(
    ("name", "line", "door"),
    [("old-router", "no ip inspect name ethernetin smtp", "silent"), ("asa8", "no inspect esmtp MAILMAP", "refused")],
)
def test_a_device_under_a_reload_that_is_cut_off_comes_back_as_it_was_saved(desk, name, line, door):
    from remediators.lab.ios_device import Trip

    trip = Trip(line, drop="after", unreachable=door)
    d = desk({name: device(name, time_scale=600, trips=[trip])})
    remediator = "smtp_fixup" if DEVICES[name] == "asa" else "ip_inspect"
    d.write("book.yml", f"- hosts: all\n  tasks:\n    - {remediator}: {{allow_reload_fallback: true}}\n")
    before = stands(d.lab.device(name))

    planned = d.remediate("plan", "book.yml", "-i", "lab.yml")
    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "-T", "10", "--output", "json")

    assert "REBOOTS, an outage" in planned.out
    assert applied.code == 2, applied.out + applied.err
    assert applied.json["hosts"][0]["status"] == "reverted"
    assert stands(d.lab.device(name)) == before
    assert d.lab.device(name).events == ["reload-armed", "reloading", "up"]
