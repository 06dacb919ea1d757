"""
cmd.exe: runs the tree of a line, with delayed expansion at the time of execution, redirections, blocks and pipes.

See `cmd_parse` for how a line is read and `cmd_builtins` for the commands it has inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from remediators.lab.cmd_parse import (
    DELIMITERS,
    Chain,
    For,
    Group,
    If,
    Node,
    Redirect,
    Simple,
    SyntaxFailureError,
    expand_delayed,
    expand_percent,
    parse,
    parse_simple,
    unparse,
)
from remediators.lab.files import Files, NoSpaceError, clean, leaf, parent
from remediators.lab.process import Console, Environment, Handles, Process, Sink, Source, decode, encode

if TYPE_CHECKING:
    from remediators.lab.world import WindowsMachine

LONGEST_LINE: Final = 8191
UNKNOWN_COMMAND: Final = 9009
_MOST_TOKENS: Final = 31  # of a line, for FOR /F
_MOST_TURNS: Final = 100_000  # a loop that never ends would take its host's thread with it
_EXTENSIONS: Final = (".com", ".exe", ".bat", ".cmd", ".vbs")
_PREFIX: Final = re.compile(r"([A-Za-z]+)(?=[.:\\/+\[\](])")
_VARIABLE: Final = re.compile(r"%(~[fdpnxsatz]*)?(\w)", re.IGNORECASE)
_SPECIAL_IN_QUOTES: Final = frozenset("&<>()@^|")
_INTEGER: Final = re.compile(r"[+-]?(0x[0-9a-f]+|\d+)", re.IGNORECASE)

Builtin = Callable[["Shell", str, Handles], int | None]


class ExitError(Exception):
    """EXIT was executed: this cmd.exe ends with ``status``."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _FileSink(Sink):
    """A handle onto a file that is open for writing."""

    file = True

    def __init__(self, files: Files, path: str) -> None:
        super().__init__()
        self._files = files
        self._path = path

    def write(self, raw: bytes) -> None:
        self._files.extend(self._path, raw)


