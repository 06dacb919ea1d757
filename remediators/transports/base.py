"""The way in: from settings to an open channel, over whichever transport the settings name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from remediators.model import Channel, Refused, Unreachable, UsageError
from remediators.transports.meetings import QUESTION, Finding, Met, met_device, met_ssh, met_winrm
from remediators.transports.settings import Settings

if TYPE_CHECKING:
    from remediators.transports.network import DeviceChannel

__all__ = ["Finding", "Met", "open_channel", "open_device", "ping"]


def open_channel(host_name: str, settings: Settings, deadline: float) -> Channel:
    """
    Connect to a host and log in, in at most ``deadline`` seconds.

    ``host_name`` is what messages call it. Whoever gets the channel must close it. Raises `TransportError`;
    `UsageError` where a file that the settings name cannot be used, or an extra is not installed.
    """
    named = _named(host_name, settings)
    if named.connection == "network_cli":
        raise UsageError(f"{host_name}: a network device takes no Windows command lines")
    seconds = min(deadline, named.connect_seconds or deadline)
    if named.connection == "winrm":
        from remediators.transports.winrm import WinrmChannel

        return WinrmChannel.open(named, seconds)
    from remediators.transports.ssh import SshChannel

    return SshChannel.open(named, seconds)


def open_device(host_name: str, settings: Settings, deadline: float) -> DeviceChannel:
    """
    Connect to a network device, log in, prepare its terminal, and see that it may be worked on.

    Raises as `open_channel` does, and `Refused` for a standby unit or another context than the one that was named.
    """
    from remediators.transports.network import DeviceChannel

    named = _named(host_name, settings)
    channel = DeviceChannel.open(named, min(deadline, named.connect_seconds or deadline))
    if channel.refusal:
        channel.close()
        raise Refused(channel.refusal, channel.transcript)
    return channel


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
    if named.connection == "network_cli":
        return _ping_device(named, deadline)
    from remediators.transports.ssh import SshChannel

    user, server, output = SshChannel.ping(named, QUESTION, deadline)
    return met_ssh(named, user, server, output)


def _ping_device(settings: Settings, deadline: float) -> Met:
    from remediators.transports.network import DeviceChannel

    try:
        channel = DeviceChannel.open(settings, deadline)
    except Refused as refused:
        raise Unreachable(refused.message, refused.detail) from refused
    channel.close()
    return met_device(settings, channel.device, channel.refusal)


def _named(host_name: str, settings: Settings) -> Settings:
    if settings.connection not in ("winrm", "ssh", "network_cli"):
        raise UsageError(f"{host_name}: no transport is named {settings.connection}")
    return settings if settings.host_name == host_name else replace(settings, host_name=host_name)
