"""MD4 (RFC 1320): what NTLM makes of a password, and what current OpenSSL does not have any more."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

_MASK: Final = 0xFFFFFFFF
_START: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)

_Mix = Callable[[int, int, int], int]

# Each round: its mixing function, its constant, the order of the words, and by how many bits it turns.
_ROUNDS: Final[tuple[tuple[_Mix, int, tuple[int, ...], tuple[int, ...]], ...]] = (
    (lambda x, y, z: x & y | ~x & z, 0, tuple(range(16)), (3, 7, 11, 19)),
    (
        lambda x, y, z: x & y | x & z | y & z,
        0x5A827999,
        (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        (3, 5, 9, 13),
    ),
    (
        lambda x, y, z: x ^ y ^ z,
        0x6ED9EBA1,
        (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
        (3, 9, 11, 15),
    ),
)


def md4(text: bytes) -> bytes:
    """The digest of ``text``, 16 bytes."""
    padded = text + b"\x80" + bytes(-(len(text) + 9) % 64) + struct.pack("<Q", len(text) * 8)
    state = _START
    for at in range(0, len(padded), 64):
        state = _block(state, struct.unpack_from("<16I", padded, at))
    return struct.pack("<4I", *state)


def _block(state: tuple[int, int, int, int], words: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for mix, constant, order, turns in _ROUNDS:
        for step, word in enumerate(order):
            total = (a + mix(b, c, d) + words[word] + constant) & _MASK
            turn = turns[step % 4]
            a, b, c, d = d, (total << turn | total >> (32 - turn)) & _MASK, b, c
    return tuple((old + new) & _MASK for old, new in zip(state, (a, b, c, d), strict=True))  # type: ignore[return-value]  # four stay four
