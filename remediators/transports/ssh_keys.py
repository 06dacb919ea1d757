"""Private keys: each file is read and unlocked once for all hosts (an RSA key costs 146 ms each time)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import paramiko
from paramiko.pkey import UnknownKeyType

from remediators.model import AuthenticationFailed, RemediationError, UsageError

USUAL_FILES = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")


class Keyring:
    """Loaded keys, and why others could not be loaded. Thread-safe; a second host waits for the first to load."""

    def __init__(self, load: Callable[[str, str | None], paramiko.PKey] | None = None) -> None:
        self._load = load or load_key
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str | None], paramiko.PKey | RemediationError] = {}

    def key(self, path: str, passphrase: str | None) -> paramiko.PKey:
        """
        The key in a file.

        Raises `UsageError` where the file cannot be used, `AuthenticationFailed` where it is locked.
        """
        with self._lock:
            found = self._kept.get((path, passphrase))
            if found is None:
                found = self._kept[path, passphrase] = self._loaded(path, passphrase)
        if isinstance(found, RemediationError):
            raise type(found)(found.message)
        return found

    def _loaded(self, path: str, passphrase: str | None) -> paramiko.PKey | RemediationError:
        try:
            return self._load(path, passphrase)
        except RemediationError as error:
            return error


def load_key(path: str, passphrase: str | None) -> paramiko.PKey:
    """Read a private key, in OpenSSH's or a PEM form. Raises as `Keyring.key`."""
    file = Path(path).expanduser()
    try:
        key = paramiko.PKey.from_path(file, cast("Any", passphrase.encode() if passphrase else None))
    except OSError as error:
        raise UsageError(f"ansible_ssh_private_key_file: {file}: {error.strerror or error}") from error
    except (paramiko.PasswordRequiredException, TypeError) as error:  # TypeError: encrypted, and no passphrase
        raise AuthenticationFailed(
            f"the private key {file} is encrypted: load it into the agent (ssh-add {file}), or give its passphrase as "
            "ansible_ssh_private_key_passphrase"
        ) from error
    except (paramiko.SSHException, UnknownKeyType, ValueError) as error:
        if passphrase:
            raise AuthenticationFailed(
                f"the private key {file} does not open with this passphrase ({error})"
            ) from error
        raise UsageError(
            f"ansible_ssh_private_key_file: {file} is no private key that can be used ({error})"
        ) from error
    return key


def usual_keys(ring: Keyring) -> Iterator[paramiko.PKey]:
    """The user's default keys, those that are there and not locked."""
    for path in USUAL_FILES:
        if Path(path).expanduser().exists():
            try:
                yield ring.key(path, None)
            except RemediationError:
                continue
