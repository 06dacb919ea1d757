"""Variables from the command line: ``-e name=value``, ``-e '{"name": 1}'``, ``-e @file.yml``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from remediators.language.draft import Layer
from remediators.language.problems import Problem, Problems, did_you_mean, kind_of
from remediators.language.source import LineDocument, Place, mapping_of, parse_yaml, read_yaml
from remediators.language.variables import RESERVED

FLAG = "--extra-vars"


def parse_extra_vars(arguments: Sequence[str], problems: Problems | None = None) -> tuple[Layer, ...]:
    """
    Layers of variables, the last argument first, because it wins.

    Values of ``name=value`` are text, as in Ansible; JSON or a file keeps types. Raises `LanguageError`, or adds to
    ``problems`` where that is given.
    """
    found = Problems() if problems is None else problems
    layers = [_layer(argument, found) for argument in arguments]
    for layer in layers:
        for name in layer.values:
            if name in RESERVED:
                found.add(layer.place(name).problem("", f"{name!r} cannot be set: it is a name of the language"))
    if problems is None:
        found.raise_if_any()
    return tuple(layer for layer in reversed(layers) if layer.values)


def _layer(argument: str, problems: Problems) -> Layer:
    text = argument.strip()
    if text.startswith("@"):
        document = read_yaml(text[1:], problems)
        return Layer(mapping_of(document, problems, ""), document or LineDocument(FLAG, text))
    if text.startswith(("{", "[")):
        return _inline(text, problems)
    return _pairs(text, problems)


def _inline(text: str, problems: Problems) -> Layer:
    parsed = parse_yaml(FLAG, text, problems)
    if parsed is None or isinstance(parsed.value, dict):
        return Layer(parsed.value if parsed else {}, parsed or LineDocument(FLAG, text))
    problems.add(Place(parsed).problem("", f"must be a mapping of names to values, not {kind_of(parsed.value)}"))
    return Layer({}, parsed)


def _pairs(text: str, problems: Problems) -> Layer:
    document = LineDocument(FLAG, text)
    values: dict[str, Any] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:
        problems.add(Problem(FLAG, 0, 0, "", f"the quotes do not match: {error}"))
        return Layer({}, document)
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name:
            values[name] = value
        else:
            what = f"{word!r} is no variable"
            problems.add(
                Place(document, (1, word)).problem(
                    "", what, did_you_mean(word, ()) or "write name=value, JSON, or @file"
                )
            )
    return Layer(values, document, (1,))
