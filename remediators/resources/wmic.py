r"""
``wmic``, where it may be run at all: its first run ever installs it, which is a write (domain knowledge, 90 % sure).

Whether it ever ran is told by the value ``mofcompstatus`` below ``HKLM\SOFTWARE\Microsoft\Wbem\WMIC``, which that first
run leaves behind (about 70 % sure, no page of Microsoft's was found). The command looks for the value on the host, in
the same line, and runs nothing where it is missing: so a wrong guess costs an answer, and never a write.

Its output on a pipe ends its lines in CR CR LF, and ``/format:list`` gives ``Name=text`` with a blank line between
instances; ``&``, ``<`` and ``>`` come as entities there (domain knowledge, 80 to 90 % sure).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Final

from remediators.model import Answer, Command
from remediators.quoting import cmd

KEY: Final = r"HKLM\SOFTWARE\Microsoft\Wbem\WMIC"
VALUE: Final = "mofcompstatus"
NEVER_RAN: Final = 77  # the status with which the command says that it did not run wmic, since it never ran there
IS_THERE: Final = 78  # or since the file is there that makes it needless
MISSING: Final = 79  # or since there is no wmic on the host

_PROGRAM: Final = r"%windir%\system32\wbem\wmic.exe"
SECONDS: Final = 90.0  # WMI starts its providers at the first question, which takes long on a busy server

# WBEM errors by number (Microsoft, "WMI Error Constants"): texts are localised.
_ERRORS: Final = {
    0x80041001: "WMI failed without a reason",
    0x80041002: "WMI did not find it",
    0x80041003: "access to WMI is denied: the account must be in Administrators",
    0x8004100E: "the namespace is not there: Exchange Server 2003 is not installed, or its WMI providers are not",
    0x80041010: "the class is not there: Exchange's WMI providers are not registered",
    0x80041013: "WMI could not load the provider: is Microsoft Exchange Management running?",
    0x80041017: "WMI does not take the question",
    0x80070005: "access is denied: the account must be in Administrators",
    0x800706BA: "the WMI service does not run",
    0x80070422: "the WMI service is disabled",
}
_NUMBER = re.compile(r"\b0x(8[0-9A-Fa-f]{7})\b")
_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_CIM_TIME = re.compile(r"([0-9]{14})\.[0-9]{6}([+-][0-9]{3})")


def command(*texts: str, seconds: float = SECONDS, unless_there: str = "", only_after_failure: bool = False) -> Command:
    """
    One or more runs of wmic, each ``wmic TEXT``, behind the look whether it ever ran.

    ``texts`` are in cmd's own language: a value in them must have been quoted for it. ``unless_there`` is a file (a
    path in cmd's language) that, where it exists, keeps everything from running. The status is that of the last run,
    `NEVER_RAN`, `IS_THERE` or `MISSING`.
    """
    runs = "&".join(f"wmic {text}<nul" for text in texts)
    first = f'(if exist "{unless_there}" exit {IS_THERE})&' if unless_there else ""
    there = f'(if not exist "{_PROGRAM}" exit {MISSING})'
    look = f'reg query "{KEY}" /v {VALUE}>nul 2>&1&(if errorlevel 1 exit {NEVER_RAN})'
    made = cmd.script(
        f"{first}{there}&{look}&{runs}", seconds=seconds, shown="&".join(f"wmic {text}" for text in texts)
    )
    return replace(made, only_after_failure=only_after_failure)


def why(answer: Answer) -> str:
    """Why wmic gave no answer, in plain words."""
    if answer.status == MISSING:
        return r"there is no wmic on this host (%windir%\system32\wbem\wmic.exe): it is part of Windows 2003 and later"
    if answer.status == NEVER_RAN:
        return (
            "wmic never ran on this host, and its first run would install it: run `wmic os get version` there once by "
            "hand if that is wanted"
        )
    spoken = _NUMBER.search(answer.text)
    number = int(spoken[1], 16) if spoken else (answer.status or 0) & 0xFFFFFFFF
    if number in _ERRORS:
        return f"{_ERRORS[number]} (0x{number:08X})"
    said = " ".join(printable(answer.text).split())[:200]
    return f"wmic gave status {answer.status}; the host said: {said or 'nothing'}"


def records(text: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """
    Instances in what ``/format:list`` printed, with all of ``names`` in each.

    A line that names none of them goes on with the value before it. Raises ValueError where a name comes twice in one
    instance, or an instance lacks one: then a value has line ends in it, and nothing can be told apart.
    """
    known = {name.upper(): name for name in names}
    found: dict[str, str] = {}
    last = ""
    for line in [*text.replace("\r", "").split("\n"), ""]:
        match = _LINE.fullmatch(line)
        name = known.get(match[1].upper()) if match else None
        if match and name:
            if name in found:
                if len(found) < len(known):
                    raise ValueError(f"{name} comes twice in one instance")
                yield _entities(found)
                found = {}
            found[name], last = match[2], name
        elif line.strip() and found:
            found[last] += f" {line.strip()}"
        elif not line.strip() and len(found) == len(known):
            yield _entities(found)
            found = {}
    if found:
        raise ValueError(f"an instance has no {', '.join(sorted(set(names) - set(found)))}")


def when(text: str) -> str:
    """
    A CIM_DATETIME (``yyyymmddHHMMSS.ffffff+UUU``, minutes from UTC) as ISO 8601; empty where it is none.

    Times before 1980 stand for "never" (1601 is Windows' first year).
    """
    match = _CIM_TIME.fullmatch(text.strip())
    if not match or not "1980" <= match[1][:4] < "2100":
        return ""
    zone = timezone(timedelta(minutes=int(match[2])))
    try:
        return datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=zone).isoformat()
    except ValueError:
        return ""


def printable(text: str) -> str:
    """Text of a host that a terminal can be given: what is not printable is a replacement character."""
    return "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))


def _entities(found: dict[str, str]) -> dict[str, str]:
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: str) -> str:
    for entity, character in _ENTITIES:
        value = value.replace(entity, character)
    return printable(value)
