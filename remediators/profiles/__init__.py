"""
Data about vendors' products: one YAML file each, every datum with its source and whether it is verified.

``profile product for`` name it; ``detect`` is a list of keys (with a ``value`` where the key alone proves nothing);
``managed`` names the value that holds the managing server; ``settings`` are the registry values with their data when
``disabled`` and ``enabled``; ``missing`` says what is not known and where to find it; ``services``, ``notes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from remediators.model import UsageError


def packaged() -> dict[str, Mapping[str, Any]]:
    """The profiles that come with the package, by name."""
    files = (entry for entry in resources.files(__package__).iterdir() if entry.name.endswith(".yml"))
    return _by_name((entry.name, entry.read_text(encoding="utf-8")) for entry in files)


def read(folder: Path) -> dict[str, Mapping[str, Any]]:
    """An operator's own profiles, from the ``profiles`` folder beside her playbooks. Raises `UsageError`."""
    if not folder.is_dir():
        return {}
    files = sorted(folder.glob("*.y*ml"))
    return _by_name((str(path), path.read_text(encoding="utf-8")) for path in files)


def _by_name(files: Iterable[tuple[str, str]]) -> dict[str, Mapping[str, Any]]:
    return {str(data["profile"]): data for where, text in files for data in [_load(where, text)]}


def _load(where: str, text: str) -> Mapping[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{where}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict) or not isinstance(data.get("profile"), str):
        raise UsageError(f"{where}: a profile is a mapping with its name under `profile`")
    return data
