"""
A diagnosis as a document (``remediate/diagnosis/1``) and as text for an engineer at two in the morning. Pure.

What holds for many paths is told once: findings are put together by cause, verdict and the end at fault, and paths by
what holds on them, so that fifty servers do not give 2,450 times six answers.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from remediators.engine.signs import Names, said
from remediators.model.diagnosis import (
    APPLIES,
    CANNOT_TELL,
    POSSIBLE,
    RULED_OUT,
    SURE,
    VERDICTS,
    Cause,
    Diagnosis,
    HostEvidence,
    Judgement,
    Logged,
    Look,
    Path,
    Sign,
    Unknown,
    heaviest,
)
from remediators.model.documents import with_digest
from remediators.reports.style import Style, plain
from remediators.reports.terminal import visible, why

SCHEMA: Final = "remediate/diagnosis/1"
_MOST = 8  # names or lines of evidence that are told one by one
_WAYS: Final = {"+": "for", "-": "against", "?": "missing"}
_ROLES: Final = {APPLIES: "failed", POSSIBLE: "change", CANNOT_TELL: "refused", RULED_OUT: "ok"}


@dataclass(slots=True)
class Finding:
    """What holds for one cause at one end, on all paths for which the same reason holds."""

    cause: int
    verdict: str
    sure: str
    at: str
    reason: str
    paths: list[Path] = field(default_factory=list)
    evidence: dict[str, list[str]] = field(
        default_factory=lambda: {"for": [], "against": [], "missing": [], "told": []}
    )
    manual: bool = False

    def add(self, judgement: Judgement, weights: Mapping[str, Mapping[str, str]]) -> None:
        self.paths.append(judgement.path)
        self.manual = self.manual or any(sign.detail.get("manual") for sign in judgement.signs)
        for sign in judgement.signs:
            said = self.evidence[_WAYS.get(weights[sign.kind][sign.value], "told")]
            if sign.words not in said:
                said.append(sign.words)


def findings(diagnosis: Diagnosis, weights: Mapping[str, Mapping[str, str]]) -> list[Finding]:
    """Judgements put together; what weighs most first. ``weights`` is `catalog.causes.SIGNS`."""
    found: dict[tuple[int, str, str, str, str], Finding] = {}
    for one in diagnosis.judgements:
        key = (one.cause, one.verdict, one.sure, one.at, one.reason)
        found.setdefault(key, Finding(*key)).add(one, weights)
    order = {cause: number for number, cause in enumerate(_by_weight(diagnosis))}
    return sorted(found.values(), key=lambda f: (VERDICTS.index(f.verdict), order[f.cause], SURE.index(f.sure), f.at))


def _by_weight(diagnosis: Diagnosis) -> list[int]:
    return sorted({one.cause for one in diagnosis.judgements})


# -- the document ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """What is told besides the diagnosis itself; ``written`` is the playbook that was."""

    created: str
    tool: str
    inventory: Sequence[str]
    pattern: str
    since: str
    asked: Sequence[str]
    causes: Sequence[Cause]
    weights: Mapping[str, Mapping[str, str]]
    written: str | None = None


def document(diagnosis: Diagnosis, frame: Frame) -> dict[str, Any]:
    """The diagnosis as plain JSON, with totals and digest."""
    found = findings(diagnosis, frame.weights)
    platforms = {name: host.platform for name, host in diagnosis.hosts.items()}
    told = [_finding(one, _cause(frame.causes, one.cause), platforms) for one in found]
    known = Names(diagnosis.hosts)
    hosts = [
        _host(host, found, frame, _strangers(host, known))
        for host in diagnosis.hosts.values()
        if host.status != "outside"
    ]
    return with_digest(
        {
            "schema": SCHEMA,
            "created": frame.created,
            "tool": frame.tool,
            "inventory": list(frame.inventory),
            "pattern": frame.pattern,
            "since": frame.since,
            "hosts": hosts,
            "causes": [_overall(cause, told) for cause in frame.causes],
            "findings": told,
            "paths": list(_paths(diagnosis)),
            "fixes": _fixes(told),
            "playbook": frame.written,
            "totals": _totals(hosts, diagnosis, told),
        }
    )


def _cause(causes: Sequence[Cause], number: int) -> Cause:
    return next(cause for cause in causes if cause.number == number)


def _finding(one: Finding, cause: Cause, platforms: Mapping[str, str]) -> dict[str, Any]:
    return {
        "cause": one.cause,
        "verdict": one.verdict,
        "sure": one.sure,
        "at": one.at or None,
        "reason": one.reason,
        **{name: one.evidence[name] for name in ("for", "against", "missing")},
        "other": one.evidence["told"],
        "paths": grouped(one.paths),
        "fix": _fix(one, cause, platforms),
        "confirm": {POSSIBLE: cause.confirm, CANNOT_TELL: cause.supply}.get(one.verdict),
    }


def _fix(one: Finding, cause: Cause, platforms: Mapping[str, str]) -> dict[str, Any] | None:
    """The smallest playbook and limit; ``manual`` where it is to be done by hand."""
    if one.verdict not in (APPLIES, POSSIBLE) or not one.at:
        return None
    if one.manual:
        return {"playbook": None, "limit": one.at, "manual": True}
    return {"playbook": cause.by_platform.get(platforms[one.at], cause.playbook), "limit": one.at, "manual": False}


def _overall(cause: Cause, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mine = [one for one in told if one["cause"] == cause.number]
    verdict = heaviest([one["verdict"] for one in mine]) if mine else CANNOT_TELL
    worst = [one for one in mine if one["verdict"] == verdict]
    sure = min((one["sure"] for one in worst), key=SURE.index, default=SURE[0])
    at = sorted({one["at"] for one in worst if one["at"]}) if verdict in (APPLIES, POSSIBLE) else []
    return {"cause": cause.number, "title": cause.title, "verdict": verdict, "sure": sure, "at": at}


def _fixes(told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Each playbook once, with the hosts at fault, for what applies.

    ``after`` names a cause that must be fixed first: a banner is kept in the metabase, which must be whole for that.
    """
    limits: dict[tuple[int, str | None], list[str]] = {}
    for one in told:
        if one["verdict"] == APPLIES and one["fix"]:
            names = limits.setdefault((one["cause"], one["fix"]["playbook"]), [])
            if one["at"] not in names:
                names.append(one["at"])
    damaged = {name for (cause, _), names in limits.items() if cause == 6 for name in names}
    fixes: list[dict[str, Any]] = []
    for (cause, book), names in sorted(limits.items(), key=lambda item: item[0][0]):
        later = [name for name in names if cause == 4 and name in damaged]
        now = [name for name in names if name not in later]
        fixes += [{"cause": cause, "playbook": book, "limit": now, "after": None}] if now else []
        fixes += [{"cause": cause, "playbook": book, "limit": later, "after": 6}] if later else []
    return fixes


