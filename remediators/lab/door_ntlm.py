"""
The accepting side of NTLM, version 2 only, and the sealing of WinRM's messages. After [MS-NLMP] and [MS-WSMV] 2.2.9.1.

Written from the documents, not with the library that the clients use.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

from remediators.lab.door_md4 import md4
from remediators.lab.door_users import password_of

_SIGNATURE: Final = b"NTLMSSP\0"
_UNICODE: Final = 0x00000001
_REQUEST_TARGET: Final = 0x00000004
_SIGN: Final = 0x00000010
_SEAL: Final = 0x00000020
_NTLM: Final = 0x00000200
_ALWAYS_SIGN: Final = 0x00008000
_TARGET_IS_SERVER: Final = 0x00020000
_EXTENDED_SECURITY: Final = 0x00080000
_TARGET_INFO: Final = 0x00800000
_VERSION: Final = 0x02000000
_128: Final = 0x20000000
_KEY_EXCHANGE: Final = 0x40000000
_56: Final = 0x80000000
_KNOWN: Final = (
    _UNICODE | _REQUEST_TARGET | _SIGN | _SEAL | _NTLM | _ALWAYS_SIGN | _EXTENDED_SECURITY | _VERSION | _128 | _56
) | _KEY_EXCHANGE
_VERSION_2003: Final = struct.pack("<BBH3xB", 5, 2, 3790, 15)

_MIC_AT: Final = 72
_MIC_PRESENT: Final = 0x2
_FILETIME_EPOCH: Final = 11644473600
_PROTOCOL: Final = b"application/HTTP-SPNEGO-session-encrypted"


class Rejected(Exception):
    """Wrong user, wrong password, or a message that is broken or was tampered with."""


def message_type(message: bytes) -> int:
    """1 is a client's greeting, 3 its proof. Raises `Rejected` for what is no NTLM message."""
    if message[:8] != _SIGNATURE or len(message) < 12:
        raise Rejected("no NTLM message")
    return int.from_bytes(message[8:12], "little")


class Acceptor:
    """One log-on: a challenge, then the proof that the client knows the password of one of ``users``."""

    def __init__(self, computer: str, users: Mapping[str, str]) -> None:
        self._computer = computer.upper()
        self._users = users
        self._nonce = secrets.token_bytes(8)
        self._messages = b""

    def challenge(self, greeting: bytes) -> bytes:
        """The second message, in answer to the first. Raises `Rejected`."""
        if len(greeting) < 16:
            raise Rejected("cut off")
        flags = int.from_bytes(greeting[12:16], "little") & _KNOWN | _TARGET_INFO | _TARGET_IS_SERVER | _REQUEST_TARGET
        if not flags & _UNICODE or not flags & _EXTENDED_SECURITY:
            raise Rejected("a client from before NTLM version 2")
        name = self._computer.encode("utf-16-le")
        info = _target_info(self._computer)
        message = (
            _SIGNATURE
            + struct.pack("<IHHII", 2, len(name), len(name), 56, flags)
            + self._nonce
            + struct.pack("<8xHHI", len(info), len(info), 56 + len(name))
            + _VERSION_2003
            + name
            + info
        )
        self._messages = greeting + message
        return message

    def authenticate(self, message: bytes) -> tuple[str, Sealed]:
        """The user, and the keys of the session. Raises `Rejected`."""
        proof = _Proof.read(message)
        password = password_of(self._users, proof.user)
        if password is None:
            raise Rejected("no such user")
        key = self._base_key(proof, password)
        if proof.flags & _KEY_EXCHANGE:
            key = _rc4(key)(proof.session_key)
        self._check_integrity(proof, key, message)
        return proof.user, Sealed(key, proof.flags)

    def _base_key(self, proof: _Proof, password: str) -> bytes:
        """The session base key, where the response is right. [MS-NLMP] 3.3.2."""
        hashed = md4(password.encode("utf-16-le"))
        secret = _hmac(hashed, (proof.user.upper() + proof.domain).encode("utf-16-le"))
        given, blob = proof.response[:16], proof.response[16:]
        if not blob or not hmac.compare_digest(given, _hmac(secret, self._nonce + blob)):
            raise Rejected("wrong password")
        return _hmac(secret, given)

    def _check_integrity(self, proof: _Proof, key: bytes, message: bytes) -> None:
        """Where the client says that it signed all three messages, it must have. [MS-NLMP] 3.2.5.1.2."""
        if not proof.has_mic:
            return
        blank = message[:_MIC_AT] + bytes(16) + message[_MIC_AT + 16 :]
        if not hmac.compare_digest(message[_MIC_AT : _MIC_AT + 16], _hmac(key, self._messages + blank)):
            raise Rejected("tampered with")


