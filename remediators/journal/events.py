"""
What the journal remembers: events, each durable before what it announces is done.

`run-started host-started drift intent result action-intent action-result check verified mistake host-finished
run-finished`. A change whose intent is there and whose result is not was under way when the run died: *unknown*.
`run-resumed` begins another part of the same run, which ends with a `run-finished` of its own.
`host-finished` holds what became of every item, so that a run can be told again exactly as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run, on a host or (``host`` empty) to the run itself. ``body`` is plain JSON."""

    run: str
    kind: str
    host: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""
    number: int = 0
