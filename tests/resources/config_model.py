"""
A small model of an IOS, ASA or PIX device: a tree of lines, changed by typing lines, and shown as text.

Stricter than a device: what it does not know how to do, and every `no` of a line that is not there, is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from remediators.model import Answer, Query, Snapshot, Step

SINGLES = {
    "": ["hostname", "ip default-gateway"],
    "interface": [
        *("description", "ip address(?!.* secondary)", r"ip access-group \S+ in", r"ip access-group \S+ out"),
        *(r"ip inspect \S+ in", r"ip inspect \S+ out", "duplex", "speed", "nameif", "security-level", "encapsulation"),
    ],
    "line": ["transport input", "exec-timeout", r"access-class \S+ in"],
}
SHOWN_EMPTY = ("ip address",)  # shown as `no ip address` when taken back
LIST = re.compile(r"(access-list \S+) (.*)")
SECTIONS = re.compile(
    r"(interface|line|policy-map|class-map|class|route-map|router|address-family|archive|log|object)\b"
)


class Rejected(Exception):
    """The device's own error."""


@dataclass
class Node:
    text: str
    inside: list[Node] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    def find(self, text: str) -> Node | None:
        return next((node for node in self.inside if node.text == text), None)


class Device:
    """
    ``hides`` says whether what is on by default is left out of the running config once it is on again; ``strict``
    that an inspection in use must have rules.
    """

    def __init__(self, text: str, *, hides: bool = False, strict: bool = False) -> None:
        self.text, self.hides, self.strict = text, hides, strict
        self.root = Node("")
        self.lists: dict[str, list[tuple[int, str]]] = {}
        self.sent: list[str] = []
        self.platform = "ios" if re.search(r"^version ", text, re.MULTILINE) else "asa"
        self.defaults = {"ip source-route"}
        if "PIX Version 6" in text:
            self.platform = "pix"
            self.defaults.add("fixup protocol smtp 25")
        self._load(text)
        self.shown = set(_texts(self.root))
        self.headed = set(_headed(self.root))
        self.defaults |= {line[3:] for line in self.shown if line.startswith("no ")}
        self.words = self._vocabulary()
        self.here: list[Node | str] = []

    # -- reading -----------------------------------------------------------------------------------------------------

    def _load(self, text: str) -> None:
        stack: list[tuple[int, Node]] = [(-1, self.root)]
        rows = iter(text.splitlines())
        for row in rows:
            if not row.strip() or row.strip().startswith("!") or row.startswith((":", "Building", "Current", "Crypto")):
                continue
            line, indent = row.strip(), len(row) - len(row.lstrip())
            if line in ("end", "exit-address-family"):
                continue
            while stack[-1][0] >= indent:
                stack.pop()
            node = stack[-1][1].find(line) or Node(line)
            if "^C" in line or line.startswith("certificate "):
                ends = "^C" if "^C" in line else "quit"
                for more in rows:
                    node.raw.append(more)
                    if more.strip() == ends:
                        break
            self._put(stack[-1][1], node)
            stack.append((indent, node))

    def _put(self, parent: Node, node: Node) -> None:
        found = LIST.match(node.text) if parent is self.root else None
        if parent.text.startswith("ip access-list "):
            self._append(parent.text, node.text)
        elif found:
            self._append(found[1], found[2])
        elif node not in parent.inside:
            parent.inside.append(node)
            if node.text.startswith("ip access-list "):
                self.lists.setdefault(node.text, [])

    def _append(self, name: str, entry: str) -> None:
        entries = self.lists.setdefault(name, [])
        shown = re.match(r"(\d+) (.*)", entry) if name.startswith("ip access-list") else None
        number = int(shown[1]) if shown else max([n for n, _ in entries], default=0) + 10
        if any(entry == other and "remark" not in entry for _, other in entries):
            raise Rejected(f"duplicate: {entry}")
        if shown and any(n == number for n, _ in entries):
            raise Rejected(f"duplicate sequence number: {entry}")
        entries.append((number, entry))
        entries.sort(key=lambda one: one[0])

    def _vocabulary(self) -> dict[str, set[str]]:
        words: dict[str, set[str]] = {}

        def walk(node: Node, kind: str) -> None:
            for below in node.inside:
                words.setdefault(kind, set()).add(_two(below.text))
                walk(below, _kind(below.text))

        walk(self.root, "")
        return words

    def show(self) -> str:
        rows: list[str] = []

        def walk(node: Node, depth: int) -> None:
            for below in node.inside:
                rows.append(" " * depth + below.text)
                rows.extend(below.raw)
                rows.extend(f" {entry}" for _, entry in self.lists.get(below.text, ()))
                walk(below, depth + 1)

        walk(self.root, 0)
        rows += [f"{name} {entry}" for name, found in self.lists.items() if name[0] == "a" for _, entry in found]
        return "\n".join([*rows, *(["end"] if self.platform == "ios" else ["Cryptochecksum:00", ": end"])]) + "\n"

    def read(self, queries: Iterable[Query], known: Snapshot) -> Snapshot:
        for query in queries:
            assert [command.line for command in query.commands] == ["show running-config"]
            known = known.read(query, query.parse([Answer(self.show().encode(), 0)]))
        return known

    def normal(self) -> object:
        """What the configuration means: sections are sets, access lists, classes and entries have an order."""

        def of(node: Node) -> object:
            ordered = [below.text for below in node.inside if below.text.startswith(("class ", "route-map ", "nat ("))]
            return (
                frozenset((below.text, of(below), tuple(below.raw)) for below in node.inside),
                tuple(_by_map(ordered)),
            )

        return of(self.root), {name: [entry for _, entry in found] for name, found in self.lists.items() if found}

    # -- typing ------------------------------------------------------------------------------------------------------

    def write(self, steps: Iterable[Step]) -> None:
        self.here = []
        for step in steps:
            for command in step.commands:
                assert "\n" not in command.line
                self.sent.append(command.line)
                self.type(command.line)

    def type(self, line: str) -> None:
        assert not re.match(r"no ip inspect( name \S+)?$", line), line
        text = line.removeprefix("no ")
        if isinstance(self.here[-1] if self.here else None, str) and re.match(
            r"(no )?(\d+ )?(permit|deny|remark)|no \d", line
        ):
            self._entry(str(self.here[-1]), line)
            return
        if text in ("exit-address-family", "exit"):
            self.here.pop()
            return
        while self.here and (isinstance(self.here[-1], str) or not self._fits(self.here[-1], text)):
            self.here.pop()
        parent = self.here[-1] if self.here else self.root
        assert isinstance(parent, Node)
        if parent is self.root and (self._of_a_list(line) or self._translates(line)):
            return
        (self._take_back if line.startswith("no ") else self._set)(parent, line)

    def _translates(self, line: str) -> bool:
        """A rule of twice NAT at a place among those of its section."""
        rule = re.compile(r"(nat \(\S+\) )(after-auto )?(?:(\d+) )?(source .*)")
        asked = rule.fullmatch(line)
        if not asked:
            return False
        same = [n for n in self.root.inside if (found := rule.fullmatch(n.text)) and found[2] == asked[2]]
        at = int(asked[3]) - 1 if asked[3] else len(same)
        assert 0 <= at <= len(same)
        where = self.root.inside.index(same[at]) if at < len(same) else len(self.root.inside)
        self.root.inside.insert(where, Node(f"{asked[1]}{asked[2] or ''}{asked[4]}"))
        return True

    def _fits(self, node: Node, text: str) -> bool:
        """Whether a section takes a line itself; a device tries its section first and all else after."""
        kind = _kind(node.text)
        own = self.words.get(kind, set()) | {"description"}
        usual = {"interface": {"ip address", "ip inspect"}, "class": {"bandwidth", "inspect"}}
        own |= usual.get(kind, set()) | {
            "policy-map": {"class"},
            "route-map": {"match", "set"},
            "router": {"address-family"},
            "address-family": {"network"},
        }.get(kind, set())
        if re.match(r"ip inspect name |ip access-list |access-list |interface |policy-map |route-map ", text):
            return False
        return _two(text) in own or text.split(maxsplit=1)[0] in own

    def _of_a_list(self, line: str) -> bool:
        text = line.removeprefix("no ")
        again = re.match(r"ip access-list resequence (\S+) (\d+) (\d+)$", line)
        if again:
            self._resequence(again[1], int(again[2]), int(again[3]))
            return True
        section = re.match(r"ip access-list (extended|standard) (\S+)$", text)
        if section and line == text:
            name = f"access-list {section[2]}" if section[2].isdigit() else line
            if not section[2].isdigit() and not self.root.find(line):
                self.root.inside.append(Node(line))
            self.lists.setdefault(name, [])
            self.here = [name]
            return True
        if section:
            self._gone(text)
            self.root.inside.remove(self._there(self.root, text))
            return True
        if not text.startswith("access-list "):
            return False
        found = LIST.match(text)
        if line != text and (self.platform == "ios" or not found):
            self._gone(text)
        elif line != text and found:
            self._entry(found[1], f"no {found[2]}")
        elif found and (at := re.match(r"line (\d+) (.*)", found[2])) and self.platform != "ios":
            self._insert(found[1], int(at[1]), at[2])
        elif found:
            self._append(found[1], found[2])
        return True

    def _gone(self, name: str) -> None:
        if not re.fullmatch(r"(ip )?access-list (\S+ )?\S+", name):
            raise Rejected(f"this takes the whole list: no {name}")
        self.lists.pop(name)
        self._refuse_empty(name)

    def _insert(self, name: str, number: int, entry: str) -> None:
        entries = [text for _, text in self.lists[name]]
        if entry in entries:
            raise Rejected(f"duplicate: {entry}")
        assert 1 <= number <= len(entries) + 1
        entries.insert(number - 1, entry)
        self.lists[name] = [(10 * (index + 1), text) for index, text in enumerate(entries)]

    def _resequence(self, name: str, start: int, step: int) -> None:
        key = next(key for key in self.lists if key.split()[-1] == name)
        entries, number = [], start
        for _, text in self.lists[key]:
            entries.append((number - 1 if text.startswith("remark") else number, text))
            number += 0 if text.startswith("remark") else step
        self.lists[key] = entries

    def _entry(self, name: str, line: str) -> None:
        entries, text = self.lists[name], line.removeprefix("no ")
        if line == text:
            placed = re.match(r"(\d+) (.*)", line)
            shows = entries and re.match(r"\d+ ", entries[0][1])
            if placed and not shows:
                if any(number == int(placed[1]) or other == placed[2] for number, other in entries):
                    raise Rejected(f"duplicate: {line}")
                entries.append((int(placed[1]), placed[2]))
                entries.sort(key=lambda one: one[0])
            else:
                self._append(name, line)
            return
        found = [one for one in entries if one[1] == text or (text.isdigit() and one[0] == int(text))]
        if not found:
            raise Rejected(f"not there: {line}")
        entries.remove(found[0])
        if not entries:
            self._refuse_empty(name)

    def _refuse_empty(self, name: str) -> None:
        if any(name.rsplit(maxsplit=1)[-1] in text.split() for text in self._uses()):
            raise Rejected(f"{name} is in use and empty")

    def _uses(self) -> list[str]:
        return [
            below.text
            for node in (self.root, *self.root.inside)
            for below in node.inside
            if "access-group" in below.text
        ]

    def _set(self, parent: Node, line: str) -> None:
        kind = _kind(parent.text)
        rule = re.match(r"(ip inspect name \S+ \S+)", line)
        for below in list(parent.inside):
            replaced = any(
                re.match(pattern, below.text.removeprefix("no ")) and re.match(pattern, line.removeprefix("no "))
                for pattern in SINGLES.get(kind, ())
            )
            if below.text != line and (
                replaced or below.text == f"no {line}" or (rule and f"{below.text} ".startswith(f"{rule[1]} "))
            ):
                parent.inside.remove(below)
        binding = re.match(r"ip inspect (\S+) (in|out)$", line)
        if (
            self.strict
            and binding
            and kind == "interface"
            and not any(n.text.startswith(f"ip inspect name {binding[1]} ") for n in self.root.inside)
        ):
            raise Rejected(f"there is no inspection {binding[1]}")
        node = parent.find(line) or Node(line)
        hidden = (
            line in self.defaults
            and (self.hides or line == "ip source-route")
            and line not in self.shown
            and not line.startswith("fixup ")
        )
        if node not in parent.inside and not hidden and line != "no shutdown":
            self._place(parent, node)
        if SECTIONS.match(line) or line in self.headed:
            self.here = [*[one for one in self.here if one is not node], node]

    def _place(self, parent: Node, node: Node) -> None:
        last = parent.inside[-1:] if self.platform == "ios" else []
        if node.text.startswith("class ") and last and last[0].text == "class class-default":
            parent.inside.insert(len(parent.inside) - 1, node)
            return
        parent.inside.append(node)
        if node.text.startswith("route-map "):
            parent.inside.sort(key=lambda one: int(one.text.split()[-1]) if one.text.startswith("route-map ") else -1)

    def _take_back(self, parent: Node, line: str) -> None:
        text = line.removeprefix("no ")
        rule = re.fullmatch(r"ip inspect name (\S+) \S+", text)
        node = parent.find(text)
        if rule:
            node = next((n for n in parent.inside if f"{n.text} ".startswith(f"{text} ")), None)
            self._refuse_last(rule[1])
        if node:
            parent.inside.remove(node)
        single = next((word for word in SHOWN_EMPTY if re.match(rf"{word}(?!.* secondary)", text)), None)
        if node and single and _kind(parent.text) == "interface":
            parent.inside.append(Node(f"no {single}"))
        elif text in self.defaults and not parent.find(line):
            self._set(parent, line)
        elif not node and text != "shutdown":
            raise Rejected(f"not there: {line}")

    def _refuse_last(self, name: str) -> None:
        rules = [n for n in self.root.inside if n.text.startswith(f"ip inspect name {name} ")]
        bound = [
            n for node in self.root.inside for n in node.inside if re.match(rf"ip inspect {name} (in|out)$", n.text)
        ]
        if self.strict and len(rules) == 1 and bound:
            raise Rejected(f"{name} is in use and would be empty")

    def _there(self, parent: Node, text: str) -> Node:
        node = parent.find(text)
        if node is None:
            raise Rejected(f"not there: {text}")
        return node


def _texts(node: Node) -> Iterable[str]:
    for below in node.inside:
        yield below.text
        yield from _texts(below)


def _headed(node: Node) -> Iterable[str]:
    """The lines that others stand below."""
    for below in node.inside:
        if below.inside:
            yield below.text
        yield from _headed(below)


def _two(text: str) -> str:
    return " ".join(text.removeprefix("no ").split()[:2])


def _kind(text: str) -> str:
    return text.split(maxsplit=1)[0] if text else ""


def _by_map(ordered: Sequence[str]) -> list[str]:
    """Entries of different route maps have no order among them."""
    names = {"route-map": 1, "nat": 2}
    return sorted(ordered, key=lambda text: text.split()[names[_kind(text)]] if _kind(text) in names else "")
