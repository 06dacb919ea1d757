"""From inventory variables to settings."""

from __future__ import annotations

import pytest

from remediators.model import UsageError
from remediators.transports.settings import KNOWN_VARIABLES, Jump, settings_of

WINRM = {"ansible_connection": "winrm", "ansible_user": "admin", "ansible_password": "secret"}
SSH = {"ansible_connection": "ssh", "ansible_shell_type": "cmd", "ansible_user": "admin"}


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, "https://exch01:5986/wsman"),
        ({"ansible_port": 5985}, "http://exch01:5985/wsman"),
        ({"ansible_port": "5986"}, "https://exch01:5986/wsman"),
        ({"ansible_winrm_scheme": "http"}, "http://exch01:5985/wsman"),
        ({"ansible_winrm_scheme": "https", "ansible_port": 5985}, "https://exch01:5985/wsman"),
        ({"ansible_port": 80, "ansible_winrm_scheme": "http", "ansible_winrm_path": "ws"}, "http://exch01:80/ws"),
        ({"ansible_host": "10.1.1.1", "ansible_winrm_host": "10.1.1.2"}, "https://10.1.1.2:5986/wsman"),
        ({"ansible_host": "fe80::1"}, "https://[fe80::1]:5986/wsman"),
        ({"ansible_host": "[fe80::1]"}, "https://[fe80::1]:5986/wsman"),
    ],
)
def test_scheme_and_port_follow_from_each_other(variables, endpoint):
    assert settings_of("exch01", {**WINRM, **variables}).endpoint == endpoint


@pytest.mark.parametrize(
    ("told", "transport"),
    [
        (None, "ntlm"),
        ("basic", "basic"),
        ("plaintext", "basic"),
        ("ssl", "basic"),
        ("NTLM", "ntlm"),
        (["kerberos", "ntlm"], "kerberos"),
        (["digest", "credssp"], "credssp"),
        ("digest,basic", "basic"),
    ],
)
def test_the_first_supported_transport_is_used(told, transport):
    assert settings_of("exch01", {**WINRM, "ansible_winrm_transport": told}).winrm.transport == transport


def test_old_names_count_less_than_new_ones():
    old = {"ansible_connection": "winrm", "ansible_ssh_user": "old", "ansible_ssh_pass": "p", "ansible_ssh_port": 5985}
    assert settings_of("exch01", old).user == "old"
    assert settings_of("exch01", old).port == 5985
    assert settings_of("exch01", {**old, "ansible_user": "new"}).user == "new"


def test_numbers_from_ini_inventories_are_text_where_text_is_wanted():
    settings = settings_of("exch01", {**WINRM, "ansible_password": 12345, "ansible_user": 7})

    assert (settings.user, settings.password) == ("7", "12345")


def test_every_winrm_variable_is_heeded():
    more = {
        "ansible_winrm_server_cert_validation": "ignore",
        "ansible_winrm_ca_trust_path": "/ca.pem",
        "ansible_winrm_message_encryption": "always",
        "ansible_winrm_operation_timeout_sec": "40",
        "ansible_winrm_read_timeout_sec": 70,
        "ansible_winrm_kerberos_delegation": "yes",
        "ansible_winrm_kerberos_hostname_override": "other",
        "ansible_winrm_send_cbt": "no",
    }
    winrm = settings_of("exch01", {**WINRM, **more}).winrm

    assert not winrm.validate
    assert winrm.ca_trust_path == "/ca.pem"
    assert winrm.message_encryption == "always"
    assert (winrm.operation_seconds, winrm.read_seconds) == (40, 70)
    assert winrm.kerberos_delegation
    assert winrm.kerberos_hostname == "other"
    assert not winrm.send_cbt


def test_the_connection_timeout_sets_both_times():
    winrm = settings_of("exch01", {**WINRM, "ansible_winrm_connection_timeout": 5}).winrm

    assert winrm.operation_seconds == 5
    assert winrm.read_seconds > 5


def test_a_realm_completes_the_user_for_kerberos_only():
    realm = {"ansible_winrm_realm": "EXAMPLE.COM"}
    assert settings_of("e", {**WINRM, **realm, "ansible_winrm_transport": "kerberos"}).user == "admin@EXAMPLE.COM"
    assert settings_of("e", {**WINRM, **realm}).user == "admin"


def test_what_ansible_would_do_with_kinit_is_warned_of():
    kerberos = {**WINRM, "ansible_winrm_transport": "kerberos"}
    managed = settings_of("e", {**kerberos, "ansible_winrm_kinit_mode": "managed", "ansible_winrm_kinit_cmd": "k"})
    manual = settings_of("e", {**kerberos, "ansible_winrm_kinit_mode": "manual"})

    assert ["kinit_mode" in managed.warnings[0], "kinit_cmd" in managed.warnings[1]] == [True, True]
    assert any("kinit" in warning for warning in settings_of("e", kerberos).warnings)
    assert manual.warnings == ()


