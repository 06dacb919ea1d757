"""What a device's configuration says of mail: in use, idle, a look-alike, or nothing."""

from pathlib import Path

import pytest

from remediators.catalog.evidence_devices import DeviceEvidence, look_alike
from remediators.model import Answer, Host, Snapshot
from remediators.resources import config_lines

IOS = """version 12.4
hostname gw
{rules}
interface FastEthernet0/0
 ip address 192.0.2.1 255.255.255.0
{first}!
interface FastEthernet0/1
 ip address 198.51.100.1 255.255.255.0
{second}!
end
"""
ASA = """: Saved
:
ASA Version 8.2(5)
!
hostname fw
policy-map global_policy
 class inspection_default
  inspect dns
{inspect}policy-map spare
 class inspection_default
  inspect esmtp
!
{service}
Cryptochecksum:00000000000000000000000000000000
: end
"""
PIX = """: Saved
:
PIX Version 6.3(5)
hostname pix
{fixup}Cryptochecksum:00000000000000000000000000000000
: end
"""
ZONES = """class-map type inspect match-any MAIL
 match protocol smtp
policy-map type inspect POLICY
 class type inspect MAIL
  inspect
{used}"""
PAIR = """zone-pair security OUT source inside destination outside
 service-policy type inspect POLICY
"""


def seen(text):
    query = config_lines.running()
    known = Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))
    return DeviceEvidence(Host("dev", {}), "ios").evidence(known).sign("inspection")


def ios(rules="", first="", second=""):
    return seen(IOS.format(rules=rules, first=first, second=second))


@pytest.mark.parametrize("protocol", ["smtp", "esmtp alert on audit-trail off"])
def test_an_inspection_that_an_interface_uses_is_bound(protocol):
    found = ios(f"ip inspect name OUT {protocol}", second=" ip inspect OUT out\n")

    assert (found.value, found.detail["names"]) == ("bound", ["OUT"])
    assert "FastEthernet0/1" in found.words


def test_an_inspection_that_nothing_uses_is_not_bound():
    found = ios("ip inspect name OUT smtp\nip inspect name OTHER tcp", second=" ip inspect OTHER out\n")

    assert found.value == "unbound"


def test_an_interface_that_is_shut_down_uses_nothing():
    assert ios("ip inspect name OUT smtp", second=" ip inspect OUT out\n shutdown\n").value == "unbound"


def test_inspections_of_other_protocols_are_none_of_mail():
    assert ios("ip inspect name OUT tcp\nip inspect name OUT ftp", second=" ip inspect OUT out\n").value == "none"


def test_a_zone_based_firewall_that_inspects_mail_is_a_look_alike_by_hand():
    found = ios(ZONES.format(used=PAIR))

    assert (found.value, found.detail) == ("look-alike", {"manual": True})
    assert "zone-based firewall" in found.words


def test_a_zone_based_policy_that_no_pair_of_zones_uses_does_nothing():
    assert ios(ZONES.format(used="")).value == "none"


@pytest.mark.parametrize(
    "service", ["service-policy global_policy global", "service-policy global_policy interface in"]
)
def test_an_asa_inspects_where_the_policy_map_is_in_service(service):
    found = seen(ASA.format(inspect="  inspect esmtp\n", service=service))

    assert (found.value, found.detail["names"]) == ("bound", ["global_policy"])


def test_a_policy_map_of_an_asa_that_is_not_in_service_does_nothing():
    assert seen(ASA.format(inspect="", service="service-policy global_policy global")).value == "unbound"


def test_a_fixup_of_a_pix_is_always_in_use():
    assert seen(PIX.format(fixup="fixup protocol smtp 25\n")).value == "bound"
    assert seen(PIX.format(fixup="fixup protocol ftp 21\n")).value == "none"


def test_a_configuration_that_is_not_whole_is_unread():
    known = Snapshot().fail(config_lines.running(), "its end mark is missing")
    found = DeviceEvidence(Host("dev", {}), "ios").evidence(known).sign("inspection")

    assert found.value == "unread"
    assert "its end mark is missing" in found.words


def test_a_firewall_services_module_is_named_by_what_it_was_refused_with():
    sign = look_alike("fw", "fw: is a device of another type: FWSM Firewall Version 3.1(5)")

    assert sign is not None
    assert sign.value == "look-alike"
    assert look_alike("fw", "fw: no route to host") is None


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "lab" / "configs").glob("*.cfg")), ids=lambda p: p.name
)
def test_every_configuration_at_hand_can_be_told(path):
    assert seen(path.read_text(encoding="utf-8")).value in ("bound", "unbound", "none", "look-alike", "unread")
