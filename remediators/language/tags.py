"""Which tasks ``--tags`` and ``--skip-tags`` leave, as in Ansible."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from remediators.language.problems import Problem, Problems, did_you_mean

SPECIAL = frozenset({"all", "tagged", "untagged", "always", "never"})
_NONE = frozenset({"untagged"})


def selected(tags: Collection[str], only: Collection[str], skip: Collection[str]) -> bool:
    """Whether a task with these tags runs. Without ``only``, everything but ``never`` does."""
    own = frozenset(tags) or _NONE
    return _wanted(own, frozenset(only) or frozenset({"all"})) and not _skipped(own, frozenset(skip))


def _wanted(own: frozenset[str], only: frozenset[str]) -> bool:
    if "always" in own or own & only:
        return True
    if "never" in own:
        return False
    return "all" in only or ("tagged" in only and own != _NONE)


def _skipped(own: frozenset[str], skip: frozenset[str]) -> bool:
    if "all" in skip:
        return "always" not in own or "always" in skip
    return bool(own & skip) or ("tagged" in skip and own != _NONE)


def check_tags(flag: str, wanted: Iterable[str], known: Collection[str], problems: Problems) -> None:
    """A tag that no task has is a mistake: it would silently do nothing, or skip nothing."""
    for tag in wanted:
        if tag not in known and tag not in SPECIAL:
            hint = did_you_mean(tag, known)
            problems.add(Problem(flag, 0, 0, "", f"no task has the tag {tag!r}", hint))
