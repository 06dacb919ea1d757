"""What the operator sees of plans and runs, as text. Pure: documents in, text out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from remediators.engine.outcomes import RECAP
from remediators.reports.style import Style, plain

Document = Mapping[str, Any]
_WIDE = 100
_SIGNS = {"change": "~", "ok": "=", "skipped": "-", "unpredictable": "?", "refused": "!", "failed": "x"}
_WORST_FIRST = {"unreachable": 0, "unknown": 0, "failed": 1, "refused": 2, "ok": 4, "not_started": 5}


def say(value: Any, *, full: bool = False) -> str:
    """A value on one line; ``absent`` for None, ``********`` for a secret. Cut to fit unless ``full``."""
    text = _say(value)
    return text if full or len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def _say(value: Any) -> str:
    if value is None:
        return "absent"
    if isinstance(value, dict):
        if set(value) == {"secret", "hmac"}:
            return "********"
        if set(value) == {"type", "data"}:
            return f"{value['type']} {_data(value['data'])}"
        return json.dumps(value, ensure_ascii=False)
    return visible(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _data(data: Any) -> str:
    return json.dumps(visible(data) if isinstance(data, str) else data, ensure_ascii=False)


def visible(text: str) -> str:
    """Text from a host without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def plan_text(plan: Document, style: Style = plain, *, verbose: int = 0, full: bool = False) -> str:
    """A plan document as text: identical hosts once, odd hosts first, and what it costs at the end."""
    lines: list[str] = []
    for names, host, body in _alike(plan["hosts"], lambda h: _host_lines(h, style, verbose=verbose, full=full)):
        if body or host["error"] or verbose:
            lines += [_heading(names, host, style), *body, ""]
    return "\n".join([*lines, *_price(plan["hosts"], style), _totals(plan, style)]) + "\n"


def _alike(
    hosts: Iterable[Document], lines_of: Callable[[Document], Iterable[str]]
) -> list[tuple[list[str], Document, list[str]]]:
    """Hosts of which the same is to be said, together, with what it is: worst and rarest first."""
    groups: dict[tuple[str, ...], tuple[list[str], Document, list[str]]] = {}
    for host in hosts:
        body = list(lines_of(host))
        same = (host["status"], why(host["name"], host["error"]), *body)
        groups.setdefault(same, ([], host, body))[0].append(host["name"])
    return sorted(groups.values(), key=lambda group: (_WORST_FIRST.get(group[1]["status"], 3), len(group[0])))


def why(name: str, error: str | None) -> str:
    """An error without the host's name before it, which stands there already; so that hosts of one trouble are one."""
    return (error or "").removeprefix(f"{name}: ")


def _heading(names: Sequence[str], host: Document, style: Style) -> str:
    shown = ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:7])} and {len(names) - 7} more"
    count = f" ({len(names)} hosts)" if len(names) > 1 else ""
    error = f": {visible(why(host['name'], host['error']))}" if host["error"] else ""
    return f"{style('host', shown)}{count} {style(_role(host['status']), host['status'])}{error}"


def _host_lines(host: Document, style: Style, *, verbose: int, full: bool) -> Iterator[str]:
    if host["status"] == "refused" and host["error"] and not verbose:
        return
    for item in host["items"]:
        if item["outcome"] not in ("ok", "skipped") or item["notes"] or verbose:
            # What a device is sent stands in its plan without being asked for: nobody dares to say yes to less.
            yield from _item_lines(item, style, verbose=verbose or bool(host.get("arming")), full=full)
    yield from _arming_lines(host.get("arming"), style)
    for line in host.get("way_back", ()):
        yield style("quiet", f"  back    > {visible(line)}")


def _arming_lines(arming: Document | None, style: Style) -> Iterator[str]:
    """How a device is armed, and every line that is sent for it."""
    if not arming:
        return
    for note in arming["notes"]:
        yield style("refused" if arming["kind"] != "revert-timer" else "quiet", f"  {visible(note)}")
    for word in ("arm", "confirm", "save"):
        for line in arming[word]:
            yield style("quiet", f"  {word.ljust(7)} > {visible(line)}")
    if arming["console"]:
        yield style("quiet", f"  if this tool dies: {visible(arming['console'])}")


def _item_lines(item: Document, style: Style, *, verbose: int, full: bool) -> Iterator[str]:
    outcome = item["outcome"]
    reason = f": {visible(item['reason'])}" if item["reason"] else ""
    word = "" if outcome == "change" else f" {outcome}"
    kind = "handler" if item["handler"] else item["remediator"]
    yield style(outcome, f"  {_SIGNS[outcome]} {visible(item['task'])} ({kind}){word}{reason}")
    for change in item["changes"] if outcome == "change" else ():
        yield _change_line(change, style, full=full)
    for action in item["actions"] if outcome == "change" else ():
        yield f"      then {action}" if not item["handler"] else f"      {action}"
    for name in item["checks"] if outcome == "change" else ():
        yield f"      checked from outside: {name}"
    for note in item["notes"]:
        yield style("quiet", f"      note: {visible(note)}")
    for command in item["commands"] if verbose else ():
        yield style("quiet", f"      > {visible(command)}")


