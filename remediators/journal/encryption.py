"""Text at rest that only this state directory can read again: AES-256-GCM under a key derived from its own. Pure."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

from remediators.model import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_HEAD = "remediate-aes256gcm-1 "
_NONCE = 12  # bytes, new for every text


def encrypted(key: bytes, text: str) -> str:
    """A text as it may lie on disk: one line of ASCII. ``key`` is the state directory's."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(key).encrypt(nonce, text.encode("utf-8", "surrogatepass"), _HEAD.encode())
    return _HEAD + base64.b64encode(nonce + sealed).decode("ascii") + "\n"


def decrypted(key: bytes, text: str) -> str:
    """The text again. Raises `UsageError` where it is none of ours, was altered, or belongs to another key."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - 20 ms, and few commands need it

    if not text.startswith(_HEAD):
        raise UsageError("it is not encrypted as this version does")
    try:
        raw = base64.b64decode(text.removeprefix(_HEAD).strip(), validate=True)
        plain = _cipher(key).decrypt(raw[:_NONCE], raw[_NONCE:], _HEAD.encode())
    except (ValueError, InvalidTag) as error:
        raise UsageError("it was altered, or encrypted with the key of another state directory") from error
    return plain.decode("utf-8", "surrogatepass")


def _cipher(key: bytes) -> AESGCM:
    """The key for encryption is derived, since the other one makes HMACs: one key never serves two purposes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return AESGCM(HKDF(SHA256(), 32, None, b"remediate: text at rest").derive(key))
