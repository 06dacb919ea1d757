"""
A second person's word for a plan: an Ed25519 signature over the plan's digest. Pure.

What is signed is a statement (plan, digest, who, when), so that an approval fits one plan only and cannot be moved.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from remediators.model import UsageError
from remediators.model.documents import canonical

SCHEMA = "remediate/approval/1"
_SIGNED = ("schema", "plan", "digest", "by", "at")


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody whose word counts: the name behind the public key, and the key."""

    name: str
    key: Ed25519PublicKey


def read_approver(line: str) -> Approver:
    """An OpenSSH public key with the person's name behind it. Raises `UsageError`."""
    parts = line.split(maxsplit=2)
    if len(parts) < 3 or parts[0] != "ssh-ed25519":
        raise UsageError(f"an approver is 'ssh-ed25519 KEY NAME', and this is {line[:40]!r}")
    try:
        key = serialization.load_ssh_public_key(" ".join(parts[:2]).encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"the key of {parts[2]} cannot be read: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"the key of {parts[2]} is no Ed25519 key")
    return Approver(parts[2].strip(), key)


def read_private(text: bytes, password: bytes | None) -> Ed25519PrivateKey:
    """A private key in OpenSSH's or PEM's form. Raises `UsageError`; TypeError where it needs a password."""
    load = serialization.load_ssh_private_key if b"OPENSSH" in text else serialization.load_pem_private_key
    try:
        key = load(text, password)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"the key cannot be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("an approval is signed with an Ed25519 key: ssh-keygen -t ed25519")
    return key


def approve(document: Mapping[str, Any], key: Ed25519PrivateKey, by: str, at: str) -> dict[str, Any]:
    """An approval of a plan document, as it is written beside it."""
    statement = {"schema": SCHEMA, "plan": document["id"], "digest": document["digest"], "by": by, "at": at}
    return {**statement, "signature": base64.b64encode(key.sign(canonical(statement))).decode()}


def approved_by(
    document: Mapping[str, Any], approvals: Iterable[Any], approvers: Sequence[Approver]
) -> tuple[list[str], list[str]]:
    """Whose approvals hold, by the name of their key, and what is wrong with the others."""
    names: list[str] = []
    wrong: list[str] = []
    for approval in approvals:
        name, why = _judged(document, approval, approvers)
        if why:
            wrong.append(why)
        elif name not in names:
            names.append(name)
    return names, wrong


def _judged(document: Mapping[str, Any], approval: Any, approvers: Sequence[Approver]) -> tuple[str, str]:
    if not isinstance(approval, dict) or approval.get("schema") != SCHEMA:
        return "", "something that is no approval stands among them"
    by = str(approval.get("by"))
    if (approval.get("plan"), approval.get("digest")) != (document["id"], document["digest"]):
        return "", f"the approval of {by} is for another plan"
    statement = canonical({name: approval.get(name) for name in _SIGNED})
    try:
        signature = base64.b64decode(str(approval.get("signature")), validate=True)
    except ValueError:
        signature = b""
    name = next((approver.name for approver in approvers if _fits(approver.key, signature, statement)), None)
    if name is None:
        return "", f"the approval of {by} is signed by nobody on the list of approvers"
    author = (document.get("extra") or {}).get("author") or {}
    if name == author.get("user"):
        return "", f"{name} made this plan, and approvals come from a second person"
    return name, ""


def _fits(key: Ed25519PublicKey, signature: bytes, statement: bytes) -> bool:
    try:
        key.verify(signature, statement)
    except InvalidSignature:
        return False
    return True
