"""``remediate vault``: encrypt, decrypt, view and rekey, with the flags of ``ansible-vault``."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from remediators.cli import options
from remediators.cli.keyring import ask, passwords_of
from remediators.language.hidden import Keyring
from remediators.language.vault import DEFAULT_ID, VaultFault, encrypt, inline, is_vault, read_envelope
from remediators.language.vault_passwords import Password, known_password, password_of
from remediators.model import UsageError

LARGEST = 100_000_000  # bytes of a file
STANDARD = "-"

_files = click.argument("files", nargs=-1, type=click.Path(allow_dash=True), metavar="[FILE]...")
_output = click.option("--output", metavar="FILE", help="Write there instead; - is standard output.")
_encrypt_id = click.option(
    "--encrypt-vault-id", metavar="ID", help="Encrypt with the password of this id, where several are given."
)


@click.group()
def command() -> None:
    """Encrypt and decrypt files and values, as ansible-vault does."""


@command.command("encrypt")
@_files
@options.vault
@_encrypt_id
@_output
@click.option("--string", "strings", multiple=True, metavar="TEXT", help="Encrypt this text and print it as YAML.")
@click.option("-n", "--name", "names", multiple=True, metavar="NAME", help="The variable that a text is for.")
@click.option("--stdin-name", metavar="NAME", help="Encrypt standard input as the value of this variable.")
@click.option("-p", "--prompt", is_flag=True, help="Ask for the text to encrypt.")
@click.pass_context
def _encrypt(ctx: click.Context, /, files: tuple[str, ...], **flags: Any) -> int:
    """Encrypt files where they stand, or texts as inline values."""
    texts = _texts(files, flags)
    password = _to_encrypt(ctx, flags["encrypt_vault_id"])
    if texts:
        told = "".join(_as_yaml(name, _sealed(text.encode(), password)) for name, text in texts)
        _write_out(flags["output"], told)
        return 0
    plain = _read_all(_or_standard(files), flags["output"])
    for name, raw in plain:
        if is_vault(raw):
            raise UsageError(f"{name}: is encrypted already")
    _write_all([(name, _sealed(raw, password).encode()) for name, raw in plain], flags["output"])
    _tell("Encrypted", files)
    return 0


def _texts(files: Sequence[str], flags: Any) -> list[tuple[str, str]]:
    """Names and texts of what is to be printed as YAML."""
    texts = list(flags["strings"])
    if flags["prompt"]:
        texts.append(ask("Text to encrypt", twice=True))
    names = list(flags["names"])
    if flags["stdin_name"] is not None:
        texts.append(sys.stdin.buffer.read(LARGEST).decode("utf-8", "surrogateescape"))
        names = names[: len(texts) - 1] + [""] * (len(texts) - 1 - len(names)) + [flags["stdin_name"]]
    if texts and files:
        raise click.UsageError("encrypt takes files or texts, and not both")
    if len(names) > len(texts):
        raise click.UsageError("--name is for a text: give --string, --prompt or --stdin-name")
    names += [""] * (len(texts) - len(names))
    return list(zip(names, texts, strict=True))


def _as_yaml(name: str, text: str) -> str:
    return f"{name}: {inline(text)}" if name else inline(text)


@command.command("decrypt")
@_files
@options.vault
@_output
@click.pass_context
def _decrypt(ctx: click.Context, files: tuple[str, ...], output: str | None) -> int:
    """Decrypt files where they stand."""
    _write_all(_opened_all(_to_decrypt(ctx), _read_all(_or_standard(files), output)), output)
    _tell("Decrypted", files)
    return 0


@command.command("view")
@_files
@options.vault
@click.pass_context
def _view(ctx: click.Context, files: tuple[str, ...]) -> int:
    """Print what is in files, and leave them encrypted."""
    for _, plain in _opened_all(_to_decrypt(ctx), _read_all(_or_standard(files), STANDARD, several=True)):
        _to_standard(plain)
    return 0


@command.command("rekey")
@_files
@options.vault
@_encrypt_id
@click.option("--new-vault-id", metavar="ID@SOURCE", help="The new password, and its id.")
@click.option("--new-vault-password-file", metavar="FILE", help="The new password, or a script that prints it.")
@click.pass_context
def _rekey(
    ctx: click.Context,
    files: tuple[str, ...],
    encrypt_vault_id: str | None,
    new_vault_id: str | None,
    new_vault_password_file: str | None,
) -> int:
    """Encrypt files with another password; all of them, or none where one cannot be read."""
    if not files or STANDARD in files:
        raise click.UsageError("rekey takes files")
    plain = _opened_all(_to_decrypt(ctx), _read_all(files, None))
    password = _new(new_vault_id, new_vault_password_file, encrypt_vault_id)
    _write_all([(name, _sealed(text, password).encode()) for name, text in plain], None)
    _tell("Rekeyed", files)
    return 0


def _new(slug: str | None, file: str | None, label: str | None) -> Password:
    """The password to encrypt with from now on."""
    if slug and file:
        raise click.UsageError("give --new-vault-id or --new-vault-password-file, and not both")
    if slug is None and file is None:
        typed = ask("New vault password", twice=True)
        return known_password(label or DEFAULT_ID, "a prompt", typed.strip().encode())
    found = password_of(slug or f"{DEFAULT_ID}@{file}", lambda words: ask(f"New {words.lower()}", twice=True))
    return known_password(label, found.source, _secret_of(found)) if label else found


def _to_decrypt(ctx: click.Context) -> Keyring:
    passwords = passwords_of(ctx)
    return Keyring(tuple(passwords or [_typed(twice=False)]))


def _to_encrypt(ctx: click.Context, label: str | None) -> Password:
    """The password to encrypt with. Raises `UsageError` where several are given and none is chosen."""
    passwords = passwords_of(ctx) or [_typed(twice=True)]
    ids = list(dict.fromkeys(password.label for password in passwords))
    chosen = [password for password in passwords if label in (None, password.label)]
    if not chosen:
        raise UsageError(f"--encrypt-vault-id {label}: no password is given for it (given: {', '.join(ids)})")
    if label is None and len(ids) > 1:
        raise UsageError(f"passwords are given for {', '.join(ids)}: say which one with --encrypt-vault-id")
    return chosen[0]


def _typed(*, twice: bool) -> Password:
    typed = ask("New vault password" if twice else "Vault password", twice=twice).strip()
    if not typed:
        raise UsageError("no vault password was typed")
    return known_password(DEFAULT_ID, "a prompt", typed.encode("utf-8", "surrogateescape"))


def _secret_of(password: Password) -> bytes:
    try:
        return password.read()
    except VaultFault as fault:
        raise UsageError(_said(fault)) from fault


def _sealed(plain: bytes, password: Password) -> str:
    secret = _secret_of(password)
    try:
        return encrypt(plain, secret, password.label)
    except VaultFault as fault:
        raise UsageError(_said(fault)) from fault


def _opened_all(keys: Keyring, files: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Raises `UsageError` with all files that cannot be decrypted."""
    opened: list[tuple[str, bytes]] = []
    wrong: list[str] = []
    for name, raw in files:
        try:
            opened.append((name, keys.fitting(read_envelope(raw.decode("ascii", "replace")))[1]))
        except VaultFault as fault:
            wrong.append(f"{name}: {_said(fault)}")
    if wrong:
        raise UsageError("\n".join(wrong))
    return opened


