"""What a template names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Uses:
    """What a template names: variables, and chains such as ``("exchange", "version")`` behind ``facts``."""

    names: frozenset[str] = frozenset()
    facts: frozenset[tuple[str, ...]] = frozenset()
    facts_by_no_name: bool = False

    def __or__(self, other: Uses) -> Uses:
        return Uses(self.names | other.names, self.facts | other.facts, self.facts_by_no_name or other.facts_by_no_name)
