"""TOML inventories: ``[GROUP.hosts.NAME]``, ``[GROUP.vars]`` and ``[GROUP]`` with ``children = ["a"]``."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from typing import Any

from remediators.language.draft import Draft, Group, Layer
from remediators.language.problems import did_you_mean, kind_of
from remediators.language.source import LineDocument, Place

_KEYS = ("hosts", "children", "vars")
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_toml_inventory(document: LineDocument, draft: Draft) -> None:
    """Add what a TOML inventory says; what is wrong with it goes to the draft's problems."""
    try:
        tables = _plain(tomllib.loads(document.text))
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        line = int(at[1]) if at else max(1, len(document.text.splitlines()))
        what = f"is not TOML: {_AT.sub('', str(error)).strip().lower()}"
        draft.problems.add(Place(document, (line,)).problem("", what))
        return
    except RecursionError:
        draft.problems.add(Place(document, (1,)).problem("", "is nested too deeply"))
        return
    for name, body in tables.items():
        _TomlGroup(document, draft, draft.group(name)).read(body)


class _TomlGroup:
    """One table. TOML's reader keeps no lines, so a place is the first line with the word on it."""

    def __init__(self, document: LineDocument, draft: Draft, group: Group) -> None:
        self.document = document
        self.draft = draft
        self.group = group

    def read(self, body: Any) -> None:
        if not isinstance(body, dict):
            self._wrong(self.group.name, f"must be a table of {', '.join(_KEYS)}, not {kind_of(body)}")
            return
        for key, inside in body.items():
            if key not in _KEYS:
                self._wrong(key, f"unknown key {key!r}", did_you_mean(key, _KEYS))
            elif key == "children":
                self._children(inside)
            elif not isinstance(inside, dict):
                self._wrong(key, f"{key} must be a table, not {kind_of(inside)}")
            elif key == "vars":
                self.draft.add_layer(self.group, self._layer(inside))
            else:
                self._hosts(inside)

    def _children(self, names: Any) -> None:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._wrong("children", f"children must be a list of names, not {kind_of(names)}")
            return
        for name in names:
            self.draft.group(name)
            self.group.children.setdefault(name, self._place(name))

    def _hosts(self, hosts: dict[str, Any]) -> None:
        for name, values in hosts.items():
            if isinstance(values, dict):
                self.draft.add_written(name, self.group, self._layer(values) if values else None, self._place(name))
            else:
                self._wrong(name, f"the variables of host {name!r} are a table, not {kind_of(values)}")

    def _layer(self, values: dict[str, Any]) -> Layer:
        return Layer(values, self.document)

    def _place(self, word: str) -> Place:
        return Place(self.document, (word,))

    def _wrong(self, word: str, what: str, hint: str = "") -> None:
        self.draft.problems.add(self._place(word).problem(f"group {self.group.name!r}", what, hint))


def _plain(value: Any) -> Any:
    """Dates and times as text, because JSON has none."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value
