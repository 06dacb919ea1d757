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


def _expect(value: Any, wanted: type | tuple[type, ...], where: str) -> None:
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is int):
        raise ValueError(f"{where or 'it'} is a {type(value).__name__}")
