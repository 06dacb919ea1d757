"""Inventory scripts: programs that print JSON for ``--list``, and for ``--host NAME`` where they give no ``_meta``."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from remediators.language import hidden
from remediators.language.draft import Draft, Layer
from remediators.language.problems import Problem, kind_of
from remediators.language.source import LARGEST_INVENTORY, Place, YamlDocument
from remediators.language.vault import VaultFault, read_envelope
from remediators.language.yaml_nodes import literal

SECONDS = 60.0  # for one call; REMEDIATE_SCRIPT_TIMEOUT sets another number
ALL_HOSTS = 10  # times as much for all calls with --host together
_KEYS = ("hosts", "children", "vars")
_NOEXEC = 8  # errno ENOEXEC: data that happens to be executable


class ScriptFault(Exception):
    """Why a script gave nothing that could be used; ``at`` is a line and a column of what it printed."""

    def __init__(self, what: str, hint: str = "", *, is_data: bool = False, at: tuple[int, int] = (0, 0)) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.is_data = is_data
        self.at = at


@dataclass(slots=True)
class _Call:
    """One run of a script: what it printed so far, and the moment (monotonic seconds) at which it must have ended."""

    process: subprocess.Popen[bytes]
    deadline: float
    printed: bytearray
    complained: bytearray


def read_script(path: Path, draft: Draft) -> bool:
    """
    Run a script and add what it says. False where it is no program at all, so that it may be read as data.

    What is wrong goes to the draft's problems.
    """
    script = _Script(path, draft)
    try:
        script.read()
    except ScriptFault as fault:
        if fault.is_data:
            return False
        source = script.document.source_line(fault.at[0])
        draft.problems.add(Problem(script.document.file, *fault.at, "", fault.what, fault.hint, source))
    return True


class _Script:
    """A script and the document that its last output is."""

    def __init__(self, path: Path, draft: Draft) -> None:
        self.path = path
        self.draft = draft
        self.document = YamlDocument(f"{path} --list", "")
        self.hosts: dict[str, None] = {}

    def read(self) -> None:
        groups = self._call("--list")
        if not isinstance(groups, dict):
            raise ScriptFault(f"printed {kind_of(groups)}, and a mapping of groups is wanted")
        meta = groups.pop("_meta", None)
        for name, body in groups.items():
            self._group(name, body)
        known = meta.get("hostvars") if isinstance(meta, dict) else meta
        if known is None:
            self._ask_for_each()
        elif not isinstance(known, dict):
            raise ScriptFault(f"_meta.hostvars is {kind_of(known)}, and a mapping of hosts is wanted")
        else:
            for host in self.hosts:
                self._host(host, known.get(host), ("_meta", "hostvars", host))

    def _ask_for_each(self) -> None:
        until = time.monotonic() + ALL_HOSTS * seconds_allowed()
        for host in self.hosts:
            if time.monotonic() > until:
                raise ScriptFault(f"took more than {ALL_HOSTS * seconds_allowed():g} s for its hosts", "print _meta")
            self._host(host, self._call("--host", host), ())

    def _group(self, name: str, body: Any) -> None:
        group = self.draft.group(name)
        if isinstance(body, list):
            body = {"hosts": body}
        elif isinstance(body, dict) and body and not body.keys() & set(_KEYS):
            body = {"hosts": [name], "vars": body}  # how Ansible reads a group that is but a host
        if not isinstance(body, dict):
            self._wrong((name,), f"group {name!r}", f"must be a mapping of {', '.join(_KEYS)}, not {kind_of(body)}")
            return
        for host in self._names(name, body, "hosts"):
            self.hosts[host] = None
            self.draft.add_host(host, group, None)
        values = body.get("vars") or {}
        if isinstance(values, dict):
            self.draft.add_layer(group, Layer(values, self.document, (name, "vars")))
        else:
            self._wrong((name, "vars"), f"group {name!r}", f"vars must be a mapping, not {kind_of(values)}")
        for child in self._names(name, body, "children"):
            self.draft.group(child)
            group.children.setdefault(child, Place(self.document, (name, "children")))

    def _names(self, group: str, body: dict[str, Any], key: str) -> list[str]:
        found = body.get(key) or []
        if isinstance(found, list) and all(isinstance(name, str) and name.strip() for name in found):
            return found
        self._wrong((group, key), f"group {group!r}", f"{key} must be a list of names")
        return []

    def _host(self, host: str, values: Any, path: tuple[str, ...]) -> None:
        if isinstance(values, dict):
            if values:
                self.draft.hosts[host].append(Layer(values, self.document, path))
        elif values is not None:
            self._wrong(path, f"host {host!r}", f"the variables of a host are a mapping, not {kind_of(values)}")

    def _wrong(self, path: tuple[str, ...], where: str, what: str) -> None:
        self.draft.problems.add(Place(self.document, path).problem(where, what))

    def _call(self, *arguments: str) -> Any:
        """What the script prints, as plain values. Raises `ScriptFault`."""
        name = f"{self.path} {' '.join(arguments)}"
        self.document = YamlDocument(name, "")
        text = _output(self.path, arguments)
        self.document = YamlDocument(name, text)
        if not text.strip() and arguments[0] == "--host":
            return {}
        if not text.strip():
            raise ScriptFault("printed nothing, and JSON is wanted")
        try:
            return _plain(json.loads(text))
        except json.JSONDecodeError as error:
            what = f"what it printed is no JSON: {error.msg[0].lower()}{error.msg[1:]}"
            raise ScriptFault(what, at=(error.lineno, error.colno)) from error
        except RecursionError as error:
            raise ScriptFault("printed JSON that is nested too deeply") from error


def _plain(value: Any) -> Any:
    """Ansible's marks for texts that are no templates, taken off."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "__ansible_unsafe" in value and isinstance(value["__ansible_unsafe"], str):
        return literal(value["__ansible_unsafe"])
    if isinstance(value.get("__ansible_vault"), str):
        return _sealed(value["__ansible_vault"])
    return {name: _plain(part) for name, part in value.items()}


