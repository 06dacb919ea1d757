"""
Ansible's vault texts: format 1.1 and 1.2, cipher AES256. Pure: texts and passwords in, texts out.

The format (ansible-core 2.20, ``parsing/vault``): a header ``$ANSIBLE_VAULT;VERSION;AES256[;ID]``, then hexadecimal in
lines of 80. Decoded, that is three lines: salt, HMAC-SHA256 and ciphertext, each in hexadecimal again. The keys for
AES-256-CTR and the HMAC, and the counter's first value, are 80 bytes of PBKDF2-HMAC-SHA256 with 10,000 rounds.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from binascii import Error as NotHexadecimal
from binascii import unhexlify
from dataclasses import dataclass, field
from functools import lru_cache

HEADER = "$ANSIBLE_VAULT"
DEFAULT_ID = "default"
ROUNDS = 10_000
WIDTH = 80  # characters of a line

_BLOCK = 16  # bytes of a block of AES
_VERSIONS = ("1.1", "1.2")
_ID = re.compile(r"[^\s;]+")


class VaultFault(Exception):
    """What is wrong with a vault text or its password: one sentence, and what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class WrongPassword(VaultFault):
    """The password does not fit; or the text was damaged, which cannot be told from it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A vault text taken apart. ``label`` is its vault id, empty where it names none."""

    version: str
    label: str
    salt: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def who(self) -> str:
        """The vault id as messages name it."""
        return f"vault id {self.label!r}" if self.label else "no vault id"


def is_vault(raw: bytes | str) -> bool:
    """Whether something begins as a vault text does."""
    return raw[: len(HEADER) + 1] == (HEADER + ";" if isinstance(raw, str) else (HEADER + ";").encode())


def read_envelope(text: str) -> Envelope:
    """Take a vault text apart. Raises `VaultFault` for another format or cipher, and where it is damaged."""
    head, *lines = text.strip().splitlines() or [""]
    words = [word.strip() for word in head.split(";")]
    if words[0] != HEADER or len(words) < 3:
        raise VaultFault(f"is no vault text: it begins with {head[:40]!r}", f"{HEADER};1.1;AES256 is its first line")
    if words[1] not in _VERSIONS:
        raise VaultFault(f"is a vault of format {words[1][:20]!r}, which nothing here can read", "1.1 and 1.2 are read")
    if words[2] != "AES256":
        raise VaultFault(f"is a vault of the cipher {words[2][:20]!r}, which nothing here can read", "AES256 is read")
    label = words[3] if words[1] == "1.2" and len(words) > 3 else ""
    return Envelope(words[1], label, *_parts("".join(line.strip() for line in lines)))


def _parts(digits: str) -> tuple[bytes, bytes, bytes]:
    try:
        salt, mac, body = (unhexlify(part) for part in unhexlify(digits).split(b"\n", 2))
    except (NotHexadecimal, ValueError) as error:
        raise VaultFault(
            "is a damaged vault text", "letters are missing or were altered; take it from a copy"
        ) from error
    if not salt or len(mac) != hashlib.sha256().digest_size or not body or len(body) % _BLOCK:
        raise VaultFault("is a damaged vault text", "a part of it is missing; take it from a copy")
    return salt, mac, body


def decrypt(envelope: Envelope, password: bytes) -> bytes:
    """What was encrypted. Raises `WrongPassword`."""
    key, mac_key, counter = _keys(password, envelope.salt)
    mac = hmac.new(mac_key, envelope.body, hashlib.sha256).digest()
    if not hmac.compare_digest(mac, envelope.mac):
        raise WrongPassword("the password does not fit, or the text was damaged")
    padded = _in_counter_mode(key, counter, envelope.body)
    blanks = padded[-1]
    if not 1 <= blanks <= _BLOCK or padded[-blanks:] != bytes([blanks]) * blanks:
        raise WrongPassword("the text was damaged")
    return padded[:-blanks]


def encrypt(plain: bytes, password: bytes, label: str = "", salt: bytes | None = None) -> str:
    """
    A vault text with a line end behind it: format 1.2 with a vault id other than ``default``, else 1.1, as Ansible.

    Raises `VaultFault` for a vault id that no header can hold.
    """
    if label and not _ID.fullmatch(label):
        raise VaultFault(f"{label!r} is no vault id", "no blanks and no semicolon")
    salt = salt or os.urandom(32)
    key, mac_key, counter = _keys(password, salt)
    blanks = _BLOCK - len(plain) % _BLOCK  # PKCS #7: each byte of the padding says how many there are
    body = _in_counter_mode(key, counter, plain + bytes([blanks]) * blanks)
    mac = hmac.new(mac_key, body, hashlib.sha256).hexdigest()
    digits = f"{salt.hex()}\n{mac}\n{body.hex()}".encode().hex()
    head = f"{HEADER};1.2;AES256;{label}" if label and label != DEFAULT_ID else f"{HEADER};1.1;AES256"
    return "\n".join([head, *(digits[at : at + WIDTH] for at in range(0, len(digits), WIDTH)), ""])


def _in_counter_mode(key: bytes, counter: bytes, data: bytes) -> bytes:
    """AES-256-CTR, which is its own inverse."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - slow to load

    return Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update(data)


@lru_cache(maxsize=4096)
def _keys(password: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, key of the HMAC, and first counter: slow by intent, so it is done once for each salt and password."""
    derived = hashlib.pbkdf2_hmac("sha256", password, salt, ROUNDS, 80)
    return derived[:32], derived[32:64], derived[64:]


def inline(text: str, indent: int = 10) -> str:
    """A vault text as the value of a YAML key: ``!vault |`` and its lines, indented."""
    return "!vault |\n" + "".join(f"{' ' * indent}{line}\n" for line in text.strip().splitlines())
