"""What the options of all remediators have in common, and words for what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

Problem = tuple[tuple[str | int, ...], str]


class Options(BaseModel):
    """Options of a remediator: nothing unknown is accepted, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def check(model: type[BaseModel], raw: Mapping[str, Any]) -> BaseModel | list[Problem]:
    """The options, or what is wrong with them: where (the keys that lead there), and what, in plain words."""
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        return list(_problems(error, raw))


def _problems(error: ValidationError, raw: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[Problem] = set()
    for one in error.errors(include_url=False):
        problem = (_path(one["loc"], raw), _words(one["type"], one.get("ctx", {}), one["msg"], one.get("input")))
        if problem not in seen:
            seen.add(problem)
            yield problem


def _path(where: tuple[int | str, ...], raw: Any) -> tuple[str | int, ...]:
    """
    The keys that lead to the mistake in what was written.

    pydantic adds the names of a union's members to the path; they are not in the text.
    """
    path: list[str | int] = []
    for step in where:
        inside = isinstance(raw, Mapping) and step in raw
        inside = inside or (isinstance(raw, list) and isinstance(step, int) and step < len(raw))
        if inside:
            path.append(step)
            raw = raw[step]
        elif step == where[-1] and isinstance(raw, Mapping):
            path.append(step)  # a key that is missing
    return tuple(path)


def _words(kind: str, context: Mapping[str, Any], message: str, given: Any) -> str:
    plain = {
        "missing": "is missing",
        "extra_forbidden": "is not an option here",
        "string_type": f"must be text, not {_name(given)}",
        "int_type": f"must be a whole number, not {_name(given)}",
        "int_parsing": f"must be a whole number, not {given!r}",
        "int_from_float": f"must be a whole number, not {given!r}",
        "float_type": f"must be a number, not {_name(given)}",
        "bool_type": f"must be true or false, not {_name(given)}",
        "bool_parsing": f"must be true or false, not {given!r}",
        "dict_type": f"must be a mapping, not {_name(given)}",
        "list_type": f"must be a list, not {_name(given)}",
        "model_type": f"must be a mapping, not {_name(given)}",
        "model_attributes_type": f"must be a mapping, not {_name(given)}",
        "string_too_short": "must not be empty",
        "too_short": "must not be empty",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
        "greater_than": f"must be more than {context.get('gt')}",
        "value_error": str(context.get("error", message)),
        "literal_error": f"must be {str(context.get('expected', '')).replace(chr(39), '')}, not {given!r}",
        "string_pattern_mismatch": f"{given!r} does not have the right form",
    }
    return plain.get(kind, message[:1].lower() + message[1:])


def _name(given: Any) -> str:
    names = {"NoneType": "nothing", "str": "text", "dict": "a mapping", "list": "a list", "int": "a number"}
    kind = type(given).__name__
    return f"{given!r}" if isinstance(given, bool) else names.get(kind, kind)
