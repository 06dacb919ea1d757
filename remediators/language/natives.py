"""What templates give and what they may not: plain JSON, within bounds, and faults that say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import partial
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError

from remediators.language.problems import did_you_mean, kind_of, listed, nearest
from remediators.language.source import Place
from remediators.language.work import spend
from remediators.model.secrecy import Secret

LONGEST = 1_000_000  # characters of a result
MOST = 100_000  # members of a result or of a range
WIDEST = 10_000  # columns to pad text to
DEEPEST = 100


class TemplateFault(Exception):
    """A template that cannot be filled in: what is wrong, and the place, as soon as somebody knows it."""

    def __init__(self, what: str, hint: str = "", word: str = "", place: Place | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.word = word
        self.place = place

    def within(self, place: Place | None) -> TemplateFault:
        """The same fault with a place, unless a place further inside is known."""
        if self.place is None:
            self.place = place
        return self


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


def undefined_name(name: str, known: Collection[str]) -> TemplateFault:
    """The fault of a variable that nobody set, with the nearest name, or else those that are set."""
    hint = did_you_mean(name, known)
    if name == "item":
        return TemplateFault("'item' is undefined", "it exists in a task with a loop", name)
    own = sorted(word for word in known if not word.startswith("ansible_"))
    what = f"{name!r} is undefined" + ("" if hint else f"; defined here: {listed(own, 20)}")
    return TemplateFault(what, hint, name)


class _Omitted:
    """Stands for an option that is left out: ``{{ text | default(omit) }}``."""

    def __str__(self) -> str:
        raise TemplateFault("omit leaves out a whole value, and cannot be a part of a text", word="omit")


OMIT = _Omitted()


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


def pads_too_far(text: str) -> bool:
    """Whether a format would make a few characters into gigabytes of blanks."""
    widths = re.findall(r"\d+", text)
    return any(int(width[:9]) > WIDEST for width in widths) or re.search(r"%[^a-zA-Z%]*\*|\{[^{}]*\{", text) is not None
