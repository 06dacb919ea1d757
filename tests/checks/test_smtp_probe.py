"""The SMTP probe, over real sockets: every greeting that RFC 5321 allows or forbids, and every way of giving none."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.checks.smtp_probe import (
    CLASSES,
    EHLO_CLASSES,
    EXCHANGE_VERBS,
    LONGEST,
    Probe,
    hear,
    is_masked,
    look,
    reply,
)
from tests.checks.servers import saying, server, talking, until_end

# What is sent, the class that it must get, and a word of its fault or its notes.
GREETINGS = [
    # allowed: RFC 5321, 4.2 and 4.3.1
    (b"220 mail.lab.test\r\n", "ok", ""),
    (b"220 mail.lab.test ESMTP ready\r\n", "ok", ""),
    (b"220 [192.0.2.1] ready\r\n", "ok", ""),
    (b"220 [IPv6:2001:db8::1] ready\r\n", "ok", ""),
    (b"220 mail.lab.test\tESMTP\r\n", "ok", ""),
    (b"220-mail.lab.test one\r\n220-two\r\n220 three\r\n", "ok", ""),
    (b"220-mail.lab.test one\r\n220\r\n", "ok", ""),
    (b"220-mail.lab.test\r\n220-\r\n220 \r\n", "ok", ""),
    (b"220 " + b"x" * 506 + b"\r\n", "ok", ""),
    # odd, and borne: "any text, including no text at all, MUST be acceptable" (4.2)
    (b"220\r\n", "ok", "no text"),
    (b"220 \r\n", "ok", "no text"),
    (b"220 mail.lab.test\n", "ok", "LF without CR"),
    (b"220-mail.lab.test\n220 two\r\n", "ok", "LF without CR"),
    (b"220 " + b"x" * 2000 + b"\r\n", "ok", "more than 512"),
    (b"220 mail.lab.test gr\xfc\xdfe\r\n", "ok", "no ASCII"),
    (b"220 mail.lab.test \xf0\x9f\x93\xa7\r\n", "ok", "no ASCII"),
    (b"220 \x1b]0;owned\x07\x1b[2J mail\r\n", "ok", "control characters"),
    (b"220 mail\x00.lab.test\r\n", "ok", "control characters"),
    (b"220 mail\r.lab.test\r\n", "ok", "control characters"),
    # forbidden
    (b"220mail.lab.test\r\n", "malformed", "no blank or hyphen after its code"),
    (b"220\tmail.lab.test\r\n", "malformed", "no blank or hyphen after its code"),
    (b"220_mail.lab.test\r\n", "malformed", "no blank or hyphen after its code"),
    (b"2200 mail.lab.test\r\n", "malformed", "no blank or hyphen after its code"),
    (b"220-one\r\n250 two\r\n", "malformed", "code 250 after 220"),
    (b"220-one\r\n554 two\r\n", "malformed", "code 554 after 220"),
    (b"220-one\r\nmail.lab.test\r\n", "malformed", "no code of three digits"),
    (b"220-one\r\n\r\n", "malformed", "no code of three digits"),
    (b"220-one\r\n220two\r\n", "malformed", "no blank or hyphen after its code"),
    (b"999 mail.lab.test\r\n", "malformed", "no code 999"),
    (b"000 mail.lab.test\r\n", "malformed", "no code 000"),
    (b"120 mail.lab.test\r\n", "malformed", "no code 120"),
    (b"220 no line end", "unfinished", "the connection was closed"),
    (b"220-one\r\n220-two\r\n", "unfinished", "the connection was closed"),
    (b"2", "unfinished", "the connection was closed"),
    (b"22 mail.lab.test\r\n", "not-smtp", "no code of three digits"),
    (b" 220 mail.lab.test\r\n", "not-smtp", "no code of three digits"),
    (b"\r\n220 mail.lab.test\r\n", "not-smtp", "no code of three digits"),
    (b"\xef\xbb\xbf220 mail.lab.test\r\n", "not-smtp", "no code of three digits"),
    (b"\xd9\xa2\xd9\xa2\xd9\xa0 mail\r\n", "not-smtp", "no code of three digits"),  # digits, but of another script
    (b"EHLO mail.lab.test\r\n", "not-smtp", "no code of three digits"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "not-smtp", "no code of three digits"),
    (b"* OK IMAP4rev1 ready\r\n", "not-smtp", "no code of three digits"),
    (b"+OK POP3 ready\r\n", "not-smtp", "no code of three digits"),
    (b"HTTP/1.1 400 Bad Request\r\n", "not-smtp", "no code of three digits"),
    (b"\x15\x03\x01\x00\x02\x02\x0a", "not-smtp", ""),  # a TLS alert
    # other codes: 3.1 and 4.2.1
    (b"554 mail.lab.test no service\r\n", "no-service", ""),
    (b"554-mail.lab.test\r\n554 go away\r\n", "no-service", ""),
    (b"421 4.3.2 closing\r\n", "busy", ""),
    (b"250 mail.lab.test\r\n", "wrong-code", ""),
    (b"450 4.7.1 later\r\n", "wrong-code", ""),
    (b"521 does not accept mail\r\n", "wrong-code", ""),
    (b"354 go on\r\n", "wrong-code", ""),
    # masked: the four samples of KB 320027 and its neighbours; PIX before 5.1 masks the code as well
    (b"220 *********0" + b"*" * 65 + b" ************2*************\r\n", "masked", ""),
    (b"220*******************************************************0*2******0***********************\r\n", "masked", ""),
    (b"2002*******2***0*00\r\n", "masked", ""),
    (b"220 SMTP/cmap_________________________________________ read\r\n", "masked", ""),
    (b"*" * 60 + b"\r\n", "masked", ""),
    (b"220 ****", "masked", "the connection was closed"),
]


def closing(raw: bytes):
    """Say this, and hang up in due form."""

    def serve(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        until_end(connection, done)

    return server(serve)


@pytest.mark.parametrize(("raw", "kind", "word"), GREETINGS, ids=[repr(raw[:30]) for raw, _, _ in GREETINGS])
def test_every_greeting_gets_its_class(raw: bytes, kind: str, word: str) -> None:
    with closing(raw) as port:
        probe = look("127.0.0.1", port, 30, ehlo=False)

    assert probe.kind == kind
    assert word in " ".join([probe.fault, *probe.notes])
    assert bool(probe.notes or probe.fault) == bool(word) or kind == "not-smtp"
    assert kind in CLASSES


@pytest.mark.parametrize(
    ("raw", "kind"), [(raw, kind) for raw, kind, _ in GREETINGS if kind not in ("unfinished", "masked")]
)
def test_a_greeting_that_comes_byte_by_byte_gets_the_same_class(raw: bytes, kind: str) -> None:
    def drip(connection: socket.socket, done: threading.Event) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(raw)):
            connection.sendall(raw[number : number + 1])
        connection.shutdown(socket.SHUT_WR)
        until_end(connection, done)

    with server(drip) as port:
        assert look("127.0.0.1", port, 30, ehlo=False).kind == kind


@pytest.mark.parametrize(
    "banner",
    [
        "220 mail.contoso.com Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  Tue, 29 Feb 2000 18:55:48",
        "220 smtp01.corp.microsoft.com Microsoft ESMTP MAIL Service, Version: 5.0.2172.1 ready at  Tue, 29 Feb 2000",
        "220 ** stars ** of the mail world",
        "220 mail.lab.test ****",
        "220 2",
        "220 ",
        "220",
    ],
)
def test_a_plain_banner_is_not_taken_for_a_masked_one(banner: str) -> None:
    assert not is_masked(banner)


# -- no greeting -----------------------------------------------------------------------------------------------------


def test_a_port_that_accepts_and_is_silent_is_given_up_at_the_deadline() -> None:
    with saying(b"") as port:
        probe = look("127.0.0.1", port, 0.3)

    assert (probe.kind, probe.ehlo, probe.lines) == ("silent", "not-asked", ())


def test_a_connection_that_closes_at_once_gives_none() -> None:
    with closing(b"") as port:
        assert look("127.0.0.1", port, 30).kind == "none"


def reset(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_is_told_from_an_orderly_end() -> None:
    with server(reset) as port:
        probe = look("127.0.0.1", port, 30)

    assert probe.kind == "reset"
    assert "reset" in probe.error


def test_a_reset_within_a_greeting_is_a_reset() -> None:
    def serve(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"220-one\r\n")
        heard.wait(30)
        reset(connection, done)

    heard = threading.Event()
    with server(serve) as port:
        threading.Timer(0.3, heard.set).start()
        probe = look("127.0.0.1", port, 30)

    assert (probe.kind, probe.lines) == ("reset", ("220-one",))


def test_ten_megabytes_are_cut_off_early() -> None:
    sent = 0

    def flood(connection: socket.socket, done: threading.Event) -> None:
        nonlocal sent
        for _ in range(160):
            connection.sendall(b"220-" + b"x" * 65530 + b"\r\n")
            sent += 65536

    with server(flood) as port:
        probe = look("127.0.0.1", port, 30)

    assert probe.kind == "endless"
    assert sum(map(len, probe.lines)) <= LONGEST
    assert sent < 10_000_000


def test_one_byte_after_the_other_does_not_stretch_the_deadline() -> None:
    def drip(connection: socket.socket, done: threading.Event) -> None:
        while not done.wait(0.05):
            connection.sendall(b"2")

    began = time.monotonic()
    with server(drip) as port:
        probe = look("127.0.0.1", port, 0.5)

    assert (probe.kind, probe.fault) == ("unfinished", "time was up")
    assert time.monotonic() - began < 20


def test_a_slow_greeting_within_its_time_is_waited_for() -> None:
    def drip(connection: socket.socket, done: threading.Event) -> None:
        for byte in b"220 mail\r\n":
            done.wait(0.05)
            connection.sendall(bytes([byte]))
        until_end(connection, done)

    with server(drip) as port:
        probe = look("127.0.0.1", port, 60, ehlo=False)

    assert (probe.kind, probe.text) == ("ok", "mail")
    assert probe.seconds >= 0.4


def test_a_refused_connection_is_told_from_a_silent_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    probe = look("127.0.0.1", port, 30)

    assert (probe.kind, probe.error) == ("refused", "connection refused")


def test_a_connection_that_nobody_answers_is_a_timeout() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.socket() as first,
        socket.socket() as more,
    ):
        for waiting in (first, more):  # the queue of a listener that never accepts is full then
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        probe = look("127.0.0.1", listener.getsockname()[1], 30, connect_seconds=0.4)

    assert (probe.kind, probe.error) == ("timeout", "no answer within 0.4 seconds")


@pytest.mark.parametrize("name", ["no-such-host.invalid", "bad..name", "x" * 300, "a b", "a\0b"])
def test_a_name_that_cannot_be_resolved_is_told(name: str) -> None:
    assert look(name, 25, 30).kind in ("unknown-host", "timeout")


def test_an_address_without_a_way_to_it_is_told() -> None:
    # A limited broadcast takes no connection, and nothing leaves this machine for it.
    probe = look("255.255.255.255", 25, 5, connect_seconds=5)

    assert probe.kind in ("unreachable", "refused")
    assert probe.error


@pytest.mark.parametrize("address", ["::1", "[::1]"])
def test_ipv6_is_looked_at_and_named_in_ehlo(address: str) -> None:
    heard: list[bytes] = []

    def serve(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"220 six\r\n")
        heard.append(connection.recv(100))

    with server(serve, socket.AF_INET6) as port:
        probe = look(address, port, 30, reply_seconds=30)

    assert (probe.kind, probe.peer) == ("ok", "::1")
    assert heard == [b"EHLO [IPv6:::1]\r\n"]


def test_a_look_can_be_broken_off() -> None:
    stop = threading.Event()
    with saying(b"") as port:
        threading.Timer(0.2, stop.set).start()
        probe = look("127.0.0.1", port, 300, stop=stop)

    assert probe.kind == "interrupted"


# -- EHLO ------------------------------------------------------------------------------------------------------------

EXCHANGE = (
    b"250-mail.contoso.com Hello [127.0.0.1]\r\n250-TURN\r\n250-SIZE 10485760\r\n250-X-EXPS GSSAPI NTLM LOGIN\r\n"
    b"250-X-EXPS=LOGIN\r\n250-AUTH GSSAPI NTLM LOGIN\r\n250-AUTH=LOGIN\r\n250-X-LINK2STATE\r\n250-XEXCH50\r\n250 OK\r\n"
)
GREETING = b"220 mail.contoso.com Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  Tue, 29 Feb 2000\r\n"
BYE = b"221 2.0.0 bye\r\n"


def asked(ehlo: bytes, greeting: bytes = GREETING, **more: bytes) -> tuple[Probe, list[bytes]]:
    heard: list[bytes] = []
    answers = {b"EHLO": ehlo, b"QUIT": BYE, **{verb.encode(): answer for verb, answer in more.items()}}
    with talking(greeting, answers, heard) as port:
        return look("127.0.0.1", port, 30, reply_seconds=30), heard


def test_the_verbs_of_exchange_are_told_with_their_parameters() -> None:
    probe, heard = asked(EXCHANGE)

    assert (probe.ehlo, probe.missing()) == ("ok", ())
    assert probe.verbs["X-EXPS"] == ("GSSAPI", "NTLM", "LOGIN")
    assert probe.verbs["X-EXPS=LOGIN"] == ()
    assert probe.verbs["SIZE"] == ("10485760",)
    assert heard == [b"EHLO [127.0.0.1]\r\n", b"QUIT\r\n"]


def test_nothing_but_ehlo_and_quit_is_ever_said() -> None:
    _, heard = asked(EXCHANGE)

    assert {line.split()[0] for line in heard} == {b"EHLO", b"QUIT"}


def test_a_name_cannot_bring_in_a_second_line() -> None:
    heard: list[bytes] = []
    with talking(GREETING, {b"EHLO": EXCHANGE, b"QUIT": BYE}, heard) as port:
        look("127.0.0.1", port, 30, name="me\r\nMAIL FROM:<x>", reply_seconds=30)

    assert heard == [b"EHLO meMAIL FROM:<x>\r\n", b"QUIT\r\n"]


def test_missing_verbs_of_exchange_are_named() -> None:
    probe, _ = asked(b"250-mail Hello\r\n250-X-EXPS=LOGIN\r\n250 OK\r\n")

    assert probe.missing(EXCHANGE_VERBS) == ("X-LINK2STATE", "XEXCH50")


@pytest.mark.parametrize("code", [b"500", b"502", b"504"])
def test_a_rejected_ehlo_is_told_and_helo_is_tried(code: bytes) -> None:
    probe, heard = asked(code + b" 5.3.3 Unrecognized command\r\n", HELO=b"250 mail Hello\r\n")

    assert (probe.ehlo, probe.ehlo_code, probe.helo) == ("rejected", code.decode(), "250")
    assert heard[1] == b"HELO [127.0.0.1]\r\n"
    assert probe.missing() == EXCHANGE_VERBS


def test_a_masked_greeting_does_not_keep_ehlo_from_being_asked() -> None:
    probe, _ = asked(b"500 \r\n", greeting=b"220 ****0***2****\r\n", HELO=b"250 mail\r\n")

    assert (probe.kind, probe.ehlo, probe.helo) == ("masked", "rejected", "250")


@pytest.mark.parametrize("verb", [b"XXXXXXXA", b"XXXXXXXXXXXX", b"XXXX", b"xxxxxxxb"])
def test_masked_verbs_are_told(verb: bytes) -> None:
    probe, _ = asked(b"250-mail Hello\r\n250-SIZE 1\r\n250-" + verb + b"\r\n250 OK\r\n")

    assert probe.ehlo == "masked"
    assert probe.masked_verbs == (verb.decode().upper(),)
    assert not probe.offers(verb.decode())


def test_exchange_verbs_that_begin_with_x_are_no_masked_ones() -> None:
    probe, _ = asked(b"250-mail Hello\r\n250-XEXCH50\r\n250-X-LINK2STATE\r\n250 XXFOO\r\n")

    assert (probe.ehlo, probe.masked_verbs) == ("ok", ())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"250 mail\r\n", "ok"),
        (b"250\r\n", "ok"),
        (b"550 5.7.1 you are not welcome\r\n", "refused"),
        (b"421 later\r\n", "refused"),
        (b"hello there\r\n", "malformed"),
        (b"250-mail\r\n220 OK\r\n", "malformed"),
        (b"\r\n", "malformed"),
        (b"250-mail\r\n250-" + b"x" * 100_000 + b"\r\n", "none"),
    ],
)
def test_other_answers_to_ehlo_get_their_class(answer: bytes, kind: str) -> None:
    assert asked(answer)[0].ehlo == kind
    assert kind in EHLO_CLASSES


def test_a_server_that_goes_away_at_ehlo_gives_no_answer() -> None:
    def serve(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(GREETING)
        connection.recv(100)

    with server(serve) as port:
        probe = look("127.0.0.1", port, 30, reply_seconds=30)

    assert (probe.kind, probe.ehlo, probe.verbs) == ("ok", "none", {})


def test_a_server_that_is_silent_after_ehlo_is_given_up() -> None:
    with saying(GREETING) as port:
        assert look("127.0.0.1", port, 30, reply_seconds=0.2).ehlo == "none"


def test_a_server_that_says_more_than_a_greeting_is_asked_nothing() -> None:
    with saying(GREETING + b"250 already\r\n") as port:
        probe = look("127.0.0.1", port, 30)

    assert (probe.kind, probe.ehlo) == ("ok", "not-asked")
    assert "before it is asked" in probe.notes[-1]


@pytest.mark.parametrize("greeting", [b"554 no\r\n", b"421 no\r\n", b"250 no\r\n", b"hello\r\n", b"220x\r\n"])
def test_nobody_is_asked_who_does_not_greet(greeting: bytes) -> None:
    assert asked(EXCHANGE, greeting)[0].ehlo == "not-asked"


# -- laws ------------------------------------------------------------------------------------------------------------

ENDS = st.sampled_from(["whole", "closed", "reset", "late", "flood", "stopped"])
PIECES = st.sampled_from(
    [b"220", b"-", b" ", b"\r\n", b"\n", b"\r", b"*", b"2", b"0", b"554", b"\x1b[2J", b"\x00", b"mail"]
)
SAID = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=20).map(b"".join))


@given(SAID, ENDS)
def test_whatever_is_said_has_a_class_and_is_safe_to_print(said: bytes, ended: str) -> None:
    probe = hear(said, ended)

    assert probe.kind in CLASSES
    assert all(" " <= character <= "~" or character in "\t\ufffd" for line in probe.lines for character in line)
    assert "\n" not in probe.words
    assert json.loads(json.dumps(probe.document()))["kind"] == probe.kind


@given(SAID)
def test_a_greeting_is_good_only_with_220_on_every_line(said: bytes) -> None:
    if hear(said).kind == "ok":
        assert {line[:3] for line in reply(said).lines} == {"220"}


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40), min_size=1, max_size=5))
def test_every_reply_in_due_form_is_read_as_it_was_meant(texts: list[str]) -> None:
    *first, last = texts
    said = "".join(f"220-{text}\r\n" for text in first) + f"220 {last}\r\n"

    assert reply(said.encode()).texts == tuple(texts)
    assert reply(said.encode()).fault == ""
