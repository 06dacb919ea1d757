"""``remediate demo``: the whole story against a lab on loopback, each command printed before it runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

SCENARIO = "kb919091/cause1+cause5"
SENDER, RECEIVER, FIREWALL = "exch01", "exch02", "fw01"


@click.command()
@click.option("--keep", metavar="DIR", help="Work in this folder and leave it, instead of a temporary one.")
def command(keep: str | None) -> int:
    """Diagnose, plan, apply, diagnose again, roll back: on simulated Exchange servers behind a simulated firewall."""
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        return _in(Path(keep).resolve())
    with tempfile.TemporaryDirectory(prefix="remediate-demo-") as folder:
        return _in(Path(folder))


def _in(folder: Path) -> int:
    from remediators.lab.scenarios import find

    before = Path.cwd()
    os.chdir(folder)
    try:
        scenario = find(SCENARIO)
        with scenario.lab(folder / "lab") as lab:
            scenario.write(lab, folder)
            click.echo(
                f"A lab of {len(lab.hosts)} simulated hosts is up, over real WinRM, SSH and SMTP.\n"
                f"Mail from {SENDER} to {RECEIVER} is stuck: event 4006, a queue that grows. Two causes of KB 919091\n"
                f"hold at once, one on {RECEIVER} and one on the firewall {FIREWALL} before it.\n"
            )
            return _story()
    finally:
        os.chdir(before)


_DIAGNOSE = ["diagnose", "-i", "inventory.yml", "all", "--from", FIREWALL]


def _story() -> int:
    """Run the commands; the first whose exit code is not the expected one ends the story."""
    mend = [
        ("Who answers?", ["ping", "-i", "inventory.yml", "all"], 0),
        ("What is wrong, and what would mend it? Only read.", [*_DIAGNOSE, "--out", "fix.yml"], 0),
    ]
    rest = [
        ("What would change? Nothing is touched.", ["plan", "fix.yml", "-i", "inventory.yml", "--out", "fix.plan"], 0),
        ("Do what the plan says.", ["apply", "fix.plan", "--yes"], 0),
        ("Is it gone?", _DIAGNOSE, 0),
        ("Put it all back.", ["rollback", "latest", "--yes"], 0),
        (
            "As it was: the same changes would be made again.",
            ["plan", "fix.yml", "-i", "inventory.yml", "--detailed-exitcode"],
            2,
        ),
        ("What happened, for those who ask later.", ["runs"], 0),
    ]
    if not _all(mend):
        return 1
    _show("cat fix.yml", Path("fix.yml").read_text(encoding="utf-8"))
    return 0 if _all(rest) else 1


def _all(steps: Sequence[tuple[str, Sequence[str], int]]) -> bool:
    for text, arguments, expected in steps:
        code = _run(text, arguments)
        if code != expected:
            click.echo(f"that ended with {code}, and {expected} was expected", err=True)
            return False
    return True


def _run(text: str, arguments: Sequence[str]) -> int:
    from remediators.cli.main import run

    click.echo(f"# {text}")
    click.echo(f"$ remediate {' '.join(arguments)}")
    code = run(arguments)
    click.echo(f"(exit code {code})\n")
    return code


def _show(title: str, text: str) -> None:
    click.echo(f"$ {title}\n{text}")
