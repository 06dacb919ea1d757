"""
Looks at an SMTP server from here: its greeting, and the verbs that it offers. No mail is ever sent.

What is said to the server is EHLO (HELO where that is rejected) and QUIT. Sources: RFC 5321, 3.1, 4.2, 4.2.1, 4.3.2
and 4.5.3 (forms of greetings, five minutes of patience); KB 320027 and KB 295725 (greetings that a PIX has masked);
Microsoft's Exchange 2003 guide, bb124688 (verbs that are missing where Exchange's sinks are not loaded).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Final

from remediators.checks import smtp_line
from remediators.checks.smtp_line import CONNECT_SECONDS, Line, NoConnection
from remediators.model.diagnosis import EXCHANGE_VERBS

GREETING_SECONDS: Final = 300.0  # RFC 5321, 4.5.3.2.1: how long a client must wait for the greeting
REPLY_SECONDS: Final = 60.0  # for the answers to EHLO and to HELO, each
LEAVE_SECONDS: Final = 5.0  # for the answer to QUIT, which nobody needs
LONGEST: Final = 65536  # bytes of one reply that are kept: a line has 512 (RFC 5321, 4.5.3.1.5)
LONGEST_LINE: Final = 512

# What may become of a look at a greeting. The first that fits, in this order.
CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown-host": "the name could not be resolved from here",
        "refused": "the connection is refused: nothing listens on that port, or a firewall says no",
        "timeout": "no answer to the attempt to connect: a firewall drops it, or the host is down",
        "unreachable": "there is no way from here to that address",
        "interrupted": "the look was broken off here before the server had said anything that counts",
        "silent": "the connection stands, but no greeting came in time",
        "none": "the server closed the connection without a greeting",
        "reset": "the connection was reset before a whole greeting had come",
        "masked": "something between here and the server masks the greeting, as a Cisco firewall's inspection does",
        "endless": f"more than {LONGEST} bytes came and no end of a greeting",
        "unfinished": "a greeting began and did not come to its end",
        "not-smtp": "what answers does not speak SMTP",
        "malformed": "the greeting breaks the form that RFC 5321 gives it",
        "no-service": "the server says that it has no SMTP service for this client (554)",
        "busy": "the server says that its service is not available just now (421)",
        "wrong-code": "the server greets with another code than 220",
        "ok": "the server greets with 220",
    }
)

# What may become of EHLO.
EHLO_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "not-asked": "EHLO was not sent",
        "ok": "EHLO was answered with verbs",
        "masked": "some of the verbs in the answer are made unreadable, as a Cisco firewall's inspection does",
        "rejected": "EHLO is not known there: a firewall that lets only RFC 821 through, or a very old server",
        "refused": "the server knows EHLO and refuses it",
        "malformed": "the answer to EHLO is no SMTP reply",
        "none": "no whole answer to EHLO came",
    }
)

_MASKED = re.compile(r"2[*20 ]*\*[*20 ]*|.*SMTP/cmap_.*", re.DOTALL)
_MASKED_VERB = re.compile(r"X{3,}[A-Z]?", re.IGNORECASE)
_REPLY = re.compile(r"(\d{3})(?:([ -])(.*))?", re.DOTALL)
_UNKNOWN_COMMAND = frozenset({"500", "501", "502", "503", "504"})


@dataclass(frozen=True, slots=True)
class Reply:
    """
    One reply of a server, judged by its form.

    ``lines`` are safe to print: control characters, terminal escapes and what is no ASCII are replaced. ``fault`` says
    how the form is broken (empty where it is not), ``ended`` how it ended: ``whole closed reset late flood stopped``.
    ``notes`` name what is odd and does no harm.
    """

    code: str
    lines: tuple[str, ...]
    ended: str
    fault: str = ""
    notes: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines without their codes."""
        return tuple(line[4:] if _REPLY.fullmatch(line) else line for line in self.lines)