class Shell:
    """
    One cmd.exe process.

    ``errorlevel`` is what ``%errorlevel%`` gives. Methods that execute return what ``&&`` and ``||`` look at.
    """

    def __init__(self, machine: WindowsMachine, env: Environment, cwd: str, handles: Handles, console: Console) -> None:
        self.machine = machine
        self.env = env
        self.cwd = cwd
        self.handles = handles
        self.console = console
        self.wow = False
        self.delayed = False
        self.wide = False  # /u: what built-in commands write to a file or a pipe is UTF-16
        self.echo = True
        self.errorlevel = 0
        self.parameters: Sequence[str] | None = None
        self.variables: dict[str, str] = {}
        self.folders: list[str] = []
        self.saved: list[tuple[Environment, str, bool]] = []
        self.last_unknown = False

    def fork(self, handles: Handles, *, delayed: bool = False) -> Shell:
        """A child that inherits all but what belongs to the line being run."""
        child = Shell(self.machine, self.env.copy(), self.cwd, handles, self.console)
        child.wow, child.delayed, child.errorlevel = self.wow, delayed, 0
        return child

    def run(self, line: str) -> int:
        """What this process does with the line behind ``/c``; its exit code."""
        try:
            if len(line) > LONGEST_LINE:
                return self.fail(self.handles, "too-long")
            self.execute_text(line)
        except ExitError as ended:
            return ended.status
        return 1 if self.last_unknown else self.errorlevel

    def run_script(self, line: str, *, echo: bool) -> int:
        """What a server does that puts the line into a batch file and runs that; its exit code."""
        self.parameters, self.echo = ("line.cmd",), echo
        try:
            self._echoed(line, self.handles)
            return self.run(line)
        except BatchEndedError as ended:
            return self.errorlevel if ended.status is None else ended.status

    def execute_text(self, line: str) -> int:
        """Read and run one line in the mode of this shell."""
        try:
            node = parse(expand_percent(line.replace("\r", ""), self.lookup, self.parameters))
        except SyntaxFailureError as failure:
            return self.misread(failure)
        return 0 if node is None else self.execute(node, self.handles)

    def misread(self, failure: SyntaxFailureError) -> int:
        if failure.token is None:
            return self.fail(self.handles, "syntax")
        return self.fail(self.handles, "unexpected", failure.token)

    def lookup(self, name: str) -> str | None:
        """A variable, or one of those that cmd makes up when they are not set."""
        value = self.env.get(name)
        if value is not None:
            return value
        made_up: Mapping[str, Callable[[], str]] = {
            "ERRORLEVEL": lambda: str(self.errorlevel),
            "CD": lambda: self.cwd,
            "CMDEXTVERSION": lambda: "2",
            "DATE": lambda: self.machine.local().strftime("%a %m/%d/%Y"),
            "TIME": lambda: self.machine.local().strftime("%H:%M:%S.00"),
            "RANDOM": lambda: str(self.machine.random()),
            "CMDCMDLINE": lambda: "cmd.exe",
        }
        found = made_up.get(name.upper())
        return None if found is None else found()

    def say(self, handles: Handles, text: str) -> None:
        handles.stdout.write(encode(text.replace("\n", "\r\n"), self.console.codepage))

    def fail(self, handles: Handles, key: str, *values: object, status: int = 1) -> int:
        """Print a message on standard error and set the error level."""
        text = self.machine.word(key, *values) + "\n"
        handles.stderr.write(encode(text.replace("\n", "\r\n"), self.console.codepage))
        self.errorlevel = status
        return status

    # -- the tree

    def execute(self, node: Node, handles: Handles) -> int:
        if isinstance(node, Chain):
            return self._chain(node, handles)
        if isinstance(node, Simple):
            return self.simple(self.expanded(node), handles)
        if isinstance(node, Group):
            opened = self.opened([self._expanded_redirect(one) for one in node.redirects], handles)
            return 1 if opened is None else self.execute(node.body, opened)
        if isinstance(node, If):
            branch = node.body if self._holds(node) else node.otherwise
            return 0 if branch is None else self.execute(branch, handles)
        return self._for(node, handles)

    def _chain(self, node: Chain, handles: Handles) -> int:
        # A line can hold hundreds of commands, so its left edge is walked, not recursed into.
        edge = [node]
        while isinstance(edge[-1].left, Chain) and edge[-1].operator != "|":
            edge.append(edge[-1].left)
        status = self._pipe(edge.pop(), handles) if edge[-1].operator == "|" else self.execute(edge[-1].left, handles)
        for link in reversed(edge):
            if link.operator == "&" or (link.operator == "&&") == (status == 0):
                status = self.execute(link.right, handles)
        return status

    def _pipe(self, node: Chain, handles: Handles) -> int:
        between = Sink()
        self._side(node.left, Handles(handles.stdin, between, handles.stderr))
        right = Handles(Source(between.getvalue()), handles.stdout, handles.stderr)
        self.errorlevel = self._side(node.right, right)
        return self.errorlevel

    def _side(self, node: Node, handles: Handles) -> int:
        """
        One side of a pipe: a program runs as it is, everything else in a new cmd.exe that reads its text once more.

        A single command has had its delayed expansion before that; a block has not, and its new cmd.exe has it off.
        """
        child = self.fork(handles)
        if not isinstance(node, Simple):
            if isinstance(node, Chain) and node.operator == "|":
                return self._pipe_child(node, handles)
            return child.run(self._with_variables(unparse(node)))
        node = self.expanded(node)
        if self.builtin(node) is None:
            status = child.simple(node, handles)
            return 1 if child.last_unknown else status
        opened = self.opened(node.redirects, handles)
        if opened is None:
            return 1
        child.handles = opened
        return child.run(node.name + node.arguments)

    def _pipe_child(self, node: Chain, handles: Handles) -> int:
        between = Sink()
        self._side(node.left, Handles(handles.stdin, between, handles.stderr))
        return self._side(node.right, Handles(Source(between.getvalue()), handles.stdout, handles.stderr))

    # -- one command

    def expanded(self, node: Simple) -> Simple:
        """Phases 4 and 5: FOR variables, then delayed expansion of each token by itself."""
        if not self.variables and not self.delayed:
            return node
        redirects = tuple(self._expanded_redirect(redirect) for redirect in node.redirects)
        return Simple(self.token(node.name), self.token(node.arguments), redirects)

    def _expanded_redirect(self, redirect: Redirect) -> Redirect:
        return replace(redirect, target=self.token(redirect.target))

    def token(self, text: str) -> str:
        text = self._with_variables(text)
        return expand_delayed(text, self.lookup, batch=self.parameters is not None) if self.delayed else text

    def _with_variables(self, text: str) -> str:
        if not self.variables or "%" not in text:
            return text
        return _VARIABLE.sub(self._variable, text)

    def _variable(self, found: re.Match[str]) -> str:
        value = self.variables.get(found[2])
        if value is None:
            return found[0]
        return value if found[1] is None else self._modified(value, found[1][1:].lower())

    def _modified(self, value: str, modifiers: str) -> str:
        bare = value[1:-1] if value[:1] == value[-1:] == '"' and len(value) > 1 else value.removeprefix('"')
        if not modifiers:
            return bare
        path = clean(bare, self.cwd)
        if "f" in modifiers:
            return path
        name, dot, extension = leaf(path).rpartition(".")
        parts = {
            "d": path[:2],
            "p": parent(path)[2:].rstrip("\\") + "\\",
            "n": name if dot else extension,
            "x": dot + extension if dot else "",
            "t": self.machine.dated(path) if self.machine.files.exists(path) else "",
            "z": str(len(self.machine.files.read(path))) if self.machine.files.is_file(path) else "",
        }
        return "".join(parts.get(letter, "") for letter in "dpnxtz" if letter in modifiers)

    def simple(self, node: Simple, handles: Handles) -> int:
        self.last_unknown = False
        opened = self.opened(node.redirects, handles) if node.redirects else handles
        if opened is None:
            return 1
        if node.name.startswith(":"):
            return 0
        builtin = self.builtin(node)
        if builtin is None:
            return self._program(node, opened)
        function, arguments = builtin
        try:
            status = function(self, arguments, opened)
        except NoSpaceError:
            status = self.fail(handles, "no-space")
        if status is not None:
            self.errorlevel = status
        return status or 0

    def builtin(self, node: Simple) -> tuple[Builtin, str] | None:
        """The command inside cmd.exe that a name stands for, with the rest of the name given to its arguments."""
        function = self.machine.builtins.get(node.name.lower())
        if function is not None:
            return function, node.arguments
        found = _PREFIX.match(node.name)
        if found and (function := self.machine.builtins.get(found[1].lower())) is not None:
            return function, node.name[found.end() :] + node.arguments
        return None

    def _program(self, node: Simple, handles: Handles) -> int:
        name = node.name.replace('"', "")
        if re.fullmatch(r"[A-Za-z]:", name):
            return self._drive(name, handles)
        image = self.find_program(name)
        if image is None:
            self.fail(handles, "unknown", name, status=UNKNOWN_COMMAND)
            self.last_unknown = True
            return UNKNOWN_COMMAND
        self.errorlevel = self._start(image, node, handles)
        return self.errorlevel

    def _drive(self, name: str, handles: Handles) -> int:
        if not self.machine.files.is_folder(name.upper() + "\\"):
            return self.fail(handles, "no-path")
        self.cwd = self.cwd if self.cwd[:2].upper() == name.upper() else name.upper() + "\\"
        return 0

    def _start(self, image: str, node: Simple, handles: Handles) -> int:
        if image.lower().endswith((".cmd", ".bat")):
            return self.batch(image, [node.name, *batch_parameters(node.arguments)], handles)
        wow = self.wow_of(image)
        tail = node.arguments.lstrip(" \t") if node.arguments[:1] in (" ", "\t", "") else node.arguments
        process = Process(self.machine, image, tail, self.env, self.cwd, handles, self.console, wow)
        if leaf(image).lower() == "cmd.exe":
            return self.nested(process)
        program = self.machine.programs.get(leaf(image).lower())
        return 0 if program is None else program(process)

    def nested(self, process: Process) -> int:
        """cmd.exe started from this one: switches, then the quotes around the line."""
        child = self.fork(process.handles)
        child.env, child.wow = process.env.copy(), process.wow
        line, switches = command_line(process.tail)
        child.delayed = "/v:on" in switches or "/v" in switches
        child.echo = "/q" not in switches
        child.wide = "/u" in switches
        if line is None:
            return 0
        return child.run(strip_quotes(line, keep=None if "/s" in switches else self.find_program))

    def wow_of(self, image: str) -> bool:
        folder = parent(image).lower()
        if folder.endswith("\\syswow64"):
            return self.machine.x64
        return self.wow and not folder.endswith("\\sysnative")

    def find_program(self, name: str) -> str | None:
        """The file that a command's name stands for: here, then along PATH, with each of the usual endings."""
        name = name.replace("/", "\\")
        if "\\" in name or ":" in name:
            folders = [""]
        else:
            folders = [self.cwd, *filter(None, (self.env.get("PATH") or "").split(";"))]
        for folder in folders:
            path = clean(f"{folder}\\{name}" if folder else name, self.cwd)
            for ending in ("", *_EXTENSIONS) if "." in leaf(path) else _EXTENSIONS:
                if self.machine.files.is_file(path + ending):
                    return self.machine.files.spelling(path + ending)
        return None

    def batch(self, path: str, parameters: Sequence[str], handles: Handles) -> int:
        """Run a batch file in this shell; lines that open a block go on until it is closed."""
        outer = (self.parameters, self.handles, len(self.saved))
        self.parameters, self.handles = parameters, handles
        text = decode(self.machine.files.read(path), self.console.codepage)
        try:
            for line in whole_commands(text):
                self._echoed(line, handles)
                self.execute_text(line)
        except BatchEndedError as ended:
            if ended.status is not None:
                self.errorlevel = ended.status
        finally:
            self.parameters, self.handles = outer[:2]
            while len(self.saved) > outer[2]:
                self.env, self.cwd, self.delayed = self.saved.pop()
        return self.errorlevel

    def _echoed(self, line: str, handles: Handles) -> None:
        if self.echo and line.strip() and not line.lstrip().startswith(("@", ":")):
            shown = expand_percent(line, self.lookup, self.parameters)
            self.say(handles, f"\n{self.cwd}>{shown} \n")

    def call(self, arguments: str, handles: Handles) -> int:
        """CALL: carets are doubled, percent signs and special characters are read once more, delayed ones are not."""
        text = arguments.lstrip(DELIMITERS).replace("^", "^^")
        if not text:
            # (call) sets the error level to 1 and "(call )" to 0: the documented idiom for both.
            return int(not arguments)
        if text.startswith(":"):
            return self.fail(handles, "no-label")
        try:
            node = parse_simple(expand_percent(text, self.lookup, self.parameters))
        except SyntaxFailureError as failure:
            return self.misread(failure)
        self.errorlevel = 0 if node is None or self.builtin(node) else self.errorlevel
        if node is not None and self.simple(node, handles) and self.last_unknown:
            self.errorlevel = 1
        return self.errorlevel

    def opened(self, redirects: Sequence[Redirect], handles: Handles) -> Handles | None:
        """The handles with redirections made, in their order; ``None`` (and a message) where a file will not open."""
        table: dict[int, Source | Sink] = {0: handles.stdin, 1: handles.stdout, 2: handles.stderr}
        for redirect in redirects:
            try:
                table[redirect.handle] = self._open(redirect, table)
            except FileNotFoundError:
                self.fail(handles, "no-file")
                return None
            except NotADirectoryError:
                self.fail(handles, "no-path")
                return None
            except NoSpaceError:
                self.fail(handles, "no-space")
                return None
        stdin, stdout, stderr = table[0], table[1], table[2]
        return Handles(
            stdin if isinstance(stdin, Source) else Source(),
            stdout if isinstance(stdout, Sink) else Sink(nul=True),
            stderr if isinstance(stderr, Sink) else Sink(nul=True),
        )

    def _open(self, redirect: Redirect, table: dict[int, Source | Sink]) -> Source | Sink:
        if redirect.operator == "&":
            return table.get(int(redirect.target), Sink(nul=True))
        target = redirect.target.replace('"', "")
        reading = redirect.operator == "<"
        if leaf(target).rstrip(":").lower() in ("nul", "con", "prn"):
            return Source() if reading else Sink(nul=True)
        path = clean(target, self.cwd)
        if reading:
            return Source(self.machine.files.read(path))
        self.machine.files.write(path, b"", append=redirect.operator == ">>")
        return _FileSink(self.machine.files, path)

    # -- IF and FOR

    def _holds(self, node: If) -> bool:
        left, right = self.token(node.left), self.token(node.right)
        return self._condition(node, left, right) != node.negated

    def _condition(self, node: If, left: str, right: str) -> bool:
        if node.operator == "ERRORLEVEL":
            return self.errorlevel >= (_number(right) or 0)
        if node.operator == "CMDEXTVERSION":
            return (_number(right) or 0) <= 2
        if node.operator == "DEFINED":
            return self.lookup(right.replace('"', "")) is not None
        if node.operator == "EXIST":
            path = clean(right.replace('"', ""), self.cwd)
            return bool(self.machine.files.match(path)) or leaf(right).strip('"').lower() == "nul"
        return _compared(node.operator, left, right, ignore_case=node.ignore_case)

    def _for(self, node: For, handles: Handles) -> int:
        items, options = self.token(node.items), self.token(node.options)
        turns = {"L": self._counted, "F": self._lines}.get(node.kind, self._named)
        kept = dict(self.variables)
        status = 0
        try:
            for values in turns(items, options, node.variable, handles):
                self.variables = {**kept, **values}
                if self.echo and not node.quiet:
                    self.say(handles, f"\n{self.cwd}>{self._with_variables(unparse(node.body))} \n")
                status = self.execute(node.body, handles)
        finally:
            self.variables = kept
        return status

    def _counted(self, items: str, _options: str, variable: str, _handles: Handles) -> Iterator[dict[str, str]]:
        words = re.split(f"[{re.escape(DELIMITERS)}]+", items.strip(DELIMITERS))
        start, step, end = (*(_number(word) or 0 for word in words), 0, 0, 0)[:3]
        turns = 0
        while (turns := turns + 1) < _MOST_TURNS and (
            (step > 0 and start <= end) or (step < 0 and start >= end) or (step == 0 and start <= end)
        ):
            yield {variable: str(start)}
            start += step

    def _named(self, items: str, _options: str, variable: str, _handles: Handles) -> Iterator[dict[str, str]]:
        for word in re.findall(r'(?:"[^"]*"|[^\s,;="])+', items):
            if "*" in word or "?" in word:
                path = clean(word.replace('"', ""), self.cwd)
                for found in self.machine.files.match(path):
                    yield {variable: found if "\\" in word else leaf(found)}
            else:
                yield {variable: word}

    def _lines(self, items: str, options: str, variable: str, handles: Handles) -> Iterator[dict[str, str]]:
        rules = ForOptions.parse(options)
        for line in self._for_text(items.strip(" \t"), rules, handles)[rules.skip :]:
            if line and not (rules.eol and line.startswith(rules.eol)):
                found = rules.split(line, variable)
                if found:
                    yield found

    def _for_text(self, items: str, rules: ForOptions, handles: Handles) -> list[str]:
        command, string = ("`", "'") if rules.usebackq else ("'", '"')
        if items[:1] == items[-1:] == command and len(items) > 1:
            return self._output_of(items[1:-1], handles)
        if items[:1] == items[-1:] == string and len(items) > 1:
            return [items[1:-1]]
        lines: list[str] = []
        for name in re.findall(r'"[^"]*"|[^\s,;=]+', items):
            lines += self._file_lines(clean(name.replace('"', ""), self.cwd), handles)
        return lines

    def _output_of(self, command: str, handles: Handles) -> list[str]:
        out = Sink()
        child = self.fork(Handles(handles.stdin, out, handles.stderr))
        child.run(strip_quotes(command, keep=self.find_program))
        return split_lines(decode(out.getvalue(), self.console.codepage))

    def _file_lines(self, path: str, handles: Handles) -> list[str]:
        if not self.machine.files.is_file(path):
            self.fail(handles, "no-file")
            return []
        raw = self.machine.files.read(path)
        # FOR /F cannot read UTF-16: it meets a NUL in the first character and gives up.
        return [] if raw[:2] == b"\xff\xfe" else split_lines(decode(raw, self.console.codepage))


