"""What a Windows host is: its version, its processor, and the bits of the shell that speaks for it. Read only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from remediators.model import Address, Answer, Query, ReadFailed, Reading, Scope, Snapshot, Unread
from remediators.quoting import cmd

VERSION = Address("host", "version")  # "5.2.3790"
ARCHITECTURE = Address("host", "architecture")  # "x86", "amd64", "ia64", "arm64"
SHELL_BITS = Address("host", "shell_bits")
CODE_PAGE = Address(
    "host", "codepage"
)  # Python's name of the encoding in which the host's programs answer  # "32" or "64"

_DIGITS = re.compile(r"\d+(?:\.\d+)+")

OLD_REASON = (
    "Windows {version} is not supported: reg.exe and sc.exe are no part of Windows 2000 and NT, and IIS 5 has neither "
    "MetaBase.xml nor its history nor ConnectResponse by name. Change this host by hand"
)


def query() -> Query:
    """The version and the architecture of a host, in one question."""
    commands = (
        cmd.echo_version(),
        cmd.echo(cmd.Env("PROCESSOR_ARCHITECTURE"), " ", cmd.Env("PROCESSOR_ARCHITEW6432")),
    )
    return Query("host", commands, Scope(exact=frozenset({VERSION, ARCHITECTURE, SHELL_BITS, CODE_PAGE})), _parse)


def version(known: Snapshot) -> tuple[int, ...]:
    """``(5, 2, 3790)``. Raises `Unread`."""
    return tuple(int(part) for part in str(known[VERSION]).split("."))


def is_64_bit(known: Snapshot) -> bool:
    """Whether the host has a 32-bit and a 64-bit view of its registry. Raises `Unread`."""
    return str(known[ARCHITECTURE]) != "x86"


def unreadable(text: str, known: Snapshot) -> str | None:
    """
    Why text that was written could not be read back on this host, or ``None``.

    Windows 5.x answers in its OEM code page; from 6.0 on hosts are asked in UTF-8.
    """
    if text.isascii() or not known.readable(CODE_PAGE):
        return None
    page = str(known[CODE_PAGE])
    lost = [character for character in text if not _holds(page, character)]
    if not lost:
        return None
    where = "which is unknown" if page == "ascii" else page
    return f"{lost[0]!r} cannot be read back on this host: its programs answer in their code page, {where}"


def _holds(page: str, character: str) -> bool:
    try:
        return character.encode(page).decode(page) == character
    except (UnicodeError, LookupError):
        return False


def refuse(snapshot: Snapshot) -> str | None:
    """
    Why this host cannot be worked on, or ``None``.

    Exchange 2003 can run on Windows 2000 SP3, so such hosts do turn up (domain knowledge: 95 % sure of the reasons).
    """
    try:
        found = version(snapshot)
    except Unread as error:
        return error.message
    return OLD_REASON.format(version=snapshot[VERSION]) if found[:2] < (5, 1) else None


def _parse(answers: Sequence[Answer]) -> Reading:
    """
    Read digits only, for all else is localised.

    ``Microsoft Windows [Version 5.2.3790]``, 2000 has ``Microsoft Windows 2000 [Version 5.00.2195]``, NT 4 ``Windows NT
    Version 4.0``. In a 32-bit process on a 64-bit host PROCESSOR_ARCHITECTURE says x86, and PROCESSOR_ARCHITEW6432
    tells the host's own (Microsoft, "WOW64 implementation details").
    """
    digits = _DIGITS.search(answers[0].text)
    words = [word for word in answers[1].text.split() if word.isalnum()]
    if digits is None or not words:
        raise ReadFailed(f"the host does not say what it is: {' '.join((answers[0].text + answers[1].text).split())}")
    number = ".".join(str(int(part)) for part in digits[0].split("."))
    own = words[0].lower()
    return Reading(
        {
            VERSION: number,
            ARCHITECTURE: words[-1].lower(),
            SHELL_BITS: "32" if own == "x86" else "64",
            CODE_PAGE: answers[0].encoding,
        }
    )
