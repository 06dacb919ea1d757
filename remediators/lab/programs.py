"""The small programs that every Windows has: chcp, find, findstr, more, ping, hostname, whoami, timeout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from remediators.lab.adsutil import cscript_exe
from remediators.lab.cmd import split_lines
from remediators.lab.file_tools import fc_exe
from remediators.lab.files import clean
from remediators.lab.net_exe import net_exe
from remediators.lab.process import UTF8, Process, crt_arguments, decode, encode
from remediators.lab.reg_exe import reg_exe
from remediators.lab.sc_exe import sc_exe
from remediators.lab.scheduler import schtasks_exe
from remediators.lab.wevtutil import wevtutil_exe
from remediators.lab.wmic import wmic_exe

Program = Callable[[Process], int]
_MOST_PINGS: Final = 10_000


def _chcp(process: Process) -> int:
    word = process.tail.strip()
    if word and not word.isdigit():
        process.say(process.word("bad-codepage", word) + "\n")
        return 1
    if word and not _known(int(word)):
        process.say(process.word("invalid-codepage") + "\n")
        return 1
    if word:
        process.console.codepage = int(word)
    process.say(process.word("codepage", process.console.codepage) + "\n")
    return 0


def _known(codepage: int) -> bool:
    if codepage == UTF8:
        return True
    try:
        "".encode(f"cp{codepage}")
    except LookupError:
        return False
    return codepage < UTF8


def _find(process: Process) -> int:
    """FIND's string stands in quotes, a doubled quote is one quote; 0 where something was found, 1 where not, 2."""
    found = re.match(r'\s*((?:/[vcni]\s*)*)"((?:[^"]|"")*)"\s*(.*)$', process.tail, re.IGNORECASE | re.DOTALL)
    if found is None:
        process.complain(process.word("find-syntax") + "\n")
        return 2
    switches = set(found[1].lower().replace("/", " ").split())
    wanted = found[2].replace('""', '"')
    rest = crt_arguments(found[3])
    switches |= {word[1:].lower() for word in rest if word.startswith("/")}
    names = [word for word in rest if not word.startswith("/")]
    if not names:
        return _find_in(process, process.handles.stdin.read(), wanted, switches, "")
    return min([_find_file(process, name, wanted, switches) for name in names])


def _find_file(process: Process, name: str, wanted: str, switches: set[str]) -> int:
    path = clean(name, process.cwd)
    if not process.machine.files.is_file(path):
        process.complain(process.word("find-file", name.upper()) + "\n")
        return 1
    return _find_in(process, process.machine.files.read(path), wanted, switches, f"---------- {name.upper()}")


def _find_in(process: Process, raw: bytes, wanted: str, switches: set[str], heading: str) -> int:
    fold = str.lower if "i" in switches else str
    lines = split_lines(decode(raw, process.console.codepage))
    hits = [(n, line) for n, line in enumerate(lines, 1) if (fold(wanted) in fold(line)) != ("v" in switches)]
    if "c" in switches:
        process.say(f"\n{heading}: {len(hits)}\n" if heading else f"{len(hits)}\n")
    else:
        process.say(f"\n{heading}\n" if heading else "")
        process.say("".join(f"[{n}]{line}\n" if "n" in switches else f"{line}\n" for n, line in hits))
    return int(not hits)


def _findstr(process: Process) -> int:
    words = crt_arguments(process.tail)
    switches = {word[1:].lower() for word in words if word.startswith("/") and not word.lower().startswith("/c:")}
    strings = [word[3:] for word in words if word.lower().startswith("/c:")]
    rest = [word for word in words if not word.startswith("/")]
    if not strings and rest:
        strings = rest.pop(0).split()
    if not strings:
        return 2
    try:
        expression = "|".join(_findstr_pattern(one, switches) for one in strings)
        pattern = re.compile(expression, re.IGNORECASE if "i" in switches else 0)
    except re.error:
        return 2
    raws: Iterable[bytes] = [process.handles.stdin.read()]
    if rest:
        paths = [path for name in rest for path in process.machine.files.match(clean(name, process.cwd))]
        raws = [process.machine.files.read(path) for path in paths if process.machine.files.is_file(path)]
    lines = [line for raw in raws for line in split_lines(decode(raw, process.console.codepage))]
    hits = [line for line in lines if bool(pattern.search(line)) != ("v" in switches)]
    process.say("".join(f"{line}\n" for line in hits))
    return int(not hits)


