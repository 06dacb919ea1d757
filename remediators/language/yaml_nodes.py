"""
YAML text to plain values, by the core schema of YAML 1.2: ``true`` and ``false`` are the only booleans.

``yes``, ``on``, ``12:30``, ``0123`` and dates are text, and so is every key. Anchors and merge keys work, bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs forget to export it
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from remediators.language import hidden
from remediators.language.problems import is_secret
from remediators.language.secret_sources import read_reference
from remediators.language.vault import VaultFault, read_envelope

DEEPEST = 100
MOST_VALUES = 5_000_000  # values once every alias is written out
LONGEST_NUMBER = 1_000
MOST_GROWTH = 1_000  # how many times more values than are written, above 100,000

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_BASED = {"0x": 16, "0o": 8}
_BASED_INT = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = {
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **{word: float("nan") for word in (".nan", ".NaN", ".NAN")},
}
_NUMERIC_START = frozenset("0123456789+-.")

_PLAIN, _TEXT, _TREE = "?", "s", "c"
_CORE = "tag:yaml.org,2002:"
_LITERAL = re.compile(r"\{\{ '((?:\\U[0-9a-f]{8}|[A-Za-z0-9])*)' \}\}")
_ESCAPED = re.compile(r"\\U([0-9a-f]{8})")
_SECRET = "!secret"  # noqa: S105 - a tag
_HIDDEN = frozenset({"!vault", "!vault-encrypted", _SECRET})
_UNSAFE = "!unsafe"  # Ansible's: the text after it is never filled in


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a text: line and column from 1, width in characters, and the line on which the value ends."""

    line: int
    column: int
    width: int = 1
    last_line: int = 0


class YamlMistake(Exception):
    """What is wrong with a YAML text, and where."""

    def __init__(self, spot: Spot, what: str, hint: str = "", *, alone: bool = False) -> None:
        """``alone`` says that everything around it can still be checked, without complaints that follow from it."""
        super().__init__(what)
        self.alone = alone
        self.spot = spot
        self.what = what
        self.hint = hint


class _Composer(CParser):
    """libyaml's parser, which leaves what a plain scalar means to `plain_value`."""

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Nothing: no tag depends on where a node stands."""

    def ascend_resolver(self) -> None:
        """Nothing."""

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else _TEXT
        return _TREE


def compose(text: str) -> Node | None:
    """The tree of nodes of a text with a single document. Raises `YamlMistake`."""
    try:
        node: Node | None = _Composer(text).get_single_node()
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise in_words(text, error) from error
    return node


def in_words(text: str, error: yaml.YAMLError | UnicodeEncodeError) -> YamlMistake:
    """What libyaml could not read, in the words of somebody who wrote it."""
    if isinstance(error, UnicodeEncodeError):
        return YamlMistake(Spot(text.count("\n", 0, error.start) + 1, 1), "half a character (a lone surrogate)")
    if isinstance(error, yaml.reader.ReaderError):
        return _unreadable(text, error)
    if isinstance(error, yaml.MarkedYAMLError):
        return _misspelt(text, error)
    return YamlMistake(Spot(1, 1), f"is not YAML: {error}")


def _unreadable(text: str, error: Any) -> YamlMistake:
    """A character that YAML forbids: libyaml names the byte at which it stands."""
    before = text.encode()[: error.position].decode(errors="replace")
    column = len(before) - before.rfind("\n")
    return YamlMistake(
        Spot(before.count("\n") + 1, column), f"character U+{error.character:04X} is not allowed in YAML"
    )


def _misspelt(text: str, error: yaml.MarkedYAMLError) -> YamlMistake:
    quoted = "scanning a quoted scalar" in str(error.context)
    mark = error.context_mark if quoted else error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.split("\n")
    while line and line < len(lines) and not lines[line].strip() and mark is not None:
        line, column = line - 1, max(len(lines[line - 1]) - 1, 0)
    if line >= len(lines):
        line, column = len(lines) - 1, 0
    what, hint = _in_words(error, lines[line], column)
    return YamlMistake(Spot(line + 1, column + 1), what, hint)


_IN_WORDS = {
    "but found another document": ("a second YAML document begins here, and a file holds one", "use a file for each"),
    "second occurrence": ("this anchor is defined twice", ""),
    "found undefined alias": ("this alias has no anchor before it", ""),
    "mapping values are not allowed": (
        "a colon is not allowed here",
        "quote text with ': ' in it, or check the indentation",
    ),
    "exceeded maximum nesting depth": ("is nested too deeply", ""),
}


_UNQUOTED = re.compile(r"(\s*(?:- )?)([\w.-]+):\s+([^\s\"'{\[|>&*!].*: .*)$")


def _in_words(error: yaml.MarkedYAMLError, line: str, column: int) -> tuple[str, str]:
    """What libyaml says, and what it most likely means."""
    problem, context = str(error.problem), str(error.context or "")
    rest = line[column:]
    if "scanning a quoted scalar" in context:
        return "this quotation mark is not closed", f"end the text with {rest[:1]}"
    unquoted = _UNQUOTED.match(line)
    if unquoted and is_secret(unquoted[2]):
        unquoted = None  # the text itself stands in the hint
    if problem.startswith("mapping values are not allowed") and unquoted and column > unquoted.start(3):
        return "a colon is not allowed here", f'quote the text: {unquoted[2]}: "{unquoted[3].strip()}"'
    if rest.startswith("\t") or "\t" in line[: column + 1].replace(line.lstrip(), ""):
        return "a tab cannot indent YAML", "use blanks"
    for beginning, words in _IN_WORDS.items():
        if problem.startswith(beginning):
            return words
    if rest[:1] in "@`%" and rest[:1]:
        return f"text cannot begin with {rest[0]!r}", "quote it"
    said = f"{context}: {problem}" if context else problem
    return f"is not YAML: {said}", ""


def plain_value(
    node: Node | None, mistakes: list[YamlMistake], *, has_anchors: bool = True, templates: bool = True
) -> Any:
    """
    The plain JSON value of a tree; what is wrong is added to ``mistakes``.

    ``has_anchors`` may be false where the text has none, which saves a walk over the tree. Where texts are filled in
    as ``templates`` later, an ``!unsafe`` one becomes a template that gives just itself.
    """
    if node is None:
        return None
    builder = _Builder(mistakes, templates=templates)
    if has_anchors and builder.is_too_large(node):
        return None
    try:
        return builder.value(node)
    except YamlMistake as mistake:
        mistakes.append(mistake)
        return None


def scalar_value(node: ScalarNode, mistakes: list[YamlMistake], *, templates: bool = True) -> Any:
    """The plain value of one scalar with a tag; what is wrong with it is added to ``mistakes``."""
    return _Builder(mistakes, templates=templates).value(node)


def plain_text(text: str) -> Any:
    """What a plain scalar means: null, a truth, a number of at most `LONGEST_NUMBER` digits, or text."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    return _number(text) if text[0] in _NUMERIC_START else text


