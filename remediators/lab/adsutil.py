"""
cscript.exe and IIS's own adsutil.vbs: the texts and exit codes of the script that comes with IIS 6.

Everything goes to standard output; exit codes are HRESULTs, signed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from remediators.lab.files import clean
from remediators.lab.metabase import Data, Metabase, Node
from remediators.lab.process import Process, wsh_arguments

SCRIPT: Final = "C:\\Inetpub\\AdminScripts\\adsutil.vbs"
_NOT_SET: Final = -2147463162  # 0x80005006, E_ADS_PROPERTY_NOT_FOUND
_NO_PATH: Final = -2147024893  # 0x80070003
_DENIED: Final = -2147024891  # 0x80070005
_NOT_ACTIVE: Final = -2147023834  # 0x80070426
_NO_OBJECT: Final = -2147221020  # 0x800401E4, KB 839390: what a corrupt metabase gives
_MISMATCH: Final = 13
_FAILURE: Final = 2
_WARNING: Final = 1
_COLUMN: Final = 32
_STARTED, _STOPPED = 2, 4  # MD_SERVER_STATE_STARTED, MD_SERVER_STATE_STOPPED
_BANNER: Final = (
    "Microsoft (R) Windows Script Host Version 5.6\n"
    "Copyright (C) Microsoft Corporation 1996-2001. All rights reserved.\n\n"
)


class ScriptError(Exception):
    """What the script says before it quits with ``number``, over and above the error itself."""

    def __init__(self, number: int, *context: str, gap: bool = False) -> None:
        super().__init__(number)
        self.number = number
        self.context = context
        self.gap = gap


class QuitError(Exception):
    """The script prints these lines and quits with ``number``."""

    def __init__(self, number: int, *lines: str) -> None:
        super().__init__(number)
        self.number = number
        self.lines = lines


def cscript_exe(process: Process) -> int:
    """Run cscript.exe: options begin with ``//``, wherever they stand; the first other word is the script."""
    words = wsh_arguments(process.tail)
    options = {word.lower() for word in words if word.startswith("//")}
    words = [word for word in words if not word.startswith("//")]
    if "//nologo" not in options:
        process.say(_BANNER)
    if not words:
        process.say("Usage: CScript scriptname.extension [option...] [arguments...]\n\n")
        return 0
    path = clean(words[0], process.cwd)
    if not process.machine.files.is_file(path):
        process.say(process.word("no-script", path) + "\n")
        return 1
    script = process.machine.scripts.get(path.lower())
    if script is None:
        process.say(process.word("no-engine", path[path.rfind(".") :]) + "\n")
        return 1
    return script(process, words[1:])


def adsutil(process: Process, words: list[str]) -> int:
    words = [word for word in words if not word.lower().startswith("-s:")]
    try:
        return _run(process, words)
    except QuitError as quit_:
        process.say("".join(f"{line}\n" for line in quit_.lines))
        return quit_.number
    except ScriptError as error:
        process.say("\n" if error.gap else "")
        process.say(_report(process, error.number) + "".join(f"{line}\n" for line in error.context))
        return error.number


def _run(process: Process, words: list[str]) -> int:
    """Every verb needs the metabase, which lives in the process of IISADMIN."""
    if not words:
        raise QuitError(_FAILURE, "", "Usage:", "      ADSUTIL.VBS <cmd> [<path> [<value>]]", "")
    if words[0].upper() not in _VERBS:
        help_ = 'For help, just type "Cscript.exe adsutil.vbs".'
        raise QuitError(_FAILURE, f"Command not recognized: {words[0]}", help_)
    if process.machine.iis.unreadable:
        raise ScriptError(_NO_OBJECT, f"Error trying to {words[0].upper()} the Object (GetObject Failed): ", gap=True)
    if not process.machine.metabase_answers():
        raise ScriptError(_NOT_ACTIVE, f"Error Trying To GET the Object (GetObject Failed): {_clean(words[-1])}")
    return _VERBS[words[0].upper()](process, words)


def _report(process: Process, number: int) -> str:
    described = process.word(f"com{number}") if number < 0 else process.word("com-2146828275")
    return f"{described}\nErrNumber: {number} (0x{number & 0xFFFFFFFF:X})\n"


