"""
Values that a file does not show: ``!vault`` texts and ``!secret`` references. Opened only when they are used, and once.

The `Keyring` in use knows the vault passwords, and what was opened so far. A value keeps the one it was read under, so
that it can be opened in any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from remediators.language.secret_sources import fetch, of_file
from remediators.language.vault import Envelope, VaultFault, WrongPassword, decrypt, is_vault, read_envelope
from remediators.language.vault_passwords import Password
from remediators.model.secrecy import MASK, KnownSecrets, Secret

_GIVE = "--vault-id ID@FILE, --vault-password-file FILE, or -J to be asked"
OUTSIDE = "what stands outside the files"


class Keyring:
    """
    Vault passwords in the order in which they are tried, and what was opened with them so far.

    ``foreign`` lets playbooks, too, refer to secrets outside the files; else only the inventory and the command line
    may.
    """

    def __init__(self, passwords: tuple[Password, ...] = (), *, foreign: bool = False) -> None:
        self.passwords = passwords
        self.foreign = foreign
        self._opened: dict[Any, str] = {}
        self._opening = threading.RLock()

    def unlocked(self, text: str) -> str:
        """The text in a vault text. Raises `VaultFault`."""
        with self._opening:
            if text not in self._opened:
                envelope = read_envelope(text)
                try:
                    self._opened[text] = self._decrypted(envelope).decode("utf-8")
                except UnicodeDecodeError as error:
                    raise VaultFault("holds what is not UTF-8 text") from error
            return self._opened[text]

    def once(self, key: Any, make: Callable[[], str]) -> str:
        """What stands outside the files, fetched once."""
        with self._opening:
            if key not in self._opened:
                self._opened[key] = make()
            return self._opened[key]

    def fitting(self, envelope: Envelope) -> tuple[Password, bytes]:
        """The password that opens an envelope, and what was in it: of its own id first, then any. `VaultFault`."""
        faults: list[VaultFault] = []
        tried: list[Password] = []
        for password in sorted(self.passwords, key=lambda one: one.label != envelope.label):
            try:
                secret = password.read()
                known().learn(secret.decode("utf-8", "replace"))
                return password, decrypt(envelope, secret)
            except WrongPassword:
                tried.append(password)
            except VaultFault as fault:
                faults.append(fault)
        raise self._none_fits(envelope, faults, tried)

    def _decrypted(self, envelope: Envelope) -> bytes:
        return self.fitting(envelope)[1]

    def _none_fits(self, envelope: Envelope, faults: list[VaultFault], tried: list[Password]) -> VaultFault:
        who = f" ({envelope.who})"
        if faults:
            return VaultFault(f"is encrypted{who}, and {faults[0].what}", faults[0].hint)
        if not tried:
            return VaultFault(f"is encrypted{who}, and no vault password was given", _GIVE)
        own = [password for password in tried if password.label == envelope.label]
        if envelope.label and not own:
            ids = ", ".join(dict.fromkeys(repr(password.label) for password in tried))
            what = f"is encrypted{who}; passwords were given for {ids}, and none of them opens it"
            return VaultFault(what, f"--vault-id {envelope.label}@FILE")
        sources = ", ".join(dict.fromkeys(password.source for password in own or tried))
        return VaultFault(f"is encrypted{who}, and the password from {sources} does not open it: it is another one, or the text was damaged")  # fmt: skip  # noqa: E501


@dataclass(slots=True)
class _Reading:
    """How files are read: there is one at a time, whatever thread fills in a template."""

    make: Callable[[], Keyring]
    keyring: Keyring | None = None
    offline: bool = False
    known: KnownSecrets = field(default_factory=KnownSecrets)
    making: threading.Lock = field(default_factory=threading.Lock)


_READING = [_Reading(Keyring)]


def current() -> Keyring:
    """The keyring that files are read with just now; it is made when something hidden is met for the first time."""
    reading = _READING[-1]
    with reading.making:
        if reading.keyring is None:
            reading.keyring = reading.make()
        return reading.keyring


def known() -> KnownSecrets:
    """Every secret that was opened so far."""
    return _READING[-1].known


def read_with(make: Callable[[], Keyring]) -> None:
    """From now on files are read with the keyring that this makes when it is needed."""
    _READING[-1].make, _READING[-1].keyring = make, None


def stay_offline(*, offline: bool) -> None:
    """Where nothing is contacted, nothing is fetched, and a value that no password was given for counts as opened."""
    _READING[-1].offline = offline


def is_offline() -> bool:
    return _READING[-1].offline


@contextmanager
def reading_with(keyring: Keyring, *, offline: bool = False) -> Iterator[Keyring]:
    """Read files with this keyring while it lasts, and know no secrets of before."""
    _READING.append(_Reading(lambda: keyring, offline=offline))
    try:
        yield keyring
    finally:
        _READING.pop()


class Hidden:
    """A value that the file it stands in does not show."""

    __slots__ = ()

    def open(self, *, own: bool, folder: str) -> Secret:
        """
        The value. ``own`` says whether the operator wrote the reference, ``folder`` where its file is.

        Raises `VaultFault`.
        """
        raise VaultFault("cannot be opened")


@dataclass(frozen=True, slots=True)
class Sealed(Hidden):
    """An inline ``!vault`` text."""

    text: str = field(repr=False)
    keys: Keyring = field(repr=False, compare=False)

    def open(self, *, own: bool, folder: str) -> Secret:
        if is_offline() and not self.keys.passwords:
            return Secret(MASK)
        found = Secret(self.keys.unlocked(self.text))
        known().learn(found)
        return found


@dataclass(frozen=True, slots=True)
class Referred(Hidden):
    """A ``!secret`` reference to what stands outside the files."""

    kind: str
    options: tuple[tuple[str, Any], ...]
    keys: Keyring = field(repr=False, compare=False)

    def open(self, *, own: bool, folder: str) -> Secret:
        found = Secret(fetched(self.keys, self.kind, dict(self.options), own=own, folder=folder))
        if not is_offline():
            known().learn(found)
        return found


def fetched(keys: Keyring, kind: str, options: Mapping[str, Any], *, own: bool, folder: str) -> str:
    """What a reference means. Raises `VaultFault`, also where a playbook may not refer to it."""
    if not own and not keys.foreign:
        what = f"{kind}: a playbook may not refer to {OUTSIDE}, and this is not written in your inventory"
        raise VaultFault(what, "put it into a variable of the inventory, or set playbook_secrets = true")
    if is_offline():
        return MASK
    key = (kind, repr(sorted(options.items())), folder if kind == "file" else "")
    if kind == "file":
        return keys.once(key, lambda: _of_file(keys, options, folder))
    return keys.once(key, lambda: fetch(kind, options))


def _of_file(keys: Keyring, options: Mapping[str, Any], folder: str) -> str:
    """A file's text, which may be a vault file."""
    text = of_file(options, folder)
    return keys.unlocked(text).rstrip("\r\n") if is_vault(text) else text


def has_hidden(value: Any) -> bool:
    """Whether there is something hidden anywhere in a value."""
    if isinstance(value, dict):
        return any(map(has_hidden, value.values()))
    if isinstance(value, list):
        return any(map(has_hidden, value))
    return isinstance(value, Hidden)
