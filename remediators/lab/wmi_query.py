"""WQL's conditions: ``LogFile='Application' and EventCode>=4006 or not Message like '%semaphore%'``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

Value = str | int | bool | dt.datetime | tuple[str, ...] | None
Row = Mapping[str, Value]
Condition = Callable[[Row], bool | None]

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign><>|!=|<=|>=|=|<|>|\(|\))|(?P<word>[^\s<>=!()'"]+))""",
    re.DOTALL,
)
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": eq,
    "<>": ne,
    "!=": ne,
    "<": lt,
    ">": gt,
    "<=": le,
    ">=": ge,
}
_CIM: Final = re.compile(r"(\d{14})(?:\.(\d{6}))?([+-]\d{3})?")


class QueryError(Exception):
    """The condition is no WQL."""


@dataclass(slots=True)
class _Reader:
    """What is left of a condition."""

    tokens: list[tuple[str, str]]

    def peek(self) -> str:
        return self.tokens[0][1].lower() if self.tokens and self.tokens[0][0] != "text" else ""

    def take(self) -> tuple[str, str]:
        if not self.tokens:
            raise QueryError
        return self.tokens.pop(0)


def condition(text: str) -> Condition:
    """
    A test of rows; it gives ``None`` for a row that lacks what decides. Raises `QueryError`.

    Property names are in lower case in rows.
    """
    reader = _Reader(_tokens(text))
    found = _either(reader)
    if reader.tokens:
        raise QueryError
    return found


def cim_datetime(text: str) -> dt.datetime | None:
    """``yyyymmddHHMMSS.ffffff+UUU``, minutes from UTC, as a time in UTC."""
    found = _CIM.fullmatch(text)
    if found is None:
        return None
    try:
        local = dt.datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return local + dt.timedelta(microseconds=int(found[2] or 0), minutes=-int(found[3] or 0))


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, text = 0, text.strip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise QueryError
        found.append((str(token.lastgroup), token[str(token.lastgroup)]))
        at = token.end()
    return found


def _either(reader: _Reader) -> Condition:
    parts = [_both(reader)]
    while reader.peek() == "or":
        reader.take()
        parts.append(_both(reader))
    return lambda row: _join([part(row) for part in parts], strong=True)


def _both(reader: _Reader) -> Condition:
    parts = [_one(reader)]
    while reader.peek() == "and":
        reader.take()
        parts.append(_one(reader))
    return lambda row: _join([part(row) for part in parts], strong=False)


def _join(values: list[bool | None], *, strong: bool) -> bool | None:
    """One strong value decides; else one that is not known leaves all open."""
    if strong in values:
        return strong
    return None if None in values else not strong


def _one(reader: _Reader) -> Condition:
    if reader.peek() == "not":
        reader.take()
        denied = _one(reader)
        return lambda row: None if (found := denied(row)) is None else not found
    if reader.peek() == "(":
        reader.take()
        inner = _either(reader)
        if reader.take()[1] != ")":
            raise QueryError
        return inner
    return _comparison(reader)


def _comparison(reader: _Reader) -> Condition:
    name, sign, (how, given) = reader.take(), reader.take(), reader.take()
    if name[0] != "word" or how == "sign":
        raise QueryError
    literal = re.sub(r"\\(.)", r"\1", given[1:-1]) if how == "text" else given
    if sign[1].lower() == "like":
        pattern = re.compile(_like(literal), re.IGNORECASE | re.DOTALL)
        return lambda row: _tested(row, name[1], lambda value: pattern.fullmatch(str(value)) is not None)
    compare = _COMPARE.get(sign[1])
    if compare is None:
        raise QueryError
    return lambda row: _tested(row, name[1], lambda value: _compared(compare, value, literal))


def _like(text: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(char) or re.escape(char) for char in text)


def _tested(row: Row, name: str, test: Callable[[Value], bool]) -> bool | None:
    if name.lower() not in row:
        return None
    value = row[name.lower()]
    return False if value is None else test(value)


def _compared(compare: Callable[[Any, Any], bool], value: Value, literal: str) -> bool:
    match value:
        case bool():
            return compare(value, literal.lower() in ("true", "1"))
        case int():
            return bool(re.fullmatch(r"-?\d+", literal)) and compare(value, int(literal))
        case dt.datetime():
            wanted = cim_datetime(literal)
            return wanted is not None and compare(value, wanted)
        case _:
            return compare(str(value).lower(), literal.lower())
