"""How a device is armed and saved, decided from its running configuration alone."""

from __future__ import annotations

from typing import Any

import pytest

from remediators.model import Refused, Snapshot
from remediators.resources.config_guard import FAILOVER, RELOAD, RUNNING, STARTUP, TIMER, ConfigSafeguard

IOS = "version 12.4\nhostname R1\narchive\n path flash:a\nend\n"
OTHER = IOS.replace("R1", "R2")
CONTEXT = "ASA Version 9.1(7) <context>\nhostname mail\nCryptochecksum:0\n: end\n"


def decided(platform: str, running: str, startup: str, **leave: Any) -> Any:
    idle = {RELOAD: "No reload is scheduled.", TIMER: "", FAILOVER: "Failover Off"}
    known = Snapshot().overlay({RUNNING: running, STARTUP: startup, **idle})
    return ConfigSafeguard(platform).decide(known, (), leave, 5)


@pytest.mark.parametrize(
    ("startup", "save", "saved", "told"),
    [
        (IOS, "when_clean", True, ()),
        (IOS, "never", False, ("left unsaved, for save: never was said",)),
        (OTHER, "when_clean", False, ("left unsaved: running and startup differ already",)),
        (OTHER, "never", False, ("left unsaved, for save: never was said; running and startup differ already",)),
        (
            OTHER,
            "always",
            True,
            ("running and startup differ already, and save: always saves what somebody else left unsaved, too",),
        ),
    ],
)
def test_why_a_change_is_left_unsaved_or_saves_more_than_itself_is_said(
    startup: str, save: str, saved: bool, told: tuple[str, ...]
) -> None:
    arming = decided("ios", IOS, startup, save=save)

    assert bool(arming.save) is saved
    assert arming.notes[1:] == told


def test_a_security_context_cannot_be_armed_by_a_reload() -> None:
    with pytest.raises(Refused, match=r"a security context has no `reload`.*allow_unarmed: true"):
        decided("asa", CONTEXT, CONTEXT, allow_reload_fallback=True)
    assert decided("asa", CONTEXT, CONTEXT, allow_reload_fallback=True, allow_unarmed=True).kind == "unarmed"
