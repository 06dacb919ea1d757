"""
How cmd.exe reads a line: percent expansion, then special characters, then a tree of commands.

Written from the phases that are publicly documented: Microsoft's "cmd" and "Command shell overview" pages, and the
long-standing description "How does the Windows Command Interpreter (CMD.EXE) parse scripts?" (jeb and dbenham).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

DELIMITERS: Final = " \t,;=\v\f\xff"
_OPERATORS: Final = "&|<>"
_PIECES: Final = re.compile(r'"[^"]*"?|\^(.?)|[^"^]+', re.DOTALL)
_SUBSTRING: Final = re.compile(r"~(-?\d+)?(?:,(-?\d+)?)?")
_COMPARISONS: Final = frozenset({"EQU", "NEQ", "LSS", "LEQ", "GTR", "GEQ"})

Lookup = Callable[[str], str | None]


class SyntaxFailureError(Exception):
    """The line cannot be parsed; ``token`` is what was not expected, ``None`` where cmd names none."""

    def __init__(self, token: str | None) -> None:
        super().__init__(token)
        self.token = token


@dataclass(frozen=True, slots=True)
class Redirect:
    """``handle`` goes to or comes from ``target``; ``operator`` is ``<``, ``>``, ``>>`` or ``&`` (copies a handle)."""

    handle: int
    operator: str
    target: str

    def __str__(self) -> str:
        if self.operator == "&":
            return f"{self.handle}{'<' if self.handle == 0 else '>'}&{self.target}"
        return f"{self.handle}{self.operator}{self.target}"


@dataclass(frozen=True, slots=True)
class Simple:
    """One command: its first word, and all that follows exactly as it stood, redirections removed."""

    name: str
    arguments: str
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A block in parentheses."""

    body: Node
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Two commands with ``&``, ``&&``, ``||`` or ``|`` between them."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class If:
    """``operator`` is ``==``, EQU and its like, ERRORLEVEL, EXIST or DEFINED; the last three have no ``left``."""

    operator: str
    left: str
    right: str
    negated: bool
    ignore_case: bool
    body: Node
    otherwise: Node | None = None


@dataclass(frozen=True, slots=True)
class For:
    """
    ``kind`` is empty, or one of ``L F D R``; ``options`` is the text of ``/f`` or the folder of ``/r``; a ``quiet``
    body began with ``@`` and is not echoed.
    """

    kind: str
    options: str
    variable: str
    items: str
    body: Node
    quiet: bool = False


Node = Simple | Group | Chain | If | For


def expand_percent(text: str, lookup: Lookup, parameters: Sequence[str] | None = None) -> str:
    """
    Phase 1. In a batch file (``parameters`` given) what is undefined vanishes and ``%%`` is one percent sign; on a
    command line both stay as they are.
    """
    return _expand(text, "%", lookup, parameters) if "%" in text else text


def expand_delayed(token: str, lookup: Lookup, *, batch: bool = False) -> str:
    """Phase 5, on one token: only where it holds an exclamation mark are its carets looked at, too."""
    if "!" not in token:
        return token
    return _expand(token, "!", lookup, () if batch else None)


def _expand(text: str, mark: str, lookup: Lookup, parameters: Sequence[str] | None) -> str:
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if mark == "!" and char == "^":
            out.append(text[at + 1 : at + 2])
            at += 2
        elif char != mark:
            out.append(char)
            at += 1
        else:
            piece, at = _reference(text, at, mark, lookup, parameters)
            out.append(piece)
    return "".join(out)


def _reference(text: str, at: int, mark: str, lookup: Lookup, parameters: Sequence[str] | None) -> tuple[str, int]:
    """What stands for the reference at ``at``, and where to go on."""
    batch = parameters is not None
    following = text[at + 1 : at + 2]
    if parameters is not None and mark == "%" and following in ("%", "*", *"0123456789") and following:
        return _parameter(following, parameters), at + 2
    literal = ("" if batch else mark, at + 1)
    end = _name_end(text, at + 1, mark)
    if end < 0:
        return literal
    name = text[at + 1 : end]
    value = lookup(name) if name else None
    if value is None:
        return ("", end + 1) if batch and name else literal
    if text[end] == mark:
        return value, end + 1
    close = text.find(mark, end + 1)
    changed = None if close < 0 else _modified(value, text[end + 1 : close])
    return literal if changed is None else (changed, close + 1)


