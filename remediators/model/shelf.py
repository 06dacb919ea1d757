"""Things by name, each made when it is first asked for: a command imports only what its playbooks use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

Thing = TypeVar("Thing")
Makers = Mapping[str, Callable[[], Thing]]


class Shelf(Mapping[str, Thing]):
    """
    A mapping whose values are made once, at first use.

    ``more`` gives further makers; it is called only when a name is not among the first, or when all names are asked
    for (finding what other packages offer means searching all that is installed).
    """

    def __init__(self, makers: Makers[Thing], more: Callable[[], Makers[Thing]] = dict) -> None:
        self._makers = dict(makers)
        self._more: Callable[[], Makers[Thing]] | None = more
        self._made: dict[str, Thing] = {}

    def __getitem__(self, name: str) -> Thing:
        if name not in self._made:
            self._made[name] = self._maker(name)()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        self._find_more()
        return iter(self._makers)

    def __len__(self) -> int:
        self._find_more()
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        if name not in self._makers:
            self._find_more()
        return name in self._makers

    def _maker(self, name: str) -> Callable[[], Thing]:
        if name not in self._makers:
            self._find_more()
        return self._makers[name]

    def _find_more(self) -> None:
        more, self._more = self._more, None
        for name, maker in more().items() if more else ():
            self._makers.setdefault(name, maker)
