"""
What templates may fetch from outside the files: ``secret('KIND:REST')``, and those of Ansible's lookups that fit.

What `secret` gives is a secret. ``env``, ``file`` and ``pipe`` give ordinary text, as in Ansible: what makes it secret
is the name of the variable it goes into.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from remediators.language import hidden, taint
from remediators.language.natives import TemplateFault
from remediators.language.problems import did_you_mean
from remediators.language.secret_sources import read_reference
from remediators.language.vault import VaultFault
from remediators.model.secrecy import Secret


def secret(*references: Any, **options: Any) -> Secret:
    """A secret from outside the files. Raises `TemplateFault`."""
    if len(references) > 1 or bool(references) is bool(options):
        raise TemplateFault("secret() takes one reference", "secret('env:NAME')", "secret")
    try:
        kind, found = read_reference(references[0] if references else options)
        reference = hidden.Referred(kind, found, hidden.current())
        taint.touch()
        return reference.open(own=taint.is_own(), folder=taint.folder())
    except VaultFault as fault:
        raise TemplateFault(fault.what, fault.hint, "secret") from fault


def lookup(*names: Any, **options: Any) -> Any:
    """Ansible's lookups that read something of this machine. Raises `TemplateFault`."""
    found = query(*names, **options)
    return found[0] if len(found) == 1 else ",".join(map(str, found))


def query(*names: Any, **options: Any) -> list[Any]:
    """The same as a list, with one member for each term. Raises `TemplateFault`."""
    if len(names) < 2 and not (names and options):
        raise TemplateFault("lookup() takes its kind and what to look up", "lookup('env', 'NAME')", "lookup")
    kind, *terms = names
    short = str(kind).removeprefix("ansible.builtin.")
    if short not in _LOOKUPS:
        hint = did_you_mean(short, _LOOKUPS) or "put the value into a variable"
        raise TemplateFault(f"the lookup {str(kind)!r} is not supported; {', '.join(_LOOKUPS)} are", hint, "lookup")
    try:
        return [_LOOKUPS[short](term, options) for term in terms or [""]]
    except VaultFault as fault:
        raise TemplateFault(fault.what, fault.hint, "lookup") from fault


def _plain(kind: str, term: Any) -> str:
    keys = hidden.current()
    return hidden.fetched(keys, kind, {kind: str(term)}, own=taint.is_own(), folder=taint.folder())


def _env(term: Any, options: Mapping[str, Any]) -> Any:
    if str(term) not in os.environ and (taint.is_own() or hidden.current().foreign):
        return options.get("default", "")
    return _plain("env", term)


def _pipe(term: Any, _: Mapping[str, Any]) -> str:
    """A command line that a shell reads, as Ansible's ``pipe``."""
    keys = hidden.current()
    words = ("/bin/sh", "-c", str(term))
    return hidden.fetched(keys, "command", {"command": words}, own=taint.is_own(), folder=taint.folder())


def _password_store(term: Any, _: Mapping[str, Any]) -> Secret:
    return secret(f"pass:{str(term).split(' ', 1)[0]}")


def _hashi_vault(term: Any, options: Mapping[str, Any]) -> Secret:
    """``secret=PATH:FIELD`` and further words or options, as community.hashi_vault reads them."""
    words = dict(word.split("=", 1) for word in str(term).split() if "=" in word)
    given = {**words, **{name: str(value) for name, value in options.items()}}
    path, _, field = given.get("secret", str(term)).partition(":")
    engine = 2 if "/data/" in path else 1
    found = {"hashi_vault": path.replace("/data/", "/", 1), "field": field or given.get("field", ""), "engine": engine}
    return secret(**found, **({"url": given["url"]} if "url" in given else {}))


_LOOKUPS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "env": _env,
    "file": lambda term, _: _plain("file", term),
    "pipe": _pipe,
    "community.general.passwordstore": _password_store,
    "community.hashi_vault.hashi_vault": _hashi_vault,
}