def _name_end(text: str, start: int, mark: str) -> int:
    for index in range(start, len(text)):
        if text[index] == mark:
            return index
        if text[index] == ":" and text[index + 1 : index + 2] != mark:
            return index
    return -1


def _parameter(char: str, parameters: Sequence[str]) -> str:
    if char == "%":
        return "%"
    if char == "*":
        return " ".join(parameters[1:])
    return parameters[int(char)] if int(char) < len(parameters) else ""


def _modified(value: str, modifier: str) -> str | None:
    """``~start,length`` and ``search=replacement`` (``*search`` from the beginning); ``None`` if it is neither."""
    found = _SUBSTRING.fullmatch(modifier)
    if found:
        start = int(found[1] or 0)
        start = max(0, len(value) + start) if start < 0 else start
        rest = value[start:]
        return rest if found[2] is None else rest[: int(found[2])]
    search, equals, replacement = modifier.partition("=")
    if not equals or not search:
        return None
    if search.startswith("*") and len(search) > 1:
        place = value.lower().find(search[1:].lower())
        return value if place < 0 else replacement + value[place + len(search) - 1 :]
    return re.sub(re.escape(search), lambda _: replacement, value, flags=re.IGNORECASE)


def parse(text: str) -> Node | None:
    """Phase 2 on a line after percent expansion; ``None`` for an empty one. Raises `SyntaxFailureError`."""
    parser = _Parser(text)
    parser.skip()
    if parser.done or parser.closes_nothing():
        return None
    node = parser.sequence()
    parser.skip()
    if not parser.done:
        raise SyntaxFailureError(parser.next_token())
    return node


def parse_simple(text: str) -> Simple | None:
    """One command without operators, as CALL reads its argument the second time."""
    parser = _Parser(text)
    parser.skip()
    return None if parser.done else parser.simple(())


def unparse(node: Node) -> str:
    """Write a tree as the line that cmd hands to the process on one side of a pipe: escapes are gone from it."""
    if isinstance(node, Simple):
        return " ".join([node.name + node.arguments, *map(str, node.redirects)])
    if isinstance(node, Group):
        return " ".join([f"({unparse(node.body)} )", *map(str, node.redirects)])
    if isinstance(node, Chain):
        return f"{unparse(node.left)} {node.operator} {unparse(node.right)}"
    if isinstance(node, For):
        kind = f"/{node.kind} " if node.kind else ""
        options = f"{node.options} " if node.options else ""
        return f"for {kind}{options}%{node.variable} in ({node.items}) do {unparse(node.body)}"
    return _unparse_if(node)


def _unparse_if(node: If) -> str:
    start = "if " + ("/i " if node.ignore_case else "") + ("not " if node.negated else "")
    condition = f"{node.left} {node.operator} {node.right}".strip()
    rest = f" else {unparse(node.otherwise)}" if node.otherwise is not None else ""
    return f"{start}{condition} {unparse(node.body)}{rest}"