def _clean(path: str) -> str:
    """As the script's SanitizePath: blanks and one slash at either end go, backslashes turn into slashes."""
    return path.strip().replace("\\", "/").removeprefix("/").removesuffix("/")


def _split(path: str) -> tuple[str, str]:
    node, _, name = _clean(path).rpartition("/")
    return node, name


def _need(words: list[str], low: int, high: int) -> None:
    if not low <= len(words) <= high:
        raise QuitError(_FAILURE, f"Error: Wrong number of Args for the {words[0].upper()} command")


def _node(base: Metabase, path: str, *context: str, gap: bool = False) -> Node:
    node = base.node(path)
    if any((path.upper() + "/").startswith(denied.upper() + "/") for denied in base.denied):
        raise ScriptError(_DENIED, *context, gap=gap)
    if node is None:
        raise ScriptError(_NO_PATH, *context, gap=gap)
    return node


def _syntax(base: Metabase, name: str) -> str:
    found = base.syntax(name)
    if found is None:
        schema = f"IIS://localhost/Schema/{name}"
        raise ScriptError(_NO_PATH, f"Error Trying To GET the Schema of the property: {schema}")
    return found


def _head(name: str, syntax: str, type_name: str) -> str:
    if len(name) < _COLUMN:
        return f"{name:<{_COLUMN}}: ({syntax}) "
    return f"{name}: ({type_name}) "


def _type_name(data: Data) -> str:
    names = {bool: "Boolean", int: "Long", str: "String", list: "Variant()"}
    return names[type(data)]


def _shown(data: Data, syntax: str) -> str:
    return f'"{data}"' if syntax == "STRING" else str(data)


def _get(process: Process, words: list[str]) -> int:
    _need(words, 2, 2)
    base = process.machine.metabase
    path, name = _split(words[1])
    node = _node(base, path, f"Error Trying To GET the Object (GetObject Failed): {path}")
    syntax = _syntax(base, name)
    if name.upper() not in node.properties:
        raise QuitError(_NOT_SET, f'The parameter "{name}" is not set at this node.')
    data = node.properties[name.upper()][1]
    head = _head(name, syntax, _type_name(data))
    if isinstance(data, list):
        process.say(f"{head} ({len(data)} Items)\n" + "".join(f'  "{item}"\n' for item in data))
    else:
        process.say(f"{head}{_shown(data, syntax)}\n")
    return 0


def _set(process: Process, words: list[str]) -> int:
    if len(words) < 3:
        raise QuitError(_FAILURE, "Error: Wrong number of Args for the SET command")
    base = process.machine.metabase
    path, name = _split(words[1])
    _node(base, path, f"Error Trying To Get the Object: {path}")
    syntax = _syntax(base, name)
    data = _typed(syntax, words[2:], name)
    base.set(path, name, data)
    head = _head(name, syntax, _type_name(data))
    if isinstance(data, list):
        process.say(head + "".join(f'"{item}" ' for item in data) + "\n")
    else:
        process.say(f"{head}{_shown(data, syntax)}\n")
    return 0


def _typed(syntax: str, words: list[str], name: str) -> Data:
    text = words[0]
    try:
        if syntax == "INTEGER":
            return int(text, 16) if text.lower().startswith("0x") else int(text)
        if syntax == "BOOLEAN":
            return bool(int(text)) if text.lstrip("-").isdigit() else {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError):
        raise ScriptError(_MISMATCH, f"Error Trying To SET the Property: {name}") from None
    return list(words) if syntax == "LIST" else text


def _delete(process: Process, words: list[str]) -> int:
    _need(words, 2, 2)
    base = process.machine.metabase
    path, name = _split(words[1])
    context = f"Error deleting the object: {path}/{name}"
    _node(base, path, context, gap=True)
    if not words[1].endswith("/") and base.unset(path, name):
        process.say(f'deleted property "{name}"\n')
        return 0
    whole = f"{path}/{name}".removeprefix("/")
    if not base.delete(whole):
        raise ScriptError(_NO_PATH, context, gap=True)
    process.say(f'deleted path "{whole}"\n')
    return 0