def _number(text: str) -> Any:
    if _INT.match(text):
        return int(text)
    if _BASED_INT.match(text):
        return int(text[2:], _BASED[text[:2]]) if len(text) < LONGEST_NUMBER else text
    if _FLOAT.match(text):
        return float(text)
    return _SPECIAL.get(text, text)


class _Builder:
    """One walk over a tree; nodes under an anchor are built once and shared."""

    def __init__(self, mistakes: list[YamlMistake], *, templates: bool) -> None:
        self.mistakes = mistakes
        self.templates = templates
        self.built: dict[int, Any] = {}
        self.depth = 0

    def is_too_large(self, root: Node) -> bool:
        """Whether aliases would write out to more than anybody means, contain themselves, or nest too deeply."""
        sizes: dict[int, int] = {}
        try:
            size = _size(root, sizes, set(), 0)
        except YamlMistake as mistake:
            self.mistakes.append(mistake)
            return True
        if size > MOST_VALUES or size > max(100_000, MOST_GROWTH * len(sizes)):
            self.mistakes.append(YamlMistake(_spot(root), "its aliases write out to more values than any file needs"))
            return True
        return False

    def value(self, node: Node) -> Any:
        tag = node.tag
        if tag == _PLAIN:
            return self._plain(node)
        if tag == _TEXT:
            return node.value
        if tag == _TREE:
            return self._tree(node)
        return self._tagged(node)

    def _plain(self, node: Node) -> Any:
        text = node.value
        if len(text) > LONGEST_NUMBER and _INT.match(text):
            return self._wrong(node, "this number has more digits than any value may have")
        return plain_text(text)

    def _tree(self, node: Node) -> Any:
        known = id(node)
        if known in self.built:
            return self.built[known]
        if self.depth > DEEPEST:
            raise _too_deep(node)
        self.depth += 1
        value: Any = self._mapping(node) if isinstance(node, MappingNode) else [self.value(n) for n in node.value]
        self.depth -= 1
        self.built[known] = value
        return value

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key_node.tag == _PLAIN and key == "<<":
                merged = {**self._merged(value_node), **(merged or {})}
            elif not isinstance(key_node, ScalarNode):
                self._key_is_no_text(key_node)
            elif key in result:
                self._wrong(
                    key_node,
                    f"the key {key_node.value!r} is here a second time",
                    f"the first is in line {_first(node, key_node.value)}",
                    alone=True,
                )
            elif not key and key_node.tag == _PLAIN:
                self._wrong(key_node, "a key is missing before this colon")
            else:
                result[key] = self.value(value_node)
        return result if merged is None else {**merged, **result}

    def _merged(self, node: Node) -> dict[str, Any]:
        """What ``<<`` brings: of several mappings, an earlier one wins."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        result: dict[str, Any] = {}
        for source in sources:
            if isinstance(source, MappingNode):
                result = {**self.value(source), **result}
            else:
                self._wrong(source, "a merge key (<<) takes a mapping or a list of mappings")
        return result

    def _key_is_no_text(self, node: Node) -> None:
        hint = 'quote a template that begins a value: "{{ name }}"' if getattr(node, "flow_style", False) else ""
        self._wrong(node, "a key must be text, not a mapping or a list", hint)

    def _tagged(self, node: Node) -> Any:
        tag = node.tag
        if tag in _HIDDEN:
            return self._hidden(node, tag)
        if tag == _UNSAFE:
            return self._unsafe(node)
        core = tag.removeprefix(_CORE)
        if core in ("map", "seq") and isinstance(node, MappingNode if core == "map" else SequenceNode):
            return self._tree(node)
        if core == "str" and isinstance(node, ScalarNode):
            return node.value
        if core in ("int", "float", "bool", "null") and isinstance(node, ScalarNode):
            return self._of_type(node, core)
        return self._wrong(node, f"unknown tag {tag.replace(_CORE, '!!')!r}")

    def _key(self, node: Node) -> Any:
        return self._unsafe(node) if node.tag == _UNSAFE and isinstance(node, ScalarNode) else node.value

    def _unsafe(self, node: Node) -> Any:
        if not isinstance(node, ScalarNode):
            return self._wrong(node, "!unsafe stands before text only", "write it before each text inside")
        return literal(node.value) if self.templates else node.value

    def _hidden(self, node: Node, tag: str) -> Any:
        """A vault text, whose form is looked at now and which is opened when it is used; or a reference to a secret."""
        if not self.templates:
            return self._wrong(node, f"{tag} may stand in playbooks, inventories and files of variables only")
        keys = hidden.current()
        try:
            if tag == _SECRET and isinstance(node, MappingNode | ScalarNode):
                given = self._mapping(node) if isinstance(node, MappingNode) else node.value
                return hidden.Referred(*read_reference(given), keys)
            if not isinstance(node, ScalarNode):
                return self._wrong(node, f"{tag} stands before text only")
            read_envelope(node.value)
        except VaultFault as fault:
            return self._wrong(node, f"{tag}: {fault.what}", fault.hint)
        return hidden.Sealed(node.value, keys)

    def _of_type(self, node: ScalarNode, core: str) -> Any:
        value = self._plain(node)
        wanted = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}[core]
        if not isinstance(value, wanted) or (core != "bool" and isinstance(value, bool)):  # type: ignore[arg-type]
            return self._wrong(node, f"this is no !!{core}")
        return float(value) if core == "float" else value

    def _wrong(self, node: Node, what: str, hint: str = "", *, alone: bool = False) -> None:
        self.mistakes.append(YamlMistake(_spot(node), what, hint, alone=alone))


def literal(text: str) -> str:
    """A template that gives this text; the text itself where nothing in it would be filled in."""
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return text
    escaped = "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text)
    return f"{{{{ '{escaped}' }}}}"


def unliteral(template: str) -> str | None:
    """The text that a template of `literal` gives, and ``None`` for any other template."""
    found = _LITERAL.fullmatch(template)
    return None if found is None else _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), found[1])


def _too_deep(node: Node) -> YamlMistake:
    return YamlMistake(_spot(node), f"is nested more than {DEEPEST} levels deep")


def _first(node: MappingNode, key: str) -> int:
    return next(int(k.start_mark.line) + 1 for k, _ in node.value if k.value == key)


def _size(node: Node, sizes: dict[int, int], above: set[int], depth: int) -> int:
    """How many values a node writes out to. Raises `YamlMistake` where it contains itself or nests too deeply."""
    if isinstance(node, ScalarNode):
        return 1
    known = id(node)
    if known in sizes:
        return sizes[known]
    if known in above:
        raise YamlMistake(_spot(node), "this anchor contains itself")
    if depth > DEEPEST:
        raise _too_deep(node)
    above.add(known)
    size = 1
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            size += 1 if isinstance(part, ScalarNode) else _size(part, sizes, above, depth + 1)
    above.discard(known)
    sizes[known] = size
    return size


def find(root: Node | None, path: tuple[str | int, ...], *, on_key: bool) -> Spot:
    """Where the value (or the key) at a path stands; the nearest thing around it where the path leaves the text."""
    if root is None:
        return Spot(1, 1, 1, 1)
    node, key = root, None
    for step in path:
        found = _child(node, step)
        if found is None:
            return _spot(key if key is not None else node)
        key, node = found
    return _spot(key if on_key and key is not None else node)


def _child(node: Node, step: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(node, SequenceNode):
        return (None, node.value[step]) if isinstance(step, int) and 0 <= step < len(node.value) else None
    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if isinstance(key, ScalarNode) and str(step) in (key.value, key.tag == _UNSAFE and literal(key.value)):
            return key, value
    return _merged_child(node, step)


def _merged_child(node: MappingNode, step: str | int) -> tuple[Node | None, Node] | None:
    for key, value in node.value:
        if key.value == "<<":
            for source in value.value if isinstance(value, SequenceNode) else [value]:
                found = _child(source, step)
                if found is not None:
                    return found
    return None


def _spot(node: Node) -> Spot:
    """The beginning of a node; of a node with several lines only its first word is at fault."""
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        first = node.value[0][0]
        width = first.end_mark.column - first.start_mark.column
    last = end.line if end.column or end.line == start.line else end.line - 1
    return Spot(start.line + 1, start.column + 1, max(1, width), last + 1)
