"""From values to the lines that are typed, in their order, and back."""

from __future__ import annotations

from typing import Any

import pytest

from remediators.model import Action, Address, Answer, Change, Refused, Snapshot
from remediators.resources.config_lines import ConfigKind, address, running

KIND = ConfigKind()
IOS = """version 12.4
ip inspect name OUT smtp alert on
ip inspect name OUT tcp
ip inspect name SOLO esmtp
class-map match-any VOICE
policy-map P
 class one
  bandwidth 10
 class two
 class class-default
interface Dialer1
 description old
 ip address 192.0.2.1 255.255.255.0
 ip access-group MAIL in
 ip inspect SOLO out
 shutdown
interface Vlan2
 no ip address
ip access-list extended MAIL
 permit tcp any any eq smtp
 permit icmp any any
 deny   ip any any
access-list 101 permit tcp any any
access-list 101 deny   ip any any
access-list 10 permit 192.0.2.1
access-list 10 permit any
route-map R permit 10
 match ip address 101
router bgp 1
 address-family ipv4
  network 192.0.2.0
no ip http server
end
"""
ASA = """ASA Version 9.1(7)
access-list OUT extended permit tcp any any eq smtp
access-list OUT extended deny ip any any
access-group OUT in interface outside
policy-map global_policy
 class inspection_default
  inspect dns
  inspect esmtp MAP
Cryptochecksum:00
: end
"""
DIALER = ("interface Dialer1",)
MAIL = address("ip access-list extended MAIL")


def read(text: str) -> Snapshot:
    query = running()
    return Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))


def typed(text: str, wanted: dict[Address, Any]) -> list[str]:
    known = read(text)
    changes = [Change(where, known[where], value) for where, value in wanted.items()]
    for change in changes:
        reason = KIND.unwritable(change, known)
        if reason:
            raise Refused(reason)
    return [command.line for step in KIND.write(changes, known) for command in step.commands]


def test_a_rule_is_taken_out_by_name_and_protocol_only() -> None:
    assert typed(IOS, {address("ip inspect name OUT smtp alert on"): None}) == ["no ip inspect name OUT smtp"]


def test_an_interface_is_unbound_before_its_inspection_loses_its_last_rule_whatever_the_order_asked_for() -> None:
    gone = {address("ip inspect name SOLO esmtp"): None, address("ip inspect SOLO out", DIALER): None}

    assert typed(IOS, gone) == ["interface Dialer1", "no ip inspect SOLO out", "no ip inspect name SOLO esmtp"]


def test_rules_come_before_their_use_and_additions_before_removals() -> None:
    wanted = {
        address("ip inspect name SOLO esmtp"): None,
        address("ip inspect NEW out", DIALER): "present",
        address("ip inspect SOLO out", DIALER): None,
        address("ip inspect name NEW tcp"): "present",
    }

    assert typed(IOS, wanted) == [
        "ip inspect name NEW tcp",
        "interface Dialer1",
        "ip inspect NEW out",
        "no ip inspect name SOLO esmtp",
    ]


def test_what_is_replaced_is_not_taken_back() -> None:
    wanted = {address("description new", DIALER): "present", address("description old", DIALER): None}

    assert typed(IOS, wanted) == ["interface Dialer1", "description new"]


def test_a_line_that_begins_with_no_is_taken_back_by_its_positive() -> None:
    assert typed(IOS, {address("no ip http server"): None}) == ["ip http server"]
    assert typed(IOS, {address("shutdown", DIALER): None}) == ["interface Dialer1", "no shutdown"]


def test_a_line_that_needs_a_value_is_not_taken_back_without_one() -> None:
    with pytest.raises(Refused, match="without saying what comes instead"):
        typed(IOS, {address("no ip address", ["interface Vlan2"]): None})