def test_what_is_not_done_is_warned_of_where_somebody_asked_for_it():
    asked = settings_of("e", {**WINRM, "ansible_become": "yes"})
    silent = settings_of("e", {**WINRM, "ansible_become": False})

    assert ["ansible_become is not honoured" in warning for warning in asked.warnings] == [True]
    assert silent.warnings == ()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_connection": "psrp"}, "psrp is not supported.*winrm"),
        ({"ansible_connection": "local"}, "local is not supported"),
        ({"ansible_connection": "netconf"}, "netconf is not supported.*network_cli"),
        ({"ansible_connection": "network_cli"}, "ansible_network_os is missing"),
        ({"ansible_connection": "docker"}, "docker is not supported: use winrm, ssh or network_cli"),
        ({"ansible_winrm_transport": "digest"}, "digest.*basic, "),
        ({"ansible_winrm_transport": 5}, "ansible_winrm_transport cannot be 5"),
        ({"ansible_winrm_scheme": "ftp"}, "'ftp': it must be http or https"),
        ({"ansible_port": 70000}, "ansible_port cannot be 70000: it must be a whole number from 1 to 65535"),
        ({"ansible_port": "ssh"}, "ansible_port cannot be 'ssh'"),
        ({"ansible_port": True}, "ansible_port cannot be True"),
        ({"ansible_winrm_send_cbt": "maybe"}, "true or false"),
        ({"ansible_winrm_message_encryption": "sometimes"}, "always or auto or never"),
        ({"ansible_winrm_server_cert_validation": "no"}, "ignore or validate"),
        ({"ansible_winrm_operation_timeout_sec": 0}, "from 1 to"),
        (
            {"ansible_winrm_operation_timeout_sec": 30, "ansible_winrm_read_timeout_sec": 30},
            "more than the operation's",
        ),
        ({"ansible_host": "a b"}, "ansible_host"),
        ({"ansible_host": "http://x"}, "ansible_host"),
        ({"ansible_user": None}, "ansible_user .* is missing"),
        ({"ansible_password": None}, "ansible_password .* is missing"),
        ({"ansible_winrm_path": "/ws man"}, "ansible_winrm_path"),
        ({"ansible_winrm_proxy": "socks5://p:1"}, "ansible_winrm_proxy cannot be"),
        ({"ansible_winrm_proxy": "http://p:x"}, "ansible_winrm_proxy cannot be"),
        ({"ansible_user": ["a"]}, "ansible_user cannot be"),
        (
            {"ansible_winrm_transport": "certificate", "ansible_port": 5985},
            "certificate needs ansible_winrm_scheme: https",
        ),
        ({"ansible_winrm_transport": "certificate"}, "ansible_winrm_cert_pem is missing"),
        ({"ansible_winrm_transport": "basic", "ansible_winrm_message_encryption": "always"}, "impossible with basic"),
    ],
)
def test_wrong_winrm_variables_are_named_with_host_and_remedy(variables, words):
    with pytest.raises(UsageError, match=words) as caught:
        settings_of("exch01", {**WINRM, **variables})

    assert caught.value.message.startswith("exch01: ")


def test_secrets_are_not_shown():
    settings = settings_of("exch01", WINRM)
    assert "secret" not in repr(settings)
    with pytest.raises(UsageError) as caught:
        settings_of("exch01", {**WINRM, "ansible_password": ["secret"]})
    assert "secret" not in caught.value.message


def test_ssh_is_what_is_used_where_nothing_is_said():
    settings = settings_of("exch01", {"ansible_shell_type": "cmd"})

    assert (settings.connection, settings.port, settings.user) == ("ssh", 22, None)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_shell_type": None}, "ansible_shell_type is missing: ansible_shell_type: cmd is needed"),
        ({"ansible_shell_type": "powershell"}, "ansible_shell_type is powershell: ansible_shell_type: cmd is needed"),
        ({"ansible_connection": None, "ansible_shell_type": None}, "ansible_connection: winrm"),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=perhaps"}, "StrictHostKeyChecking=perhaps"),
        ({"ansible_ssh_common_args": "-J"}, "-J needs a value"),
        ({"ansible_ssh_common_args": "-J host:99999"}, "ProxyJump"),
        ({"ansible_ssh_common_args": "'unclosed"}, "ansible_ssh_common_args"),
        ({"ansible_host_key_checking": "sometimes"}, "true or false"),
    ],
)
def test_wrong_ssh_variables_are_named_with_host_and_remedy(variables, words):
    with pytest.raises(UsageError, match=words):
        settings_of("exch01", {**SSH, **variables})


def test_ssh_arguments_are_honoured():
    args = (
        "-J root@bastion:2222,inner -o 'UserKnownHostsFile=/k1 /k2' -oStrictHostKeyChecking=accept-new "
        "-i ~/a -o IdentityFile=/b"
    )
    ssh = settings_of("exch01", {**SSH, "ansible_ssh_private_key_file": "/c", "ansible_ssh_common_args": args}).ssh

    assert ssh.jumps == (Jump("bastion", 2222, "root"), Jump("inner"))
    assert ssh.known_hosts == ("/k1", "/k2")
    assert ssh.strict == "accept-new"
    assert ssh.identities == ("/c", "~/a", "/b")


def test_ssh_arguments_that_are_not_honoured_are_warned_of():
    args = "-C -o ControlMaster=auto -o ControlPersist=60s -o ProxyCommand='ssh -W %h:%p bastion' -p 23"
    warnings = settings_of("exch01", {**SSH, "ansible_ssh_extra_args": args}).warnings

    assert len(warnings) == 5
    assert "ProxyJump" in warnings[3]
    assert all(warning.startswith("exch01: ") for warning in warnings)


@pytest.mark.parametrize(
    ("variables", "strict"),
    [
        ({}, "yes"),
        ({"ansible_host_key_checking": False}, "no"),
        ({"ansible_ssh_host_key_checking": "true", "ansible_host_key_checking": False}, "yes"),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}, "no"),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=yes", "ansible_host_key_checking": False}, "yes"),
    ],
)
def test_host_keys_are_checked_unless_somebody_says_otherwise(variables, strict):
    assert settings_of("exch01", {**SSH, **variables}).ssh.strict == strict


def test_every_variable_that_is_read_is_known():
    import re
    from pathlib import Path

    import remediators.transports.settings as module

    files = Path(module.__file__).parent.glob("*settings.py")
    text = "".join(file.read_text() for file in files)
    named = set(re.findall(r"\"(ansible_\w+)\"", text))

    assert named
    assert named <= KNOWN_VARIABLES
