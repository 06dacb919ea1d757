"""``iisback.vbs`` and ``iiscnfg.vbs /save`` of Windows Server 2003: backups in ``MetaBack``, and writing to disk."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from remediators.lab import iis_xml
from remediators.lab.files import leaf
from remediators.lab.process import Process

BACKUP: Final = "iisback.vbs"
CONFIGURE: Final = "iiscnfg.vbs"
_LONGEST: Final = 100
_MOST: Final = 9999
_EXISTS, _MISSING, _NOT_ACTIVE = -2147024816, -2147024893, -2147023834  # 0x80070050, 0x80070003, 0x80070426


def iisback(process: Process, words: list[str]) -> int:
    """``/backup /b NAME [/v N]``, ``/delete /b NAME /v N``, ``/list``; texts are those of the shipped script."""
    options = _options(words)
    verb = next((word.lower() for word in words if word.lower() in ("/backup", "/delete", "/list")), "")
    if not process.machine.cmdlib:
        process.say(process.word("no-cmdlib") + "\n")
        return 1
    if not verb:
        process.say("Invalid syntax.\n")
        return 1
    if not process.machine.metabase_answers() or process.machine.iis.unreadable:
        process.say("Unable to backup metabase.\n")
        return _NOT_ACTIVE
    name = options.get("/b", "SampleBackup")
    if verb == "/list":
        return _list(process)
    # The script itself takes letters, digits, blank and underscore, and nothing else of ASCII.
    if not re.fullmatch(r"[\w ]+", name) or len(name) > _LONGEST:
        process.say("Invalid backup name.\n")
        return 1
    return (_make if verb == "/backup" else _delete)(process, name, options.get("/v", "NEXT_VERSION").upper())


def _options(words: list[str]) -> dict[str, str]:
    return {word.lower(): value for word, value in pairwise(words) if word.startswith("/")}


def _versions(process: Process, name: str) -> list[int]:
    found = process.machine.files.match(f"{process.machine.iis.folder}\\MetaBack\\{name}.MD*")
    return sorted(int(number) for path in found if (number := leaf(path).rpartition(".MD")[2]).isdigit())


def _make(process: Process, name: str, version: str) -> int:
    machine, there = process.machine, _versions(process, name)
    if not version.isdigit() and version not in ("NEXT_VERSION", "HIGHEST_VERSION"):
        process.say("Invalid version number.\n")
        return 1
    number = int(version) if version.isdigit() else (max(there, default=-1) + 1)
    if number in there:
        process.say("Backup already exists. Please specify another name\nor use /overwrite.\n")
        return _EXISTS
    if number > _MOST:
        process.say("Version number is too big.\n")
        return 1
    machine.iis.flush()
    folder = f"{machine.iis.folder}\\MetaBack"
    machine.files.write(f"{folder}\\{name}.MD{number}", machine.files.read(machine.iis.path))
    machine.files.write(f"{folder}\\{name}.SC{number}", iis_xml.schema())
    process.say(f"Backup {name} version {version} has been CREATED.\n")
    return 0


def _delete(process: Process, name: str, version: str) -> int:
    if not version.isdigit() or int(version) not in _versions(process, name):
        process.say("Backup doesn't exist.\n")
        return _MISSING
    for ending in ("MD", "SC"):
        process.machine.files.delete(f"{process.machine.iis.folder}\\MetaBack\\{name}.{ending}{version}")
    process.say(f"Backup {name} version {version} has been DELETED.\n")
    return 0


def _list(process: Process) -> int:
    machine = process.machine
    rows: list[str] = []
    for path in machine.files.match(f"{machine.iis.folder}\\MetaBack\\*.MD*"):
        name, _, number = leaf(path).rpartition(".MD")
        when = machine.files.dates.get(path.lower(), machine.now()).strftime("%m/%d/%Y %I:%M:%S %p")
        rows.append(f"{name + ' ' if len(name) > 34 else name:<35}{number:<15}{when}\n")
    head = f"{'Backup Name':<35}{'Version #':<15}Date/Time\n{'=' * 72}\n"
    process.say(head + "".join(rows) if rows else "No backups exist.\n")
    return 0


def iiscnfg(process: Process, words: list[str]) -> int:
    """``/save [/nb]``: write memory to disk, after a backup unless ``/nb`` says that there is to be none."""
    given = {word.lower() for word in words}
    if not process.machine.cmdlib:
        process.say(process.word("no-cmdlib") + "\n")
        return 1
    if given - {"/save", "/nb"} or "/save" not in given:
        process.say("Invalid syntax.\n")
        return 1
    if not process.machine.metabase_answers() or process.machine.iis.unreadable:
        process.say("Could not save the metabase.\n")
        return _NOT_ACTIVE
    if "/nb" not in given:
        _make(process, "SampleBackup", "NEXT_VERSION")
    process.machine.iis.flush()
    process.say("Metabase successfully saved.\n")
    return 0