class BatchEndedError(Exception):
    """EXIT /B or GOTO :EOF was executed in a batch file."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class ForOptions:
    """The quoted options of FOR /F."""

    def __init__(self) -> None:
        self.eol = ";"
        self.skip = 0
        self.delims = " \t"
        self.tokens = [1]
        self.rest = False
        self.usebackq = False

    @classmethod
    def parse(cls, text: str) -> ForOptions:
        """Read ``"eol=c skip=n delims=xxx tokens=1,2-4* usebackq"``."""
        rules = cls()
        # DELIMS takes everything up to the next option or the end, blanks too where it stands last.
        found = re.findall(
            r"(eol=.?|skip=\d+|tokens=[\d,*-]+|usebackq|delims=.*?(?=\s+(?:eol|skip|tokens)=|\s+usebackq|$))",
            text.strip().removeprefix('"').removesuffix('"'),
            re.IGNORECASE,
        )
        for option in found:
            name, _, value = option.partition("=")
            rules._take(name.lower(), value)
        return rules

    def _take(self, name: str, value: str) -> None:
        if name == "tokens":
            self._take_tokens(value)
        elif name == "skip":
            self.skip = int(value)
        elif name == "usebackq":
            self.usebackq = True
        else:
            setattr(self, name, value)

    def _take_tokens(self, value: str) -> None:
        self.rest = value.endswith("*")
        self.tokens = []
        for part in filter(None, value.rstrip("*").split(",")):
            low, _, high = part.partition("-")
            self.tokens += range(int(low or 1), min(int(high or low), _MOST_TOKENS) + 1)

    def split(self, line: str, variable: str) -> dict[str, str]:
        """The variables that a line gives: one letter after the other, from ``variable`` on."""
        words, rest = self._words(line)
        if not words:
            return {}
        values = [words[n - 1] if n <= len(words) else "" for n in self.tokens]
        if self.rest:
            values.append(rest[max(self.tokens, default=0)] if max(self.tokens, default=0) < len(rest) else "")
        return {chr(ord(variable) + index): value for index, value in enumerate(values)}

    def _words(self, line: str) -> tuple[list[str], list[str]]:
        """The tokens of a line, and what is left of the line before each of them."""
        if not self.delims:
            return [line], [line]
        found = list(re.finditer(f"[^{re.escape(self.delims)}]+", line))
        return [word[0] for word in found], [line[word.start() :] for word in found]


def split_lines(text: str) -> list[str]:
    """Lines without their ends."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def whole_commands(text: str) -> Iterator[str]:
    """The lines of a batch file, joined where a block stays open."""
    waiting = ""
    for line in split_lines(text):
        waiting = f"{waiting}\n{line}" if waiting else line
        bare = re.sub(r'"[^"\n]*"?|\^.', "", waiting)
        if bare.count("(") <= bare.count(")"):
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def batch_parameters(arguments: str) -> list[str]:
    """``%1`` and those after it, with the quotes they had."""
    return re.findall(r'(?:"[^"]*"?|[^\s,;="])+', arguments)


