from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from remediators.language import LanguageError, Vocabulary, load, load_inventory, load_playbooks


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RegistryValue(Options):
    type: Literal["dword", "sz"]
    data: int | str


class Registry(Options):
    key: str
    values: dict[str, RegistryValue | Literal["absent"]] = {}


class Service(Options):
    name: str
    state: Literal["started", "stopped", "restarted"] | None = None


class Banner(Options):
    text: str | None = None
    port: int = 25


class Scanner(Options):
    product: str
    allow_unverified: bool = False


class Greeting(Options):
    port: int = 25
    contains: str | None = None


VOCABULARY = Vocabulary(
    remediators={"registry": Registry, "service": Service, "smtp_banner": Banner, "av_email_scanner": Scanner},
    checks={"smtp_greeting": Greeting},
    facts=("exchange.version", "os.version", "smtp.virtual_servers"),
    variables=("ansible_host", "ansible_port", "ansible_user", "ansible_password", "ansible_group_priority"),
)


@pytest.fixture(scope="session")
def vocabulary():
    return VOCABULARY


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files below an empty working directory, so that messages name them as a user would."""
    monkeypatch.chdir(tmp_path)

    def write(**files: str) -> None:
        for name, text in files.items():
            put(name, text)

    def put(name: str, text: str | bytes) -> str:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode())
        return name

    write.put = put
    return write


@pytest.fixture
def errors(write, vocabulary):
    """The whole message for a playbook (and an inventory) that is wrong."""

    def errors(playbook: str, inventory: str = "all: {hosts: {exch01: {}}}\n", **options) -> str:
        write.put("site.yml", playbook)
        write.put("hosts.yml", inventory)
        with pytest.raises(LanguageError) as caught:
            load(["site.yml"], ["hosts.yml"], vocabulary, **options)
        return caught.value.message

    return errors


@pytest.fixture
def loaded(write, vocabulary):
    def loaded(playbook: str, inventory: str = "all: {hosts: {exch01: {}}}\n", **options):
        write.put("site.yml", playbook)
        write.put("hosts.yml", inventory)
        return load(["site.yml"], ["hosts.yml"], vocabulary, **options)

    return loaded


@pytest.fixture
def playbook_errors(write, vocabulary):
    def playbook_errors(text: str | bytes) -> str:
        write.put("site.yml", text)
        with pytest.raises(LanguageError) as caught:
            load_playbooks(["site.yml"], vocabulary)
        return caught.value.message

    return playbook_errors


@pytest.fixture
def inventory(write):
    def inventory(text: str, name: str = "hosts.yml", **options):
        write.put(name, text)
        return load_inventory([name], **options)

    return inventory


@pytest.fixture
def inventory_errors(write):
    def inventory_errors(text: str, name: str = "hosts.yml", **options) -> str:
        write.put(name, text)
        with pytest.raises(LanguageError) as caught:
            load_inventory([name], **options)
        return caught.value.message

    return inventory_errors
