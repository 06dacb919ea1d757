"""The keys of plays and tasks: those that work, and those of Ansible that do not, with the other way if any."""

from __future__ import annotations

from collections.abc import Collection, Mapping

PLAY_KEYS = (
    "name",
    "hosts",
    "vars",
    "vars_files",
    "tags",
    "serial",
    "order",
    "canary",
    "soak",
    "max_fail_percentage",
    "any_errors_fatal",
    "throttle",
    "never_together",
    "window",
    "tasks",
    "handlers",
)
TASK_KEYS = (
    "name",
    "when",
    "loop",
    "tags",
    "notify",
    "vars",
    "ignore_errors",
    "verify",
    "on_verify_failure",
    "guard",
    "cause",
    "sensitive",
    "allow_unverified",
    "run_once",
    "throttle",
    "loop_control",
)
HANDLER_KEYS = tuple(
    key for key in TASK_KEYS if key not in ("notify", "tags", "run_once", "on_verify_failure", "guard")
)
INCLUDE_KEYS = (
    "name",
    "when",
    "tags",
    "notify",
    "vars",
    "ignore_errors",
    "cause",
    "sensitive",
    "allow_unverified",
    "run_once",
)
BLOCK_KEYS = (*INCLUDE_KEYS, "block")
IMPORT_KEYS = ("name", "when", "tags", "vars", "import_playbook")  # of one playbook by another

_NOT_YET = "is not supported yet"
_NEVER = "is not supported"

_LATER = (
    "allow_unarmed",
    "allow_lockout_risk",
    "save",
)
_OTHER_WAYS: Mapping[str, str] = {
    "register": "use facts in templates, and verify for what must be true afterwards",
    "changed_when": "what changes is read from the host; use verify for what must be true afterwards",
    "failed_when": "use verify",
    "until": "use verify",
    "retries": "use verify",
    "delay": "use verify",
    "no_log": "use sensitive: true",
    "gather_facts": "facts are read when a template names them",
    "gather_subset": "facts are read when a template names them",
    "gather_timeout": "facts are read when a template names them",
    "fact_path": "facts are read when a template names them",
    "become": "connect as a user with the needed rights: ansible_user",
    "become_user": "connect as a user with the needed rights: ansible_user",
    "become_method": "connect as a user with the needed rights: ansible_user",
    "become_flags": "connect as a user with the needed rights: ansible_user",
    "become_exe": "connect as a user with the needed rights: ansible_user",
    "remote_user": "set ansible_user in the inventory",
    "connection": "set ansible_connection in the inventory",
    "port": "set ansible_port in the inventory",
    "timeout": "use --timeout",
    "check_mode": "use remediate plan",
    "diff": "a plan always shows every change",
    "roles": "write the tasks into the play",
    "pre_tasks": "write them first under tasks",
    "post_tasks": "write them last under tasks",
    "include_role": "write the tasks into the play",
    "import_role": "write the tasks into the play",
    "include": "use include_tasks",
    "include_vars": "use vars_files",
    "set_fact": "use vars",
    "vars_prompt": "use --extra-vars",
    "delegate_to": "write a play for the other hosts",
    "local_action": "",
    "listen": "notify the handler by its name",
    "rescue": "a failed change is put back with remediate rollback, or by on_verify_failure: rollback",
    "always": "write the tasks behind the block",
    "environment": "",
    "collections": "",
    "module_defaults": "use vars",
    "args": "write the options under the remediator",
    "action": "write the remediator as the key",
    "strategy": "every host is worked on by itself",
    "force_handlers": "handlers always run where something changed",
    "ignore_unreachable": "an unreachable host never stops the others",
    "debugger": "",
    "async": "",
    "poll": "",
    "fail": "use when, or verify",
    "assert": "use verify",
    "meta": "",
    "debug": "use remediate plan, or remediate inventory",
    "pause": "use verify",
    "wait_for": "use verify",
    "with_items": "use loop",
    "with_list": "use loop",
    "with_dict": "use loop with the filter dict2items",
    "with_sequence": "use loop with range",
    "with_together": "use loop with the filter zip",
}
_MODULES: Mapping[str, str] = {
    "win_regedit": "registry",
    "win_reg_stat": "registry",
    "win_regmerge": "registry",
    "win_service": "service",
    "win_service_info": "service",
    "win_command": "command",
    "win_shell": "command",
    "win_powershell": "command",
    "win_iis_webbinding": "metabase",
    "win_iis_website": "metabase",
    "systemd": "service",
    "systemd_service": "service",
    "shell": "command",
    "raw": "command",
    "script": "command",
    "ios_command": "command",
    "asa_config": "ios_config",
    "cli_config": "ios_config",
}


def not_supported(key: str, remediators: Collection[str]) -> tuple[str, str] | None:
    """
    What to say of a key that is known and does not work here, and the other way; ``None`` where it is not known.

    A key with the full name of a module (``ansible.windows.win_regedit``) is known by its last part.
    """
    short = key.rpartition(".")[2]
    if key in _LATER:
        return f"{key!r} {_NOT_YET}", ""
    if short in _OTHER_WAYS or short.startswith("with_"):
        return f"{key!r} {_NEVER}", _OTHER_WAYS.get(short, "use loop")
    if short in _MODULES or short.startswith("win_") or short != key:
        way = _MODULES.get(short, short)
        return f"{key!r} is a module of Ansible and {_NEVER}", f"use {way}" if way in remediators else ""
    return None
