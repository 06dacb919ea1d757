"""The schema in a real editor's language server (VS Code's, from npm), spoken to over its standard input."""

import json
import shutil
import subprocess
from itertools import count

import pytest

from remediators.cli.schema import _schema

SERVER = "yaml-language-server@1.25.0"


class Editor:
    """As much of the language server protocol as an editor needs to complete, hover and underline."""

    def __init__(self, folder, schema):
        self.folder = folder
        self.schema = schema
        self.numbers = count(1)
        program = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
        self.process = subprocess.Popen(
            ["node", str(program), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.ask(
            "initialize", {"processId": None, "rootUri": None, "capabilities": {"workspace": {"configuration": True}}}
        )
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": self.settings()})

    def settings(self):
        return {
            "yaml": {
                "schemas": {self.schema.as_uri(): "*"},
                "schemaStore": {"enable": False},
                "validate": True,
                "completion": True,
                "hover": True,
            }
        }

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the language server went away"
        return json.loads(self.process.stdout.read(length))

    def until(self, wanted):
        """Read on until a message is the wanted one, answering what the server asks meanwhile."""
        while True:
            message = self.receive()
            if "id" in message and "method" in message:
                asked = message["method"] == "workspace/configuration"
                sections = self.settings()
                answer = [sections.get(item["section"]) for item in message["params"]["items"]] if asked else None
                self.send({"id": message["id"], "result": answer})
            elif wanted(message):
                return message

    def tell(self, method, parameters):
        self.send({"method": method, "params": parameters})

    def ask(self, method, parameters):
        number = next(self.numbers)
        self.send({"id": number, "method": method, "params": parameters})
        return self.until(lambda message: message.get("id") == number)["result"]

    def opened(self, name, text):
        """Open a document; gives its address and what the server underlines in it."""
        uri = (self.folder / name).as_uri()
        self.tell(
            "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}
        )
        told = self.until(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
            )
        )
        return uri, told["params"]["diagnostics"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    assert shutil.which("npm"), "npm is needed: make system"
    folder = tmp_path_factory.mktemp("editor")
    install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder), SERVER]
    subprocess.run(install, check=True, timeout=300, stdin=subprocess.DEVNULL)
    schema = folder / "playbook.schema.json"
    schema.write_text(json.dumps(_schema("playbook")))
    editor = Editor(folder, schema)
    yield editor
    editor.close()


def at(text, mark="|"):
    """The text without its mark, and the position of it."""
    before = text[: text.index(mark)]
    return text.replace(mark, ""), {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}


def test_it_completes_the_options_of_a_remediator(editor):
    text, place = at("- hosts: all\n  tasks:\n    - name: Banner\n      smtp_banner:\n        |\n")
    uri, _ = editor.opened("options.yml", text)
    found = editor.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": place})
    items = found["items"] if isinstance(found, dict) else found
    assert {"virtual_server", "text", "state"} <= {item["label"] for item in items}


def test_it_completes_remediators_and_keywords_of_a_task(editor):
    text, place = at("- hosts: all\n  tasks:\n    - name: Banner\n      |\n")
    uri, _ = editor.opened("task.yml", text)
    found = editor.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": place})
    items = found["items"] if isinstance(found, dict) else found
    labels = {item["label"] for item in items}
    assert {"smtp_banner", "registry", "ip_inspect", "when", "notify", "verify", "block", "include_tasks"} <= labels


def test_it_says_what_an_option_is_for(editor):
    text, place = at("- hosts: all\n  tasks:\n    - name: Banner\n      smtp_banner:\n        virtual_se|rver: all\n")
    uri, _ = editor.opened("hover.yml", text)
    shown = editor.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})
    assert "Number of the virtual server, or all of them." in json.dumps(shown)


def test_it_underlines_an_option_that_does_not_exist(editor):
    _, told = editor.opened(
        "wrong.yml", "- hosts: all\n  tasks:\n    - name: Banner\n      smtp_banner:\n        txt: hello\n"
    )
    assert [(one["range"]["start"]["line"], one["severity"]) for one in told] == [(4, 1)]
    assert "txt" in told[0]["message"]


def test_it_underlines_nothing_in_a_playbook_that_is_right(editor):
    _, told = editor.opened(
        "right.yml",
        "- hosts: all\n  tasks:\n    - name: Banner\n      smtp_banner: {virtual_server: '{{ n }}', text: hello}\n"
        "      verify:\n        smtp_greeting: {contains: hello}\n",
    )
    assert told == []
