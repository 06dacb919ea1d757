"""The sandbox of templates: attributes narrowed to keys and a few harmless methods, and bounded growth."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jinja2
import jinja2.filters
from jinja2.exceptions import SecurityError
from jinja2.lexer import TOKEN_STRING, TOKEN_VARIABLE_BEGIN, TOKEN_VARIABLE_END, Lexer
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing as missing  # noqa: PLC0414 - what stands for a name that there is not

from remediators.language.filters import FILTERS, TESTS
from remediators.language.lookups import lookup, query, secret
from remediators.language.natives import (
    LONGEST,
    MOST,
    OMIT,
    WIDEST,
    pads_too_far,
)
from remediators.language.results import Missing
from remediators.language.work import CONCAT, TURN, concatenated, made, measure, shown, spend, turn

# fmt: off
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({
        "capitalize", "casefold", "center", "count", "endswith", "find", "format", "index", "isalnum",
        "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle",
        "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
        "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "upper", "zfill",
    }),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
}
# fmt: on


_OF_LOOPS = frozenset({
    "changed", "cycle", "depth", "depth0", "first", "index", "index0", "last", "length", "nextitem", "previtem",
    "revindex", "revindex0",
})  # fmt: skip
_WIDENING = frozenset({"center", "ljust", "rjust", "zfill"})


class _Lazy(Context):
    """A context that looks names up where they are used, so that variables are resolved only when needed."""

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        scope: Any = self.parent
        return scope.lookup(key) if hasattr(scope, "lookup") else scope.get(key, jinja2.utils.missing)


class _Lexer(Lexer):
    r"""
    A backslash in a text inside ``{{ }}`` is a backslash, as in Ansible, because YAML has its own.

    So ``'\1'`` is a group of a regular expression and ``'C:\new'`` a path. ``when`` and ``{% %}`` keep Jinja's escapes,
    as in Ansible, too. ``escapes`` keeps them everywhere; it is set while a template is compiled, by one thread.
    """

    escapes = False

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        inside = False
        for line, token, text in super().tokeniter(source, name, filename, state):
            if token in (TOKEN_VARIABLE_BEGIN, TOKEN_VARIABLE_END):
                inside = token == TOKEN_VARIABLE_BEGIN
            doubled = inside and token == TOKEN_STRING and not self.escapes
            yield line, token, text.replace("\\", "\\\\") if doubled else text


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox with attributes narrowed to keys and a few harmless methods, and with bounded growth."""

    context_class = _Lazy

    @functools.cached_property
    def lexer(self) -> _Lexer:
        return _Lexer(self)

    intercepted_binops = frozenset({"*", "**", "%", "<<", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise SecurityError(f"{attribute} belongs to Python, and templates see plain values only")
        if isinstance(obj, Undefined):
            return getattr(obj, attribute)
        if isinstance(obj, LoopContext) and attribute in _OF_LOOPS:
            return getattr(obj, attribute)
        return self._method(obj, attribute) if _may_call(obj, attribute) else self._member(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj
        if isinstance(argument, Undefined):
            return argument
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
        sandboxed: Any = self.wrap_str_format(method)  # it gives None for what is no method of a text

        def formatted(*args: Any, **kwargs: Any) -> Any:
            for value in (*args, *kwargs.values()):
                measure([value] * obj.count("{") if isinstance(value, str) else value)
            return sandboxed(*args, **kwargs)

        return formatted

    def _member(self, obj: Any, key: Any) -> Any:
        try:
            if isinstance(obj, Mapping | list | tuple | str):
                return obj[key]
        except (LookupError, TypeError):
            pass
        if isinstance(obj, Mapping) and isinstance(key, int | float) and str(key) in obj:
            return obj[str(key)]  # {80: http} has text for its keys here, and a number in Ansible
        return self.undefined(obj=obj, name=key)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return _may_call(obj, attr)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _check_growth(operator, left, right)
        spend(1 + _length(left) + _length(right))
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(obj, Undefined):
            obj()  # raises, naming what is undefined
        if args and getattr(obj, "__name__", "") == "join" and isinstance(getattr(obj, "__self__", None), str):
            args = (_joinable(args[0]), *args[1:])
        _check_call(obj, args)
        spend()
        return made(super().call(context, obj, *args, **kwargs))


def _joinable(members: Any) -> Any:
    """What a text is to join, counted first."""
    found = list(members)
    measure(found)
    return found


def _may_call(obj: Any, name: Any) -> bool:
    return any(isinstance(obj, kind) and name in names for kind, names in _METHODS.items())


def _check_growth(operator: str, left: Any, right: Any) -> None:
    if operator == "**" and _size(left) * _magnitude(right) > 4_000:
        raise SecurityError("this power is too large")
    if operator == "<<" and _magnitude(right) > 4_000:
        raise SecurityError("this shift is too far")
    if operator == "*" and _size(left) + _size(right) > 10_000:
        raise SecurityError("this number is too large")
    if operator == "*" and _length(left) * _magnitude(right) + _length(right) * _magnitude(left) > LONGEST:
        raise SecurityError("this repeats something too often")
    if operator == "+" and _length(left) + _length(right) > LONGEST:
        raise SecurityError("this becomes too long")
    if operator == "%" and isinstance(left, str):
        _check_format(left)
        for value in right if isinstance(right, tuple) else right.values() if isinstance(right, dict) else [right]:
            measure([value] * left.count("%") if isinstance(value, str) else value)


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


BUILT_IN: Mapping[str, Any] = {
    "range": _bounded_range,
    "dict": dict,
    "omit": OMIT,
    "lookup": lookup,
    "query": query,
    "secret": secret,
}


def _counted(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test whose results are counted, and what it reads: a list by its members, for text all of it."""
    reads = 0 if getattr(filter_, "jinja_pass_arg", None) is None else 1
    whole = filter_ in _AS_TEXT

    @functools.wraps(filter_)
    def counted(*args: Any, **kwargs: Any) -> Any:
        value = args[reads] if len(args) > reads else None
        if whole:
            measure(value)
        elif isinstance(value, list | tuple | str):
            spend(1 + len(value) // 10)
        else:
            spend()
        return made(filter_(*args, **kwargs))

    return counted


_BUILT_IN_TEXT = (
    "string",
    "upper",
    "lower",
    "capitalize",
    "title",
    "trim",
    "striptags",
    "truncate",
    "wordcount",
    "urlencode",
)
_AS_TEXT = frozenset(jinja2.filters.FILTERS[name] for name in _BUILT_IN_TEXT)


def _environment() -> _Sandbox:
    found = _Sandbox(
        undefined=Missing,
        keep_trailing_newline=True,
        cache_size=0,
        autoescape=False,
        optimized=False,
        finalize=shown,
    )
    builtin = ("attr", "urlize", "xmlattr", "forceescape", "escape", "e", "safe", "pprint", "filesizeformat", "random")
    for name in builtin:
        found.filters.pop(name, None)
    found.filters.update(FILTERS)
    found.tests.update(TESTS)
    found.filters = {name: _counted(filter_) for name, filter_ in found.filters.items()}
    tests: Mapping[str, Any] = found.tests
    found.tests = {name: _counted(test) for name, test in tests.items()}
    found.filters.update({TURN: turn, CONCAT: concatenated})
    return found


ENVIRONMENT = _environment()
