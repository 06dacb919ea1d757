"""What can be wrong inside a task, and where."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from remediators.language.options import Fault
from remediators.language.plays import PlayTask
from remediators.language.problems import Problem, did_you_mean
from remediators.language.source import Place
from remediators.language.templating import has_template
from remediators.language.uses import Uses

RESTART_IN_TASK = "only handlers restart services: name this as a handler, and notify it"
ACTION_IN_TASK = "only handlers do it: name this as a handler, and notify it"


def with_allowance(model: type[Any], options: Any, task: PlayTask) -> Any:
    """Hand ``allow_unverified`` of a task on to a remediator that has an option of that name."""
    wanted = task.allow_unverified and "allow_unverified" in getattr(model, "model_fields", {})
    if not wanted or not isinstance(options, dict | None):
        return options
    return {"allow_unverified": True, **(options or {})}


def option_problem(place: Place, where: str, owner: str, fault: Fault) -> Problem:
    """A problem at the very option that is wrong."""
    at = place.at(*fault.path)
    name = ".".join([owner, *(str(step) for step in (fault.path[:-1] if fault.on_key else fault.path))])
    if not fault.path:
        at = place.key
    return (at.key if fault.on_key else at).problem(f"{where}, {name}", fault.what, fault.hint)


def fact_problems(used: Uses, facts: Collection[str], place: Place, where: str) -> Iterator[Problem]:
    """Facts that nobody can read."""
    if used.facts_by_no_name:
        hint = "write facts.NAME, such as facts.os.version"
        yield place.problem(where, "facts are read by name, and this names none", hint, "facts")
    for chain in sorted(used.facts):
        if not facts_named(chain, facts):
            written = ".".join(chain)
            yield place.problem(where, f"there is no fact {written!r}", did_you_mean(written, facts), chain[-1])


def facts_named(chain: Sequence[str], facts: Collection[str]) -> frozenset[str]:
    """The facts that ``facts.a.b.c`` stands for: the one it goes through, or else all that are inside it."""
    for length in range(len(chain), 0, -1):
        name = ".".join(chain[:length])
        if name in facts:
            return frozenset({name})
    inside = ".".join(chain) + "."
    return frozenset(name for name in facts if name.startswith(inside))


def is_certain(given: Any, fault: Fault) -> bool:
    """Whether no template can put right what is wrong."""
    value = given
    for step in fault.path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return False
    return not has_template(value) or (fault.absent and not fault.path)
