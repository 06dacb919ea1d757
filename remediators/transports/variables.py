"""
The ``ansible_*`` variables: which names exist, and reading one of them as the type it must have. Pure.

The names are those of Ansible's connection, shell and become plug-ins and of its documentation of special variables.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from remediators.model import UsageError

_CONNECTION = "host port user password connection private_key_file host_key_checking timeout"
_SSH = (
    "host port user pass password private_key_file common_args extra_args executable args transfer_method retries "
    "pipelining use_tty timeout host_key_checking private_key_passphrase pkcs11_provider password_mechanism verbosity "
    "legacy_algorithms"  # our own: Ansible ignores it
)
_SCP_SFTP = "sftp_extra_args scp_extra_args sftp_batch_mode scp_if_ssh control_path control_path_dir"
_WINRM = (
    "host port user pass password scheme path transport kinit_mode kinit_cmd kinit_args kinit_env_vars "
    "connection_timeout operation_timeout_sec read_timeout_sec server_cert_validation ca_trust_path cert_pem "
    "cert_key_pem realm message_encryption kerberos_delegation kerberos_hostname_override send_cbt service codepage "
    "proxy"
)
_PSRP = (
    "host port user password protocol path auth cert_validation ca_cert connection_timeout read_timeout "
    "message_encryption proxy ignore_proxy operation_timeout max_envelope_size configuration_name reconnection_retries "
    "reconnection_backoff certificate_key_pem certificate_pem credssp_auth_mechanism credssp_disable_tlsv1_2 "
    "credssp_minimum_version negotiate_delegate negotiate_hostname_override negotiate_send_cbt negotiate_service"
)
_BECOME = "become become_user become_method become_password become_pass become_flags become_exe"
_SHELL = (
    "shell_type shell_executable remote_tmp async_dir system_tmpdirs admin_users common_remote_group "
    "shell_allow_world_readable_temp world_readable_temp executable remote_temp set_module_language no_target_syslog"
)
_NETWORK = (
    "network_context "  # our own
    "network_os network_cli_ssh_type network_import_modules network_single_user_mode persistent_command_timeout "
    "persistent_connect_timeout persistent_buffer_read_timeout persistent_log_messages command_timeout connect_timeout "
    "buffer_read_timeout connect_retries terminal_prompt_checkall terminal_stdout_re terminal_stderr_re "
    "terminal_initial_prompt terminal_initial_answer terminal_inital_prompt_newline httpapi_port httpapi_use_ssl "
    "httpapi_validate_certs httpapi_use_proxy netconf_ssh_config ios_commit_confirm_immediate "
    "ios_commit_confirm_timeout libssh_password_prompt libssh_publickey_algorithms libssh_proxy_command "
    "paramiko_host_key_checking "
    "paramiko_proxy_command paramiko_look_for_keys paramiko_record_host_keys paramiko_use_rsa_sha2_algorithms"
)
_OTHERS = (
    "python_interpreter perl_interpreter ruby_interpreter interpreter_python_fallback group_priority pipelining facts "
    "facts_parallel gather_facts_parallel host_name inventory_sources version check_mode diff_mode forks limit "
    "verbosity play_name play_hosts play_batch play_hosts_all play_role_names run_tags skip_tags playbook_python "
    "config_file collection_name role_name role_names parent_role_names parent_role_paths dependent_role_names loop "
    "loop_var index_var search_path local ssh_user delegated_vars job_timeout task_timeout become_allow_same_user "
    "cache_plugin ignore_unreachable no_log libssh_config_file aws_ssm_bucket_name docker_extra_args"
)


def _names(prefix: str, names: str) -> set[str]:
    return {f"ansible_{prefix}{name}" for name in names.split()}


KNOWN_VARIABLES: frozenset[str] = frozenset(
    _names("", f"{_CONNECTION} {_SCP_SFTP} {_BECOME} {_SHELL} {_NETWORK} {_OTHERS}")
    | _names("ssh_", _SSH)
    | _names("winrm_", _WINRM)
    | _names("psrp_", _PSRP)
)

_UNHEEDED = {
    "ansible_become": "commands run as ansible_user, so that must be an administrator",
    "ansible_ssh_pkcs11_provider": "load the token's key into the agent",
    "ansible_ssh_executable": "no ssh program is started",
}
_TRUE = {"yes", "on", "1", "true", "t", "y"}
_FALSE = {"no", "off", "0", "false", "f", "n"}


@dataclass(frozen=True, slots=True)
class Reading:
    """
    The variables of one host, each asked for by all its names, the strongest last (as in Ansible's plug-ins).

    All methods raise `UsageError` that names host, variable, value, and what would be allowed.
    """

    host: str
    variables: Mapping[str, Any]

    def found(self, *names: str) -> tuple[str, Any] | None:
        """The strongest of these variables that has a value, with its name."""
        for name in reversed(names):
            value = self.variables.get(name)
            if value is not None and value != "":
                return name, value
        return None

    def text(self, *names: str) -> str | None:
        found = self.found(*names)
        if found is None:
            return None
        name, value = found
        # INI inventories turn digits into numbers, and a password may well be made of digits.
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise self.wrong(name, value, "text")
        return value

    def choice(self, allowed: Collection[str], *names: str) -> str | None:
        text = self.text(*names)
        if text is None or text.lower() in allowed:
            return text.lower() if text else None
        name = (self.found(*names) or ("", None))[0]
        raise self.wrong(name, text, " or ".join(sorted(allowed)))

    def integer(self, low: int, high: int, *names: str) -> int | None:
        found = self.found(*names)
        if found is None:
            return None
        name, value = found
        number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise self.wrong(name, value, f"a whole number from {low} to {high}")
        return number

    def boolean(self, *names: str) -> bool | None:
        found = self.found(*names)
        if found is None:
            return None
        name, value = found
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word not in _TRUE | _FALSE:
            raise self.wrong(name, value, "true or false")
        return word in _TRUE

    def address(self, *names: str) -> str:
        """Where the host is: by these variables, or by its name; IPv6 addresses without brackets."""
        told = self.text(*names) or self.host
        bare = told[1:-1] if told.startswith("[") and told.endswith("]") else told
        if not bare or any(letter.isspace() or letter in "/@\\" for letter in bare) or not bare.isascii():
            raise self.wrong("ansible_host", told, "a host name or an address")
        return bare

    def unheeded(self, heeded: Collection[str] = ()) -> tuple[str, ...]:
        """Warnings of what Ansible would do and is not done here, where somebody asked for it."""
        return tuple(
            f"{self.host}: {name} is not honoured: {advice}"
            for name, advice in _UNHEEDED.items()
            if name not in heeded and self._asked(name)
        )

    def _asked(self, name: str) -> bool:
        value = self.variables.get(name)
        return value not in (None, "", False) and str(value).strip().lower() not in _FALSE

    def wrong(self, name: str, value: Any, allowed: str) -> UsageError:
        shown = "that value" if "pass" in name else repr(value)
        return UsageError(f"{self.host}: {name} cannot be {shown}: it must be {allowed}")
