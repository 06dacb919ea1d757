"""
What the text of a Cisco command line means: prompts, questions, pagers, rejections, and lines nobody asked for. Pure.

The forms are those of Cisco's command references and message guides; text has bare line feeds here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# A host name (with what ASA puts behind it: a context, a failover state) and perhaps a mode.
FIRST_PROMPT = re.compile(r"[A-Za-z0-9_][\w.\-/:~@+*]{0,80}(?:\([^()\s]{1,60}\))?[>#]")
_CONFIGURING = re.compile(r"[A-Za-z0-9_][\w.\-/:~@+*]{0,80}\(con[^()\s]{0,60}\)#")
# Most modes are called after `config`; some are not: `R1(ca-trustpoint)#`, `R1(dhcp-config)#`, `R1(cfg-crypto-trans)#`.
_IN_A_MODE = re.compile(r"([A-Za-z0-9_][\w.\-/:~@+*]{0,80})\([^()\s]{1,60}\)#")

# The time before a message: `*Mar  1 18:46:11.035 UTC: `, `00:00:46: `, `1w2d: `, with a sequence number before it.
_TIME = r"(?:[*.]?[A-Z][a-z]{2} +\d+ (?:\d{4} )?[\d:.]+(?: [A-Z]{2,5})?(?: [\w.\-]+)? ?: ?|\d+[\d:wdh]+: )"
_BODY = r"%[A-Z][A-Z0-9_]*-(?:[A-Z0-9_]+-)*[0-7]-[A-Z0-9_]+: [^\n]*"
_MESSAGE = rf"(?:\d{{1,10}}: )?{_TIME}?{_BODY}"
_COUNTDOWN = r"\*\*\*(?: --- [^\n]* ---)?[ ]*"  # `reload in` tells everybody
CHATTER = re.compile(rf"(?:{_MESSAGE}|{_COUNTDOWN})")
_CHATTER_LINES = re.compile(rf"(?:^|(?<=[>#])){CHATTER.pattern}(?:\n|\Z)", re.MULTILINE)
_STAMPED_LINES = re.compile(rf"^(?:\d{{1,10}}: )?{_TIME}{_BODY}\n", re.MULTILINE)

PAGER = re.compile(r"(?:^|\n)[ ]*(?:<--- More --->|--More--)[ ]*\Z")
QUESTION = re.compile(
    r"(?:^|\n)([^\n]*(?:\[confirm\]|[\[(](?:yes/no|y/n|Y/N)[^\])\n]*[\])]|\[Y\]es/\[N\]o[^\n]*|\?[ ]*\[[^\]\n]*\]"
    r"|\[[^\]\n]*\][ ]*\?|(?:[Uu]sername|[Pp]assword)(?=[ ]*:))[ ]*[:?]?[ ]*)\Z"
)
_REJECTED = re.compile(
    r"^(?:% ?(?!(?:[Ww]arning|WARNING|[Nn]ote|NOTE|No Rollback Confirmed Change)\b)[A-Za-z][^\n]*"
    r"|ERROR: [^\n]*"
    r"|[Cc]ommand (?:authorization failed|rejected|denied)[^\n]*"
    r"|Type help or '\?' for a list of available commands[^\n]*"
    r"|Not enough arguments[^\n]*|Usage: [^\n]*|Invalid (?:input|arguments?|command)[^\n]*"
    r"|Authorization failed[^\n]*|\[FAILED\][^\n]*|startup-config file open failed[^\n]*"
    r"|[^\n]*(?:Not enough space|No space left|nvram[^\n]*full)[^\n]*)",
    re.MULTILINE,
)
_LEAST_SEEN = 5  # characters of a line's end that are enough to know it by
_SHORT = 8  # lines; a longer answer is no rejection, whatever one of its lines looks like


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What a device said to one line: its text without echo and prompt, and the prompt it came back with.

    ``question`` is what it asked and nobody had an answer for; then the line was broken off.
    """

    text: str
    prompt: str
    question: str | None = None

    @property
    def configuring(self) -> bool:
        return bool(_IN_A_MODE.fullmatch(self.prompt))

    @property
    def rejection(self) -> str | None:
        """The device's own words if it did not take the line, on one line."""
        if self.question is not None:
            return f"the device asks {self.question!r}, and there is no answer to that"
        return rejection(self.text)