def _change_line(change: Document, style: Style, *, full: bool) -> str:
    before = style("removed", say(change["before"], full=full))
    after = style("added", say(change["after"], full=full))
    if change.get("sensitive"):
        before, after = (style(role, "absent" if change[side] is None else "********") for role, side in _SIDES)
    result = f"  [{change['result']}]" if "result" in change else ""
    return f"      {visible(change['resource'])}  {before} → {after}{result}"


_SIDES = (("removed", "before"), ("added", "after"))


def _price(hosts: Sequence[Document], style: Style) -> Iterator[str]:
    """What all of it costs, each note once with the number of hosts it is true for."""
    notes: Counter[str] = Counter()
    for host in hosts:
        told = (note for item in host["items"] if item["outcome"] == "change" for note in item["notes"])
        notes.update(dict.fromkeys(told, 1))  # not a set, whose order differs from run to run
    actions: Counter[str] = Counter()
    for host in hosts:
        handlers = (item for item in host["items"] if item["handler"] and item["outcome"] == "change")
        actions.update(dict.fromkeys((action for item in handlers for action in item["actions"]), 1))
    if notes or actions:
        yield style("host", "Price")
    for text, count in (*actions.items(), *notes.items()):
        yield f"  {visible(text)}: on {_hosts(count)}"


def _hosts(count: int) -> str:
    return f"{count} host" if count == 1 else f"{count} hosts"


def _totals(plan: Document, style: Style) -> str:
    totals = plan["totals"]
    changing = sum(1 for host in plan["hosts"] if any(item["outcome"] == "change" for item in host["items"]))
    line = (
        f"Plan: {totals['changes']} to change on {_hosts(changing)}, {totals['unpredictable']} unpredictable, "
        f"{totals['refused']} refused, {totals['ok']} already right."
    )
    bad = [f"{totals[word]} {word}" for word in ("failed", "unreachable") if totals[word]]
    return style("host", line) + (f" {style('failed', ', '.join(bad) + '.')}" if bad else "")


def run_text(run: Document, style: Style = plain, *, verbose: int = 0, full: bool = False) -> str:
    """A run document as text: what failed or was refused, then a recap line for each host."""
    lines = [f"{run['kind']} {run['id']}, {run['started']} to {run['finished'] or 'not finished'}"]
    for names, host, body in _alike(run["hosts"], lambda h: _run_lines(h, style, verbose=verbose, full=full)):
        if body or host["error"]:
            lines += [_heading(names, host, style), *body, ""]
    return "\n".join([*lines, *recap(run["hosts"], style)]) + "\n"


def _run_lines(host: Document, style: Style, *, verbose: int, full: bool) -> Iterator[str]:
    for line in host.get("detail", "").splitlines() if verbose else ():
        yield style("quiet", f"    | {visible(line)}")
    for item in host["items"]:
        left = item["status"] == "not_started" and host["status"] != "not_started"
        if verbose or left or item["status"] not in ("ok", "skipped", "not_started"):
            yield from _run_item(item, style, verbose=verbose, full=full)


def _run_item(item: Document, style: Style, *, verbose: int, full: bool) -> Iterator[str]:
    reason = f": {visible(item['result_reason'])}" if item["result_reason"] else ""
    ignored = " (ignored)" if item["ignored"] else ""
    yield style(_role(item["status"]), f"  {visible(item['task'])} {item['status']}{ignored}{reason}")
    for change in item["changes"]:
        if verbose or item["status"] != "ok":
            yield _change_line(change, style, full=full)
    for note in item["notes"] if item["status"] == "changed" else ():
        yield style("quiet", f"      note: {visible(note)}")


def _role(status: str) -> str:
    return {"changed": "change", "changes": "change", "unknown": "failed", "not_started": "skipped"}.get(status, status)


def recap(hosts: Iterable[Document], style: Style = plain) -> Iterator[str]:
    """Ansible's line for each host, then our counters, then the totals."""
    hosts = list(hosts)
    width = max([len(host["name"]) for host in hosts] or [0])
    totals: Counter[str] = Counter()
    for host in hosts:
        totals.update(host["recap"])
        counts = " ".join(f"{name}={host['recap'][name]}" for name in RECAP)
        name = style(_role(host["status"]), host["name"].ljust(width))
        unstarted = " not_started" if host["status"] == "not_started" else ""
        yield f"{name} : {counts}{unstarted}"
    yield f"{_hosts(len(hosts))}: " + ", ".join(
        f"{totals[name]} {name}" for name in RECAP if totals[name] or name == "ok"
    )
