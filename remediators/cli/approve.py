"""``remediate approve``: a second person's signature beside a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediators.model import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@click.command()
@click.argument("plan", type=click.Path(), metavar="PLAN")
@click.option("--key", required=True, type=click.Path(), help="Your Ed25519 private key, OpenSSH's or PEM.")
def command(plan: str, key: str) -> int:
    """Sign a saved plan: read it first with remediate show PLAN. The signature stands in PLAN.approvals."""
    import json

    from remediators.cli.plan_files import load_plan, who
    from remediators.cli.records import approvals_of
    from remediators.engine.approvals import approve
    from remediators.journal import now, write_document

    path = Path(plan)
    load_plan(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    beside, found = approvals_of(path)
    by = str(who()["user"])
    write_document(beside, [*found, approve(document, _key(Path(key)), by, now())])
    click.echo(f"{path}: approved by {by} ({beside})")
    return 0


def _key(path: Path) -> Ed25519PrivateKey:
    from remediators.engine.approvals import read_private

    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--key {path}: cannot be read: {error.strerror}") from error
    try:
        return read_private(text, None)
    except TypeError:  # it is encrypted
        password = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
    except UsageError as error:
        if "assword" not in error.message:
            raise UsageError(f"--key {path}: {error.message}") from error
        password = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
    try:
        return read_private(text, str(password).encode())
    except (TypeError, UsageError):
        raise UsageError(f"--key {path}: this is not its passphrase") from None
