"""``hostvars[HOST].facts.NAME``: what templates of one host may ask of another, read when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.language.natives import TemplateFault
from remediators.language.problems import did_you_mean, listed

Ask = Callable[[str, str], Any]  # host and fact, to its value; raises `TemplateFault`


class NotYet(TemplateFault):
    """A fact of another host was asked while nothing may be contacted."""


@dataclass(slots=True)
class OtherHosts:
    """
    The facts of other hosts.

    ``ask`` reads one; while it is ``None`` nothing is contacted, and asking raises `NotYet`.
    """

    names: Collection[str] = ()
    ask: Ask | None = field(default=None, repr=False)

    def value(self, host: str, name: str) -> Any:
        if self.ask is None:
            raise NotYet(f"facts of {host} are known once it is contacted", word="facts")
        return self.ask(host, name)


@dataclass(frozen=True, slots=True)
class FactsOf(Mapping[str, Any]):
    """The facts of one host as the tree that templates see; a leaf is read when it is reached."""

    others: OtherHosts
    host: str
    path: tuple[str, ...] = ()

    def __getitem__(self, step: str) -> Any:
        path = (*self.path, str(step))
        name = ".".join(path)
        if name in self.others.names:
            return self.others.value(self.host, name)
        if any(known.startswith(f"{name}.") for known in self.others.names):
            return FactsOf(self.others, self.host, path)
        hint = did_you_mean(name, self.others.names) or f"facts are {listed(sorted(self.others.names), 20)}"
        raise TemplateFault(f"there is no fact {name!r}", hint, str(step))

    def __iter__(self) -> Iterator[str]:
        inside = "".join(f"{step}." for step in self.path)
        below = (name.removeprefix(inside) for name in self.others.names if name.startswith(inside))
        return iter(dict.fromkeys(name.partition(".")[0] for name in below))

    def __len__(self) -> int:
        return sum(1 for _ in self)
