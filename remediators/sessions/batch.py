r"""
Packs commands into command lines for ``cmd.exe`` and takes their answers apart again. Pure: nothing is sent here.

A line is complete in itself::

    set R=%%&set Q=^"&set X=!&set C=^^&cmd /d /v:on /s /c "INNER" <nul 2>&1

INNER prints a canary (what became of R, Q, X and C on this host), the code page, and after each command a fence:
a random token, the command's number and its exit status. The token is in a variable, so that a host which echoes the
line does not echo a fence. Sources: cmd's documented phases of parsing, and runs under Wine, whose cmd loses an
``if errorlevel`` after a pipe in parentheses; hence the detour over E.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from remediators.model import Answer, Command, Dropped, Query, Step, Unreachable
from remediators.quoting.cmd import LONGEST_LINE, needs_percent, spelled

BATCH, RAW = "batch", "raw"  # how a percent sign gets through: doubled as in a .cmd file, or single as typed

# Windows 6.0 and later can speak UTF-8; under 65001 the batch files of 5.x misbehave, so these keep their OEM page.
UNKNOWN_PAGE = "ver|find !Q! 5.!Q!>nul&set E=!errorlevel!&(if !E!==1 (chcp 65001>nul))&"
UTF8_PAGE = "chcp 65001>nul&"
OWN_PAGE = ""

# What comes of R, Q, X and C, by how R was set: a host may keep both percent signs, or halve them.
_CANARIES = {BATCH: {'%%"!^': RAW, '%"!^': BATCH}, RAW: {'%"!^': RAW}}
_END = "echo !M!end"


@dataclass(frozen=True, slots=True)
class Piece:
    """
    One command on its way, and when it is to be run.

    ``tail`` is the last of a command and the fallbacks that run only after its failure: its status decides whether the
    rest of a write goes on. ``opens`` is the first of its question or step.
    """

    command: Command
    write: bool
    always: bool
    opens: bool
    tail: bool


@dataclass(frozen=True, slots=True)
class Going:
    """How far a batch has come: the last status, whether a write failed, and whether this ``always`` step did."""

    status: int = 0
    failed: bool = False
    step_failed: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back for one line: how percent signs travel, the encoding, and one answer for each command."""

    style: str
    encoding: str
    answers: tuple[Answer, ...]


def pieces(sources: Iterable[Query | Step]) -> list[Piece]:
    """The commands of questions and steps, in order."""
    return [piece for source in sources for piece in _pieces(source)]


def _pieces(source: Query | Step) -> Iterator[Piece]:
    write = isinstance(source, Step)
    always = isinstance(source, Step) and source.always
    commands = source.commands
    for number, command in enumerate(commands):
        follower = commands[number + 1] if number + 1 < len(commands) else None
        tail = follower is None or not follower.only_after_failure
        yield Piece(command, write, always, number == 0, tail)


def proceed(going: Going, piece: Piece, answer: Answer | None) -> Going:
    """How far the batch is after a piece; ``answer`` is what it said, ``None`` where it was not sent."""
    status = going.status if answer is None or answer.status is None else answer.status
    ran = answer is not None
    failed = going.failed or (ran and piece.write and piece.tail and status != 0)
    step_failed = (going.step_failed and not piece.opens) or (ran and piece.always and piece.tail and status != 0)
    return Going(status, failed, step_failed)


def wanted(going: Going, piece: Piece) -> bool:
    """Whether a piece is still to be sent: after a failed write only ``always`` steps and questions go on."""
    if piece.always:
        return piece.opens or not going.step_failed
    return not (piece.write and going.failed)


@lru_cache(maxsize=4096)
def fits(command: Command) -> bool:
    """Whether a command can go on a line of its own."""
    probe = Piece(command, write=True, always=True, opens=True, tail=True)
    return len(line([probe], token="0" * 16, page=UNKNOWN_PAGE, style=BATCH, going=Going())) <= LONGEST_LINE


def take(waiting: Sequence[Piece], token: str, page: str, style: str, going: Going) -> tuple[str, int]:
    """The next line, and how many of the waiting pieces it holds: as many as fit, and one at the least."""
    room = LONGEST_LINE - len(line([], token, page, style, going))
    spellings: dict[str, str] = {}
    count = 0
    for number, piece in enumerate(waiting, 1):
        new = {n: text for n, text in spelled(piece.command.line).items() if n not in spellings}
        spellings |= new
        room -= len(_fenced(piece, number)) + 1 + len(_settings(new))
        if room < 0 and count:
            break
        count = number
    return line(waiting[:count], token, page, style, going), count


def line(members: Sequence[Piece], token: str, page: str, style: str, going: Going) -> str:
    """One command line. ``style`` says how its percent sign must be written."""
    percent = "%" if style == RAW else "%%"
    spellings = {name: text for piece in members for name, text in spelled(piece.command.line).items()}
    body = "".join(f"{_fenced(piece, number)}&" for number, piece in enumerate(members, 1))
    start = f"set M={token}&echo !M![!R!!Q!!X!!C!]&{page}chcp&echo !M!0:!errorlevel!&"
    state = f"set E={going.status}&set F=&set G=&{_settings(spellings)}"
    return f'set R={percent}&set Q=^"&set X=!&set C=^^&cmd /d /v:on /s /c "{start}{state}{body}{_END}" <nul 2>&1'


