"""
A limit of work for templates: they end, however they loop, and their results stay small.

Every turn of a loop, call and filter spends some of what one template may; so does every character that is made.
Whoever spends too much is stopped, and so is whoever takes too long by the thread's own clock, which stands still
while others work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.visitor import NodeTransformer

MOST_WORK = 10_000_000  # turns, members and characters together
SECONDS = 5.0  # of CPU
_OFTEN = 1_000  # units of work between looks at the clock
TURN, CONCAT = "(turn)", "(concat)"  # names of filters that no template can write


class _Meter(threading.local):
    def __init__(self) -> None:
        self.depth = 0
        self.left = 0
        self.look = 0
        self.until = 0.0


_METER = _Meter()


@contextmanager
def limited() -> Iterator[None]:
    """While this lasts the work of this thread is counted; what is filled in inside counts for the outermost."""
    if not _METER.depth:
        _METER.left = _METER.look = MOST_WORK
        _METER.until = time.thread_time() + SECONDS
    _METER.depth += 1
    try:
        yield
    finally:
        _METER.depth -= 1


def spend(units: int = 1) -> None:
    """Count some work. Raises `SecurityError` where it is too much, or takes too long."""
    meter = _METER
    if not meter.depth:
        return
    meter.left -= units
    if meter.left > meter.look - _OFTEN:
        return
    meter.look = meter.left
    if meter.left < 0:
        raise SecurityError(f"it does more than {MOST_WORK} steps of work")
    if time.thread_time() > meter.until:
        raise SecurityError(f"it takes more than {SECONDS:g} s")


def measure(value: Any) -> None:
    """Spend as much as a value would take as text. Raises `SecurityError` before that is made."""
    if isinstance(value, str):
        spend(len(value))
    elif isinstance(value, list | tuple):
        spend(len(value) + 1)
        for inside in value:
            measure(inside)
    elif isinstance(value, dict):
        for key, inside in value.items():
            measure(key)
            measure(inside)


def made(value: Any) -> Any:
    """The same value, after what it takes was counted: of a text its length, of a list its members."""
    spend(len(value) + 1 if isinstance(value, str | list | tuple) else 1)
    return value


def shown(value: Any) -> Any:
    """What a template prints, counted before it is made text."""
    if isinstance(value, str | list | tuple | dict):
        measure(value)
    return value


def turn(weight: int) -> bool:
    """One turn of a loop."""
    spend(weight)
    return True


def concatenated(parts: list[Any]) -> str:
    """What ``~`` makes."""
    measure(parts)
    return "".join(map(str, parts))


def count_work(tree: nodes.Template) -> nodes.Template:
    """The same template, counting the turns of its loops and what it concatenates."""
    counted: nodes.Template = _Counting().visit(tree)
    return counted


class _Counting(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - the name says which node is meant
        self.generic_visit(node)
        weight = 1 + sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        node.body.insert(0, nodes.ExprStmt(_filter(nodes.Const(weight), TURN, node), lineno=node.lineno))
        if node.test is not None:
            node.test = nodes.And(_filter(nodes.Const(1), TURN, node), node.test, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802 - as above
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), CONCAT, node)


def _filter(value: nodes.Expr, name: str, place: nodes.Node) -> nodes.Filter:
    made_of: nodes.Filter = nodes.Filter(value, name, [], [], None, None, lineno=place.lineno)
    return made_of