def _sealed(text: str) -> hidden.Sealed:
    try:
        read_envelope(text)
    except VaultFault as fault:
        raise ScriptFault(f"printed a vault value that {fault.what}", fault.hint) from fault
    return hidden.Sealed(text, hidden.current())


def seconds_allowed() -> float:
    """How long one call may take. Raises `ScriptFault` where the environment says no number."""
    said = os.environ.get("REMEDIATE_SCRIPT_TIMEOUT", "")
    try:
        seconds = float(said) if said else SECONDS
    except ValueError:
        raise ScriptFault(f"REMEDIATE_SCRIPT_TIMEOUT is {said!r}, and a number of seconds is wanted") from None
    return seconds if seconds > 0 else SECONDS


def _output(path: Path, arguments: tuple[str, ...]) -> str:
    allowed = seconds_allowed()
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator names the script, as in Ansible
            [os.path.abspath(path), *arguments],  # noqa: PTH100 - a link must keep its name, which scripts look at
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ScriptFault(_why_not_run(path, error), is_data=error.errno == _NOEXEC) from error
    call = _Call(process, time.monotonic() + allowed, bytearray(), bytearray())
    with process:
        try:
            _drain(call, allowed)
            process.wait(max(0.0, call.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise _too_slow(allowed) from None
        finally:
            _end(process)
    return _checked(call)


def _why_not_run(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and path.exists():
        with path.open("rb") as stream:
            first = stream.readline(200).decode(errors="replace").strip()
        return f"cannot be run: its interpreter is not there ({first})"
    return f"cannot be run: {error.strerror}"


def _drain(call: _Call, allowed: float) -> None:
    """Read both outputs until they end. Raises `ScriptFault` at the deadline, and where there is too much of it."""
    assert call.process.stdout is not None
    assert call.process.stderr is not None
    with selectors.DefaultSelector() as waiting:
        waiting.register(call.process.stdout, selectors.EVENT_READ, call.printed)
        waiting.register(call.process.stderr, selectors.EVENT_READ, call.complained)
        while waiting.get_map():
            left = call.deadline - time.monotonic()
            if left <= 0:
                raise ScriptFault(
                    f"did not end within {allowed:g} s", "REMEDIATE_SCRIPT_TIMEOUT=SECONDS gives it longer"
                )
            for key, _ in waiting.select(min(left, 0.2)):
                _take(waiting, key)
            if len(call.printed) > LARGEST_INVENTORY:
                raise ScriptFault(f"printed more than {LARGEST_INVENTORY // 1_000_000} MB")
            if call.process.poll() is not None and not waiting.select(0):
                return  # it has ended, and what still holds its outputs open is a child that it left behind


def _too_slow(allowed: float) -> ScriptFault:
    return ScriptFault(f"did not end within {allowed:g} s", "REMEDIATE_SCRIPT_TIMEOUT=SECONDS gives it longer")


def _take(waiting: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    stream: IO[bytes] = key.fileobj  # type: ignore[assignment]  # both are pipes
    chunk = os.read(stream.fileno(), 1 << 16)
    if chunk:
        key.data.extend(chunk[: 1 << 16])
    else:
        waiting.unregister(stream)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the script and all that it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _checked(call: _Call) -> str:
    code = call.process.returncode
    if code:
        lines = call.complained.decode(errors="replace").strip().splitlines()
        raise ScriptFault(f"ended with {code}" + (f": {lines[-1][:200]}" if lines else ", and said nothing"))
    try:
        return call.printed.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScriptFault(f"printed what is not UTF-8: byte 0x{call.printed[error.start]:02x}") from error
