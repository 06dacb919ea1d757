"""The way in: from settings to an open channel, over whichever transport the settings name."""

from __future__ import annotations

from dataclasses import replace

from remediators.model import Channel, UsageError
from remediators.transports.meetings import QUESTION, Finding, Met, met_ssh, met_winrm
from remediators.transports.settings import Settings

__all__ = ["Finding", "Met", "open_channel", "ping"]


def open_channel(host_name: str, settings: Settings, deadline: float) -> Channel:
    """
    Connect to a host and log in, in at most ``deadline`` seconds.

    ``host_name`` is what messages call it. Whoever gets the channel must close it. Raises `TransportError`;
    `UsageError` where a file that the settings name cannot be used, or an extra is not installed.
    """
    named = _named(host_name, settings)
    seconds = min(deadline, named.connect_seconds or deadline)
    if named.connection == "winrm":
        from remediators.transports.winrm import WinrmChannel

        return WinrmChannel.open(named, seconds)
    from remediators.transports.ssh import SshChannel

    return SshChannel.open(named, seconds)


def ping(host_name: str, settings: Settings, deadline: float) -> Met:
    """
    Connect, log in, run one harmless line and say what was met, in at most ``deadline`` seconds.

    What keeps a host from being reached at all is raised, as by `open_channel`; what will give trouble later is among
    the findings.
    """
    named = _named(host_name, settings)
    if named.connection == "winrm":
        from remediators.transports.winrm import WinrmChannel

        return met_winrm(named, *WinrmChannel.ping(named, QUESTION, deadline))
    from remediators.transports.ssh import SshChannel

    user, server, output = SshChannel.ping(named, QUESTION, deadline)
    return met_ssh(named, user, server, output)


def _named(host_name: str, settings: Settings) -> Settings:
    if settings.connection not in ("winrm", "ssh"):
        raise UsageError(f"{host_name}: no transport is named {settings.connection}")
    return settings if settings.host_name == host_name else replace(settings, host_name=host_name)
