"""Exit codes as Windows shows them."""

from __future__ import annotations


def signed(number: int) -> int:
    """A 32-bit number with its sign: 0x80005006 travels as 2147504134 and is -2147463162."""
    return number - (1 << 32) if number >= 1 << 31 else number
