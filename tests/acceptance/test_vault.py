"""Vaults and other sources of secrets, through the command line."""

import os
import pty
import subprocess

import pytest

from remediators.language.vault import decrypt, encrypt, inline, read_envelope
from tests.acceptance.conftest import REMEDIATE, Ended

BOOK = r"""
- hosts: all
  tasks:
    - {name: it, registry: {key: HKLM\SOFTWARE\T, values: {A: {type: sz, data: "{{ text }}"}}}}
"""


class Shelf:
    """A folder with vault files, and the command line in it. No host is needed."""

    def __init__(self, folder):
        self.folder = folder
        for name, text in (("pw", "one\n"), ("new", "two\n"), ("plain.yml", "a: 1\n")):
            (folder / name).write_text(text)

    def __call__(self, *arguments, stdin="", environment=()):
        done = subprocess.run(
            [REMEDIATE, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=60,
            check=False,
            env={**os.environ, **dict(environment)},
            start_new_session=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def test_a_file_is_encrypted_viewed_rekeyed_and_decrypted(shelf):
    path = shelf.folder / "plain.yml"
    path.chmod(0o640)
    assert shelf("vault", "encrypt", "plain.yml", "--vault-id", "prod@pw").code == 0
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")

    viewed = shelf("vault", "view", "plain.yml", "--vault-id", "prod@pw")
    rekeyed = shelf("vault", "rekey", "plain.yml", "--vault-id", "prod@pw", "--new-vault-id", "dev@new")
    again = shelf("vault", "encrypt", "plain.yml", "--vault-password-file", "new")

    assert (viewed.code, viewed.out) == (0, "a: 1\n")
    assert (rekeyed.code, rekeyed.err) == (0, "Rekeyed: plain.yml\n")
    assert (again.code, again.err) == (5, "plain.yml: is encrypted already\n")
    assert decrypt(read_envelope(path.read_text()), b"two") == b"a: 1\n"
    assert shelf("vault", "decrypt", "plain.yml", "--vault-id", "dev@new").code == 0
    assert path.read_text() == "a: 1\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(entry.name for entry in shelf.folder.iterdir()) == ["new", "plain.yml", "pw"]


def test_texts_become_inline_values(shelf):
    ended = shelf("vault", "encrypt", "--string", "hunter2x", "-n", "a", "--vault-id", "prod@pw")
    typed = shelf("vault", "encrypt", "--stdin-name", "b", "--vault-password-file", "pw", stdin="from stdin")
    (shelf.folder / "hosts.yml").write_text("all:\n  hosts: {h: }\n  vars:\n    x: 1\n")
    (shelf.folder / "group_vars").mkdir()
    (shelf.folder / "group_vars" / "all.yml").write_text(ended.out + typed.out)

    assert ended.out.startswith("a: !vault |\n          $ANSIBLE_VAULT;1.2;AES256;prod\n")
    told = shelf("inventory", "-i", "hosts.yml", "--explain", "h", "a", "--vault-id", "prod@pw")
    assert told.code == 0, told.err
    assert "hunter2x" not in told.out
    assert "********" in told.out


def test_standard_input_and_output_serve_as_files(shelf):
    sealed = shelf("vault", "encrypt", "--vault-password-file", "pw", stdin="a secret")
    opened = shelf("vault", "decrypt", "--vault-password-file", "pw", stdin=sealed.out)
    written = shelf("vault", "decrypt", "--vault-password-file", "pw", "--output", "out.txt", stdin=sealed.out)

    assert opened.out == "a secret"
    assert written.code == 0
    assert (shelf.folder / "out.txt").read_text() == "a secret"
    assert (shelf.folder / "out.txt").stat().st_mode & 0o777 == 0o600


def test_several_files_are_rekeyed_all_or_none(shelf):
    for name, password in (("a", b"one"), ("b", b"other")):
        (shelf.folder / name).write_text(encrypt(b"x", password))
    before = (shelf.folder / "a").read_text()

    ended = shelf("vault", "rekey", "a", "b", "--vault-password-file", "pw", "--new-vault-password-file", "new")

    assert ended.code == 5
    assert ended.err.startswith("b: is encrypted (no vault id), and the password from pw does not open it: ")
    assert (shelf.folder / "a").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["view", "plain.yml", "--vault-password-file", "pw"], "plain.yml: is no vault text: it begins with 'a: 1'"),
        (["view", "gone", "--vault-password-file", "pw"], "gone: cannot be read: No such file or directory"),
        (["decrypt", ".", "--vault-password-file", "pw"], ".: is a folder, and a file is wanted"),
        (["encrypt", "plain.yml", "--vault-password-file", "gone"], "the vault password file gone is not there"),
        (["encrypt", "plain.yml"], "New vault password: there is no terminal to ask on; give a password file"),
        (
            ["encrypt", "plain.yml", "--vault-id", "a@pw", "--vault-id", "b@new"],
            "passwords are given for a, b: say which one with --encrypt-vault-id",
        ),
        (
            ["encrypt", "plain.yml", "--vault-id", "a@pw", "--encrypt-vault-id", "c"],
            "--encrypt-vault-id c: no password is given for it (given: a)",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(shelf, arguments, said):
    ended = shelf("vault", *arguments)

    assert ended.code == 5
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith(said)
    assert (shelf.folder / "plain.yml").read_text() == "a: 1\n"


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (["--vault-id", "prod@pw"], {}),
        (["--vault-id", "dev@new", "--vault-id", "prod@pw"], {}),
        (["--vault-password-file", "pw"], {}),
        ([], {"ANSIBLE_VAULT_PASSWORD_FILE": "pw"}),
        ([], {"REMEDIATE_VAULT_PASSWORD_FILE": "pw"}),
        ([], {"ANSIBLE_VAULT_IDENTITY_LIST": "dev@new, prod@pw"}),
        (["-e", "@vars.yml"], {"ANSIBLE_VAULT_PASSWORD_FILE": "pw"}),
    ],
)
def test_passwords_are_found_wherever_ansible_finds_them(shelf, flags, environment):
    values = encrypt(
        b"ansible_user: u\nansible_password: p\nansible_connection: ssh\nansible_shell_type: cmd\n", b"one", "prod"
    )
    (shelf.folder / "host_vars").mkdir()
    (shelf.folder / "host_vars" / "h").write_text(values)
    (shelf.folder / "vars.yml").write_text(encrypt(b"text: t\n", b"one"))
    (shelf.folder / "book.yml").write_text(BOOK.replace("{{ text }}", "x"))

    ended = shelf("validate", "book.yml", "-i", "h,", *flags, environment=environment)

    assert (ended.code, ended.err) == (0, ""), ended


