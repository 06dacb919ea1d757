"""Labs that tell a story: fleets in which something known is wrong, by name, such as ``kb919091/cause1+cause4``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from remediators.lab.inventory import Fleet
from remediators.lab.scenarios import kb919091
from remediators.lab.serve import Lab

_STORIES: Final = {"kb919091": kb919091}


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    A fleet with what is wrong in it.

    ``causes`` are the article's numbers that truly hold, ``at`` the host at fault for each of them, ``routes`` the
    pairs of sender and receiver between which mail is stuck (all of ``pairs`` are the pairs that there are).
    ``data`` are the group variables and ``profiles`` the profiles that an operator would have to supply; every bit of
    them is invented for the lab.
    """

    name: str
    fleet: Fleet
    causes: tuple[int, ...]
    at: Mapping[int, str]
    routes: Sequence[tuple[str, str]]
    pairs: Sequence[tuple[str, str]]
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def lab(self, folder: Path | None = None, ports: Literal["fixed", "free"] = "free") -> Lab:
        """A lab of this fleet, not started yet. Hosts have addresses of their own with free ports, too."""
        return Lab(self.fleet, ports=ports, folder=folder)

    def write(self, lab: Lab, folder: Path, *, data: bool = True) -> Path:
        """
        Write the running lab's inventory into a folder, and give its path.

        With ``data`` the operator's data goes into it, and ``profiles/`` beside it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = lab.write_inventory(folder / "inventory.yml")
        if data:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            for group, variables in self.data.items():
                document["all"]["children"][group]["vars"] = dict(variables)
            path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
            for name, profile in self.profiles.items():
                _write(folder / "profiles" / f"{name}.yml", profile)
        return path


def find(name: str) -> Scenario:
    """
    The scenario of a name: a story, a slash, and its parts joined by plus signs.

    Raises ValueError that lists what there is.
    """
    story, _, parts = name.partition("/")
    if story not in _STORIES or not parts:
        raise ValueError(f"no such scenario: {name!r}; there are {', '.join(names())}")
    found = _STORIES[story].build(parts.split("+"))
    return Scenario(name=name, **found)


def names() -> list[str]:
    """Every scenario that has a name of its own: healthy, each cause, each pair of causes, all, and the variants."""
    return [f"{story}/{one}" for story, module in _STORIES.items() for one in module.names()]


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
