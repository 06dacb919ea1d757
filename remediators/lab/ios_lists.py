"""Access lists: entries in order, with sequence numbers that are shown (IOS XE) or only kept in mind (IOS)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from remediators.lab.ios_grammar import Rejected
from remediators.lab.ios_tree import Node

STEP: Final = 10
_SECTION: Final = re.compile(r"ip access-list (?:extended|standard) (\S+)$")
_NUMBERED: Final = re.compile(r"(\d+) (?=permit|deny|remark|evaluate|dynamic)")
_NAT: Final = re.compile(r"nat (\(\S+\)) (after-auto )?(?:(\d+) )?(source .+)$")
_RESEQUENCE: Final = re.compile(r"ip access-list resequence (\S+) (\d+) (\d+)$")
_ASA: Final = re.compile(r"access-list (\S+) (?:line (\d+) )?(.+)$")


@dataclass(frozen=True, slots=True)
class Entries:
    """
    The entries of one list: children of a section, or top-level lines that begin with ``access-list NUMBER``.

    ``home`` holds the lines, ``prefix`` is what each of them begins with.
    """

    home: Node
    prefix: str

    @property
    def nodes(self) -> list[Node]:
        nodes = [node for node in self.home.children if node.line.startswith(self.prefix) and not node.separates]
        last = 0
        for node in nodes:
            shown = _NUMBERED.match(node.line[len(self.prefix) :])
            node.number = node.number or (int(shown[1]) if shown else last + STEP)
            last = node.number
        return nodes

    def say(self, node: Node) -> str:
        """An entry without its list's name and its number."""
        return _plain(node.line[len(self.prefix) :])

    def add(self, entry: str) -> None:
        """Add an entry, at its number or at the end. Raises `Rejected` where the number is taken."""
        nodes, begins = self.nodes, _NUMBERED.match(entry)
        text = _plain(entry)
        if any(self.say(node) == text for node in nodes):
            return
        number = int(begins[1]) if begins else (nodes[-1].number + STEP if nodes else STEP)
        if any(node.number == number for node in nodes):
            raise Rejected("invalid", text="% Duplicate sequence number\n%Failed to add ace to access-list")
        shown = f"{number} " if nodes and _NUMBERED.match(nodes[0].line[len(self.prefix) :]) else ""
        self._insert(Node(f"{self.prefix}{shown}{_padded(text)}", number=number), nodes)

    def _insert(self, node: Node, nodes: list[Node]) -> None:
        after = [other for other in nodes if other.number < node.number]
        if after:
            place = self.home.children.index(after[-1]) + 1
        else:
            place = self.home.children.index(nodes[0]) if nodes else len(self.home.children)
        self.home.children.insert(place, node)

    def remove(self, entry: str) -> None:
        """Take an entry away by its number, or by its text whatever its number. Raises `Rejected` if there is none."""
        text = _plain(entry)
        for node in self.nodes:
            if entry == str(node.number) or self.say(node) == text:
                self.home.children.remove(node)
                return
        raise Rejected("invalid", text="%Access rule can't be deleted")


def _plain(entry: str) -> str:
    """Without its number and with single blanks, but for a remark's own words."""
    text = _NUMBERED.sub("", entry.strip(), count=1)
    return text if text.startswith("remark") else " ".join(text.split())


def _padded(text: str) -> str:
    """IOS shows ``deny`` as wide as ``permit``."""
    return f"deny   {text[5:]}" if text.startswith("deny ") else text


def entries_of_section(root: Node, section: str) -> Entries | None:
    """The entries that the section ``ip access-list … NAME`` edits; ``None`` for other sections."""
    named = _SECTION.match(section)
    if named is None:
        return None
    numbered = Entries(root, f"access-list {named[1]} ")
    if numbered.nodes:
        return numbered
    home = root.child(section)
    return None if home is None else Entries(home, "")


def resequence(root: Node, line: str) -> str | None:
    """
    ``ip access-list resequence NAME START STEP``: deal the numbers of a list anew; ``None`` where it is another line.

    A remark keeps its place before the entry that it stands before.
    """
    asked = _RESEQUENCE.match(line)
    if asked is None:
        return None
    kinds = (f"ip access-list extended {asked[1]}", f"ip access-list standard {asked[1]}")
    lists = [Entries(home, "") for kind in kinds if (home := root.child(kind))] + [
        Entries(root, f"access-list {asked[1]} ")
    ]
    nodes = next((found.nodes for found in lists if found.nodes), None)
    if nodes is None:
        return f"% Access-list {asked[1]} does not exist"
    number = int(asked[2])
    for node in nodes:
        remark = "remark " in node.line
        node.number = number - 1 if remark else number
        number += 0 if remark else int(asked[3])
        shown = _NUMBERED.match(node.line)
        if shown:
            node.line, node.raw = f"{node.number} {node.line[shown.end() :]}", None
    return ""


def asa_add(root: Node, line: str) -> str:
    """``access-list NAME [line N] …`` on ASA and PIX; gives what the device says."""
    asked = _ASA.match(line)
    if asked is None:
        raise Rejected("incomplete", len(line))
    prefix = f"access-list {asked[1]} "
    nodes = Entries(root, prefix).nodes
    text = prefix + asked[3]
    if any(node.line == text for node in nodes):
        return "WARNING: <%s> found duplicate element" % asked[1]  # noqa: UP031  # the device's angle brackets
    place = int(asked[2]) - 1 if asked[2] else len(nodes)
    if place < len(nodes):
        root.children.insert(root.children.index(nodes[place]), Node(text))
    else:
        root.children.insert(root.children.index(nodes[-1]) + 1 if nodes else len(root.children), Node(text))
    return ""


def is_twice_nat(line: str) -> bool:
    """Whether a line is a rule that has a place among others: ``nat (IN,OUT) [after-auto] [N] source …``."""
    return bool(_NAT.match(line))


def asa_nat(root: Node, line: str) -> str:
    """Put a rule of twice NAT at its place among those of its section."""
    asked = _NAT.match(line)
    if asked is None:
        raise Rejected("incomplete", len(line))
    text = f"nat {asked[1]} {asked[2] or ''}{asked[4]}"
    nodes = [node for node in root.children if (found := _NAT.match(node.line)) and found[2] == asked[2]]
    if all(node.line != text for node in nodes):
        place = int(asked[3]) - 1 if asked[3] else len(nodes)
        after = root.children.index(nodes[-1]) + 1 if nodes else len(root.children)
        root.children.insert(root.children.index(nodes[place]) if place < len(nodes) else after, Node(text))
    return ""


def asa_remove(root: Node, line: str) -> str:
    """``no access-list NAME …`` on ASA and PIX removes one entry, or the list where only its name is given."""
    asked = _ASA.match(line)
    found = [node for node in root.children if asked and node.line == f"access-list {asked[1]} {asked[3]}"]
    found = found or [node for node in root.children if asked is None and node.line.startswith(f"{line} ")]
    if not found:
        return "Specified access-list does not exist"
    for node in found:
        root.children.remove(node)
    return ""
