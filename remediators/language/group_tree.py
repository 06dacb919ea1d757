"""The tree of groups: everything below ``all``, hosts without a group in ``ungrouped``, and no circles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from remediators.language.draft import Draft, Group
from remediators.language.source import LineDocument, Place

DEEPEST = 100


def reconcile(draft: Draft) -> None:
    """Put groups without a parent below ``all``, hosts without a group into ``ungrouped``, and find circles."""
    if _has_circle(draft):
        return
    _find_top_as_child(draft)
    _find_too_deep(draft)
    children = {child for group in draft.groups.values() for child in group.children}
    top = draft.groups["all"]
    nowhere = Place(LineDocument("", ""))
    loose = {name: nowhere for name in draft.groups if name != "all" and name not in children}
    first = {"ungrouped": top.children.get("ungrouped", nowhere)} if "ungrouped" in {*loose, *top.children} else {}
    top.children = {**first, **top.children, **loose}
    ungrouped = draft.groups["ungrouped"]
    for host, direct in draft.memberships.items():
        if not direct.keys() - {"all", "ungrouped"}:
            ungrouped.hosts[host] = direct["ungrouped"] = None
        elif "ungrouped" in direct:
            del direct["ungrouped"], ungrouped.hosts[host]


def depths_of(groups: Mapping[str, Group]) -> dict[str, int]:
    """How deep each group is below ``all``, by its longest way. There must be no circle."""
    depths = dict.fromkeys(groups, 1)
    depths["all"] = 0
    parents = Counter(child for group in groups.values() for child in group.children)
    ready = [name for name in groups if not parents[name]]
    while ready:
        name = ready.pop()
        for child in groups[name].children:
            depths[child] = max(depths[child], depths[name] + 1)
            parents[child] -= 1
            if not parents[child]:
                ready.append(child)
    return depths


def _find_too_deep(draft: Draft) -> None:
    depths = depths_of(draft.groups)
    for group in draft.groups.values():
        for child, place in group.children.items():
            if depths[group.name] == DEEPEST < depths[child]:
                what = f"groups are nested more than {DEEPEST} levels deep here"
                draft.problems.add(place.problem(f"group {group.name!r}", what))
                return


def _find_top_as_child(draft: Draft) -> None:
    for group in draft.groups.values():
        if "all" in group.children:
            place = group.children.pop("all")
            draft.problems.add(place.problem(f"group {group.name!r}", "'all' cannot be a child: it holds every group"))


def _has_circle(draft: Draft) -> bool:
    """Report every group that is its own descendant, once, at the line that closes the circle."""
    done: set[str] = set()
    found = False
    for start in draft.groups:
        trail: dict[str, Iterator[str]] = {}
        name: str | None = start
        while name is not None:
            if name not in trail:
                trail[name] = iter(draft.groups[name].children) if name in draft.groups else iter(())
            step = next((child for child in trail[name] if child not in done), None)
            if step is None:
                done.add(name)
                trail.popitem()
                name = next(reversed(trail), None)
            elif step in trail:
                _report_circle(draft, [*trail][[*trail].index(step) :])
                found = True
            else:
                name = step
    return found


def _report_circle(draft: Draft, circle: list[str]) -> None:
    place = draft.groups[circle[-1]].children[circle[0]]
    chain = " → ".join([*circle, circle[0]])
    draft.problems.add(place.problem(f"group {circle[-1]!r}", f"groups cannot contain themselves: {chain}"))
