"""
Wine as a Windows host that we did not write: a prefix made once, a launcher, a channel, and a real OpenSSH in front.

A test module that wants the fixtures ``wine``, ``wine_channel`` and ``wine_sshd`` says
``pytest_plugins = ["tests.wine_host"]``: then the whole run shares one prefix, which takes ten seconds to make.
"""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from remediators.model import Output, TimedOut

SOURCES = Path(__file__).parent / "wine"
COMPILER = "x86_64-w64-mingw32-gcc"


@dataclass(frozen=True)
class Wine:
    """A prefix with its wineserver kept alive, and the programs built for it."""

    root: Path

    @property
    def prefix(self) -> Path:
        return self.root / "prefix"

    @property
    def launcher(self) -> Path:
        return self.root / "launcher.exe"

    @property
    def argv(self) -> str:
        """The path, as Windows sees it, of a program that prints its arguments in hexadecimal."""
        return windows_path(self.root / "argv.exe")

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all", "DISPLAY": ""}

    def run(self, command_line: str, seconds: float = 60.0) -> Output:
        """Run a raw command line by CreateProcess, with standard input at its end."""
        with tempfile.NamedTemporaryFile("wb", dir=self.root, suffix=".line") as file:
            file.write(command_line.encode())
            file.flush()
            done = subprocess.run(
                ["wine", str(self.launcher), windows_path(Path(file.name))],
                env=self.environment,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        return Output(done.stdout, done.stderr, done.returncode)

    def script(self, line: str) -> Output:
        """Run a line as the only line of a ``.cmd`` file, where the percent rules of batch files hold."""
        path = self.root / "line.cmd"
        path.write_bytes(f"@{line}\r\n".encode())
        return self.run(f"cmd.exe /d /c {windows_path(path)}")


@dataclass
class WineChannel:
    """Implements model's `Channel`: the host runs ``cmd.exe /c "LINE"``, as WinRM and Windows' OpenSSH do."""

    wine: Wine
    lines: list[str] = field(default_factory=list, repr=False)

    def run(self, line: str, seconds: float) -> Output:
        self.lines.append(line)
        try:
            return self.wine.run(f'cmd.exe /c "{line}"', seconds)
        except subprocess.TimeoutExpired:
            raise TimedOut("it took too long") from None

    def close(self) -> None:
        """There is nothing to close."""


@dataclass(frozen=True)
class Sshd:
    """Where Wine listens behind a real sshd, and what is needed to get in."""

    port: int
    user: str
    key: Path
    known_hosts: Path

    def variables(self, **more: object) -> dict[str, object]:
        """Inventory variables that reach it."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_connection": "ssh",
            "ansible_shell_type": "cmd",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts}",
            **more,
        }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A busy Wine loses an exit code or an answer now and then; a fault of ours fails three times in a row."""
    for item in items:
        if "wine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=2))


def windows_path(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


@pytest.fixture(scope="session")
def wine() -> Iterator[Wine]:
    for program in ("wine", "wineserver", COMPILER):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    root = Path(tempfile.mkdtemp(prefix="wine-", dir="/tmp"))
    made = Wine(root)
    try:
        _build(made)
        made.prefix.mkdir()
        _quietly(made, "wineboot", "-i")
        # The first boot leaves a service manager behind that knows nothing of what the next one is told.
        _quietly(made, "wineserver", "-k")
        _quietly(made, "wineserver", "-w")
        _quietly(made, "wineserver", "-p")  # so that it does not start anew for each command
        _quietly(made, "wine", "cmd", "/c", "ver")  # services start here, holding no pipe of ours
        yield made
    finally:
        subprocess.run(["wineserver", "-k"], env=made.environment, check=False, capture_output=True)
        subprocess.run(["wineserver", "-w"], env=made.environment, check=False, capture_output=True)
        shutil.rmtree(root, ignore_errors=True)


def _build(wine: Wine) -> None:
    for name, extra in (("launcher", []), ("argv", ["-municode"])):
        target = str(wine.root / f"{name}.exe")
        subprocess.run([COMPILER, "-O1", *extra, "-o", target, str(SOURCES / f"{name}.c")], check=True)


def _quietly(wine: Wine, *command: str) -> None:
    subprocess.run(
        command,
        env=wine.environment,
        cwd=wine.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )


@pytest.fixture
def wine_channel(wine: Wine) -> WineChannel:
    return WineChannel(wine)


@pytest.fixture(scope="session")
def wine_sshd(wine: Wine) -> Iterator[Sshd]:
    """A real sshd on loopback that hands every command to Wine's ``cmd.exe /c "LINE"``."""
    if not Path("/usr/sbin/sshd").exists():
        pytest.skip("sshd is not installed")
    home = wine.root / "sshd"
    home.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    port = _free_port()
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {(home / 'host.pub').read_text()}")
    (home / "config").write_text(_configuration(wine, home, port))
    Path("/run/sshd").mkdir(exist_ok=True)
    log = home / "log"
    with log.open("wb") as sink:
        command = ["/usr/sbin/sshd", "-D", "-e", "-f", str(home / "config")]
        daemon = subprocess.Popen(command, stderr=sink, stdin=subprocess.DEVNULL, stdout=sink)
    try:
        _listening(port, daemon, log)
        yield Sshd(port, getpass.getuser(), home / "user", home / "known_hosts")
    finally:
        daemon.terminate()
        daemon.wait(10)


def _configuration(wine: Wine, home: Path, port: int) -> str:
    exports = "".join(f"export {n}={shlex.quote(wine.environment[n])}\n" for n in ("WINEPREFIX", "WINEDEBUG", "PATH"))
    force = home / "force"
    force.write_text(
        "#!/bin/sh\n"
        f"{exports}"
        f"file=$(mktemp {shlex.quote(str(wine.root))}/line.XXXXXX)\n"
        "trap 'rm -f \"$file\"' EXIT\n"
        'printf \'cmd.exe /c "%s"\' "$SSH_ORIGINAL_COMMAND" > "$file"\n'
        f'wine {shlex.quote(str(wine.launcher))} "Z:$(echo "$file" | tr / \'\\\\\')" </dev/null\n'
    )
    force.chmod(0o700)
    return (
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/user.pub\n"
        f"PidFile {home}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"ForceCommand {force}\n"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listening(port: int, daemon: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the port answers; it cannot tell us in another way."""
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            try:
                daemon.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(log.read_text())
        else:
            return
    pytest.fail("sshd does not listen")
