"""
wmic.exe: ``wmic [/namespace:NS] ALIAS | path CLASS [where CONDITION] get PROPERTIES [/format:FORM] | call METHOD``.

On a pipe its lines end in CR CR LF; into a file it writes UTF-16 with a byte order mark. Its first run on a host
installs it, which is a write.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from remediators.lab import registry as reg
from remediators.lab.process import Process
from remediators.lab.wmi import ALIASES, Class, cim_text, classes_of
from remediators.lab.wmi_query import QueryError, Row, Value, condition

KEY: Final = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Wbem\\WMIC"
MARK: Final = "mofcompstatus"
_NO_NAMESPACE: Final = 0x8004100E
_NO_CLASS: Final = 0x80041010
_NO_QUERY: Final = 0x80041017
_NO_METHOD: Final = 0x80041014
# wmic's own messages have numbers of its own; 44135 is seen for an alias that there is not, the others are from memory.
_NO_ALIAS: Final = 44135
_NO_VERB: Final = 44128
_NO_SWITCH: Final = 44125
_NO_GET: Final = 44126
_WORD: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[^\s"\']')
_FORMS: Final = ("list", "value", "csv", "table")


class WmicError(Exception):
    """wmic says this on standard error and ends with ``status``."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(slots=True)
class _Asked:
    """A command line, read."""

    namespace: str = "root\\cimv2"
    name: str = ""
    where: str = ""
    verb: str = "list"
    words: list[str] = field(default_factory=list)
    form: str = "table"


def wmic_exe(process: Process) -> int:
    if process.machine.wmic_never_ran:
        _install(process)
    try:
        return _run(process, _read(process, _words(process.tail)))
    except WmicError as error:
        process.complain(error.text.replace("\n", "\r\n"))
        return error.status


def _install(process: Process) -> None:
    machine = process.machine
    machine.registry.create(KEY)
    machine.registry.set(KEY, MARK, reg.REG_SZ, reg.text_bytes("1"))
    machine.wrote("wmic", "install", "wbem")
    machine.wmic_never_ran = False
    _say(process, process.word("wmic-installing") + "\n")


def _words(tail: str) -> list[str]:
    """Words in quotes or brackets stay together; the quotes around a whole word go."""
    found: list[str] = []
    word, depth, at = "", 0, 0
    while at < len(tail):
        piece = _WORD.match(tail, at)
        text = piece[0] if piece else tail[at]
        at += len(text)
        depth += {"(": 1, ")": -1}.get(text, 0)
        if text.isspace() and depth <= 0:
            found, word = [*found, word] if word else found, ""
        else:
            word += text
    return [*found, word] if word else found


def _read(process: Process, words: list[str]) -> _Asked:
    asked = _Asked()
    while words and words[0].startswith("/"):
        _global(process, asked, words.pop(0))
    if not words:
        raise WmicError(_NO_ALIAS, process.word("wmic-alias", "") + "\n")
    first = words.pop(0)
    if first.lower() in ("path", "class") and words:
        asked.name = _unquoted(words.pop(0))
    elif first.lower() in ALIASES:
        asked.name = ALIASES[first.lower()]
    else:
        raise WmicError(_NO_ALIAS, process.word("wmic-alias", first) + "\n")
    if words and words[0].lower() == "where":
        words.pop(0)
        asked.where = _unquoted(words.pop(0)) if words else ""
    elif words and words[0].startswith("("):
        asked.where = words.pop(0)
    _verb(process, asked, words)
    return asked


def _global(process: Process, asked: _Asked, word: str) -> None:
    name, _, value = word[1:].partition(":")
    match name.lower():
        case "namespace":
            asked.namespace = _unquoted(value).lstrip("\\") or asked.namespace
        case "node" | "interactive" | "locale" | "implevel" | "authlevel" | "privileges" | "failfast":
            pass
        case _:
            raise WmicError(_NO_SWITCH, process.word("wmic-switch") + "\n")


def _verb(process: Process, asked: _Asked, words: list[str]) -> None:
    switches = [word for word in words if word.startswith("/")]
    rest = [word for word in words if not word.startswith("/")]
    asked.verb = rest.pop(0).lower() if rest else "list"
    if asked.verb not in ("get", "list", "call"):
        raise WmicError(_NO_VERB, process.word("wmic-verb", asked.verb) + "\n")
    asked.words = [part for word in rest for part in _unquoted(word).split(",") if part]
    for switch in switches:
        name, _, value = switch[1:].lower().partition(":")
        if asked.verb == "call" and name in ("interactive", "nointeractive"):
            continue
        form = "value" if name == "value" else _unquoted(value).removesuffix(".xsl").removeprefix("text").strip()
        form = {"valuelist": "list"}.get(form, form)
        if name not in ("value", "format", "all") or (name == "format" and form not in _FORMS):
            raise WmicError(_NO_GET, process.word("wmic-get") + "\n")
        asked.form = asked.form if name == "all" else form