@dataclass(slots=True)
class _Parser:
    """Reads a line of characters, each of which is plain or has lost its meaning to quotes or a caret."""

    source: str
    text: str = ""
    plain: list[bool] = field(default_factory=list)
    at: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        pieces: list[str] = []
        for found in _PIECES.finditer(self.source):
            escaped = found[1] is not None
            piece = found[1] if escaped else found[0]
            pieces.append(piece)
            self.plain += [not escaped and piece[0] != '"'] * len(piece)
        self.text = "".join(pieces)

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def peek(self, symbol: str) -> bool:
        """Whether ``symbol`` stands here, unquoted and unescaped."""
        return self.text.startswith(symbol, self.at) and all(self.plain[self.at : self.at + len(symbol)])

    def skip(self, characters: str = DELIMITERS) -> None:
        while not self.done and self.plain[self.at] and self.text[self.at] in characters:
            self.at += 1

    def closes_nothing(self) -> bool:
        """A closing bracket where a command is expected and no block is open makes the rest of the line a remark."""
        return self.depth == 0 and self.peek(")")

    def next_token(self) -> str:
        """What cmd names as unexpected."""
        for symbol in ("&&", "||", "&", "|", "<", ">", "(", ")"):
            if self.peek(symbol):
                return symbol
        return self.word() or ""

    def sequence(self) -> Node:
        node = self.chain(0)
        self.skip()
        while self.peek("&") or self.peek("\n"):
            self.at += 1
            self.skip(DELIMITERS + "\n")
            if self.done or self.peek(")"):
                break
            node = Chain("&", node, self.chain(0))
            self.skip()
        return node

    def chain(self, level: int) -> Node:
        """Commands joined by ``||``, then ``&&``, then ``|``: each binds closer than the one before."""
        operator = ("||", "&&", "|")[level]
        node = self.chain(level + 1) if level < 2 else self.command()
        self.skip()
        while self.peek(operator) and not (operator == "|" and self.peek("||")):
            self.at += len(operator)
            self.skip()
            if self.done:
                raise SyntaxFailureError(None)
            node = Chain(operator, node, self.chain(level + 1) if level < 2 else self.command())
            self.skip()
        return node

    def command(self) -> Node:
        self.skip(DELIMITERS + "@")
        redirects = self.redirects()
        self.skip(DELIMITERS + "@")
        if self.peek("("):
            return self.group(redirects)
        start = self.at
        keyword = self.word().upper()
        if keyword in ("IF", "FOR") and not redirects:
            return self.if_() if keyword == "IF" else self.for_()
        self.at = start
        return self.remark() if keyword == "REM" else self.simple(redirects)

    def group(self, redirects: tuple[Redirect, ...]) -> Group:
        self.at += 1
        self.depth += 1
        self.skip(DELIMITERS + "\n")
        if self.done or self.peek(")"):
            raise SyntaxFailureError(None if self.done else ")")
        body = self.sequence()
        self.skip(DELIMITERS + "\n")
        if not self.peek(")"):
            raise SyntaxFailureError(None if self.done else self.next_token())
        self.at += 1
        self.depth -= 1
        self.skip()
        return Group(body, redirects + self.redirects())

    def remark(self) -> Simple:
        """Whatever follows the first word behind REM is swallowed, operators too."""
        self.at += 3
        self.skip()
        if not (self.done or self.ends_command()):
            self.at = len(self.text)
        return Simple("rem", "")

    def ends_command(self) -> bool:
        return self.peek("&") or self.peek("|") or (self.depth > 0 and self.peek(")"))

    def word(self) -> str:
        """Characters up to a delimiter, an operator, or the end of the open block."""
        start = self.at
        while not self.done and not (self.plain[self.at] and self._breaks(self.text[self.at])):
            self.at += 1
        return self.text[start : self.at]

    def _breaks(self, char: str) -> bool:
        return char in DELIMITERS or char in _OPERATORS or char == "\n" or (char == ")" and self.depth > 0)

    def simple(self, redirects: tuple[Redirect, ...]) -> Simple:
        name = self.word()
        if not name:
            raise SyntaxFailureError(None if self.done else self.next_token())
        out: list[str] = []
        found = list(redirects)
        while not self.done and not self.ends_command() and not self.peek("\n"):
            if self.peek("<") or self.peek(">"):
                found.append(self.redirect(self.handle_before(out)))
            else:
                out.append(self.text[self.at])
                self.at += 1
        return Simple(name, "".join(out), tuple(found))

    def handle_before(self, out: list[str]) -> int | None:
        """A single digit right before the operator, with a delimiter before it, names the handle."""
        digit = bool(out) and out[-1].isdigit() and self.plain[self.at - 1]
        if (
            digit
            and (len(out) == 1 or out[-2] in DELIMITERS)
            and (len(out) > 1 or self.text[self.at - 2] in DELIMITERS)
        ):
            return int(out.pop())
        return None

    def redirects(self) -> tuple[Redirect, ...]:
        """Redirections that stand before a command or behind a block."""
        found: list[Redirect] = []
        while True:
            handle = None
            if not self.done and self.plain[self.at] and self.text[self.at].isdigit() and self._arrow_at(self.at + 1):
                handle = int(self.text[self.at])
                self.at += 1
            elif not self._arrow_at(self.at):
                return tuple(found)
            found.append(self.redirect(handle))
            self.skip()

    def _arrow_at(self, index: int) -> bool:
        return index < len(self.text) and self.plain[index] and self.text[index] in "<>"

    def redirect(self, handle: int | None) -> Redirect:
        operator = ">>" if self.peek(">>") else self.text[self.at]
        self.at += len(operator)
        number = handle if handle is not None else int(operator != "<")
        if self.peek("&"):
            self.at += 1
            target = self.text[self.at : self.at + 1]
            self.at += 1
            if not target.isdigit():
                raise SyntaxFailureError(None if not target.strip() else target)
            return Redirect(number, "&", target)
        self.skip()
        target = self.word()
        if not target:
            raise SyntaxFailureError(None if self.done else self.next_token())
        return Redirect(number, operator, target)

    def if_(self) -> If:
        negated = ignore_case = False
        word = self._condition_word()
        while word.upper() in ("NOT", "/I"):
            negated, ignore_case = negated or word.upper() == "NOT", ignore_case or word.upper() == "/I"
            word = self._condition_word()
        if word.upper() in ("ERRORLEVEL", "EXIST", "DEFINED", "CMDEXTVERSION"):
            node = If(word.upper(), "", self._condition_word(), negated, ignore_case, Simple("rem", ""))
        else:
            node = self._comparison(word, negated=negated, ignore_case=ignore_case)
        self.skip()
        if self.done:
            raise SyntaxFailureError(None)
        body = self.sequence()
        self.skip()
        start = self.at
        if self.word().upper() != "ELSE":
            self.at = start
            return replace(node, body=body)
        return replace(node, body=body, otherwise=self._required())

    def _required(self) -> Node:
        self.skip()
        if self.done:
            raise SyntaxFailureError(None)
        return self.sequence()

    def _comparison(self, left: str, *, negated: bool, ignore_case: bool) -> If:
        self.skip(" \t")
        if self.peek("=="):
            self.at += 2
            operator = "=="
        else:
            operator = self._condition_word().upper()
            if operator not in _COMPARISONS:
                raise SyntaxFailureError(operator.lower() or None)
        return If(operator, left, self._condition_word(), negated, ignore_case, Simple("rem", ""))

    def _condition_word(self) -> str:
        self.skip()
        word = self.word()
        if not word:
            raise SyntaxFailureError(None if self.done else self.next_token())
        return word

    def for_(self) -> For:
        kind, options = self._for_kind()
        variable = self.word()
        if len(variable) != 2 or variable[0] != "%":
            raise SyntaxFailureError(variable or None)
        self._expect("IN")
        self.skip()
        if not self.peek("("):
            raise SyntaxFailureError(self.next_token() or None)
        items = self._for_items()
        self._expect("DO")
        self.skip()
        quiet = self.peek("@")
        return For(kind, options, variable[1], items, self._required(), quiet)

    def _for_kind(self) -> tuple[str, str]:
        kind = options = ""
        self.skip()
        while self.peek("/"):
            kind = self.word()[1:].upper()
            self.skip()
            if kind in ("F", "R") and not self.peek("%"):
                options = self.word()
                self.skip()
        return kind, options

    def _for_items(self) -> str:
        self.at += 1
        start = self.at
        while not self.done and not self.peek(")"):
            if self.plain[self.at] and self.text[self.at] in _OPERATORS:
                raise SyntaxFailureError(self.next_token())
            self.at += 1
        if self.done:
            raise SyntaxFailureError(None)
        self.at += 1
        return self.text[start : self.at - 1]

    def _expect(self, keyword: str) -> None:
        self.skip()
        word = self.word()
        if word.upper() != keyword:
            raise SyntaxFailureError(word or None)