def quiet(text: str) -> str:
    """The text without whole lines of messages that devices write between others."""
    return _CHATTER_LINES.sub("", text) if "%" in text or "***" in text else text


def unstamped(text: str) -> str:
    """The text of a configuration without messages that begin with a time: no line of a configuration does."""
    return _STAMPED_LINES.sub("", text)


def chatters(text: str) -> bool:
    return quiet(text) != text


def last_line(text: str) -> str:
    """What stands at the end of the text, messages behind it left out; empty after a line feed in mid-output."""
    return quiet(text).rstrip().rpartition("\n")[2].strip()


def name_of(prompt: str) -> str:
    """What stands in a prompt before its mode and sign: the device's name, with context and state on an ASA."""
    return re.sub(r"(?:\([^()]*\))?[>#]$", "", prompt)


def prompt_at_end(text: str, name: str | None) -> str | None:
    """
    The prompt of the device called ``name`` if the text ends with one; of any device without a name.

    IOS cuts the name in configuration mode to 20 characters and less, and a line just sent may have changed it; so
    there any name does, if the mode is called after ``config``.
    """
    last = last_line(text)
    if not last.endswith(("#", ">")):
        return None
    mode = _IN_A_MODE.fullmatch(last)
    ours = bool(mode and name and name.startswith(mode[1]))
    if last[:-1] == name or ours or _CONFIGURING.fullmatch(last) or (name is None and FIRST_PROMPT.fullmatch(last)):
        return last
    return None


def after_echo(text: str, line: str, name: str) -> str | None:
    """
    The text behind the echo of a line, or ``None`` where the echo is not there yet.

    What a prompt that was drawn again or a message put before the echo is left out. Of long lines only the end is
    looked for: terminals shift what is wider than they are.
    """
    prompt = rf"(?:{re.escape(name[:10])}[^\s#>]*[#>][ ]?)?"
    found = re.search(rf"(?:\A|\n|[#>])[ ]*{prompt}{re.escape(line)}[ \x08]*\n", text)
    if found:
        return text[found.end() :]
    shifted = _shifted(text, line) if len(line) > 40 else None
    if shifted is not None:
        return text[shifted:]
    broken = _interrupted(text, line)
    return text[broken.end() :] if broken else None


def _shifted(text: str, line: str) -> int | None:
    """
    Where the row ends that shows the end of a long line behind a dollar sign.

    ASA and PIX are 80 characters wide, and their width is a line of the configuration, so it is left alone. What is
    left of a row once its backspaces have been followed is what a person would see.
    """
    start = 0
    while (stop := text.find("\n", start)) >= 0:
        row = text[start:stop]
        seen = _visible(row).rpartition("$")[2].rstrip() if "\b" in row else row.rpartition("$")[2].rstrip()
        if len(seen) >= _LEAST_SEEN and line.rstrip().endswith(seen) and "$" in row:
            return stop + 1
        start = stop + 1
    return None


def _visible(row: str) -> str:
    """A row as a terminal shows it in the end."""
    cells: list[str] = []
    at = 0
    for sign in row:
        if sign == "\b":
            at = max(0, at - 1)
            continue
        cells[at : at + 1] = [sign]
        at += 1
    return "".join(cells)


def _interrupted(text: str, line: str) -> re.Match[str] | None:
    """An echo that a message broke in two."""
    if not chatters(text):
        return None
    between = rf"(?:\n{CHATTER.pattern}\n)?"
    return re.search(between.join(map(re.escape, line)) + r"[ \x08]*\n", text)


