"""The way in: from settings to an open channel, over whichever transport the settings name."""

from __future__ import annotations

from dataclasses import replace

from remediators.model import Channel, UsageError
from remediators.transports.settings import Settings


def open_channel(host_name: str, settings: Settings, deadline: float) -> Channel:
    """
    Connect to a host and log in, in at most ``deadline`` seconds.

    ``host_name`` is what messages call it. Whoever gets the channel must close it. Raises `TransportError`;
    `UsageError` where a file that the settings name cannot be used, or an extra is not installed.
    """
    named = settings if settings.host_name == host_name else replace(settings, host_name=host_name)
    if named.connection == "winrm":
        from remediators.transports.winrm import WinrmChannel

        return WinrmChannel.open(named, deadline)
    if named.connection == "ssh":
        from remediators.transports.ssh import SshChannel

        return SshChannel.open(named, deadline)
    raise UsageError(f"{host_name}: no transport is named {named.connection}")
