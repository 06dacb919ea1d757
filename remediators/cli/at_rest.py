"""
Secrets at rest: what a way back needs is encrypted in the journal and in the rollback playbook, as a vault text.

The key stands in the state directory and not in somebody's head: at two in the morning a way back must not depend on a
password that nobody remembers. Whoever has the journal without the key, a copy of the run's folder or a ticket with the
rollback playbook in it, has nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from remediators.cli.keyring import OWN_ID
from remediators.engine.rollback import Begun, Standing, texts_of
from remediators.journal import State
from remediators.model import Value
from remediators.model.documents import Seal, concealed


def sealing(state: State) -> Seal:
    """The seal of a state directory, which can also keep what must be had again."""
    return Seal(state.key(), lambda raw: locked(state, raw))


def locked(state: State, raw: bytes) -> str:
    """A vault text with the key of the state directory."""
    from remediators.language.vault import encrypt

    return encrypt(raw, state.vault_password().encode("ascii"), OWN_ID)


def opened(state: State, stands: Mapping[str, Standing]) -> dict[str, Standing]:
    """What a run began, with the secrets that were there before; those that cannot be opened stay concealed."""
    return {
        host: replace(stand, begun=tuple(_opened(state, entry) for entry in stand.begun))
        for host, stand in stands.items()
    }


def _opened(state: State, entry: Begun) -> Begun:
    from remediators.language.hidden import known
    from remediators.language.vault import VaultFault, decrypt, read_envelope

    before: Any = entry.change.before
    if not concealed(before) or "vault" not in before:
        return entry
    try:
        raw = decrypt(read_envelope(before["vault"]), state.vault_password().encode("ascii"))
    except VaultFault:
        return entry
    value: Value = json.loads(raw.decode("utf-8", "surrogatepass"))
    known().add(*texts_of(value))
    return replace(entry, change=replace(entry.change, before=value))


def lost(begun: Iterable[Begun]) -> list[str]:
    """Addresses whose value of before cannot be had again."""
    return sorted({str(entry.change.address) for entry in begun if concealed(entry.change.before)})
