"""A device channel against bad devices: each of them gives one clear line, of the right kind."""

from __future__ import annotations

import pytest

from remediators.transports.base import open_device
from remediators.transports.settings import settings_of
from tests.transports import network_double as double


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Serve a script; gives the device, and a function that connects to it with these variables."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    opened = []

    def start(script, seconds=5.0, **more):
        device = double.Device(script)
        opened.append(device)

        def reach(**again):
            channel = open_device("fw1", settings_of("fw1", variables(device, tmp_path, {**more, **again})), seconds)
            opened.append(channel)
            return channel

        return device, reach

    yield start
    for one in reversed(opened):
        one.close()


def variables(device, folder, more):
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": device.port,
        "ansible_connection": "network_cli",
        "ansible_network_os": "ios",
        "ansible_user": "admin",
        "ansible_password": "letmein",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={device.known_hosts(folder / 'known_hosts')}",
        **more,
    }


def test_a_running_config_is_read_whole_without_echo_and_prompt(serve):
    _, reach = serve(double.ios())

    assert reach().ask("show running-config", 5).text == double.RUNNING
