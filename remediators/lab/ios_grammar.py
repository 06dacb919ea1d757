"""What a command line says: words that may be abbreviated, and where it is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

ANY: Final = "*"  # one word of the operator's
NUMBER: Final = "#"  # one word of digits
REST: Final = "**"  # whatever follows, or nothing

Wrong = Literal["invalid", "incomplete", "ambiguous"]


class Rejected(Exception):
    """A line that is not taken; ``column`` is where the device points with its caret. ``text`` replaces the usual."""

    def __init__(self, wrong: Wrong, column: int = 0, text: str = "") -> None:
        super().__init__(wrong, column, text)
        self.wrong = wrong
        self.column = column
        self.text = text


@dataclass(slots=True)
class Words:
    """A tree of what may be said. `REST` and `ANY` are children like other words."""

    below: dict[str, Words] = field(default_factory=dict)
    complete: bool = False

    def add(self, sentence: str) -> None:
        """Teach one sentence: words, `ANY`, `NUMBER`, `REST`, and ``a|b`` for a choice."""
        self._add(sentence.split())

    def _add(self, words: list[str]) -> None:
        if not words:
            self.complete = True
            return
        for choice in words[0].split("|"):
            if choice == REST:
                self.complete = True
            self.below.setdefault(choice, Words())._add(words[1:])  # noqa: SLF001  # of the same class

    def understand(self, line: str) -> str:
        """The line with every abbreviated word written out; arguments stay as they are. Raises `Rejected`."""
        here, column = self, 0
        said: list[str] = []
        for word, column in _placed(line):
            if REST in here.below and not _keyword(here, word):
                return " ".join([*said, line[column:].rstrip()])
            full = here._full(word, column)
            said.append(word if full in (ANY, NUMBER) else full)
            here = here.below[full]
        if not here.complete:
            raise Rejected("incomplete", column)
        return " ".join(said)

    def _full(self, word: str, column: int) -> str:
        full = _keyword(self, word)
        if full is not None:
            return full
        if ANY in self.below:
            return ANY
        several = [name for name in self.below if name.startswith(word.lower())]
        raise Rejected("ambiguous" if several else "invalid", column)


def grammar(sentences: Iterable[str]) -> Words:
    """All of the sentences; a line may be said by any of them."""
    words = Words()
    for sentence in sentences:
        words.add(sentence)
    return words


def _keyword(here: Words, word: str) -> str | None:
    """The keyword that ``word`` is or can only be the beginning of."""
    if word.isdigit() and NUMBER in here.below:
        return NUMBER
    names = [name for name in here.below if name not in (ANY, NUMBER, REST)]
    if word in names:
        return word
    begun = [name for name in names if name.lower().startswith(word.lower())]
    return begun[0] if len(begun) == 1 else None


def _placed(line: str) -> Iterable[tuple[str, int]]:
    column = 0
    for word in line.split():
        column = line.index(word, column)
        yield word, column
        column += len(word)
