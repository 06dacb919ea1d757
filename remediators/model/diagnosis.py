"""
The nouns of a diagnosis: what was seen (signs), what it means (rules), and what follows (judgements).

A *sign* is one thing seen on a host or on a path, put into one of a few words that rules can name. What could not be
seen is a sign too, with the reason: unread is not absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

APPLIES, POSSIBLE, CANNOT_TELL, RULED_OUT = "applies", "possible", "cannot tell", "ruled out"
VERDICTS: Final = (APPLIES, POSSIBLE, CANNOT_TELL, RULED_OUT)  # the one that weighs most first
CERTAIN, LIKELY, WEAK = "certain", "likely", "weak"
SURE: Final = (CERTAIN, LIKELY, WEAK)
SENDER, RECEIVER, BETWEEN = "sender", "receiver", "between"
# The verbs that Exchange's own event sinks add to EHLO's answer (Microsoft, bb124688).
EXCHANGE_VERBS: Final = ("X-EXPS", "X-LINK2STATE", "XEXCH50")
HERE: Final = ""  # this machine, as the place that a look is taken from


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be read, and why, in words for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Sign:
    """
    One thing seen: ``value`` is one of the words of its kind (see `catalog.causes.SIGNS`), ``words`` is for a person.

    ``detail`` is plain JSON for documents and for the playbook that fixes it (names of products, of inspections).
    """

    kind: str
    value: str
    words: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logged:
    """
    Event 4006 with the semaphore text in a host's Application log, within the time that was asked for.

    ``first`` and ``last`` are as the host wrote them. ``remotes`` counts the events by the remote host that each
    names (lower case, an address or a name or both); events that name none are under an empty name.
    ``notes`` say what narrows the answer (a log that begins later, a limit that was reached).
    """

    count: int = 0
    first: str = ""
    last: str = ""
    remotes: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue (link) of a sender: where it leads, how long it is, how old its oldest message, and why it waits."""

    name: str
    messages: int | None = None
    oldest: str = ""
    state: str = ""
    information: str = ""
    semaphore: bool = False  # whether the information has the phrase of KB 919091


@dataclass(frozen=True, slots=True)
class Look:
    """
    A greeting, as taken from some place. ``kind`` is one of the classes of `checks.smtp_probe`, ``words`` its words.

    ``ehlo`` is ``ok masked rejected none`` or another class of the probe; ``verbs`` are in upper case.
    """

    kind: str
    words: str
    ehlo: str = "not-asked"
    verbs: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()  # what the server calls itself
    waited: float = 0.0  # seconds, where time was up before a whole greeting had come


@dataclass(frozen=True, slots=True)
class HostEvidence:
    """
    All that was seen of one host. ``status`` is ``read``, ``unreachable``, ``failed`` or ``outside`` (not asked).

    ``names`` are the addresses and names by which others may speak of it, in lower case. ``signs`` are by kind;
    ``looks`` are at its port 25, by the host that they were taken from (`HERE` is this machine).
    """

    name: str
    platform: str
    status: str = "read"
    error: str = ""
    names: frozenset[str] = frozenset()
    sends: bool = False
    receives: bool = False
    exchange: bool = False
    signs: Mapping[str, Sign] = field(default_factory=dict)
    logged: Logged | Unknown = field(default_factory=lambda: Unknown("not asked"))
    queues: tuple[Queue, ...] | Unknown = field(default_factory=lambda: Unknown("not asked"))
    looks: Mapping[str, Look | Unknown] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)  # told as they are: versions, times, notes

    def sign(self, kind: str) -> Sign:
        """The sign of this kind, or one that says why there is none."""
        found = self.signs.get(kind)
        why = self.error or ("this host was not asked" if self.status == "outside" else "it was not read")
        return found or Sign(kind, "unread", f"{self.name}: {why}")


@dataclass(frozen=True, slots=True)
class Path:
    """The way of mail from a sender to a receiver, and the devices that it passes, in order."""

    sender: str
    receiver: str
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """
    When these signs are seen, this follows. The first rule of a cause that fits is the one.

    ``when`` maps a kind of sign to the values that fit; a kind that is not named may have any.
    """

    cause: int
    verdict: str
    sure: str
    when: Mapping[str, tuple[str, ...]]
    reason: str

    def fits(self, values: Mapping[str, str]) -> bool:
        return all(values[kind] in wanted for kind, wanted in self.when.items())


@dataclass(frozen=True, slots=True)
class Cause:
    """
    One cause of KB 919091. ``ends`` are where it can sit, ``signs`` the kinds of sign that speak for or against it.

    ``playbook`` fixes it; ``by_platform`` where that depends on the device. ``confirm`` says how to know whether what
    is possible is true, ``supply`` what is needed where nothing can be told.
    """

    number: int
    title: str
    ends: tuple[str, ...]
    signs: tuple[str, ...]
    playbook: str
    by_platform: Mapping[str, str] = field(default_factory=dict)
    confirm: str = ""
    supply: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What holds for one cause on one path at one end of it; ``at`` is the host there, empty where nobody knows it."""

    cause: int
    path: Path
    end: str
    at: str
    verdict: str
    sure: str
    reason: str
    signs: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was seen and what follows from it."""

    hosts: Mapping[str, HostEvidence]
    paths: tuple[Path, ...]
    judgements: tuple[Judgement, ...]
    symptoms: Mapping[Path, Sign] = field(default_factory=dict)


def heaviest(verdicts: list[str] | tuple[str, ...]) -> str:
    """The verdict that weighs most; *ruled out* where there are none."""
    return min(verdicts, key=VERDICTS.index, default=RULED_OUT)
