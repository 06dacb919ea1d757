"""The nouns of a plan: what would change, what would be done once, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.model.addresses import Address
from remediators.model.commands import Step
from remediators.model.values import Value


@dataclass(frozen=True, slots=True)
class Change:
    """
    One resource with its value before and its value after; ``None`` is absent.

    ``detail`` is what its resource kind needs besides the address to read and write it again (the probe of a
    ``command``); plain JSON.
    """

    address: Address
    before: Value
    after: Value
    sensitive: bool = False
    detail: Mapping[str, Any] | None = None

    def inverse(self) -> Change:
        return Change(self.address, self.after, self.before, self.sensitive, self.detail)


@dataclass(frozen=True, slots=True)
class Action:
    """
    Something to do once after changes: ``service:SMTPSVC`` ``restarted``.

    ``reads`` are the addresses whose values must be durable before it is sent (the service and all that depends on
    it); ``detail`` is plain JSON for its resource kind.
    """

    address: Address
    verb: str
    reads: tuple[Address, ...] = ()
    detail: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.address} {self.verb}"


@dataclass(frozen=True, slots=True)
class Performance:
    """How an action is carried out on a host as it was found, and how the host must look afterwards."""

    steps: tuple[Step, ...]
    found: Mapping[Address, Value]
    expects: Mapping[Address, Value]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restoration:
    """A task of a rollback playbook: the remediator and options that want the values read before."""

    remediator: str
    options: Mapping[str, Any]
    comment: str
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """
    One task (or one turn of its loop, or one handler) on one host.

    ``outcome`` is ``change ok skipped unpredictable refused failed`` in a plan. ``commands`` are shown forms.
    ``leave`` is what the task allows about arming a device. ``options`` are kept for handlers only, so that a rollback
    can notify the same ones.
    ``on_verify_failure`` is ``stop`` or ``rollback``: the host is put back at once where a check fails.
    ``notes`` name the price: what stops, what is left behind, what cannot be undone. ``checks`` are the checks from
    outside, by name, with their options.
    """

    play: str
    task: str
    remediator: str
    outcome: str
    reason: str | None = None
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    checks: Mapping[str, Any] = field(default_factory=dict)
    notify: tuple[str, ...] = ()
    handler: bool = False
    ignore_errors: bool = False
    cause: int | None = None
    where: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    leave: Mapping[str, Any] = field(default_factory=dict)
    on_verify_failure: str = "stop"

    def answers_to(self, names: Collection[str]) -> bool:
        """Whether this is (a turn of) a handler of one of these names; a turn has its label after the name."""
        return self.task in names or any(self.task.startswith(f"{name} (") for name in names)


@dataclass(frozen=True, slots=True)
class Arming:
    """
    How a device is put under its own timer before anything is changed on it, so that it goes back by itself.

    ``kind`` is ``revert-timer``, ``reload`` or ``unarmed``; ``minutes`` what the timer is set to. ``arm``, ``confirm``
    and ``save`` are the lines sent for it, exactly; ``save`` is empty where the configuration is left unsaved.
    ``leave`` is what the tasks allowed when it was decided, so that it can be decided again before it is done.
    ``console`` is what a person types at the console to keep the change, or to wait for its end, if this tool dies.
    """

    kind: str
    minutes: int = 0
    arm: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    save: tuple[str, ...] = ()
    revert: tuple[str, ...] = ()
    console: str = ""
    notes: tuple[str, ...] = ()
    leave: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostPlan:
    """
    All items of one host, in order, handlers at the end of their play.

    ``status``, worst first: ``unreachable failed refused changes ok``. ``way_back`` are the lines that would put a
    network device back, newest change first.
    """

    name: str
    status: str
    items: tuple[Item, ...] = ()
    error: str | None = None
    arming: Arming | None = None
    way_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A file that went into a plan, with the SHA-256 of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change for every host, computed without touching anything."""

    id: str
    created: str
    tool: str
    playbooks: tuple[Source, ...]
    inventory: tuple[str, ...]
    hosts: tuple[HostPlan, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)
