r"""
What the text of ``reg query`` means. By structure and exit status only: its words are localised.

Two styles are known, and Wine follows the second::

    ! REG.EXE VERSION 3.0                        (2003; a tab between the columns)
    HKEY_LOCAL_MACHINE\\SOFTWARE\X
        Name<TAB>REG_DWORD<TAB>0x18

    HKEY_LOCAL_MACHINE\\SOFTWARE\X              (Vista and later; four blanks)
        Name    REG_DWORD    0x18
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from remediators.model import Answer, Value
from remediators.resources.registry_addresses import long_path

LOSS = "\ufffd"

_COLUMNS = r"(?P<gap>\t| {4})(?P<type>REG_[A-Z_]+)(?:(?P=gap)(?P<data>.*))?"


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What an answer says of one value. Without ``exact`` it is there, or may be, and another question must tell.

    ``unread`` says why it cannot be told at all; ``doubt`` says what may have been lost.
    """

    value: Value = None
    exact: bool = True
    unread: str | None = None
    doubt: str | None = None


INEXACT = Seen(exact=False)


def value_in(answer: Answer, name: str) -> Seen:
    """
    The one value in the answer to ``reg query KEY /v NAME`` (or ``/ve`` for the unnamed one, whose name is empty).

    Anything but exactly one value line, or a name that differs, is inexact: text of several lines, or lost characters.
    """
    line = _only_line(answer.text)
    named = re.escape(name) if name else r"\S.*?"
    match = re.fullmatch(rf" {{2,4}}{named}{_COLUMNS}", line or "", re.IGNORECASE)
    if match is None:
        return INEXACT
    data = match["data"] or ""
    # An unset default value is shown as text in parentheses, in the host's language, or as no text at all.
    if not name and match["type"] == "REG_SZ" and (not data or re.fullmatch(r"\(.*\)", data)):
        return INEXACT
    return _typed(match["type"], data, answer.encoding)


def lists_value(answer: Answer, name: str) -> bool:
    """Whether a key's listing has a line that may be this value's."""
    pattern = rf"^ {{2,4}}{re.escape(name)}(?:\t+| {{2,}})(?:REG_|\()"
    return re.search(pattern, answer.text, re.IGNORECASE | re.MULTILINE) is not None


def lists_key(answer: Answer, path: str) -> bool:
    """Whether a listing of the key above has this key."""
    wanted = long_path(path).upper()
    return any(line.rstrip().upper() == wanted for line in answer.text.splitlines())


def comparable(answer: Answer, name: str) -> bool:
    """Whether a name would be printed unharmed in the answer's encoding, so that its absence there proves something."""
    try:
        return name.encode(answer.encoding).decode(answer.encoding) == name
    except UnicodeError:
        return False


def doubt_of(text: str, encoding: str) -> str | None:
    """What a question mark may stand for where the host does not speak UTF-8."""
    if "?" not in text or encoding in ("utf-8", "utf-16-le"):
        return None
    page = f"code page {encoding[2:]}" if encoding.startswith("cp") else "the code page of this host"
    return f"a question mark may stand for a character outside {page}"


def garbled(name: str, encoding: str) -> bool:
    """Whether a name in an answer may be another one, of which characters were lost on their way."""
    return LOSS in name or doubt_of(name, encoding) is not None


def _only_line(text: str) -> str | None:
    """The value line, where the answer is a key line, one value line, and no more than one blank line after it."""
    lines = text.split("\r\n") if "\r\n" in text else text.split("\n")
    lines = [line for line in lines if not line.startswith("! ")]
    while lines and not lines[0].strip():
        lines.pop(0)
    if len(lines) not in (3, 4) or not lines[0].startswith("HKEY_") or any(lines[2:]):
        return None
    return lines[1]


def _typed(type_word: str, data: str, encoding: str) -> Seen:
    if type_word in ("REG_SZ", "REG_EXPAND_SZ"):
        return _text(type_word, data, encoding)
    if type_word == "REG_DWORD" and re.fullmatch(r"0x[0-9A-Fa-f]{1,8}", data):
        return Seen({"type": type_word, "data": int(data, 16)})
    if type_word == "REG_BINARY" and re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", data):
        return Seen({"type": type_word, "data": data.lower()})
    return INEXACT


def _text(type_word: str, data: str, encoding: str) -> Seen:
    if (
        garbled(data, encoding)
        or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in data)
        or not (data.isascii() or encoding == "utf-8")
    ):
        return INEXACT
    return Seen({"type": type_word, "data": data})
