"""The remediators: one file each, put together here as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from remediators.model import Remediator, Shelf, UsageError

__all__ = ["GROUP", "OWN", "catalog", "register"]

GROUP = "remediators.catalog"  # entry points of third parties: the remediator's name, and a subclass of Remediator

# name -> module here, class, and whether it works from profiles
OWN = {
    "registry": ("registry", "Registry", False),
    "service": ("service", "Service", False),
    "metabase": ("metabase", "Metabase", False),
    "tnef": ("tnef", "Tnef", False),
    "smtp_banner": ("smtp_banner", "SmtpBanner", False),
    "av_email_scanner": ("av_email_scanner", "AvEmailScanner", True),
    "mail_heuristics": ("mail_heuristics", "MailHeuristics", True),
    "ip_inspect": ("ip_inspect", "IpInspect", False),
    "smtp_fixup": ("smtp_fixup", "SmtpFixup", False),
    "ios_config": ("ios_config", "IosConfig", False),
    "queue_kick": ("queue_kick", "QueueKick", False),
    "metabase_repair": ("metabase_repair", "MetabaseRepair", False),
    "dead_man_switch": ("dead_man_switch", "DeadManSwitch", False),
    "command": ("command", "Command", False),
}


def catalog(profiles: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Remediator]:
    """
    All remediators by name: our own, and those of installed packages. Each is made when it is first asked for.

    ``profiles`` is data about products, by name. A third party's that cannot be used raises `UsageError` then.
    """
    return Shelf({name: partial(_own, name, profiles) for name in OWN}, _others)


def register(remediators: Iterable[Remediator]) -> dict[str, Remediator]:
    """Remediators by name. Raises `UsageError` for one that could not plan, or whose name is taken."""
    found: dict[str, Remediator] = {}
    for remediator in remediators:
        wrong = _wrong(remediator) or ("has a name that is taken" if remediator.name in found else None)
        if wrong:
            raise UsageError(f"the remediator {type(remediator).__module__}.{type(remediator).__name__} {wrong}")
        found[remediator.name] = remediator
    return found


def _own(name: str, profiles: Mapping[str, Mapping[str, Any]]) -> Remediator:
    module, cls, from_profiles = OWN[name]
    kind = getattr(import_module(f"{__name__}.{module}"), cls)
    made: Remediator = kind(profiles) if from_profiles else kind()
    return made


def _others() -> dict[str, Callable[[], Remediator]]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - costs 8 ms, and is needed for unknown names only

    return {point.name: partial(_load, point) for point in entry_points(group=GROUP)}


def _load(point: Any) -> Remediator:
    """A remediator of an installed package. Raises `UsageError` with the package's own words."""
    try:
        remediator = point.load()()
    except Exception as error:
        raise UsageError(f"the remediator {point.value} cannot be loaded: {error}") from error
    return register([remediator])[remediator.name]


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
