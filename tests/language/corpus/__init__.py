"""Inventories, features and oddities, that we and Ansible read side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """
    Files by their paths, and the sources given with ``-i``; ``run`` are executable.

    Where we differ on purpose, ``differs`` is the heading of the reason in docs/inventory.md, and either ``error`` is
    what our message says or ``ours`` is what we give: variables of hosts.
    """

    files: dict[str, str | bytes]
    sources: tuple[str, ...] = ("hosts",)
    run: tuple[str, ...] = ()
    differs: str = ""
    error: str = ""
    ours: dict[str, dict[str, object]] | None = None
    warning: str = ""
    patterns: tuple[str, ...] = field(default=())

    def put(self, folder: Path) -> None:
        folder.mkdir()
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        for name in self.run:
            (folder / name).chmod(0o755)
