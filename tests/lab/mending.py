"""A lab's hosts before and after a run, and what the command line says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from remediators.cli.main import run
from remediators.lab.ios_device import Device
from remediators.lab.serve import Lab, Served
from remediators.lab.world import WindowsMachine


def state(host: Served) -> Any:
    """All of a host that a run could change."""
    machine = host.machine
    if isinstance(machine, Device):
        return machine.running()
    assert isinstance(machine, WindowsMachine)
    return machine.state()


def without_iis(told: Any) -> Any:
    """
    A state without what a repair of the metabase leaves behind: copies kept aside, a longer history, and what IIS has
    in memory, which comes from the file that it last read.
    """
    if not isinstance(told, dict):
        return told
    files = {name: raw for name, raw in told["files"]["files"].items() if name.endswith("\\inetsrv\\MetaBase.xml")}
    return {"registry": told["registry"], "services": told["services"], "files": files}


def verdicts(capsys: pytest.CaptureFixture[str], inventory: str, *more: str) -> dict[int, str]:
    """What `diagnose` says of each cause."""
    capsys.readouterr()
    assert run(["diagnose", "-i", inventory, "all", "--greeting-wait", "20", "--output", "json", *more]) == 0
    document = json.loads(capsys.readouterr().out)
    return {cause["cause"]: cause["verdict"] for cause in document["causes"]}


def kicked(lab: Lab) -> int:
    """Messages that still wait at the sender, a minute after its links were kicked."""
    sender = lab.hosts["exch01"].machine
    assert isinstance(sender, WindowsMachine)
    for link in sender.mail_links():
        sender.kick(link.name)
    sender.advance(60)
    return sum(link.count for link in sender.mail_links())
