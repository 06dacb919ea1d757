"""NTLM against the worked examples of [MS-NLMP] and against pyspnego's client."""

from __future__ import annotations

import hashlib
import struct

import pytest
import spnego
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.lab.door_md4 import md4
from remediators.lab.door_ntlm import Acceptor, Rejected, Sealed, message_type


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),  # RFC 1320, A.5
        ("Password".encode("utf-16-le"), "a4f49c406510bdcab6824ee7c30fd852"),  # [MS-NLMP] 4.2.2.1.2
    ],
)
def test_md4_gives_the_published_digests(text: bytes, digest: str) -> None:
    assert md4(text).hex() == digest


@given(st.binary(max_size=300))
@settings(max_examples=30)
def test_md4_has_sixteen_bytes_and_sees_every_change(text: bytes) -> None:
    assert len(md4(text)) == len(hashlib.md5(text).digest())
    assert md4(text) != md4(text + b"\0")


def session(user: str = "LAB\\admin", password: str = "pässword") -> tuple[spnego.ContextProxy, str, Sealed]:
    client = spnego.client(user, password, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    acceptor = Acceptor("exch01", {"Admin": "pässword"})
    challenge = acceptor.challenge(client.step() or b"")
    name, sealed = acceptor.authenticate(client.step(challenge) or b"")
    return client, name, sealed


@pytest.mark.parametrize("user", ["admin", "LAB\\ADMIN", "EXCH01\\Admin", "admin@lab.example"])
def test_a_user_is_found_with_any_domain_and_in_any_case(user: str) -> None:
    assert session(user)[1].partition("@")[0].lower() == "admin"


@pytest.mark.parametrize(("user", "password"), [("admin", "Pässword"), ("admin2", "pässword")])
def test_a_wrong_user_or_password_is_rejected(user: str, password: str) -> None:
    with pytest.raises(Rejected):
        session(user, password)


def test_sealed_messages_go_both_ways_again_and_again() -> None:
    client, _, sealed = session()
    for text in (b"first", "zweite größere".encode() * 1000, b""):
        assert sealed.unseal_message(*_wrapped(client, text)) == text
        _, body = sealed.seal_message(text)
        payload = body.split(b"octet-stream\r\n", 1)[1].removesuffix(b"--Encrypted Boundary--\r\n")
        assert client.unwrap_winrm(payload[4:20], payload[20:]) == text


def _wrapped(client: spnego.ContextProxy, text: bytes) -> tuple[str, bytes]:
    header, data, _ = client.wrap_winrm(text)
    body = (
        b"--Mark\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: "
        b"type=application/soap+xml;charset=UTF-8;Length=" + str(len(text)).encode() + b"\r\n--Mark\r\n"
        b"\tContent-Type: application/octet-stream\r\n\x10\0\0\0" + header + data + b"--Mark--\r\n"
    )
    return 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Mark"', body


def test_a_message_that_was_changed_on_its_way_is_rejected() -> None:
    client, _, sealed = session()
    kind, body = _wrapped(client, b"pay 100")
    at = body.rindex(b"--Mark--") - 1
    with pytest.raises(Rejected, match="another key"):
        sealed.unseal_message(kind, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


def test_a_message_that_is_sent_twice_is_rejected() -> None:
    client, _, sealed = session()
    message = _wrapped(client, b"pay 100")
    sealed.unseal_message(*message)
    with pytest.raises(Rejected):
        sealed.unseal_message(*message)


def test_a_changed_greeting_is_noticed_by_its_signature() -> None:
    client = spnego.client("admin", "pässword", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    acceptor = Acceptor("exch01", {"admin": "pässword"})
    greeting = client.step() or b""
    weaker = greeting[:12] + bytes([greeting[12] & ~0x04]) + greeting[13:]
    challenge = acceptor.challenge(weaker)
    proof = client.step(challenge) or b""
    with pytest.raises(Rejected, match="tampered"):
        acceptor.authenticate(proof)


@pytest.mark.parametrize("text", [b"", b"NTLMSSP", b"NTLMSSP\0\3\0\0\0", b"x" * 100])
def test_what_is_no_proof_is_rejected(text: bytes) -> None:
    with pytest.raises(Rejected):
        Acceptor("exch01", {}).authenticate(text)


@given(st.binary(max_size=120))
@settings(max_examples=50)
def test_no_proof_makes_the_door_stumble(text: bytes) -> None:
    with pytest.raises(Rejected):
        Acceptor("exch01", {"admin": ""}).authenticate(b"NTLMSSP\0\3\0\0\0" + text)
    assert message_type(b"NTLMSSP\0\3\0\0\0" + text) == 3


@pytest.mark.parametrize("greeting", [b"NTLMSSP\0\1\0\0\0", b"NTLMSSP\0\1\0\0\0\2\2\0\0", b"NTLMSSP\0\1\0\0\0\1\2\0\0"])
def test_clients_from_before_version_2_are_rejected(greeting: bytes) -> None:
    with pytest.raises(Rejected):
        Acceptor("exch01", {}).challenge(greeting)


def test_a_user_name_that_is_no_text_is_rejected() -> None:
    blank = (0, 0, 64) * 3
    message = struct.pack("<8sI" + "HHI" * 6 + "I", b"NTLMSSP\0", 3, *blank, 2, 2, 64, *blank[:6], 0) + b"\0\xd8"
    with pytest.raises(Rejected, match="no text"):
        Acceptor("exch01", {"admin": ""}).authenticate(message)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/encrypted", b""),
        ('multipart/encrypted;boundary="Mark"', b""),
        ('multipart/encrypted;boundary="Mark"', b"--Mark\r\nLength=1\r\n--Mark\r\n\tapplication/octet-stream\r\nshort"),
    ],
)
def test_what_is_no_sealed_message_is_rejected(kind: str, body: bytes) -> None:
    with pytest.raises(Rejected):
        session()[2].unseal_message(kind, body)


def test_a_message_of_another_length_than_it_says_is_rejected() -> None:
    client, _, sealed = session()
    kind, body = _wrapped(client, b"pay 100")
    with pytest.raises(Rejected, match="length"):
        sealed.unseal_message(kind, body.replace(b"Length=7", b"Length=8"))
