"""Reading inventories: files, directories, scripts, host lists, and the variables that stand beside them."""

from __future__ import annotations

import gc
import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from remediators.language.contradictions import contradictions, settled_otherwise
from remediators.language.draft import Draft, Layer
from remediators.language.group_tree import reconcile
from remediators.language.group_vars import YAML_ENDINGS, read_variables
from remediators.language.ini import IniReader
from remediators.language.inventory import Inventory
from remediators.language.inventory_script import read_script
from remediators.language.problems import Problem, Problems, did_you_mean, is_secret, nearest
from remediators.language.source import LARGEST_INVENTORY, LineDocument, Place, parse_yaml, read_text
from remediators.language.toml_inventory import read_toml_inventory
from remediators.language.yaml_inventory import read_yaml_inventory

# What Ansible passes over in a directory: INVENTORY_IGNORE_EXTS and IGNORED_ALWAYS of ansible-core 2.19.
_IGNORED_ENDINGS = (
    ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
)  # fmt: skip
_IGNORED_NAMES = frozenset({"group_vars", "host_vars", "vars_plugins"})
_YAML_BEGINNING = re.compile(r"""---|\{|%YAML|(?:"[^"]*"|'[^']*'|[^\s\[#;="'][^#=]*?)\s*:(?:\s|\Z)""")
DEEPEST_FOLDER = 20


def load_inventory(
    sources: Sequence[str],
    *,
    playbook_dirs: Sequence[str | os.PathLike[str]] = (),
    known_variables: Collection[str] = (),
    problems: Problems | None = None,
) -> Inventory:
    """
    Read inventories: files, directories, scripts, or lists such as ``a,b,``.

    ``playbook_dirs`` are where further ``group_vars/`` and ``host_vars/`` stand; ``known_variables`` are the
    ``ansible_*`` names that mean something. Raises `LanguageError`, or adds to ``problems`` where that is given.
    """
    found = Problems() if problems is None else problems
    with _collector_at_rest():
        inventory = _loaded(Draft(found), sources, playbook_dirs, known_variables)
    if problems is None:
        found.raise_if_any()
    inventory.warnings = tuple(found.warnings)
    return inventory


def _loaded(
    draft: Draft,
    sources: Sequence[str],
    playbook_dirs: Sequence[str | os.PathLike[str]],
    known_variables: Collection[str],
) -> Inventory:
    found = draft.problems
    for source in sources:
        _read_source(draft, source)
    before = len(found.errors)
    reconcile(draft)
    sound = len(found.errors) == before
    if sound:
        read_variables(draft, _beside(sources), [Path(folder) for folder in playbook_dirs])
    inventory = Inventory(tuple(sources), draft.groups, draft.hosts, draft.memberships, origins=draft.origins)
    if sound and len(found.errors) == before:
        found.errors.extend(contradictions(inventory))
        for warning in settled_otherwise(inventory):
            found.warn(warning)
    _warn_of_one_name_for_two(draft)
    _warn_of_unknown(draft, known_variables)
    return inventory


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Nothing that is read has circles in it, and looking for them would take most of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _read_source(draft: Draft, source: str) -> None:
    path = Path(source)
    if not source.strip():
        draft.problems.add(Problem("--inventory", 0, 0, "", "an inventory without a name", "give -i PATH"))
    elif "," in source and not path.exists():
        _read_list(draft, source)
    elif path.is_dir():
        _read_directory(draft, path)
    else:
        _read_file(draft, path)


def _read_list(draft: Draft, source: str) -> None:
    document = LineDocument("--inventory", source)
    draft.file = ""
    for name in filter(None, map(str.strip, source.split(","))):
        place = Place(document, (1, name))
        draft.add_written(name, draft.group("ungrouped"), None, place)
        if Path(name).is_file():
            what = f"{name!r} is the name of a host here, and there is a file of this name"
            draft.problems.warn(place.problem("", what, "give each inventory its own -i"))


def _read_directory(draft: Draft, folder: Path, depth: int = 0) -> None:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        draft.problems.add(Problem(str(folder), 0, 0, "", f"cannot be read: {error.strerror}"))
        return
    for entry in entries:
        name = entry.name
        if name.startswith(".") or name in _IGNORED_NAMES or name.endswith(_IGNORED_ENDINGS):
            continue
        if not entry.is_dir():
            _read_file(draft, entry)
        elif depth < DEEPEST_FOLDER:
            _read_directory(draft, entry, depth + 1)
        else:
            what = f"is nested more than {DEEPEST_FOLDER} folders deep"
            draft.problems.add(Problem(str(entry), 0, 0, "", what, "look for a link in a circle"))