def _said(fault: VaultFault) -> str:
    return f"{fault.what} ({fault.hint})" if fault.hint else fault.what


def _or_standard(files: Sequence[str]) -> Sequence[str]:
    return files or (STANDARD,)


def _read_all(files: Sequence[str], output: str | None, *, several: bool = False) -> list[tuple[str, bytes]]:
    if output and len(files) > 1 and not several:
        raise click.UsageError("--output takes one file")
    return [(name, _read(name)) for name in files]


def _read(name: str) -> bytes:
    if name == STANDARD:
        return sys.stdin.buffer.read(LARGEST)
    try:
        with Path(name).open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except IsADirectoryError as error:
        raise UsageError(f"{name}: is a folder, and a file is wanted") from error
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise UsageError(f"{name}: is larger than {LARGEST // 1_000_000} MB")
    return raw


def _write_all(files: Sequence[tuple[str, bytes]], output: str | None) -> None:
    for name, data in files:
        target = output or name
        if target == STANDARD:
            _to_standard(data)
        else:
            _replace(Path(target), data)


def _write_out(output: str | None, text: str) -> None:
    _write_all([(STANDARD, text.encode())], output)


def _to_standard(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. It keeps its mode, and a new one is its owner's only; a link is followed."""
    whole = path.resolve()
    part = whole.with_name(f".{whole.name}.{secrets.token_hex(4)}")
    try:
        mode = stat.S_IMODE(whole.stat().st_mode) if whole.exists() else 0o600
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(mode)
        part.replace(whole)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _tell(done: str, files: Sequence[str]) -> None:
    if files and STANDARD not in files:
        click.echo(f"{done}: {', '.join(files)}", err=True)
