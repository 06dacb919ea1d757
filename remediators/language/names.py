"""What a template names, found in its syntax tree without running it."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from remediators.language.natives import TemplateFault
from remediators.language.uses import Uses


def uses_of_tree(tree: nodes.Template) -> Uses:
    _refuse_other_files(tree)
    own = _assigned(tree)
    names = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"} - own
    chains, nameless = _fact_chains(tree)
    return Uses(frozenset(names - {"facts"}), frozenset(chains), nameless)


def _refuse_other_files(tree: nodes.Template) -> None:
    others = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for _ in tree.find_all(others):
        raise TemplateFault("include, import and extends are not supported in a template")


def _assigned(tree: nodes.Template) -> set[str]:
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")}


def _fact_chains(tree: nodes.Node) -> tuple[set[tuple[str, ...]], bool]:
    """Chains behind ``facts``, and whether it is used in a way that names none."""
    chains: set[tuple[str, ...]] = set()
    nameless = False

    def walk(node: nodes.Node) -> None:
        nonlocal nameless
        chain = _chain(node)
        if chain:
            chains.add(chain)
        elif chain is not None:
            nameless = True
        inner = _arguments(node) if chain is not None else node.iter_child_nodes()
        for child in inner:
            walk(child)

    walk(tree)
    return chains, nameless


def _chain(node: nodes.Node) -> tuple[str, ...] | None:
    """``facts.a['b'].c`` as ``("a", "b", "c")``; empty for ``facts`` or ``facts[x]``; ``None`` for anything else."""
    steps: list[str | None] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
        else:
            steps.append(
                node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None
            )
        node = node.node
    if not isinstance(node, nodes.Name) or node.name != "facts" or node.ctx != "load":
        return None
    steps.reverse()
    named = steps[: steps.index(None)] if None in steps else steps
    return tuple(str(step) for step in named)


def _arguments(node: nodes.Node) -> Iterator[nodes.Node]:
    """What stands in the brackets along a chain."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getitem):
            yield node.arg
        node = node.node