def test_a_section_goes_as_one_and_comes_with_all_its_lines() -> None:
    loopback = {address("interface Loopback1"): "present", address("ip mtu 1400", ["interface Loopback1"]): "present"}
    assert typed(IOS, loopback) == ["interface Loopback1", "ip mtu 1400"]

    entry = {address("match ip address 101", ["route-map R permit 10"]): None, address("route-map R"): None}
    assert typed(IOS, entry) == ["no route-map R permit 10"]


def test_sections_that_must_be_left_are_left() -> None:
    wanted = {address("network 203.0.113.0", ["router bgp 1", "address-family ipv4"]): "present"}

    assert typed(IOS, wanted) == ["router bgp 1", "address-family ipv4", "network 203.0.113.0", "exit-address-family"]


# -- order -------------------------------------------------------------------------------------------------------------

PERMIT, ICMP, DENY = "permit tcp any any eq smtp", "permit icmp any any", "deny   ip any any"


def test_an_access_list_grows_at_its_end_and_shrinks_line_by_line() -> None:
    assert typed(IOS, {MAIL: [PERMIT, ICMP, DENY, "permit gre any any"]})[1:] == ["permit gre any any"]
    assert typed(IOS, {MAIL: [PERMIT, DENY]}) == ["ip access-list extended MAIL", f"no {ICMP}"]


def test_a_line_is_put_between_two_others_by_its_number_and_the_old_goes_last() -> None:
    assert typed(IOS, {MAIL: [PERMIT, "permit gre any any", DENY]}) == [
        "ip access-list resequence MAIL 10 10",
        "ip access-list extended MAIL",
        "11 permit gre any any",
        "no 20",
    ]


def test_two_lines_change_places_without_the_list_ever_being_empty() -> None:
    assert typed(IOS, {MAIL: [ICMP, PERMIT, DENY]})[2:] in (["no 10", "21 " + PERMIT], ["no 20", "1 " + ICMP])


def test_a_single_line_of_a_numbered_list_never_takes_the_whole_list_along() -> None:
    gone = {address("access-list 101"): ["access-list 101 deny   ip any any"]}

    assert typed(IOS, gone) == ["ip access-list extended 101", "no permit tcp any any"]
    assert typed(IOS, {address("access-list 10"): None}) == ["no access-list 10"]


@pytest.mark.parametrize("value", [None, []])
def test_a_list_in_use_is_never_emptied(value: list[str] | None) -> None:
    with pytest.raises(Refused, match="is used by `interface Dialer1 > ip access-group MAIL in`"):
        typed(IOS, {MAIL: value})


def test_a_release_that_does_not_number_entries_is_refused() -> None:
    with pytest.raises(Refused, match=r"IOS 12\.2 does not number entries"):
        typed(IOS.replace("version 12.4", "version 12.2"), {MAIL: [ICMP, PERMIT, DENY]})


def test_a_change_whose_way_back_cannot_be_typed_is_refused_with_that_reason() -> None:
    with pytest.raises(Refused, match=r"could not be put back: .*12\.2 does not number"):
        typed(IOS.replace("version 12.4", "version 12.2"), {MAIL: [PERMIT, DENY]})


def test_entries_that_show_their_numbers_need_no_others() -> None:
    text = IOS.replace(
        " permit tcp any any eq smtp\n permit icmp any any\n deny   ip any any", " 10 permit a\n 20 deny b"
    )

    lines = typed(text, {MAIL: ["10 permit a", "15 permit c", "20 deny d"]})

    assert lines == ["ip access-list extended MAIL", "15 permit c", "no 20", "20 deny d"]


def test_asa_has_a_place_for_a_line() -> None:
    where, head = address("access-list OUT"), "access-list OUT extended "
    value = [head + "permit tcp any any eq smtp", head + "permit icmp any any", head + "deny ip any any"]

    assert typed(ASA, {where: value}) == ["access-list OUT line 2 extended permit icmp any any"]
    assert typed(ASA, {where: value[1:]}) == [
        "access-list OUT line 1 extended permit icmp any any",
        "no access-list OUT extended permit tcp any any eq smtp",
    ]
    with pytest.raises(Refused, match="is used by `access-group OUT in interface outside`"):
        typed(ASA, {where: None})


