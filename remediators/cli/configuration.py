"""Defaults of options: ``remediate.toml`` or ``[tool.remediate]`` in ``pyproject.toml``; flags and REMEDIATE_* win."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from remediators.model import UsageError

# how a key is written in the file -> the parameter of the commands
KEYS = {
    "inventory": "inventory",
    "forks": "forks",
    "state_dir": "state_dir",
    "timeout": "timeout",
    "user": "user",
    "color": "color",
    "output": "output",
}


def defaults(config: str | None) -> dict[str, Any]:
    """Read the first configuration file there is. Raises `UsageError` where it cannot be read or knows unknown keys."""
    path, table = _find(config)
    unknown = sorted(set(table) - set(KEYS))
    if unknown:
        raise UsageError(f"{path}: unknown setting {unknown[0]!r} (known: {', '.join(KEYS)})")
    return {KEYS[name]: value for name, value in table.items()}


def _find(config: str | None) -> tuple[Path, dict[str, Any]]:
    for path in [Path(config)] if config else [Path("remediate.toml"), Path("pyproject.toml")]:
        if config or path.is_file():
            document = _read(path)
            if path.name != "pyproject.toml":
                return path, document
            if "remediate" in document.get("tool", {}):
                return path, document["tool"]["remediate"]
    return Path("remediate.toml"), {}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
