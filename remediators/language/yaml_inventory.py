"""YAML inventories: groups with ``hosts``, ``children`` and ``vars``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediators.language.draft import Draft, Group, Layer
from remediators.language.problems import did_you_mean, kind_of
from remediators.language.source import Place, YamlDocument

_KEYS = ("hosts", "children", "vars")


def read_yaml_inventory(document: YamlDocument, draft: Draft) -> None:
    """Add what a YAML inventory says; what is wrong with it goes to the draft's problems."""
    root = Place(document)
    if document.value is None:
        return
    if not isinstance(document.value, dict):
        what = f"an inventory is a mapping of groups, and this is {kind_of(document.value)}"
        draft.problems.add(root.problem("", what))
        return
    if "plugin" in document.value:
        what = "inventory plugins are not supported"
        draft.problems.add(root.at("plugin").key.problem("", what, "write hosts and groups, or export them"))
        return
    for name, body in document.value.items():
        _group(draft, name, body, root.at(name))


def _group(draft: Draft, name: str, body: Any, place: Place) -> None:
    group = draft.group(name)
    if body is None:
        return
    where = f"group {name!r}"
    if not isinstance(body, dict):
        draft.problems.add(place.problem(where, f"must be a mapping of {', '.join(_KEYS)}, not {kind_of(body)}"))
        return
    for key in body:
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS) or "a group has hosts, children and vars; hosts and groups go inside those"
            draft.problems.add(place.at(key).key.problem(where, f"unknown key {key!r}", hint))
    _variables(draft, group, _section(draft, body, "vars", place, where), place.at("vars"))
    for key in body:  # in the order in which they are written, because that is the order of the inventory
        if key == "children":
            _children(draft, group, _section(draft, body, key, place, where), place.at(key))
        elif key == "hosts":
            _hosts(draft, group, _section(draft, body, key, place, where), place.at(key))


def _section(draft: Draft, body: Mapping[str, Any], key: str, place: Place, where: str) -> dict[str, Any]:
    found = body.get(key)
    if isinstance(found, str):
        return {found: None}
    if isinstance(found, dict):
        return found
    if found is not None:
        hint = "write each name with a colon behind it" if isinstance(found, list) else ""
        draft.problems.add(place.at(key).problem(where, f"{key} must be a mapping, not {kind_of(found)}", hint))
    return {}


def _variables(draft: Draft, group: Group, values: dict[str, Any], place: Place) -> None:
    if values:
        draft.add_layer(group, Layer(values, place.document, place.path))


def _children(draft: Draft, group: Group, children: dict[str, Any], place: Place) -> None:
    for name, body in children.items():
        group.children.setdefault(name, place.at(name).key)
        _group(draft, name, body, place.at(name))


def _hosts(draft: Draft, group: Group, hosts: dict[str, Any], place: Place) -> None:
    document, path = place.document, place.path
    for name, values in hosts.items():
        layer = None
        if values:
            if not isinstance(values, dict):
                what = f"the variables of a host are a mapping, not {kind_of(values)}"
                draft.problems.add(place.at(name).problem(f"host {name!r}", what))
                continue
            layer = Layer(values, document, (*path, name))
        if "[" in name or ":" in name or not name.isprintable() or not name.strip():
            draft.add_written(name, group, layer, place.at(name).key)
        else:
            draft.add_host(name, group, layer)
