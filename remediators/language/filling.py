"""Compile templates with Jinja, and fill them in. Imported where there is one."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError

from remediators.language import taint
from remediators.language.names import uses_of_tree
from remediators.language.natives import LONGEST, TemplateFault
from remediators.language.problems import did_you_mean
from remediators.language.results import UseOfMissing, plain
from remediators.language.sandbox import ENVIRONMENT
from remediators.language.uses import Uses
from remediators.language.work import count_work, limited
from remediators.language.yaml_nodes import unliteral
from remediators.model.secrecy import as_secret

_RESULT = "rendered__"
_COMPILING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Compiled:
    template: jinja2.Template
    native: bool
    uses: Uses


def run(compiled: Compiled, scope: Any) -> Any:
    """The value of a template or expression. Raises `TemplateFault`."""
    with limited(), taint.watching() as watch:
        found = _result(compiled, scope)
    return as_secret(found) if watch.touched else found


def _result(compiled: Compiled, scope: Any) -> Any:
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
def compiled(text: str, *, expression: bool) -> Compiled:
    """Parse and compile once. Raises `TemplateFault` with the word at which a template is misspelt."""
    if len(text) > LONGEST:
        raise TemplateFault(f"is a template of more than {LONGEST} characters")
    source = "{{ (" + text + "\n) }}" if expression else text
    try:
        with _COMPILING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of '\\w' in a text, which stays as it is written
            ENVIRONMENT.lexer.escapes = expression or unliteral(text) is not None
            tree = ENVIRONMENT.parse(source)
            used = uses_of_tree(tree)
            tree = count_work(tree)
            native = _single(tree)
            template = _from_tree(_as_result(native) if native is not None else tree)
    except jinja2.TemplateSyntaxError as error:
        raise _misspelt(error, source, expression=expression) from error
    except RecursionError as error:
        raise TemplateFault("is nested too deeply") from error
    except SyntaxError as error:  # Jinja writes Python that is none, as for a[:, 1]
        raise TemplateFault("the template is misspelt: Jinja makes nothing of it") from error
    except (ValueError, OverflowError, MemoryError) as error:
        raise TemplateFault(f"is no template: {_said(error)}") from error
    return Compiled(template, native is not None, used)


def _from_tree(tree: nodes.Template) -> jinja2.Template:
    code = ENVIRONMENT.compile(tree)
    return jinja2.Template.from_code(ENVIRONMENT, code, {})


def _single(tree: nodes.Template) -> nodes.Expr | None:
    """The expression that a template consists of, if it is nothing else."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return None
    parts = tree.body[0].nodes
    return parts[0] if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData) else None


def _as_result(expression: nodes.Expr) -> nodes.Template:
    assign = nodes.Assign(nodes.Name(_RESULT, "store", lineno=1), expression, lineno=1)
    tree = nodes.Template([assign], lineno=1)
    tree.set_environment(ENVIRONMENT)
    return tree


_AGAIN = ": got '='"


def _misspelt(error: jinja2.TemplateSyntaxError, source: str, *, expression: bool) -> TemplateFault:
    said = (error.message or "is misspelt").rstrip(".")
    unknown = re.match(r"No (filter|test) named '(\w+)'", said)
    if unknown:
        known = ENVIRONMENT.filters if unknown[1] == "filter" else ENVIRONMENT.tests
        return TemplateFault(f"there is no {unknown[1]} {unknown[2]!r}", did_you_mean(unknown[2], known), unknown[2])
    hint = ""
    if expression and "unexpected ')'" in said:
        said = "the expression ends too early"
    elif said.endswith("got '='"):
        said, hint = "'=' is not expected here: got '='", "compare with =="
    line = source.split("\n")[error.lineno - 1] if error.lineno <= source.count("\n") + 1 else ""
    found = re.search(r"got '(.+?)'$|unexpected '(.+?)'|unexpected char '(.+?)'|unknown tag '(\w+)'", said)
    word = next((group for group in found.groups() if group), "") if found else ""
    return TemplateFault(f"the template is misspelt: {said.removesuffix(_AGAIN)}", hint, word if word in line else "")
