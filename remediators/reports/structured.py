"""Plain values as YAML and as TOML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


class _Dumper(yaml.CSafeDumper):
    """PyYAML's, without anchors: equal lists are written out where they stand."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(document: Any) -> str:
    """YAML in blocks, keys in order; texts that YAML 1.1 takes for something else are quoted."""
    text: str = yaml.dump(document, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, width=10_000)
    return text


def as_toml(document: Mapping[str, Any]) -> str:
    """TOML with a table for each mapping. It has no null: such keys are left out, and null in a list is ``""``."""
    return "".join(f"{line}\n" for line in _table(document, ())).lstrip("\n")


def _table(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {name: value for name, value in values.items() if not isinstance(value, Mapping) and value is not None}
    tables = {name: value for name, value in values.items() if isinstance(value, Mapping)}
    if path and (plain or not tables):
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for name, value in plain.items():
        yield f"{_key(name)} = {_inline(value)}"
    for name, value in tables.items():
        yield from _table(value, (*path, str(name)))


def _key(name: str) -> str:
    return name if _BARE.match(name) else _text(name)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(name)} = {_inline(part)}" for name, part in value.items() if part is not None)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    return str(value) if isinstance(value, int) else _text("" if value is None else str(value))


def _text(text: str) -> str:
    """A basic string: JSON's escapes are TOML's too, and the one character that only TOML refuses is escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
