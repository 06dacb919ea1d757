"""What the engine is handed to work with: it knows nothing of Windows or Cisco itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remediators.model import Address, Check, Command, Fact, Host, Platform, Remediator, ResourceKind


@dataclass(frozen=True, slots=True)
class House:
    """
    The remediators, resource kinds, facts and checks in use.

    ``kinds`` maps a kind of address to who reads and writes it. ``platform_of`` says what a host is. ``by_hand``
    turns commands and comments into a file that a person can run at the host's console.
    """

    remediators: Mapping[str, Remediator]
    kinds: Mapping[str, ResourceKind]
    facts: Mapping[str, Fact]
    checks: Mapping[str, Check]
    platform_of: Callable[[Host], Platform]
    by_hand: Callable[[Sequence[tuple[str, Sequence[Command]]]], str]

    def kind_of(self, address: Address) -> ResourceKind:
        return self.kinds[address.kind]

    def options(self, remediator: str, given: Mapping[str, Any]) -> Any:
        """Options of a remediator from plain data. Raises pydantic's error: the caller wrote the data."""
        return self.remediators[remediator].Options(**given)
