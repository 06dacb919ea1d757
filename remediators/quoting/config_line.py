"""
The door to the command line of IOS, ASA and PIX: the one place that turns text into a line for such a device.

A device takes a line character by character, as from a keyboard: a question mark asks for help wherever it stands, a
control character edits the line, and blanks at both ends are dropped. So a line is printable ASCII, without a question
mark, with nothing around it. Its length: IOS's documents say 254 characters (from memory, 90 % sure; ASA takes more).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from remediators.model import Command, Refused

MASK = "********"
LONGEST = 254

# What follows these words is a secret, in the clear or as a hash that can be searched for.
_SECRET = re.compile(
    r"""(?xi)
    \b(?: wpa-psk\ (?:ascii|hex) | password | passwd | secret | key-string | pre-shared-key | shared-secret
        | community | md5 | sha
        | (?<!crypto\ ) (?<!public-) (?<!-) key (?! -| \ (?:rsa|generate|zeroize|chain|config-key)\b) )
    (?: \ (?:encrypted|address|hex|text|local|remote) )* (?: \ [0-9](?=\ ) )?
    \ (?P<secret> "[^"]*" | \S+ )"""
)
_COMMUNITY = re.compile(r"\b(?:ip|set|match|send-)\s?(?:ext)?community|bgp |send-community")
_NOT_SECRET = re.compile(
    r"(?i)^(?:no )?(?:description|remark)\b|"
    r"\b(?:aaa|service password-encryption|password encryption|username-prompt|password-prompt)"
)
_HIDDEN = re.compile(r"(?:^|\s)\*{5,}(?:\s|$)|<removed>")


@dataclass(frozen=True, slots=True)
class Masked:
    """A part of a line that must not be shown: it is sent as it is and printed as ``********``."""

    text: str


def line(*parts: str | Masked, seconds: float = 60.0) -> Command:
    """
    One line as typed, made of its parts as they are. Secrets in it are masked in what is shown.

    Raises `Refused` where a device would not take it as it is.
    """
    text = check("".join(part.text if isinstance(part, Masked) else part for part in parts))
    shown = "".join(MASK if isinstance(part, Masked) else part for part in parts)
    return Command(text, masked(shown), seconds=seconds)


def check(text: str) -> str:
    """Return ``text`` if a device takes it exactly as one line. Raises `Refused`."""
    if not text:
        raise Refused("an empty line says nothing to a device")
    bad = next((character for character in text if not " " <= character <= "~"), None)
    if bad is not None:
        raise Refused(f"{masked(text)!r} holds U+{ord(bad):04X}, which cannot be typed at a device")
    if "?" in text:
        raise Refused(
            f"{masked(text)!r} holds a question mark, with which a device gives help instead of taking the line"
        )
    if text != text.strip():
        raise Refused(f"{masked(text)!r} has blanks around it, which a device drops")
    if text.startswith("!"):
        raise Refused(f"{masked(text)!r} is a comment, which a device does not keep")
    if len(text) > LONGEST:
        raise Refused(f"a line of {len(text)} characters is too long for a device, which takes {LONGEST}")
    return text


def masked(text: str) -> str:
    """A line as it may be shown: passwords, keys and communities masked."""
    if not _tells(text):
        return text
    return _SECRET.sub(lambda found: found[0][: found.start("secret") - found.start()] + MASK, text)


def has_secret(text: str) -> bool:
    """Whether a line holds a password, a key or a community, or shows that it hides one."""
    return bool(_HIDDEN.search(text)) or (_tells(text) and bool(_SECRET.search(text)))


def _tells(text: str) -> bool:
    return not _NOT_SECRET.search(text) and not _COMMUNITY.search(text)
