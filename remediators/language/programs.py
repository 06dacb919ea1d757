"""Run a program of the operator's that prints a secret: bounded in time and in what it may print."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from remediators.language.vault import VaultFault

LARGEST = 1_000_000  # bytes
TIMEOUT_VARIABLE = "REMEDIATE_SECRET_TIMEOUT"
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Printed:
    """How a program ended: its exit status, what it printed, and the last line of what it complained."""

    code: int
    out: bytes
    complaint: str = ""


def seconds_allowed() -> float:
    """How long a program may take. Raises `VaultFault` where the environment says no number."""
    said = os.environ.get(TIMEOUT_VARIABLE, "")
    try:
        seconds = float(said) if said else SECONDS
    except ValueError:
        raise VaultFault(f"{TIMEOUT_VARIABLE} is {said!r}, and a number of seconds is wanted") from None
    return seconds if seconds > 0 else SECONDS


def run(arguments: Sequence[str], who: str, *, complaints: bool = True) -> Printed:
    """
    Run a program and give what it printed. It keeps the terminal, because it may ask for something there.

    ``complaints`` says whether its standard error is kept from the terminal. Raises `VaultFault`.
    """
    allowed = seconds_allowed()
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator names the program
            list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE if complaints else None
        )
    except (OSError, ValueError) as error:
        hint = "a file that only holds a password must not be executable" if isinstance(error, PermissionError) else ""
        raise VaultFault(f"{who} cannot be run: {getattr(error, 'strerror', None) or error}", hint) from error
    with process:
        try:
            out, complained = _drained(process, time.monotonic() + allowed, who, allowed)
            return Printed(process.wait(5), out, _last_line(complained))
        except subprocess.TimeoutExpired:
            raise _too_slow(who, allowed) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            for stream in filter(None, (process.stdout, process.stderr)):
                stream.close()  # a child that it left behind may hold the other end


def _drained(process: subprocess.Popen[bytes], deadline: float, who: str, allowed: float) -> tuple[bytes, bytes]:
    heard: dict[Any, bytearray] = {s: bytearray() for s in (process.stdout, process.stderr) if s is not None}
    with selectors.DefaultSelector() as waiting:
        for stream in heard:
            waiting.register(stream, selectors.EVENT_READ)
        while waiting.get_map():
            if time.monotonic() > deadline:
                raise _too_slow(who, allowed)
            for key, _ in waiting.select(0.1):
                _take(waiting, key.fileobj, heard, who)
            if process.poll() is not None and not waiting.select(0):
                break
    return bytes(heard[process.stdout]), bytes(heard.get(process.stderr, b""))


def _take(waiting: selectors.BaseSelector, stream: IO[bytes] | Any, heard: dict[Any, bytearray], who: str) -> None:
    chunk = os.read(stream.fileno(), 1 << 16)
    heard[stream] += chunk
    if not chunk:
        waiting.unregister(stream)
    if len(heard[stream]) > LARGEST:
        raise VaultFault(f"{who} printed more than {LARGEST // 1_000_000} MB, and a secret is wanted")


def _too_slow(who: str, allowed: float) -> VaultFault:
    return VaultFault(f"{who} did not end within {allowed:g} s", f"{TIMEOUT_VARIABLE}=SECONDS gives it longer")


def _last_line(raw: bytes) -> str:
    lines = raw.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""
