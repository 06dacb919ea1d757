"""The bounds of templates, and faults that say what is wrong with one. Needs no Jinja, which takes long to import."""

from __future__ import annotations

import re
from collections.abc import Collection

from remediators.language.problems import did_you_mean, listed
from remediators.language.source import Place

LONGEST = 1_000_000  # characters of a result
MOST = 100_000  # members of a result or of a range
WIDEST = 10_000  # columns to pad text to


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


def pads_too_far(text: str) -> bool:
    """Whether a format would make a few characters into gigabytes of blanks."""
    widths = re.findall(r"\d+", text)
    return any(int(width[:9]) > WIDEST for width in widths) or re.search(r"%[^a-zA-Z%]*\*|\{[^{}]*\{", text) is not None
