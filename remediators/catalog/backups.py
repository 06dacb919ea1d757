r"""
A backup of the metabase before it is changed, where the task asks for one with ``backup: true``.

It is an item of the plan like any other: ``command:iisback NAME`` is there or not, made with the host's own
``iisback.vbs`` and taken away again by the rollback. The script takes letters, digits, blank and underscore in a name,
so the name says what it stands for by a digest of the values found. ``iisback`` makes IIS write its memory to disk: not
for a host whose metabase is suspect, for that pushes a good pair out of its history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import Field, StrictBool

from remediators.catalog.options import Options
from remediators.model import Address, Query, Snapshot, Value
from remediators.resources import commands

_DONE: Final = {"rc": 0}
_SCRIPT: Final = r"cscript //nologo %SystemRoot%\system32\iisback.vbs"
_FOLDER: Final = r"%SystemRoot%\system32\inetsrv\MetaBack"


class Backed(Options):
    """What tasks have in common that change the metabase."""

    backup: StrictBool = Field(
        default=False,
        description="Make a backup with iisback.vbs first, as an item of the plan; it makes IIS write to disk.",
    )


def ask(options: Backed, changes: Mapping[Address, Value], known: Snapshot) -> Iterator[Query]:
    """Whether there is such a backup already, once it is known what would be changed."""
    for address, detail in details(options, changes, known).items():
        yield from commands.read(address, detail, known)


def wanted(options: Backed, changes: Mapping[Address, Value], known: Snapshot) -> dict[Address, Value]:
    """The changes, with the backup in front of them where one is asked for and something changes."""
    return {**dict.fromkeys(details(options, changes, known), _DONE), **changes}


def details(options: Backed, changes: Mapping[Address, Value], known: Snapshot) -> dict[Address, Mapping[str, Any]]:
    """The commands of the backup, by its address; nothing where none is asked for or nothing changes."""
    found = {address: known[address] for address in changes if known.readable(address)}
    if not options.backup or all(found.get(address, value) == value for address, value in changes.items()):
        return {}
    name = f"remediate_{_digest(found)}"
    probe = rf'if exist "{_FOLDER}\{name}.MD0" (exit 0) else (exit 1)'
    detail = {
        "probe": probe,
        "apply": f"{_SCRIPT} /backup /b {name} /v 0",
        "revert": f"{_SCRIPT} /delete /b {name} /v 0",
        "desired": dict(_DONE),
    }
    return {commands.address(f"iisback {name}"): detail}


def _digest(found: Mapping[Address, Value]) -> str:
    told = sorted((str(address), value) for address, value in found.items())
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]