def test_classes_come_back_to_their_place_with_what_is_in_them() -> None:
    wanted = {address("policy-map P"): ["class new", "class one", "class two", "class class-default"]}

    assert typed(IOS, wanted) == [
        *("policy-map P", "no class two", "no class one"),
        *("class new", "class one", "bandwidth 10", "class two"),
    ]
    assert list(KIND.notes([Change(w, read(IOS)[w], v) for w, v in wanted.items()], read(IOS))) == [
        "classes of `policy-map P` are taken out and put back in the same step, to keep their order"
    ]


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        (address("policy-map P"), ["class class-default", "class one"], "say it last"),
        (address("route-map R"), ["route-map R permit 20", "route-map R permit 10"], "order of its numbers"),
        (
            address("access-list 10"),
            ["access-list 10 permit any", "access-list 10 permit 192.0.2.1"],
            "orders the hosts",
        ),
    ],
)
def test_an_order_that_a_device_does_not_keep_is_refused(where: Address, value: list[str], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        typed(IOS, {where: value})


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_inspection_is_taken_out_of_a_class_with_its_map() -> None:
    where = address("inspect esmtp MAP", ["policy-map global_policy", "class inspection_default"])

    assert typed(ASA, {where: None}) == ["policy-map global_policy", "class inspection_default", "no inspect esmtp MAP"]


def test_a_secret_is_neither_changed_nor_told() -> None:
    with pytest.raises(Refused, match="holds a secret") as caught:
        typed(IOS, {address("enable secret 5 $1$abcdef"): "present"})

    assert "$1$abcdef" not in caught.value.message


def test_every_change_is_settled_by_a_step() -> None:
    known = read(IOS)
    changes = [Change(MAIL, known[MAIL], [PERMIT, DENY]), Change(address("hostname x"), None, "present")]

    assert {where for step in KIND.write(changes, known) for where in step.settles} == {MAIL, address("hostname x")}


def test_a_configuration_has_no_actions() -> None:
    with pytest.raises(Refused, match="no action restarted"):
        KIND.perform(Action(address("x"), "restarted"), Snapshot())


def test_one_question_answers_for_all_lines() -> None:
    query = next(iter(KIND.queries([MAIL], Snapshot(), {})))

    assert query.scope.covers(address("anything at all", ["below anything"]))
    assert [command.line for command in query.commands] == ["show running-config"]


def test_a_sub_interface_comes_back_in_an_order_in_which_the_device_takes_it() -> None:
    inside = (
        "ip address 192.0.2.9 255.255.255.0 secondary",
        "ip inspect MAIL in",
        "ip address 192.0.2.1 255.255.255.0",
        "vrf forwarding BLUE",
        "encapsulation dot1Q 20",
    )
    name = "interface FastEthernet0/0.20"

    lines = typed(IOS, {address(name): "present"} | {address(line, (name,)): "present" for line in inside})

    assert lines == [name, *(inside[at] for at in (4, 3, 1, 2, 0))]


def test_lines_of_an_interface_go_before_what_they_need() -> None:
    inside = ("ip address 192.0.2.1 255.255.255.0", "ip address 192.0.2.9 255.255.255.0 secondary", "ip mtu 1400")
    text = IOS.replace(
        "interface Dialer1\n",
        "".join(f"{x}\n" for x in ("interface Vlan9", *(f" {y}" for y in inside))) + "interface Dialer1\n",
        1,
    )

    lines = typed(text, {address(line, ("interface Vlan9",)): None for line in inside})

    assert lines == ["interface Vlan9", f"no {inside[1]}", f"no {inside[0]}", f"no {inside[2]}"]
