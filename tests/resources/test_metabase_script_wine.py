"""The script that repairs a metabase, run by a cmd.exe that we did not write."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from remediators.resources import metabase_script
from remediators.resources.metabase_script import Job, Placing

pytest_plugins = ["tests.wine_host"]

# Wine 8 has no fc that compares: this one has the exit codes of Windows' own (0 the same, 1 different, 2 not there).
FC = r"""
#include <stdio.h>
#include <string.h>
int main(int count, char **words)
{
    FILE *one, *other;
    int a, b;
    if (count != 4 || strcmp(words[1], "/b")) return 2;
    one = fopen(words[2], "rb");
    other = fopen(words[3], "rb");
    if (!one || !other) return 2;
    do { a = getc(one); b = getc(other); } while (a == b && a != EOF);
    return a != b;
}
"""
DAMAGED, WHOLE = b"<damaged>\x1a\x00\xff", b"<whole/>\r\n"


@pytest.fixture
def host(wine, tmp_path):
    """A folder like inetsrv, and a launcher that finds fc in it."""
    target = wine.prefix / "drive_c/fc"
    if not target.exists():
        target.mkdir()
        (wine.root / "fc.c").write_text(FC, encoding="ascii")
        command = ["x86_64-w64-mingw32-gcc", "-o", str(target / "fc.exe"), str(wine.root / "fc.c")]
        subprocess.run(command, check=True)
    root = tmp_path / "inetsrv (x86) & more"
    for folder in ("History", "remediate/abc"):
        (root / folder).mkdir(parents=True)
    (root / "MetaBase.xml").write_bytes(DAMAGED)
    (root / "History" / "MetaBase_1_0.xml").write_bytes(WHOLE)
    (root / "History" / "MBSchema_1_0.xml").write_bytes(b"schema")
    yield wine, root
    shutil.rmtree(root)


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


def job(root, **more):
    base = windows_path(root)
    placing = Placing(
        rf"{base}\MetaBase.xml",
        rf"{base}\remediate\def\MetaBase.xml",
        rf"{base}\remediate\abc\MetaBase.xml",
        rf"{base}\History\MetaBase_1_0.xml",
    )
    return Job(rf"{base}\remediate\abc", "repair", (placing,), aside=(rf"{base}\History",), **more)


def run(wine, root, one):
    """Run the script as the task scheduler would, and give the last line of its result."""
    folder = root / "remediate" / "abc"
    (folder / "at-work").write_bytes(b"at work\r\n")
    lines = metabase_script.lines(one)
    text = "\r\n".join(["@set PATH=C:\\fc;%PATH%", *lines, ""])
    (folder / "repair.cmd").write_bytes(text.encode())
    wine.run(f'cmd.exe /d /s /c ""{windows_path(folder / "repair.cmd")}""', seconds=120)
    assert not (folder / "at-work").exists()
    return (folder / "repair.result").read_text(encoding="ascii").splitlines()[-1].strip()


def test_the_files_are_kept_aside_and_swapped(host):
    wine, root = host

    assert run(wine, root, job(root)) == "outcome: done"

    assert (root / "MetaBase.xml").read_bytes() == WHOLE
    assert (root / "remediate/abc/MetaBase.xml").read_bytes() == DAMAGED
    assert (root / "remediate/abc/History/MetaBase_1_0.xml").read_bytes() == WHOLE
    assert (root / "remediate/abc/History/MBSchema_1_0.xml").read_bytes() == b"schema"


def test_an_enumeration_that_fails_brings_the_damaged_file_back(host):
    wine, root = host

    said = run(wine, root, job(root, look=("SmtpSvc/1",)))

    assert said.startswith("outcome: undone: adsutil enum_all fails")
    assert (root / "MetaBase.xml").read_bytes() == DAMAGED


def test_a_candidate_that_is_gone_stops_it_before_anything_is_touched(host):
    wine, root = host
    (root / "History" / "MetaBase_1_0.xml").unlink()

    assert "could not be kept aside" in run(wine, root, job(root))

    assert (root / "MetaBase.xml").read_bytes() == DAMAGED


def test_without_the_mark_it_does_nothing(host):
    wine, root = host
    folder = root / "remediate" / "abc"
    (folder / "repair.cmd").write_bytes("\r\n".join([*metabase_script.lines(job(root)), ""]).encode())

    wine.run(f'cmd.exe /d /s /c ""{windows_path(folder / "repair.cmd")}""', seconds=60)

    assert (root / "MetaBase.xml").read_bytes() == DAMAGED
    assert not (folder / "repair.result").exists()
