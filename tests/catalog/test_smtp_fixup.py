"""Mailguard and ESMTP inspection go wherever they are set, and nothing that only mentions them."""

from __future__ import annotations

from typing import Any

import pytest

from remediators.catalog.smtp_fixup import SmtpFixup
from remediators.model import Answer, Change, Refused, Snapshot
from remediators.resources.config_lines import ConfigKind, running

PIX = """: Saved
PIX Version 6.3(5)
fixup protocol ftp 21
fixup protocol smtp 25
fixup protocol smtp 2525-2530
access-list in remark fixup protocol smtp 25
Cryptochecksum:0
: end
"""
ASA = """: Saved
ASA Version 8.2(5)
interface Ethernet0/0
 description inspect esmtp
policy-map type inspect esmtp MAILMAP
 description inspect esmtp
 parameters
  no mask-banner
policy-map global_policy
 class inspection_default
  inspect ftp
  inspect esmtp
policy-map inbound
 class smtp_port
  inspect esmtp MAILMAP
 class other
  inspect esmtp
Cryptochecksum:0
: end
"""


def typed(text: str, options: dict[str, Any]) -> list[str]:
    query, remediator = running(), SmtpFixup()
    known = Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))
    wanted = remediator.desired(remediator.Options.model_validate(options), known)
    changes = [Change(a, known[a], v) for a, v in wanted.items() if known[a] != v]
    return [command.line for step in ConfigKind().write(changes, known) for command in step.commands]


def test_pix_loses_the_fixup_on_every_port() -> None:
    assert typed(PIX, {}) == ["no fixup protocol smtp 25", "no fixup protocol smtp 2525-2530"]


def test_a_fixup_that_is_off_is_off() -> None:
    off = PIX.replace("fixup protocol smtp 2525-2530\n", "").replace(
        "\nfixup protocol smtp", "\nno fixup protocol smtp"
    )

    assert typed(off, {}) == []


def test_asa_loses_it_under_every_policy_map_and_class_with_its_map() -> None:
    assert typed(ASA, {}) == [
        *("policy-map global_policy", "class inspection_default", "no inspect esmtp"),
        *("policy-map inbound", "class smtp_port", "no inspect esmtp MAILMAP", "class other", "no inspect esmtp"),
    ]


def test_one_policy_map_can_be_chosen() -> None:
    assert typed(ASA, {"policy_map": "global_policy"}) == [
        *("policy-map global_policy", "class inspection_default", "no inspect esmtp"),
    ]


def test_a_router_is_told_the_other_way() -> None:
    with pytest.raises(Refused, match="use ip_inspect"):
        typed("version 12.4\nend\n", {})


def test_a_policy_map_that_is_not_there_is_said_not_to_be_with_those_that_are() -> None:
    query, remediator = running(), SmtpFixup()
    known = Snapshot().read(query, query.parse([Answer(ASA.encode(), 0)]))
    options = remediator.Options.model_validate({"policy_map": "globl_policy"})

    (note,) = remediator.notes(options, known, ())

    assert note == "there is no policy map globl_policy (there are: global_policy, inbound)"
