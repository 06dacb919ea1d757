"""known_hosts files, as OpenSSH writes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from remediators.transports import known_hosts
from remediators.transports.known_hosts import Files, Verdict, judge, of_host, parse
from tests.transports.openssh import keygen

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti"
BLOB = parse(f"x {KEY}")[0].blob


@pytest.mark.parametrize(
    ("line", "host", "port", "verdict"),
    [
        (f"exch01 {KEY}", "exch01", 22, Verdict.KNOWN),
        (f"EXCH01,10.0.0.1 {KEY} a comment", "Exch01", 22, Verdict.KNOWN),
        (f"exch01,10.0.0.1 {KEY}", "10.0.0.1", 22, Verdict.KNOWN),
        (f"exch01 {KEY}", "exch01", 2222, Verdict.UNKNOWN),
        (f"[exch01]:2222 {KEY}", "exch01", 2222, Verdict.KNOWN),
        (f"[exch01]:2222 {KEY}", "exch01", 22, Verdict.UNKNOWN),
        (f"*.example.com {KEY}", "a.example.com", 22, Verdict.KNOWN),
        (f"*.example.com,!b.example.com {KEY}", "b.example.com", 22, Verdict.UNKNOWN),
        (f"10.0.0.? {KEY}", "10.0.0.7", 22, Verdict.KNOWN),
        (f"[10.0.0.*]:2222 {KEY}", "10.0.0.7", 2222, Verdict.KNOWN),
        (f"exch01 {OTHER}", "exch01", 22, Verdict.CHANGED),
        (f"exch01 {OTHER}\nexch01 {KEY}", "exch01", 22, Verdict.KNOWN),
        (f"exch01 {KEY}\n@revoked * {KEY}", "exch01", 22, Verdict.REVOKED),
        (f"@cert-authority * {KEY}", "exch01", 22, Verdict.UNKNOWN),
        (f"# exch01 {KEY}", "exch01", 22, Verdict.UNKNOWN),
        ("exch01 ssh-ed25519 not-base64!", "exch01", 22, Verdict.UNKNOWN),
        ("exch01 ssh-rsa AAAA", "exch01", 22, Verdict.UNKNOWN),
        ("|1|broken exch01 AAAA", "exch01", 22, Verdict.UNKNOWN),
        ("", "exch01", 22, Verdict.UNKNOWN),
    ],
)
def test_lines_are_understood_as_openssh_does(line: str, host: str, port: int, verdict: Verdict):
    assert judge(of_host(parse(line), host, port), "ssh-ed25519", BLOB)[0] is verdict


def test_files_hashed_by_ssh_keygen_are_understood(tmp_path: Path):
    file = tmp_path / "known_hosts"
    file.write_text(f"exch01 {KEY}\n[exch02]:2222 {KEY}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    entries = parse(file.read_text())

    assert "exch01" not in file.read_text()
    assert len(of_host(entries, "exch01", 22)) == 1
    assert len(of_host(entries, "exch02", 2222)) == 1
    assert of_host(entries, "exch03", 22) == ()


def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path):
    key = keygen(tmp_path / "key").with_suffix(".pub")
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True).stdout
    blob = parse(f"x {key.read_text()}")[0].blob

    assert known_hosts.fingerprint(blob) == shown.split()[1]


def test_a_file_that_changes_is_read_again_and_one_that_is_missing_is_empty(tmp_path: Path):
    file, files = tmp_path / "known_hosts", Files()
    assert files.entries([str(file)]) == ()
    file.write_text(f"a {KEY}\n")
    assert len(files.entries([str(file)])) == 1
    file.write_text(f"a {KEY}\nb {KEY}\n")
    assert len(files.entries([str(file)])) == 2
