"""Defaults of options: ``remediate.toml`` or ``[tool.remediate]`` in ``pyproject.toml``; flags and REMEDIATE_* win."""

from __future__ import annotations

import difflib
import stat
import tomllib
from pathlib import Path
from typing import Any

import click

from remediators.model import UsageError

_TEXT, _NUMBER, _PATHS, _TRUTH = "text", "a whole number", "a path or a list of paths", "true or false"
_TEXTS = "a list of texts"

# parameter of the commands, spelled so in the file too -> what its value must be
KEYS = {
    "inventory": _PATHS,
    "forks": _NUMBER,
    "state_dir": _TEXT,
    "timeout": _NUMBER,
    "user": _TEXT,
    "color": _TEXT,
    "output": _TEXT,
    "freeze": _PATHS,  # calendars
    "vault_id": _PATHS,
    "vault_password_file": _PATHS,
    "ask_vault_password": _TRUTH,
    "playbook_secrets": _TRUTH,
    "approvals": _NUMBER,  # how many a plan needs
    "approvers": _TEXTS,  # whose count: ssh-ed25519 KEY NAME
}


def defaults(config: str | None) -> dict[str, Any]:
    """Read the first configuration file there is. Raises `UsageError` where it cannot be read or makes no sense."""
    path, table = _find(config)
    return {name: _checked(path, name, value) for name, value in table.items()}


def _checked(path: Path, name: str, value: Any) -> Any:
    if name not in KEYS:
        near = difflib.get_close_matches(name, KEYS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(KEYS)}"
        raise UsageError(f"{path}: unknown setting {name!r} ({hint})")
    wanted = KEYS[name]
    if wanted is _PATHS and isinstance(value, str):
        return [value]
    fits = {
        _TEXT: isinstance(value, str),
        _TRUTH: isinstance(value, bool),
        _NUMBER: isinstance(value, int) and not isinstance(value, bool),
        _PATHS: isinstance(value, list) and all(isinstance(part, str) for part in value),
        _TEXTS: isinstance(value, list) and all(isinstance(part, str) for part in value),
    }
    if not fits[wanted]:
        raise UsageError(f"{path}: {name} must be {wanted}")
    return value


def _find(config: str | None) -> tuple[Path, dict[str, Any]]:
    for path in [Path(config)] if config else [Path("remediate.toml"), Path("pyproject.toml")]:
        if not config and path.is_file() and (whose := _open_to_anybody(path)):
            _ignore(path, whose)
        elif config or path.is_file():
            document = _read(path)
            if path.name != "pyproject.toml":
                return path, document
            if "remediate" in document.get("tool", {}):
                return path, document["tool"]["remediate"]
    return Path("remediate.toml"), {}


def _open_to_anybody(path: Path) -> Path | None:
    """The file or its folder, where anybody may write to it: so anybody could choose inventories and users for us."""
    for place in (path, path.absolute().parent):
        if place.stat().st_mode & stat.S_IWOTH:
            return place
    return None


def _ignore(path: Path, whose: Path) -> None:
    """Warn as Ansible does of an ansible.cfg in such a folder."""
    what = f"{path}: is not read, because anybody may write to {whose} (chmod o-w {whose}, or name it with --config)"
    click.echo(f"warning: {what}", err=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8: byte 0x{error.object[error.start]:02x}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from error
