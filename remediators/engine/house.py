"""What the engine is handed to work with: it knows nothing of Windows or Cisco itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remediators.model import (
    Address,
    Check,
    Command,
    Fact,
    Host,
    Platform,
    Remediator,
    ResourceKind,
    Sampled,
    UsageError,
)


@dataclass(frozen=True, slots=True)
class House:
    """
    The remediators, resource kinds, facts and checks in use.

    ``kinds`` maps a kind of address to who reads and writes it. ``platform_of`` says what a host is. ``by_hand``
    turns commands and comments into what a person can run at the host's console: the ending of its file, and its text.
    """

    remediators: Mapping[str, Remediator]
    kinds: Mapping[str, ResourceKind]
    facts: Mapping[str, Fact]
    checks: Mapping[str, Check | Sampled]
    platform_of: Callable[[Host], Platform]
    by_hand: Callable[[Platform, Sequence[tuple[str, Sequence[Command]]]], tuple[str, str]]

    def kind_of(self, address: Address) -> ResourceKind:
        """Who reads and writes an address. Raises `UsageError` where nobody does: a plan may come from anywhere."""
        if address.kind not in self.kinds:
            raise UsageError(f"{address}: nothing here can read or write a {address.kind!r}")
        return self.kinds[address.kind]

    def options(self, remediator: str, given: Mapping[str, Any]) -> Any:
        """Options of a remediator from plain data. Raises `UsageError` where they do not fit."""
        if remediator not in self.remediators:
            raise UsageError(f"there is no remediator {remediator!r}")
        try:
            return self.remediators[remediator].Options(**given)
        except (TypeError, ValueError) as error:  # pydantic's error is a ValueError, and may quote what it was given
            raise UsageError(f"options of {remediator} do not fit it ({type(error).__name__})") from error
