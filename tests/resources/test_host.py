"""What a host says of itself, in any language and on any version."""

from __future__ import annotations

import pytest

from remediators.model import Answer, OutOfScope, ReadFailed, Snapshot
from remediators.resources import host


def told(ver, processor="x86 \r\n"):
    query = host.query()
    reading = query.parse([Answer(ver.encode("cp437"), 0, "cp437"), Answer(processor.encode(), 0, "cp437")])
    return Snapshot().read(query, reading)


@pytest.mark.parametrize(
    ("ver", "version"),
    [
        ("\r\nMicrosoft Windows [Version 5.2.3790]\r\n", "5.2.3790"),
        ("\r\nMicrosoft Windows [Version 6.1.7601]\r\n", "6.1.7601"),
        ("\r\nMicrosoft Windows [versión 10.0.19045.5011]\r\n", "10.0.19045.5011"),
        ("\r\nMicrosoft Windows XP [Version 5.1.2600]\r\n", "5.1.2600"),
        ("\r\nMicrosoft Windows 6.1.7601\r\n", "6.1.7601"),
    ],
)
def test_the_version_is_its_digits(ver, version):
    known = told(ver)
    assert known[host.VERSION] == version
    assert host.refuse(known) is None


@pytest.mark.parametrize(
    ("ver", "version"),
    [
        ("\r\nMicrosoft Windows 2000 [Version 5.00.2195]\r\n", "5.0.2195"),
        ("\r\nWindows NT Version 4.0  \r\n", "4.0"),
    ],
)
def test_windows_that_is_too_old_is_refused_with_its_version_and_the_reason(ver, version):
    reason = host.refuse(told(ver))
    assert version in reason
    assert "reg.exe" in reason


@pytest.mark.parametrize(
    ("processor", "architecture", "bits"),
    [
        ("x86 \r\n", "x86", "32"),
        ("x86 !PROCESSOR_ARCHITEW6432!\r\n", "x86", "32"),
        ("AMD64 \r\n", "amd64", "64"),
        ("x86 AMD64\r\n", "amd64", "32"),
    ],
)
def test_a_32_bit_shell_on_64_bit_windows_is_seen(processor, architecture, bits):
    known = told("Microsoft Windows [Version 5.2.3790]", processor)
    assert (known[host.ARCHITECTURE], known[host.SHELL_BITS]) == (architecture, bits)
    assert host.is_64_bit(known) == (architecture != "x86")


def test_a_host_that_does_not_say_what_it_is_is_refused():
    query = host.query()
    with pytest.raises(ReadFailed, match="does not say"):
        query.parse([Answer(b"sh: ver: not found", 127), Answer(b"\r\n", 0)])
    known = Snapshot().fail(query, "the host does not say what it is")
    assert "does not say" in host.refuse(known)


def test_a_host_that_nobody_asked_is_our_mistake():
    with pytest.raises(OutOfScope):
        host.refuse(Snapshot())
