"""
hier-config, as it is used here: two trees are compared, and what comes of it is read line by line.

It knows that a section that goes takes its lines along, that some sections need a line to be left
(``exit-address-family``), and which lines of a section come last (``no shutdown``). Its IOS rules are used for that;
ASA and PIX have its generic ones, which add nothing. The rules that replace or drop text are left out: a device is
told nothing but what it showed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

from hier_config import HConfig, Host  # type: ignore[import-untyped]
from hier_config.options import base_options, ios_options  # type: ignore[import-untyped]

from remediators.resources.config_text import Path

_USED = ("sectional_exiting", "ordering")


def difference(now: Iterable[Path], wanted: Iterable[Path], platform: str) -> list[list[Path]]:
    """
    What leads from one set of lines to another, section by section, each line with its parents, in order.

    A line that goes is its own opposite (``no X`` for ``X``), a line that comes is itself.
    """
    delta = _tree(now, platform).config_to_get_to(_tree(wanted, platform))
    delta.add_sectional_exiting()
    delta.set_order_weight()
    return [list(_walk(child)) for child in sorted(delta.children)]


def ordered(paths: Iterable[Path], platform: str) -> list[Path]:
    """These lines with their parents, each parent once and before what is in it."""
    return [path for child in _tree(paths, platform).children for path in _walk(child)]


def _walk(node: Any) -> Iterator[Path]:
    """Single lines before sections: typed after one, a line that the section knows too would land in it."""
    yield tuple(node.path())
    for child in sorted(node.children, key=lambda child: (child.order_weight, _is_section(child))):
        yield from _walk(child)


def _is_section(node: Any) -> bool:
    return bool(node.children) or node.text.startswith("class ")  # classes have an order, empty or not


def _tree(paths: Iterable[Path], platform: str) -> Any:
    tree = HConfig(host=Host("device", platform, _options(platform)))
    for path in paths:
        node: Any = tree
        for text in path:
            node = node.add_child(text)
    return tree


@lru_cache(maxsize=4)
def _options(platform: str) -> dict[str, Any]:
    options: dict[str, Any] = deepcopy(base_options)
    if platform == "ios":
        options |= {name: deepcopy(ios_options[name]) for name in _USED}
    return options
