"""What is said to a host, and what comes back. Text for a host is built by a quoting door and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from remediators.model.addresses import Address, Scope
from remediators.model.values import Value


@dataclass(frozen=True, slots=True)
class Command:
    """
    One command in a host's own language.

    ``line`` has passed a quoting door and goes over the wire; ``shown`` is what a person would type at a console
    (for plans and ``manual/``), with secrets masked. ``only_after_failure`` makes it run only where the command before
    it in the same question or step failed. ``seconds`` is the most it may take.
    """

    line: str
    shown: str
    only_after_failure: bool = False
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What one command said: its output as bytes, the encoding the host named, and its exit status.

    ``status`` is a signed 32-bit number; ``None`` says that the command was not run (see ``only_after_failure``).
    """

    output: bytes
    status: int | None
    encoding: str = "ascii"

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def text(self) -> str:
        """Decode without ever raising; what could not be decoded is U+FFFD, which readers must treat as loss."""
        raw = self.output
        if raw[:2] == b"\xff\xfe":
            return raw[2:].decode("utf-16-le", errors="replace")
        return raw.decode(self.encoding, errors="replace")


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What an answer means: values for the addresses in scope.

    Addresses of the scope that are in none of the fields are absent. ``unread`` gives the reason why an address could
    not be read; ``inexact`` are addresses whose value exists but whose text this answer could not carry exactly (the
    resource kind then has a second question); ``doubts`` are values that may have lost characters on their way.
    """

    values: Mapping[Address, Value] = field(default_factory=dict)
    unread: Mapping[Address, str] = field(default_factory=dict)
    inexact: frozenset[Address] = frozenset()
    doubts: Mapping[Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """
    A read: what to send, what it is complete for, and a pure parser.

    Two queries with the same ``name`` are the same question and are asked once. ``parse`` gets one `Answer` for each
    command, in order; it raises `ReadFailed` when nothing of the answer can be used. ``partial`` says that it can use
    an answer that was cut off when the time was up (the command under way then has the status ``None``).
    """

    name: str
    commands: tuple[Command, ...]
    scope: Scope
    parse: Callable[[Sequence[Answer]], Reading] = field(compare=False, repr=False)
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """
    A write: its commands in order, and the addresses it settles.

    Commands of a step stop at the first that fails, and so do the steps after it in the same write (make before
    break); the second reading tells what became of each address. ``always`` steps run even after a failure (starting
    again what was stopped).

    A step that goes on by itself where it takes the connection away says for how many seconds (``outlives``) the host
    may be away, and which command then waits for its end and tells it (``report``: exit status 0 done, 1 undone, any
    other: not known).
    """

    commands: tuple[Command, ...]
    settles: frozenset[Address]
    always: bool = False
    report: Command | None = None
    outlives: float = 0.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step's commands, kept as evidence and never believed. Empty where it was not run."""

    answers: tuple[Answer, ...]

    @property
    def failed(self) -> bool:
        return any(answer.status not in (0, None) for answer in self.answers)

    @property
    def words(self) -> str:
        """The host's own words, on one line, of the commands that failed."""
        said = (answer.text for answer in self.answers if answer.status not in (0, None))
        return " ".join(" ".join(said).split())[:500]
