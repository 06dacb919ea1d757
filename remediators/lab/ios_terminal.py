"""A terminal line: what is typed and echoed, what is shown, page by page."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

_PIPE: Final = ("include", "exclude", "begin", "section", "count", "grep")
CTRL_C: Final = "\x03"
CTRL_Z: Final = "\x1a"


class Gone(Exception):
    """The other side left."""


class Terminal:
    """
    One session's terminal.

    ``receive`` waits for what is typed and gives an empty text at the end; ``send`` shows text. ``pause`` waits for
    seconds. ``length`` is 0 for no pager.
    """

    def __init__(
        self,
        receive: Callable[[], str],
        send: Callable[[str], None],
        pause: Callable[[float], None],
        *,
        more: str = " --More-- ",
        erase: str = "\b" * 9 + " " * 9 + "\b" * 9,
    ) -> None:
        self.length = 24
        self.width = 80
        self.echo_delay = 0.0
        self.output_delay = 0.0
        self.chatter = 0
        self.syslog: Callable[[], str] = str
        self.prompt = ""
        self._receive = receive
        self._send = send
        self._pause = pause
        self._more, self._erase = more, erase
        self._typed: deque[str] = deque()
        self._shown: list[str] = []
        self._after_return = False
        self._printed = 0

    def write(self, text: str) -> None:
        """Show text; its line ends become those of a terminal."""
        self._shown.append(text.replace("\n", "\r\n"))

    def flush(self) -> None:
        text = "".join(self._shown)
        self._shown.clear()
        if text:
            self._send(text)

    def interrupt(self, text: str) -> None:
        """Show a line that nobody asked for, and the prompt again; from any thread."""
        self._send(f"\n{text}\n".replace("\n", "\r\n") + self.prompt)

    def key(self) -> str:
        """One key, without echo. Raises `Gone`."""
        while not self._typed:
            self.flush()
            received = self._receive()
            if not received:
                raise Gone
            if self.echo_delay:
                self._pause(self.echo_delay)
            self._typed.extend(received)
        key = self._typed.popleft()
        if key == "\n" and self._after_return:
            self._after_return = False
            return self.key()
        self._after_return = key == "\r"
        return key

    def line(self, prompt: str, *, echo: bool = True) -> str:
        """
        One line, without its end; Ctrl-Z ends a line too and stands at its end. Raises `Gone`.

        Ctrl-C gives an empty line.
        """
        self.write(prompt)
        self.prompt = prompt
        typed: list[str] = []
        while (key := self.key()) not in "\r\n":
            if key in (CTRL_C, CTRL_Z):
                self.write("^C\n" if key == CTRL_C else "^Z\n")
                return "" if key == CTRL_C else "".join(typed) + CTRL_Z
            self._type(typed, key, echo=echo)
        self.write("\n")
        return "".join(typed)

    def _type(self, typed: list[str], key: str, *, echo: bool) -> None:
        if key in "\b\x7f":
            if typed:
                typed.pop()
                self.write("\b \b" if echo else "")
            return
        if key == "\x15":  # Ctrl-U
            self.write("\b \b" * len(typed) if echo else "")
            typed.clear()
            return
        typed.append(key)
        if not echo:
            return
        room = self.width - len(self.prompt) - 1
        if self.width and room > 20 and len(typed) % room == 0:
            # A line that is too long is shifted to the left: a dollar sign and its end stay.
            kept = "".join(typed[-10:])
            self.write("\b" * room + "$" + kept + " " * (room - 11) + "\b" * (room - 11))
        else:
            self.write(key)

    def page(self, lines: Iterable[str]) -> None:
        """Show lines, and wait for a key after each page. Raises `Gone`."""
        on_page = 0
        for line in lines:
            if self.length and on_page >= self.length - 1:
                on_page = self._wait()
                if on_page < 0:
                    return
            self.write(f"{line}\n")
            on_page += 1
            self._count()

    def _count(self) -> None:
        self._printed += 1
        if self.chatter and self._printed % self.chatter == 0:
            self.write(f"{self.syslog()}\n")
        if self.output_delay and self._printed % 20 == 0:
            self.flush()
            self._pause(self.output_delay)

    def _wait(self) -> int:
        """At the end of a page: the lines that the new page has already, or -1 where the rest is not wanted."""
        self.write(self._more)
        key = self.key()
        self.write(self._erase)
        if key == " ":
            return 0
        return self.length - 2 if key in "\r\n" else -1


def piped(text: str, pipe: str) -> list[str]:
    """
    The lines that ``| include TEXT`` and the like leave.

    Raises ValueError where it is no filter. ``section`` gives matching lines with all that is indented below them.
    """
    kind, _, wanted = pipe.lstrip().partition(" ")
    names = [name for name in _PIPE if kind and name.startswith(kind.lower())]
    if not names or not wanted.strip():
        raise ValueError(pipe)
    pattern = re.compile(wanted.lstrip())
    lines = text.split("\n")
    match names[0]:
        case "include" | "grep":
            return [line for line in lines if pattern.search(line)]
        case "exclude":
            return [line for line in lines if not pattern.search(line)]
        case "count":
            return [f"Number of lines which match regexp = {sum(bool(pattern.search(line)) for line in lines)}"]
        case "begin":
            first = next((place for place, line in enumerate(lines) if pattern.search(line)), len(lines))
            return lines[first:]
        case _:
            return list(_sections(lines, pattern))


def _sections(lines: Iterable[str], pattern: re.Pattern[str]) -> Iterable[str]:
    inside: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if inside is not None and indent > inside:
            yield line
            continue
        inside = indent if pattern.search(line) else None
        if inside is not None:
            yield line
