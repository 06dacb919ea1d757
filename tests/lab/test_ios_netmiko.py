"""The lab's devices, driven by netmiko as it is."""

from pathlib import Path

import pytest
from netmiko import ConnectHandler

from remediators.lab.serve import Lab

CONFIGS = Path(__file__).parent / "configs"


def connect(lab, name, device_type="cisco_ios", **more):
    host = lab.hosts[name]
    return ConnectHandler(
        device_type=device_type,
        host=host.address,
        port=host.port,
        username=host.user,
        password=host.password,
        secret=str(host.spec.get("secret", "Enable-secret 1")),
        ssh_strict=True,
        alt_host_keys=True,
        alt_key_file=str(lab.keyring.known_hosts),
        **more,
    )


@pytest.fixture
def lab():
    fleet = {"r1": {"connection": "network_cli", "device": "ios", "config": CONFIGS / "branch.cfg"}}
    with Lab(fleet) as running:
        yield running


@pytest.mark.parametrize("device_type", ["cisco_ios", "cisco_xe"])
def test_netmiko_shows_changes_and_saves_an_ios_device(lab, device_type):
    device = lab.device("r1")
    before = device.running()
    with connect(lab, "r1", device_type) as asked:
        assert not asked.check_enable_mode()
        asked.enable()
        assert asked.send_command("show running-config").rstrip().endswith("\nend")
        asked.send_config_set(["interface Dialer1", "no ip inspect MAIL-OUT out"], error_pattern="%")
        assert device.running() == before.replace(
            " ip access-group 111 in\n ip inspect MAIL-OUT out\n", " ip access-group 111 in\n"
        )
        assert device.startup() == before
        assert "[OK]" in asked.save_config()
    assert device.startup() == device.running() != before
    assert device.lines() == ["interface Dialer1", "no ip inspect MAIL-OUT out", "end"]


@pytest.fixture
def firewall():
    fleet = {"fw": {"connection": "network_cli", "device": "asa", "config": CONFIGS / "asa8.cfg"}}
    with Lab(fleet) as running:
        yield running


def test_netmiko_shows_changes_and_saves_an_asa(firewall):
    device = firewall.device("fw")
    with connect(firewall, "fw", "cisco_asa", allow_auto_change=False) as asked:
        assert asked.check_enable_mode()
        assert device.lines() == []
        assert asked.send_command("show running-config").rstrip().endswith(": end")
        asked.send_config_set(["policy-map inbound_policy", "class smtp_port", "no inspect esmtp MAILMAP"])
        assert "  inspect esmtp MAILMAP" not in device.running()
        assert device.running() != device.startup()
        assert "[OK]" in asked.save_config()
    assert device.running() == device.startup()


def test_netmiko_left_to_itself_changes_an_asa_when_it_connects(firewall):
    with connect(firewall, "fw", "cisco_asa"):
        pass
    assert firewall.device("fw").lines() == ["terminal width 511", "end"]
    assert "terminal width 511" in firewall.device("fw").running()
