"""What templates give and what they may not: plain JSON, within bounds; and what is undefined in them."""

from __future__ import annotations

from collections.abc import Collection, ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import partial
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError

from remediators.language.natives import LONGEST, MOST, OMIT, TemplateFault, undefined_name
from remediators.language.problems import did_you_mean, kind_of, listed, nearest
from remediators.language.work import spend
from remediators.model.secrecy import Secret

DEEPEST = 100


class UseOfMissing(jinja2.UndefinedError):
    """Something undefined was used; Jinja itself keeps only a text of it."""

    def __init__(self, missing: Missing, message: str | None = None) -> None:
        super().__init__(message)
        self.missing = missing


class Missing(jinja2.StrictUndefined):
    """Something undefined: an error at any use, but ``a.b.c | default('x')`` works, as in Ansible."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = jinja2.utils.missing,
        name: str | None = None,
        exc: Any = jinja2.UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        self._undefined_exception = partial(UseOfMissing, self)  # type: ignore[assignment]  # it is only ever called

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def fault(self, known: Collection[str]) -> TemplateFault:
        """Say what is missing, with the nearest of the names that exist, or else all of them."""
        name, owner = str(self._undefined_name), self._undefined_obj
        if self._undefined_hint:
            return TemplateFault(self._undefined_hint, word=name)
        if owner is jinja2.utils.missing:
            return undefined_name(name, known)
        there = [str(key) for key in owner] if isinstance(owner, Mapping) else []
        beside = f"; there is {listed(there)}" if there and not nearest(name, there) else ""
        what = kind_of(dict(owner) if isinstance(owner, Mapping) else owner)
        return TemplateFault(f"{what} has no {name!r}{beside}", did_you_mean(name, there), name)


def plain(value: Any, depth: int = 0) -> Any:
    """Plain JSON from what a template gave. Raises where it is something else, or too much of it."""
    if value is None or isinstance(value, bool | int | float) or value is OMIT:
        return value
    if isinstance(value, str):
        spend(len(value))
        return _bounded_text(value)
    if isinstance(value, Missing):
        raise UseOfMissing(value)
    if depth > DEEPEST:
        raise SecurityError("its result is nested too deeply")
    if isinstance(value, Mapping):
        return {str(key): plain(value[key], depth + 1) for key in _bounded(value)}
    return [plain(part, depth + 1) for part in _bounded(_members(value))]


def _members(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, list | tuple | range | Iterator | KeysView | ValuesView | ItemsView):
        return value
    raise TemplateFault("gives something that is no plain value", "is a function named without calling it?")


def _bounded_text(value: str) -> str:
    if len(value) > LONGEST:
        raise SecurityError(f"its result is longer than {LONGEST} characters")
    return value if isinstance(value, Secret) else str(value)


def _bounded(values: Any) -> Iterator[Any]:
    for count, value in enumerate(values):
        spend()
        if count >= MOST:
            raise SecurityError(f"its result has more than {MOST} members")
        yield value
