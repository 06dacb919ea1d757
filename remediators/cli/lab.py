"""``remediate lab``: simulated hosts on loopback."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import click
import yaml

from remediators.model import RemediationError, UsageError


@click.group()
def command() -> None:
    """Simulated Windows hosts on loopback, spoken to over real WinRM, SSH and SMTP."""


@command.command()
@click.option(
    "--ports",
    type=click.Choice(["fixed", "free"]),
    default="fixed",
    show_default=True,
    help="fixed: one 127.66.0.N address a host, as in inventory/lab.yml; free: any free ports.",
)
@click.option("--inventory", "inventory_file", metavar="FILE", help="Write an inventory of the running lab there.")
@click.option(
    "--folder", default="~/.remediate-lab", show_default=True, help="Where known_hosts, keys and certificates go."
)
@click.option("--hosts", type=click.IntRange(1, 2000), help="That many equal hosts instead of the example fleet.")
@click.option(
    "--connection",
    type=click.Choice(["winrm", "ssh"]),
    default="winrm",
    show_default=True,
    help="With --hosts: how they are reached.",
)
@click.option("--fleet", metavar="FILE", help="A YAML file: host name to its data, instead of the example fleet.")
def up(ports: str, inventory_file: str | None, folder: str, hosts: int | None, **choice: Any) -> int:
    """Serve until interrupted."""
    from remediators.lab.serve import Lab

    lab = Lab(_fleet(hosts, **choice), ports="fixed" if ports == "fixed" else "free", folder=Path(folder).expanduser())
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        lab.start()
    except OSError as error:
        raise RemediationError(f"the lab cannot listen: {error.strerror or error}; is one running already?") from error
    try:
        if inventory_file:
            lab.write_inventory(inventory_file)
        click.echo(f"{len(lab.hosts)} hosts are up; keys in {folder}/" + _where(inventory_file, ports))
        stop.wait()
    finally:
        lab.stop()
    return 0


def _where(inventory_file: str | None, ports: str) -> str:
    known = inventory_file or ("inventory/lab.yml" if ports == "fixed" else None)
    return f"; try: remediate ping -i {known} all" if known else ""


def _fleet(hosts: int | None, connection: str, fleet: str | None) -> Any:
    from remediators.lab.inventory import DEFAULT_FLEET, generate

    if fleet:
        return _read_fleet(Path(fleet))
    return generate(hosts, connection) if hosts else DEFAULT_FLEET


def _read_fleet(path: Path) -> Any:
    try:
        fleet = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: {error}") from error
    if not isinstance(fleet, dict) or not all(isinstance(spec, dict | None) for spec in fleet.values()):
        raise UsageError(f"{path}: must map each host's name to its data")
    return {name: spec or {} for name, spec in fleet.items()}
