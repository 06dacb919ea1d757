"""
How registry changes are written: first what is added or set, then what is removed, the deepest keys first.

What ``reg add`` takes as a person would type it goes so. The rest goes by ``reg import`` of a file that is written line
by line and deleted again: text outside printable ASCII, lists, 64-bit numbers (2003's ``reg add`` has no REG_QWORD),
other types, long data, names that reg.exe would take for its options, and keys without values (Wine's ``reg add KEY``
sets the unnamed value too).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from remediators.model import Address, Change, Command, Refused, Snapshot, Step, Value
from remediators.quoting import cmd
from remediators.quoting import reg as files
from remediators.quoting.cmd import Argument, Line, Masked
from remediators.resources.registry_addresses import Place, ancestors, long_path, place
from remediators.resources.registry_exports import temporary
from remediators.resources.registry_questions import awkward
from remediators.resources.registry_values import BINARY, DWORD, EXPAND_SZ, MULTI_SZ, SZ, to_bytes
from remediators.resources.registry_views import reg

LARGEST = 65536  # bytes of one value; more would take hundreds of commands
_LONGEST_ARGUMENT = 1500
_LONGEST_TEXT_LINE = 3000


@dataclass(frozen=True, slots=True)
class _Setting:
    """A change with where it is and, for a value that is set, its type and bytes."""

    change: Change
    at: Place


def steps(changes: Sequence[Change], known: Snapshot) -> Iterator[Step]:
    """The steps for changes of one view or several. Raises `Refused`."""
    settings = [_Setting(change, place(change.address)) for change in changes]
    yield from _additions(settings, known)
    yield from _removals(settings, known)


# -- additions -------------------------------------------------------------------------------------------------------


def _additions(settings: Sequence[_Setting], known: Snapshot) -> Iterator[Step]:
    created = {s.at.identity: s for s in settings if s.at.name is None and s.change.after is not None}
    waiting = {identity: s.change.address for identity, s in created.items()}
    for group in _together(settings, created):
        settled = {s.change.address for s in group} | {
            waiting.pop((group[0].at.view, path.upper()))
            for path in (group[0].at.key, *ancestors(group[0].at.key))
            if (group[0].at.view, path.upper()) in waiting
        }
        yield from _set(group, frozenset(settled), known)


def _together(settings: Sequence[_Setting], created: dict[tuple[str, str], _Setting]) -> Iterator[list[_Setting]]:
    """What is written in one step: a plain value alone, the others of a key in one file, a bare key alone."""
    by_file: dict[tuple[str, str, str], list[_Setting]] = {}
    setting = [s for s in settings if s.at.name is not None and s.change.after is not None]
    made = {(s.at.view, path.upper()) for s in setting for path in (s.at.key, *ancestors(s.at.key))}
    for s in setting:
        if plain_data(s.at, s.change.after) is not None:
            yield [s]
        else:
            by_file.setdefault((*s.at.identity, _form(s.change.after)), []).append(s)
    yield from by_file.values()
    above = {(view, path) for view, key in created for path in ancestors(key)}
    yield from ([s] for identity, s in created.items() if identity not in made | above)


def _set(group: Sequence[_Setting], settled: frozenset[Address], known: Snapshot) -> Iterator[Step]:
    first = group[0]
    data = None if first.at.name is None else plain_data(first.at, first.change.after)
    if data is None:
        yield from _import(group, settled, known)
        return
    shown = Masked(data) if first.change.sensitive else data
    which: tuple[Argument, ...] = ("/v", first.at.name) if first.at.name else ("/ve",)
    program = reg(first.at.view, known)
    arguments = (first.at.key, *which, "/t", first.change.after["type"], "/d", shown, "/f")
    yield Step((program.command("add", *arguments),), settled)


def plain_data(at: Place, value: Value) -> str | None:
    """What ``/d`` of ``reg add`` takes for a value, where nothing about it can be misunderstood; else ``None``."""
    if "raw" in value or awkward(at.name or ""):
        return None
    number, _ = to_bytes(value)
    if number == DWORD:
        return str(value["data"])
    if number == BINARY and 0 < len(value["data"]) <= _LONGEST_ARGUMENT:
        return str(value["data"])
    text = value["data"]
    if number not in (SZ, EXPAND_SZ) or len(text) > _LONGEST_ARGUMENT or awkward(text) or not _printable(text):
        return None
    return str(text)


def _import(group: Sequence[_Setting], settled: frozenset[Address], known: Snapshot) -> Iterator[Step]:
    """Write a file, import it, and delete it even where that failed: it may hold a secret."""
    at = group[0].at
    form = _form(group[0].change.after)
    path = temporary(at.view, at.key, form)
    lines: list[Line] = [form, files.key_line(long_path(at.key))]
    for setting in group:
        lines += _lines(setting)
    commands = (*cmd.write_file(path, lines), reg(at.view, known).command("import", path))
    yield Step(commands, settled)
    yield Step((cmd.delete_file(path),), frozenset(), always=True)


def _form(value: Value) -> str:
    """The form of file for a value: REGEDIT4 where it is text that is the same in every code page."""
    if not isinstance(value, dict) or "raw" in value:
        return files.UNICODE
    number, data = to_bytes(value)
    plain = number in (EXPAND_SZ, MULTI_SZ) and data.decode("utf-16-le").isascii()
    return files.ANSI if plain else files.UNICODE


def _lines(setting: _Setting) -> Iterator[Line]:
    if setting.at.name is None:
        return
    value, masked = setting.change.after, setting.change.sensitive
    if value is None:
        yield files.removal_line(setting.at.name)
        return
    number, data = to_bytes(value)
    if len(data) > LARGEST:
        raise Refused(f"{setting.change.address} would be {len(data)} bytes long; more than {LARGEST} are not written")
    text = value.get("data")
    if number == SZ and "raw" not in value and _printable(text) and len(text) <= _LONGEST_TEXT_LINE:
        yield files.text_line(setting.at.name, text, masked=masked)
        return
    if _form(value) == files.ANSI:
        data = data.decode("utf-16-le").encode("ascii")
    yield from files.hex_lines(setting.at.name, number, data, masked=masked)


def _printable(text: str) -> bool:
    return all(" " <= character <= "~" for character in text)


# -- removals --------------------------------------------------------------------------------------------------------


def _removals(settings: Sequence[_Setting], known: Snapshot) -> Iterator[Step]:
    gone = [s for s in settings if s.change.after is None]
    keys = {s.at.identity: s for s in gone if s.at.name is None}
    values = [s for s in gone if s.at.name is not None]
    for s in values:
        if not _inside(s.at, keys):
            yield from _remove_value(s, known)
    for s in sorted(keys.values(), key=lambda s: -s.at.key.count("\\")):
        inside = {v.change.address for v in values if v.at.identity == s.at.identity}
        yield Step((_delete_key(s.at, known),), frozenset({s.change.address, *inside}))


def _inside(at: Place, keys: Iterable[tuple[str, str]]) -> bool:
    """Whether a value goes with its key."""
    return any((at.view, path.upper()) in keys for path in (at.key, *ancestors(at.key)))


def _remove_value(setting: _Setting, known: Snapshot) -> Iterator[Step]:
    at, settled = setting.at, frozenset({setting.change.address})
    if awkward(at.name or ""):
        yield from _import([setting], settled, known)
        return
    which = ("/v", at.name) if at.name else ("/ve",)
    yield Step((reg(at.view, known).command("delete", at.key, *which, "/f"),), settled)


def _delete_key(at: Place, known: Snapshot) -> Command:
    if "\\" not in at.key:
        raise Refused(f"{at.key} is a hive; it is not removed")
    return reg(at.view, known).command("delete", at.key, "/f")