def _read_file(draft: Draft, path: Path) -> None:
    if not _is_regular(draft, path):
        return
    draft.file = str(path.absolute())
    if is_script(path):
        _warn_of_foreign_hands(draft, path)
        if read_script(path, draft):
            return
    found = _text(path, draft.problems)
    if found is None:
        return
    text, digest = found
    if path.suffix == ".toml":
        read_toml_inventory(LineDocument(str(path), text), draft)
    elif path.suffix in YAML_ENDINGS or (path.suffix != ".ini" and _looks_like_yaml(text)):
        document = parse_yaml(str(path), text, draft.problems, digest)
        if document is not None:
            draft.problems.warn_each(document.misread())
            read_yaml_inventory(document, draft)
    else:
        IniReader(LineDocument(str(path), text), draft).read()


def _is_regular(draft: Draft, path: Path) -> bool:
    """A pipe that nobody writes to would never end, except the shell's; what is not there is told when it is read."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    if stat.S_ISREG(mode) or str(path).startswith(("/dev/", "/proc/")):
        return True
    draft.problems.add(Problem(str(path), 0, 0, "", "is no file that can be read as an inventory"))
    return False


def _text(path: Path, problems: Problems) -> tuple[str, str] | None:
    """The text of an inventory; comments of an INI file may be in another encoding, as in Ansible."""
    trial = Problems()
    found = read_text(path, trial, largest=LARGEST_INVENTORY)
    if found is None and path.suffix not in (*YAML_ENDINGS, ".toml"):
        found = _without_foreign_comments(path)
    if found is None:
        problems.errors.extend(trial.errors)
    return found


def _without_foreign_comments(path: Path) -> tuple[str, str] | None:
    try:
        lines = path.read_bytes().split(b"\n")
        kept = [b"" if line.lstrip()[:1] in (b"#", b";") else line for line in lines]
        text = b"\n".join(kept).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    return None if text.startswith("$ANSIBLE_VAULT;") else (text, "")


def is_script(path: Path) -> bool:
    """A script by its first bytes, or by its mode where its name does not say that it is data."""
    try:
        if not path.is_file() or not os.access(path, os.X_OK):
            return False
        with path.open("rb") as stream:
            return stream.read(2) == b"#!" or path.suffix not in (*YAML_ENDINGS, ".ini", ".toml")
    except OSError:
        return False


def _warn_of_foreign_hands(draft: Draft, path: Path) -> None:
    if path.stat().st_mode & stat.S_IWOTH:
        what = "anybody may write to this script, and it is run as you"
        draft.problems.warn(Problem(str(path), 0, 0, "", what, f"chmod o-w {path}"))


def _looks_like_yaml(text: str) -> bool:
    """Tell the format of a file whose name does not: by its first line that says anything."""
    for line in text.splitlines():
        words = line.strip()
        if words and words[0] not in "#;":
            return _YAML_BEGINNING.match(words) is not None
    return False


def _beside(sources: Sequence[str]) -> list[Path]:
    """Where ``group_vars/`` and ``host_vars/`` of the inventories may stand."""
    paths = [Path(source) for source in sources if "," not in source or Path(source).exists()]
    return [path if path.is_dir() else path.parent for path in paths]


def _warn_of_one_name_for_two(draft: Draft) -> None:
    for name in sorted(draft.groups.keys() & draft.hosts.keys()):
        what = f"{name!r} is both a host and a group; a pattern of this name means the host"
        draft.problems.warn(Problem("inventory", 0, 0, "", what, "give one of them another name"))


def _warn_of_unknown(draft: Draft, known: Collection[str]) -> None:
    """Warn once of every ``ansible_*`` name that nothing reads, at its first place."""
    if not known:
        return
    told: set[str] = set()
    groups = ((f"group {g.name!r}", layer) for g in draft.groups.values() for layer in g.layers)
    hosts = ((f"host {name!r}", layer) for name, layers in draft.hosts.items() for layer in layers)
    for where, layer in (*groups, *hosts):
        for name in layer.values:
            if name.startswith("ansible_") and name not in known and name not in told:
                told.add(name)
                draft.problems.warn(_unread(layer, name, where, known))


def _unread(layer: Layer, name: str, where: str, known: Collection[str]) -> Problem:
    """A misspelt password is still one: its line is not shown."""
    found = layer.place(name).problem(where, f"nothing reads {name!r}", did_you_mean(name, known))
    meant = nearest(name, known)
    return replace(found, source="") if meant is not None and is_secret(meant) else found
