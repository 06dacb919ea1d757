"""
The door to ``cmd.exe``: the one place that turns values into text for a Windows command interpreter.

Every batch is sent as::

    set Q=^"&set X=!&set C=^^&cmd /d /v:on /s /c "INNER"

The outer line puts the characters that cmd treats specially into variables; INNER holds no literal ``"``, ``%``, ``!``
or ``^"``, so for the outer interpreter it is one quoted string. The inner interpreter expands ``!Q!`` and its like
after it has parsed the line (delayed expansion, the fifth of cmd's documented phases), so no value is ever parsed.
`&`, `|`, `<`, `>` and parentheses are escaped with a caret for the inner parse. A percent sign has no escape that holds
both on a command line and in a ``.cmd`` file, so it travels in the variable R, which the session sets in the way that
its host needs (see ``sessions``).

Windows expands each variable once. Wine looks for variables in what it has put in, so there an exclamation mark would
swallow all up to the next variable, unless one follows at once: hence the character after it travels in a variable of
its own, ``!U78!`` for ``x``, which the session sets too (see `spelled`). In the same way a percent sign would swallow
all up to the next colon there, so behind one colons travel as ``!U3A!``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from remediators.model import Command, Refused

MASK = "********"
LONGEST_LINE = 8000  # cmd takes 8,191 characters (KB 830473); the rest is kept for what a host's own shell adds
LONGEST_COMMAND = 7400  # what one command may take of a line; the rest is the session's own frame

_INNER = {
    '"': "!Q!",
    "%": "!R!",
    "!": "!X!",
    "^": "!C!",
    "&": "^&",
    "|": "^|",
    "<": "^<",
    ">": "^>",
    "(": "^(",
    ")": "^)",
}
_VARIABLES = frozenset('"%!^')  # what travels in a variable anyway
_SPELLED = re.compile(r"!(U[0-9A-F]+)!")
_TOKEN = re.compile(r"!([A-Za-z_][A-Za-z0-9_()]*)!|\^(.)|(.)", re.DOTALL)
_PLAIN_ARGUMENT = re.compile(r"[A-Za-z0-9_\\/:.=+@,#~$*-]+")


@dataclass(frozen=True, slots=True)
class Env:
    """A variable of the host's environment, expanded there: ``%SystemDrive%``."""

    name: str


@dataclass(frozen=True, slots=True)
class Masked:
    """An argument that must not be shown: it is sent as it is and printed as ``********``."""

    text: str


Part = str | Env | Masked
Argument = str | Env | Masked | tuple[Part, ...]
Line = str | tuple[str | Masked, ...]

_CONTROL = re.compile("[\\x00-\\x1f\\x7f\\x85\\ud800-\\udfff]")


def check(text: str) -> str:
    """
    Return ``text`` if it can pass through cmd.

    Raises `Refused` for control characters (a line end would end the command) and for lone surrogates.
    """
    bad = _CONTROL.search(text)
    if bad:
        raise Refused(f"character {bad.start() + 1} (U+{ord(bad[0]):04X}) cannot be passed on a Windows command line")
    return text


def inner(text: str) -> str:
    """Encode literal text for INNER (see the module's docstring). Raises `Refused`."""
    before = ["", *check(text)]
    return "".join(
        f"!U{ord(character):X}!" if last == "!" and character not in _VARIABLES else _INNER.get(character, character)
        for last, character in zip(before, text, strict=False)
    )


def spelled(line: str) -> dict[str, str]:
    """The variables that an encoded line needs besides Q, R, X and C, with the text that ``set`` must be given."""
    return {name: _INNER.get(char := chr(int(name[1:], 16)), char) for name in _SPELLED.findall(line)}


def argv(text: str) -> str:
    r"""
    Quote one argument for a program that parses its command line as Microsoft's C run-time does.

    Backslashes are doubled only before a quotation mark and at the end of a quoted argument.
    Source: Microsoft, "Parsing C++ command-line arguments".
    """
    if text and _PLAIN_ARGUMENT.fullmatch(text):
        return text
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', text)
    return '"' + re.sub(r"(\\+)$", r"\1\1", escaped) + '"'


