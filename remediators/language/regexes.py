"""
Regular expressions that end.

Python's own go through all ways to read a text, and can neither be stopped nor let another thread work meanwhile. So
those that might take long are given to the package ``regex``, which means the same by them and has a clock.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable
from functools import lru_cache
from re import _constants as opcodes  # type: ignore[attr-defined]  # the tree of an expression has no other names
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from remediators.language.natives import LONGEST, TemplateFault

SECONDS = 2.0
_COMPILING = threading.Lock()
_QUICK = 10_000_000  # steps that are done before anybody notices
_REPEATS = frozenset({opcodes.MAX_REPEAT, opcodes.MIN_REPEAT})


class Regex:
    """One expression. All methods raise `TemplateFault` where a match takes too long."""

    def __init__(self, pattern: str, *, ignorecase: bool, multiline: bool) -> None:
        self.pattern = pattern
        self.flags = (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)
        try:
            with _COMPILING, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what `re` may read otherwise one day
                self._quick = re.compile(pattern, self.flags)
                self._degree = _degree(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise TemplateFault(f"{pattern!r} is no regular expression: {error}") from error

    def search(self, text: str) -> Any:
        return self._found("search", text)

    def match(self, text: str) -> Any:
        return self._found("match", text)

    def fullmatch(self, text: str) -> Any:
        return self._found("fullmatch", text)

    def findall(self, text: str) -> list[Any]:
        found: list[Any] = self._found("findall", text)
        return found

    def replaced(self, text: str, replacement: str, count: int) -> str:
        """Every match, or the first ``count``, replaced; a result that is too long is not made."""
        size = len(text)

        def expanded(match: Any) -> str:
            nonlocal size
            new: str = match.expand(replacement)
            size += len(new)
            if size > LONGEST:
                raise TemplateFault(f"the result is longer than {LONGEST} characters")
            return new

        done: str = self._found("sub", expanded, text, count)
        return done

    def _found(self, name: str, *arguments: Any) -> Any:
        text = next(argument for argument in arguments if isinstance(argument, str))
        if float(len(text) + 1) ** self._degree <= _QUICK:
            return getattr(self._quick, name)(*arguments)
        try:
            return getattr(_with_a_clock(self.pattern, self.flags), name)(*arguments, timeout=SECONDS)
        except TimeoutError as error:
            what = f"the expression {self.pattern!r} takes more than {SECONDS:g} s"
            raise TemplateFault(what, "write it without a repetition inside another") from error


@lru_cache(maxsize=1_000)
def compiled(pattern: str, *, ignorecase: bool, multiline: bool) -> Regex:
    """Raises `TemplateFault` where a text is no regular expression."""
    return Regex(pattern, ignorecase=ignorecase, multiline=multiline)


@lru_cache(maxsize=1_000)
def _with_a_clock(pattern: str, flags: int) -> Any:
    import regex  # noqa: PLC0415 - seldom needed

    try:
        return regex.compile(pattern, flags | regex.VERSION0)
    except regex.error as error:
        raise TemplateFault(f"{pattern!r} is no regular expression: {error}") from error


def _degree(pattern: str) -> float:
    """
    How the time grows with the text: its length to the power of this, at worst.

    Each repetition can end anywhere; one that holds another, or a choice, can grow without bound.
    """
    repeats = 1.0  # a search may begin anywhere

    def walk(items: Any, *, inside: bool) -> None:
        nonlocal repeats
        for operator, argument in items:
            repeated = operator in _REPEATS and argument[1] - argument[0] > 1
            if inside and (repeated or operator in (opcodes.BRANCH, opcodes.GROUPREF)):
                repeats = float("inf")
            repeats += repeated
            for part in _parts(operator, argument):
                walk(part, inside=inside or (operator in _REPEATS and argument[1] > 1))

    walk(parser.parse(pattern), inside=False)
    return repeats


def _parts(operator: Any, argument: Any) -> list[Any]:
    """The expressions inside one step of an expression."""
    of: dict[Any, Callable[[], list[Any]]] = {
        opcodes.SUBPATTERN: lambda: [argument[-1]],
        opcodes.BRANCH: lambda: argument[1],
        opcodes.ASSERT: lambda: [argument[1]],
        opcodes.ASSERT_NOT: lambda: [argument[1]],
        opcodes.ATOMIC_GROUP: lambda: [argument],
        opcodes.GROUPREF_EXISTS: lambda: [part for part in argument[1:] if part is not None],
        **dict.fromkeys((*_REPEATS, opcodes.POSSESSIVE_REPEAT), lambda: [argument[2]]),
    }
    return of.get(operator, list)()