def _create(process: Process, words: list[str]) -> int:
    _need(words, 2, 3)
    base, path = process.machine.metabase, _clean(words[1])
    above = path.rpartition("/")[0]
    lines: list[str] = []
    if base.node(above) is None:
        lines += [
            "",
            f"WARNING: The parent path ({above}) was not already created.",
            "    This means that some of the intermediate objects will not have an accurate",
            "    Object Type. You should fix this by setting the KeyType on the intermediate",
            "    objects.",
            "",
        ]
    if len(words) == 2 or words[2].upper() == "IISOBJECT":
        lines += [
            "",
            "WARNING: The Object Type of this object was not specified or was specified as",
            "    IIsObject.  This means that you will not be able to set or get properties",
            "    on the object until the KeyType property is set.",
            "",
        ]
    base.create(path)
    if len(words) == 3:
        base.set(path, "KeyType", words[2])
    process.say("\n".join([*lines, f'created "{path}"', ""]))
    return _WARNING if lines else 0


def _enum(process: Process, words: list[str]) -> int:
    _need(words, 1, 3)
    switches = {word.upper() for word in words[1:] if word.upper() in ("/P", "/A")}
    paths = [word for word in words[1:] if word.upper() not in ("/P", "/A")]
    if len(paths) > 1:
        raise QuitError(_FAILURE, "Error: Invalid arguments for the ENUM command")
    _enumerate(process, _clean(paths[0]) if paths else "", paths_only="/P" in switches, recurse=False)
    return 0


def _enum_all(process: Process, words: list[str]) -> int:
    _need(words, 1, 2)
    _enumerate(process, _clean(words[1]) if len(words) > 1 else "", paths_only=False, recurse=True)
    return 0


def _enumerate(process: Process, path: str, *, paths_only: bool, recurse: bool) -> None:
    base = process.machine.metabase
    node = _node(base, path, f"Error Trying To ENUM the Object (GetObject Failed): {path}", gap=True)
    if not paths_only:
        process.say("".join(_enum_line(base, name, data) for name, data in node.properties.values()))
    for child in base.children(path):
        process.say(f"[/{path}/{child.path.rpartition('/')[2]}]\n".replace("//", "/"))
        if recurse:
            _enumerate(process, child.path, paths_only=False, recurse=True)
    process.say("\n")


def _enum_line(base: Metabase, name: str, data: Data) -> str:
    syntax = base.syntax(name) or "STRING"
    head = f"{name:<{_COLUMN}}: ({syntax}) " if len(name) < _COLUMN else f"{name} : ({syntax}) "
    if isinstance(data, list):
        return f"{head}({len(data)} Items)\n" + "".join(f'  "{item}"\n' for item in data) + "\n"
    return head + (f'"{data}"' if syntax in ("STRING", "EXPANDSZ") else str(data)) + "\n"


def _find(process: Process, words: list[str]) -> int:
    _need(words, 2, 2)
    base = process.machine.metabase
    path, name = _split(words[1])
    _node(base, path, f"Error trying to find data paths for the Object (GetObject Failed): {path}", gap=True)
    found = [node.path for node in base.below(path) if name.upper() in node.properties]
    if not found:
        process.say(f"Property {name} was not found at any node beneath {path}\n")
        return 0
    process.say(f"Property {name} found at:\n" + "".join(f"  {place}\n" for place in found))
    return 0


def _server(process: Process, words: list[str]) -> int:
    """START_SERVER and STOP_SERVER of one virtual server."""
    _need(words, 2, 2)
    path, start = _clean(words[1]), words[0].upper() == "START_SERVER"
    _node(process.machine.metabase, path, f"Error trying to open the object: {path}", gap=True)
    process.machine.metabase.set(path, "ServerState", _STARTED if start else _STOPPED)
    process.machine.virtual_server(path, started=start)
    process.say(f"Server {path} Successfully {'STARTED' if start else 'STOPPED'}\n")
    return 0


_VERBS: Final[dict[str, Callable[[Process, list[str]], int]]] = {
    "GET": _get,
    "SET": _set,
    "DELETE": _delete,
    "CREATE": _create,
    "ENUM": _enum,
    "ENUM_ALL": _enum_all,
    "FIND": _find,
    "START_SERVER": _server,
    "STOP_SERVER": _server,
}
