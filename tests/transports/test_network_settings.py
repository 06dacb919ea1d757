"""From the variables of a network device to how it is reached."""

import pytest

from remediators.model import UsageError
from remediators.transports.settings import settings_of

DEVICE = {
    "ansible_connection": "ansible.netcommon.network_cli",
    "ansible_network_os": "ios",
    "ansible_host": "fw.example",
}


@pytest.mark.parametrize(
    ("named", "platform", "device_type"),
    [
        ("cisco.ios.ios", "ios", "cisco_ios"),
        ("ios", "ios", "cisco_ios"),
        ("cisco.iosxe.iosxe", "ios", "cisco_xe"),
        ("iosxe", "ios", "cisco_xe"),
        ("cisco.asa.asa", "asa", "cisco_asa"),
        ("ASA", "asa", "cisco_asa"),
        ("pix", "pix", "cisco_asa"),
    ],
)
def test_network_os_names_the_platform_and_the_type_of_netmiko(named, platform, device_type):
    found = settings_of("fw1", {**DEVICE, "ansible_network_os": named})

    assert (found.connection, found.port) == ("network_cli", 22)
    assert (found.network.platform, found.network.device_type) == (platform, device_type)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_network_os": "cisco.ios.iso"}, r"cisco\.ios\.iso is not supported: did you mean cisco\.ios\.ios\?"),
        ({"ansible_network_os": "junipernetworks.junos.junos"}, "not supported: it can be cisco.ios.ios, ios"),
        ({"ansible_network_os": None}, "ansible_network_os is missing"),
        ({"ansible_become": True, "ansible_become_method": "sudo"}, "must be enable"),
        ({"ansible_ssh_legacy_algorithms": "perhaps"}, "true or false"),
        ({"ansible_ssh_common_args": "-o KexAlgorithms="}, "needs a value"),
    ],
)
def test_wrong_variables_are_named_with_host_and_remedy(variables, words):
    with pytest.raises(UsageError, match=words) as raised:
        settings_of("fw1", {**DEVICE, **variables})

    assert str(raised.value).startswith("fw1: ")


def test_the_enable_secret_is_read_where_become_is_asked_for_and_never_shown():
    asked = {
        "ansible_become": True,
        "ansible_become_method": "ansible.netcommon.enable",
        "ansible_become_pass": "s3cret",
    }
    found = settings_of("fw1", {**DEVICE, **asked})

    assert (found.network.become, found.network.secret, found.warnings) == (True, "s3cret", ())
    assert "s3cret" not in repr(found)


def test_an_enable_secret_that_nobody_will_use_is_warned_of():
    found = settings_of("fw1", {**DEVICE, "ansible_become_password": "s3cret"})

    assert found.network.secret is None
    assert ["ansible_become is not true" in warning for warning in found.warnings] == [True]


def test_legacy_algorithms_are_off_unless_the_host_asks_for_them():
    assert settings_of("fw1", DEVICE).ssh.legacy is False
    allowed = settings_of("fw1", {**DEVICE, "ansible_ssh_legacy_algorithms": True})

    assert allowed.ssh.legacy is True
    assert ["legacy SSH algorithms" in warning for warning in allowed.warnings] == [True]


def test_algorithms_are_taken_as_ssh_is_told_them():
    args = (
        "-o KexAlgorithms=+diffie-hellman-group14-sha1 -oHostKeyAlgorithms=+ssh-rsa -o Ciphers=^aes128-cbc "
        "-o KexAlgorithms=x"
    )
    found = settings_of("fw1", {**DEVICE, "ansible_ssh_common_args": args})

    assert found.warnings == ()
    assert dict(found.ssh.algorithms) == {
        "kexalgorithms": "+diffie-hellman-group14-sha1",
        "hostkeyalgorithms": "+ssh-rsa",
        "ciphers": "^aes128-cbc",
    }
