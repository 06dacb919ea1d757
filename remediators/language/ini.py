"""INI inventories, line by line, with values typed as Ansible types them."""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from remediators.language.draft import Draft, Layer
from remediators.language.problems import did_you_mean
from remediators.language.source import LineDocument, Place

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?\Z")
_NAME = re.compile(r"([^\s:\]]+)\s*(?:#.*)?\Z")
_KINDS = ("hosts", "children", "vars")


_WORD = re.compile(r"(?!(?:True|False|None)\Z)[A-Za-z_/][\w.:/@-]*\Z|\d+(?:\.\d+){2,}\Z", re.ASCII)  # never a literal
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_SPECIAL = frozenset("\"'\\#\x1f")  # with one of these, shlex sees more in a line than words


def ini_value(text: str) -> Any:
    """A Python literal where it is one (``1``, ``True``, ``['a']``), else the text as it stands, as in Ansible."""
    if _WORD.match(text):
        return text
    if _NUMBER.match(text):
        return int(text)
    return _literal(text)


def _literal(text: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a literal is no concern of the operator's
            return _as_json(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _as_json(value: Any) -> Any:
    """Python's values as Ansible takes them over: tuples and sets are lists, and what JSON does not have is text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | set):
        return [_as_json(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _as_json(part) for key, part in value.items()}
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return "..." if value is ... else str(value)


class IniReader:
    """One walk over the lines of an inventory."""

    def __init__(self, document: LineDocument, draft: Draft) -> None:
        self.document = document
        self.draft = draft
        self.group = "ungrouped"
        self.kind = "hosts"
        self.pending: dict[str, list[Layer]] = {}
        self.undeclared: dict[str, Place] = {}  # groups of which only variables were met so far
        self.awaited: dict[str, dict[str, Place]] = {}  # child that no section has named yet -> its parents

    def read(self) -> None:
        lines: Mapping[str, Callable[[int, str], None]] = {
            "hosts": self._host,
            "children": self._child,
            "vars": self._variable,
            "": self._ignored,
        }
        for number, line in enumerate(self.document.text.splitlines(), 1):
            text = line.strip()
            if text and text[0] not in "#;":
                self._line(number, text, lines)
        self._settle()

    def _line(self, number: int, text: str, lines: Mapping[str, Callable[[int, str], None]]) -> None:
        section = _SECTION.match(text)
        if section:
            self._section(number, section[1], section[2] or "hosts")
        elif text.startswith("[") and text.rstrip().endswith("]"):
            self._wrong(number, f"{text} is no section", "write [group], [group:children] or [group:vars]")
            self.kind = ""
        else:
            lines[self.kind](number, text)

    def _section(self, number: int, group: str, kind: str) -> None:
        self.group, self.kind = group, kind
        if kind not in _KINDS:
            self._wrong(number, f"[{group}:{kind}] is no kind of section", did_you_mean(kind, _KINDS), kind)
            self.kind = ""
        elif kind == "vars":
            if group not in self.draft.groups:
                self.undeclared[group] = Place(self.document, (number, group))
            self.draft.group(group)
        else:
            self.undeclared.pop(group, None)
            self.draft.group(group)
            self._arrived(group)

    def _arrived(self, group: str) -> None:
        """Put a group below the parents that await it: a child stands where its section does, as in Ansible."""
        for parent, place in self.awaited.pop(group, {}).items():
            self.draft.group(parent).children.setdefault(group, place)

    def _host(self, number: int, text: str) -> None:
        try:
            tokens = text.split() if text.isascii() and _SPECIAL.isdisjoint(text) else shlex.split(text, comments=True)
        except ValueError as error:
            self._wrong(number, f"the quotes do not match: {error}")
            return
        pairs = [token.partition("=") for token in tokens[1:]]
        for name, equals, _ in pairs:
            if not equals:
                self._wrong(number, f"{name!r} is no variable", "write name=value", name)
        values = {name: ini_value(value) for name, equals, value in pairs if equals}
        layer = Layer(values, self.document, (number,)) if values else None
        if tokens:
            place = Place(self.document, (number, tokens[0]))
            self.draft.add_written(tokens[0], self.draft.group(self.group), layer, place)

    def _child(self, number: int, text: str) -> None:
        found = _NAME.match(text)
        if found is None:
            self._wrong(number, f"{text!r} is no name of a group")
            return
        place = Place(self.document, (number, found[1]))
        if found[1] in self.draft.groups:
            self.draft.group(self.group).children.setdefault(found[1], place)
        else:
            self.awaited.setdefault(found[1], {}).setdefault(self.group, place)

    def _variable(self, number: int, text: str) -> None:
        name, equals, value = text.partition("=")
        if not equals:
            self._wrong(number, f"{text!r} is no variable", "write name=value")
            return
        layer = Layer({name.strip(): ini_value(value.strip())}, self.document, (number,))
        self.pending.setdefault(self.group, []).append(layer)

    def _ignored(self, number: int, text: str) -> None:
        """A line of a section that is already known to be wrong."""

    def _settle(self) -> None:
        """Variables and children may be named before their groups; at the end every group must be there."""
        known = [group for group in self.draft.groups if group not in self.undeclared]
        for group, place in self.undeclared.items():
            what = f"[{group}:vars] sets variables of a group that is not there"
            self.draft.problems.add(place.problem("", what, did_you_mean(group, known)))
        for group, layers in self.pending.items():
            for layer in layers:
                if group in self.draft.groups:
                    self.draft.add_layer(self.draft.group(group), layer)
        for child, parents in self.awaited.items():
            for place in parents.values() if child not in self.undeclared else ():
                what = f"there is no group {child!r}"
                self.draft.problems.add(place.problem("", what, did_you_mean(child, known)))

    def _wrong(self, number: int, what: str, hint: str = "", word: str = "") -> None:
        place = Place(self.document, (number, word) if word else (number,))
        self.draft.problems.add(place.problem("", what, hint))