@dataclass(frozen=True, slots=True)
class Probe:
    """
    What a look at a server has shown; plain JSON through `document`.

    ``kind`` is one of `CLASSES`, ``ehlo`` one of `EHLO_CLASSES`. ``lines`` and ``ehlo_lines`` are safe to print.
    ``verbs`` has each verb in upper case with its parameters (``X-EXPS=LOGIN`` is a verb of its own). ``helo`` is the
    code that HELO got after a rejected EHLO, empty where it was not sent. ``peer`` is the address that answered.
    ``seconds`` is how long the greeting took. ``error`` is the system's own word for what went wrong.
    """

    address: str
    port: int
    kind: str
    peer: str = ""
    code: str = ""
    lines: tuple[str, ...] = ()
    fault: str = ""
    ehlo: str = "not-asked"
    ehlo_code: str = ""
    ehlo_lines: tuple[str, ...] = ()
    verbs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    masked_verbs: tuple[str, ...] = ()
    helo: str = ""
    notes: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0

    @property
    def greets(self) -> bool:
        """Whether there is a greeting with 220, masked or not."""
        return self.kind == "ok" or (self.kind == "masked" and self.code in ("220", ""))

    @property
    def text(self) -> str:
        """The greeting without its codes, line by line."""
        return "\n".join(Reply(self.code, self.lines, "whole").texts)

    @property
    def words(self) -> str:
        """What was seen, in one line for a person."""
        shown = f": {short(self.lines[0])}" if self.lines and self.lines[0] else ""
        detail = f" ({self.fault or self.error})" if self.fault or self.error else ""
        return f"{CLASSES[self.kind]}{detail}{shown}"

    def offers(self, verb: str) -> bool:
        """Whether EHLO named this verb; ``X-EXPS`` is also offered by a line ``X-EXPS=LOGIN``."""
        wanted = verb.upper()
        return any(wanted in (name, name.partition("=")[0]) for name in self.verbs)

    def missing(self, verbs: Iterable[str] = EXCHANGE_VERBS) -> tuple[str, ...]:
        """Those of the verbs that EHLO did not name; all of them where it was not answered."""
        return tuple(verb for verb in verbs if not self.offers(verb))

    def document(self) -> dict[str, Any]:
        """The same as plain JSON."""
        document = asdict(self)
        document["verbs"] = {name: list(words) for name, words in self.verbs.items()}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in document.items()}


def look(
    address: str,
    port: int = 25,
    seconds: float = GREETING_SECONDS,
    *,
    ehlo: bool = True,
    name: str = "",
    connect_seconds: float = CONNECT_SECONDS,
    reply_seconds: float = REPLY_SECONDS,
    stop: threading.Event | None = None,
) -> Probe:
    """
    Look at the server at ``address`` (a name, or an IPv4 or IPv6 address). Never raises for what a server does.

    ``seconds`` is the most that the whole greeting may take, counted from the connection, however slowly it comes;
    RFC 5321 wants five minutes. ``connect_seconds`` is for resolving and connecting, ``reply_seconds`` for each answer
    after it. ``name`` is what EHLO says we are; this end's address as a literal if empty. ``stop`` breaks it off.
    """
    try:
        line = smtp_line.open_line(address, port, connect_seconds, stop)
    except NoConnection as error:
        return Probe(address, port, error.kind, error=error.message)
    began = time.monotonic()
    with line:
        greeting = reply(*line.reply(seconds, LONGEST))
        took = round(time.monotonic() - began, 3)
        found = _of_greeting(address, port, greeting, line.error)
        asked = _ask(line, found, greeting, name, reply_seconds) if ehlo else {}
        if greeting.ended == "whole":
            line.leave(min(reply_seconds, LEAVE_SECONDS))
    return _with(found, peer=line.peer, seconds=took, **asked)


def hear(said: bytes, ended: str = "whole", *, address: str = "", port: int = 25) -> Probe:
    """
    Judge a greeting that was taken by other means (a device's ``telnet HOST 25``). Pure.

    ``ended`` is ``whole``, or ``closed reset late flood stopped`` where it was cut off so.
    """
    return _of_greeting(address, port, reply(said, ended), "")


def reply(said: bytes, ended: str = "whole") -> Reply:
    """Judge the form of one reply. Pure; never raises."""
    raw = said.split(b"\n")
    if raw and not raw[-1]:
        raw.pop()
    notes = tuple(note for note, odd in _oddities(said, raw) if odd)
    texts = [line.removesuffix(b"\r").decode("latin-1") for line in raw]
    codes = [match[1] if (match := _REPLY.fullmatch(text)) else "" for text in texts]
    lines = tuple(harmless(text) for text in texts)
    fault = _fault(texts, codes) if said else ""
    return Reply(codes[0] if codes else "", lines, ended, fault, notes)


def harmless(text: str) -> str:
    """Text that a terminal and a log can be given: what is no printable ASCII and no tab is a replacement character."""
    return "".join(character if " " <= character <= "~" or character == "\t" else "\ufffd" for character in text)


def short(line: str, most: int = 120) -> str:
    """A line in quotation marks, cut where it is long."""
    return repr(line if len(line) <= most else line[:most] + "…")


def is_masked(line: str) -> bool:
    """Whether a line is a greeting that a Cisco firewall has masked (KB 320027; PIX 4.4 masks the code too)."""
    text = line.strip()
    return bool(_MASKED.fullmatch(text)) or bool(re.fullmatch(r"[*20 ]*\*{4}[*20 ]*", text))


