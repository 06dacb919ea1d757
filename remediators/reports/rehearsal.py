"""What a rehearsal showed, as text and as a document (``remediate/rehearsal/1``). It is about a lab, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from remediators.engine.rehearsal import Rehearsed
from remediators.reports.style import Style, plain
from remediators.reports.terminal import visible

SCHEMA = "remediate/rehearsal/1"
ABOUT = (
    "This is about simulated hosts on loopback, made of what the plan observed. None of its hosts was contacted: "
    "what they would do may differ."
)


def document(
    plan: str, hosts: Iterable[Rehearsed], untried: Mapping[str, str], runs: Mapping[str, Any], code: int
) -> dict[str, Any]:
    """``untried`` are hosts with nothing to rehearse, and why; ``runs`` the documents of the two runs, by name."""
    return {
        "schema": SCHEMA,
        "plan": plan,
        "about": ABOUT,
        "hosts": [{**_plain(asdict(host)), "equal": host.equal} for host in hosts],
        "not_rehearsed": dict(untried),
        "runs": dict(runs),
        "exit_code": code,
    }


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def text(told: Mapping[str, Any], style: Style = plain) -> str:
    """The document for people."""
    lines = [f"Rehearsal of plan {told['plan']}, in a lab", ABOUT, ""]
    for host in told["hosts"]:
        lines += [*_host(host, style), ""]
    lines += [f"{visible(name)}: nothing rehearsed: {visible(why)}" for name, why in told["not_rehearsed"].items()]
    return "\n".join([*lines, _end(told)]) + "\n"


def _host(host: Mapping[str, Any], style: Style) -> Iterator[str]:
    good = host["equal"] and host["applied"] in ("changed", "ok") and host["back"] in ("changed", "ok", "")
    role = "ok" if good else "refused" if host["applied"] == "refused" else "failed"
    yield f"{style('host', visible(host['name']))} as a simulated {host['simulated']}: {style(role, _word(host))}"
    yield f"  applied      {host['applied']} ({_count(host['changes'], 'change')} verified by a second reading)"
    yield f"  rolled back  {host['back'] or 'nothing was begun'}"
    same = f"equal to the byte (sha256 {host['before'][:16]}…)" if host["equal"] else "NOT as it was before"
    yield f"  state        {same}"
    for title, key in (
        ("differs", "differences"),
        ("reason", "reasons"),
        ("stand-in", "stand_ins"),
        ("left out", "left_out"),
        ("untold", "untold"),
    ):
        yield from (f"  {title:<11}  {visible(line)}" for line in host[key])


def _word(host: Mapping[str, Any]) -> str:
    if not host["equal"]:
        return "not the same afterwards"
    if host["applied"] in ("changed", "ok"):
        return "there and back, and left out what is named below" if host["left_out"] else "there and back"
    return f"{host['applied']}, and back"


def _end(told: Mapping[str, Any]) -> str:
    hosts = told["hosts"]
    equal = sum(1 for host in hosts if host["equal"])
    stood = sum(len(host["stand_ins"]) for host in hosts)
    secrets = f" {_count(stood, 'secret')} had a stand-in, since a plan holds references only." if stood else ""
    return f"Rehearsed on {_count(len(hosts), 'simulated host')}: {equal} equal to the byte afterwards.{secrets}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
