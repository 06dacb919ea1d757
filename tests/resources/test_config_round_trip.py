"""Whatever is chosen on whatever configuration: applied it is there, and taken back all is as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from remediators.catalog import catalog
from remediators.model import Change, Refused, Snapshot, Unread
from remediators.resources.config_addresses import is_ordered, lines, path_of
from remediators.resources.config_lines import ConfigKind

from .config_model import Device

CONFIGS = sorted((Path(__file__).parents[1] / "lab" / "configs").glob("*.cfg"))
TEXTS = {path.stem: path.read_text(encoding="ascii") for path in CONFIGS}
CATALOG = catalog({})
KIND = ConfigKind()
NEW = (
    ((), "ip inspect name NEW tcp"),
    ((), "ip inspect name MAIL tcp"),
    ((), "access-list 111 permit udp any any eq domain"),
    ((), "access-list OUTSIDE extended permit udp any any eq domain"),
    (("interface Loopback7",), "ip address 192.0.2.250 255.255.255.255"),
    (("interface FastEthernet0/1",), "description not used"),
    (("interface FastEthernet0/1",), "ip address 198.51.100.9 255.255.255.0"),
    (("interface GigabitEthernet0/0/1.20",), "ip address 203.0.113.77 255.255.255.128"),
    (("interface Dialer1",), "description way out > to the provider"),
    (("policy-map global_policy", "class inspection_default"), "inspect icmp"),
    (("policy-map global_policy",), "class smtp_port"),
    (("policy-map WAN-EDGE", "class MAIL"), "bandwidth percent 10"),
    (("route-map TO-MAIL permit 15",), "match ip address 111"),
    (("router bgp 64512", "address-family ipv4"), "network 192.0.2.0"),
    (("ip access-list extended MGMT",), "permit tcp any any eq 443"),
    ((), "ip domain lookup"),
    ((), "no ip source-route"),
    ((), "fixup protocol smtp 25"),
    ((), "fixup protocol sip 5060"),
)


def planned(device: Device, name: str, options: Mapping[str, Any]) -> tuple[list[Change], Snapshot]:
    """Plan as the engine does. Raises what the remediator raises."""
    remediator = CATALOG[name]
    chosen = remediator.Options.model_validate(dict(options))
    known = device.read(remediator.queries(chosen, Snapshot()), Snapshot())
    wanted = remediator.desired(chosen, known)
    changes = [Change(a, known[a], v) for a, v in wanted.items() if known[a] != v]
    reasons = [reason for change in changes if (reason := KIND.unwritable(change, known))]
    if reasons:
        raise Refused(reasons[0])
    KIND.write(changes, known)
    return changes, known


def there_and_back(device: Device, name: str, options: Mapping[str, Any]) -> None:
    """The law. Raises `Refused` or `Unread` where the first plan does."""
    before, text = device.normal(), device.show()
    changes, known = planned(device, name, options)
    steps = KIND.write(changes, known)
    device.write(steps)

    seen, _ = planned(device, name, options)
    assert seen == [], "a second plan is empty"
    assert device.sent == [command.shown for step in steps for command in step.commands], "only what is shown is sent"
    assert {address for step in steps for address in step.settles} == {change.address for change in changes}
    after = device.show()

    for restoration in KIND.restore(changes):
        back, now = planned(device, restoration.remediator, restoration.options)
        device.write(KIND.write(back, now))

    assert device.normal() == before, f"{text}\n->\n{after}\n->\n{device.show()}"

    hand = Device(text, hides=device.hides, strict=device.strict)
    hand.defaults = device.defaults
    hand.write(steps)
    hand.write(
        KIND.write([change.inverse() for change in changes], known.overlay({c.address: c.after for c in changes}))
    )
    assert hand.normal() == before, "the commands of the way back lead there too"


@st.composite
def options_of_lines(draw: st.DrawFn, text: str) -> dict[str, Any]:
    known = Device(text).read(CATALOG["ios_config"].queries(None, Snapshot()), Snapshot())
    paths = list(lines(known))
    how = draw(st.sampled_from(["absent", "new", "whole"]))
    if how == "absent":
        first = draw(st.sampled_from(paths))
        siblings = [path[-1] for path in paths if path[:-1] == first[:-1]]
        chosen = draw(st.lists(st.sampled_from(siblings), min_size=1, max_size=4, unique=True))
        return {"parents": first[:-1], "lines": chosen, "state": "absent"}
    if how == "new":
        spoken = [
            new
            for new in NEW
            if Device(text).platform == "ios" or not re.search(r"\bip |router", " ".join((*new[0], new[1])))
        ]
        parents, line = draw(st.sampled_from(spoken))
        return {"parents": parents, "lines": [line], "state": "present"}
    ordered = [a for a, v in known.values.items() if a.kind == "config" and is_ordered(path_of(a)) and v]
    assume(ordered)
    where = draw(st.sampled_from(ordered))
    value = draw(st.permutations(known[where]))
    kept = draw(st.integers(1, len(value)))
    return {"parents": path_of(where), "lines": value[:kept], "whole": True}


def _inspect() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "protocols": st.sampled_from([["smtp"], ["esmtp"], ["smtp", "esmtp"]]),
            "inspection": st.sampled_from(["all", "MAIL", "MAIL-OUT", "ethernetin", "FW-IN", "ONLY", "smtp"]),
            "when_last": st.sampled_from(["refuse", "unbind"]),
            "allow_no_tcp": st.booleans(),
            "ensure_tcp": st.booleans(),
        },
    )


LENIENT = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@pytest.mark.parametrize("name", TEXTS)
@LENIENT
@given(data=st.data(), hides=st.booleans())
def test_any_lines_of_any_configuration_go_there_and_back(name: str, data: st.DataObject, hides: bool) -> None:
    options = data.draw(options_of_lines(TEXTS[name]))
    try:
        there_and_back(Device(TEXTS[name], hides=hides), "ios_config", options)
    except (Refused, Unread, ValidationError):
        assume(False)


@pytest.mark.parametrize("name", [name for name in TEXTS if "Cryptochecksum" not in TEXTS[name]])
@LENIENT
@given(options=_inspect())
def test_inspection_of_mail_goes_and_comes_back_on_any_router(name: str, options: dict[str, Any]) -> None:
    try:
        there_and_back(Device(TEXTS[name], strict=True), "ip_inspect", options)
    except Refused:
        assume(False)


@pytest.mark.parametrize("name", [name for name in TEXTS if "Cryptochecksum" in TEXTS[name]])
def test_inspection_of_mail_goes_and_comes_back_on_any_firewall(name: str) -> None:
    there_and_back(Device(TEXTS[name]), "smtp_fixup", {})


def several(name: str, tasks: Sequence[tuple[str, dict[str, Any]]]) -> None:
    device = Device(TEXTS[name])
    before = device.normal()
    made: list[Sequence[Change]] = []
    for remediator, options in tasks:
        changes, known = planned(device, remediator, options)
        device.write(KIND.write(changes, known))
        made.append(changes)
    for changes in reversed(made):
        for restoration in KIND.restore(changes):
            back, now = planned(device, restoration.remediator, restoration.options)
            device.write(KIND.write(back, now))
    assert device.normal() == before


def test_several_tasks_are_taken_back_newest_first() -> None:
    several(
        "branch",
        [
            ("ip_inspect", {"inspection": "MAIL", "ensure_tcp": True}),
            ("ip_inspect", {"inspection": "MAIL-OUT"}),
            ("ios_config", {"parents": ["interface Dialer1"], "lines": ["ip inspect MAIL-OUT out"], "state": "absent"}),
            ("ios_config", {"parents": ["interface Dialer1"], "lines": ["ip inspect MAIL out", "description x"]}),
        ],
    )
