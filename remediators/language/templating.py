"""
Jinja2 as in Ansible: native values, strict about what is undefined, sandboxed, and within bounds.

What came from a host is a value and never a template: only text that stands in a file is ever filled in.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from remediators.language.filters import FILTERS, TESTS
from remediators.language.natives import (
    LONGEST,
    MOST,
    OMIT,
    WIDEST,
    Missing,
    TemplateFault,
    UseOfMissing,
    pads_too_far,
    plain,
)
from remediators.language.problems import did_you_mean, is_secret, kind_of

_RESULT = "rendered__"
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        [
            "capitalize",
            "casefold",
            "center",
            "count",
            "endswith",
            "find",
            "format",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "islower",
            "isnumeric",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "upper",
            "zfill",
        ]
    ),
    dict: frozenset(["get", "items", "keys", "values"]),
    list: frozenset(["count", "index"]),
}
_WIDENING = frozenset({"center", "ljust", "rjust", "zfill"})


class _Lazy(Context):
    """A context that looks names up where they are used, so that variables are resolved only when needed."""

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        scope: Any = self.parent
        return scope.lookup(key) if hasattr(scope, "lookup") else scope.get(key, jinja2.utils.missing)


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox with attributes narrowed to keys and a few harmless methods, and with bounded growth."""

    context_class = _Lazy
    intercepted_binops = frozenset({"*", "**", "%", "<<", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Undefined):
            return getattr(obj, attribute)
        return self._method(obj, attribute) if _may_call(obj, attribute) else self._member(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj
        found = self._member(obj, argument)
        if isinstance(found, Undefined) and isinstance(argument, str) and _may_call(obj, argument):
            return self._method(obj, argument)
        return found

    def _method(self, obj: Any, name: str) -> Any:
        """A harmless method; ``format`` reaches attributes by itself, so it is Jinja's sandboxed one."""
        method = getattr(obj, name)
        if name != "format":
            return method
        _check_format(obj)
        return self.wrap_str_format(method)

    def _member(self, obj: Any, key: Any) -> Any:
        try:
            if isinstance(obj, Mapping | list | tuple | str):
                return obj[key]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=key)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return _may_call(obj, attr)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _check_growth(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(obj, Undefined):
            obj()  # raises, naming what is undefined
        _check_call(obj, args)
        return super().call(context, obj, *args, **kwargs)


def _may_call(obj: Any, name: Any) -> bool:
    return any(isinstance(obj, kind) and name in names for kind, names in _METHODS.items())


def _check_growth(operator: str, left: Any, right: Any) -> None:
    if operator == "**" and _size(left) * _magnitude(right) > 4_000:
        raise SecurityError("this power is too large")
    if operator == "<<" and _magnitude(right) > 4_000:
        raise SecurityError("this shift is too far")
    if operator == "*" and _length(left) * _magnitude(right) + _length(right) * _magnitude(left) > LONGEST:
        raise SecurityError("this repeats something too often")
    if operator == "+" and _length(left) + _length(right) > LONGEST:
        raise SecurityError("this becomes too long")
    if operator == "%" and isinstance(left, str):
        _check_format(left)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _magnitude(value: Any) -> float:
    return abs(value) if isinstance(value, int | float) else 0


def _size(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 1


def _check_format(text: str) -> None:
    if pads_too_far(text):
        raise SecurityError("this format pads too far")


def _check_call(function: Any, arguments: tuple[Any, ...]) -> None:
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if not isinstance(owner, str):
        return
    if name in _WIDENING and any(_magnitude(argument) > WIDEST for argument in arguments):
        raise SecurityError("this pads too far")
    if name == "replace" and len(arguments) > 1 and (len(owner) + 1) * (_length(arguments[1]) + 1) > 100 * LONGEST:
        raise SecurityError("this replaces with too much text")
    if name == "join" and arguments and len(owner) * _length(arguments[0]) > LONGEST:
        raise SecurityError("this joins too much text")


def _bounded_range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > MOST:
        raise SecurityError(f"this range has more than {MOST} members")
    return found


def _no_lookup(*_names: Any, **_options: Any) -> Any:
    raise TemplateFault("lookups are not supported", "put the value into a variable", "lookup")


BUILT_IN: Mapping[str, Any] = {
    "range": _bounded_range,
    "dict": dict,
    "omit": OMIT,
    "lookup": _no_lookup,
    "query": _no_lookup,
}


@dataclass(frozen=True, slots=True)
class Uses:
    """What a template names: variables, and chains such as ``("exchange", "version")`` behind ``facts``."""

    names: frozenset[str] = frozenset()
    facts: frozenset[tuple[str, ...]] = frozenset()
    facts_by_no_name: bool = False

    def __or__(self, other: Uses) -> Uses:
        return Uses(self.names | other.names, self.facts | other.facts, self.facts_by_no_name or other.facts_by_no_name)

    @property
    def secret(self) -> bool:
        return any(is_secret(name) for name in self.names)


def _environment() -> _Sandbox:
    found = _Sandbox(undefined=Missing, keep_trailing_newline=True, cache_size=0, autoescape=False, optimized=False)
    builtin = ("attr", "urlize", "xmlattr", "forceescape", "escape", "e", "safe", "pprint", "filesizeformat", "random")
    for name in builtin:
        found.filters.pop(name, None)
    found.filters.update(FILTERS)
    found.tests.update(TESTS)
    return found


_ENVIRONMENT = _environment()
_COMPILING = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Compiled:
    template: jinja2.Template
    native: bool
    uses: Uses


def is_template(value: Any) -> bool:
    """Whether a text has something to fill in."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value)


def has_template(value: Any) -> bool:
    """Whether there is something to fill in anywhere in a value."""
    if isinstance(value, dict):
        return any(has_template(part) for part in value.values()) or any(is_template(key) for key in value)
    if isinstance(value, list):
        return any(has_template(part) for part in value)
    return is_template(value)


def uses(value: Any) -> Uses:
    """Everything that the templates in a value name. Raises `TemplateFault` where one is misspelt."""
    if isinstance(value, dict):
        return _united(part for pair in value.items() for part in pair)
    if isinstance(value, list):
        return _united(value)
    return _compiled(value, expression=False).uses if is_template(value) else Uses()


def uses_of_condition(text: str) -> Uses:
    """Everything that a bare expression names. Raises `TemplateFault` where it is misspelt."""
    return _compiled(text, expression=True).uses


def _united(values: Any) -> Uses:
    found = Uses()
    for value in values:
        if isinstance(value, dict | list) or is_template(value):
            found = found | uses(value)
    return found


def needed_facts(source: str) -> frozenset[str]:
    """Dotted names behind ``facts`` in a template: ``{{ facts.a.b }}`` or ``{{ facts['a']['b'] }}`` gives ``a.b``."""
    return frozenset(".".join(chain) for chain in uses(source).facts)


def render(value: Any, scope: Any) -> Any:
    """
    Fill in every template of a plain value; structures keep their shape, options that are `OMIT` are left out.

    ``scope`` has ``lookup(name)`` and ``names()``. Raises `TemplateFault`.
    """
    if isinstance(value, dict):
        filled = {render_key(key, scope): render(part, scope) for key, part in value.items()}
        return {key: part for key, part in filled.items() if part is not OMIT}
    if isinstance(value, list):
        return [part for part in (render(part, scope) for part in value) if part is not OMIT]
    return render_text(value, scope) if is_template(value) else value


def render_key(key: str, scope: Any) -> str:
    """A key with its template filled in, which must come out as text."""
    if not is_template(key):
        return key
    filled = render_text(key, scope)
    if not isinstance(filled, str | int | float) or isinstance(filled, bool):
        raise TemplateFault(f"a key must come out as text, and this is {kind_of(filled)}")
    return str(filled)


def render_text(text: str, scope: Any) -> Any:
    """A template's value: native where the text is one expression, else text. Raises `TemplateFault`."""
    return _run(_compiled(text, expression=False), scope)


def evaluate(text: str, scope: Any) -> Any:
    """The value of a bare expression, as in ``when``. Raises `TemplateFault`."""
    return _run(_compiled(text, expression=True), scope)


def _run(compiled: _Compiled, scope: Any) -> Any:
    try:
        context = compiled.template.new_context(scope, shared=True)
        chunks = compiled.template.root_render_func(context)
        if compiled.native:
            _joined(chunks)
            return plain(context.vars[_RESULT])
        return _joined(chunks)
    except TemplateFault:
        raise
    except UseOfMissing as error:
        raise error.missing.fault(scope.names()) from error
    except SecurityError as error:
        raise TemplateFault(f"is not allowed in a template: {error}") from error
    except RecursionError as error:
        raise TemplateFault("is nested too deeply") from error
    except Exception as error:  # a filter may raise anything, and all of it is the template's fault
        raise TemplateFault(f"cannot be filled in: {_said(error)}") from error


def _said(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300]


def _joined(chunks: Iterator[Any]) -> str:
    parts: list[str] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > LONGEST:
            raise SecurityError(f"its result is longer than {LONGEST} characters")
    return "".join(parts)


@lru_cache(maxsize=10_000)
def _compiled(text: str, *, expression: bool) -> _Compiled:
    """Parse and compile once. Raises `TemplateFault` with the word at which a template is misspelt."""
    if len(text) > LONGEST:
        raise TemplateFault(f"is a template of more than {LONGEST} characters")
    source = "{{ (" + text + "\n) }}" if expression else text
    try:
        with _COMPILING:
            tree = _ENVIRONMENT.parse(source)
            used = _uses(tree)
            native = _single(tree)
            template = _from_tree(_as_result(native) if native is not None else tree)
    except jinja2.TemplateSyntaxError as error:
        raise _misspelt(error, source, expression=expression) from error
    except RecursionError as error:
        raise TemplateFault("is nested too deeply") from error
    except (ValueError, OverflowError) as error:
        raise TemplateFault(f"is no template: {_said(error)}") from error
    return _Compiled(template, native is not None, used)


def _from_tree(tree: nodes.Template) -> jinja2.Template:
    code = _ENVIRONMENT.compile(tree)
    return jinja2.Template.from_code(_ENVIRONMENT, code, {})


def _single(tree: nodes.Template) -> nodes.Expr | None:
    """The expression that a template consists of, if it is nothing else."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return None
    parts = tree.body[0].nodes
    return parts[0] if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData) else None


def _as_result(expression: nodes.Expr) -> nodes.Template:
    assign = nodes.Assign(nodes.Name(_RESULT, "store", lineno=1), expression, lineno=1)
    tree = nodes.Template([assign], lineno=1)
    tree.set_environment(_ENVIRONMENT)
    return tree


def _misspelt(error: jinja2.TemplateSyntaxError, source: str, *, expression: bool) -> TemplateFault:
    said = (error.message or "is misspelt").rstrip(".")
    unknown = re.match(r"No (filter|test) named '(\w+)'", said)
    if unknown:
        known = _ENVIRONMENT.filters if unknown[1] == "filter" else _ENVIRONMENT.tests
        return TemplateFault(f"there is no {unknown[1]} {unknown[2]!r}", did_you_mean(unknown[2], known), unknown[2])
    if expression and "unexpected ')'" in said:
        said = "the expression ends too early"
    line = source.split("\n")[error.lineno - 1] if error.lineno <= source.count("\n") + 1 else ""
    found = re.search(r"got '(.+?)'$|unexpected '(.+?)'|unexpected char '(.+?)'|unknown tag '(\w+)'", said)
    word = next((group for group in found.groups() if group), "") if found else ""
    return TemplateFault(f"the template is misspelt: {said}", word=word if word in line else "")


def _uses(tree: nodes.Template) -> Uses:
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
