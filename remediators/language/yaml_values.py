"""
YAML text to plain values straight from libyaml's events.

No tree is kept, which is several times faster than composing one and needs a fraction of the memory. The schema is that
of `yaml_nodes`; where something is unusual (a key twice, a key that is no text), that module looks and finds the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs forget to export it
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.nodes import ScalarNode

from remediators.language.yaml_nodes import (
    DEEPEST,
    MOST_GROWTH,
    MOST_VALUES,
    Spot,
    YamlMistake,
    plain_text,
    scalar_value,
)

_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers
_NUMBERS_AND_BOOLS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class Unusual(Exception):
    """The text has something in it that only a tree of nodes can tell about; ``spot`` is where."""

    def __init__(self, spot: Spot, what: str) -> None:
        super().__init__(what)
        self.spot = spot
        self.what = what


@dataclass(slots=True)
class Read:
    """
    The values of a text.

    ``otherwise`` holds plain scalars that mean another thing in YAML 1.1, which Ansible reads, each at its first place.
    """

    value: Any = None
    otherwise: list[tuple[str, Spot]] = field(default_factory=list)


def read_values(text: str, mistakes: list[YamlMistake], *, templates: bool = True) -> Read:
    """
    The plain JSON value of a text with a single document; mistakes in tagged scalars are added to ``mistakes``.

    Raises `Unusual`, and what libyaml raises: `yaml.YAMLError` and `UnicodeEncodeError`.
    """
    return _Reader(text, mistakes, templates=templates).read()


class _Reader:
    """One walk over the events. ``known`` is what each plain scalar came out as: equal ones are one object."""

    __slots__ = ("anchors", "get", "known", "left", "mistakes", "result", "templates")

    def __init__(self, text: str, mistakes: list[YamlMistake], *, templates: bool) -> None:
        self.get = CParser(text).get_event
        self.mistakes = mistakes
        self.templates = templates
        self.known: dict[str, Any] = {}
        self.anchors: dict[str, Any] = {}
        self.left = MOST_VALUES
        self.result = Read()

    def read(self) -> Read:
        self.get()
        event = self.get()
        if type(event) is DocumentStartEvent:
            self.result.value = self._value(self.get(), 0)
            self._expect(DocumentEndEvent)
            self._expect(StreamEndEvent)
        if self.anchors and _writes_out_to_too_much(self.result.value):
            raise Unusual(Spot(1, 1), "its aliases write out to more values than any file needs")
        return self.result

    def _expect(self, kind: type[Event]) -> None:
        event = self.get()
        if type(event) is not kind:
            raise _unusual(event, "a second YAML document begins here, and a file holds one")

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is ScalarEvent and event.tag is None and event.anchor is None:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event)
        if event.anchor in self.anchors:
            raise _unusual(event, "this anchor is defined twice")
        value = self._tagged(event) if event.tag is not None else self._untagged(event, kind, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def _untagged(self, event: Any, kind: type[Event], depth: int) -> Any:
        if kind is ScalarEvent:
            return self._scalar(event)
        if depth > DEEPEST:
            raise _unusual(event, f"is nested more than {DEEPEST} levels deep")
        return self._mapping(depth) if kind is MappingStartEvent else self._sequence(depth)

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            return text
        try:
            return self.known[text]
        except KeyError:
            return self._plain(text, event)

    def _plain(self, text: str, event: Any) -> Any:
        if len(text) > 1000 and text[:1] in "+-0123456789":
            raise _unusual(event, "this number has more digits than any value may have")
        value = self.known[text] = plain_text(text)
        if text and text[0] in _RESOLVERS and _means_another_thing(text, value):
            self.result.otherwise.append((text, _spot(event)))
        return value

    def _mapping(self, depth: int) -> dict[str, Any]:
        get = self.get
        found: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        while True:
            event = get()
            if type(event) is MappingEndEvent:
                self._count(len(found), event)
                return found if merged is None else {**merged, **found}
            if type(event) is not ScalarEvent:
                raise _unusual(event, "a key must be text, not a mapping or a list")
            key = event.value
            if key in found or not key or event.tag is not None or event.anchor is not None:
                raise _unusual(event, f"the key {key!r} is here a second time, or is no plain text")
            if key == "<<" and event.implicit[0]:
                merged = {**self._merged(event, depth), **(merged or {})}
                continue
            found[key] = self._value(get(), depth + 1)

    def _sequence(self, depth: int) -> list[Any]:
        get = self.get
        found: list[Any] = []
        while True:
            event = get()
            if type(event) is SequenceEndEvent:
                self._count(len(found), event)
                return found
            found.append(self._value(event, depth + 1))
            if len(found) > MOST_VALUES:
                self._count(len(found), event)

    def _count(self, more: int, event: Any) -> None:
        self.left -= more
        if self.left < 0:
            raise _unusual(event, f"holds more than {MOST_VALUES} values")

    def _merged(self, event: Any, depth: int) -> dict[str, Any]:
        """What ``<<`` brings: of several mappings, an earlier one wins."""
        value = self._value(self.get(), depth + 1)
        result: dict[str, Any] = {}
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise _unusual(event, "a merge key (<<) takes a mapping or a list of mappings")
            result = {**source, **result}
        return result

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise _unusual(event, "this alias has no anchor before it, or its anchor contains itself")
        return self.anchors[event.anchor]

    def _tagged(self, event: Any) -> Any:
        if type(event) is not ScalarEvent or event.tag == "!":
            raise _unusual(event, f"unknown tag {event.tag!r}")
        scalar: Any = event
        node = ScalarNode(scalar.tag, scalar.value, scalar.start_mark, scalar.end_mark)
        return scalar_value(node, self.mistakes, templates=self.templates)


def _means_another_thing(text: str, value: Any) -> bool:
    """Whether YAML 1.1 reads a plain scalar as a number or a truth where we read text, or the other way round."""
    tag = next((tag for tag, regex in _RESOLVERS[text[0]] if regex.match(text)), None)
    return (tag in _NUMBERS_AND_BOOLS) is not isinstance(value, bool | int | float)


def _writes_out_to_too_much(value: Any) -> bool:
    """Whether aliases write out to more values than anybody means; no anchor contains itself, so this ends."""
    sizes: dict[int, int] = {}
    size = _size(value, sizes)
    return size > MOST_VALUES or size > max(100_000, MOST_GROWTH * len(sizes))


def _size(value: Any, sizes: dict[int, int]) -> int:
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in sizes:
        parts = value.values() if isinstance(value, dict) else value
        sizes[id(value)] = 1 + sum(_size(part, sizes) for part in parts)
    return sizes[id(value)]


def find_in_events(text: str, path: tuple[str | int, ...], *, on_key: bool) -> Spot:
    """Where the value (or the key) at a path stands, without a tree: for texts that are too large for one."""
    get = CParser(text).get_event
    get()
    get()
    event, key = get(), None
    for step in path:
        found = _child(get, event, step)
        if found is None:
            break
        key, event = found
    return _spot(key if on_key and key is not None else event)


def _child(get: Any, event: Any, step: str | int) -> tuple[Any, Any] | None:
    """The key and the first event of a part of what begins with ``event``."""
    if type(event) is SequenceStartEvent and isinstance(step, int):
        for _ in range(step):
            _skip(get, get())
        return None, get()
    while type(event) is MappingStartEvent:
        key = get()
        if type(key) is MappingEndEvent:
            return None
        if type(key) is ScalarEvent and key.value == step:
            return key, get()
        _skip(get, key)
        _skip(get, get())
    return None


def _skip(get: Any, event: Any) -> None:
    depth = 0
    while True:
        depth += type(event) in (MappingStartEvent, SequenceStartEvent)
        depth -= type(event) in (MappingEndEvent, SequenceEndEvent)
        if depth <= 0:
            return
        event = get()


def _unusual(event: Any, what: str) -> Unusual:
    return Unusual(_spot(event), what)


def _spot(event: Any) -> Spot:
    start, end = event.start_mark, event.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Spot(start.line + 1, start.column + 1, max(1, width), end.line + 1)