def rejection(text: str) -> str | None:
    """The device's words for not taking a line, or ``None``. Long answers are no rejections."""
    lines = [line for line in quiet(text).splitlines() if line.strip() not in ("", "^")]
    if not lines or len(lines) > _SHORT:
        return None
    found = _REJECTED.search("\n".join(lines))
    return " ".join(found.group().split()) if found else None


def agreed(first: str, second: str) -> str | None:
    """
    What two answers to the same question have in common, if they differ in messages only.

    A line that looks like a message and stands in both at the same place was asked for (a banner may have such lines);
    one that stands in one of them came in between. ``None`` where the answers differ otherwise.
    """
    if quiet(first) != quiet(second):
        return None
    kept = set(_placed(second))
    return "".join(line for place, line in _placed(first) if (place, line) in kept or not chatters(line))


def _placed(text: str) -> Sequence[tuple[int, str]]:
    """Each line with the number of proper lines before it."""
    proper, found = 0, []
    for line in text.splitlines(keepends=True):
        found.append((proper, line))
        proper += not chatters(line)
    return found


OUTPUT_LIMIT = 64 * 1024 * 1024  # characters of one answer; more is a device gone wild
_TAIL = 4000  # characters at the end that are looked at for a prompt


@dataclass(slots=True)
class Exchange:
    """One line and what is heard until the prompt; ``name`` is the device's, ``None`` if the line may change it."""

    line: str
    name: str | None
    tail: str = ""
    unanswered: str | None = None
    settled: bool = False  # nothing more has come for a while
    turned: bool = False  # a page was turned: what wipes the pager's words away comes next
    _parts: list[str] = field(default_factory=list)
    _length: int = 0

    def add(self, piece: str) -> None:
        """Raises EOFError where nobody will read that much."""
        if self.turned:
            piece = piece.lstrip("\r\b ")
            self.turned = not piece
        self._parts.append(piece)
        self.settled = self.settled and not piece
        self._length += len(piece)
        self.tail = (self.tail + piece)[-_TAIL:]
        if self._length > OUTPUT_LIMIT:
            raise EOFError(f"more than {OUTPUT_LIMIT} characters of output, which nobody will read")

    def go_on(self) -> None:
        """What the text ends with has been dealt with."""
        self.tail = ""

    def turn_page(self) -> None:
        """The pager's words are no part of the answer."""
        self._parts = [PAGER.sub("\n", "".join(self._parts))]
        self.tail, self.turned = "", True

    @property
    def stopped_by_pager(self) -> bool:
        return bool(PAGER.search(self.tail))

    @property
    def may_have_ended(self) -> bool:
        """Whether the prompt stands behind output that was cut off in the middle of a line."""
        return self.name is not None and last_line(self.tail).endswith((f"{self.name}#", f"{self.name}>"))

    @property
    def seems_to_ask(self) -> bool:
        return bool(QUESTION.search(self.tail))

    def reply(self, answers: Mapping[str, str]) -> str | None:
        """What to say to the question at the end: ``None`` (and then it counts as unanswered) if there is no answer."""
        found = QUESTION.search(self.tail)
        question = found.group(1).strip() if found else ""
        self.go_on()
        for pattern, said in answers.items():
            if re.search(pattern, question):
                return said
        self.unanswered = self.unanswered or question
        return None

    def heard(self) -> Heard | None:
        """The whole answer once the prompt has come."""
        prompt = prompt_at_end(self.tail, self.name)
        if prompt is None and self.settled and self.may_have_ended:
            prompt = f"{self.name}{last_line(self.tail)[-1]}"
        if prompt is None:
            return None
        said = after_echo("".join(self._parts), self.line, self.name or name_of(prompt))
        return None if said is None else Heard(_without_prompt(said, prompt), prompt, self.unanswered)


def _without_prompt(text: str, prompt: str) -> str:
    before, found, _ = text.rpartition(prompt)
    return before if found else text
