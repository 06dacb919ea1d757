"""Drive the command line as a user does: a process, its output, its exit code, against a lab on free ports."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from remediators.lab.serve import Lab

REMEDIATE = str(Path(sys.executable).with_name("remediate"))


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Desk:
    """A working directory with a lab's inventory in it, and `remediate` to run there."""

    def __init__(self, folder, lab):
        self.folder = folder
        self.lab = lab
        lab.write_inventory(folder / "lab.yml")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def remediate(self, *arguments, timeout=120):
        done = subprocess.run(
            [REMEDIATE, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments):
        return subprocess.Popen(
            [REMEDIATE, *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def states(self):
        return {name: machine.state() for name, machine in self.lab.machines.items()}

    def written(self):
        """Everything that a run wrote, in one string of bytes."""
        return b"\n".join(path.read_bytes() for path in (self.folder / ".remediate").rglob("*") if path.is_file())


@pytest.fixture
def desk(tmp_path):
    """Make a desk for a fleet; the lab is stopped afterwards."""
    labs = []

    def make(fleet):
        lab = Lab(fleet, ports="free", folder=tmp_path / "keys")
        lab.start()
        labs.append(lab)
        return Desk(tmp_path, lab)

    yield make
    for lab in labs:
        lab.stop()
