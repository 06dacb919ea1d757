"""
The phrase of KB 919091: "the semaphore timeout period has expired", Windows' text for error 121.

The text is localised. Its word for a semaphore is the same Greek one in the languages into which Exchange Server 2003
was translated from Latin script, and in Russian and Japanese (domain knowledge, 80 % sure).
"""

from __future__ import annotations

import re

_WORD = re.compile(r"s[eé]m[aáà](?:ph|f)o|семафор|セマフォ|\b0x79\b|\(121\)", re.IGNORECASE)


def names_semaphore(text: str) -> bool:
    """Whether a host's text speaks of the semaphore's timeout."""
    return bool(_WORD.search(text))
