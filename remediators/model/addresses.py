"""Where a value lives: ``KIND:PATH``, the same text in plans, messages, journal and rollback playbooks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Windows compares names without case; what an operator names or a device shows does not.
CASE_SENSITIVE = frozenset({"config", "command"})

_ENCODED = {"%": "%25", ":": "%3A", "#": "%23"}
_ARROW = re.compile(r"(?<![^ ])>(?![^ ])")  # alone between blanks, or at an end where a blank may follow


def encode(name: str) -> str:
    """Percent-encode what has a meaning in an address: ``%``, ``:``, ``#`` and `` > ``."""
    for plain, coded in _ENCODED.items():
        name = name.replace(plain, coded)
    return _ARROW.sub("%3E", name)


def decode(text: str) -> str:
    """Undo `encode`."""
    for plain, coded in ((">", "%3E"), (":", "%3A"), ("#", "%23"), ("%", "%25")):
        text = text.replace(coded, plain)
    return text


def fold(text: str) -> str:
    """
    The form in which Windows compares names: upper case, character by character.

    Its table pairs one character with one (MS-UCODEREF, "UpperCaseTable"), where Python makes SS of a sharp s and I
    of a dotless i: two names that a registry keeps apart must not be one here.
    """
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def _upper(character: str) -> str:
    upper = character.upper()
    return upper if upper.lower() == character else character


@dataclass(frozen=True, slots=True, order=False)
class Address:
    """
    One addressable thing on a host.

    ``kind`` is ``registry``, ``registry@32``, ``registry-key``, ``service``, ``metabase``, ``file``, ``config``,
    ``command``, or ``host`` for what is read only (its version). Two addresses that differ only in case are equal,
    except for the kinds in `CASE_SENSITIVE`.
    """

    kind: str
    path: str = field(compare=False)
    identity: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", self.path if self.kind in CASE_SENSITIVE else fold(self.path))

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}"

    def __lt__(self, other: Address) -> bool:
        return (self.kind, self.identity) < (other.kind, other.identity)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``KIND:PATH``. Raises ValueError where there is no kind."""
        kind, colon, path = text.partition(":")
        if not colon or not kind or not path:
            raise ValueError(f"not an address: {text!r}")
        return cls(kind, path)


@dataclass(frozen=True, slots=True)
class Scope:
    """
    What a question is complete for: what is in scope and not in the answer is known to be absent.

    ``exact`` are single addresses; ``below`` are roots: every address of a root's kind that is the root itself or
    inside it (see `is_below`). A root with an empty path covers all of its kind.
    """

    exact: frozenset[Address] = frozenset()
    below: frozenset[Address] = frozenset()

    def covers(self, address: Address) -> bool:
        return address in self.exact or any(is_below(address, root) for root in self.below)


def is_below(address: Address, root: Address) -> bool:
    """
    Whether an address is ``root`` itself or inside it, among addresses of the same kind.

    What is inside goes on with a backslash, a colon, a slash or a hash; lines of a configuration, which have all of
    those in themselves, go on with an arrow. Everything is inside a root with an empty path.
    """
    if address.kind != root.kind or not address.identity.startswith(root.identity):
        return False
    rest = address.identity[len(root.identity) :]
    if root.kind == "config":
        return not root.identity or not rest or rest.startswith(" > ")
    return not root.identity or rest[:1] in ("", "\\", ":", "/", "#")
