"""Saved plans, and who makes them: what `remediate plan` needs without all that a run needs."""

from __future__ import annotations

import getpass
import json
import os
import socket
from pathlib import Path

from remediators.model import Plan, UsageError


def who() -> dict[str, str | None]:
    """Who does this, on which machine, and from where if over SSH."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        user = str(os.getuid())
    peer = os.environ.get("SSH_CLIENT", "").split(" ")[0] or None
    return {"user": user, "machine": socket.gethostname(), "from": peer}


def load_plan(path: Path) -> Plan:
    """Read a plan file. Raises `UsageError` naming the file and what is wrong with it."""
    from remediators.model.documents import read_plan

    try:
        return read_plan(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: not a plan: is nested too deeply") from error
    except ValueError as error:  # no JSON, no UTF-8, a number beyond all measure
        raise UsageError(f"{path}: not a plan: {error}") from error
    except UsageError as error:
        raise type(error)(f"{path}: {error.message}") from error


def is_plan(path: Path) -> bool:
    """Whether a file is a saved plan and not a playbook: it begins with a brace."""
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False
