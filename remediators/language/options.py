"""Check plain values against an option model, and say what is wrong in the words of somebody who writes YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from remediators.language.problems import did_you_mean, kind_of, listed

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """
    What is wrong at a path inside the options.

    ``on_key`` where the name is wrong rather than the value, ``absent`` where something is missing inside.
    """

    path: Path
    what: str
    hint: str = ""
    on_key: bool = False
    absent: bool = False


def check_options(model: type[Any], given: Any, *, secret: bool = False) -> tuple[Any, tuple[Fault, ...]]:
    """
    An instance of a pydantic model, or ``None`` with every fault.

    With ``secret`` no message quotes a value.
    """
    from pydantic import ValidationError  # noqa: PLC0415  heavy, and not needed for --help

    if given is None:
        given = {}
    if not isinstance(given, dict):
        known = ", ".join(model.model_fields)
        return None, (Fault((), f"options must be a mapping, not {kind_of(given)}", f"options are {known}"),)
    try:
        return model.model_validate(given), ()
    except ValidationError as error:
        return None, tuple(_faults(model, given, error.errors(include_url=False), secret=secret))


def _faults(model: type[Any], given: Any, errors: Sequence[Any], *, secret: bool) -> Iterator[Fault]:
    """One fault for each place: of the branches of a union, the one that fits best speaks."""
    located = [(_written(given, error["loc"]), error) for error in errors]
    paths = {path for path, _ in located}
    said: dict[Path, list[Fault]] = {}
    for path, error in located:
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other in paths)
        if deeper and len(error["loc"]) > len(path):
            continue
        said.setdefault(path, []).append(_fault(model, path, error, secret=secret))
    for faults in said.values():
        whats = list(dict.fromkeys(fault.what for fault in faults))
        hint = next((fault.hint for fault in faults if fault.hint), "")
        yield replace(faults[0], what=", or ".join(whats[:4]), hint=hint)


def _written(given: Any, location: Sequence[str | int]) -> Path:
    """The part of pydantic's location that is in the text: it also names branches of unions and the like."""
    path: list[str | int] = []
    value = given
    for number, step in enumerate(location):
        last = number == len(location) - 1
        if isinstance(value, dict) and str(step) in value:
            path.append(str(step))
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path.append(step)
            value = value[step]
        elif last and isinstance(value, dict) and isinstance(step, str) and not _is_branch(step):
            path.append(step)
    return tuple(path)


def _is_branch(step: str) -> bool:
    """Names that pydantic gives to branches: ``str``, ``literal['absent']``, ``list[str]``, ``Model``, ``[key]``."""
    return (
        not step.isidentifier() or step[:1].isupper() or step in {"str", "int", "bool", "float", "none", "dict", "list"}
    )


def _fault(model: type[Any], path: Path, error: Mapping[str, Any], *, secret: bool) -> Fault:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "extra_forbidden":
        known = _names_at(model, path[:-1])
        hint = did_you_mean(str(path[-1]), known) or f"options are {listed(known)}"
        return Fault(path, f"unknown option {path[-1]!r}", hint, on_key=True)
    if kind == "missing":
        return Fault(path[:-1], f"{error['loc'][-1]!r} is missing", absent=True)
    value = error.get("input")
    got = "" if secret else f" (got {_short(value)})"
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        words = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
        return Fault(
            path,
            f"must be {expected}{got}",
            did_you_mean(value, words) if isinstance(value, str) and not secret else "",
        )
    if kind in ("value_error", "assertion_error"):
        said = str(context.get("error", error["msg"]))
        return Fault(path, "is not accepted, for a reason that may quote a secret" if secret else said)
    return Fault(path, _TYPES.get(kind, _lowered(error["msg"])) + got)


_TYPES: Mapping[str, str] = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
}


def _lowered(message: str) -> str:
    message = message.removeprefix("Input ").removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _short(value: Any) -> str:
    if isinstance(value, dict | list):
        return kind_of(value)
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _names_at(model: type[Any], path: Path) -> list[str]:
    """Names of the options that a model takes at a path."""
    models = [model]
    for step in path:
        inner = [m.model_fields[step].annotation for m in models if step in m.model_fields]
        models = [found for annotation in inner for found in _models(annotation)] if inner else models
    return list(dict.fromkeys(field.alias or name for m in models for name, field in m.model_fields.items()))


def _models(annotation: Any) -> Iterator[type[Any]]:
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
