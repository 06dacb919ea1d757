"""The lab's devices, driven by nornir and nornir_netmiko: a client that shares nothing with ours but netmiko."""

from pathlib import Path

import pytest
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko import netmiko_save_config, netmiko_send_command, netmiko_send_config

from remediators.lab.serve import Lab

CONFIGS = Path(__file__).parent / "configs"
NAMES = ("branch", "decoys", "edge-xe", "old-router", "zones")


@pytest.fixture
def lab(tmp_path):
    fleet = {name: {"connection": "network_cli", "device": "ios", "config": CONFIGS / f"{name}.cfg"} for name in NAMES}
    with Lab(fleet, folder=tmp_path) as running:
        yield running


@pytest.fixture
def nornir(lab):
    ConnectionPluginRegister.auto_register()
    hosts = Hosts({name: reached(lab, name) for name in NAMES})
    made = Nornir(Inventory(hosts, Groups(), Defaults()), runner=ThreadedRunner(len(NAMES)))
    yield made
    made.close_connections()


def reached(lab, name):
    served = lab.hosts[name]
    extras = {
        "secret": "Enable-secret 1",
        "ssh_strict": True,
        "alt_host_keys": True,
        "alt_key_file": str(lab.keyring.known_hosts),
    }
    return Host(
        name,
        hostname=served.address,
        port=served.port,
        username=served.user,
        password=served.password,
        platform="cisco_ios",
        connection_options={"netmiko": ConnectionOptions(extras=extras)},
    )


def test_nornir_shows_changes_and_saves_every_router_at_once(lab, nornir):
    before = {name: lab.device(name).running() for name in NAMES}

    shown = nornir.run(netmiko_send_command, command_string="show running-config", enable=True)
    assert not shown.failed, shown.failed_hosts
    assert all(result[0].result.rstrip().endswith("\nend") for result in shown.values())

    line = "ip inspect name BY-NORNIR tcp timeout 30"
    changed = nornir.run(netmiko_send_config, config_commands=[line], error_pattern="%")
    assert not changed.failed
    for name in NAMES:
        assert sorted(lab.device(name).running().splitlines()) == sorted([*before[name].splitlines(), line])
        assert lab.device(name).startup() == before[name]

    saved = nornir.run(netmiko_save_config)
    assert all("[OK]" in result[0].result for result in saved.values())
    assert all(lab.device(name).startup() == lab.device(name).running() for name in NAMES)


def test_nornir_is_told_of_a_line_that_the_device_does_not_take(lab, nornir):
    only = nornir.filter(name="branch")

    ended = only.run(netmiko_send_config, config_commands=["ip inspekt name X smtp"], error_pattern="% Invalid")

    assert ended.failed
    assert "ip inspekt" not in lab.device("branch").running()
