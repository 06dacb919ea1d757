"""What remediators that stop a service have in common: leave for stores and clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field, StrictBool

from remediators.catalog.options import Options
from remediators.model import Query, Refused, Snapshot
from remediators.resources import services
from remediators.resources.service_control import CLUSTER_REASON

__all__ = ["Leave", "ask_cluster", "leave", "refuse_cluster"]


class Leave(Options):
    """What an operator must say before a store or a cluster is touched."""

    allow_store_restart: StrictBool = Field(
        default=False, description="Leave to stop MSExchangeIS, MSExchangeSA or IISADMIN where they are named."
    )
    dependents: tuple[str, ...] = Field(
        default=(), description="Dependents among MSExchangeIS, MSExchangeSA and IISADMIN that may stop as well."
    )
    allow_cluster: StrictBool = Field(
        default=False, description="Leave to change services on a host of a cluster that has Exchange resources."
    )


def leave(options: Leave) -> dict[str, Any]:
    """What was granted, as plain data for the resource kind."""
    granted = {
        "allow_store_restart": options.allow_store_restart,
        "dependents": list(options.dependents),
        "allow_cluster": options.allow_cluster,
    }
    return {name: value for name, value in granted.items() if value}


def ask_cluster(options: Leave, known: Snapshot) -> Iterator[Query]:
    if not options.allow_cluster:
        yield from services.cluster_queries(known)


def refuse_cluster(options: Leave, known: Snapshot) -> None:
    """Raise `Refused` on a host of a cluster with Exchange resources, `Unread` where that cannot be told."""
    if not options.allow_cluster and services.clustered(known):
        raise Refused(CLUSTER_REASON)
