"""Secrets from outside the files: fetched when they are used, and only where the operator wrote the reference."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import keyring
import keyring.backend
import pytest

from remediators.language import hidden, load_inventory, resolve_hosts
from remediators.language.hidden import Keyring, reading_with
from remediators.language.problems import LanguageError
from remediators.language.vault import encrypt
from remediators.language.vault_passwords import known_password
from remediators.model.secrecy import Secret


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMTP_PASSWORD", "from the environment")
    Path("pw.txt").write_text("from a file\n")


def found(reference, keys=None, **options):
    with reading_with(keys or Keyring(), **options):
        Path("inv.yml").write_text(f"all:\n  hosts:\n    h:\n      ansible_password: {reference}\n", encoding="utf-8")
        return resolve_hosts(load_inventory(["inv.yml"]), ["h"])["h"].variables["ansible_password"]


def said(reference):
    with pytest.raises(LanguageError) as caught:
        found(reference)
    return str(caught.value).splitlines()[0]


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("!secret env:SMTP_PASSWORD", "from the environment"),
        ("!secret {env: SMTP_PASSWORD}", "from the environment"),
        ("!secret file:pw.txt", "from a file"),
        ("!secret command:echo two words", "two words"),
        ("!secret 'command:printf ''%s\\n'' ''a b'''", "a b"),
        ("!secret {command: [echo, '$HOME; no shell']}", "$HOME; no shell"),
        ("!secret {command: [printf, 'one\\ntwo\\n'], line: 2}", "two"),
        ("\"{{ secret('env:SMTP_PASSWORD') }}\"", "from the environment"),
        ("\"{{ secret(command=['echo', 'x y']) }}\"", "x y"),
        ("\"{{ lookup('env', 'SMTP_PASSWORD') }}\"", "from the environment"),
        ("\"{{ lookup('ansible.builtin.env', 'NOT_THERE', default='d') }}\"", "d"),
        ("\"{{ lookup('file', 'pw.txt') | upper }}\"", "FROM A FILE"),
        ("\"{{ lookup('pipe', 'echo a | tr a b') }}\"", "b"),
        ("\"{{ query('env', 'SMTP_PASSWORD')[0] }}\"", "from the environment"),
        ("\"user {{ secret('env:SMTP_PASSWORD') }}\"", "user from the environment"),
    ],
)
def test_a_secret_is_fetched_where_the_inventory_refers_to_it(reference, value):
    assert found(reference) == value
    assert isinstance(found(reference), Secret)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "!secret env:SMTP_PASSWORT",
            "env: the environment has no variable 'SMTP_PASSWORT' (did you mean 'SMTP_PASSWORD'?)",
        ),
        ("!secret file:gone", "file: gone cannot be read: No such file or directory"),
        ("!secret file:.", "file: . is a folder"),
        ("!secret command:false", "the command 'false' ended with 1"),
        (
            "!secret command:no-such-program-here",
            "the command 'no-such-program-here' cannot be run: No such file or directory",
        ),
        ("!secret {command: [echo, x], line: 2}", "command: it printed 1 lines, and there is no line 2"),
        (
            "!secret {command: [sh, -c, 'echo it went wrong >&2; exit 4']}",
            "the command 'sh' ended with 4: it went wrong",
        ),
        ("!secret keyring:none", "keyring: it names no user (write keyring:SERVICE/USER)"),
        ("\"{{ lookup('dig', 'x') }}\"", "the lookup 'dig' is not supported; env, file, pipe, "),
    ],
)
def test_what_cannot_be_fetched_is_told_in_one_line(reference, message):
    assert f": on h: {message}" in said(reference)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("!secret nonsense", "inv.yml:4:25: !secret: this is no reference to a secret"),
        (
            "!secret enw:X",
            "inv.yml:4:25: !secret: a secret comes from one of env, file, command, pass, gopass, keyring, ",
        ),
        ("!secret {env: X, file: y}", "inv.yml:4:25: !secret: a secret comes from one of env, "),
        ("!secret {env: X, lien: 2}", "inv.yml:4:25: !secret: env has no option 'lien' (options: none)"),
        ("!secret {env: 7}", "inv.yml:4:25: !secret: env must be text"),
        ("!secret [env]", "inv.yml:4:25: !secret stands before text only"),
    ],
)
def test_a_reference_that_is_none_is_told_when_it_is_read(reference, message):
    assert said(reference).startswith(message)


def test_a_command_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setenv("REMEDIATE_SECRET_TIMEOUT", "0.3")

    assert "the command 'sleep' did not end within 0.3 s" in said("!secret command:sleep 60")


def test_a_secret_is_fetched_once_and_only_where_it_is_used(tmp_path):
    count = "!secret {command: [sh, -c, 'echo x >> count; echo a value']}"
    text = f"all:\n  vars:\n    ansible_password: {count}\n    unused: {count}\n  hosts: {{a: , b: , c: }}\n"
    Path("inv.yml").write_text(text)
    with reading_with(Keyring()):
        loaded = load_inventory(["inv.yml"])
        assert not Path("count").exists()
        resolve_hosts(loaded, ["a", "b", "c"])

    assert Path("count").read_text() == "x\n"


def test_nothing_is_fetched_where_nothing_is_contacted():
    assert found("!secret {command: [touch, made]}", offline=True) == "********"
    assert found("\"{{ lookup('pipe', 'touch made') }}\"", offline=True) == "********"
    assert not Path("made").exists()


def test_a_file_of_a_secret_may_itself_be_encrypted():
    Path("pw.txt").write_text(encrypt(b"hunter2x\n", b"pw", "prod"))

    assert found("!secret file:pw.txt", Keyring((known_password("prod", "x", b"pw"),))) == "hunter2x"


def test_the_password_store_is_asked_as_its_users_do(monkeypatch, tmp_path):
    for name, text in (("pass", 'echo "secret of $2 by $1"; echo more'), ("gopass", 'echo "gopass $1 $2 $3"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert found("!secret pass:mail/exch01") == "secret of mail/exch01 by show"
    assert found("!secret gopass:mail/exch01") == "gopass show -o mail/exch01"
    assert found("\"{{ lookup('community.general.passwordstore', 'a/b') }}\"") == "secret of a/b by show"


class Shelf(keyring.backend.KeyringBackend):
    """A keyring in memory, plugged in as every keyring is."""

    priority = 1

    def get_password(self, service, username):
        return "from the keyring" if (service, username) == ("exchange", "admin") else None

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError


@pytest.fixture
def system_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(Shelf())
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("system_keyring")
def test_the_keyring_of_the_system_is_asked():
    assert found("!secret keyring:exchange/admin") == "from the keyring"
    assert found("!secret {keyring: exchange, user: admin}") == "from the keyring"
    assert "there is no password of 'other' for 'exchange'" in said("!secret keyring:exchange/other")


class Hashi(BaseHTTPRequestHandler):
    """What HashiCorp Vault answers for its key-value engines, versions 1 and 2."""

    def do_GET(self):
        known = {
            "/v1/secret/data/mail/exch": {"data": {"data": {"password": "from hashi"}, "metadata": {}}},
            "/v1/old/mail": {"data": {"password": "from version 1"}},
        }
        if self.headers.get("X-Vault-Token") != "t0ken":
            self.answer(403, {"errors": ["permission denied"]})
        elif self.path in known:
            self.answer(200, known[self.path])
        else:
            self.answer(404, {"errors": []})

    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


@pytest.fixture
def hashi(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), Hashi) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("VAULT_TOKEN", "t0ken")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("hashi")
def test_hashicorp_vault_is_asked(monkeypatch):
    assert found("!secret hashi_vault:secret/mail/exch#password") == "from hashi"
    assert found("!secret {hashi_vault: old/mail, field: password, engine: 1}") == "from version 1"
    theirs = "\"{{ lookup('community.hashi_vault.hashi_vault', 'secret=secret/data/mail/exch:password') }}\""
    assert found(theirs) == "from hashi"
    assert "secret/mail/exch has no field 'pasword' (did you mean 'password'?)" in said(
        "!secret hashi_vault:secret/mail/exch#pasword"
    )
    assert "there is no secret secret/mail/gone" in said("!secret hashi_vault:secret/mail/gone#x")
    monkeypatch.setenv("VAULT_TOKEN", "wrong")
    assert "does not let this token read secret/mail/exch" in said("!secret hashi_vault:secret/mail/exch#password")


def test_hashicorp_vault_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    monkeypatch.setenv("VAULT_TOKEN", "t")

    assert "http://127.0.0.1:9 did not give secret/mail: ConnectionError" in said("!secret hashi_vault:secret/mail#x")


def test_what_a_playbook_brings_may_not_reach_out():
    for text in ("!secret {command: [touch, made]}", "\"{{ lookup('pipe', 'touch made') }}\"", "!secret env:HOME"):
        Path("books/group_vars").mkdir(parents=True, exist_ok=True)
        Path("books/group_vars/all.yml").write_text(f"ansible_password: {text}\n")
        Path("inv.yml").write_text("all: {hosts: {h: }}\n")
        with reading_with(Keyring()), pytest.raises(LanguageError) as caught:
            resolve_hosts(load_inventory(["inv.yml"], playbook_dirs=["books"]), ["h"])

        message = str(caught.value).splitlines()[0]
        assert message.startswith("books/group_vars/all.yml:1:")
        assert "a playbook may not refer to what stands outside the files" in message
        assert not Path("made").exists()


def test_what_a_playbook_brings_may_reach_out_where_that_is_allowed():
    Path("books/group_vars").mkdir(parents=True)
    Path("books/group_vars/all.yml").write_text("ansible_password: !secret env:SMTP_PASSWORD\n")
    Path("inv.yml").write_text("all: {hosts: {h: }}\n")
    with reading_with(Keyring(foreign=True)):
        loaded = load_inventory(["inv.yml"], playbook_dirs=["books"])
        assert resolve_hosts(loaded, ["h"])["h"].variables["ansible_password"] == "from the environment"


def test_a_secret_that_was_fetched_is_known_by_value():
    with reading_with(Keyring()):
        Path("inv.yml").write_text("all: {hosts: {h: {ansible_password: !secret env:SMTP_PASSWORD}}}\n")
        resolve_hosts(load_inventory(["inv.yml"]), ["h"])
        assert "from the environment" in hidden.known().since(0)
