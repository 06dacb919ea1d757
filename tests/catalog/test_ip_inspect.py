"""Inspection of mail goes where mail still finds its way back, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from remediators.catalog.ip_inspect import IpInspect
from remediators.model import Answer, Change, Refused, Snapshot
from remediators.resources.config_lines import ConfigKind, running

CONFIG = """version 12.4
ip inspect WAAS flush-timeout 10
ip inspect log drop-pkt
ip inspect tcp idle-time 60
ip inspect name OUT audit-trail smtp
ip inspect name WITH tcp
ip inspect name WITH smtp alert off audit-trail on
ip inspect name WITH-MORE esmtp max-data 20000000
ip inspect name WITH-MORE udp
ip inspect name SOLO esmtp timeout 30
ip inspect name IDLE smtp
interface FastEthernet0/0
 description ip inspect name WITH smtp
 ip inspect WITH in
interface FastEthernet0/0.10
 ip inspect SOLO in
interface Dialer1
 ip inspect SOLO out
 ip inspect WITH-MORE in
banner motd ^C
ip inspect name BANNER smtp
^C
end
"""


def read(text: str) -> Snapshot:
    query = running()
    return Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))


def typed(options: dict[str, Any], text: str = CONFIG) -> list[str]:
    known, remediator = read(text), IpInspect()
    wanted = remediator.desired(remediator.Options.model_validate(options), known)
    changes = [Change(a, known[a], v) for a, v in wanted.items() if known[a] != v]
    return [command.line for step in ConfigKind().write(changes, known) for command in step.commands]


def test_name_and_protocol_are_said_and_tcp_stays() -> None:
    assert typed({"inspection": "WITH"}) == ["no ip inspect name WITH smtp"]


def test_a_name_that_begins_like_another_is_another() -> None:
    with pytest.raises(Refused) as caught:
        typed({"inspection": "WITH-MORE"})

    assert "nothing in WITH-MORE, used on Dialer1 (in), opens the way back" in caught.value.message
    assert "`ensure_tcp: true` adds `ip inspect name WITH-MORE tcp` first" in caught.value.message


def test_tcp_is_added_before_mail_goes() -> None:
    assert typed({"inspection": "WITH-MORE", "ensure_tcp": True}) == [
        "ip inspect name WITH-MORE tcp",
        "no ip inspect name WITH-MORE esmtp",
    ]
    assert typed({"inspection": "WITH", "ensure_tcp": True}) == ["no ip inspect name WITH smtp"]


def test_without_tcp_it_goes_where_that_is_allowed() -> None:
    assert typed({"inspection": "WITH-MORE", "allow_no_tcp": True}) == ["no ip inspect name WITH-MORE esmtp"]


def test_a_name_in_use_is_not_left_empty() -> None:
    with pytest.raises(Refused) as caught:
        typed({"inspection": "SOLO", "allow_no_tcp": True})

    assert "SOLO would have nothing left to inspect while it is used on FastEthernet0/0.10 (in), Dialer1 (out)" in str(
        caught.value
    )


def test_it_is_taken_off_all_its_interfaces_first() -> None:
    assert typed({"inspection": "SOLO", "when_last": "unbind", "allow_no_tcp": True}) == [
        *("interface FastEthernet0/0.10", "no ip inspect SOLO in"),
        *("interface Dialer1", "no ip inspect SOLO out"),
        "no ip inspect name SOLO esmtp",
    ]


def test_taking_it_off_closes_the_way_back_and_must_be_allowed() -> None:
    with pytest.raises(Refused, match="opens the way back"):
        typed({"inspection": "SOLO", "when_last": "unbind"})


def test_a_name_that_nobody_uses_may_go_wholly() -> None:
    assert typed({"inspection": "IDLE"}) == ["no ip inspect name IDLE smtp"]


def test_all_names_and_nothing_that_only_looks_like_them() -> None:
    assert typed({"ensure_tcp": True}) == [
        *("ip inspect name WITH-MORE tcp", "ip inspect name SOLO tcp"),
        *("no ip inspect name WITH smtp", "no ip inspect name WITH-MORE esmtp"),
        *("no ip inspect name SOLO esmtp", "no ip inspect name IDLE smtp"),
    ]


def test_only_the_protocols_that_were_named_go() -> None:
    assert typed({"protocols": ["smtp"]}) == ["no ip inspect name WITH smtp", "no ip inspect name IDLE smtp"]


def test_all_reasons_are_told_at_once() -> None:
    with pytest.raises(Refused, match=r"WITH-MORE.*; SOLO would"):
        typed({})


def test_an_unknown_name_is_told_and_is_no_change() -> None:
    remediator, known = IpInspect(), read(CONFIG)
    options = remediator.Options(inspection="NONE")

    assert remediator.desired(options, known) == {}
    assert list(remediator.notes(options, known, ())) == [
        "there is no inspection NONE (there are: IDLE, OUT, SOLO, WITH, WITH-MORE)"
    ]


def test_a_firewall_is_told_the_other_way() -> None:
    with pytest.raises(Refused, match="use smtp_fixup"):
        typed({}, "PIX Version 6.3(5)\nfixup protocol smtp 25\nCryptochecksum:0\n: end\n")


@pytest.mark.parametrize(
    "wrong", [{"protocols": ["http"]}, {"protocols": []}, {"state": "present"}, {"inspection": "a b"}]
)
def test_what_it_cannot_do_is_an_error_before_any_device_is_asked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IpInspect.Options(**wrong)


def test_what_is_allowed_about_arming_is_handed_on() -> None:
    remediator = IpInspect()

    assert remediator.leave(remediator.Options(allow_unarmed=True, save="never")) == {
        "allow_unarmed": True,
        "save": "never",
    }
    assert remediator.leave(remediator.Options()) == {}
