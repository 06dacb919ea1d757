"""What we say of each mistake, what Ansible says of it, and the page that shows both."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from remediators.cli.house import build
from remediators.cli.project import packaged_profiles, vocabulary
from remediators.language import LanguageError, Vocabulary, load
from tests.errors.cases import GROUPS, Mistake

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "errors.md"
LEAD = """# Errors

Every mistake is told before any host is contacted, all of them at once: file, line and column of the very word, the
line with a caret under it, and the nearest right name. A test holds this page and the messages together, and has
ansible-core {version} read the same files (with `ansible.builtin.debug` in the place of `smtp_banner`, and its option
`msg` for `text`).

"""
_MODULE = [("smtp_banner", "ansible.builtin.debug"), ("smtp_baner", "ansible.builtin.debgu"), ("text:", "msg:")]


def put(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@cache
def _words() -> Vocabulary:
    return vocabulary(build(packaged_profiles()))


def ours(mistake: Mistake, folder: Path) -> str:
    """Our whole message."""
    texts = mistake.texts()
    if mistake.host_file == "other.yml":
        del texts["other.yml"]
    put(folder, texts)
    flags = dict(zip(mistake.flags[::2], mistake.flags[1::2], strict=True))
    with contextlib.chdir(folder):
        try:
            load(
                ["site.yml"],
                [mistake.host_file],
                _words(),
                limit=flags.get("--limit"),
                tags=[flags["--tags"]] if "--tags" in flags else [],
                start_at=flags.get("--start-at-task"),
            )
        except LanguageError as error:
            return error.message
    return ""


def theirs(root: Path) -> tuple[str, dict[str, str]]:
    """Ansible's version, and what it says of each mistake, without what is no error."""
    asked = []
    for mistake in everything():
        folder = root / slug(mistake)
        texts = {name: _as_ansible(text) for name, text in mistake.texts().items()}
        if mistake.host_file == "other.yml":
            del texts["other.yml"]
        put(folder, texts)
        asked.append([mistake.title, str(folder), ["-i", mistake.host_file, "site.yml", *mistake.flags]])
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_LOCAL_TEMP": str(root / "tmp"),
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1",
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "ask_ansible.py")],
        input=json.dumps(asked),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    answer = json.loads(done.stdout[done.stdout.index('{"version"') :])
    told = {name: _errors(text, code, root) for name, (code, text) in answer["answers"].items()}
    return answer["version"], told


def _as_ansible(text: str) -> str:
    for mine, other in _MODULE:
        text = text.replace(mine, other)
    return text


def _errors(text: str, code: int, root: Path) -> str:
    """The errors of a run of Ansible, or what it did instead."""
    text = re.sub(rf"{re.escape(str(root))}/[\w-]+(/|$)", "", text, flags=re.MULTILINE).replace(f"{root}", "~")
    parts = re.split(r"\n(?=\[(?:ERROR|WARNING|DEPRECATION)|PLAY|TASK|ok:|fatal:)|\n\n(?!<<<)", f"\n{text}")
    kept = [part.strip() for part in parts if part.strip().startswith(("[ERROR]", "Origin:", "usage:"))]
    lines = [line.rstrip() for part in kept for line in part.splitlines() if line.strip()]
    if lines:
        return "\n".join(lines[:12])
    skipped = " (a warning, at most)" if "[WARNING]" in text else ""
    return f"nothing{skipped}: it ends with {code}"


def everything() -> list[Mistake]:
    return [mistake for group in GROUPS.values() for mistake in group]


def slug(mistake: Mistake) -> str:
    return re.sub(r"\W+", "-", mistake.title.lower()).strip("-")


def page(said: dict[str, str], version: str, told: dict[str, str]) -> str:
    """The whole page."""
    parts = [LEAD.format(version=version)]
    for title, mistakes in GROUPS.items():
        parts.append(f"## {title}\n\n")
        parts += [_section(mistake, said[mistake.title], told[mistake.title]) for mistake in mistakes]
    return "".join(parts).rstrip() + "\n"


def _section(mistake: Mistake, mine: str, other: str) -> str:
    shown = f"`{' '.join(mistake.flags)}`\n\n" if mistake.flags else ""
    return f"### {mistake.title}\n\n{shown}remediate:\n\n{_fence(mine)}\nansible-core:\n\n{_fence(other)}\n"


def _fence(text: str) -> str:
    return f"```text\n{text}\n```\n"
