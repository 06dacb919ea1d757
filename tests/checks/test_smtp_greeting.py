"""Looking at a greeting from outside, over real sockets on loopback."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from remediators.checks import checks
from remediators.checks.smtp_greeting import SmtpGreeting, SmtpGreetingOptions
from remediators.checks.tcp_port import TcpPort, TcpPortOptions
from remediators.model import Host
from tests.checks.servers import saying, server

HOST = Host("mail1", {"ansible_host": "127.0.0.1"})


def look(port: int, **options: object) -> str | None:
    return SmtpGreeting().run(HOST, SmtpGreetingOptions(port=port, **{"timeout": 5, **options}), 60)


GREETING = b"220 mail1.contoso.com Contoso ESMTP mail service ready at  Tue, 29 Feb 2000 18:55:48 -0600\r\n"


def test_a_greeting_with_the_wanted_text_is_well() -> None:
    with saying(GREETING) as port:
        assert look(port, contains="Contoso ESMTP mail service") is None


def test_a_greeting_in_several_lines_is_read_to_its_end() -> None:
    with saying(b"220-one\r\n220-two\r\n220 three\r\n") as port:
        assert look(port, equals="one\ntwo\nthree") is None


def test_a_greeting_without_the_wanted_text_is_told() -> None:
    with saying(GREETING) as port:
        assert (look(port, contains="Fabrikam") or "").endswith("without 'Fabrikam'")


def test_a_greeting_that_is_not_equal_is_told() -> None:
    with saying(b"220 a\r\n") as port:
        assert look(port, equals="b") == "the greeting is '220 a', not 'b'"


@pytest.mark.parametrize(
    "masked",
    [
        b"220 *********0" + b"*" * 65 + b" ************2*************\r\n",
        b"220*******************************************************0*2******0***********************\r\n",
        b"2002*******2***0*00\r\n",
        b"220 SMTP/cmap_________________________________________ read\r\n",
    ],
)
def test_a_masked_greeting_points_to_the_firewall(masked: bytes) -> None:
    with saying(masked) as port:
        assert "(cause 5)" in (look(port) or "")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"554 no\r\n", "no SMTP service for this client (554)"),
        (b"421 busy\r\n", "not available just now (421)"),
        (b"250 hi\r\n", "(250 instead of 220)"),
        (b"SSH-2.0-OpenSSH\r\n", "does not speak SMTP"),
        (b"\xff\xfe\x00\r\n", "does not speak SMTP"),
    ],
)
def test_other_answers_are_told_in_words(said: bytes, words: str) -> None:
    with saying(said) as port:
        assert words in (look(port) or "")


def test_silence_is_given_up_at_the_deadline() -> None:
    began = time.monotonic()
    with saying(b"") as port:
        seen = look(port, timeout=0.3)

    assert seen == "no greeting within 0.3 seconds (cause 4)"
    assert time.monotonic() - began < 3


def test_a_connection_that_closes_at_once_has_no_greeting() -> None:
    with server(lambda connection, _: connection.shutdown(socket.SHUT_RDWR)) as port:
        assert look(port) == "the server closed the connection without a greeting (cause 4)"


def test_one_byte_at_a_time_does_not_stretch_the_deadline() -> None:
    def drip(connection: socket.socket, done: threading.Event) -> None:
        while not done.wait(0.05):
            connection.sendall(b"2")

    began = time.monotonic()
    with server(drip) as port:
        seen = look(port, timeout=0.4)

    assert "time was up" in (seen or "")
    assert time.monotonic() - began < 3


def test_a_flood_is_cut_off() -> None:
    def flood(connection: socket.socket, done: threading.Event) -> None:
        for _ in range(160):
            if done.is_set():
                return
            connection.sendall(b"x" * 65536)

    with server(flood) as port:
        assert (look(port) or "").startswith("more than 65536 bytes came and no end of a greeting")


def test_a_closed_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert "no connection" in (look(port) or "")
    assert TcpPort().run(HOST, TcpPortOptions(port=port, open=False), 5) is None
    assert "refused" in (TcpPort().run(HOST, TcpPortOptions(port=port), 5) or "").lower()


def test_an_open_port_is_told() -> None:
    with saying(b"") as port:
        assert TcpPort().run(HOST, TcpPortOptions(port=port), 5) is None
    with saying(b"") as port:
        assert TcpPort().run(HOST, TcpPortOptions(port=port, open=False), 5) == f"127.0.0.1 port {port} is open"


def test_a_host_without_an_address_is_looked_up_by_its_name() -> None:
    with saying(GREETING) as port:
        options = SmtpGreetingOptions(port=port, timeout=5)

        assert SmtpGreeting().run(Host("127.0.0.1", {}), options, 60) is None


def test_every_check_documents_itself_and_its_options() -> None:
    for name, check in checks().items():
        assert check.name == name
        assert "```yaml" in (type(check).__doc__ or "")
        assert all(field.description for field in check.Options.model_fields.values())