# -- judging a greeting ----------------------------------------------------------------------------------------------

CUT_OFF: Final = {
    "late": "time was up",
    "closed": "the connection was closed",
    "reset": "the connection was reset",
    "stopped": "broken off here",
}


def _of_greeting(address: str, port: int, said: Reply, error: str) -> Probe:
    kind = _kind(said)
    fault = said.fault if kind in ("malformed", "not-smtp") else CUT_OFF.get(said.ended, "") if said.lines else ""
    return Probe(address, port, kind, code=said.code, lines=said.lines, fault=fault, notes=said.notes, error=error)


def _kind(said: Reply) -> str:
    if not said.lines:
        return {"late": "silent", "closed": "none", "reset": "reset", "stopped": "interrupted"}.get(said.ended, "none")
    if is_masked(said.lines[0]):
        return "masked"
    if said.ended != "whole":
        return {"flood": "endless", "reset": "reset", "stopped": "interrupted"}.get(said.ended, "unfinished")
    if said.fault:
        return "malformed" if re.match(r"\d{3}", said.lines[0]) else "not-smtp"
    return {"220": "ok", "554": "no-service", "421": "busy"}.get(said.code, "wrong-code")


def _fault(texts: Sequence[str], codes: Sequence[str]) -> str:
    """How a reply breaks RFC 5321's form (4.2, 4.2.1); empty where it does not."""
    for number, (text, code) in enumerate(zip(texts, codes, strict=True), 1):
        if not code:
            missing = "no blank or hyphen after its code" if re.match(r"\d{3}", text) else "no code of three digits"
            return f"line {number} has {missing}"
        if code != codes[0]:
            return f"line {number} has the code {code} after {codes[0]}"
        if (text[3:4] == "-") != (number < len(texts)):
            return (
                f"line {number} of {len(texts)} is marked as the {'last' if number < len(texts) else 'first of more'}"
            )
    return "" if "2" <= codes[0][0] <= "5" else f"there is no code {codes[0]} in SMTP"


def _oddities(said: bytes, raw: Sequence[bytes]) -> list[tuple[str, bool]]:
    whole = raw if said.endswith(b"\n") else raw[:-1]
    bodies = [line.removesuffix(b"\r") for line in raw]
    return [
        ("its lines end in LF without CR", any(not line.endswith(b"\r") for line in whole)),
        ("it has no text after its code", bool(bodies) and bodies[0][:3].isdigit() and len(bodies[0]) <= 4),
        ("it has bytes that are no ASCII", any(max(line, default=0) > 126 for line in bodies)),
        ("it has control characters", any(byte < 32 and byte != 9 for line in bodies for byte in line)),
        (f"it has a line of more than {LONGEST_LINE} bytes", any(len(line) > LONGEST_LINE - 2 for line in bodies)),
    ]


# -- EHLO ------------------------------------------------------------------------------------------------------------


def _ask(line: Line, found: Probe, greeting: Reply, name: str, seconds: float) -> dict[str, Any]:
    """What EHLO gets, as fields of a `Probe`; nothing where there is nobody to ask."""
    if greeting.ended != "whole" or found.kind not in ("ok", "masked"):
        return {}
    if line.pending:
        return {"notes": (*found.notes, "it says more than a greeting before it is asked, so EHLO was not sent")}
    heard = _say(line, f"EHLO {name or line.literal}", seconds)
    kind = _ehlo_kind(heard)
    verbs = _verbs(heard.texts[1:]) if kind == "ok" else {}
    masked = tuple(verb for verb in verbs if _MASKED_VERB.fullmatch(verb))
    fields = {
        "ehlo": "masked" if masked else kind,
        "ehlo_code": heard.code,
        "ehlo_lines": heard.lines,
        "verbs": {verb: words for verb, words in verbs.items() if verb not in masked},
        "masked_verbs": masked,
    }
    if kind == "rejected":
        fields["helo"] = _say(line, f"HELO {name or line.literal}", seconds).code
    return fields


def _say(line: Line, text: str, seconds: float) -> Reply:
    return reply(*line.ask(text, seconds, LONGEST))


def _ehlo_kind(heard: Reply) -> str:
    if heard.ended != "whole":
        return "none"
    if heard.fault:
        return "malformed"
    if heard.code == "250":
        return "ok"
    return "rejected" if heard.code in _UNKNOWN_COMMAND else "refused"


def _verbs(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for verb, *words in (text.split() for text in texts if text.split()):
        found[verb.upper()] = (*found.get(verb.upper(), ()), *words)
    return found


def _with(found: Probe, **fields: Any) -> Probe:
    return Probe(**{**{name: getattr(found, name) for name in found.__slots__}, **fields})