def _unquoted(word: str) -> str:
    if len(word) > 1 and word[0] == word[-1] == '"':
        return word[1:-1].replace('\\"', '"')
    return word


def _run(process: Process, asked: _Asked) -> int:
    known = classes_of(process.machine, asked.namespace)
    if known is None:
        raise _wmi(process, _NO_NAMESPACE, "wmi-namespace")
    found = known.get(asked.name.lower())
    if found is None:
        raise _wmi(process, _NO_CLASS, "wmi-class")
    try:
        wanted = condition(asked.where) if asked.where else _all
    except QueryError:
        raise _wmi(process, _NO_QUERY, "wmi-query") from None
    names = _properties(process, asked, found)
    rows = found.instances(process.machine, wanted)
    return (
        _call(process, asked, found, list(rows)) if asked.verb == "call" else _show(process, asked, names, list(rows))
    )


def _all(_row: Row) -> bool:
    return True


def _properties(process: Process, asked: _Asked, found: Class) -> list[str]:
    known = {name.lower(): name for name in found.properties}
    wanted = [name.lower() for name in asked.words if name != "*"] if asked.verb == "get" else []
    if any(name not in known for name in wanted):
        raise _wmi(process, _NO_QUERY, "wmi-query")
    return sorted((known[name] for name in wanted or known), key=str.lower)


def _wmi(process: Process, number: int, key: str) -> WmicError:
    text = f"Node - {process.machine.computer}\nERROR:\nCode = 0x{number:x}\nDescription = {process.word(key)}\n"
    return WmicError(number - 2**32, text + "Facility = WMI\n")


def _show(process: Process, asked: _Asked, names: list[str], rows: Sequence[Row]) -> int:
    if not rows:
        process.complain(process.word("wmic-none").replace("\n", "\r\n") + "\r\n")
        return 0
    cells = [[_text(process, row.get(name.lower())) for name in names] for row in rows]
    match asked.form:
        case "csv":
            node = process.machine.computer
            lines = [",".join(["Node", *names]), *(",".join([node, *row]) for row in cells)]
            _say(process, "\n" + "".join(f"{line}\n" for line in lines))
        case "table":
            widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
            _say(process, "".join(_padded(row, widths) for row in [names, *cells]) + "\n")
        case _:
            blocks = ("".join(f"{n}={_escaped(c)}\n" for n, c in zip(names, row, strict=True)) for row in cells)
            _say(process, "\n\n" + "\n\n\n".join(blocks) + "\n\n\n")
    return 0


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{cell:<{width + 2}}" for cell, width in zip(row, widths, strict=True)) + "\n"


def _escaped(text: str) -> str:
    """The list's style sheet writes these as XML does."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(process: Process, value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case dt.datetime():
            return cim_text(value, process.machine.zone)
        case tuple():
            return "{" + ",".join(f'"{item}"' for item in value) + "}"
        case _:
            return str(value)


def _call(process: Process, asked: _Asked, found: Class, rows: Sequence[Row]) -> int:
    method = asked.words[0] if asked.words else ""
    run = (found.methods or {}).get(method.lower())
    if run is None:
        raise _wmi(process, _NO_METHOD, "wmic-method")
    if not rows:
        process.complain(process.word("wmic-none") + "\r\n")
        return 0
    for row in rows:
        keys = ",".join(f'{name}="{row[name.lower()]}"' for name in found.keys)
        path = f"\\\\{process.machine.computer}\\{asked.namespace}:{found.name}.{keys}"
        _say(process, process.word("wmic-executing", path, method) + "\n")
        status = run(process.machine, row)
        _say(process, process.word("wmic-executed") + "\nOut Parameters:\n")
        _say(process, f"instance of __PARAMETERS\n{{\n\tReturnValue = {status};\n}};\n\n")
    return 0


def _say(process: Process, text: str) -> None:
    """CR CR LF on a pipe; UTF-16 in a file."""
    if process.handles.stdout.file:
        process.handles.stdout.write("\ufeff".encode("utf-16-le") + text.replace("\n", "\r\n").encode("utf-16-le"))
    else:
        process.say(text.replace("\n", "\r\n"))