def wsh(text: str) -> str:
    """
    Quote one argument for a script under cscript.

    Windows Script Host has no way to pass a quotation mark, and takes ``//…`` for its own options wherever it stands.
    Raises `Refused`.
    """
    if '"' in text:
        raise Refused("a quotation mark cannot be passed to a script under cscript")
    if text.startswith("//"):
        raise Refused("text that begins with // would be taken for an option of cscript")
    return f'"{check(text)}"'


@lru_cache(maxsize=4096)  # a fleet is asked the same of every host
def program(
    name: str | tuple[Part, ...], *arguments: Argument, seconds: float = 60.0, only_after_failure: bool = False
) -> Command:
    """
    A program with its arguments, quoted by `argv`. ``name`` is ours, never data; a tuple is the path of a program.

    Raises `Refused` where an argument cannot be passed.
    """
    named_line, named_shown = (name, name) if isinstance(name, str) else (_encode(name, argv), _show(name, argv))
    words = [_encode(argument, argv) for argument in arguments]
    shown = [_show(argument, argv) for argument in arguments]
    line, text = " ".join([named_line, *words]), " ".join([named_shown, *shown])
    return _checked(Command(line, text, only_after_failure, seconds))


def echo_version() -> Command:
    """What the interpreter says of itself: ``ver``."""
    return Command("ver", "ver")


def echo(*parts: Part) -> Command:
    """Print text and variables of the host's environment. An unset variable may be printed as ``!NAME!``."""
    return _checked(Command(f"echo {_body(parts)}", f"echo {_body_shown(parts)}"))


def cscript(script: tuple[Part, ...], *arguments: str | Masked, seconds: float = 60.0) -> Command:
    """
    A script of the host's own under ``cscript //nologo``. Raises `Refused` where an argument cannot be passed.

    The first argument is the script's command word; the others are quoted by `wsh`.
    """
    path_line, path_shown = _encode(script, argv), _show(script, argv)
    words = [_encode(argument, _wsh_word) for argument in arguments]
    shown = [_show(argument, _wsh_word) for argument in arguments]
    return _checked(
        Command(
            " ".join(["cscript //nologo", path_line, *words]),
            " ".join(["cscript //nologo", path_shown, *shown]),
            seconds=seconds,
        )
    )


def script(text: str, *, seconds: float = 60.0, shown: str | None = None) -> Command:
    """
    Text in cmd's own language, run by an interpreter of its own: ``cmd /d /c "TEXT"``.

    The text is parsed by cmd as if it were typed, so no value may be in it that has not been quoted for that. ``for``
    variables are written with one percent sign.
    """
    return _checked(Command(f"cmd /d /c {inner(chr(34) + text + chr(34))}", shown or text, seconds=seconds))


def write_file(path: tuple[Part, ...], lines: Iterable[Line], *, append: bool = False) -> tuple[Command, ...]:
    """
    Commands that write lines of text to a file on the host. A line may be made of parts, some of them masked.

    Lines are written as they are; they must not be empty, nor begin with ``/`` or a word that echo knows. Raises
    `Refused` for a line that is too long or cannot be passed.
    """
    where_line, where_shown = _encode(path, argv), _show(path, argv)
    commands: list[Command] = []
    for line in lines:
        arrow = ">>" if append or commands else ">"
        parts = line if isinstance(line, tuple) else (line,)
        sent = inner("".join(part.text if isinstance(part, Masked) else part for part in parts))
        shown = "".join(MASK if isinstance(part, Masked) else part for part in parts)
        commands.append(_checked(Command(f"{arrow}{where_line} echo {sent}", f"{arrow}{where_shown} echo {shown}")))
    return tuple(commands)


def delete_file(path: tuple[Part, ...]) -> Command:
    """Delete a file on the host. It is no failure where there is none."""
    return Command(f"del /q {_encode(path, argv)}", f"del /q {_show(path, argv)}")


