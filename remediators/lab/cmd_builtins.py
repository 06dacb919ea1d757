"""The commands inside cmd.exe. Each gives the error level it sets, or ``None`` where it leaves it as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from remediators.lab.arithmetic import ArithmeticFailureError, evaluate
from remediators.lab.cmd import BatchEndedError, Builtin, ExitError, Shell
from remediators.lab.cmd_parse import DELIMITERS
from remediators.lab.files import clean, leaf, parent
from remediators.lab.process import Handles, decode, encode


def _echo(shell: Shell, arguments: str, handles: Handles) -> int | None:
    word = arguments.strip().lower()
    if not word and arguments[:1] in ("", *DELIMITERS):
        shell.say(handles, shell.machine.word("echo-is", shell.machine.word("on" if shell.echo else "off")) + "\n")
    elif word in ("on", "off") and arguments[:1] in DELIMITERS:
        shell.echo = word == "on"
    else:
        shell.say(handles, arguments[1:] + "\n")
    return None


def _set(shell: Shell, arguments: str, handles: Handles) -> int | None:
    text = arguments.lstrip(DELIMITERS)
    if text[:2].lower() in ("/a", "/p"):
        return (_set_number if text[1].lower() == "a" else _set_asked)(shell, text[2:].lstrip(), handles)
    if text.startswith('"') and text.count('"') > 1:
        text = text[1 : text.rindex('"')].lstrip(DELIMITERS)
    elif text.startswith('"'):
        text = text[1:]
    name, equals, value = text.partition("=")
    if not equals:
        return _show(shell, text.rstrip(), handles)
    if not name:
        return shell.fail(handles, "syntax")
    if value:
        shell.env.set(name, value)
        return None
    shell.env.drop(name)
    return None


def _show(shell: Shell, start: str, handles: Handles) -> int | None:
    found = [f"{name}={value}\n" for name, value in shell.env if name.upper().startswith(start.upper())]
    if start and not found:
        return shell.fail(handles, "undefined", start)
    shell.say(handles, "".join(found))
    return None


def _set_number(shell: Shell, text: str, handles: Handles) -> int | None:
    try:
        value = evaluate(text.replace('"', ""), shell.env)
    except ArithmeticFailureError as failure:
        return shell.fail(handles, str(failure), status=failure.status)
    if shell.parameters is None:
        shell.say(handles, str(value))
    return None


def _set_asked(shell: Shell, text: str, handles: Handles) -> int | None:
    name, _, prompt = text.replace('"', "").partition("=")
    shell.say(handles, prompt)
    line = handles.stdin.line()
    if not line:
        return 1
    shell.env.set(name, decode(line, shell.console.codepage))
    return None


def _ver(shell: Shell, _arguments: str, handles: Handles) -> int | None:
    shell.say(handles, f"\n{shell.machine.version_line}\n")
    return 0


def _cd(shell: Shell, arguments: str, handles: Handles) -> int | None:
    text = arguments.strip(DELIMITERS)
    text = re.sub(r"^/d\b\s*", "", text, flags=re.IGNORECASE).strip().replace('"', "")
    if not text:
        shell.say(handles, shell.cwd + "\n")
        return None
    path = clean(text, shell.cwd)
    if not shell.machine.files.is_folder(path):
        return shell.fail(handles, "no-path")
    shell.cwd = shell.machine.files.spelling(path)
    return None


def _words(text: str) -> tuple[list[str], set[str]]:
    """The names and the switches (in lower case) of an argument text."""
    words = re.findall(r'(?:"[^"]*"?|[^\s,;="])+', text)
    switches = {word.lower() for word in words if word.startswith("/")}
    # Switches may stand together, as in "/q/f".
    switches = {f"/{letter}" for word in switches for letter in word.split("/") if letter}
    return [word.replace('"', "") for word in words if not word.startswith("/")], switches


def _matches(shell: Shell, name: str) -> list[str]:
    path = clean(name, shell.cwd)
    return [found for found in shell.machine.files.match(path) if shell.machine.files.is_file(found)]


def _type(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, _ = _words(arguments)
    status = 0 if names else shell.fail(handles, "syntax")
    for name in names:
        found = _matches(shell, name)
        for path in found:
            if len(names) > 1 or len(found) > 1:
                shell.say(handles, f"\n{leaf(path)}\n\n\n")
            raw = shell.machine.files.read(path)
            handles.stdout.write(
                raw[2:] if shell.wide and raw[:2] == b"\xff\xfe" else _as_text(raw, shell.console.codepage)
            )
        status = status if found or leaf(name).lower() == "nul" else shell.fail(handles, "no-file")
    return status


def _as_text(raw: bytes, codepage: int) -> bytes:
    """TYPE shows UTF-16 in the console's code page, everything else as it is."""
    if raw[:2] == b"\xff\xfe":
        return encode(raw[2:].decode("utf-16-le", "surrogatepass"), codepage)
    # Whether the real one goes on behind a Ctrl-Z is not known; who relies on it must notice that it does not.
    return raw.partition(b"\x1a")[0]


