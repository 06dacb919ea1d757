"""Hosts for these tests: what was read of them, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediators.model import Address, Change, Remediator, Scope, Snapshot


class Anything(frozenset[Address]):
    """A scope that covers every address."""

    def __contains__(self, address: object) -> bool:
        return True


def read_wholly(values: Mapping[Address, Any], unread: Mapping[Address, str] | None = None) -> Snapshot:
    """A host of which everything was asked: what is not among its values is absent."""
    always = {Address("registry-key", "HKLM"): "present", Address("registry-key", "HKLM\\SOFTWARE"): "present"}
    return Snapshot({**always, **values}, (Scope(exact=Anything()),), unread or {})


def changes(remediator: Remediator, options: Mapping[str, Any], known: Snapshot) -> list[Change]:
    """The changes that a plan would have."""
    given = remediator.Options.model_validate(dict(options))
    wanted = remediator.desired(given, known)
    details = remediator.details(given, known)
    return [Change(a, known[a], v, detail=details.get(a)) for a, v in wanted.items() if known[a] != v]


def after(known: Snapshot, made: list[Change]) -> Snapshot:
    return known.overlay({change.address: change.after for change in made})
