"""What stands between two ends of a mail conversation: whether a Cisco device inspects SMTP just now, and how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Style = Literal["pix", "ios", "cmap"]
Dot = Literal["dropped", "split"]

# What a firewall that inspects ESMTP lets a server offer; the names of all others become X (PIX 7 manual).
_KNOWN_TO_ESMTP: Final = frozenset(
    {b"AUTH", b"SIZE", b"ETRN", b"PIPELINING", b"DSN", b"ENHANCEDSTATUSCODES", b"8BITMIME", b"VRFY", b"HELP", b"OK"}
)
# Mailguard lets the seven commands of RFC 821 through (KB 320027); inspection of ESMTP a few more.
_SMTP: Final = frozenset({b"HELO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"QUIT"})
_ESMTP: Final = _SMTP | {b"EHLO", b"AUTH", b"ETRN", b"SAML", b"SEND", b"SOML", b"VRFY", b"HELP", b"STARTTLS"}
_CMAP: Final = b"220 SMTP/cmap_________________________________________ read\r\n"


@dataclass(frozen=True, slots=True)
class Inspection:
    """
    How SMTP is inspected: the ``protocol`` of the inspection, the ``style`` in which a greeting is masked, and what
    becomes of a message's final dot: ``dropped``, or dropped only where it comes ``split`` over packets (CSCds90792).
    """

    protocol: Literal["smtp", "esmtp"] = "smtp"
    style: Style = "pix"
    dot: Dot = "dropped"

    def mask(self, greeting: bytes) -> bytes:
        """A greeting as it comes out of the firewall; each of its lines is masked. Silence stays silence."""
        if self.style == "cmap" and greeting:
            return _CMAP
        return b"".join(_masked(line, self.style) for line in greeting.splitlines(keepends=True))

    def lets(self, verb: bytes) -> bool:
        """Whether a command (upper case) reaches the server as it is."""
        return verb in (_SMTP if self.protocol == "smtp" else _ESMTP)

    def offered(self, line: bytes) -> bytes:
        """One line of a server's answer to EHLO as it comes out: what is not known becomes X."""
        word = line.replace(b"=", b" ").split(b" ", maxsplit=1)[0]
        return line if word.upper() in _KNOWN_TO_ESMTP else b"X" * len(line)

    def swallows(self, chunk: bytes) -> bool:
        """Whether the end of a message that comes with this packet is lost."""
        return self.dot == "dropped" or not chunk.endswith(b"\r\n.\r\n")


def _masked(line: bytes, style: Style) -> bytes:
    """
    PIX: the code, then stars for everything but ``2``, ``0`` and blanks. IOS, as this lab has it: no blank is left.

    Source of the forms: KB 320027 and the samples in KB Q295725.
    """
    if not line.strip():
        return line
    if line[:4] == b"220-":
        line = b"220 " + line[4:]
    kept = b"20 " if style == "pix" else b"20"
    code, text = (line[:4], line[4:]) if style == "pix" else (line[:3], line[3:])
    return code + bytes(byte if byte in kept else ord("*") for byte in text.rstrip(b"\r\n")) + b"\r\n"


def inspected(platform: str, running: str) -> Literal["smtp", "esmtp"] | None:
    """
    Which inspection of SMTP mail passes under a running configuration, or ``None``.

    IOS: an inspection name with smtp or esmtp that an interface which is up uses. PIX: ``fixup protocol smtp``. ASA:
    ``inspect esmtp`` in a policy that is in service. A name that nothing uses inspects nothing.
    """
    sections = list(_sections(running))
    match platform:
        case "pix":
            heads = [words for words, _ in sections]
            return "smtp" if any(words[:3] == ["fixup", "protocol", "smtp"] for words in heads) else None
        case "asa":
            return "esmtp" if _in_service(sections) else None
        case _:
            return _bound(sections)


_Section = tuple[list[str], list[list[str]]]


def _sections(running: str) -> Iterable[_Section]:
    head: list[str] = []
    below: list[list[str]] = []
    for line in running.splitlines():
        if not line.strip() or line.startswith(("!", ":")):
            continue
        if line[0] == " ":
            below.append(line.split())
            continue
        yield head, below
        head, below = line.split(), []
    yield head, below


def _in_service(sections: Sequence[_Section]) -> bool:
    used = {words[1] for words, _ in sections if words[:1] == ["service-policy"]}
    mine = [below for words, below in sections if words[:1] == ["policy-map"] and words[-1] in used]
    return any(words[:2] == ["inspect", "esmtp"] for below in mine for words in below)


def _bound(sections: Sequence[_Section]) -> Literal["smtp", "esmtp"] | None:
    interfaces = [below for words, below in sections if words[:1] == ["interface"] and ["shutdown"] not in below]
    bound = {words[2] for below in interfaces for words in below if words[:2] == ["ip", "inspect"] and len(words) == 4}
    rules = [words for words, _ in sections if words[:3] == ["ip", "inspect", "name"] and len(words) > 4]
    found = {words[4] for words in rules if words[3] in bound}
    if "smtp" in found:
        return "smtp"
    return "esmtp" if "esmtp" in found else None
