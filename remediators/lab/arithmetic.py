"""The expressions of ``set /a``: 32-bit integers, C's operators, assignments, and names of variables."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from remediators.lab.process import Environment

_TOKENS: Final = re.compile(
    r"\s*(0x[0-9a-f]+|\d+|<<=|>>=|<<|>>|[-+*/%&^|]=|[-+*/%&^|~!=(),]|[^\s\d\W]\w*)", re.IGNORECASE
)
_LEVELS: Final = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))


class ArithmeticFailureError(Exception):
    """The key of a message, with the error level that goes with it."""

    def __init__(self, key: str, status: int) -> None:
        super().__init__(key)
        self.status = status


def evaluate(text: str, env: Environment) -> int:
    """The value of the last expression; assignments change ``env``. Raises `ArithmeticFailureError`."""
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None:
            raise ArithmeticFailureError("operand", 1073750988)
        tokens.append(found[1])
        at = found.end()
    return _Reader(tokens, env).all()


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise ArithmeticFailureError("divide", 1073750993)
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size


_APPLY: Final[dict[str, Callable[[int, int], int]]] = {
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _quotient,
    "%": lambda a, b: a - _quotient(a, b) * b,
}


def _signed(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


class _Reader:
    def __init__(self, tokens: list[str], env: Environment) -> None:
        self._tokens = tokens
        self._env = env
        self._at = 0

    def all(self) -> int:
        value = self._assignment()
        while self._take(","):
            value = self._assignment()
        if self._at < len(self._tokens):
            raise ArithmeticFailureError("operand", 1073750988)
        return value

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._peek()
        if token not in wanted or not token:
            return ""
        self._at += 1
        return token

    def _assignment(self) -> int:
        name = self._peek()
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""
        if not re.match(r"[^\d\W]", name) or not following.endswith("="):
            return self._binary(0)
        self._at += 2
        value = self._assignment()
        if following != "=":
            value = _signed(_APPLY[following[:-1]](self._variable(name), value))
        self._env.set(name, str(value))
        return value

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._binary(level + 1)
        while operator := self._take(*_LEVELS[level]):
            value = _signed(_APPLY[operator](value, self._binary(level + 1)))
        return value

    def _unary(self) -> int:
        operator = self._take("-", "+", "~", "!")
        if operator:
            value = self._unary()
            return {"-": _signed(-value), "+": value, "~": ~value, "!": int(not value)}[operator]
        if self._take("("):
            value = self._assignment()
            self._take(")")
            return value
        return self._operand()

    def _operand(self) -> int:
        token = self._peek()
        self._at += 1
        if re.match(r"[^\d\W]", token):
            return self._variable(token)
        return self._number(token)

    def _variable(self, name: str) -> int:
        found = re.match(r"\s*([+-]?(?:0x[0-9a-f]+|\d+))", self._env.get(name) or "", re.IGNORECASE)
        if not found:
            return 0
        sign = -1 if found[1].startswith("-") else 1
        return sign * self._number(found[1].lstrip("+-"))

    def _number(self, token: str) -> int:
        try:
            octal = len(token) > 1 and token.startswith("0") and token[1:2] not in "xX"
            return _signed(int(token, 16 if token[1:2] in ("x", "X") else 8 if octal else 10))
        except ValueError:
            raise ArithmeticFailureError("operand", 1073750988) from None
