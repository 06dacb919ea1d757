"""reg.exe in its two styles: version 3.0 of Windows Server 2003, and the one of Windows Server 2008."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from remediators.lab import registry as reg
from remediators.lab.files import clean
from remediators.lab.process import Process, crt_arguments
from remediators.lab.reg_files import Entry, NotARegistryFileError, read_file, write_file
from remediators.lab.registry import DeniedError, Key, NoSuchKeyError, Typed, full_name

# What the reg.exe of 2003 has no name for.
_NEW_TYPES: Final = frozenset({reg.REG_QWORD})
_TAKES_DATA: Final = frozenset({"/v", "/t", "/d", "/s"})


class UsageFailureError(Exception):
    """A message key for standard error; the exit code is 1."""


@dataclass(slots=True)
class _Options:
    words: list[str] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)

    def name(self) -> str | None:
        """The value that is meant: ``""`` is the unnamed one, ``None`` says that no value was named."""
        return "" if "/ve" in self.given else self.given.get("/v")


def reg_exe(process: Process) -> int:
    """Run reg.exe: 0 when it did what was asked, 1 when not."""
    words = crt_arguments(process.tail)
    verb = words[0].lower() if words else ""
    if verb not in _VERBS:
        process.complain(_text(process, "reg-usage", verb.upper()) + "\n")
        return 1
    try:
        return _VERBS[verb](process, _options(process, verb, words[1:]))
    except UsageFailureError as failure:
        process.complain(_text(process, str(failure), verb.upper()) + "\n")
    except NoSuchKeyError:
        process.complain(_text(process, "reg-missing") + "\n")
    except DeniedError:
        process.complain(_text(process, "reg-denied") + "\n")
    return 1


def _text(process: Process, key: str, *values: object) -> str:
    return process.word(f"{key}-{'2008' if process.machine.vista else '2003'}", *values)


def _options(process: Process, verb: str, words: list[str]) -> _Options:
    found = _Options()
    rest = iter(words)
    for word in rest:
        switch = word.lower()
        # In a query /s asks for the keys below, in an add it names the separator of a list.
        if switch in _TAKES_DATA and not (verb == "query" and switch == "/s"):
            value = next(rest, None)
            if value is None:
                raise UsageFailureError("reg-usage")
            found.given[switch] = value
        elif switch in _switches(process, verb):
            found.given[switch] = ""
        else:
            found.words.append(word)
    if len(found.words) != (2 if verb == "export" else 1) or ("/v" in found.given and "/ve" in found.given):
        raise UsageFailureError("reg-usage")
    return found


def _switches(process: Process, verb: str) -> frozenset[str]:
    known = {"query": {"/ve", "/s"}, "add": {"/ve", "/f"}, "delete": {"/ve", "/va", "/f"}}.get(verb, set())
    if process.machine.vista:
        known = known | {"/reg:32", "/reg:64"} | ({"/y"} if verb == "export" else set())
    return frozenset(known)


def _key_name(options: _Options) -> str:
    path = full_name(options.words[0])
    if path is None or options.words[0].startswith("\\\\"):
        raise UsageFailureError("reg-key")
    return path


def _view(process: Process, options: _Options) -> int:
    if "/reg:32" in options.given:
        return 32
    if "/reg:64" in options.given:
        return 64
    return 32 if process.wow else 64


def _done(process: Process) -> int:
    process.say(_text(process, "reg-done") + "\n")
    return 0


def _agreed(process: Process, options: _Options, question: str, value: str) -> bool:
    """Ask unless ``/f`` was given; the end of the input is a no."""
    if "/f" in options.given:
        return True
    answer = process.ask(process.word(question, value)) or ""
    if answer.strip().upper()[:1] == process.machine.yes:
        return True
    process.say("\n" + process.word("reg-cancelled") + "\n")
    return False


def _query(process: Process, options: _Options) -> int:
    path, view = _key_name(options), _view(process, options)
    key = process.machine.registry.key(path, view)
    name = options.name()
    if name and "/s" not in options.given and name.upper() not in key.values:
        raise NoSuchKeyError(path)
    process.say("\n" if process.machine.vista else "\n! REG.EXE VERSION 3.0\n\n")
    if "/s" in options.given:
        return _query_below(process, path, view, name)
    return _query_key(process, path, key, name)


def _query_key(process: Process, path: str, key: Key, name: str | None) -> int:
    found = key.values.values() if name is None else [v for v in key.values.values() if v.name.upper() == name.upper()]
    lines = [_line(process, value) for value in found]
    if name == "" and not found:
        lines = [_row(process, "", "REG_SZ", process.word("not-set"))]
    below = [f"{path}\\{child.name}\n" for child in key.keys.values()] if name is None else []
    _block(process, path, lines, shown=bool(lines) or not process.machine.vista)
    process.say("".join(below))
    return 0


def _block(process: Process, path: str, lines: list[str], *, shown: bool) -> None:
    # 2008 leaves out the heading of a key that has no values.
    if shown:
        process.say(f"{path}\n" + "".join(lines) + "\n")


def _query_below(process: Process, path: str, view: int, name: str | None) -> int:
    count = 0
    for place, key in process.machine.registry.walk(path, view):
        if key.denied:
            continue
        values = [v for v in key.values.values() if name is None or v.name.upper() == name.upper()]
        count += len(values)
        if name is None or values:
            shown = bool(values) or not process.machine.vista
            _block(process, place, [_line(process, value) for value in values], shown=shown)
    if name is not None and process.machine.vista:
        process.say(process.word("search-end", count) + "\n")
    return 0 if count or name is None else 1


def _line(process: Process, value: Typed) -> str:
    known = value.type in reg.NAMES and (process.machine.vista or value.type not in _NEW_TYPES)
    return _row(process, value.name, reg.NAMES[value.type] if known else "REG_UNKNOWN", _shown(process, value))


def _row(process: Process, name: str, type_: str, text: str) -> str:
    between = "    " if process.machine.vista else "\t"
    return f"    {name or _text(process, 'no-name')}{between}{type_}{between}{text}\n"


def _shown(process: Process, value: Typed) -> str:
    r"""The data as reg.exe prints it; a list's strings are parted by ``\0``, which 2003 also puts at its end twice."""
    vista = process.machine.vista
    if value.type in (reg.REG_SZ, reg.REG_EXPAND_SZ):
        return reg.bytes_text(value.raw)
    if value.type == reg.REG_MULTI_SZ:
        texts = reg.bytes_texts(value.raw)
        return "\\0".join(texts) if vista else "".join(f"{text}\\0" for text in texts) + "\\0"
    if value.type == reg.REG_DWORD and len(value.raw) == 4:
        return f"0x{int.from_bytes(value.raw, 'little'):x}"
    if value.type == reg.REG_DWORD_BIG_ENDIAN and len(value.raw) == 4:
        return f"0x{int.from_bytes(value.raw, 'big'):x}"
    if value.type == reg.REG_QWORD and vista and len(value.raw) == 8:
        return f"0x{int.from_bytes(value.raw, 'little'):x}"
    return value.raw.hex().upper()


