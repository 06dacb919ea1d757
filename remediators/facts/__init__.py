"""Facts about hosts for templates, read only where a template names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediators.facts.ios import device_facts
from remediators.facts.windows import windows_facts
from remediators.model import Fact


def facts(profiles: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Fact]:
    """All facts by name. ``profiles`` are the products that ``antivirus.products`` looks for."""
    found: list[Fact] = [*windows_facts(profiles or {}), *device_facts()]
    return {fact.name: fact for fact in found}
