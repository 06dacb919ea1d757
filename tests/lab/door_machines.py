"""Machines for the doors' tests: they know no Windows."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from remediators.lab.machine import Ran


@dataclass(slots=True)
class Parrot:
    """Says what it was told; `answers` has lines with other answers. Lines that begin with `wait` wait for `go`."""

    name: str = "EXCH01"
    users: Mapping[str, str] = field(default_factory=lambda: {"Administrator": "Pässword 1:2"})
    faults: Collection[str] = ()
    answers: dict[str, Ran] = field(default_factory=dict)
    said: bytes | None = b"220 exch01.example Microsoft ESMTP MAIL Service ready at Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    lines: list[tuple[str, int | None]] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def run(self, line: str, codepage: int | None = None) -> Ran:
        self.lines.append((line, codepage))
        if line.startswith("wait"):
            assert self.go.wait(20)
        return self.answers.get(line, Ran(line.encode() + b"\r\n", b"", 0))

    def greeting(self) -> bytes | None:
        return self.said