def _host(host: HostEvidence, found: Sequence[Finding], frame: Frame, strangers: Sequence[str]) -> dict[str, Any]:
    mine = [one for one in found if one.at == host.name]
    numbers = sorted({one.cause for one in mine})
    verdicts = {str(n): heaviest([one.verdict for one in mine if one.cause == n]) for n in numbers}
    return {
        "name": host.name,
        "platform": host.platform,
        "status": host.status,
        "error": host.error or None,
        "along": host.name not in frame.asked,
        "sends": host.sends,
        "receives": host.receives,
        "via": list(host.facts.get("via", ())),
        "verdicts": verdicts,
        "signs": [_sign(sign) for sign in host.signs.values()],
        "events": _events(host.logged),
        "queues": _queues(host),
        "looks": {place or "here": _look(look) for place, look in sorted(host.looks.items())},
        "facts": {name: value for name, value in host.facts.items() if name != "via"},
        "unread": unread(host, strangers),
    }


def _strangers(host: HostEvidence, known: Names) -> list[str]:
    remotes = () if isinstance(host.logged, Unknown) else host.logged.remotes
    return sorted({said(remote) for remote in remotes if any(remote) and known.meant(remote) is None})


def _sign(sign: Sign) -> dict[str, Any]:
    return {"sign": sign.kind, "value": sign.value, "words": sign.words, "detail": dict(sign.detail)}


def _events(logged: Logged | Unknown) -> dict[str, Any]:
    if isinstance(logged, Unknown):
        return {"read": False, "why": logged.reason}
    remotes = [{"remote": [part for part in names if part], "count": n} for names, n in logged.remotes.items()]
    told = {"count": logged.count, "first": logged.first, "last": logged.last, "remotes": remotes}
    return {"read": True, **told, "notes": list(logged.notes)}


def _queues(host: HostEvidence) -> dict[str, Any]:
    if isinstance(host.queues, Unknown):
        return {"read": False, "why": host.queues.reason}
    links = [
        {
            "name": queue.name,
            "messages": queue.messages,
            "oldest": queue.oldest or None,
            "state": queue.state or None,
            "information": queue.information or None,
        }
        for queue in host.queues
    ]
    return {"read": True, "links": links}