def _add(process: Process, options: _Options) -> int:
    path, view = _key_name(options), _view(process, options)
    name = options.name()
    if name is None:
        if options.given.keys() & {"/t", "/d"}:
            # Both mean the unnamed value when neither /v nor /ve is given.
            name = ""
        else:
            process.machine.registry.create(path, view)
            return _done(process)
    type_ = _type(process, options.given.get("/t", "REG_SZ"))
    raw = _data(type_, options.given.get("/d"), options.given.get("/s", "\\0"))
    exists = process.machine.registry.get(path, name, view) is not None
    if exists and not _agreed(process, options, "reg-overwrite", name):
        return 0
    process.machine.registry.set(path, name, type_, raw, view)
    return _done(process)


def _type(process: Process, text: str) -> int:
    number = reg.NUMBERS.get(text.upper())
    if number is None or number == reg.REG_LINK or number > reg.REG_QWORD:
        raise UsageFailureError("reg-type")
    if not process.machine.vista and number in _NEW_TYPES:
        raise UsageFailureError("reg-type")
    return number


def _data(type_: int, text: str | None, separator: str) -> bytes:
    if type_ in (reg.REG_DWORD, reg.REG_DWORD_BIG_ENDIAN, reg.REG_QWORD):
        order: Mapping[int, tuple[int, bool]] = {reg.REG_QWORD: (8, True), reg.REG_DWORD_BIG_ENDIAN: (4, False)}
        size, little = order.get(type_, (4, True))
        return _number(text or "0", size, little=little)
    if type_ == reg.REG_BINARY:
        return _binary(text or "")
    if type_ == reg.REG_MULTI_SZ:
        return _list(text or "", separator)
    return reg.text_bytes(text or "")


