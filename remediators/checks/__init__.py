"""Looks from outside, after the handlers: what the world sees, not what a host says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module

from remediators.model import Check, Shelf

OWN = {"smtp_greeting": ("smtp_greeting", "SmtpGreeting"), "tcp_port": ("tcp_port", "TcpPort")}


def checks() -> Mapping[str, Check]:
    """All checks by name, each made when it is first asked for."""
    return Shelf({name: partial(_check, *where) for name, where in OWN.items()})


def _check(module: str, cls: str) -> Check:
    made: Check = getattr(import_module(f"{__name__}.{module}"), cls)()
    return made
