"""
Jinja2 as in Ansible: native values, strict about what is undefined, sandboxed, and within bounds.

What came from a host is a value and never a template: only text that stands in a file is ever filled in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from remediators.language import taint
from remediators.language.hidden import Hidden
from remediators.language.natives import OMIT, TemplateFault
from remediators.language.problems import kind_of
from remediators.language.uses import Uses
from remediators.language.vault import VaultFault

if TYPE_CHECKING:
    from remediators.language.filling import Compiled


def is_template(value: Any) -> bool:
    """Whether a text has something to fill in, or a value is hidden."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value or "{#" in value
    return isinstance(value, Hidden)


def has_template(value: Any) -> bool:
    """Whether there is something to fill in anywhere in a value."""
    if isinstance(value, dict):
        return any(has_template(part) for part in value.values()) or any(is_template(key) for key in value)
    if isinstance(value, list):
        return any(has_template(part) for part in value)
    return is_template(value)


_OF_HIDDEN = Uses(frozenset({"secret"}))  # as a template that calls secret(): what is made of it is sensitive


def uses(value: Any) -> Uses:
    """Everything that the templates in a value name. Raises `TemplateFault` where one is misspelt."""
    if isinstance(value, dict):
        return _united(part for pair in value.items() for part in pair)
    if isinstance(value, list):
        return _united(value)
    if isinstance(value, Hidden):
        return _OF_HIDDEN
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
    if isinstance(text, Hidden):
        return opened(text)
    return _run(text, scope, expression=False)


def opened(value: Hidden) -> Any:
    """What a hidden value holds, never filled in. Raises `TemplateFault`."""
    taint.touch()
    try:
        return value.open(own=taint.is_own(), folder=taint.folder())
    except VaultFault as fault:
        raise TemplateFault(fault.what, fault.hint) from fault


def evaluate(text: str, scope: Any) -> Any:
    """The value of a bare expression, as in ``when``. Raises `TemplateFault`."""
    return _run(text, scope, expression=True)


def _run(text: str, scope: Any, *, expression: bool) -> Any:
    from remediators.language.filling import run  # noqa: PLC0415 - as below

    return run(_compiled(text, expression=expression), scope)


def _compiled(text: str, *, expression: bool) -> Compiled:
    from remediators.language.filling import compiled  # noqa: PLC0415 - Jinja: 45 ms, where there is a template

    return compiled(text, expression=expression)
