"""What a device tells of others: who is logged on, who holds its configuration, when it will reload. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

# `*514 vty 0     admin      idle                 00:00:00 192.0.2.9`; the star marks who asks, a user may be missing.
_ROW = re.compile(r"^(?P<own>[* ]) *\d+ +(?P<line>(?:vty|con|aux|tty) +\d+) +(?P<rest>\S.*)$", re.MULTILINE)
_LEFT = re.compile(
    r"\(in (?=\d)(?:(?P<h>\d+) hours?)?(?:,? ?(?:and )?(?P<m>\d+) minutes?)?(?:,? ?(?:and )?(?P<s>\d+) seconds?)?\)"
)


def holder_of_lock(text: str) -> str:
    """Who holds the configuration lock, from IOS's `show configuration lock`; empty where it is free."""
    if not re.search(r"^State\s*:\s*LOCKED\b", text, re.MULTILINE | re.IGNORECASE):
        return ""
    user = re.search(r"^User\s*:\s*(\S+)", text, re.MULTILINE)
    return user[1] if user else "somebody"


def logged_on(text: str) -> Iterator[str]:
    """Other users on the device, from IOS's `show users`; sessions of the same user from the same place are our own."""
    rows = [
        (found["own"] == "*", " ".join(found["line"].split()), found["rest"].split()) for found in _ROW.finditer(text)
    ]
    own = {(words[0], words[-1]) for mine, _, words in rows if mine}
    for mine, line, words in rows:
        if not mine and (words[0], words[-1]) not in own:
            nameless = words[0] == "idle" or len(words) < 4
            yield f"somebody on {line}" if nameless else f"{words[0]} on {line} ({words[-1]})"


def reload_in(text: str) -> float | None:
    """Seconds until a scheduled reload, from `show reload`; ``None`` where it does not say."""
    found = _LEFT.search(text)
    if found is None:
        return None
    return sum(int(found[name] or 0) * seconds for name, seconds in (("h", 3600.0), ("m", 60.0), ("s", 1.0)))
