"""Looks from outside, after the handlers: what the world sees, not what a host says of itself."""

from __future__ import annotations

from remediators.checks.smtp_greeting import SmtpGreeting
from remediators.checks.tcp_port import TcpPort
from remediators.model import Check


def checks() -> dict[str, Check]:
    """All checks by name."""
    found: tuple[Check, ...] = (SmtpGreeting(), TcpPort())
    return {check.name: check for check in found}