def show_file(path: tuple[Part, ...]) -> Command:
    """Print a file of the host; Windows turns UTF-16 with a byte order mark into the console's code page."""
    return Command(f"type {_encode(path, argv)}", f"type {_show(path, argv)}")


def show_wide(path: tuple[Part, ...]) -> Command:
    """Print a file of UTF-16 as it is, whatever the code page: ``/u`` makes ``type`` write UTF-16 (``cmd /?``)."""
    return Command(f"cmd /d /u /c type {_encode(path, argv)}", f"cmd /u /c type {_show(path, argv)}")


def show_lines(path: tuple[Part, ...]) -> Command:
    """Print a file line by line, without its empty lines: Wine's ``type`` prints only the first bytes of UTF-16."""
    before, after = 'for /f "delims=" %i in (', ") do @echo %i"  # Wine knows no usebackq, hence no quotation marks
    # Wine expands %M% in what it shows; M holds the mark between answers, which a value must not be able to print.
    line = inner(f'"set M=&{before}') + _body(path) + inner(f'{after}"')
    return _checked(Command(f"cmd /d /c {line}", f"{before}{_body_shown(path)}{after}"))


def needs_percent(line: str) -> bool:
    """Whether an encoded line uses the variable that stands for a percent sign."""
    return "!R!" in line


def as_batch(line: str) -> str:
    """Give the encoded line as a line of a ``.cmd`` file: percent signs doubled, variables between percent signs."""
    out, quoted = [], False
    for match in _TOKEN.finditer(line):
        name, escaped, plain = match.groups()
        literal = {"Q": '"', "R": "%%", "X": "!", "C": "^"}.get(name or "", escaped or plain)
        character = chr(int(name[1:], 16)) if name and _SPELLED.fullmatch(match[0]) else literal
        if name and character is None:
            out.append(f"%{name}%")
            continue
        if character == '"':
            quoted = not quoted
        special = not quoted and character in "^&|<>()" and not (plain and character in "<>")
        out.append("^" + character if special else character)
    return "".join(out)


def _checked(command: Command) -> Command:
    """The command with its colons guarded (see the module's docstring). Raises `Refused` where it is too long."""
    head, percent, tail = command.line.partition("!R!")
    line = head + percent + tail.replace(":", "!U3A!")
    if len(line) > LONGEST_COMMAND:
        raise Refused(f"this would take {len(line)} characters, too many for one Windows command line")
    return replace(command, line=line)


def _wsh_word(text: str) -> str:
    return text if _PLAIN_ARGUMENT.fullmatch(text) and not text.startswith("/") else wsh(text)


def _encode(argument: Argument, quote: object) -> str:
    parts = argument if isinstance(argument, tuple) else (argument,)
    text = "".join(part.text if isinstance(part, Masked) else part for part in parts if not isinstance(part, Env))
    if not any(isinstance(part, Env) for part in parts):
        return inner(quote(text))  # type: ignore[operator]
    return f"!Q!{_body(parts)}!Q!"  # the variable's value may have blanks; our own parts have no quotation marks


def _plain_text(part: str | Masked) -> str:
    return part.text if isinstance(part, Masked) else part


def _show(argument: Argument, quote: object) -> str:
    parts = argument if isinstance(argument, tuple) else (argument,)
    if any(isinstance(part, Masked) for part in parts):
        return MASK
    if not any(isinstance(part, Env) for part in parts):
        return str(quote("".join(str(part) for part in parts)))  # type: ignore[operator]
    return f'"{_body_shown(parts)}"'


def _body(parts: Iterable[Part]) -> str:
    return "".join(f"!{part.name}!" if isinstance(part, Env) else inner(_plain_text(part)) for part in parts)


def _body_shown(parts: Iterable[Part]) -> str:
    return "".join(
        f"%{part.name}%" if isinstance(part, Env) else MASK if isinstance(part, Masked) else part for part in parts
    )
