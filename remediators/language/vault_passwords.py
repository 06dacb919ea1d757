"""Where vault passwords come from: files, scripts and prompts, each with the vault id that it is for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remediators.language.programs import run
from remediators.language.vault import DEFAULT_ID, VaultFault

PROMPTS = frozenset({"prompt", "prompt_ask_vault_pass"})
_UNKNOWN_ID = 2  # what a client script ends with where it has no password for an id: ClientScriptVaultSecret of Ansible

Ask = Callable[[str], str]


@dataclass(slots=True)
class Password:
    """A vault password that is fetched when it is first needed. ``source`` says where from, for messages."""

    label: str
    source: str
    fetch: Callable[[], bytes] = field(repr=False)
    _found: bytes | None = field(default=None, repr=False)
    _fault: VaultFault | None = field(default=None, repr=False)
    _once: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def read(self) -> bytes:
        """The password. Raises `VaultFault`, the same one each time."""
        with self._once:
            if self._found is None and self._fault is None:
                try:
                    self._found = self.fetch()
                except VaultFault as fault:
                    self._fault = fault
        if self._fault is not None:
            raise self._fault
        return self._found or b""


def password_of(slug: str, ask: Ask) -> Password:
    """
    The password that ``ID@SOURCE`` or ``SOURCE`` names, as Ansible reads it.

    ``SOURCE`` is ``prompt``, a file, or a script, which is a file that may be executed.
    """
    label, at, source = slug.partition("@")
    if not at:
        label, source = DEFAULT_ID, slug
    label = label or DEFAULT_ID
    if source in PROMPTS:
        words = "Vault password" if source == "prompt_ask_vault_pass" else f"Vault password ({label})"
        return Password(label, "a prompt", lambda: _asked(ask, words))
    path = Path(os.path.expandvars(source)).expanduser()
    return Password(label, source, lambda: _of_file(path, label))


def passwords_of(slugs: Iterable[str], ask: Ask) -> tuple[Password, ...]:
    """Passwords in the order in which they are tried."""
    return tuple(password_of(slug, ask) for slug in slugs)


def known_password(label: str, source: str, password: bytes) -> Password:
    """A password that is there already."""
    return Password(label, source, lambda: password)


def _asked(ask: Ask, words: str) -> bytes:
    password = ask(words).strip().encode("utf-8", "surrogateescape")
    if not password:
        raise VaultFault("no vault password was typed")
    return password


def _of_file(path: Path, label: str) -> bytes:
    """Read a password file, or run it where it may be executed. Raises `VaultFault`."""
    who = f"the vault password file {path}"
    try:
        if path.is_dir():
            raise VaultFault(f"{who} is a folder", "name the file in it")
        if not path.exists():
            raise VaultFault(f"{who} is not there")
        if path.is_file() and os.access(path, os.X_OK):
            return _of_script(path, label)
        with path.open("rb") as stream:
            password = stream.read(1 << 16).strip()
    except OSError as error:
        raise VaultFault(f"{who} cannot be read: {error.strerror}") from error
    if password.startswith(b"$ANSIBLE_VAULT;"):
        raise VaultFault(f"{who} is itself encrypted", "give a file with the password, or a script that prints it")
    if not password:
        raise VaultFault(f"{who} is empty")
    return password


def _of_script(path: Path, label: str) -> bytes:
    who = f"the vault password script {path}"
    is_client = path.stem.endswith("-client")
    arguments: Sequence[str] = [str(path.absolute()), *(["--vault-id", label] if is_client else [])]
    printed = run(arguments, who, complaints=is_client)
    if printed.code == _UNKNOWN_ID and is_client:
        raise VaultFault(f"{who} has no password for vault id {label!r}{_said(printed.complaint)}")
    if printed.code:
        raise VaultFault(f"{who} ended with {printed.code}{_said(printed.complaint)}")
    password = printed.out.strip(b"\r\n")
    if not password.strip():
        raise VaultFault(f"{who} printed no password")
    return password


def _said(complaint: str) -> str:
    return f": {complaint}" if complaint else ""
