"""Who may import whom (docs/architecture.md). A new room is an error here until it has its rule."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "remediators"

MAY_IMPORT = {
    "model": set(),
    "language": {"model"},
    "quoting": {"model"},
    "transports": {"model"},
    "checks": {"model", "resources"},
    "journal": {"model"},
    "resources": {"model", "quoting"},
    "catalog": {"model", "resources", "quoting"},
    "facts": {"model", "resources"},
    "profiles": {"model"},
    "sessions": {"model", "quoting", "transports"},
    "engine": {"model", "journal"},
    "runners": {"model", "engine", "journal"},
    "reports": {"model", "engine", "journal"},
    "lab": {"model"},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def rooms(names):
    return {name.split(".")[1] for name in names if name.startswith("remediators.")}


def test_every_room_has_a_rule():
    found = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert found == {*MAY_IMPORT, "cli"}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_it_may(room):
    for path in (PACKAGE / room).rglob("*.py"):
        allowed = MAY_IMPORT[room] | {room}

        assert rooms(imports(path)) <= allowed, path.relative_to(PACKAGE)


def test_nobody_but_the_command_line_knows_the_lab():
    for path in PACKAGE.rglob("*.py"):
        if path.parts[len(PACKAGE.parts)] not in ("lab", "cli"):
            assert "lab" not in rooms(imports(path)), path.relative_to(PACKAGE)


def test_only_the_applier_and_the_sessions_know_how_to_write():
    """The planner holds a Reader: nothing that plans may name a Session's write."""
    for name in ("planner.py", "reading.py", "rollback.py"):
        tree = ast.parse((PACKAGE / "engine" / name).read_text(encoding="utf-8"))
        calls = {
            n.func.value.attr
            for n in ast.walk(tree)
            if isinstance(n, ast.Call)
            and isinstance(n.func, ast.Attribute)
            and n.func.attr == "write"
            and isinstance(n.func.value, ast.Attribute)
        }

        assert "session" not in calls
        assert "_session" not in calls
