"""What is wrong with what was written: each mistake with file, line, column, and a caret under the very word."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from remediators.model import UsageError

WIDEST = 160  # characters of a source line that are shown

SECRET_NAMES = re.compile(
    r"(?:.*_)?(?:\w*pas+w(?:or)?d\w*|\w*secret\w*|\w*passphrase\w*|\w*_token|token|\w*_pass|private_key)$",
    re.IGNORECASE,
)
_STARS = "*" * 8
_SECRET_VALUE = re.compile(
    r"""(["']?([\w.-]+)["']?\s*[:=]\s*)((?:"[^"]*"|'[^']*'|[^\s,}"'{\[|>&]\S*(?: (?![\w.-]+\s*[=:])\S+)*))"""
)


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One mistake. ``line`` and ``column`` count from 1, 0 is unknown; ``width`` is how many characters are at fault.

    ``hint`` stands in brackets behind what is wrong, such as *did you mean 'text'?*.
    """

    file: str
    line: int
    column: int
    where: str
    what: str
    hint: str = ""
    source: str = ""
    width: int = 1

    def __str__(self) -> str:
        said = ": ".join(part for part in (self._position(), self.where, self.what) if part)
        if self.hint:
            said += f" ({self.hint})"
        if not self.line or not self.source.strip():
            return printable(said)
        return "\n".join([printable(said), *self._excerpt()])

    def _position(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def _excerpt(self) -> list[str]:
        """The source line without its secrets, and a line of carets that keeps its tabs."""
        source, column = starred(self.source, self.column - 1)
        start = max(0, column - WIDEST // 2) if len(source) > WIDEST else 0
        shown = source[start : start + WIDEST]
        before = shown[: column - start]
        blank = "".join("\t" if char == "\t" else " " * columns(char) for char in before)
        under = shown[len(before) : len(before) + max(1, self.width)] or " "
        carets = "^" * max(1, sum(columns(char) for char in under))
        return [f"    {printable(shown)}", f"    {blank}{carets}"]


def columns(char: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def printable(text: str) -> str:
    """Text with what would command a terminal replaced by ``?``."""
    return "".join(char if char in "\n\t" or char.isprintable() else "?" for char in text)


def starred(line: str, column: int) -> tuple[str, int]:
    """
    A source line with the values of passwords and the like starred, so that they never reach a screen or a log.

    ``column`` counts from 0, and is given back as it is in the new line.
    """
    shown, moved, done = "", column, 0
    for found in _SECRET_VALUE.finditer(line):
        if not is_secret(found[2]):
            continue
        start, end = found.span(3)
        shown += line[done:start]
        if start <= column < end:
            moved = len(shown)
        elif column >= end:
            moved = column + len(shown) + len(_STARS) - end
        shown, done = shown + _STARS, end
    return shown + line[done:], moved


def is_secret(name: str) -> bool:
    """Whether a variable's name says that its value must not be shown."""
    return SECRET_NAMES.match(name) is not None


class LanguageError(UsageError):
    """Everything that is wrong with the files, at once; the message is all problems, sorted by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.where, p.what)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Problems:
    """Mistakes and warnings as they are found."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.errors.append(problem)

    def warn(self, problem: Problem) -> None:
        if problem not in self.warnings:
            self.warnings.append(problem)

    def warn_each(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.warn(problem)

    def raise_if_any(self) -> None:
        """Raise `LanguageError` where there is at least one mistake."""
        if self.errors:
            raise LanguageError(self.errors)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.errors)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    words = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return words[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint that names the nearest known word, or nothing."""
    found = nearest(word, known)
    return f"did you mean {found!r}?" if found else ""


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Words as a person lists them, at most ``limit`` of them."""
    every = list(words)
    if len(every) <= limit:
        return ", ".join(every)
    return ", ".join(every[:limit]) + f" and {len(every) - limit} more"


def kind_of(value: object) -> str:
    """What a value is, in the words of somebody who writes YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "a secret"
