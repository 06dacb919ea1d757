"""
Weighs what was seen: for every path of mail and each end of it, which causes apply. Pure; the rules are handed in.

Event 4006 is logged on the sender, while the cause may sit on the receiver or on a device between: so every sign is
taken from the end that it is about, and a judgement names the end at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from remediators.engine import signs
from remediators.model.diagnosis import (
    BETWEEN,
    RECEIVER,
    SENDER,
    Cause,
    Diagnosis,
    HostEvidence,
    Judgement,
    Path,
    Rule,
    Sign,
)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The causes and their rules (see `catalog.causes`), by the number of the cause."""

    causes: tuple[Cause, ...]
    rules: Mapping[int, tuple[Rule, ...]]

    @classmethod
    def of(cls, causes: Sequence[Cause], rules: Iterable[Rule]) -> Knowledge:
        rules = tuple(rules)
        return cls(tuple(causes), {c.number: tuple(r for r in rules if r.cause == c.number) for c in causes})


def diagnose(hosts: Mapping[str, HostEvidence], paths: Sequence[Path], knowledge: Knowledge) -> Diagnosis:
    """Judge every cause on every path. ``hosts`` holds every host that a path names."""
    people = signs.Names(hosts)
    symptoms = {path: signs.symptom(hosts[path.sender], path.receiver, people) for path in paths}
    judged = tuple(
        judgement
        for path in paths
        for cause in knowledge.causes
        for judgement in _judgements(cause, path, hosts, symptoms[path], knowledge.rules[cause.number])
    )
    return Diagnosis(hosts, tuple(paths), judged, symptoms)


def rule_for(rules: Sequence[Rule], values: Mapping[str, str]) -> Rule:
    """The first rule that fits. Raises LookupError where none does: the rules leave nothing out."""
    for rule in rules:
        if rule.fits(values):
            return rule
    raise LookupError(f"no rule fits {dict(values)}")


def _judgements(
    cause: Cause, path: Path, hosts: Mapping[str, HostEvidence], symptom: Sign, rules: Sequence[Rule]
) -> Iterator[Judgement]:
    for end, at in _ends(cause, path, hosts):
        seen = {sign.kind: sign for sign in _signs(cause, path, end, at, hosts)} | {"symptom": symptom}
        rule = rule_for(rules, {kind: seen[kind].value for kind in cause.signs})
        told = tuple(seen[kind] for kind in cause.signs if kind in rule.when or not _beside_the_point(seen[kind], at))
        yield Judgement(cause.number, path, end, at, rule.verdict, rule.sure, rule.reason, told)


def _beside_the_point(sign: Sign, at: str) -> bool:
    """Whether a sign that decided nothing needs no telling: that no mail is dropped here, or where nobody stands."""
    return (sign.kind == "symptom" and sign.value not in ("logged", "unnamed")) or (sign.kind == "side" and not at)


def _ends(cause: Cause, path: Path, hosts: Mapping[str, HostEvidence]) -> Iterator[tuple[str, str]]:
    """Where on a path a cause can sit: an end of it and the host there; ``""`` for a device that nobody named."""
    for end, name in ((SENDER, path.sender), (RECEIVER, path.receiver)):
        if end in cause.ends and hosts[name].status != "outside":
            yield end, name
    if BETWEEN in cause.ends and hosts[path.receiver].status != "outside":
        yield from ((BETWEEN, device) for device in path.via)
        idle = all(hosts[device].sign("inspection").value in ("none", "unbound") for device in path.via)
        if idle and (not path.via or signs.mask("", path, hosts).value not in ("clean", "unseen")):
            yield BETWEEN, ""  # none of the named devices does it, so whatever is seen another one does


def _signs(cause: Cause, path: Path, end: str, at: str, hosts: Mapping[str, HostEvidence]) -> Iterator[Sign]:
    """Every sign that a cause looks at, but for the symptom, which is one for the whole path."""
    receiver = hosts[path.receiver]
    for kind in cause.signs:
        match kind:
            case "symptom":
                continue
            case "greeting":
                yield signs.greeting(receiver)
            case "view":
                yield signs.view(receiver, hosts)
            case "format":
                yield signs.understands(receiver)
            case "inspection":
                yield hosts[at].sign(kind) if at else signs.nowhere(path)
            case "mask":
                yield signs.mask(at, path, hosts)
            case "side":
                yield signs.side(at, path, hosts)
            case "verbs":
                yield signs.verbs(hosts[at])
            case _:
                yield (hosts[path.sender] if end == SENDER else receiver).sign(kind)
