"""Secrets never reach logs, documents, messages or the journal in the clear: this is the last gate, by value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "********"
SECRET_NAME = re.compile(r"passw(or)?d|_pass$|secret|token|passphrase|private_key_content", re.IGNORECASE)


def secret_values(variables: Mapping[str, Any]) -> set[str]:
    """The values of all variables whose names say that they are secret."""
    return {str(value) for name, value in variables.items() if SECRET_NAME.search(name) and isinstance(value, str)}


class Redactor:
    """Replaces every known secret in text with ``********``. Secrets of one or two characters would mask everything."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) > 2}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """The same for every string inside a JSON value."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name): self.value(inside) for name, inside in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inside) for inside in value]
        return value
