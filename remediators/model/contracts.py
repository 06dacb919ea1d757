"""
The seams: what a remediator, a resource kind, a task, a reader and a session must be.

A remediator never touches a host. It says what must be read and, given what was read, which values are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from remediators.model.addresses import Address
from remediators.model.changes import Action, Arming, Change, Performance, Restoration
from remediators.model.commands import Answer, Query, Reading, Step, StepResult
from remediators.model.snapshots import Snapshot
from remediators.model.values import Value, Variables


class Remediator:
    """
    An idempotent module that a task names. Subclass it once, set the class attributes, override what differs.

    The docstring is the user documentation: one sentence, then an example in YAML. ``Options`` is a pydantic model
    (``extra="forbid"``), its field descriptions are the reference. ``options`` below is always an instance of it.
    """

    name: ClassVar[str]
    platform: ClassVar[str]  # "windows", "ios", "any"
    Options: ClassVar[type[Any]]

    def queries(self, options: Any, known: Snapshot) -> Iterable[Query]:
        """
        What must be read. MUST be overridden.

        Called again with what is known so far until it asks for nothing new, at most three rounds; each round is one
        batch over all tasks of the host. May return questions that were already asked: they are dropped by name.
        """
        raise NotImplementedError

    def desired(self, options: Any, snapshot: Snapshot) -> Mapping[Address, Value]:
        """
        Which values these resources should have. MUST be overridden.

        Only addresses that it manages; in the order in which they should be written where that matters. Raises
        `Refused` with the reason where it will not do what was asked, `Unread` where it cannot tell.
        """
        raise NotImplementedError

    def actions(self, options: Any, snapshot: Snapshot) -> Iterable[Action]:
        """What a handler does, once. MAY be overridden; only ``service`` with ``state: restarted`` has any."""
        return ()

    def leave(self, options: Any) -> Mapping[str, Any]:
        """What the task allows about arming and saving a device (see `Safeguard`). MAY be overridden."""
        return {}

    def details(self, options: Any, snapshot: Snapshot) -> Mapping[Address, Mapping[str, Any]]:
        """What the resource kind needs besides the address (`Change.detail`). MAY be overridden."""
        return {}

    def notes(self, options: Any, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        """The price of these changes, for the plan. MAY be overridden."""
        return ()


class ResourceKind(Protocol):
    """How one kind of resource is read and written. Pure: it makes questions and steps, and sends nothing."""

    kinds: frozenset[str]  # the kinds of address it serves: {"registry", "registry-key", "registry@32", ...}

    def queries(
        self, addresses: Iterable[Address], known: Snapshot, details: Mapping[Address, Mapping[str, Any]]
    ) -> Iterable[Query]:
        """Questions whose scopes cover these addresses; called again with what is known, as remediators are."""

    def write(self, changes: Sequence[Change], known: Snapshot) -> Sequence[Step]:
        """All changes of an item of this kind, in a safe order: additions before removals. Raises `Refused`."""

    def unwritable(self, change: Change, known: Snapshot) -> str | None:
        """Why this change or its way back could not be written, or ``None``."""

    def perform(self, action: Action, known: Snapshot) -> Performance:
        """How to carry out an action on a host that was found so. Raises `Refused`."""

    def restore(self, changes: Sequence[Change]) -> Sequence[Restoration]:
        """Tasks that want the *before* values of these changes, in an order that is safe to apply."""

    def notes(self, changes: Sequence[Change], known: Snapshot) -> Iterable[str]:
        """The price of these changes: what stops, what is left behind, what is not restored."""


class Reader(Protocol):
    """An open connection that cannot write. The planner is given nothing else."""

    def read(self, queries: Sequence[Query]) -> Sequence[Reading | str]:
        """
        Ask all questions in one round trip where they fit; one `Reading` (or the reason of a failure) for each.

        Raises `TransportError`; a dropped connection is opened again once and everything is read again.
        """


class Session(Reader, Protocol):
    """An open connection that can also write, and nothing else."""

    def write(
        self, steps: Sequence[Step], then: Sequence[Query]
    ) -> tuple[Sequence[StepResult], Sequence[Reading | str]]:
        """
        Carry out the steps in order and read back, in one round trip where they fit.

        Raises `Dropped` or `TimedOut` where the end is unknown; it never sends a step twice.
        """

    def close(self) -> None:
        """Leave nothing behind on the host: shells, connections."""


@dataclass(frozen=True, slots=True)
class Host:
    """
    One machine, with all variables that apply to it already resolved.

    ``via`` are the devices in front of it, from the controller's side inward. ``behind`` are the hosts of the same run
    that it stands in front of itself: their names, and the addresses by which they are reached.
    """

    name: str
    variables: Variables
    groups: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    behind: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """
    A task with all its templates filled in for one host.

    ``options`` is an instance of the remediator's ``Options``; ``None`` with ``skipped`` set says why it does not run
    here. ``label`` names the turn of a loop.
    """

    options: Any
    verify: Mapping[str, Any] = field(default_factory=dict)
    skipped: str | None = None
    label: str = ""
    sensitive: bool = False


class Task(Protocol):
    """One task or handler of a play, for one host, with its templates not yet filled in."""

    @property
    def play(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def remediator(self) -> str: ...

    @property
    def where(self) -> str:
        """``FILE:LINE:COLUMN``."""

    @property
    def notify(self) -> tuple[str, ...]: ...

    @property
    def ignore_errors(self) -> bool: ...

    @property
    def allow_unverified(self) -> bool: ...

    @property
    def cause(self) -> int | None: ...

    @property
    def handler(self) -> bool: ...

    @property
    def on_verify_failure(self) -> str:
        """``stop`` or ``rollback``: what follows where a check of it fails."""

    @property
    def guard(self) -> int:
        """Minutes after which a host that has no timer of its own puts itself back unless all is well; 0 for none."""

    @property
    def facts(self) -> frozenset[str]:
        """The facts that its templates name, such as ``exchange.version``."""

    def render(self, facts: Mapping[str, Any]) -> Sequence[Rendered]:
        """
        Fill in the templates: one `Rendered` for each turn of the loop.

        Raises `UsageError` (with file, line and column) where a template fails or a value does not fit the options.
        """

    def preview(self) -> Sequence[Rendered]:
        """
        The turns as far as they can be told without any fact, ``when`` left out; empty where nothing can be told.

        Used to ask early for what the task will need; never raises.
        """


class Fact(Protocol):
    """Something a template may ask about a host; read only if a template of the play names it."""

    name: str
    source: str  # where the knowledge comes from
    description: str
    platform: str  # what kind of host can be asked, as in a remediator

    def queries(self, known: Snapshot) -> Iterable[Query]:
        """What must be read, in rounds as for remediators."""

    def value(self, snapshot: Snapshot) -> Any:
        """Plain JSON. Raises `Unread`."""


class Check(Protocol):
    """A look from outside, after the handlers: what the world sees, not what the host says of itself."""

    name: str
    Options: type[Any]

    def run(self, host: Host, options: Any, deadline: float) -> str | None:
        """``None`` if all is well, else what was seen instead, in one line. ``deadline`` in seconds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a host told at one time: seconds since the first question, and the answers (see `Sampled`)."""

    seconds: float
    known: Snapshot


@dataclass(frozen=True, slots=True)
class Judgement:
    """``settled`` says that no more samples are needed; ``wrong`` is what is not as wanted, empty where all is well."""

    settled: bool
    wrong: str = ""


@runtime_checkable
class Sampled(Protocol):
    """A check that asks the host itself again and again, through its own session, until it is sure or time is up."""

    name: str
    Options: type[Any]

    def queries(self, options: Any, known: Snapshot) -> Iterable[Query]:
        """What each sample reads, in rounds as for remediators; nothing is known at its start."""

    def pace(self, options: Any) -> tuple[float, float]:
        """Seconds from one sample to the next, and the most from the first to the last."""

    def judge(self, options: Any, samples: Sequence[Sample]) -> Judgement:
        """What the samples so far mean. Pure; the last word where time is up or the work is broken off."""


class Armed(Session, Protocol):
    """A session with a device that can revert by itself. ``transcript`` is what was said in it, secrets masked."""

    @property
    def transcript(self) -> str: ...

    def again(self) -> Armed:
        """A new, separate session: the proof that the device can still be reached. Raises `TransportError`."""

    def execute(self, lines: Sequence[str], seconds: float) -> Sequence[Answer]:
        """Send lines outside configuration mode, answering the questions they ask; stops at the first rejected one."""


@dataclass(frozen=True, slots=True)
class Company:
    """
    Who else is on a device: ``configuring`` says who is in configuration mode, ``logged_on`` who else has a session.

    Empty means that the device tells of nobody, which is not that there is nobody: see ``untold``.
    """

    configuring: str = ""
    logged_on: tuple[str, ...] = ()
    untold: str = ""


class Safeguard(Protocol):
    """
    What a platform knows of committing safely. Pure, but for `Armed` being used by the engine.

    ``leave`` is what all changing tasks of the host allow: ``allow_unarmed``, ``allow_reload_fallback``,
    ``allow_lockout_risk``, and ``save``.
    """

    def queries(self, known: Snapshot) -> Iterable[Query]:
        """What must be read to decide how the device is armed."""

    def decide(self, known: Snapshot, changes: Sequence[Change], leave: Mapping[str, Any], minutes: int) -> Arming:
        """How to arm, with a timer of so many minutes. Raises `Refused` with the reason and what would allow it."""

    def configuring(self, session: Armed) -> Company:
        """Who else is on the device just now, as far as it tells. Raises `TransportError`."""

    def kept(self, known: Snapshot) -> str:
        """The configuration before the change, with its secrets masked, to be kept in the run's folder."""

    def left(self, session: Armed, arming: Arming, ago: float) -> float:
        """Seconds until a device that was armed ``ago`` seconds ago reverts. Raises `RemoteError` if it will not."""

    def saved(self, session: Armed) -> str | None:
        """After saving: how startup differs from running, or ``None``."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What is true for all hosts of a kind: what to read of each, and which of them cannot be worked on."""

    name: str
    queries: Any  # Callable[[], Iterable[Query]]
    refuse: Any  # Callable[[Snapshot], str | None]: the reason, or None
    safeguard: Safeguard | None = None  # only devices that can revert by themselves have one
    accepts: frozenset[str] | None = None  # the `Remediator.platform` of what works here; None: everything
