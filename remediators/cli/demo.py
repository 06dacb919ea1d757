"""``remediate demo``: the whole story against a lab on loopback, each command printed before it runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

PLAYBOOK = """\
- name: Every server has its banner
  hosts: exchange
  vars: {banner: Contoso ESMTP mail service}
  tasks:
    - name: SMTP banner
      smtp_banner: {virtual_server: all, text: "{{ banner }}"}
      when: facts.exchange.version is version('6.5', '>=')
      cause: 4
      notify: Restart SMTP
      verify:
        smtp_greeting: {port: "{{ smtp_port }}", contains: "{{ banner }}"}
    - name: Who looks after this server
      registry:
        key: HKLM\\SOFTWARE\\Contoso\\Fleet
        values:
          Owner: {type: sz, data: messaging}
          Contacts: {type: multi_sz, data: [berlin, hamburg]}
  handlers:
    - name: Restart SMTP
      service: {name: SMTPSVC, state: restarted}
"""


@click.command()
@click.option("--keep", metavar="DIR", help="Work in this folder and leave it, instead of a temporary one.")
def command(keep: str | None) -> int:
    """Ping, plan, apply, an empty plan, rollback, an empty plan again: on simulated Windows 2003 servers."""
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        return _in(Path(keep).resolve())
    with tempfile.TemporaryDirectory(prefix="remediate-demo-") as folder:
        return _in(Path(folder))


def _in(folder: Path) -> int:
    from remediators.lab.inventory import DEFAULT_FLEET
    from remediators.lab.serve import Lab

    before = Path.cwd()
    os.chdir(folder)
    try:
        with Lab(DEFAULT_FLEET, ports="free", folder=folder / "lab") as lab:
            lab.write_inventory("lab.yml")
            Path("banner.yml").write_text(PLAYBOOK, encoding="utf-8")
            click.echo(f"A lab of {len(lab.hosts)} simulated servers is up, over real WinRM, SSH and SMTP.\n")
            return _story()
    finally:
        os.chdir(before)


def _story() -> int:
    """Run the commands; the first whose exit code is not the expected one ends the story."""
    _show("cat banner.yml", PLAYBOOK)
    steps: list[tuple[str, list[str], int]] = [
        ("Who answers?", ["ping", "-i", "lab.yml", "exchange"], 0),
        ("What would change? Nothing is touched.", ["plan", "banner.yml", "-i", "lab.yml", "--out", "banner.plan"], 0),
        ("Do what the plan says, and look from outside.", ["apply", "banner.plan", "--yes"], 0),
        ("Is anything left?", ["plan", "banner.yml", "-i", "lab.yml", "--detailed-exitcode"], 0),
        ("Put it all back.", ["rollback", "latest", "--yes"], 0),
        (
            "As it was: the same changes would be made again.",
            ["plan", "banner.yml", "-i", "lab.yml", "--detailed-exitcode"],
            2,
        ),
        ("What happened, for those who ask later.", ["runs"], 0),
    ]
    for text, arguments, expected in steps:
        code = _run(text, arguments)
        if code != expected:
            click.echo(f"that ended with {code}, and {expected} was expected", err=True)
            return 1
    return 0


def _run(text: str, arguments: Sequence[str]) -> int:
    from remediators.cli.main import run

    click.echo(f"# {text}")
    click.echo(f"$ remediate {' '.join(arguments)}")
    code = run(arguments)
    click.echo(f"(exit code {code})\n")
    return code


def _show(title: str, text: str) -> None:
    click.echo(f"$ {title}\n{text}")
