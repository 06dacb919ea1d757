"""Whether JSON that may come from anywhere has the shape that a reader relies on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A type, a tuple of types, a list of one shape, or a mapping of the fields that must be there to their shapes.
Shape = Any


def check(value: Any, shape: Shape, where: str = "") -> None:
    """Raise ValueError naming the first place that does not fit."""
    if isinstance(shape, Mapping):
        _expect(value, dict, where)
        for name, inside in shape.items():
            if name not in value:
                raise ValueError(f"{where}: {name} is missing" if where else f"{name} is missing")
            check(value[name], inside, f"{where}.{name}" if where else name)
    elif isinstance(shape, list):
        _expect(value, list, where)
        for number, member in enumerate(value):
            check(member, shape[0], f"{where}[{number}]")
    else:
        _expect(value, shape, where)


_NAMES = {str: "string", int: "integer", bool: "boolean", dict: "object", type(None): "null", list: "array"}


def schema_of(shape: Shape) -> dict[str, Any]:
    """The shape as a JSON Schema."""
    if isinstance(shape, Mapping):
        inside = {name: schema_of(inner) for name, inner in shape.items()}
        return {"type": "object", "required": list(shape), "properties": inside}
    if isinstance(shape, list):
        return {"type": "array", "items": schema_of(shape[0])}
    if isinstance(shape, tuple):
        return {"type": [_NAMES[kind] for kind in shape]}
    return {"type": _NAMES[shape]} if shape in _NAMES else {}


def _expect(value: Any, wanted: type | tuple[type, ...], where: str) -> None:
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is int):
        raise ValueError(f"{where or 'it'} is a {type(value).__name__}")
