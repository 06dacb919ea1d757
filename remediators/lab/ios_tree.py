"""A device's configuration as a tree of lines: read from what ``show running-config`` prints, and printed again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_HEADER: Final = re.compile(
    r"(Building configuration|Current configuration *:|Using \d+ out of|! Last configuration change|"
    r"! NVRAM config last|! No configuration change|: ?$|: (Saved|Written|Serial|Hardware|end)|Cryptochecksum:|end$)"
)
_BANNER: Final = re.compile(r"banner \S+ (\^C|\S)")


@dataclass(slots=True, eq=False)
class Node:
    """
    One line with the lines below it.

    ``raw`` is the line as it was printed, kept so that a configuration is served letter by letter; ``tail`` are the
    further lines of a banner. ``line`` is ``!`` for a separator. ``number`` is an access list entry's sequence number,
    0 until somebody asked for it.
    """

    line: str
    children: list[Node] = field(default_factory=list)
    raw: str | None = None
    tail: tuple[str, ...] = ()
    number: int = 0

    @property
    def words(self) -> list[str]:
        return self.line.split()

    @property
    def separates(self) -> bool:
        return self.line.startswith("!")

    def child(self, line: str) -> Node | None:
        """The child with exactly this line."""
        return next((node for node in self.children if node.line == line), None)

    def copy(self) -> Node:
        return Node(self.line, [child.copy() for child in self.children], self.raw, self.tail, self.number)

    def walk(self) -> Iterator[Node]:
        """Everything below, in order."""
        for child in self.children:
            yield child
            yield from child.walk()


def parse(text: str) -> Node:
    """Read a running-config. What depends on the time or on the file (heads, ends, checksums) is left out."""
    root = Node("")
    open_at: list[tuple[int, Node]] = [(-1, root)]
    lines = iter(text.splitlines())
    for raw in lines:
        plain = raw.rstrip()
        indent = len(plain) - len(plain.lstrip())
        if not plain or (indent == 0 and _HEADER.match(plain)) or (plain == "!" and not root.children):
            continue
        while open_at[-1][0] >= indent:
            open_at.pop()
        node = Node(plain.strip(), [], raw, tuple(_banner(plain, lines)))
        open_at[-1][1].children.append(node)
        if not node.separates:
            open_at.append((indent, node))
    return root


def banner_end(line: str) -> str | None:
    """The mark that ends the banner that ``line`` begins, ``None`` where it begins none or ends it itself."""
    begins = _BANNER.match(line)
    if begins is None or begins[1] in line[begins.end() :]:
        return None
    return begins[1]


def _banner(line: str, lines: Iterator[str]) -> Iterator[str]:
    mark = banner_end(line)
    # A banner of an ASA is a plain line whose text begins with an ordinary character.
    if mark is None or mark.isalnum() or mark in "*=-\"'<([{":
        return
    for further in lines:
        yield further
        if mark in further:
            return


def render(root: Node) -> list[str]:
    """The lines of a configuration, without head and end."""
    return list(_lines(root, 0))


def _lines(node: Node, depth: int) -> Iterator[str]:
    for child in node.children:
        yield child.raw if child.raw is not None else " " * depth + child.line
        yield from child.tail
        yield from _lines(child, depth + 1)


def text_of(root: Node) -> str:
    """A configuration as text for comparison: no head, no end, no blanks at the ends of lines."""
    return "".join(f"{line.rstrip()}\n" for line in render(root))
