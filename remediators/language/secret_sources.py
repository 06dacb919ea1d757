"""
Secrets that stand outside the files: ``!secret`` references, what they may say, and how they are fetched.

``KIND:REST`` or a mapping with one kind in it. Every fault is one sentence that never quotes a secret.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from remediators.language.problems import did_you_mean
from remediators.language.programs import run, seconds_allowed
from remediators.language.vault import VaultFault

LARGEST = 1_000_000

# kind -> its options besides its own value
KINDS: Mapping[str, frozenset[str]] = {
    "env": frozenset(),
    "file": frozenset(),
    "command": frozenset({"line"}),
    "pass": frozenset(),
    "gopass": frozenset(),
    "keyring": frozenset({"user"}),
    "hashi_vault": frozenset({"field", "engine", "url", "namespace"}),
}
_WRITE = "write !secret env:NAME, file:PATH, command:WORDS, pass:NAME, gopass:NAME, keyring:SERVICE/USER or hashi_vault:PATH#FIELD"  # fmt: skip  # noqa: E501


def read_reference(value: Any) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """A reference as its kind and its options; its own value stands under the kind. Raises `VaultFault`."""
    if isinstance(value, str):
        kind, colon, rest = value.partition(":")
        if not colon or not rest.strip():
            raise VaultFault("this is no reference to a secret", _WRITE)
        value = {kind.strip(): rest.strip()}
    if not isinstance(value, dict):
        raise VaultFault("this is no reference to a secret", _WRITE)
    named = [kind for kind in KINDS if kind in value]
    if len(named) != 1:
        wrong = next(iter(value), "")
        near = "" if named else did_you_mean(str(wrong), KINDS)
        raise VaultFault(f"a secret comes from one of {', '.join(KINDS)}" + ("" if named else f", not {wrong!r}"), near)
    return named[0], _checked(named[0], value)


def _checked(kind: str, value: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    for name in value.keys() - {kind}:
        if name not in KINDS[kind]:
            known = ", ".join(sorted(KINDS[kind])) or "none"
            raise VaultFault(f"{kind} has no option {name!r} (options: {known})", did_you_mean(name, KINDS[kind]))
    own = value[kind]
    fits = isinstance(own, str) or (
        kind == "command" and isinstance(own, list) and all(isinstance(w, str) for w in own)
    )
    if not fits or not own:
        raise VaultFault(f"{kind} must be {'text or a list of words' if kind == 'command' else 'text'}")
    frozen = {name: tuple(part) if isinstance(part, list) else part for name, part in value.items()}
    return tuple(sorted(frozen.items()))


def fetch(kind: str, options: Mapping[str, Any]) -> str:
    """Fetch a secret. Raises `VaultFault`."""
    sources: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
        "env": _of_environment,
        "command": _of_command,
        "pass": lambda o: _first_line(_printed(["pass", "show", o["pass"]])),
        "gopass": lambda o: _first_line(_printed(["gopass", "show", "-o", o["gopass"]])),
        "keyring": _of_keyring,
        "hashi_vault": _of_hashi_vault,
    }
    found = sources[kind](options)
    if not found:
        raise VaultFault(f"{kind}: the secret is empty")
    return found


def _of_environment(options: Mapping[str, Any]) -> str:
    name = options["env"]
    if name not in os.environ:
        raise VaultFault(f"env: the environment has no variable {name!r}", did_you_mean(name, os.environ))
    return os.environ[name]


def of_file(options: Mapping[str, Any], folder: str) -> str:
    """The text of a file without the line ends at its end; a relative path is meant from ``folder``. `VaultFault`."""
    path = Path(folder) / Path(options["file"]).expanduser()
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
        text = raw.decode("utf-8").rstrip("\r\n")
    except IsADirectoryError as error:
        raise VaultFault(f"file: {path} is a folder") from error
    except OSError as error:
        raise VaultFault(f"file: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise VaultFault(f"file: {path} is not UTF-8 text") from error
    if len(raw) > LARGEST or not text:
        raise VaultFault(f"file: {path} is {'empty' if raw[:1] <= b' ' else 'larger than a secret may be'}")
    return text


def words_of(command: str | Sequence[str]) -> list[str]:
    """A command as the words it is made of; no shell reads it. Raises `VaultFault`."""
    if not isinstance(command, str):
        return list(command)
    try:
        return shlex.split(command)
    except ValueError as error:
        raise VaultFault(f"command: its quotes do not match ({error})") from error


def _of_command(options: Mapping[str, Any]) -> str:
    text = _printed(words_of(options["command"]))
    line = options.get("line")
    if line is None:
        return text
    lines = text.splitlines()
    if not isinstance(line, int) or not 0 < line <= len(lines):
        raise VaultFault(f"command: it printed {len(lines)} lines, and there is no line {line}")
    return lines[line - 1]


def _printed(words: Sequence[str]) -> str:
    who = f"the command {words[0]!r}" if words else "an empty command"
    printed = run(words, who)
    if printed.code:
        said = f": {printed.complaint}" if printed.complaint else ""
        raise VaultFault(f"{who} ended with {printed.code}{said}")
    try:
        return printed.out.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise VaultFault(f"{who} printed what is not UTF-8 text") from error


def _first_line(text: str) -> str:
    """A password store keeps the password in the first line of an entry."""
    return text.split("\n", 1)[0].rstrip("\r")


def _of_keyring(options: Mapping[str, Any]) -> str:
    service, slash, user = str(options["keyring"]).rpartition("/")
    if "user" in options:
        service, slash, user = str(options["keyring"]), "/", str(options["user"])
    if not slash or not service or not user:
        raise VaultFault("keyring: it names no user", "write keyring:SERVICE/USER")
    try:
        import keyring  # noqa: PLC0415 - an extra
        import keyring.errors  # noqa: PLC0415
    except ImportError as error:
        raise VaultFault(
            "keyring: the package keyring is not installed", "pip install 'remediators[keyring]'"
        ) from error
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise VaultFault(f"keyring: {_said(error)}") from error
    if found is None:
        raise VaultFault(f"keyring: there is no password of {user!r} for {service!r}")
    return found


def _of_hashi_vault(options: Mapping[str, Any]) -> str:
    path, _, name = str(options["hashi_vault"]).partition("#")
    name = str(options.get("field", name))
    mount, slash, inside = path.strip("/").partition("/")
    if not slash or not name:
        raise VaultFault("hashi_vault: it names no field of a secret", "write hashi_vault:MOUNT/PATH#FIELD")
    data = _hashi_data(options, mount, inside)
    if name not in data:
        raise VaultFault(f"hashi_vault: {path} has no field {name!r}", did_you_mean(name, data))
    return str(data[name])


def _hashi_data(options: Mapping[str, Any], mount: str, path: str) -> Mapping[str, Any]:
    try:
        import hvac  # noqa: PLC0415 - an extra
        import requests  # noqa: PLC0415
    except ImportError as error:
        raise VaultFault(
            "hashi_vault: the package hvac is not installed", "pip install 'remediators[hashi]'"
        ) from error
    url = options.get("url") or os.environ.get("VAULT_ADDR")
    if not url:
        raise VaultFault("hashi_vault: no address", "set VAULT_ADDR")
    client = hvac.Client(
        url=url, token=_token(), namespace=options.get("namespace"), timeout=seconds_allowed(), verify=_authorities()
    )
    try:
        if options.get("engine", 2) == 1:
            found = client.secrets.kv.v1.read_secret(path=path, mount_point=mount)["data"]
        else:
            read = client.secrets.kv.v2.read_secret_version
            found = read(path=path.removeprefix("data/"), mount_point=mount, raise_on_deleted_version=True)["data"][
                "data"
            ]
    except hvac.exceptions.InvalidPath as error:
        raise VaultFault(f"hashi_vault: there is no secret {mount}/{path}") from error
    except hvac.exceptions.Forbidden as error:
        raise VaultFault(
            f"hashi_vault: {url} does not let this token read {mount}/{path}", "see VAULT_TOKEN"
        ) from error
    except (hvac.exceptions.VaultError, requests.RequestException, KeyError, TypeError, ValueError) as error:
        raise VaultFault(f"hashi_vault: {url} did not give {mount}/{path}: {_said(error)}") from error
    return dict(found)


def _token() -> str:
    """As the ``vault`` program finds it."""
    if os.environ.get("VAULT_TOKEN"):
        return os.environ["VAULT_TOKEN"]
    try:
        return Path("~/.vault-token").expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise VaultFault("hashi_vault: no token", "set VAULT_TOKEN, or log in with vault login") from error


def _authorities() -> str | bool:
    return os.environ.get("VAULT_CACERT") or True


def _said(error: Exception) -> str:
    """The kind of an error, and its first words: those of a library may be long, and never hold a secret."""
    words = " ".join(str(error).split())[:120]
    return f"{type(error).__name__} ({words})" if words else type(error).__name__
