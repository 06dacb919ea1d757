"""``remediate lab``: simulated hosts on loopback."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import yaml

from remediators.model import RemediationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from remediators.lab.serve import Lab

Ports = Literal["fixed", "free"]


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
@click.option(
    "--scenario",
    metavar="NAME",
    help="Hosts with something known wrong, such as kb919091/cause1+cause4; `remediate lab scenarios` lists them.",
)
@click.option(
    "--operator-data/--no-operator-data",
    default=True,
    show_default=True,
    help="With --scenario: whether the data that an operator must supply stands in the inventory and beside it.",
)
def up(ports: str, inventory_file: str | None, folder: str, scenario: str | None, **choice: Any) -> int:
    """Serve until interrupted."""
    place = Path(folder).expanduser()
    fixed: Ports = "fixed" if ports == "fixed" else "free"
    with_data = choice.pop("operator_data")
    if scenario:
        return _tell(scenario, place, fixed, inventory_file, with_data=with_data)
    from remediators.lab.serve import Lab

    return _serve(
        Lab(_fleet(**choice), ports=fixed, folder=place),
        lambda lab: _written(lab, inventory_file) + f"keys in {folder}/" + _where(inventory_file, ports),
    )


@command.command()
def scenarios() -> int:
    """Names for `lab up --scenario`; their parts can be joined with + in any way."""
    from remediators.lab.scenarios import names

    click.echo("\n".join(names()))
    return 0


def _tell(name: str, folder: Path, ports: Ports, inventory_file: str | None, *, with_data: bool) -> int:
    """Serve a scenario; its inventory goes to a folder of its own, with the operator's data."""
    from remediators.lab.scenarios import find

    try:
        scenario = find(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    home = folder / name.replace("/", "-").replace("+", "-")

    def written(lab: Lab) -> str:
        path = scenario.write(lab, Path(inventory_file).parent if inventory_file else home, data=with_data)
        if inventory_file:
            path = path.rename(inventory_file)
        return f"inventory: {path}; try: remediate ping -i {path} all"

    return _serve(scenario.lab(home / "keys", ports), written)


def _written(lab: Lab, inventory_file: str | None) -> str:
    if inventory_file:
        lab.write_inventory(inventory_file)
    return ""


def _serve(lab: Lab, written: Callable[[Lab], str]) -> int:
    """Serve until interrupted; ``written`` writes what is to be written of the running lab and says where."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        lab.start()
    except OSError as error:
        raise RemediationError(f"the lab cannot listen: {error.strerror or error}; is one running already?") from error
    try:
        click.echo(f"{len(lab.hosts)} hosts are up; {written(lab)}")
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
