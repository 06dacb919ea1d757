"""
Mail servers that we did not write: Debian's exim4, OpenSMTPD and Postfix, unpacked and never installed.

As packages they exclude each other, so each runs in the foreground inside a folder of its own (``chroot``, which needs
root), with its own users, configuration and queue. ``python3 tests/mail_servers.py`` fetches them; only the standard
library is used, since that happens before there is a virtual environment.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "mail-servers"
ROOT = CACHE / "root"
NAME = "mail.lab.test"

_PROGRAMS = ("exim4-daemon-light", "exim4-base", "opensmtpd", "postfix")
_LIBRARY = re.compile(r"(lib[a-z0-9.+-]+|zlib1g)")
_NEEDLESS = re.compile(
    "perl|python|debian-installer|cryptsetup|newt|slang|systemd|semanage|ext2fs|fdisk|devmapper|blkid|mount|kmod|iptc"
    "|udev|sqlite|ncurses|readline|-common|pam-modules|pam-runtime|modules-db"
)
_QUIET = ["--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances"]

_USERS = {"root": 0, "nobody": 65534, "Debian-exim": 901, "postfix": 902, "opensmtpd": 904, "opensmtpq": 905}
_GROUPS = {
    "root": 0,
    "mail": 8,
    "nogroup": 65534,
    "Debian-exim": 901,
    "postfix": 902,
    "postdrop": 903,
    "opensmtpd": 904,
}
_FILES = {
    "etc/mailname": f"{NAME}\n",
    "etc/hosts": f"127.0.0.1 localhost {NAME}\n",
    "etc/nsswitch.conf": "hosts: files\n",
    "etc/services": "smtp 25/tcp mail\nsmtps 465/tcp\nsubmission 587/tcp\n",
    "etc/passwd": "".join(f"{name}:x:{n}:{n}::/var/lib/opensmtpd/empty:/bin/false\n" for name, n in _USERS.items()),
    "etc/group": "".join(f"{name}:x:{number}:\n" for name, number in [*_GROUPS.items(), ("opensmtpq", 905)]),
    "dev/null": "",
    "dev/urandom": "not random at all, which nobody minds here: there is no TLS. " * 1000,
}
_POSTFIX_QUEUE = [
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "maildrop",
    "pid",
    "private",
    "public",
    "saved",
    "trace",
]
_FOLDERS = {
    "tmp": (0, 0o1777),
    "run": (0, 0o755),
    "var/lib/opensmtpd/empty": (0, 0o755),
    "var/spool/smtpd": (0, 0o711),
    "var/spool/exim4": (901, 0o755),
    "var/log/exim4": (901, 0o755),
    "var/lib/postfix": (902, 0o755),
    "var/spool/postfix": (0, 0o755),
    **{f"var/spool/postfix/{name}": (902, 0o700) for name in _POSTFIX_QUEUE},
}

_EXIM = f"""
primary_hostname = {NAME}
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
keep_environment =
smtp_banner = {{banner}}
begin acl
begin routers
begin transports
begin retry
"""
_SMTPD = f"""
listen on 127.0.0.1 port {{port}} hostname {NAME}
action "nowhere" relay
match from local for any action "nowhere"
"""
_MAIN_CF = f"""
compatibility_level = 3.6
myhostname = {NAME}
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_discard_ehlo_keywords = {{hidden}}
smtpd_banner = {{banner}}
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var
"""
_MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
"""


def fetch() -> Path:
    """Unpack the servers, and the libraries that they need, below `ROOT`, if they are not there yet."""
    if ROOT.is_dir():
        return ROOT
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        packages = Path(folder) / "packages"
        packages.mkdir()
        _download(packages)
        unpacked = Path(folder) / "root"
        for package in sorted(packages.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, unpacked], check=True)
        shutil.rmtree(unpacked / "usr/share")
        with contextlib.suppress(OSError):  # somebody else was as fast
            unpacked.rename(ROOT)
    return ROOT


def _download(folder: Path) -> None:
    command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root"]
    if not _needed():
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*sudo, "apt-get", "update", "-qq"], check=True)
    subprocess.run([*command, *_PROGRAMS, *_needed()], cwd=folder, check=True)


def _needed() -> list[str]:
    said = subprocess.run(
        ["apt-cache", "depends", "--recurse", *_QUIET, *_PROGRAMS], capture_output=True, text=True, check=False
    )
    names = {line.strip() for line in said.stdout.splitlines() if _LIBRARY.fullmatch(line.strip())}
    return sorted(name for name in names if not _NEEDLESS.search(name))


@contextlib.contextmanager
def a_root() -> Iterator[Path]:
    """A copy of all servers for one user at a time; files are shared with the cache, folders and settings are not."""
    base = fetch()
    with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as folder:
        root = Path(folder) / "root"
        subprocess.run(["cp", "-al", base, root], check=True)
        for name, text in _FILES.items():
            _write(root, name, text)
        for name in ("dev/null", "dev/urandom"):
            (root / name).chmod(0o666)
        for name, (owner, mode) in _FOLDERS.items():
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name).chmod(mode)
            os.chown(root / name, owner, owner)
        os.chown(root / "var/spool/postfix/public", 902, 903)
        (root / "var/run").symlink_to("../run")
        root.chmod(0o755)
        yield root


def _write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # it may be a file of the cache
    path.write_text(text, encoding="ascii")


def exim(root: Path, port: int, banner: str = f"{NAME} ESMTP Exim") -> list[str]:
    """The command that runs exim4 in the foreground; a banner may have several lines."""
    _write(root, "etc/exim.conf", _EXIM.format(banner=banner))
    return ["/usr/sbin/exim4", "-C", "/etc/exim.conf", "-bdf", "-oX", f"127.0.0.1.{port}"]


def opensmtpd(root: Path, port: int) -> list[str]:
    """The command that runs OpenSMTPD in the foreground."""
    _write(root, "etc/smtpd.conf", _SMTPD.format(port=port))
    return ["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"]


def postfix(root: Path, port: int, hidden: str = "", banner: str = f"{NAME} ESMTP Postfix") -> list[str]:
    """The command that runs Postfix in the foreground; ``hidden`` are verbs that it does not tell."""
    _write(root, "etc/postfix/main.cf", _MAIN_CF.format(hidden=hidden, banner=banner))
    _write(root, "etc/postfix/master.cf", _MASTER_CF.format(port=port))
    return ["/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d"]


@contextlib.contextmanager
def running(root: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server inside its root, in a process group of its own, until the caller has seen enough."""
    log = root / "said"
    with log.open("ab") as said:
        server = subprocess.Popen(
            ["chroot", str(root), *command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    try:
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(20)


if __name__ == "__main__":
    fetch()