def _number(text: str, size: int, *, little: bool) -> bytes:
    try:
        number = int(text, 16) if text.lower().startswith("0x") else int(text)
        return number.to_bytes(size, "little" if little else "big")
    except (ValueError, OverflowError):
        raise UsageFailureError("reg-data") from None


def _binary(text: str) -> bytes:
    try:
        return bytes.fromhex("0" * (len(text) % 2) + text)
    except ValueError:
        raise UsageFailureError("reg-data") from None


def _list(text: str, separator: str) -> bytes:
    parts = text.split(separator)
    if parts[-1] == "":
        parts.pop()
    if "" in parts:
        raise UsageFailureError("reg-data")
    return reg.texts_bytes(parts)


def _delete(process: Process, options: _Options) -> int:
    path, view = _key_name(options), _view(process, options)
    registry, name = process.machine.registry, options.name()
    if "/va" in options.given:
        return _delete_values(process, options, path, view)
    if name is None:
        registry.key(path, view)
        if "\\" not in path:
            raise UsageFailureError("reg-key")
        if not _agreed(process, options, "reg-delete-key", path):
            return 0
        registry.delete(path, view)
        return _done(process)
    if name.upper() not in registry.key(path, view).values:
        raise NoSuchKeyError(path)
    if not _agreed(process, options, "reg-delete-value", name):
        return 0
    registry.unset(path, name, view)
    return _done(process)


def _delete_values(process: Process, options: _Options, path: str, view: int) -> int:
    key = process.machine.registry.key(path, view)
    if not _agreed(process, options, "reg-delete-all", path):
        return 0
    for value in list(key.values.values()):
        process.machine.registry.unset(path, value.name, view)
    return _done(process)


def _export(process: Process, options: _Options) -> int:
    options, file = _Options(options.words[:1], dict(options.given)), options.words[1]
    path, target = _key_name(options), clean(file, process.cwd)
    keys = [pair for pair in process.machine.registry.walk(path, _view(process, options)) if not pair[1].denied]
    if "/y" in options.given:
        options.given["/f"] = ""
    if process.machine.files.is_file(target) and not _agreed(process, options, "reg-overwrite-file", file):
        return 1
    try:
        process.machine.files.write(target, write_file(keys))
    except NotADirectoryError:
        raise UsageFailureError("reg-file") from None
    return _done(process)


def _import(process: Process, options: _Options) -> int:
    view = _view(process, options)
    try:
        entries: Iterable[Entry] = list(read_file(process.machine.files.read(clean(options.words[0], process.cwd))))
    except (FileNotFoundError, NotARegistryFileError, ValueError, OverflowError):
        raise UsageFailureError("reg-file") from None
    for entry in entries:
        _enter(process, entry, view)
    # 2008 reports a successful import on standard error; nobody has ever found out why.
    say = process.complain if process.machine.vista else process.say
    say(_text(process, "reg-done") + "\n")
    return 0


def _enter(process: Process, entry: Entry, view: int) -> None:
    registry, path = process.machine.registry, full_name(entry.path)
    if path is None:
        return
    if entry.value is not None:
        registry.set(path, entry.value.name, entry.value.type, entry.value.raw, view)
    elif not entry.delete:
        registry.create(path, view)
    elif registry.has(path, view):
        if entry.name is None:
            registry.delete(path, view)
        else:
            registry.unset(path, entry.name, view)


_VERBS: Final[dict[str, Callable[[Process, _Options], int]]] = {
    "query": _query,
    "add": _add,
    "delete": _delete,
    "export": _export,
    "import": _import,
}
