"""Labs that tell a story: what is wrong with their hosts is seen from where it would be seen, and only there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from remediators.lab.ios_console import console
from remediators.lab.scenarios import find, names
from remediators.lab.serve import Lab, Served


def greeting(host: Served, *, inside: bool = False, seconds: float = 10.0) -> bytes | None:
    """The first bytes from port 25; empty where the other side closes, ``None`` where it says nothing."""
    port = host.smtp_inside_port if inside else host.smtp_port
    with socket.create_connection((host.address, port or 0), timeout=seconds) as wire:
        try:
            return wire.recv(600)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""


def run(name: str) -> Iterator[Lab]:
    with find(name).lab() as lab:
        yield lab


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    yield from run(f"kb919091/{request.param}")


with_scenario = pytest.mark.parametrize


def test_there_is_a_scenario_for_each_cause_and_each_pair_of_causes() -> None:
    known = set(names())
    numbers = [1, 2, 3, 4, 5]

    assert {f"kb919091/cause{number}" for number in numbers} < known
    assert {f"kb919091/cause{a}+cause{b}" for a in numbers for b in numbers if a < b} < known
    assert {"kb919091/healthy", "kb919091/all"} < known


def test_every_scenario_that_has_a_name_can_be_built() -> None:
    for name in names():
        assert find(name).fleet


@pytest.mark.parametrize("name", ["kb919091", "kb919091/cause9", "kb1/healthy", ""])
def test_a_scenario_that_there_is_not_is_refused_with_a_list(name: str) -> None:
    with pytest.raises(ValueError, match=r"there are .*cause1"):
        find(name)


@with_scenario("lab", ["healthy"], indirect=True)
def test_healthy_hosts_greet_from_both_sides_of_the_firewall(lab: Lab) -> None:
    for inside in (False, True):
        assert (greeting(lab.hosts["exch02"], inside=inside) or b"").startswith(b"220 exch02.example.com Microsoft")


@with_scenario("lab", ["cause4"], indirect=True)
def test_a_broken_banner_is_silence_until_the_service_has_read_a_good_one(lab: Lab) -> None:
    assert greeting(lab.hosts["exch02"], seconds=0.2) is None
    host = lab.hosts["exch02"].machine
    host.run(r'cscript //nologo C:\Inetpub\AdminScripts\adsutil.vbs set smtpsvc/1/ConnectResponse "Mail"')
    assert greeting(lab.hosts["exch02"], seconds=0.2) is None
    host.run("net stop smtpsvc /y & net start smtpsvc")

    assert (greeting(lab.hosts["exch02"]) or b"").startswith(b"220 exch02.example.com Mail ready")


@with_scenario("lab", ["cause4-closes", "cause4-line", "cause4-absent", "stopped"], indirect=True)
def test_no_greeting_has_several_faces_and_none_is_a_220(lab: Lab) -> None:
    assert not (greeting(lab.hosts["exch02"], seconds=0.2) or b"").startswith(b"220")
    assert (greeting(lab.hosts["exch03"]) or b"").startswith(b"220")


@with_scenario("lab", ["cause5", "cause5+pix", "cause5+asa"], indirect=True)
def test_the_firewall_masks_from_outside_and_not_behind_it(lab: Lab) -> None:
    host = lab.hosts["exch02"]
    masked = greeting(host) or b""

    assert masked.startswith(b"220")
    assert set(masked[3:]) <= set(b"*20 \r\n")
    assert (greeting(host, inside=True) or b"").startswith(b"220 exch02.example.com Microsoft")
    assert (greeting(lab.hosts["exch03"]) or b"").startswith(b"220 exch03")


@with_scenario("lab", ["cause5"], indirect=True)
def test_only_a_rule_that_an_interface_uses_masks(lab: Lab) -> None:
    device = lab.device("fw01")
    assert "***" in str(greeting(lab.hosts["exch02"]))
    console(device, ["configure terminal", "no ip inspect name OUTSIDE smtp", "end"])

    assert "ip inspect name SPARE smtp" in device.running()
    assert (greeting(lab.hosts["exch02"]) or b"").startswith(b"220 exch02")


@with_scenario("lab", ["cause5", "cause5+pix"], indirect=True)
def test_a_router_behind_the_inspection_sees_the_servers_own_greeting(lab: Lab) -> None:
    device = lab.device("rtr01" if "rtr01" in lab.hosts else "fw01")
    said = console(device, [f"telnet {lab.hosts['exch02'].address} 25", "quit"])

    assert "220 exch02.example.com Microsoft ESMTP MAIL Service" in said


def test_the_inventory_has_the_operators_data_or_has_not(tmp_path: Path) -> None:
    scenario = find("kb919091/healthy")
    with scenario.lab() as lab:
        with_data = yaml.safe_load(scenario.write(lab, tmp_path / "with").read_text())
        without = yaml.safe_load(scenario.write(lab, tmp_path / "without", data=False).read_text())

    assert with_data["all"]["hosts"] == without["all"]["hosts"]
    assert with_data["all"]["hosts"]["exch02"]["via"] == ["fw01"]
    assert "tnef_values" in with_data["all"]["children"]["exchange"]["vars"]
    assert "vars" not in without["all"]["children"]["exchange"]
    assert sorted(path.name for path in (tmp_path / "with" / "profiles").iterdir()) == ["savce9.yml", "smsmse.yml"]
    assert not (tmp_path / "without" / "profiles").exists()


def test_what_is_invented_says_so() -> None:
    for profile in find("kb919091/healthy").profiles.values():
        entries = [*profile["detect"], *profile["settings"], *profile.get("managed", ())]
        assert {entry["source"] for entry in entries} == {"invented for the lab"}
