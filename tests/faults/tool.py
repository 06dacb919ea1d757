"""The command line as a user's process: its events as they come, a signal at any of them, and what it left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

REMEDIATE = str(Path(sys.executable).with_name("remediate"))
CLOCK = str(Path(__file__).with_name("clock"))
DEADLINE = 240.0  # seconds: no deadline of the product is longer, and a loaded machine may take its time


@dataclass
class Ended:
    arguments: tuple
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"$ remediate {' '.join(self.arguments)}\n[{self.code}]\n{self.out[-20000:]}{self.err[-3000:]}"


class Tool:
    """Runs commands in one folder. ``told`` has all of them, for whoever must find out what went wrong."""

    def __init__(self, folder, moments):
        self.folder = folder
        self.moments = moments
        self.told = []
        self._process = None

    def __call__(self, *arguments, limit=None, jump=None):
        """
        Run a command to its end. With ``--output jsonl`` every line is a moment.

        ``limit`` is the longest file in KiB that it may write: a full disk. ``jump`` is a jump of its clock.
        """
        process = self._start(arguments, limit, jump)
        self._process = process
        lines, words = [], []
        readers = [
            self._read(process.stdout, lines, "event" if "jsonl" in arguments else None),
            self._read(process.stderr, words, None),
        ]
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            process.kill()
            process.wait()
            raise AssertionError(f"it did not end: remediate {' '.join(arguments)}\n{''.join(lines[-5:])}") from None
        finally:
            for reader in readers:
                reader.join()
        ended = Ended(arguments, process.returncode, "".join(lines), "".join(words))
        self.told.append(ended)
        assert "Traceback" not in ended.err, ended
        assert not _group_lives(process.pid), f"it left a process behind: {ended}"
        return ended

    def _start(self, arguments, limit, jump):
        line = [REMEDIATE, *arguments]
        if limit is not None:
            line = ["bash", "-c", f'ulimit -f {limit}; exec "$0" "$@"', *line]
        path = os.pathsep.join(filter(None, [CLOCK, os.environ.get("PYTHONPATH", "")]))
        more = {"PYTHONPATH": path, "CLOCK_JUMP": jump} if jump else {}
        return subprocess.Popen(
            line,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
            env={**os.environ, **more},
        )

    def _read(self, pipe, lines, kind):
        def read():
            with pipe:
                for line in pipe:
                    lines.append(line)
                    if kind:
                        self.moments.happens(kind)
                    if kind and '"kind": "intent"' in line:
                        self.moments.happens("intent")

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def signal(self, number):
        """Send a signal to what runs just now."""
        with contextlib.suppress(ProcessLookupError):
            if self._process is not None and self._process.returncode is None:
                os.kill(self._process.pid, number)

    # What it left on disk.

    @property
    def state(self):
        return self.folder / ".remediate"

    def runs(self):
        """The ids of all runs that came as far as their plan, oldest first."""
        return sorted(path.parent.name for path in (self.state / "runs").glob("*/plan.json"))


def _group_lives(group):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, 0)
        return True
    return False
