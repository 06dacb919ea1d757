"""Configuration mode: lines that are typed, merged into the running configuration by the platform's rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from remediators.lab.ios_grammar import REST, Rejected, Words, grammar
from remediators.lab.ios_lists import (
    Entries,
    asa_add,
    asa_nat,
    asa_remove,
    entries_of_section,
    is_twice_nat,
    resequence,
)
from remediators.lab.ios_rules import RULES, SENTENCES, Rules
from remediators.lab.ios_tree import Node

_PHYSICAL: Final = (
    "Ethernet",
    "FastEthernet",
    "GigabitEthernet",
    "TenGigabitEthernet",
    "Serial",
    "ATM",
    "BRI",
    "Management",
)
_VIRTUAL: Final = (
    "Loopback",
    "Dialer",
    "Tunnel",
    "Vlan",
    "BVI",
    "Port-channel",
    "Virtual-Template",
    "Null",
    "Multilink",
)
_INTERFACE: Final = re.compile(r"([A-Za-z-]+) ?(\d\S*)$")
_ROUTE_MAP: Final = re.compile(r"route-map (\S+) (?:permit|deny) (\d+)$")
_PREFIXES: Final = re.compile(r"(ip(?:v6)? prefix-list \S+) seq (\d+) ")
_INSPECTED_ALREADY: Final = (
    "ERROR: Inspect configuration of this type exists, first remove\n"
    "that configuration and then add the new configuration"
)

Texts = dict[str, Words]


def vocabulary(platform: str, root: Node) -> Texts:
    """What may be said in each mode of a device with this configuration: what the platform knows, and what it has."""
    texts = {mode: grammar(sentences) for mode, sentences in SENTENCES[platform].items()}
    _learn(RULES[platform], texts, root, "")
    return texts


def _learn(rules: Rules, texts: Texts, node: Node, mode: str) -> None:
    for child in node.children:
        words = child.line.removeprefix("no ").split()
        if child.separates or not words:
            continue
        known = texts.setdefault(mode, Words())
        first = known.below.get(words[0])
        if first is None:
            known.add(f"{words[0]} {REST}")
        elif REST not in first.below and len(words) > 1 and words[1] not in first.below and "*" not in first.below:
            first.add(f"{words[1]} {REST}")
        if child.children:
            _learn(rules, texts, child, mode_of(rules, mode, child.line))


def mode_of(rules: Rules, mode: str, line: str) -> str:
    """The name of the mode that a line opens in the mode it is typed in."""
    for where, pattern, opened in rules.sections:
        if where == mode and pattern.match(line):
            return opened
    return f"config-{line.split(maxsplit=1)[0]}"


@dataclass(frozen=True, slots=True)
class First:
    """
    The lines of a device's first configuration, whatever their section, and those that others stand below.

    ``order`` is how the device writes lines whose order means nothing, wherever they are typed; empty where it puts
    them beside their relations.
    """

    lines: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()


def first_of(root: Node) -> First:
    nodes = [*root.walk()]
    return First(frozenset(node.line for node in nodes), frozenset(node.line for node in nodes if node.children))


class Editor:
    """
    One session's place in configuration mode.

    ``root`` gives the running configuration as it is now: a reload or a revert may have put another in its place.
    ``first`` is what it showed at first: how a device shows what is off, and which lines are sections, is taken from
    that.
    """

    def __init__(self, platform: str, root: Callable[[], Node], texts: Texts, first: First | None = None) -> None:
        self.rules = RULES[platform]
        self._root = root
        self._texts = texts
        self._first = first or First()
        self.sections: list[str] = []

    @property
    def mode(self) -> str:
        """As the prompt shows it."""
        return self._modes()[-1] or "config"

    def leave(self) -> bool:
        """``exit``: one section up. Whether there was one."""
        if self.sections:
            self.sections.pop()
            return True
        return False

    def type(self, line: str) -> str:
        """Take one line; gives what the device says. Raises `Rejected`."""
        text = line.strip()
        if not text or text.startswith("!"):
            return ""
        negated = text.split()[0] == "no" and len(text.split()) > 1
        skipped = len(line) - len(line.lstrip()) + (len(text) - len(text[2:].lstrip()) if negated else 0)
        depth, said = self._understand(line[skipped:], skipped)
        self._check_complete(said, len(line), negated=negated)
        if self.rules.platform == "ios":
            said = full_interface(self._root(), said)
        del self.sections[depth:]
        if negated:
            return self._remove(said)
        dealt = resequence(self._root(), said)
        return self._add(said) if dealt is None else dealt

    # Understanding.

    def _modes(self) -> list[str]:
        modes = [""]
        for section in self.sections:
            modes.append(mode_of(self.rules, modes[-1], section))
        return modes

    def _understand(self, text: str, skipped: int) -> tuple[int, str]:
        """The innermost section that takes a line, and the line written out."""
        modes, first = self._modes(), None
        word = text.split(maxsplit=1)[0]
        # Innermost first, but a mode that knows the very word comes before one that knows a longer word.
        inner = sorted(range(len(modes)), key=lambda at: (word not in self._below(modes[at]), -at))
        for depth in inner:
            try:
                return depth, self._texts.get(modes[depth], Words()).understand(text)
            except Rejected as rejected:
                first = first or Rejected(rejected.wrong, rejected.column + skipped)
        if modes[-1] and modes[-1] not in SENTENCES[self.rules.platform]:
            return len(self.sections), text.strip()
        raise first or Rejected("invalid", skipped)

    def _below(self, mode: str) -> dict[str, Words]:
        return self._texts.get(mode, Words()).below

    def _check_complete(self, said: str, column: int, *, negated: bool) -> None:
        whole = said in {"class", "inspect"} and self.rules.platform == "ios"
        patterns = [*self.rules.incomplete, *(() if negated else self.rules.adding_incomplete)]
        if negated and said in ("ip address", "ip domain name"):
            return
        if not whole and any(pattern.match(said) for pattern in patterns):
            raise Rejected("incomplete", column)

    # Changing.

    def _here(self, line: str = "") -> Node:
        """The open section; of several of the same name (an ASA's objects) the one that has ``line``."""
        node = self._root()
        for section in self.sections:
            same = [below for below in node.children if below.line == section]
            having = [below for below in same if below.child(line) is not None]
            node = (having or same or [self._place(node, Node(section), [])])[0]
        return node

    def _entries(self) -> Entries | None:
        return entries_of_section(self._root(), self.sections[-1]) if len(self.sections) == 1 else None

    def _add(self, line: str) -> str:
        if self._is_section(line):
            return self._open(line)
        entries = self._entries()
        if entries is not None:
            entries.add(line)
            return ""
        here = self._here(line)
        if here is self._root() and (line.startswith("access-list ") or is_twice_nat(line)):
            return self._add_to_list(line)
        known = here.child(line)
        if known is not None:
            if known.children:
                self.sections.append(line)
            return ""
        if self.rules.platform == "asa" and line.startswith("inspect ") and _same_inspection(here, line):
            return _INSPECTED_ALREADY
        return self._merge(here, line)

    def _is_section(self, line: str) -> bool:
        mode = self._modes()[-1]
        known = any(where == mode and pattern.match(line) for where, pattern, _ in self.rules.sections)
        return known or (line in self._first.sections and self._entries() is None)

    def _open(self, line: str) -> str:
        here = self._here()
        known = here.child(line) or self._renamed(here, line)
        if known is None and (line.startswith("ip access-list ") and entries_of_section(self._root(), line)):
            self.sections.append(line)
            return ""
        if known is None:
            known = self._place(here, Node(line), [] if self.sections else [Node("!")])
        self.sections.append(known.line)
        return ""

    def _renamed(self, here: Node, line: str) -> Node | None:
        """A section that is the same although it is said otherwise: ``class-map X`` for ``class-map match-any X``."""
        wanted = self._key(line)
        return None if wanted is None else next((n for n in here.children if self._key(n.line) == wanted), None)

    def _add_to_list(self, line: str) -> str:
        if is_twice_nat(line):
            return asa_nat(self._root(), line)
        if self.rules.platform != "ios":
            return asa_add(self._root(), line)
        _, number, *entry = line.split(maxsplit=2)
        if not entry:
            raise Rejected("incomplete", len(line))
        Entries(self._root(), f"access-list {number} ").add(entry[0])
        return ""

    def _merge(self, here: Node, line: str) -> str:
        opposite = here.child(f"no {line}")
        same = opposite or self._rival(here, line)
        if opposite is not None and self._is_hidden_on(line):
            here.children.remove(opposite)
        elif same is not None:
            here.children[here.children.index(same)] = Node(line)
        else:
            self._place(here, Node(line), [])
        return ""

    def _rival(self, here: Node, line: str) -> Node | None:
        """The line that this one takes the place of."""
        for wanted in (self._key(line), self._slot(line)):
            for node in here.children if wanted is not None else ():
                if wanted in (self._key(node.line.removeprefix("no ")), self._slot(node.line)):
                    return node
        return None

    def _key(self, line: str) -> tuple[object, ...] | None:
        return _matched(self.rules.once if not self.sections else self.rules.once_in_section, line, whole=True)

    def _slot(self, line: str) -> tuple[object, ...] | None:
        return _matched(self.rules.slots, line, whole=False)

    def _place(self, here: Node, node: Node, after: list[Node]) -> Node:
        """Put a new line beside its relations, else at the end."""
        place = self._beside(here, node)
        here.children[place:place] = [node, *after]
        return node

    def _beside(self, here: Node, node: Node) -> int:
        if node.line in self._first.order:
            behind = self._first.order[self._first.order.index(node.line) + 1 :]
            return next((place for place, n in enumerate(here.children) if n.line in behind), len(here.children))
        if node.line.startswith("class ") and here.child("class class-default"):
            return here.children.index(here.child("class class-default") or node)
        later = [other for other in here.children if _later(other.line, node.line)]
        if later:
            return here.children.index(later[0])
        shared = [(_shared(other.line, node.line), place) for place, other in enumerate(here.children)]
        most = max((count for count, _ in shared), default=0)
        place = max((place for count, place in shared if count == most), default=-1) + 1 if most else len(shared)
        section = here is self._root() and place < len(here.children) and here.children[place - 1].children
        return place + 1 if section and here.children[place].separates else place

    def _remove(self, line: str) -> str:
        entries = self._entries()
        if entries is not None:
            entries.remove(line)
            return ""
        here = self._here(line)
        if here is self._root():
            special = self._remove_special(line)
            if special is not None:
                return special
        doomed = self._doomed(here, line)
        place = here.children.index(doomed[0]) if doomed else self._beside(here, Node(f"no {line}"))
        for node in doomed:
            _cut(here, node)
        shown = [node.line for node in doomed] if self.rules.platform == "pix" else [line]
        for text in reversed(shown):
            if self._is_shown_off(text) and not here.child(f"no {text}"):
                here.children.insert(place, Node(f"no {text}"))
        return ""

    def _is_hidden_on(self, line: str) -> bool:
        hidden = _any(self.rules.shown_negated, line) and not _any(self.rules.shown_both, line)
        return hidden and line not in self._first.lines

    def _is_shown_off(self, text: str) -> bool:
        return (
            f"no {text}" in self._first.lines
            or _any(self.rules.shown_negated, text)
            or _negated_value(self.rules, text)
        )

    def _remove_special(self, line: str) -> str | None:
        root = self._root()
        if line == "ip inspect":
            for home in (root, *root.children):
                home.children[:] = [node for node in home.children if not node.line.startswith("ip inspect ")]
            return ""
        if line.startswith("access-list ") and self.rules.platform != "ios":
            return asa_remove(root, line)
        if line.startswith("access-list "):
            prefix = " ".join(line.split()[:2]) + " "
            root.children[:] = [node for node in root.children if not node.line.startswith(prefix)]
            return ""
        if line.startswith("interface ") and _is_physical(line):
            raise Rejected("invalid", text="% Removal of physical interfaces is not permitted")
        return None

    def _doomed(self, here: Node, line: str) -> list[Node]:
        exact = [node for node in here.children if node.line == line]  # an ASA shows an object twice: itself, its NAT
        if exact:
            return exact
        key = self._key(line)
        keyed = [node for node in here.children if key is not None and self._key(node.line) == key]
        if keyed:
            return keyed
        begun = [node for node in here.children if node.line.startswith(f"{line} ") and not node.line.startswith("no ")]
        return begun if len(line.split()) > 1 or here is not self._root() else begun[:1]


def full_interface(root: Node, said: str) -> str:
    """``interface di1`` as the configuration writes it. Raises `Rejected` where there can be no such interface."""
    if not said.startswith("interface ") or root.child(said) is not None:
        return said
    asked = _INTERFACE.match(said.removeprefix("interface "))
    kinds = [kind for kind in (*_PHYSICAL, *_VIRTUAL) if asked and kind.lower().startswith(asked[1].lower())]
    if asked is None or not kinds:
        raise Rejected("invalid", len("interface "))
    full = f"interface {kinds[0]}{asked[2]}"
    if kinds[0] in _PHYSICAL and "." not in asked[2] and root.child(full) is None:
        raise Rejected("invalid", len("interface "))
    return full


def _matched(patterns: Sequence[re.Pattern[str]], line: str, *, whole: bool) -> tuple[object, ...] | None:
    for place, pattern in enumerate(patterns):
        found = pattern.match(line)
        if found:
            return (place, *found.groups()) if found.groups() and not whole else (place, found.groups() or found[0])
    return None


def _any(patterns: Sequence[re.Pattern[str]], line: str) -> bool:
    return any(pattern.match(line) for pattern in patterns)


def _negated_value(rules: Rules, line: str) -> bool:
    """``no ip address`` is shown, ``no ip address 10.0.0.1 …`` is shown as that."""
    return line in {"ip address", "ip http server", "ip http secure-server", "nameif", "security-level"} and _any(
        rules.shown_both, line
    )


def _same_inspection(here: Node, line: str) -> bool:
    return any(node.line.split()[:2] == line.split()[:2] for node in here.children)


def _shared(one: str, other: str) -> int:
    """How many words two lines begin with in common; of ordered lists only the name counts."""
    pairs = zip(one.split(), other.split(), strict=False)
    count = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one.split()), len(other.split())))
    return min(count, 2) if one.startswith("access-list ") else count


def _later(one: str, other: str) -> bool:
    """Whether ``one`` is an entry of the same route map or prefix list that comes after ``other``."""
    pairs = ((pattern.match(one), pattern.match(other)) for pattern in (_ROUTE_MAP, _PREFIXES))
    return any(a and b and a[1] == b[1] and int(a[2]) > int(b[2]) for a, b in pairs)


def _is_physical(line: str) -> bool:
    return "." not in line and any(line.startswith(f"interface {kind}") for kind in _PHYSICAL)


def _cut(here: Node, node: Node) -> None:
    """Take a line out, and the separator after it where another stands before."""
    place = here.children.index(node)
    del here.children[place]
    if 0 < place < len(here.children) and here.children[place].separates and here.children[place - 1].separates:
        del here.children[place]