def _findstr_pattern(text: str, switches: set[str]) -> str:
    body = re.escape(text) if "l" in switches else _findstr_expression(text)
    start = "^" if "b" in switches or "x" in switches else ""
    return f"(?:{start}{body}{'$' if 'e' in switches or 'x' in switches else ''})"


def _findstr_expression(text: str) -> str:
    r"""FINDSTR knows ``. * ^ $ [class] \x \< \>`` and nothing else of regular expressions."""
    out: list[str] = []
    for piece in re.findall(r"\\.|\[\^?[^\]^\\[]+\]|.", text, re.DOTALL):
        if piece in ("\\<", "\\>"):
            out.append("\\b")
        elif len(piece) > 1:
            out.append(re.escape(piece[1:]) if piece[0] == "\\" else piece)
        elif piece == "*":
            out.append("*" if out and not out[-1].endswith(("*", "^", "$", "\\b")) else "")
        else:
            out.append(piece if piece in ".^$" else re.escape(piece))
    return "".join(out)


def _more(process: Process) -> int:
    names = [word for word in crt_arguments(process.tail) if not word.startswith("/")]
    raw = process.handles.stdin.read() if not names else b""
    for name in names:
        path = clean(name, process.cwd)
        raw += process.machine.files.read(path) if process.machine.files.is_file(path) else b""
    process.handles.stdout.write(raw)
    return 0


def _ping(process: Process) -> int:
    """Answers at once and turns the host's clock on by the seconds that PING would have taken."""
    words = crt_arguments(process.tail)
    count, target = 4, ""
    rest = iter(words)
    for word in rest:
        if word.lower() in ("-n", "/n"):
            number = next(rest, "4")
            if not number.isdigit():
                process.say(process.word("bad-codepage", word) + "\n")
                return 1
            count = min(int(number), _MOST_PINGS)
        elif not word.startswith(("-", "/")):
            target = word
    if target.lower() not in ("127.0.0.1", "localhost", process.machine.name.lower(), process.machine.fqdn.lower()):
        process.say(process.word("ping-unknown", target) + "\n")
        return 1
    process.say(f"\n{process.word('ping-head', target)}\n\n")
    process.say((process.word("ping-reply", "127.0.0.1") + "\n") * count)
    process.machine.advance(max(0, count - 1))
    return 0


def _hostname(process: Process) -> int:
    process.say(process.machine.computer + "\n")
    return 0


def _whoami(process: Process) -> int:
    process.say(f"{process.env.get('USERDOMAIN')}\\{process.env.get('USERNAME')}\n".lower())
    return 0


def _timeout(process: Process) -> int:
    process.complain(process.word("timeout-input") + "\n")
    return 1


def _cmd(process: Process) -> int:
    """Only a name: cmd.exe is started by the shell itself."""
    process.handles.stdout.write(encode("", process.console.codepage))
    return 0


PROGRAMS: Final[Mapping[str, Program]] = {
    "reg.exe": reg_exe,
    "sc.exe": sc_exe,
    "net.exe": net_exe,
    "net1.exe": net_exe,
    "cscript.exe": cscript_exe,
    "chcp.com": _chcp,
    "fc.exe": fc_exe,
    "find.exe": _find,
    "findstr.exe": _findstr,
    "more.com": _more,
    "schtasks.exe": schtasks_exe,
    "ping.exe": _ping,
    "hostname.exe": _hostname,
    "whoami.exe": _whoami,
    "timeout.exe": _timeout,
    "cmd.exe": _cmd,
    "wmic.exe": wmic_exe,
    "wevtutil.exe": wevtutil_exe,
}
NOT_IN_2000: Final = frozenset({"reg.exe", "sc.exe", "whoami.exe", "timeout.exe", "wmic.exe"})
SINCE_VISTA: Final = frozenset({"wevtutil.exe"})
# Programs that do not stand in system32 itself.
FOLDERS: Final[Mapping[str, str]] = {"wmic.exe": "wbem\\"}
