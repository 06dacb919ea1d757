"""How a plan goes over its hosts, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_NAMES = 8


def rollout_lines(extra: Mapping[str, Any]) -> Iterator[str]:
    """Waves, limits, who is kept apart, windows and freezes of a plan; nothing where it has none of them."""
    way = extra.get("rollout") or {"waves": [], "caps": [], "limits": [], "seed": None}
    waves = way["waves"]
    for number, wave in enumerate(waves, 1):
        if len(waves) > 1 or wave["soak"]:
            yield f"Wave {number} of {len(waves)}{_canary(wave)}: {_some(wave['hosts'])}"
    if way["seed"] is not None:
        yield f"Hosts were shuffled with the seed {way['seed']}."
    for why in dict.fromkeys(limit["why"] for limit in way["limits"]):
        yield f"Limit: {why}"
    for cap in way["caps"]:
        yield f"At most {cap['most']} at once ({cap['name']}): {_some(cap['hosts'])}"
    for window in extra.get("windows") or ():
        hosts = "" if window["hosts"] is None else f" ({_some(window['hosts'])})"
        days = f" on {', '.join(window['days'])}" if window["days"] else ""
        zone = f" {window['timezone']}" if window["timezone"] else ""
        yield f"Window: {window['start']} to {window['end']}{days}{zone}{hosts}"
    for path in extra.get("freeze") or ():
        yield f"Freeze calendar: {path}"


def _canary(wave: Mapping[str, Any]) -> str:
    soak = f", then {wave['soak']:g} s of soak" if wave["soak"] else ""
    return f" (canary{soak})" if wave["canary"] else ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:MOST_NAMES])} and {more} more"
