"""Which devices stand before each host of a run, those before the devices included, and which hosts behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from remediators.language.draft import Layer
from remediators.language.hosts import resolve_hosts
from remediators.language.inventory import Inventory
from remediators.language.problems import Problems
from remediators.language.routes import VARIABLE, place_of_route, routes
from remediators.model import Host

Routes = Mapping[str, tuple[str, ...]]


def with_ways(inventory: Inventory, hosts: Mapping[str, Host], extra: tuple[Layer, ...] = ()) -> dict[str, Host]:
    """
    The same hosts, told which devices are in front of them, and which of them they are in front of themselves.

    Raises `LanguageError` for names that are none, and for devices that stand before each other in a circle.
    """
    direct = _closed(inventory, hosts, extra)
    if not any(direct.values()):
        return dict(hosts)
    _refuse_circles(inventory, direct)
    whole = {name: _whole(name, direct) for name in hosts}
    behind: dict[str, dict[str, str]] = {name: {} for name in hosts}
    for name, way in whole.items():
        for device in (device for device in way if device in behind):
            behind[device][name] = str(hosts[name].variables.get("ansible_host", name))
    return {name: replace(host, via=whole[name], behind=behind[name]) for name, host in hosts.items()}


def _closed(inventory: Inventory, hosts: Mapping[str, Host], extra: tuple[Layer, ...]) -> dict[str, tuple[str, ...]]:
    """What each host and each device on the way says of itself."""
    found = routes(inventory, hosts)
    while missing := {device for way in found.values() for device in way} - set(found):
        found |= routes(inventory, resolve_hosts(inventory, sorted(missing), extra=extra))
    return found


def _whole(name: str, direct: Routes) -> tuple[str, ...]:
    """All devices before a host, outermost first: those before each device, and then the device."""
    return tuple(dict.fromkeys(one for device in direct[name] for one in (*_whole(device, direct), device)))


def _refuse_circles(inventory: Inventory, direct: Routes) -> None:
    problems = Problems()
    sound: set[str] = set()
    for name in direct:
        circle = _circle(name, direct, sound, [])
        if circle:
            chain = " → ".join(circle)
            place = place_of_route(inventory, circle[0])
            problems.add(place.problem(f"variable {VARIABLE!r}", f"hosts stand before each other in a circle: {chain}"))
            break
    problems.raise_if_any()


def _circle(name: str, direct: Routes, sound: set[str], trail: list[str]) -> list[str]:
    """The first circle that is met from a host on; ``sound`` grows by what leads into none."""
    if name in trail:
        return [*trail[trail.index(name) :], name]
    if name not in sound:
        for device in direct[name]:
            found = _circle(device, direct, sound, [*trail, name])
            if found:
                return found
        sound.add(name)
    return []
