"""Lines as the operator means them: in full, replaced where there can be one only, and with all that goes along."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from remediators.catalog.ios_config import IosConfig
from remediators.model import Answer, Refused, Snapshot
from remediators.resources.config_lines import running

CONFIG = """version 12.4
hostname R1
no ip http server
ip http secure-server
ip inspect name A tcp
policy-map P
 class one
  bandwidth 10
interface Loopback1
 ip address 192.0.2.1 255.255.255.255
interface Dialer1
 description old
 no ip address
access-list 101 permit tcp any any
banner motd ^C
hello
^C
crypto pki certificate chain C
 certificate ca 01
  3082022B
  quit
end
"""


def wanted(options: dict[str, Any], text: str = CONFIG) -> dict[str, Any]:
    query, remediator = running(), IosConfig()
    known = Snapshot().read(query, query.parse([Answer(text.encode(), 0)]))
    return {str(a): v for a, v in remediator.desired(remediator.Options.model_validate(options), known).items()}


def test_lines_are_wanted_with_their_parents() -> None:
    assert wanted({"parents": ["interface Vlan2"], "lines": ["ip mtu 1400"]}) == {
        "config:interface Vlan2": "present",
        "config:interface Vlan2 > ip mtu 1400": "present",
    }


@pytest.mark.parametrize(
    ("line", "gone"),
    [("description new", "description old"), ("ip address 192.0.2.9 255.255.255.0", "no ip address")],
)
def test_what_a_line_replaces_is_part_of_the_change(line: str, gone: str) -> None:
    found = wanted({"parents": ["interface Dialer1"], "lines": [line]})

    assert found[f"config:interface Dialer1 > {line}"] == "present"
    assert found[f"config:interface Dialer1 > {gone}"] is None


def test_a_second_address_takes_nobodys_place() -> None:
    options = {"parents": ["interface Loopback1"], "lines": ["ip address 192.0.2.2 255.255.255.255 secondary"]}

    assert None not in wanted(options).values()


def test_a_section_goes_with_all_that_is_in_it() -> None:
    assert wanted({"lines": ["interface Loopback1"], "state": "absent"}) == {
        "config:interface Loopback1 > ip address 192.0.2.1 255.255.255.255": None,
        "config:interface Loopback1": None,
    }
    assert wanted({"parents": ["policy-map P"], "lines": ["class one"], "state": "absent"}) == {
        "config:policy-map P > class one > bandwidth 10": None,
        "config:policy-map P": [],
    }


def test_a_line_of_an_ordered_section_is_added_at_its_end() -> None:
    assert wanted({"lines": ["access-list 101 permit udp any any"]}) == {
        "config:access-list 101": ["access-list 101 permit tcp any any", "access-list 101 permit udp any any"]
    }


def test_an_ordered_section_can_be_said_as_a_whole() -> None:
    lines = ["access-list 101 permit udp any any", "access-list 101 permit tcp any any"]

    assert wanted({"parents": ["access-list 101"], "lines": lines, "whole": True}) == {"config:access-list 101": lines}


def test_what_is_shown_as_off_is_switched_on_by_its_line() -> None:
    assert wanted({"lines": ["ip http server"]}) == {"config:no ip http server": None}
    assert wanted({"lines": ["ip domain lookup"]}) == {"config:no ip domain lookup": None}


def test_a_line_that_begins_with_no_is_taken_as_it_would_be_shown() -> None:
    assert wanted({"lines": ["no ip http server"]}) == {"config:no ip http server": "present"}
    assert wanted({"lines": ["no ip domain lookup"]}) == {"config:no ip domain lookup": "present"}
    with pytest.raises(Refused, match="say `state: absent` with `ip http secure-server`"):
        wanted({"lines": ["no ip http secure-server"]})
    with pytest.raises(Refused, match="cannot be told"):
        wanted({"lines": ["no ip inspect log drop-pkt"]})


@pytest.mark.parametrize(
    ("parents", "line", "full"),
    [
        ([], "int Gi0/1", "interface GigabitEthernet0/1"),
        ([], "interface gigabitethernet0/1", "interface GigabitEthernet0/1"),
        ([], "ip insp name A smtp", "ip inspect name A smtp"),
        ([], "no ip insp name A smtp", "no ip inspect name A smtp"),
        (["interface Dialer1"], "sh", "shutdown"),
        (["interface Dialer1"], "no sh", "no shutdown"),
        (["int Di1"], "shutdown", "interface Dialer1"),
        (["line vty 0 4"], "transport in ssh", "transport input ssh"),
    ],
)
def test_an_abbreviation_is_refused_with_the_full_line(parents: list[str], line: str, full: str) -> None:
    with pytest.raises(ValidationError) as caught:
        IosConfig.Options(parents=parents, lines=[line])

    assert f"write '{full}'" in str(caught.value) or f"write {full.removesuffix('1')!r}" in str(caught.value)


def test_an_abbreviation_of_several_words_names_them() -> None:
    with pytest.raises(ValidationError, match="short for one of access-group, access-list"):
        IosConfig.Options(lines=["access 101 permit ip any any"])


@pytest.mark.parametrize(
    "line",
    [
        "banner motd ^Chello^C",
        "crypto key zeroize rsa",
        "do reload",
        "default interface Dialer1",
        "end",
        "write memory",
    ],
)
def test_what_is_no_line_of_a_configuration_is_refused(line: str) -> None:
    with pytest.raises(ValidationError, match="no line that stands by itself"):
        IosConfig.Options(lines=[line])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"lines": []}, "at least 1"),
        ({"lines": ["a\nb"]}, "U\\+000A"),
        ({"lines": ["hostname A", "hostname B"]}, "take each other's place"),
        ({"lines": ["permit ip any any"], "whole": True}, "one ordered section"),
        ({"lines": ["description x"], "parents": ["interface Dialer1"], "whole": True}, "one ordered section"),
        ({"lines": ["access-list 102 permit ip any any"], "parents": ["access-list 101"], "whole": True}, "no line of"),
        ({"lines": ["shutdown"], "parents": ["no interface Dialer1"]}, "cannot begin with no"),
    ],
)
def test_options_that_do_not_fit_are_an_error(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        IosConfig.Options(**options)


def test_texts_of_several_lines_are_left_alone() -> None:
    with pytest.raises(Refused, match="could not be put back"):
        wanted({"lines": ["crypto pki certificate chain C"], "state": "absent"})
    with pytest.raises(ValidationError, match="takes several lines"):
        IosConfig.Options(lines=["certificate ca 01"], parents=["crypto pki certificate chain C"], as_shown=True)


def test_as_shown_takes_every_line_that_a_device_shows() -> None:
    options = {"lines": ["no ip http secure-server"], "as_shown": True}

    assert wanted(options) == {"config:ip http secure-server": None}
    assert IosConfig.Options(parents=["int X"], lines=["sh"], as_shown=True)


def noted(options: dict[str, Any]) -> list[str]:
    query, remediator = running(), IosConfig()
    known = Snapshot().read(query, query.parse([Answer(CONFIG.encode(), 0)]))
    return [*remediator.notes(remediator.Options.model_validate(options), known, ())]


def test_a_line_that_stays_because_it_only_begins_like_the_one_to_go_is_named() -> None:
    (note,) = noted({"lines": ["ip inspect name A"], "state": "absent"})

    assert "there is no line `ip inspect name A`; `ip inspect name A tcp` begins so and stays" in note
    assert noted({"lines": ["ip inspect name A tcp", "ip inspect name B"], "state": "absent"}) == []
    assert noted({"lines": ["hostname R1"]}) == []