def test_vars_files_of_a_playbook_may_be_encrypted(shelf):
    (shelf.folder / "secret.yml").write_text(encrypt(b"text: hunter2x\n", b"one"))
    (shelf.folder / "book.yml").write_text(BOOK.replace("  tasks:", "  vars_files: [secret.yml]\n  tasks:"))
    variables = "ansible_connection=ssh ansible_user=u ansible_password=p ansible_shell_type=cmd"

    without = shelf("validate", "book.yml", "-i", "h,", "-e", variables)
    given = shelf("validate", "book.yml", "-i", "h,", "-e", variables, "--vault-password-file", "pw")

    assert without.code == 5
    assert "secret.yml:1:1: is encrypted (no vault id), and no vault password was given" in without.err
    assert (given.code, given.err) == (0, "")


def test_a_password_is_asked_for_at_the_terminal(shelf):
    (shelf.folder / "v").write_text(encrypt(b"opened", b"one"))
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [REMEDIATE, "vault", "view", "v", "-J"],
        cwd=shelf.folder,
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    with process, os.fdopen(parent, "r+b", buffering=0) as terminal:
        asked = b""
        while b"Vault password: " not in asked:
            asked += terminal.read(1000)
        terminal.write(b"one\n")
        assert process.stdout.read() == b"opened"
    assert process.returncode == 0


def test_a_stranger_s_playbook_runs_and_reads_nothing_of_this_machine(desk):
    d = desk({"one": {"connection": "ssh"}})
    for text in (
        "!secret {command: [touch, made]}",
        "\"{{ lookup('pipe', 'touch made') }}\"",
        "\"{{ secret('command:touch made') }}\"",
        "!secret env:HOME",
        "!secret file:/etc/hostname",
    ):
        d.write("vars.yml", f"text: {text}\n")
        for book in (
            BOOK.replace('"{{ text }}"', text),
            BOOK.replace("  tasks:", f"  vars: {{text: {text}}}\n  tasks:"),
            BOOK.replace("  tasks:", "  vars_files: [vars.yml]\n  tasks:"),
        ):
            d.write("book.yml", book)
            for command in (["validate"], ["plan"]):
                ended = d.remediate(*command, "book.yml", "-i", "lab.yml")
                assert ended.code == 5, (text, ended.out)
                assert "a playbook may not refer to what stands outside the files" in ended.err
    assert not (d.folder / "made").exists()


def test_a_secret_of_a_command_in_the_inventory_is_set_and_never_shown(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("group_vars/all.yml", "text: !secret {command: [printf, 'hunter%dx', '2']}\n")
    d.write("book.yml", BOOK)
    before = d.states()

    shown = [
        d.remediate("plan", "book.yml", "-i", "lab.yml", "-vv"),
        d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "-vv"),
    ]
    assert b"hunter2x" in d.lab.machines["one"].run(r"reg query HKLM\SOFTWARE\T /v A").stdout
    shown.append(d.remediate("rollback", "latest", "--yes"))

    assert [ended.code for ended in shown] == [0, 0, 0]
    assert d.states() == before
    assert "hunter2x" not in "".join(ended.out + ended.err for ended in shown)
    assert b"hunter2x" not in d.written()


def test_a_task_may_hold_a_vault_value_itself(desk):
    d = desk({"one": {"connection": "ssh"}})
    d.write("pw", "one\n")
    sealed = inline(encrypt(b"hunter2x", b"one"), 20)
    text = "- hosts: all\n  tasks:\n    - name: it\n      registry:\n        key: HKLM\\SOFTWARE\\T\n        values:\n"
    d.write("book.yml", f"{text}          A:\n            type: sz\n            data: {sealed}")

    applied = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--vault-password-file", "pw", "-vv")

    assert applied.code == 0, applied.err
    assert "hunter2x" not in applied.out + applied.err
    assert b"hunter2x" in d.lab.machines["one"].run(r"reg query HKLM\SOFTWARE\T /v A").stdout