def _del(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, _ = _words(arguments)
    if not names:
        return shell.fail(handles, "syntax")
    for name in names:
        pattern = f"{name}\\*" if shell.machine.files.is_folder(clean(name, shell.cwd)) else name
        found = _matches(shell, pattern)
        for path in found:
            shell.machine.files.delete(path)
        if not found:
            kept = shell.errorlevel
            shell.fail(handles, "could-not-find", clean(name, shell.cwd))
            shell.errorlevel = kept
    return None


def _target(shell: Shell, source: str, name: str) -> str:
    path = clean(name, shell.cwd)
    if shell.machine.files.is_folder(path):
        return f"{path.rstrip(chr(92))}\\{leaf(source)}"
    return path


def _may_overwrite(shell: Shell, path: str, switches: set[str], handles: Handles) -> bool:
    if "/y" in switches or shell.parameters is not None or not shell.machine.files.is_file(path):
        return True
    shell.say(handles, shell.machine.word("overwrite", path))
    answer = handles.stdin.line() or b""
    return decode(answer, shell.console.codepage).strip().upper()[:1] in (shell.machine.yes, "A")


def _copy(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, switches = _words(arguments)
    if not 1 <= len(names) <= 2:
        return shell.fail(handles, "syntax")
    parts = [part for part in names[0].split("+") if part]
    found = [path for part in parts for path in _matches(shell, part)]
    if not found:
        return shell.fail(handles, "no-file")
    count = 0
    raw = b""
    for path in found:
        target = _target(shell, path, names[1] if len(names) > 1 else ".")
        if target.lower() == path.lower() or not _may_overwrite(shell, target, switches, handles):
            continue
        raw = raw + shell.machine.files.read(path) if len(parts) > 1 else shell.machine.files.read(path)
        try:
            shell.machine.files.write(target, raw)
        except NotADirectoryError:
            return shell.fail(handles, "no-path")
        count += 1
    shell.say(handles, shell.machine.word("copied", min(count, 1) if len(parts) > 1 else count) + "\n")
    return int(count == 0)


def _move(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, switches = _words(arguments)
    if len(names) != 2:
        return shell.fail(handles, "syntax")
    found = _matches(shell, names[0])
    if not found:
        return shell.fail(handles, "no-file")
    for path in found:
        target = _target(shell, path, names[1])
        if not _may_overwrite(shell, target, switches, handles):
            continue
        try:
            shell.machine.files.write(target, shell.machine.files.read(path))
        except NotADirectoryError:
            return shell.fail(handles, "no-path")
        if target.lower() != path.lower():
            shell.machine.files.delete(path)
    shell.say(handles, shell.machine.word("moved", len(found)) + "\n")
    return 0


def _ren(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, _ = _words(arguments)
    if len(names) != 2 or "\\" in names[1]:
        return shell.fail(handles, "syntax")
    path = clean(names[0], shell.cwd)
    target = f"{parent(path).rstrip(chr(92))}\\{names[1]}"
    if not shell.machine.files.is_file(path) or shell.machine.files.exists(target):
        return shell.fail(handles, "no-file")
    shell.machine.files.write(target, shell.machine.files.read(path))
    shell.machine.files.delete(path)
    return None


def _dir(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, switches = _words(arguments)
    name = clean(names[0] if names else ".", shell.cwd)
    pattern = f"{name.rstrip(chr(92))}\\*" if shell.machine.files.is_folder(name) else name
    found = shell.machine.files.match(pattern)
    if "/ad" in switches or "/a:d" in switches:
        found = [path for path in found if shell.machine.files.is_folder(path)]
    elif "/a-d" in switches or "/a:-d" in switches:
        found = [path for path in found if shell.machine.files.is_file(path)]
    if not found:
        return shell.fail(handles, "not-found")
    if "/b" in switches:
        shell.say(handles, "".join(f"{leaf(path)}\n" for path in found))
        return 0
    lines = [_dir_line(shell, path) for path in found]
    shell.say(handles, f" Directory of {parent(pattern)}\n\n" + "".join(lines))
    return 0


def _dir_line(shell: Shell, path: str) -> str:
    stamp = shell.machine.dated(path).replace(" ", "  ", 1)
    if shell.machine.files.is_folder(path):
        return f"{stamp}    <DIR>          {leaf(path)}\n"
    return f"{stamp}    {len(shell.machine.files.read(path)):14,} {leaf(path)}\n"


def _md(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, _ = _words(arguments)
    if not names:
        return shell.fail(handles, "syntax")
    for name in names:
        path = clean(name, shell.cwd)
        if shell.machine.files.exists(path):
            return shell.fail(handles, "exists", name)
        try:
            shell.machine.files.make(path)
        except NotADirectoryError:
            return shell.fail(handles, "no-path")
    return None


def _rd(shell: Shell, arguments: str, handles: Handles) -> int | None:
    names, switches = _words(arguments)
    if not names:
        return shell.fail(handles, "syntax")
    kept = shell.errorlevel
    for name in names:
        path = clean(name, shell.cwd)
        if not shell.machine.files.is_folder(path):
            shell.fail(handles, "no-file")
        elif shell.machine.files.match(f"{path}\\*") and "/s" not in switches:
            shell.fail(handles, "not-empty")
        else:
            shell.machine.files.remove(path)
    # RD never touches the error level, not even when it fails.
    shell.errorlevel = kept
    return None


def _exit(shell: Shell, arguments: str, _handles: Handles) -> int | None:
    words = arguments.split()
    batch = bool(words) and words[0].lower() == "/b"
    number = next((word for word in words if re.fullmatch(r"[+-]?\d+", word)), None)
    status = shell.errorlevel if number is None else _signed(int(number))
    if batch and shell.parameters is not None:
        raise BatchEndedError(status)
    raise ExitError(status)


def _signed(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


def _goto(shell: Shell, arguments: str, handles: Handles) -> int | None:
    if arguments.strip(DELIMITERS).lower() == ":eof" and shell.parameters is not None:
        raise BatchEndedError(None)
    return shell.fail(handles, "no-label")


def _call(shell: Shell, arguments: str, handles: Handles) -> int | None:
    return shell.call(arguments, handles)


def _nothing(_shell: Shell, _arguments: str, _handles: Handles) -> int | None:
    return None


def _setlocal(shell: Shell, arguments: str, _handles: Handles) -> int | None:
    if shell.parameters is not None:
        shell.saved.append((shell.env, shell.cwd, shell.delayed))
        shell.env = shell.env.copy()
        words = arguments.lower().split()
        shell.delayed = "enabledelayedexpansion" in words or (shell.delayed and "disabledelayedexpansion" not in words)
    return None


def _endlocal(shell: Shell, _arguments: str, _handles: Handles) -> int | None:
    if shell.saved and shell.parameters is not None:
        shell.env, shell.cwd, shell.delayed = shell.saved.pop()
    return None


def _pushd(shell: Shell, arguments: str, handles: Handles) -> int | None:
    here = shell.cwd
    status = _cd(shell, arguments, handles)
    if status is None:
        shell.folders.append(here)
    return status


def _popd(shell: Shell, _arguments: str, _handles: Handles) -> int | None:
    if not shell.folders:
        return 1
    shell.cwd = shell.folders.pop()
    return None


def _path(shell: Shell, arguments: str, handles: Handles) -> int | None:
    text = arguments.strip(DELIMITERS)
    if text:
        shell.env.set("Path", text)
    else:
        shell.say(handles, f"PATH={shell.env.get('PATH')}\n")
    return None


def _date(shell: Shell, _arguments: str, handles: Handles) -> int | None:
    shell.say(handles, (shell.lookup("DATE") or "") + "\n")
    return None


def _time(shell: Shell, _arguments: str, handles: Handles) -> int | None:
    shell.say(handles, (shell.lookup("TIME") or "") + "\n")
    return None


BUILTINS: Final[Mapping[str, Builtin]] = {
    "echo": _echo,
    "set": _set,
    "ver": _ver,
    "cd": _cd,
    "chdir": _cd,
    "type": _type,
    "del": _del,
    "erase": _del,
    "copy": _copy,
    "move": _move,
    "ren": _ren,
    "rename": _ren,
    "dir": _dir,
    "md": _md,
    "mkdir": _md,
    "rd": _rd,
    "rmdir": _rd,
    "exit": _exit,
    "call": _call,
    "goto": _goto,
    "rem": _nothing,
    "cls": _nothing,
    "title": _nothing,
    "color": _nothing,
    "break": _nothing,
    "prompt": _nothing,
    "verify": _nothing,
    "setlocal": _setlocal,
    "endlocal": _endlocal,
    "pushd": _pushd,
    "popd": _popd,
    "path": _path,
    "date": _date,
    "time": _time,
}
