"""Vault texts as Ansible writes them: opened only where they are used, and every fault in one line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.language import hidden, load_inventory, resolve_hosts, vault
from remediators.language.hidden import Keyring, reading_with
from remediators.language.problems import LanguageError
from remediators.language.vault import VaultFault, WrongPassword, decrypt, encrypt, inline, read_envelope
from remediators.language.vault_passwords import known_password, passwords_of
from remediators.model.secrecy import Secret

ANSIBLE = Path(sys.executable).with_name("ansible-vault")


def nobody(words):
    raise AssertionError(f"asked for {words}")


def keys(*pairs, **options):
    return Keyring(tuple(known_password(label, f"{label}.txt", word.encode()) for label, word in pairs), **options)


def value_of(text, keyring, name="secret_thing", host="h"):
    """A variable of an inventory in YAML, filled in."""
    with reading_with(keyring):
        Path("inv.yml").write_text(text, encoding="utf-8")
        loaded = load_inventory(["inv.yml"])
        return resolve_hosts(loaded, [host])[host].variables[name]


def error_of(text, keyring):
    with pytest.raises(LanguageError) as caught:
        value_of(text, keyring)
    return str(caught.value).splitlines()[0]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def host_with(text, name="ansible_password"):
    return f"all:\n  hosts:\n    h:\n      {name}: {inline(text)}"


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40), st.sampled_from(["", "default", "prod", "a-b.c"]))
def test_what_is_encrypted_is_decrypted_to_the_byte(plain, password, label):
    envelope = read_envelope(encrypt(plain, password, label))

    assert decrypt(envelope, password) == plain
    assert envelope.label == ("" if label == "default" else label)
    with pytest.raises(WrongPassword):
        decrypt(envelope, password + b"x")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_text_is_never_opened_as_another(data):
    text = encrypt(b"the secret", b"pw", "prod", salt=b"s" * 32)
    head, body = text.split("\n", 1)
    at = data.draw(st.integers(0, len(body) - 2))
    letter = data.draw(st.sampled_from("0123456789abcdefz \n"))
    damaged = body[:at] + letter + body[at + 1 :]

    try:
        opened = decrypt(read_envelope(f"{head}\n{damaged}"), b"pw")
    except VaultFault:
        return

    same = read_envelope(f"{head}\n{damaged}") == read_envelope(text)  # a digit in capitals, a blank more
    assert same
    assert opened == b"the secret"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "is no vault text: it begins with 'hello'"),
        ("$ANSIBLE_VAULT;1.0;AES\n6162", "is a vault of format '1.0'"),
        ("$ANSIBLE_VAULT;1.2;AES128;x\n6162", "is a vault of the cipher 'AES128'"),
        ("$ANSIBLE_VAULT;1.1;AES256\n616", "is a damaged vault text"),
        ("$ANSIBLE_VAULT;1.1;AES256\nxyz", "is a damaged vault text"),
        ("$ANSIBLE_VAULT;1.1;AES256", "is a damaged vault text"),
        ("", "is no vault text"),
    ],
)
def test_what_is_no_vault_text_is_named(text, said):
    with pytest.raises(VaultFault) as caught:
        read_envelope(text)

    assert caught.value.what.startswith(said)


def test_keys_are_derived_once_for_each_salt_and_password():
    vault._keys.cache_clear()
    text = encrypt(b"x", b"pw", salt=b"a" * 32)
    for _ in range(3):
        decrypt(read_envelope(text), b"pw")

    assert vault._keys.cache_info().misses == 1


def test_an_inline_value_is_opened_where_it_is_used_and_is_a_secret():
    found = value_of(host_with(encrypt(b"hunter2x", b"pw")), keys(("default", "pw")), "ansible_password")

    assert found == "hunter2x"
    assert isinstance(found, Secret)


def test_a_secret_is_known_as_soon_as_it_is_opened_and_not_before():
    text = host_with(encrypt(b"hunter2x", b"pw"), "unused") + "      ansible_user: bob\n"
    with reading_with(keys(("default", "pw"))):
        Path("inv.yml").write_text(text, encoding="utf-8")
        found = resolve_hosts(load_inventory(["inv.yml"]), ["h"])["h"].variables
        assert "unused" not in found
        assert "hunter2x" not in hidden.known().since(0)

    with reading_with(keys(("default", "pw"))):
        Path("inv.yml").write_text(text + "      ansible_password: '{{ unused }}'\n", encoding="utf-8")
        found = resolve_hosts(load_inventory(["inv.yml"]), ["h"])["h"].variables
        assert found["ansible_password"] == "hunter2x"
        assert "hunter2x" in hidden.known().since(0)


def test_braces_in_a_vault_value_are_no_template():
    found = value_of(host_with(encrypt(b"a{{ b }}", b"pw")), keys(("default", "pw")), "ansible_password")

    assert found == "a{{ b }}"


@pytest.mark.parametrize("passwords", [[("prod", "pw")], [("dev", "no"), ("prod", "pw")], [("other", "pw")]])
def test_the_password_of_its_id_is_tried_first_and_then_any_other(passwords):
    assert value_of(host_with(encrypt(b"x1", b"pw", "prod")), keys(*passwords), "ansible_password") == "x1"


@pytest.mark.parametrize(
    ("passwords", "said"),
    [
        ([], "is encrypted (vault id 'prod'), and no vault password was given (--vault-id ID@FILE, "),
        (
            [("dev", "no"), ("default", "no")],
            "is encrypted (vault id 'prod'); passwords were given for 'dev', 'default', and none of them opens it",
        ),
        (
            [("prod", "no"), ("dev", "no")],
            "is encrypted (vault id 'prod'), and the password from prod.txt does not open it: it is another one, ",
        ),
    ],
)
def test_a_value_that_no_password_opens_is_told_with_file_line_and_id(passwords, said):
    message = error_of(host_with(encrypt(b"x", b"pw", "prod")), keys(*passwords))

    assert message.startswith(f"inv.yml:4:25: variable 'ansible_password': on h: {said}")


def test_a_whole_file_is_opened_and_all_in_it_is_secret():
    Path("host_vars").mkdir()
    Path("host_vars/h").write_text(encrypt(b"ansible_password: hunter2x\nn: 7\nl: ['{{ m }}']\nm: q1w2\n", b"pw"))

    with reading_with(keys(("default", "pw"))):
        Path("inv.yml").write_text("all: {hosts: {h: {}}}\n", encoding="utf-8")
        found = resolve_hosts(load_inventory(["inv.yml"]), ["h"])["h"].variables

    assert found == {"ansible_password": "hunter2x", "n": 7, "l": ["q1w2"], "m": "q1w2"}
    assert all(isinstance(text, Secret) for text in (found["ansible_password"], found["l"][0]))


@pytest.mark.parametrize("name", ["inv.yml", "inv", "inv.ini", "inv.toml"])
def test_an_inventory_itself_may_be_encrypted(name):
    text = {
        "inv.ini": "h ansible_password=hunter2x\n",
        "inv.toml": "[all.hosts]\nh = {ansible_password = 'hunter2x'}\n",
    }
    plain = text.get(name, "all: {hosts: {h: {ansible_password: hunter2x}}}\n")
    Path(name).write_text(encrypt(plain.encode(), b"pw"), encoding="utf-8")

    with reading_with(keys(("default", "pw"))):
        found = resolve_hosts(load_inventory([name]), ["h"])["h"].variables

    assert found["ansible_password"] == "hunter2x"


def test_a_mistake_in_an_encrypted_file_shows_nothing_of_it():
    Path("host_vars").mkdir()
    Path("host_vars/h").write_text(encrypt(b"a: hunter2x\na: hunter2y\n", b"pw"))
    Path("inv.yml").write_text("all: {hosts: {h: {}}}\n", encoding="utf-8")

    with reading_with(keys(("default", "pw"))), pytest.raises(LanguageError) as caught:
        load_inventory(["inv.yml"])

    assert str(caught.value) == "host_vars/h:2:1: the key 'a' is here a second time (the first is in line 1)"


def test_an_encrypted_file_without_a_password_is_told_once():
    Path("group_vars").mkdir()
    Path("group_vars/all.yml").write_text(encrypt(b"a: 1\n", b"pw", "prod"))
    Path("inv.yml").write_text("all: {hosts: {h: {}, i: {}}}\n", encoding="utf-8")

    with reading_with(keys()), pytest.raises(LanguageError) as caught:
        load_inventory(["inv.yml"])

    assert str(caught.value).startswith("group_vars/all.yml:1:1: is encrypted (vault id 'prod'), and no vault password")
    assert len(caught.value.problems) == 1


def test_offline_a_value_without_a_password_counts_as_opened():
    with reading_with(keys(), offline=True):
        Path("inv.yml").write_text(host_with(encrypt(b"x", b"pw")), encoding="utf-8")
        assert resolve_hosts(load_inventory(["inv.yml"]), ["h"])["h"].variables["ansible_password"] == "********"


def script(name, text, mode=0o700):
    path = Path(name)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return str(path)


def password_from(slug):
    return passwords_of([slug], nobody)[0].read()


def test_passwords_come_from_files_and_scripts_and_prompts():
    Path("pw.txt").write_text("  word \n")
    script("give.sh", "echo from script")
    script("ask-client.py", 'echo "for $2 by $1"')

    assert password_from("pw.txt") == b"word"
    assert password_from("prod@give.sh") == b"from script"
    assert password_from("prod@ask-client.py") == b"for prod by --vault-id"
    assert passwords_of(["prod@prompt"], lambda words: words)[0].read() == b"Vault password (prod)"
    assert passwords_of(["@pw.txt"], nobody)[0].label == "default"


def prepare_faults():
    Path("folder").mkdir()
    Path("empty").write_text(" \n")
    Path("vaulted").write_text(encrypt(b"x", b"pw"))
    script("fails.sh", "exit 3")
    script("none-client.sh", "echo no such id >&2; exit 2")
    script("silent.sh", "true")
    script("slow.sh", "sleep 60")
    Path("nothing.sh").write_text("no program at all")
    Path("nothing.sh").chmod(0o700)


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("gone", "the vault password file gone is not there"),
        ("folder", "the vault password file folder is a folder"),
        ("empty", "the vault password file empty is empty"),
        ("vaulted", "the vault password file vaulted is itself encrypted"),
        ("fails.sh", "the vault password script fails.sh ended with 3"),
        ("x@none-client.sh", "the vault password script none-client.sh has no password for vault id 'x': no such id"),
        ("silent.sh", "the vault password script silent.sh printed no password"),
        ("slow.sh", "the vault password script slow.sh did not end within 0.3 s"),
        ("nothing.sh", "the vault password script nothing.sh cannot be run: Exec format error"),
    ],
)
def test_a_source_of_passwords_that_fails_is_named(slug, said, monkeypatch):
    prepare_faults()
    monkeypatch.setenv("REMEDIATE_SECRET_TIMEOUT", "0.3")

    with pytest.raises(VaultFault) as caught:
        password_from(slug)

    assert caught.value.what == said


def test_the_fault_of_a_source_is_told_at_the_value_that_needed_it():
    message = error_of(host_with(encrypt(b"x", b"pw", "prod")), Keyring(passwords_of(["prod@gone"], nobody)))

    assert message == (
        "inv.yml:4:25: variable 'ansible_password': on h: is encrypted (vault id 'prod'), and the vault password file "
        "gone is not there"
    )


def test_a_source_that_fails_does_not_matter_where_another_opens_the_value():
    keyring = Keyring((*passwords_of(["prod@gone"], nobody), known_password("dev", "dev.txt", b"pw")))

    assert value_of(host_with(encrypt(b"x1", b"pw", "prod")), keyring, "ansible_password") == "x1"


def test_a_script_that_keeps_printing_is_stopped(monkeypatch):
    script("endless.sh", "exec yes")

    with pytest.raises(VaultFault, match="printed more than 1 MB"):
        password_from("endless.sh")


def test_an_inventory_script_may_print_vault_values():
    text = encrypt(b"hunter2x", b"pw")
    listed = {"_meta": {"hostvars": {"h": {"ansible_password": {"__ansible_vault": text}}}}, "all": {"hosts": ["h"]}}
    Path("list.json").write_text(json.dumps(listed))
    script("inv.sh", "cat list.json")

    with reading_with(keys(("default", "pw"))):
        found = resolve_hosts(load_inventory(["inv.sh"]), ["h"])["h"].variables["ansible_password"]

    assert found == "hunter2x"


@pytest.fixture(scope="session")
def ansible(tmp_path_factory):
    """What the real ansible-vault encrypted, and the same files for it to decrypt: it is started twice in all."""
    folder = tmp_path_factory.mktemp("ansible")
    (folder / "pw").write_text("opensesame\n")
    plain = {"one.yml": b"a: 1\n", "two.bin": bytes(range(256)) * 3, "empty": b"\n"}
    for name, data in plain.items():
        (folder / name).write_bytes(data)
        (folder / f"ours-{name}").write_bytes(encrypt(data, b"opensesame", "prod").encode())
    environment = {**os.environ, "ANSIBLE_HOME": str(folder), "HOME": str(folder), "LC_ALL": "C.UTF-8"}

    def run(*arguments):
        subprocess.run([ANSIBLE, *arguments], cwd=folder, env=environment, check=True, capture_output=True, timeout=120)

    run("encrypt", "--vault-id", "prod@pw", *plain)
    run("decrypt", "--vault-id", "prod@pw", *(f"ours-{name}" for name in plain))
    return folder, plain


def test_what_ansible_encrypts_is_read_here(ansible):
    folder, plain = ansible
    envelopes = {name: read_envelope((folder / name).read_text()) for name in plain}

    assert {name: decrypt(envelope, b"opensesame") for name, envelope in envelopes.items()} == plain
    assert {envelope.label for envelope in envelopes.values()} == {"prod"}


def test_what_is_encrypted_here_is_read_by_ansible(ansible):
    folder, plain = ansible

    assert {name: (folder / f"ours-{name}").read_bytes() for name in plain} == plain


def test_the_form_of_a_text_is_that_of_ansible_to_the_byte(ansible):
    folder, plain = ansible
    theirs = (folder / "one.yml").read_text()

    ours = encrypt(plain["one.yml"], b"opensesame", "prod", salt=read_envelope(theirs).salt)

    assert ours == theirs
    assert re.fullmatch(r"(\$ANSIBLE_VAULT;1\.2;AES256;prod\n)([0-9a-f]{1,80}\n)+", ours)