def command_line(tail: str) -> tuple[str | None, set[str]]:
    """What stands behind /c or /k of a cmd.exe's arguments, and the switches before it, in lower case."""
    switches: set[str] = set()
    rest = tail.lstrip(" \t,;=")
    while rest.startswith("/"):
        letter = rest[1:2].lower()
        if letter in ("c", "k", "r"):
            return rest[2:], switches
        found = re.match(r"/\w(:\w+)?", rest)
        if found is None:
            break
        switches.add(found[0].lower())
        rest = rest[found.end() :].lstrip(" \t,;=")
    return None, switches


def strip_quotes(line: str, keep: Callable[[str], str | None] | None) -> str:
    """
    ``cmd /?``: the first and the last quote go, unless there are exactly two, nothing special is between them, at
    least one blank is, and what is between them names a program (``keep`` finds it; ``None`` stands for /s).
    """
    line = line.lstrip(" \t")
    if not line.startswith('"'):
        return line
    if keep is not None and line.count('"') == 2:
        between = line[1 : line.rindex('"')]
        if not _SPECIAL_IN_QUOTES & set(between) and " " in between and keep(between) is not None:
            return line
    last = line.rindex('"')
    return line[1:] if last == 0 else line[1:last] + line[last + 1 :]


def _number(text: str) -> int | None:
    """A number as cmd reads it: decimal, 0x hexadecimal, or octal with a leading zero."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lower()
    octal = len(digits) > 1 and digits.startswith("0") and not digits.startswith("0x")
    try:
        value = int(digits, 16 if digits.startswith("0x") else 8 if octal else 10)
    except ValueError:
        return None
    return -value if text.startswith("-") else value


def _compared(operator: str, left: str, right: str, *, ignore_case: bool) -> bool:
    if operator == "==":
        return left.lower() == right.lower() if ignore_case else left == right
    numbers = (_number(left), _number(right))
    if numbers[0] is not None and numbers[1] is not None:
        order = (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    else:
        if ignore_case:
            left, right = left.lower(), right.lower()
        order = (left > right) - (left < right)
    return {
        "EQU": order == 0,
        "NEQ": order != 0,
        "LSS": order < 0,
        "LEQ": order <= 0,
        "GTR": order > 0,
        "GEQ": order >= 0,
    }[operator]
