"""What a console program of a simulated host has: handles, environment, code page, its own reading of arguments."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from remediators.lab.world import WindowsMachine

UTF8: Final = 65001

# The parts of Windows' best-fit tables that people meet; all else becomes a question mark.
_BEST_FIT: Final = dict(
    zip(
        "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
        "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{EN DASH}\N{EM DASH}\N{HORIZONTAL ELLIPSIS}",
        '"""\'\'--.',
        strict=True,
    )
)


def _best_fit(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_nearest(char, error.encoding) for char in lost), error.end


def _nearest(char: str, encoding: str) -> str:
    for base in (_BEST_FIT.get(char, ""), unicodedata.normalize("NFKD", char)[:1]):
        if base and base != char and not unicodedata.combining(base):
            try:
                base.encode(encoding)
            except UnicodeEncodeError:
                continue
            return base
    return "?"


codecs.register_error("lab-best-fit", _best_fit)


def encode(text: str, codepage: int) -> bytes:
    """How a console program writes text: exactly under 65001, else in the code page with best fit and '?'."""
    if codepage == UTF8:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    return text.encode(f"cp{codepage}", "lab-best-fit")


def decode(raw: bytes, codepage: int) -> str:
    """How a console program reads bytes. Never raises."""
    return raw.decode("utf-8" if codepage == UTF8 else f"cp{codepage}", "replace")


class Sink:
    """A handle that is written to: collected bytes, or nothing at all for ``nul``. ``file`` tells a file's handle."""

    file = False

    def __init__(self, *, nul: bool = False) -> None:
        self._parts: list[bytes] = []
        self._nul = nul

    def write(self, raw: bytes) -> None:
        if not self._nul:
            self._parts.append(raw)

    def getvalue(self) -> bytes:
        return b"".join(self._parts)


class Source:
    """A handle that is read from; at its end it stays there."""

    def __init__(self, raw: bytes = b"") -> None:
        self._raw = raw
        self._at = 0

    def read(self) -> bytes:
        rest, self._at = self._raw[self._at :], len(self._raw)
        return rest

    def line(self) -> bytes | None:
        """The next line without its end, or ``None`` at the end of the input."""
        if self._at >= len(self._raw):
            return None
        end = self._raw.find(b"\n", self._at)
        stop = len(self._raw) if end < 0 else end
        line, self._at = self._raw[self._at : stop], stop + 1
        return line.rstrip(b"\r")


@dataclass(slots=True)
class Console:
    """What all processes of one command line share: the code page that ``chcp`` sets."""

    codepage: int


@dataclass(frozen=True, slots=True)
class Handles:
    """Standard input, output and error."""

    stdin: Source
    stdout: Sink
    stderr: Sink


class Environment:
    """Variables whose names compare without case and keep the case in which they were first set."""

    __slots__ = ("_items",)

    def __init__(self, items: dict[str, tuple[str, str]] | None = None) -> None:
        self._items = {} if items is None else items

    def copy(self) -> Environment:
        return Environment(dict(self._items))

    def get(self, name: str) -> str | None:
        found = self._items.get(name.upper())
        return None if found is None else found[1]

    def set(self, name: str, value: str) -> None:
        kept = self._items.get(name.upper(), (name, ""))[0]
        self._items[name.upper()] = (kept, value)

    def drop(self, name: str) -> bool:
        return self._items.pop(name.upper(), None) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([self._items[key] for key in sorted(self._items)])


@dataclass(slots=True)
class Process:
    """
    One running program.

    ``image`` is the full path of its file, ``tail`` the command line behind its name, exactly as its parent wrote it.
    ``wow`` says that it is a 32-bit program on a 64-bit system.
    """

    machine: WindowsMachine
    image: str
    tail: str
    env: Environment
    cwd: str
    handles: Handles
    console: Console
    wow: bool = False
    said: int = field(default=0)

    def say(self, text: str) -> None:
        """Write to standard output as the C runtime does: every LF becomes CR LF."""
        self.said += 1
        self.handles.stdout.write(encode(text.replace("\n", "\r\n"), self.console.codepage))

    def complain(self, text: str) -> None:
        """Write to standard error as the C runtime does."""
        self.handles.stderr.write(encode(text.replace("\n", "\r\n"), self.console.codepage))

    def ask(self, question: str) -> str | None:
        """Print a question and read a line; ``None`` at the end of the input."""
        self.say(question)
        line = self.handles.stdin.line()
        return None if line is None else decode(line, self.console.codepage)

    def word(self, key: str, *values: object) -> str:
        """A text in the host's language."""
        return self.machine.word(key, *values)


def crt_arguments(tail: str) -> list[str]:
    """
    Split a command line as msvcrt.dll's startup code does (Microsoft's "Parsing C Command-Line Arguments").

    2N backslashes before a quote give N and the quote delimits, 2N+1 give N and a literal quote; a doubled quote inside
    quotes gives one quote and, in this old runtime, ends the quoted part.
    """
    found: list[str] = []
    at = 0
    while True:
        while at < len(tail) and tail[at] in " \t":
            at += 1
        if at >= len(tail):
            return found
        word, at = _crt_word(tail, at)
        found.append(word)


def _crt_word(tail: str, at: int) -> tuple[str, int]:
    word: list[str] = []
    quoted = False
    while at < len(tail) and (quoted or tail[at] not in " \t"):
        slashes = len(tail[at:]) - len(tail[at:].lstrip("\\")) if tail[at] == "\\" else 0
        at += slashes
        if at < len(tail) and tail[at] == '"':
            word.append("\\" * (slashes // 2))
            if slashes % 2:
                word.append('"')
            else:
                if quoted and tail[at + 1 : at + 2] == '"':
                    word.append('"')
                    at += 1
                quoted = not quoted
            at += 1
        elif slashes:
            word.append("\\" * slashes)
        else:
            word.append(tail[at])
            at += 1
    return "".join(word), at


def wsh_arguments(tail: str) -> list[str]:
    """Split a command line as Windows Script Host does: quotes group and vanish, and nothing escapes them."""
    found: list[str] = []
    word: list[str] = []
    quoted = started = False
    for char in tail:
        if char == '"':
            quoted, started = not quoted, True
        elif char in " \t" and not quoted:
            if started:
                found.append("".join(word))
            word, started = [], False
        else:
            word.append(char)
            started = True
    if started:
        found.append("".join(word))
    return found
