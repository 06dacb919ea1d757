"""A plan as a change record: who made it, for which ticket, until when it holds, used once, approved by whom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remediators.cli.durations import duration
from remediators.cli.house import some
from remediators.model import Plan, UsageError

if TYPE_CHECKING:
    from remediators.journal import Journal

HELD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a project asks of a plan: how many approvals, and whose count (public keys, OpenSSH's form)."""

    approvals: int = 0
    approvers: tuple[str, ...] = ()


def expiry(text: str | None, made: datetime) -> str:
    """When a plan made at ``made`` expires: an age such as 4h, or a date. Raises `UsageError`."""
    if text is None:
        return _stamp(made + HELD)
    age = duration(text, "mhdw")
    if age is not None:
        return _stamp(made + age)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--expires takes 90m, 4h, 2d or a date such as 2026-11-28T22:00, and not {text!r}") from None
    moment = moment.astimezone() if moment.tzinfo is None else moment  # without a zone it is this machine's
    if moment <= made:
        raise UsageError(f"--expires {text} is in the past")
    return _stamp(moment)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def digests(sources: Sequence[str]) -> dict[str, str]:
    """SHA-256 of every inventory source: of a folder, over all its files."""
    return {source: _digest(Path(source)) for source in sources if "," not in source and Path(source).exists()}


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    files = [path] if path.is_file() else sorted(inner for inner in path.rglob("*") if inner.is_file())
    for file in files:
        total.update(f"{file.relative_to(path)}\0".encode())
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def approvals_of(path: Path) -> tuple[Path, list[Any]]:
    """The file of approvals beside a plan, and what stands in it. Raises `UsageError`."""
    beside = path.with_name(f"{path.name}.approvals")
    if not beside.exists():
        return beside, []
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{beside}: no approvals can be read from it: {error}") from error
    if not isinstance(found, list):
        raise UsageError(f"{beside}: approvals are a list")
    return beside, found


def against(plan: Plan, path: Path, journal: Journal, at: str) -> Iterator[str]:
    """Why this plan may not be applied to its hosts now; nothing where it may. Rollbacks never ask."""
    expires = plan.extra.get("expires")
    if expires and at > str(expires):
        yield f"{path}: the plan expired at {expires}: plan again"
    used = _used(plan, journal)
    again = [host.name for host in plan.hosts if host.name in used]
    if again:
        yield f"{path}: a plan is used once, and this one was in run {used[again[0]]} (on {some(again)}): plan again"


def _used(plan: Plan, journal: Journal) -> dict[str, str]:
    """The hosts on which a run of this plan began something, and that run."""
    runs = [event.run for event in journal.all_of("run-started") if event.body.get("plan") == plan.id]
    begun = ("intent", "action-intent", "arming")
    return {event.host: run for run in runs for event in journal.events(run) if event.kind in begun}


def unapproved(path: Path, rules: Rules, names: Sequence[str], wrong: Sequence[str]) -> Iterator[str]:
    """Why the approvals of a plan do not suffice, from what `approvals` found; nothing where they do."""
    if len(names) < rules.approvals:
        have = f"has {len(names)} ({', '.join(names)})" if names else "has none"
        told = f"; {'; '.join(wrong)}" if wrong else ""
        needs = "an approval" if rules.approvals == 1 else f"{rules.approvals} approvals"
        yield f"{path}: the plan needs {needs} and {have}{told}: remediate approve {path} --key FILE"


def approvals(path: Path, rules: Rules) -> tuple[list[str], list[str]]:
    """Whose approvals of a plan hold, and what is wrong with the others; nobody's where none is asked for."""
    if not rules.approvals:
        return [], []
    from remediators.engine.approvals import approved_by, read_approver

    _, found = approvals_of(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    return approved_by(document, found, [read_approver(line) for line in rules.approvers])


def inventory_changed(plan: Plan) -> list[str]:
    """Inventories that are no longer as they were when the plan was made."""
    noted: Mapping[str, str] = plan.extra.get("inventory_sha256") or {}
    now = digests(list(noted))
    return [source for source, digest in noted.items() if now.get(source) != digest]
