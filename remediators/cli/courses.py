"""How a run goes over its hosts, put together: waves from the playbooks, windows, freezes, and leases of other runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remediators.engine.gate import Course
from remediators.engine.waves import read_rollout, rollout, rollout_document
from remediators.engine.window import Opening, last_moment, read_windows, windows_document
from remediators.journal import Event, Held, Journal, Leases, State
from remediators.model import HostPlan, Plan, UsageError
from remediators.model.rollout import Pace
from remediators.model.windows import Window, WindowMistake, read_window, read_window_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from remediators.cli.options import Given
    from remediators.engine.recorder import Recorder
    from remediators.language.tasks import BoundPlay

WAYS_BACK = ("rollback", "recover")  # never barred by window, freeze or threshold


def planned_course(plays: Sequence[BoundPlay], hosts: Sequence[HostPlan], given: Given) -> dict[str, Any]:
    """What a plan remembers of how it is to go over its hosts; nothing where nothing was asked for."""
    import secrets

    paced = [play.paced for play in plays]
    found: dict[str, Any] = {}
    if any(play.pace != Pace() or play.throttles for play in paced):
        names = [host.name for host in hosts]
        changing = {host.name for host in hosts if changes(host)}
        way = rollout(paced, names, changing, secrets.randbelow(2**32))
        found["rollout"] = rollout_document(way)
    windows: list[tuple[Window, Sequence[str] | None]] = [
        (play.pace.window, play.hosts) for play in paced if play.pace.window
    ]
    windows += [(window, None) for window in window_of(given)]
    if windows:
        found["windows"] = windows_document(windows)
    if given.freeze:
        found["freeze"] = [str(Path(path).resolve()) for path in given.freeze]
    return found


def changes(host: HostPlan) -> bool:
    """Whether something is to be changed on a host."""
    return not host.error and any(item.outcome == "change" for item in host.items)


def window_of(given: Given) -> list[Window]:
    """The window of the command line, if any. Raises `UsageError`."""
    if not given.window:
        return []
    import yaml

    text = given.window.strip()
    try:
        body = yaml.load(text, yaml.BaseLoader) if text.startswith("{") else None  # noqa: S506 - it makes texts only
        return [read_window_text(text) if body is None else read_window(body)]
    except (WindowMistake, yaml.YAMLError) as mistake:
        raise UsageError(f"--window {text}: {mistake}") from mistake


def check_bounds(given: Given) -> None:
    """Raises `UsageError` for a window or a calendar that makes no sense, before any host is asked."""
    window_of(given)
    if given.freeze:
        from remediators.cli.calendars import read_freezes

        read_freezes(given.freeze, datetime.now(UTC))


def expires_with_its_window(plan: Plan) -> str | None:
    """When the last window of a plan closes for good; ``None`` where it has none, or one that recurs."""
    windows = [window for window, _ in read_windows(plan.extra.get("windows") or [])]
    last = last_moment(windows, datetime.now(UTC))
    return last.isoformat(timespec="seconds").replace("+00:00", "Z") if last else None


def opening_of(plan: Plan, given: Given, kind: str) -> Opening:
    """What bounds when hosts are begun. Raises `UsageError` where a calendar cannot be read."""
    if kind in WAYS_BACK:
        return Opening()
    from remediators.cli.calendars import read_freezes

    windows = (*read_windows(plan.extra.get("windows") or []), *((window, None) for window in window_of(given)))
    files = dict.fromkeys([*map(str, plan.extra.get("freeze") or ()), *(str(Path(p).resolve()) for p in given.freeze)])
    freezes = read_freezes(list(files), datetime.now(UTC)) if files and not given.outside_window else ()
    return Opening(windows, tuple(freezes), given.outside_window)


def barred(plan: Plan, given: Given, kind: str) -> list[str]:
    """Why nothing of a plan may be begun now; empty where at least one host may."""
    names = [host.name for host in plan.hosts if changes(host)]
    opening = opening_of(plan, given, kind)
    closed = [opening.barred(name) for name in names]
    if names and all(closed):
        reasons = dict.fromkeys(reason for reason in closed if reason)
        return [f"{reason}; nothing was touched (--outside-window REASON does it all the same)" for reason in reasons]
    held = Leases(State(given.state_dir).leases_path).others(names)
    if names and len(held) == len(names) and not given.take_over:
        return [told(name, str(lease)) for name, lease in held.items()]
    return []


def told(host: str, lease: str) -> str:
    """What is said of a host that another run works on."""
    return f"{host} is held by {lease}: wait for it, or see remediate locks; --take-over REASON breaks its lease"


def with_reasons(plan: Plan, given: Given) -> Plan:
    """The plan with why its bounds are overridden, which the journal and the run's document keep."""
    reasons = {"outside_window": given.outside_window, "take_over": given.take_over}
    return replace(plan, extra={**plan.extra, **{name: text for name, text in reasons.items() if text}})


@contextmanager
def under_way(
    plan: Plan, given: Given, kind: str, record: Recorder, *, only: Collection[str] | None = None
) -> Iterator[Course]:
    """
    Hold the leases of all hosts that are to be changed, and give the course of the run.

    ``only`` are the hosts that a run is resumed on: it is done with the others.
    """
    way = read_rollout(plan.extra.get("rollout"), [host.name for host in plan.hosts]) if kind not in WAYS_BACK else None
    opening = opening_of(plan, given, kind)
    names = [host.name for host in plan.hosts if changes(host) and (only is None or host.name in only)]
    with holding(names, given, kind, record) as held:
        theirs = {host: told(host, str(lease)) for host, lease in held.taken.theirs.items()}
        yield Course(way, opening, theirs, looks_first=kind not in WAYS_BACK)


@contextmanager
def holding(names: Sequence[str], given: Given, purpose: str, record: Recorder) -> Iterator[Held]:
    """Leases on these hosts, as far as they are free, for as long as this lasts; every write asks for its own."""
    leases = Leases(State(given.state_dir).leases_path)
    taken = leases.take(names, record.run, purpose, _owner(), take_over=bool(given.take_over))
    for lease in taken.broken:
        record.note("lease-taken-over", lease.host, of=lease.document(), reason=given.take_over)
    for host, lease in taken.ours.items():
        record.note("lease", host, fence=lease.fence)
    with Held(leases, taken) as held:
        record.fence = held.ask
        yield held
        record.fence = None


@contextmanager
def alone(names: Sequence[str], given: Given, purpose: str, run: str, journal: Journal) -> Iterator[list[str]]:
    """Hold the leases of all of these hosts while this lasts; gives why not, where another run has one of them."""
    leases = Leases(State(given.state_dir).leases_path)
    taken = leases.take(names, run, purpose, _owner(), take_over=bool(given.take_over))
    for lease in taken.broken:
        body = {"of": lease.document(), "reason": given.take_over}
        journal.append(Event(run, "lease-taken-over", lease.host, body))
    with Held(leases, taken):
        yield [told(host, str(lease)) for host, lease in taken.theirs.items()]


def _owner() -> str:
    from remediators.cli.plan_files import who

    by: Mapping[str, str | None] = who()
    return f"{by['user']}@{by['machine']}"