def _settings(spellings: Mapping[str, str]) -> str:
    return "".join(f"set {name}={text}&" for name, text in spellings.items())


def _fenced(piece: Piece, number: int) -> str:
    text = f"ver>nul&{piece.command.line}&set E=!errorlevel!&echo !M!{number}:!E!"
    if piece.command.only_after_failure:
        text = f"(if not !E!==0 ({text}))"
    if not piece.write:
        return text
    flag = "G" if piece.always else "F"
    text = f"(if not defined {flag} ({text}))"
    if piece.opens and piece.always:
        text = f"set G=&{text}"
    if piece.tail:
        text += "&(if not !E!==0 (set F=1&set G=1))"
    return text


def percent_needed(members: Iterable[Piece]) -> bool:
    return any(needs_percent(piece.command.line) for piece in members)


def unpack(output: bytes, token: str, count: int, style: str) -> Heard:
    """
    Take the answer to a line with ``count`` commands apart; ``style`` is how its percent sign was written.

    Raises `Dropped` where it is cut off, and `Unreachable` where no Windows command interpreter wrote it.
    """
    mark = re.escape(token.encode())
    canary = re.search(mark + rb"\[([^\]\r\n]*)\]", output)
    if canary is None:
        raise _strange(output)
    found = _CANARIES[style].get(canary[1].decode("ascii", "replace"))
    if found is None:
        raise Unreachable(
            "the command interpreter there does not keep special characters apart "
            f"(it made {canary[1]!r} of them), so nothing can be sent to it safely"
        )
    fences = list(re.finditer(mark + rb"(?:(\d+):(-?\d+)|(end))[ \t]*\r?\n?", output[canary.end() :]))
    if not fences or fences[-1][3] is None:
        raise Dropped("the answer was cut off")
    said = _between(output[canary.end() :], fences)
    if said is None:
        raise Unreachable("the marks between its answers are out of order, so nothing can be told from what it said")
    encoding = encoding_of(said.get(0, (b"", 0))[0])
    blank = Answer(b"", None, encoding)
    answers = tuple(Answer(*said[n], encoding) if n in said else blank for n in range(1, count + 1))
    return Heard(found, encoding, answers)


def unpack_cut(output: bytes, token: str, count: int, style: str) -> tuple[Answer, ...]:
    """
    What the answer to a line holds that was cut off when the time was up: whole answers, then one that is not.

    The one that was under way has what it had said and the status ``None``, as have those that did not begin; there
    is no answer for those. Raises as `unpack` where nothing can be told.
    """
    mark = re.escape(token.encode())
    last = max((match.end() for match in re.finditer(mark + rb"\d+:-?\d+[ \t]*\r?\n", output)), default=None)
    if last is None:
        return ()
    rest = output[last:]
    heard = unpack(output[:last] + token.encode() + b"end\r\n", token, count, style)
    told = re.findall(mark + rb"(\d+):", output[:last])
    done = int(told[-1])
    partial = Answer(rest, None, heard.encoding)
    return (*heard.answers[:done], partial) if done < count else heard.answers


def _strange(output: bytes) -> Unreachable | Dropped:
    words = " ".join(re.sub(r"[^ -~]+", " ", output.decode("ascii", "replace")).split())[:200]
    if not words:
        return Dropped("the host said nothing")
    if b"!M![" in output and b"set M=" not in output:
        return Unreachable(
            "the command line reaches cmd.exe with its quotation marks changed, so nothing can be sent safely: the "
            f"server there must hand the line over as it is, or put it into a .cmd file; it said: {words}"
        )
    return Unreachable(
        "what answered is not a Windows command interpreter; cmd.exe must run the commands there (over SSH it must be "
        f"the login shell, as ansible_shell_type: cmd says); it said: {words}"
    )


def _between(output: bytes, fences: Sequence[re.Match[bytes]]) -> dict[int, tuple[bytes, int]] | None:
    """What was said before each fence; ``None`` where they are not in order, as one that the output brought in."""
    said: dict[int, tuple[bytes, int]] = {}
    start, last = 0, -1
    for fence in fences:
        if fence[3] is None:
            if int(fence[1]) <= last:
                return None
            last = int(fence[1])
            said[int(fence[1])] = (output[start : fence.start()], _signed(int(fence[2])))
        start = fence.end()
    return said


def _signed(status: int) -> int:
    return status - 2**32 if status >= 2**31 else status


def encoding_of(chcp: bytes) -> str:
    """
    The encoding that ``chcp`` names by its digits: its words are localised.

    A page that nobody knows (Wine without a console says 0) can be trusted for ASCII only.
    """
    digits = re.findall(rb"\d+", chcp)
    page = int(digits[-1]) if digits else 0
    name = "utf-8" if page == 65001 else f"cp{page}"
    try:
        return codecs.lookup(name).name if page else "ascii"
    except LookupError:
        return "ascii"
