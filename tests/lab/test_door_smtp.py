"""The SMTP door, asked by smtplib."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator

import pytest

from remediators.lab.serve import Lab, Served
from remediators.lab.smtp_door import mask
from tests.lab.door_machines import Parrot


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab({"hub01": {"machine": Parrot("HUB01"), "connection": "none"}}) as running:
        yield running


@pytest.fixture
def hub(lab: Lab) -> Served:
    return lab.hosts["hub01"]


def place(host: Served) -> tuple[str, int]:
    return host.address, host.smtp_port or 0


def test_the_greeting_and_the_verbs_of_exchange_are_seen(hub: Served) -> None:
    with smtplib.SMTP(timeout=5) as asked:
        code, text = asked.connect(*place(hub))
        assert (code, text.split()[:4]) == (220, [b"exch01.example", b"Microsoft", b"ESMTP", b"MAIL"])
        assert asked.ehlo()[0] == 250
        offered = (asked.ehlo_resp or b"").split(b"\n")
        assert offered[0] == b"exch01.example Hello [127.0.0.1]"
        assert {b"X-EXPS GSSAPI NTLM LOGIN", b"X-EXPS=LOGIN", b"X-LINK2STATE", b"XEXCH50", b"SIZE"} < set(offered)
        assert asked.noop()[0] == 250
        assert asked.rset()[0] == 250
        assert asked.helo()[0] == 250
        assert asked.docmd("MAIL", "FROM:<>")[0] == 500


def test_a_masking_firewall_hides_the_greeting_and_the_extensions(hub: Served) -> None:
    hub.faults.add("masked-greeting")
    with smtplib.SMTP(timeout=5) as asked:
        code, text = asked.connect(*place(hub))
        assert code == 220
        assert set(text) <= set(b"*20 ")
        assert asked.ehlo()[0] == 500
        assert asked.helo()[0] == 250
    hub.faults.discard("masked-greeting")


def test_a_masked_greeting_keeps_twos_noughts_and_blanks() -> None:
    assert mask(b"220 ex1 at 10:02:00\r\n") == b"220 *** ** *0*02*00\r\n"


def test_without_a_greeting_the_connection_is_closed(hub: Served) -> None:
    machine = hub.machine
    assert isinstance(machine, Parrot)
    said, machine.said = machine.said, None
    with socket.create_connection(place(hub), timeout=5) as wire:
        assert wire.recv(100) == b""
    machine.said = said
    with socket.create_connection(place(hub), timeout=5) as wire:
        assert wire.recv(4) == b"220 "


def test_a_mute_server_accepts_and_says_nothing(hub: Served) -> None:
    hub.faults.add("mute-greeting", times=1)
    with socket.create_connection(place(hub), timeout=0.2) as wire, pytest.raises(TimeoutError):
        wire.recv(1)


def test_a_server_may_be_cut_off(hub: Served) -> None:
    hub.faults.add("no-smtp", times=1)
    with socket.create_connection(place(hub), timeout=5) as wire:
        assert wire.recv(1) == b""
