"""
What an SMTP server says first to a stranger, and what that means (KB 919091, causes 4 and 5).

RFC 5321: the server speaks first, ``220 domain text`` in one line or ``220-…`` in several, and a client waits up to
five minutes for it (4.5.3.2.1); ``554`` says that there is no service. The forms of greetings that a PIX has masked are
those of KB 320027.
"""

from __future__ import annotations

import re
import socket
import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from remediators.model import Host

LONGEST = 65536  # bytes: a greeting has 512 octets a line (RFC 5321, 4.5.3.1.5)
_SHOWN = 120
_LAST_LINE = re.compile(rb"(?:^|\n)(?!\d{3}-)[^\n]*\n")
_MASKED = re.compile(r"2[*20 ]*\*[*20 ]*|.*SMTP/cmap_.*", re.DOTALL)
_REPLY = re.compile(r"(\d{3})(?:[ -](.*))?")


class SmtpGreetingOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = Field(default=25, description="The port to look at.")
    host: str | None = Field(default=None, description="Where; the host's ansible_host, or its name, if none is given.")
    contains: str | None = Field(default=None, description="Text that the greeting must have in it.")
    equals: str | None = Field(default=None, description="The whole greeting, without its 220; line ends as in YAML.")
    timeout: float = Field(default=30.0, gt=0, le=300, description="Seconds to wait for the whole greeting.")


class SmtpGreeting:
    """
    The server greets with 220, and with your text in it.

    ```yaml
    verify:
      smtp_greeting: {port: 25, contains: Contoso ESMTP mail service}
    ```
    """

    name = "smtp_greeting"
    Options = SmtpGreetingOptions

    def run(self, host: Host, options: SmtpGreetingOptions, deadline: float) -> str | None:
        """``None`` where the greeting is as wanted, else what was seen. ``deadline`` in seconds from now."""
        where = options.host or str(host.variables.get("ansible_host", host.name))
        seconds = min(options.timeout, deadline)
        try:
            said, ended = greeting(where, options.port, seconds)
        except OSError as error:
            return f"{where} port {options.port}: no connection ({error.strerror or error})"
        return _judge(said, ended, seconds, options)


def greeting(where: str, port: int, seconds: float) -> tuple[bytes, str]:
    """
    All bytes up to the end of the greeting, and how it ended: ``whole``, ``closed``, ``late`` or ``flood``.

    Raises OSError where no connection comes about in time.
    """
    end = time.monotonic() + seconds
    said = b""
    with socket.create_connection((where, port), timeout=seconds) as connection:
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return said, "late"
            connection.settimeout(left)
            try:
                more = connection.recv(4096)
            except TimeoutError:
                return said, "late"
            except ConnectionError:
                return said, "closed"
            said += more
            if _LAST_LINE.search(said):
                return said, "whole"
            if not more:
                return said, "closed"
            if len(said) > LONGEST:
                return said[:LONGEST], "flood"


def _judge(said: bytes, ended: str, seconds: float, options: SmtpGreetingOptions) -> str | None:
    lines = said.decode("ascii", errors="replace").replace("\r\n", "\n").rstrip("\n").split("\n")
    if ended == "flood":
        return f"more than {LONGEST} bytes and no end of a greeting"
    if not said:
        silent = f"no greeting within {seconds:g} seconds (cause 4)"
        return silent if ended == "late" else "the connection was closed without a greeting (cause 4)"
    if _MASKED.fullmatch(lines[0].strip()):
        return f"a firewall masks the greeting (cause 5): {_short(lines[0])}"
    if ended != "whole":
        return f"the greeting has no end ({'time is up' if ended == 'late' else 'closed'}): {_short(lines[-1])}"
    return _judge_lines(lines, options)


def _judge_lines(lines: list[str], options: SmtpGreetingOptions) -> str | None:
    replies = [_REPLY.fullmatch(line) for line in lines]
    first = replies[0]
    if first is None:
        return f"what answers does not speak SMTP: {_short(lines[0])}"
    if first[1] == "554":
        return f"the server says that it has no SMTP service (554): {_short(lines[0])}"
    if first[1] != "220":
        return f"the server greets with {first[1]} instead of 220: {_short(lines[0])}"
    text = "\n".join(reply[2] or "" for reply in replies if reply)
    if options.contains is not None and options.contains not in text:
        return f"the greeting is {_short(lines[0])}, without {options.contains!r}"
    if options.equals is not None and options.equals.strip("\n") != text:
        return f"the greeting is {_short(lines[0])}, not {options.equals!r}"
    return None


def _short(line: str) -> str:
    line = "".join(character if character.isprintable() else "�" for character in line)
    return repr(line if len(line) <= _SHOWN else line[:_SHOWN] + "…")
