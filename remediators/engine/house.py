"""What the engine is handed to work with: it knows nothing of Windows or Cisco itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remediators.model import (
    Address,
    Check,
    Command,
    Fact,
    Host,
    Platform,
    Query,
    Remediator,
    ResourceKind,
    Sampled,
    Snapshot,
    Unread,
    UsageError,
    Value,
)


class Foreign:
    """A fact that hosts of a platform do not have: a template that uses it there is told so."""

    def __init__(self, fact: Fact, platform: Platform) -> None:
        self.name, self.source, self.description = fact.name, fact.source, fact.description
        self.platform = fact.platform
        self._where = platform.name

    def queries(self, known: Snapshot) -> Iterable[Query]:
        return ()

    def value(self, snapshot: Snapshot) -> Any:
        raise Unread(f"facts.{self.name} is a fact of {self.platform} hosts, and this one is {self._where}")


def _nothing(_: Value) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class House:
    """
    The remediators, resource kinds, facts and checks in use.

    ``kinds`` maps a kind of address to who reads and writes it. ``platform_of`` says what a host is. ``by_hand``
    turns commands and comments into what a person can run at the host's console: the ending of its file, and its text.
    ``tells`` says whether a value holds a secret that is known from elsewhere, so that its change is sensitive too.
    """

    remediators: Mapping[str, Remediator]
    kinds: Mapping[str, ResourceKind]
    facts: Mapping[str, Fact]
    checks: Mapping[str, Check | Sampled]
    platform_of: Callable[[Host], Platform]
    by_hand: Callable[[Platform, Sequence[tuple[str, Sequence[Command]]]], tuple[str, str]]
    tells: Callable[[Value], bool] = _nothing

    def kind_of(self, address: Address) -> ResourceKind:
        """Who reads and writes an address. Raises `UsageError` where nobody does: a plan may come from anywhere."""
        if address.kind not in self.kinds:
            raise UsageError(f"{address}: nothing here can read or write a {address.kind!r}")
        return self.kinds[address.kind]

    def fact(self, name: str, platform: Platform) -> Fact:
        """A fact as hosts of this platform are asked for it: of what they cannot know they are asked nothing."""
        fact = self.facts[name]
        if platform.accepts is None or fact.platform in platform.accepts:
            return fact
        return Foreign(fact, platform)

    def options(self, remediator: str, given: Mapping[str, Any]) -> Any:
        """Options of a remediator from plain data. Raises `UsageError` where they do not fit."""
        if remediator not in self.remediators:
            raise UsageError(f"there is no remediator {remediator!r}")
        try:
            return self.remediators[remediator].Options(**given)
        except (TypeError, ValueError) as error:  # pydantic's error is a ValueError, and may quote what it was given
            raise UsageError(f"options of {remediator} do not fit it ({type(error).__name__})") from error
