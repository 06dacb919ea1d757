"""
Looks from outside, after the handlers: what the world sees, not what a host says of itself.

Two of them ask a host all the same, again and again for a while: its event log and its queues tell what no look from
outside can.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module

from remediators.model import Check, Sampled, Shelf

OWN = {
    "smtp_greeting": ("smtp_greeting", "SmtpGreeting"),
    "smtp_ehlo": ("smtp_ehlo", "SmtpEhlo"),
    "tcp_port": ("tcp_port", "TcpPort"),
    "event_absent": ("event_absent", "EventAbsent"),
    "queue_drains": ("queue_drains", "QueueDrains"),
}


def checks() -> Mapping[str, Check | Sampled]:
    """All checks by name, each made when it is first asked for."""
    return Shelf({name: partial(_check, *where) for name, where in OWN.items()})


def _check(module: str, cls: str) -> Check | Sampled:
    made: Check | Sampled = getattr(import_module(f"{__name__}.{module}"), cls)()
    return made