def _look(look: Look | Unknown) -> dict[str, Any]:
    if isinstance(look, Unknown):
        return {"taken": False, "why": look.reason}
    return {"taken": True, "kind": look.kind, "words": look.words, "ehlo": look.ehlo, "verbs": sorted(look.verbs)}


def unread(host: HostEvidence, strangers: Sequence[str] = ()) -> list[str]:
    """
    Everything of a host that was asked for and could not be read, in its own words.

    ``strangers`` are remote hosts that its events name and of which nothing is known.
    """
    if host.status != "read":
        return [host.error]
    found = [sign.words for sign in host.signs.values() if sign.value == "unread"]
    if host.platform == "windows":
        found += [f"event 4006 names {name}, which is not among the hosts that were asked for" for name in strangers]
        found += [f"event 4006: {host.logged.reason}"] if isinstance(host.logged, Unknown) else []
        found += (
            [f"queues: {host.queues.reason.removeprefix('the queues were not read: ')}"]
            if isinstance(host.queues, Unknown) and host.sends
            else []
        )
    return found + [look.reason for look in host.looks.values() if isinstance(look, Unknown)]


def _totals(
    hosts: Sequence[Mapping[str, Any]], diagnosis: Diagnosis, told: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    statuses = [host["status"] for host in hosts]
    return {
        "hosts": len(hosts),
        "paths": len(diagnosis.paths),
        "unreachable": statuses.count("unreachable"),
        "failed": statuses.count("failed"),
        **{
            v.replace(" ", "_"): len({one["cause"] for one in told if one["verdict"] == v}) for v in (APPLIES, POSSIBLE)
        },
    }


# -- many paths, told once -------------------------------------------------------------------------------------------


def grouped(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """
    Paths as senders times receivers: every sender to every receiver of a group but itself.

    Senders that lead to the same receivers are one group. One that shares its receivers with nobody counts as leading
    to itself, too, so that those who all lead to each other are one.
    """
    leads: dict[str, set[str]] = {}
    for path in paths:
        leads.setdefault(path.sender, set()).add(path.receiver)
    everyone = set().union(*leads.values())
    shared = Counter(map(frozenset, leads.values()))
    groups: dict[frozenset[str], list[str]] = {}
    for sender, receivers in leads.items():
        own = {sender} & everyone if shared[frozenset(receivers)] == 1 else set()
        groups.setdefault(frozenset(receivers | own), []).append(sender)
    return [{"senders": sorted(names), "receivers": sorted(closed)} for closed, names in groups.items()]


def _paths(diagnosis: Diagnosis) -> Iterator[dict[str, Any]]:
    """Paths by what holds on them: the devices, the symptom, and the heaviest verdict for each cause."""
    verdicts: dict[Path, dict[int, list[str]]] = {path: {} for path in diagnosis.paths}
    for one in diagnosis.judgements:
        verdicts[one.path].setdefault(one.cause, []).append(one.verdict)
    alike: dict[tuple[Any, ...], list[Path]] = {}
    for path, causes in verdicts.items():
        worst = tuple((cause, heaviest(found)) for cause, found in sorted(causes.items()))
        alike.setdefault((path.via, diagnosis.symptoms[path].value, worst), []).append(path)
    for (via, symptom, worst), paths in alike.items():
        for group in grouped(paths):
            held = {str(cause): verdict for cause, verdict in worst}
            yield {**group, "via": list(via), "symptom": symptom, "verdicts": held}


# -- text ------------------------------------------------------------------------------------------------------------


def diagnosis_text(told: Mapping[str, Any], style: Style = plain, *, verbose: int = 0) -> str:
    """A document as text: the answer first, then why, then what was seen and what could not be read."""
    lines = [
        *_headline(told, style),
        "",
        *_weighty(told, style, verbose=verbose),
        *_quiet(told, style, verbose=verbose),
        *_mail(told, style),
        *_dark(told, style, verbose=verbose),
        *_next(told, style),
    ]
    return "\n".join(lines) + "\n"


def _headline(told: Mapping[str, Any], style: Style) -> Iterator[str]:
    totals = told["totals"]
    yield (
        f"KB 919091: {_count(totals['hosts'], 'host')}, {_count(totals['paths'], 'path')} of mail, event log since "
        f"{told['since']}"
    )
    for cause in told["causes"]:
        at = f"at {_some(cause['at'])} " if cause["at"] else ""
        sure = f"({cause['sure']}): " if cause["verdict"] in (APPLIES, POSSIBLE) else ""
        verdict = style(_ROLES[cause["verdict"]], cause["verdict"].ljust(11))
        yield f"  cause {cause['cause']}  {verdict}  {at}{sure}{cause['title']}"


def _weighty(told: Mapping[str, Any], style: Style, *, verbose: int) -> Iterator[str]:
    """What applies or may apply, each with its evidence; ends of which the same is true together."""
    alike: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for one in _heaviest(told["findings"], verbose=verbose):
        if one["verdict"] in (APPLIES, POSSIBLE):
            fix = one["fix"] or {}
            key = (one["cause"], one["verdict"], one["sure"], one["reason"], fix.get("playbook"), fix.get("manual"))
            alike.setdefault(key, []).append(one)
    for ones in alike.values():
        yield from _case(told, ones, style, verbose=verbose)
        yield ""


def _case(told: Mapping[str, Any], ones: Sequence[Mapping[str, Any]], style: Style, *, verbose: int) -> Iterator[str]:
    first = ones[0]
    names = [one["at"] for one in ones if one["at"]]
    where = f" at {_some(names)}" if names else ""
    heading = f"cause {first['cause']} {first['verdict']}{where} ({first['sure']})"
    yield style(_ROLES[first["verdict"]], f"{heading}: {visible(first['reason'])}")
    yield f"    mail from {_ways(_regrouped([group for one in ones for group in one['paths']]))}"
    for name, mark in (("for", "+"), ("against", "-"), ("missing", "?"), ("other", " ")):
        words = _merged(_pointing(told, words) for one in ones for words in one[name])
        most = len(words) if verbose else _MOST
        yield from (f"    {mark} {visible(text)}" for text in words[:most])
        if len(words) > most:
            yield f"    {mark} and {len(words) - most} more like these (-v)"
    yield from _cure(first, names, _with_inventory(told), style)


def _with_inventory(told: Mapping[str, Any]) -> str:
    """What makes a command that is shown one that can be given as it is."""
    return "".join(f" -i {shlex.quote(name)}" for name in told["inventory"])


def _pointing(told: Mapping[str, Any], words: str) -> str:
    """Why a host could not be asked is told once, at the end: elsewhere its name is enough."""
    name, _, reason = words.partition(": ")
    dark = any(host["name"] == name and host["error"] == reason for host in told["hosts"])
    return f"{name}: could not be asked (see below)" if dark else words


def _merged(texts: Iterable[str]) -> list[str]:
    """Lines of evidence, each once; what is the same of several hosts (``HOST: WORDS``) with all their names."""
    alike: dict[str, dict[str, None]] = {}
    for text in texts:
        name, colon, words = text.partition(": ")
        alike.setdefault(words if colon else text, {})[name if colon else ""] = None
    return [f"{_some(list(names))}: {words}" if all(names) else words for words, names in alike.items()]


def _heaviest(findings: Sequence[Mapping[str, Any]], *, verbose: int) -> list[Mapping[str, Any]]:
    """What is told of a cause at an end is what weighs most there, unless everything is wanted."""
    most: dict[tuple[int, str], int] = {}
    for one in findings:
        key = (one["cause"], one["at"])
        most[key] = min(most.get(key, len(VERDICTS)), VERDICTS.index(one["verdict"]))
    return [one for one in findings if verbose or VERDICTS.index(one["verdict"]) == most[one["cause"], one["at"]]]


def _cure(one: Mapping[str, Any], names: Sequence[str], inventory: str, style: Style) -> Iterator[str]:
    fix = one["fix"]
    if fix and fix["manual"]:
        yield style("host", "    fix: by hand on that device; no remediator changes it")
    elif fix:
        lead = "fix" if one["verdict"] == APPLIES else "fix, once it is confirmed"
        yield style("host", f"    {lead}: remediate plan {fix['playbook']} -l {','.join(names)}{inventory}")
    if one["confirm"]:
        yield f"    to know: {one['confirm']}"


def _quiet(told: Mapping[str, Any], style: Style, *, verbose: int) -> Iterator[str]:
    """What is ruled out or cannot be told: one line for each reason."""
    together: dict[tuple[int, str, str], list[Mapping[str, Any]]] = {}
    for one in _heaviest(told["findings"], verbose=verbose):
        if one["verdict"] in (CANNOT_TELL, RULED_OUT):
            together.setdefault((one["cause"], one["verdict"], one["reason"]), []).append(one)
    for (cause, verdict, reason), ones in sorted(together.items(), key=lambda item: (item[0][0], item[0][1:])):
        where = _some(sorted({one["at"] or "no named device" for one in ones}))
        yield f"cause {cause} {style(_ROLES[verdict], verdict)}: {where}: {visible(reason)}"
        if verdict == CANNOT_TELL:
            missing = _merged(_pointing(told, words) for one in ones for words in one["missing"])
            yield from (f"    ? {visible(words)}" for words in missing[: len(missing) if verbose else 3])
            yield f"    to know: {ones[0]['confirm']}"
        elif verbose:
            against = _merged(words for one in ones for words in one["against"])
            yield from (f"    - {visible(words)}" for words in against)
    if together:
        yield ""


def _mail(told: Mapping[str, Any], style: Style) -> Iterator[str]:
    """What waits and what was logged, by sender."""
    lines = [line for host in told["hosts"] for line in _sender(host)]
    if lines:
        yield from (style("host", "Mail"), *lines, "")


def _sender(host: Mapping[str, Any]) -> Iterator[str]:
    events, queues = host["events"], host["queues"]
    if events["read"] and events["count"]:
        names = ", ".join(f"{'/'.join(r['remote']) or 'nobody'} ({r['count']})" for r in events["remotes"][:_MOST])
        span = f"{events['first']} to {events['last']}" if events["count"] > 1 else events["last"]
        yield f"  {host['name']}: event 4006 {events['count']} times, {span}, naming {visible(names) or 'nobody'}"
        yield from (f"    {visible(note)}" for note in events["notes"])
    for link in queues.get("links", ()):
        oldest = f", the oldest from {link['oldest']}" if link["oldest"] else ""
        more = f": {visible(link['information'])}" if link["information"] else ""
        waits = f"{link['messages']} messages wait for {visible(link['name'])}"
        yield f"  {host['name']}: {waits}{oldest}{_ndr(host)}{more}"


def _ndr(host: Mapping[str, Any]) -> str:
    minutes = host["facts"].get("ndr_minutes")
    if not minutes:
        return ""
    usual = ", the usual time" if host["facts"].get("ndr_default") else ""
    return f"; returned to their senders after {minutes / 60:g} hours{usual}"


def _dark(told: Mapping[str, Any], style: Style, *, verbose: int) -> Iterator[str]:
    """What could not be read; hosts with the same trouble together."""
    troubles: dict[str, list[str]] = {}
    for host in told["hosts"]:
        for words in host["unread"]:
            bare = why(host["name"], words)
            state = f"{host['status']}: " if host["status"] != "read" else ""
            troubles.setdefault(f"{state}{bare}", []).append(host["name"])
    if not troubles:
        return
    yield style("host", "Not read")
    for words, names in troubles.items():
        yield f"  {_some(names, len(names) if verbose else _MOST)}: {visible(words)}"
    yield ""


def _next(told: Mapping[str, Any], style: Style) -> Iterator[str]:
    if not told["totals"]["paths"]:
        yield "None of these hosts is a mail server, as far as could be read."
        return
    if not told["fixes"]:
        possible = any(cause["verdict"] == POSSIBLE for cause in told["causes"])
        yield "No cause is shown to apply." + (" What is possible has to be confirmed first." if possible else "")
        return
    yield style("host", "What to do")
    if told["playbook"]:
        yield f"  remediate plan {told['playbook']}{_with_inventory(told)}"
    else:
        yield "  `--out FILE` writes one playbook for just these hosts, by their names. Or, where groups are named so:"
    for fix in told["fixes"]:
        limit = f"{','.join(fix['limit'])}{_with_inventory(told)}"
        book = f"remediate plan {fix['playbook']} -l {limit}" if fix["playbook"] else "by hand"
        later = f", once cause {fix['after']} is fixed there: diagnose again then" if fix["after"] else ""
        yield f"  cause {fix['cause']}: {book}{later}"
    yield "  Fix the receiving end first. Mail moves by itself 10 to 15 minutes later, or when the queue is kicked."


def _regrouped(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The groups of several ends as few groups; they overlap where both ends of a path have the same trouble."""
    pairs = {(s, r) for group in groups for s in group["senders"] for r in group["receivers"] if s != r}
    return grouped(Path(*pair) for pair in sorted(pairs))


def _ways(groups: Sequence[Mapping[str, Any]]) -> str:
    told = [f"{_some(group['senders'])} to {_others(group)}" for group in groups[:3]]
    more = _count(len(groups) - 3, "more group")
    return "; ".join(told) + (f"; and {more} of paths" if len(groups) > 3 else "")


def _others(group: Mapping[str, Any]) -> str:
    """The receivers; those that are senders, too, where all of them are."""
    if set(group["senders"]) == set(group["receivers"]):
        return "each other"
    alone = group["senders"] if len(group["senders"]) == 1 else []
    return _some([name for name in group["receivers"] if name not in alone])


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = list(names)
    return ", ".join(shown) if len(shown) <= most else f"{', '.join(shown[:most])} and {len(shown) - most} more"


def _count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"