def _target_info(computer: str) -> bytes:
    name = computer.encode("utf-16-le")
    moment = struct.pack("<Q", int((time.time() + _FILETIME_EPOCH) * 10_000_000))
    pairs = ((2, name), (1, name), (4, name.lower()), (3, name.lower()), (7, moment), (0, b""))
    return b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in pairs)


@dataclass(frozen=True, slots=True)
class _Proof:
    """The third message."""

    domain: str
    user: str
    response: bytes
    session_key: bytes
    flags: int

    @classmethod
    def read(cls, message: bytes) -> _Proof:
        if message_type(message) != 3 or len(message) < 64:
            raise Rejected("not the third message")
        _, response, domain, user, _, key = (_field(message, 12 + 8 * turn) for turn in range(6))
        try:
            names = domain.decode("utf-16-le"), user.decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise Rejected("names that are no text") from error
        return cls(*names, response, key, int.from_bytes(message[60:64], "little"))

    @property
    def has_mic(self) -> bool:
        """Attribute 6 of the client's challenge, which begins 28 bytes into its blob."""
        at, blob = 0, self.response[44:]
        while at + 4 <= len(blob):
            kind, length = struct.unpack_from("<HH", blob, at)
            if kind == 6:
                return bool(int.from_bytes(blob[at + 4 : at + 8], "little") & _MIC_PRESENT)
            if kind == 0:
                break
            at += 4 + length
        return False


def _field(message: bytes, at: int) -> bytes:
    length, _, start = struct.unpack_from("<HHI", message, at)
    return message[start : start + length]


class Sealed:
    """Both directions of an NTLM session, seen from the server. [MS-NLMP] 3.4, with extended session security."""

    def __init__(self, key: bytes, flags: int) -> None:
        strength = 16 if flags & _128 else 7 if flags & _56 else 5
        self._out = _Direction(key, strength, "server-to-client", exchanged=bool(flags & _KEY_EXCHANGE))
        self._in = _Direction(key, strength, "client-to-server", exchanged=bool(flags & _KEY_EXCHANGE))

    def unseal_message(self, content_type: str, body: bytes) -> bytes:
        """Take the envelope out of a ``multipart/encrypted`` body. Raises `Rejected`."""
        boundary = re.search(r'boundary="([^"]+)"', content_type)
        if boundary is None:
            raise Rejected("no boundary")
        mark = b"--" + boundary[1].encode()
        _, head, payload = (*body.split(mark + b"\r\n", 2), b"", b"", b"")[:3]
        length = re.search(rb"Length=(\d+)", head)
        start = payload.find(b"application/octet-stream\r\n")
        if length is None or start < 0:
            raise Rejected("not an encrypted message")
        text = self._open(payload[start + len(b"application/octet-stream\r\n") :].removesuffix(mark + b"--\r\n"))
        if len(text) != int(length[1]):
            raise Rejected("not the length that was said")
        return text

    def _open(self, sealed: bytes) -> bytes:
        if len(sealed) < 20 or sealed[:4] != b"\x10\0\0\0":
            raise Rejected("no signature")
        text = self._in.cipher(sealed[20:])
        if not hmac.compare_digest(self._in.signature(text), sealed[4:20]):
            raise Rejected("sealed with another key")
        return text

    def seal_message(self, text: bytes) -> tuple[str, bytes]:
        """The content type and the body that carry ``text``."""
        sealed = self._out.cipher(text)
        signature = self._out.signature(text)
        body = (
            b"--Encrypted Boundary\r\n\tContent-Type: " + _PROTOCOL + b"\r\n"
            b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=" + str(len(text)).encode() + b"\r\n"
            b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
            b"\x10\0\0\0" + signature + sealed + b"--Encrypted Boundary--\r\n"
        )
        return f'multipart/encrypted;protocol="{_PROTOCOL.decode()}";boundary="Encrypted Boundary"', body


class _Direction:
    """One direction: a cipher and a counter that both go on from message to message."""

    def __init__(self, key: bytes, strength: int, way: str, *, exchanged: bool) -> None:
        self._signing = _md5(key + f"session key to {way} signing key magic constant\0".encode())
        sealing = _md5(key[:strength] + f"session key to {way} sealing key magic constant\0".encode())
        self.cipher = _rc4(sealing)
        self._exchanged = exchanged
        self._count = 0

    def signature(self, text: bytes) -> bytes:
        count = struct.pack("<I", self._count)
        self._count += 1
        digest = _hmac(self._signing, count + text)[:8]
        return b"\1\0\0\0" + (self.cipher(digest) if self._exchanged else digest) + count


class _rc4:  # noqa: N801  # a cipher in use, called like a function
    def __init__(self, key: bytes) -> None:
        self._stream = Cipher(ARC4(key), mode=None).encryptor()

    def __call__(self, text: bytes) -> bytes:
        return self._stream.update(text)


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "md5")


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()
