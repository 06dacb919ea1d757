"""The vault passwords of a command: from its flags, the configuration, and Ansible's variables of the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from remediators.language.hidden import Keyring
from remediators.language.vault import DEFAULT_ID, VaultFault
from remediators.language.vault_passwords import Password, known_password, password_of
from remediators.model import UsageError

KEY_FILE = "vault.key"
OWN_ID = "remediate"  # the vault id of what this tool encrypts itself


def keyring_of(ctx: click.Context) -> Keyring:
    """
    The keyring of a command, made when something encrypted is met. Prompts are asked now, before any thread runs.

    Raises `UsageError` where somebody must be asked and nobody is there.
    """
    passwords = [*passwords_of(ctx), *_own(ctx)]
    return Keyring(tuple(passwords), foreign=bool(ctx.meta.get("remediators.playbook_secrets")))


def passwords_of(ctx: click.Context) -> list[Password]:
    """
    Passwords in the order in which Ansible tries them.

    The list of identities, ``--vault-id``, ``--vault-password-file``, the variable for a file, and at last a prompt.
    """
    passwords = [password_of(slug, ask) for slug in _slugs(ctx)]
    for password in passwords:
        if password.source == "a prompt":
            _read(password)
    return passwords


def _slugs(ctx: click.Context) -> Iterator[str]:
    listed = os.environ.get("ANSIBLE_VAULT_IDENTITY_LIST", "")
    yield from (slug.strip() for slug in listed.split(",") if slug.strip())
    yield from ctx.meta.get("remediators.vault_id") or ()
    files = [*(ctx.meta.get("remediators.vault_password_file") or ())]
    for name in ("REMEDIATE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE"):
        files += [os.environ[name]] if os.environ.get(name) else []
    yield from (f"{DEFAULT_ID}@{file}" for file in files)
    if ctx.meta.get("remediators.ask_vault_password"):
        yield f"{DEFAULT_ID}@prompt_ask_vault_pass"


def _read(password: Password) -> None:
    try:
        password.read()
    except VaultFault as fault:
        raise UsageError(fault.what) from fault


def ask(words: str, *, twice: bool = False) -> str:
    """Ask for a password at the terminal. Raises `UsageError` where there is none."""
    if not _somebody_is_there():
        raise UsageError(f"{words}: there is no terminal to ask on; give a password file")
    try:
        typed: str = click.prompt(words, hide_input=True, err=True, confirmation_prompt=twice)
    except (click.Abort, EOFError) as error:
        raise UsageError(f"{words}: nothing was typed") from error
    return typed


def _somebody_is_there() -> bool:
    if sys.stdin.isatty():
        return True
    try:
        with Path("/dev/tty").open("rb"):
            return True
    except OSError:
        return False


def _own(ctx: click.Context) -> Iterator[Password]:
    """The key of the state directory, which rollback playbooks are encrypted with."""
    state = ctx.params.get("state_dir") or os.environ.get("REMEDIATE_STATE_DIR") or ctx.lookup_default("state_dir")
    path = Path(state or ".remediate") / KEY_FILE
    if path.is_file():
        yield password_of(f"{OWN_ID}@{path}", ask)


def key_of_state(password: str) -> Password:
    """The key of a state directory as a vault password."""
    return known_password(OWN_ID, KEY_FILE, password.encode("ascii"))
