"""The remediators: one file each, put together here as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any

from remediators.catalog.av_email_scanner import AvEmailScanner
from remediators.catalog.command import Command
from remediators.catalog.mail_heuristics import MailHeuristics
from remediators.catalog.metabase import Metabase
from remediators.catalog.products import profile
from remediators.catalog.registry import Registry
from remediators.catalog.service import Service
from remediators.catalog.smtp_banner import SmtpBanner
from remediators.catalog.tnef import Tnef
from remediators.model import Remediator, UsageError

__all__ = ["GROUP", "catalog", "profile", "register"]

GROUP = "remediators.catalog"  # the entry points of third parties: each names a subclass of Remediator


def catalog(profiles: Mapping[str, Mapping[str, Any]]) -> dict[str, Remediator]:
    """
    All remediators by name: our own, and those of installed packages.

    ``profiles`` is data about products, by name. Raises `UsageError` where a third party's cannot be used.
    """
    return register([*_own(profiles), *_others()])


def register(remediators: Iterable[Remediator]) -> dict[str, Remediator]:
    """Remediators by name. Raises `UsageError` for one that could not plan, or whose name is taken."""
    found: dict[str, Remediator] = {}
    for remediator in remediators:
        wrong = _wrong(remediator) or ("has a name that is taken" if remediator.name in found else None)
        if wrong:
            raise UsageError(f"the remediator {type(remediator).__module__}.{type(remediator).__name__} {wrong}")
        found[remediator.name] = remediator
    return found


def _own(profiles: Mapping[str, Mapping[str, Any]]) -> list[Remediator]:
    return [
        Registry(),
        Service(),
        Metabase(),
        Tnef(),
        SmtpBanner(),
        AvEmailScanner(profiles),
        MailHeuristics(profiles),
        Command(),
    ]


def _others() -> list[Remediator]:
    """Remediators of installed packages. Raises `UsageError` with the package's own words."""
    found: list[Remediator] = []
    for point in entry_points(group=GROUP):
        try:
            found.append(point.load()())
        except Exception as error:
            raise UsageError(f"the remediator {point.value} cannot be loaded: {error}") from error
    return found


def _wrong(remediator: Any) -> str | None:
    """Why an object cannot be used as a remediator."""
    if not isinstance(remediator, Remediator):
        return "is not a subclass of remediators.model.Remediator"
    for attribute in ("name", "platform", "Options"):
        if not hasattr(remediator, attribute):
            return f"has no {attribute}"
    for method in ("queries", "desired"):
        if getattr(type(remediator), method) is getattr(Remediator, method):
            return f"has no {method}(): it could not be planned"
    if not (type(remediator).__doc__ or "").strip():
        return "has no docstring, which is its documentation"
    return None
