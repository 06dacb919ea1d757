"""What ``validate`` found, for machines: SARIF 2.1.0 (OASIS), GitHub's workflow annotations, JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any, Protocol
from urllib.parse import quote

RULE = "remediate/validate"


class Finding(Protocol):
    """What this needs of a mistake; lines and columns count from 1, and 0 is unknown."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def where(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def width(self) -> int: ...


Levelled = Iterable[tuple[str, Finding]]


def said(finding: Finding) -> str:
    """The message without its place."""
    text = ": ".join(part for part in (finding.where, finding.what) if part)
    return f"{text} ({finding.hint})" if finding.hint else text


def levelled(errors: Iterable[Finding], warnings: Iterable[Finding]) -> list[tuple[str, Finding]]:
    return [*(("error", one) for one in errors), *(("warning", one) for one in warnings)]


def sarif(findings: Levelled, version: str) -> dict[str, Any]:
    """One run of one tool, a result for each finding."""
    rule = {"id": RULE, "shortDescription": {"text": "Playbooks, inventories and plans can be used as they are."}}
    driver = {"name": "remediate", "version": version, "rules": [rule]}
    results = [_result(level, finding) for level, finding in findings]
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _result(level: str, finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(PurePath(finding.file).as_posix(), safe="/:")}}
    if finding.line:
        end = finding.column + max(1, finding.width)
        place["region"] = {"startLine": finding.line, "startColumn": finding.column, "endColumn": end}
    result = {"ruleId": RULE, "level": level, "message": {"text": said(finding)}}
    return {**result, "locations": [{"physicalLocation": place}]}


def github(findings: Levelled) -> Iterator[str]:
    """Workflow commands, one line each, that a runner shows at the line of the file."""
    for level, finding in findings:
        place: list[tuple[str, object]] = [("file", finding.file)]
        if finding.line:
            end = finding.column + max(1, finding.width) - 1
            place += [("line", finding.line), ("col", finding.column), ("endColumn", end)]
        told = ",".join(f"{name}={_escaped(str(value), property_=True)}" for name, value in place)
        yield f"::{level} {told}::{_escaped(said(finding))}"


def _escaped(text: str, *, property_: bool = False) -> str:
    pairs = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), *([(":", "%3A"), (",", "%2C")] if property_ else [])]
    for char, code in pairs:
        text = text.replace(char, code)
    return text


def plain_json(findings: Sequence[tuple[str, Finding]], told: dict[str, Any]) -> dict[str, Any]:
    """Every finding with its place, and whether all is well."""
    listed = [
        {"level": level, "file": one.file, "line": one.line, "column": one.column, "message": said(one)}
        for level, one in findings
    ]
    return {"valid": not any(level == "error" for level, _ in findings), **told, "findings": listed}


def rendered(output: str, findings: Sequence[tuple[str, Finding]], told: dict[str, Any], version: str) -> str:
    """The findings as ``--output`` says: sarif, github, json or jsonl."""
    if output == "github":
        return "\n".join(github(findings))
    if output == "sarif":
        return json.dumps(sarif(findings, version), indent=2, ensure_ascii=False)
    return json.dumps(plain_json(findings, told), indent=2 if output == "json" else None, ensure_ascii=False)
